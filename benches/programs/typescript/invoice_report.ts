// Groups typed invoices by status and prints what is still owed.
enum Status {
  Open = "open",
  Paid = "paid",
  Overdue = "overdue",
}

interface Invoice {
  readonly id: number;
  customer: string;
  cents: number;
  status: Status;
}

const SEED: number = __SEED__;

function* lcg(seed: number): Generator<number, never, void> {
  for (let x = seed; ; ) {
    x = (x * 16807) % 2147483647;
    yield x;
  }
}

function groupBy<T, K extends string>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

const random = lcg(SEED);
const next = (n: number): number => random.next().value % n;
const statuses: Status[] = Object.values(Status);
const invoices: Invoice[] = Array.from({ length: 40 }, (_, i): Invoice => ({
  id: 100 + i,
  customer: ["Acme", "Birch", "Corner"][next(3)],
  cents: 1000 + next(50000),
  status: statuses[next(statuses.length)],
}));

const total = (list: Invoice[]): number => list.reduce((sum, i) => sum + i.cents, 0);
for (const [status, list] of [...groupBy(invoices, (i) => i.status)].sort()) {
  console.log(`${status.padEnd(8)} ${String(list.length).padStart(2)} ${(total(list) / 100).toFixed(2).padStart(10)}`);
}
const owed = invoices.filter((i) => i.status !== Status.Paid);
for (const [customer, list] of [...groupBy(owed, (i) => i.customer)].sort()) {
  console.log(`${customer} owes ${(total(list) / 100).toFixed(2)}, oldest invoice ${Math.min(...list.map((i) => i.id))}`);
}
