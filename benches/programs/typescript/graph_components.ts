// Finds connected groups of companies with a union-find, and the cheapest network by Kruskal.
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly cost: number;
}

class DisjointSet<T> {
  private readonly parent = new Map<T, T>();
  private readonly rank = new Map<T, number>();

  find(item: T): T {
    const parent = this.parent.get(item) ?? item;
    if (parent === item) return item;
    const root = this.find(parent);
    this.parent.set(item, root);
    return root;
  }

  union(a: T, b: T): boolean {
    let [x, y] = [this.find(a), this.find(b)];
    if (x === y) return false;
    if ((this.rank.get(x) ?? 0) < (this.rank.get(y) ?? 0)) [x, y] = [y, x];
    this.parent.set(y, x);
    this.rank.set(x, Math.max(this.rank.get(x) ?? 0, (this.rank.get(y) ?? 0) + 1));
    return true;
  }
}

let state: number = __SEED__;
const next = (n: number): number => (state = (state * 16807) % 2147483647) % n;
const nodes: string[] = [..."ABCDEFGHIJKLMN"];
const edges: Edge[] = [];
while (edges.length < 18) {
  const [from, to] = [nodes[next(nodes.length)], nodes[next(nodes.length)]];
  if (from !== to) edges.push({ from, to, cost: 1 + next(99) });
}

const sets = new DisjointSet<string>();
const network = [...edges].sort((a, b) => a.cost - b.cost).filter(({ from, to }) => sets.union(from, to));
const groups = nodes.reduce<Record<string, string[]>>((all, node) => {
  (all[sets.find(node)] ??= []).push(node);
  return all;
}, {});

for (const { from, to, cost } of network) console.log(`${from}-${to} ${cost}`);
console.log(`network costs ${network.reduce((sum, e) => sum + e.cost, 0)} of ${edges.reduce((sum, e) => sum + e.cost, 0)}`);
console.log(`${Object.keys(groups).length} groups: ${Object.values(groups).map((g) => g.join("")).sort().join(" ")}`);
