// Reads CSV text into typed rows by a schema and aggregates them.
type Parser<T> = (text: string) => T;
type Schema<T> = { readonly [K in keyof T]: Parser<T[K]> };

interface Sale {
  day: number;
  shop: string;
  units: number;
  price: number;
  online: boolean;
}

const schema: Schema<Sale> = {
  day: Number,
  shop: (text) => text.trim(),
  units: (text) => Number.parseInt(text, 10),
  price: Number.parseFloat,
  online: (text) => text === "yes",
};

function readCsv<T>(text: string, schema: Schema<T>): T[] {
  const [header, ...lines] = text.split("\n").map((line) => line.split(","));
  const keys = Object.keys(schema) as (keyof T & string)[];
  const missing = keys.filter((key) => !header.includes(key));
  if (missing.length) throw new Error(`no column ${missing.join(", ")}`);
  return lines.map((cells) => Object.fromEntries(keys.map((key) => [key, schema[key](cells[header.indexOf(key)])])) as T);
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 48271) % 2147483647) % n;
const text = ["shop,day,price,units,online"];
for (let day = 1; day <= 30; day++) {
  text.push([[" Mitte", "Nord ", "Hafen"][next(3)], day, (next(5000) / 100).toFixed(2), 1 + next(20), next(3) ? "no" : "yes"].join(","));
}

const sales = readCsv(text.join("\n"), schema);
const value = ({ units, price }: Pick<Sale, "units" | "price">): number => units * price;
for (const shop of [...new Set(sales.map((s) => s.shop))].sort()) {
  const own = sales.filter((s) => s.shop === shop);
  const total = own.reduce((sum, s) => sum + value(s), 0);
  const online = own.filter((s) => s.online).reduce((sum, s) => sum + value(s), 0);
  console.log(`${shop.padEnd(6)} ${own.length} sales ${total.toFixed(2).padStart(9)} online ${((100 * online) / (total || 1)).toFixed(0)}%`);
}
const best = sales.reduce((a, b) => (value(b) > value(a) ? b : a));
console.log(`best day: ${best.day} in ${best.shop}, ${value(best).toFixed(2)}`);
try {
  readCsv("a,b\n1,2", schema);
} catch (error) {
  console.log((error as Error).message);
}
