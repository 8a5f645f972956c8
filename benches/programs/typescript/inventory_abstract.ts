// Prices articles with abstract classes and discount strategies.
abstract class Article {
  protected constructor(public readonly name: string, protected readonly base: number) {}
  abstract get taxRate(): number;
  price(): number {
    return this.base * (1 + this.taxRate);
  }
}

class Book extends Article {
  constructor(name: string, base: number) {
    super(name, base);
  }
  get taxRate(): number {
    return 0.07;
  }
}

class Gadget extends Article {
  constructor(name: string, base: number, private readonly warrantyYears: number) {
    super(name, base);
  }
  get taxRate(): number {
    return 0.19;
  }
  override price(): number {
    return super.price() + 4.99 * this.warrantyYears;
  }
}

interface Discount {
  readonly label: string;
  apply(sum: number, articles: readonly Article[]): number;
}

const none: Discount = { label: "none", apply: (sum) => sum };
const percent = (p: number): Discount => ({ label: `${p}% off`, apply: (sum) => sum * (1 - p / 100) });
const cheapestFree: Discount = {
  label: "cheapest free",
  apply: (sum, articles) => (articles.length >= 3 ? sum - Math.min(...articles.map((a) => a.price())) : sum),
};

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 48271) % 2147483647) % n;
const discounts: Discount[] = [none, percent(10), percent(25), cheapestFree];
let best = new Map<string, number>();
for (let basket = 1; basket <= 8; basket++) {
  const articles: Article[] = Array.from({ length: 1 + next(5) }, (_, i) =>
    next(2) ? new Book(`book ${i}`, 5 + next(30)) : new Gadget(`gadget ${i}`, 20 + next(150), next(3)));
  const sum = articles.reduce((total, a) => total + a.price(), 0);
  const [winner] = discounts.map((d) => ({ label: d.label, sum: d.apply(sum, articles) })).sort((a, b) => a.sum - b.sum);
  best.set(winner.label, (best.get(winner.label) ?? 0) + 1);
  console.log(`basket ${basket}: ${articles.length} articles ${sum.toFixed(2)} -> ${winner.sum.toFixed(2)} (${winner.label})`);
}
console.log([...best].map(([label, n]) => `${label}: ${n}`).join(", "));
