// A typed event bus: handlers know what each event carries.
interface Events {
  sale: { item: string; cents: number };
  refund: { item: string; cents: number; reason: "broken" | "late" };
  close: undefined;
}

type Handler<E extends keyof Events> = (payload: Events[E]) => void;

class Bus {
  private readonly handlers: { [E in keyof Events]?: Handler<E>[] } = {};

  on<E extends keyof Events>(event: E, handler: Handler<E>): () => void {
    const list = (this.handlers[event] ??= [] as never) as Handler<E>[];
    list.push(handler);
    return () => void list.splice(list.indexOf(handler), 1);
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): number {
    const list = [...((this.handlers[event] ?? []) as Handler<E>[])];
    list.forEach((handler) => handler(payload));
    return list.length;
  }
}

const bus = new Bus();
const balance = new Map<string, number>();
const reasons: Record<Events["refund"]["reason"], number> = { broken: 0, late: 0 };
const book = (item: string, cents: number): void => void balance.set(item, (balance.get(item) ?? 0) + cents);

bus.on("sale", ({ item, cents }) => book(item, cents));
bus.on("refund", ({ item, cents, reason }) => {
  book(item, -cents);
  reasons[reason]++;
});
let seen = 0;
const stop = bus.on("sale", () => {
  if (++seen === 5) stop();
});
bus.on("close", () => {
  for (const [item, cents] of [...balance].sort()) console.log(`${item.padEnd(7)} ${(cents / 100).toFixed(2).padStart(9)}`);
  console.log(`refunds: ${JSON.stringify(reasons)}; first ${seen} sales seen`);
});

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 48271) % 2147483647) % n;
for (let i = 0; i < 40; i++) {
  const item = ["coffee", "tea", "cake", "juice"][next(4)];
  const cents = 150 + next(900);
  if (next(6) === 0) bus.emit("refund", { item, cents, reason: next(2) ? "late" : "broken" });
  else bus.emit("sale", { item, cents });
}
console.log(`${bus.emit("close", undefined)} handler closed`);
