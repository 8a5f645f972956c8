// A money type that refuses to mix currencies and splits amounts without losing a cent.
const currencies = ["EUR", "USD", "GBP"] as const;
type Currency = (typeof currencies)[number];

class CurrencyMismatch extends Error {
  constructor(a: Currency, b: Currency) {
    super(`cannot add ${a} and ${b}`);
  }
}

class Money {
  private constructor(readonly cents: number, readonly currency: Currency) {}

  static of(cents: number, currency: Currency): Money {
    if (!Number.isSafeInteger(cents)) throw new TypeError(`${cents} is no whole number of cents`);
    return new Money(cents, currency);
  }

  plus(other: Money): Money {
    if (other.currency !== this.currency) throw new CurrencyMismatch(this.currency, other.currency);
    return Money.of(this.cents + other.cents, this.currency);
  }

  split(weights: readonly number[]): Money[] {
    const sum = weights.reduce((a, b) => a + b, 0);
    const parts = weights.map((weight) => Math.floor((this.cents * weight) / sum));
    let rest = this.cents - parts.reduce((a, b) => a + b, 0);
    return parts.map((part) => Money.of(part + (rest-- > 0 ? 1 : 0), this.currency));
  }

  toString(): string {
    return `${(this.cents / 100).toFixed(2)} ${this.currency}`;
  }
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 16807) % 2147483647) % n;
const payments: Money[] = Array.from({ length: 12 }, () => Money.of(100 + next(99999), currencies[next(3)]));

for (const currency of currencies) {
  const own = payments.filter((p) => p.currency === currency);
  const sum = own.reduce((a, b) => a.plus(b), Money.of(0, currency));
  const parts = sum.split([1, 1, 1 + next(5)]);
  const same = parts.reduce((a, b) => a.plus(b)).cents === sum.cents;
  console.log(`${own.length} payments, ${sum} = ${parts.join(" + ")} ${same ? "exactly" : "WRONG"}`);
}
for (const attempt of [() => Money.of(1, "EUR").plus(Money.of(1, "USD")), () => Money.of(0.5, "GBP")]) {
  try {
    console.log(`${attempt()}`);
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
  }
}
