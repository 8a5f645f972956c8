// Validates JSON against small composable schemas and lists every problem with its path.
type Check<T> = (value: unknown, path: string, problems: string[]) => value is any & T;
type Infer<C> = C extends Check<infer T> ? T : never;

const note = (problems: string[], path: string, text: string): false => {
  problems.push(`${path || "(root)"}: ${text}`);
  return false;
};
const text = ((v, path, problems) => typeof v === "string" || note(problems, path, `${typeof v} is no text`)) as Check<string>;
const range = (low: number, high: number) =>
  ((v, path, problems) => (typeof v === "number" && v >= low && v <= high) || note(problems, path, `${JSON.stringify(v)} is not in ${low}..${high}`)) as Check<number>;
const list = <T>(inner: Check<T>) =>
  ((v, path, problems) => (Array.isArray(v) ? v.map((item, i) => inner(item, `${path}[${i}]`, problems)).every(Boolean) : note(problems, path, "no list"))) as Check<T[]>;
const record = <S extends Record<string, Check<any>>>(shape: S) =>
  ((v, path, problems) => {
    if (typeof v !== "object" || v === null) return note(problems, path, "no object");
    return Object.entries(shape).map(([key, check]) =>
      key in v ? check((v as Record<string, unknown>)[key], path ? `${path}.${key}` : key, problems) : note(problems, path, `${key} is missing`)).every(Boolean);
  }) as Check<{ [K in keyof S]: Infer<S[K]> }>;

const booking = record({ guest: text, nights: range(1, 14), rooms: list(record({ name: text, beds: range(1, 4) })) });
type Booking = Infer<typeof booking>;

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 48271) % 2147483647) % n;
const documents: string[] = Array.from({ length: 8 }, (_, i) => JSON.stringify({
  guest: next(5) ? `Guest ${i}` : i,
  nights: next(18),
  ...(next(6) ? { rooms: Array.from({ length: 1 + next(3) }, () => ({ name: next(6) ? "double" : null, beds: next(6) })) } : {}),
}));

let good = 0;
let nights = 0;
documents.forEach((document, i) => {
  const problems: string[] = [];
  const value: unknown = JSON.parse(document);
  if (booking(value, "", problems)) {
    good++;
    nights += (value as Booking).nights;
  }
  console.log(`document ${i}: ${problems.slice(0, 2).join("; ") || "fine"}`);
});
console.log(`${good} fine with ${nights} nights, ${documents.join("").length} characters read`);
