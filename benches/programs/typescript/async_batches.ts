// Processes orders in asynchronous batches and retries those that fail at first.
interface Order {
  id: number;
  units: number;
}

class TemporaryError extends Error {
  constructor(public readonly orderId: number) {
    super(`order ${orderId} is busy`);
    this.name = "TemporaryError";
  }
}

const SEED: number = __SEED__;

function* orders(count: number): Generator<Order> {
  let x = SEED;
  for (let id = 1; id <= count; id++) {
    x = (x * 48271) % 2147483647;
    yield { id, units: 1 + (x % 90) };
  }
}

function* batches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    if (batch.push(item) === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length) yield batch;
}

async function retry<T>(attempts: number, work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof TemporaryError) || attempt >= attempts) throw error;
    }
  }
}

async function handle({ id, units }: Order, attempt: number): Promise<number> {
  await Promise.resolve();
  if (units % 4 >= attempt) throw new TemporaryError(id);
  return units * attempt;
}

async function main(): Promise<void> {
  for (const batch of batches(orders(23), 5)) {
    const settled = await Promise.allSettled(batch.map((order) => retry(3, (attempt) => handle(order, attempt))));
    const good = settled.filter((s): s is PromiseFulfilledResult<number> => s.status === "fulfilled").map((s) => s.value);
    const bad = settled.filter((s): s is PromiseRejectedResult => s.status === "rejected").map((s) => (s.reason as Error).message);
    console.log(`batch of ${batch.length}: ${good.join(" + ")} = ${good.reduce((a, b) => a + b, 0)}${bad.length ? `; ${bad.join(", ")}` : ""}`);
  }
}

void main();
