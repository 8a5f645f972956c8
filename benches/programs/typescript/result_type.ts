// Parses order lines into a Result type instead of throwing.
type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };

const ok = <T>(value: T): Result<T, never> => ({ ok: true, value });
const fail = <E>(error: E): Result<never, E> => ({ ok: false, error });

function andThen<T, U, E>(result: Result<T, E>, next: (value: T) => Result<U, E>): Result<U, E> {
  return result.ok ? next(result.value) : result;
}

interface OrderLine {
  sku: string;
  quantity: number;
  price: number;
}

type ParseError = "bad shape" | "bad quantity" | "bad price";

function split(line: string): Result<[string, string, string], ParseError> {
  const match = /^([A-Z]{2}\d+)\s*;\s*(\S+)\s*;\s*(\S+)$/.exec(line);
  return match ? ok([match[1], match[2], match[3]]) : fail("bad shape");
}

function parse(line: string): Result<OrderLine, ParseError> {
  return andThen(split(line), ([sku, q, p]): Result<OrderLine, ParseError> => {
    const quantity = Number(q);
    const price = Number(p.replace(",", "."));
    if (!Number.isInteger(quantity) || quantity < 1) return fail("bad quantity");
    return Number.isNaN(price) ? fail("bad price") : ok({ sku, quantity, price });
  });
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 16807) % 2147483647) % n;
const errors = new Map<ParseError, number>();
let sum = 0;
for (let i = 0; i < 30; i++) {
  const quantity = next(6) === 0 ? "two" : String(next(8));
  const price = next(9) === 0 ? "free" : `${next(90)},${next(90) + 10}`;
  const result = parse(`${next(10) === 0 ? "?" : "AB"}${next(100)}; ${quantity}; ${price}`);
  if (result.ok) sum += result.value.quantity * result.value.price;
  else errors.set(result.error, (errors.get(result.error) ?? 0) + 1);
}
console.log(`sum of good lines: ${sum.toFixed(2)}`);
for (const [error, count] of [...errors].sort()) console.log(`${error}: ${count}`);
