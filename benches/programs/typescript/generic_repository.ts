// Keeps entities in a generic repository with queries, paging and updates.
interface Entity {
  id: number;
}

interface Product extends Entity {
  name: string;
  price: number;
  tags: string[];
}

type Order<T> = { by: keyof T; descending?: boolean };

class Repository<T extends Entity> {
  private readonly items = new Map<number, T>();
  private lastId = 0;

  add(data: Omit<T, "id">): T {
    const item = { ...data, id: ++this.lastId } as T;
    this.items.set(item.id, item);
    return item;
  }

  update(id: number, change: Partial<Omit<T, "id">>): T {
    const item = this.items.get(id);
    if (item === undefined) throw new RangeError(`no entity ${id}`);
    return Object.assign(item, change);
  }

  find(test: (item: T) => boolean, order?: Order<T>): T[] {
    const found = [...this.items.values()].filter(test);
    if (order) {
      const { by, descending = false } = order;
      found.sort((a, b) => (a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : a.id - b.id) * (descending ? -1 : 1));
    }
    return found;
  }
}

let state: number = __SEED__;
const next = (n: number): number => (state = (state * 48271) % 2147483647) % n;

const products = new Repository<Product>();
const tags = ["new", "sale", "fragile"] as const;
for (let i = 0; i < 20; i++) {
  products.add({ name: `${["Desk", "Lamp", "Chair"][next(3)]} ${i}`, price: 10 + next(300), tags: tags.filter(() => next(2) === 0) });
}
for (const p of products.find((p) => p.tags.includes("sale"))) products.update(p.id, { price: Math.round(p.price * 0.8) });
for (const p of products.find((p) => p.price > 60, { by: "price", descending: true }).slice(0, 8)) {
  console.log(`${String(p.id).padStart(2)} ${p.name.padEnd(9)} ${String(p.price).padStart(4)} ${p.tags.join("+") || "-"}`);
}
try {
  products.update(99, { price: 1 });
} catch (error) {
  if (error instanceof RangeError) console.log(error.message);
}
