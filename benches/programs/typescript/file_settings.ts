// Saves typed settings to a file, loads them with validation, and removes the file.
import * as fs from "fs";
import { createHash } from "crypto";

interface Settings {
  theme: "light" | "dark";
  pageSize: number;
  recent: string[];
}

const defaults: Readonly<Settings> = { theme: "light", pageSize: 20, recent: [] };

function isSettings(value: unknown): value is Settings {
  if (typeof value !== "object" || value === null) return false;
  const { theme, pageSize, recent } = value as Record<keyof Settings, unknown>;
  return (theme === "light" || theme === "dark") && Number.isInteger(pageSize) && (pageSize as number) > 0
    && Array.isArray(recent) && recent.every((r) => typeof r === "string");
}

function save(path: string, change: Partial<Settings>): void {
  fs.writeFileSync(path, JSON.stringify({ ...defaults, ...change }, null, 2));
}

function load(path: string): Settings {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(path, "utf8"));
    if (isSettings(value)) return value;
    console.log("  not settings, using defaults");
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    console.log(`  ${code ?? name}, using defaults`);
  }
  return { ...defaults };
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 48271) % 2147483647) % n;
const path = "settings.json";
const digest = (settings: Settings): string => createHash("sha1").update(JSON.stringify(settings)).digest("hex").slice(0, 12);

for (let i = 0; i < 4; i++) {
  save(path, { theme: next(2) ? "dark" : "light", pageSize: 5 + next(60), recent: Array.from({ length: next(4) }, () => `file-${next(100)}`) });
  const settings = load(path);
  console.log(`${settings.theme} ${settings.pageSize} [${settings.recent.join(", ")}] ${digest(settings)}`);
}
for (const broken of ['{"theme":"pink"}', "{oops"]) {
  fs.writeFileSync(path, broken);
  console.log(`${broken}: ${digest(load(path))}`);
}
fs.unlinkSync(path);
console.log(`missing: ${load(path).pageSize}`);
