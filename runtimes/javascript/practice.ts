// What programs in TypeScript are made of, for warm.cjs, which compiles and runs it before there is a program: the first
// time takes long.
enum Colour { Red = 1, Green = 'green', Blue = Red << 2 }

namespace Shapes {
  export const sides = 4;
  export function area(side: number): number {
    return side ** 2;
  }
}

class Account {
  constructor(private readonly owner: string, public balance = 0) {}
  describe(): string {
    return `${this.owner}: ${this.balance}`;
  }
}

console.log(Colour.Green, Shapes.area(Shapes.sides), new Account('name').describe());

// Types only.
interface Row {
  readonly name: string;
  amount: number;
  tags?: string[];
}

type Key = keyof Row;
type Total = Partial<Record<Key, number>> & { count: number };

abstract class Shape<T extends object = Row> {
  static made = 0;
  #size: number;
  protected label?: string;
  constructor(size: number, public_label = 'shape') {
    this.#size = size;
    this.label = public_label;
    Shape.made += 1;
  }
  get size(): number {
    return this.#size;
  }
  set size(value: number) {
    this.#size = value;
  }
  abstract of(rows: T[]): Total | undefined;
}

class Square extends Shape implements Iterable<number> {
  override of(rows: Row[]): Total | undefined {
    return { count: rows.length, amount: rows.reduce((sum: number, row: Row): number => sum + row.amount, 0) };
  }
  *[Symbol.iterator](): Iterator<number> {
    yield this.size;
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'name' in value;
}

function first<T>(list: T[], otherwise?: T): T;
function first<T>(list: T[], otherwise?: T): T | undefined {
  return list[0] ?? otherwise;
}

async function wait<T>(value: T, ms = 0): Promise<T> {
  for await (const each of [Promise.resolve(value)]) {
    return each as T;
  }
  throw new Error(`not within ${ms} ms`);
}

const rows: Row[] = JSON.parse('[{ "name": "a", "amount": 1.5 }]') as Row[];
const [{ name, ...others }, ...left] = rows.filter(isRow).map((row) => ({ ...row, amount: row.amount! * 2 }));
const totals = new Map<string, number>([[name, 1]]);
const square: Shape = new Square(2);
const kinds = { one: 1, 'two': [2, 3] } as const satisfies Record<string, unknown>;
let at = 0;
try {
  for (const [key, value] of totals) {
    switch (key.replace(/a/g, 'b')) {
      case 'b':
        at += value;
        break;
      default:
        at -= 1;
    }
  }
  while (at < 3) at++;
  do { at--; } while (at > 2 && !left.length);
  if (at === 2 || kinds.one > at) console.log(`${at.toFixed(2)}`, square?.of(rows), others, first(rows, undefined));
} catch (error: unknown) {
  throw error instanceof Error ? error : new TypeError(String(error));
} finally {
  // Never waited for: what is left over here would be the program's first work.
  if (at < 0) void wait(at, 1).then((value: number) => value.toString());
}
