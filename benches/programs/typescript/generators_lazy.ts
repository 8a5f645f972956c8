// Chains lazy generators: map, filter, take and zip over endless sequences.
class Lazy<T> implements Iterable<T> {
  constructor(private readonly source: () => Iterator<T>) {}

  [Symbol.iterator](): Iterator<T> {
    return this.source();
  }

  map<U>(change: (value: T) => U): Lazy<U> {
    const self = this;
    return new Lazy<U>(function* () {
      for (const value of self) yield change(value);
    });
  }

  filter(test: (value: T) => boolean): Lazy<T> {
    const self = this;
    return new Lazy<T>(function* () {
      for (const value of self) if (test(value)) yield value;
    });
  }

  take(count: number): T[] {
    const result: T[] = [];
    if (count > 0) for (const value of this) if (result.push(value) >= count) break;
    return result;
  }

  zip<U>(other: Lazy<U>): Lazy<[T, U]> {
    const self = this;
    return new Lazy<[T, U]>(function* () {
      const [a, b] = [self[Symbol.iterator](), other[Symbol.iterator]()];
      for (let x = a.next(), y = b.next(); !x.done && !y.done; x = a.next(), y = b.next()) yield [x.value, y.value];
    });
  }
}

const SEED: number = __SEED__;
const naturals = new Lazy<number>(function* () {
  for (let n = 1; ; n++) yield n;
});
const random = new Lazy<number>(function* () {
  for (let x = SEED; ; ) yield (x = (x * 16807) % 2147483647);
});
const isPrime = (n: number): boolean => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
};

console.log("dice:  ", random.map((n) => (n % 6) + 1).take(20).join(" "));
console.log("primes:", naturals.map((n) => n + 100 * SEED).filter(isPrime).take(8).join(" "));
console.log("random primes:", random.map((n) => n % 5000).filter(isPrime).take(6).join(" "));
for (const [n, r] of naturals.zip(random.map((v) => v % 1000)).filter(([n, r]) => r > n * 50).take(6)) console.log(`${n}: ${r}`);
