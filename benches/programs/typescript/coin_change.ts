// Counts ways to pay an amount, and the fewest coins, with memoised recursion.
type Memo<A extends readonly unknown[], R> = ((...args: A) => R) & { readonly size: () => number };

function memoize<A extends readonly unknown[], R>(fn: (...args: A) => R): Memo<A, R> {
  const cache = new Map<string, R>();
  const wrapped = (...args: A): R => {
    const key = args.join(",");
    const known = cache.get(key);
    if (known !== undefined) return known;
    const value = fn(...args);
    cache.set(key, value);
    return value;
  };
  return Object.assign(wrapped, { size: () => cache.size });
}

const coins: readonly number[] = [200, 100, 50, 20, 10, 5];

const ways: Memo<[number, number], number> = memoize((amount: number, from: number): number => {
  if (amount === 0) return 1;
  if (amount < 0 || from >= coins.length) return 0;
  return ways(amount - coins[from], from) + ways(amount, from + 1);
});

interface Payment {
  readonly count: number;
  readonly coins: readonly number[];
}

const fewest: Memo<[number], Payment | null> = memoize((amount: number): Payment | null => {
  if (amount === 0) return { count: 0, coins: [] };
  let best: Payment | null = null;
  for (const coin of coins) {
    if (coin > amount) continue;
    const rest = fewest(amount - coin);
    if (rest && (best === null || rest.count + 1 < best.count)) best = { count: rest.count + 1, coins: [coin, ...rest.coins] };
  }
  return best;
});

const SEED: number = __SEED__;
let x = SEED;
for (let i = 0; i < 8; i++) {
  x = (x * 16807) % 2147483647;
  const amount = 5 * ((x % 120) + 1) + (i === 7 ? 1 : 0);
  const payment = fewest(amount);
  const how = payment ? `${payment.count} coins: ${payment.coins.join("+")}` : "cannot be paid";
  console.log(`${String(amount).padStart(3)}: ${ways(amount, 0)} ways, ${how}`);
}
console.log(`remembered ${ways.size()} and ${fewest.size()} results`);
