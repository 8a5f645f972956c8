// Builds Huffman codes for a text and reports how much shorter it becomes.
interface Leaf { readonly type: "leaf"; readonly weight: number; readonly symbol: string }
interface Branch { readonly type: "branch"; readonly weight: number; readonly children: readonly [Node, Node] }
type Node = Leaf | Branch;

function build(text: string): Node {
  const weights: Map<string, number> = new Map();
  for (const symbol of text) weights.set(symbol, (weights.get(symbol) ?? 0) + 1);
  const nodes: Node[] = [...weights].sort().map(([symbol, weight]) => ({ type: "leaf", symbol, weight }));
  while (nodes.length > 1) {
    nodes.sort((a, b) => b.weight - a.weight);
    const [a, b] = [nodes.pop()!, nodes.pop()!];
    nodes.unshift({ type: "branch", weight: a.weight + b.weight, children: [a, b] });
  }
  return nodes[0];
}

function codes(node: Node, prefix = "", table: Record<string, string> = {}): Record<string, string> {
  if (node.type === "leaf") table[node.symbol] = prefix || "0";
  else node.children.forEach((child, bit) => codes(child, prefix + bit, table));
  return table;
}

function decode(bits: string, root: Node): string {
  let text = "";
  let node = root;
  for (const bit of bits) {
    if (node.type === "branch") node = node.children[Number(bit) as 0 | 1];
    if (node.type === "leaf") {
      text += node.symbol;
      node = root;
    }
  }
  return text;
}

const SEED: number = __SEED__;
let x = SEED;
const letters = "eeeeeeetttttaaaaooiinnsrhldu    ";
const text = Array.from({ length: 300 }, () => letters[(x = (x * 16807) % 2147483647) % letters.length]).join("");
const root = build(text);
const table = codes(root);
const bits = [...text].map((symbol) => table[symbol]).join("");

for (const [symbol, code] of Object.entries(table).sort((a, b) => a[1].length - b[1].length || (a[1] < b[1] ? -1 : 1)).slice(0, 10)) {
  console.log(`${JSON.stringify(symbol)} ${code}`);
}
console.log(`${text.length * 8} bits become ${bits.length}, ${((100 * bits.length) / (text.length * 8)).toFixed(1)}%`);
console.log(`decoded again: ${decode(bits, root) === text}`);
console.log(bits.slice(0, 64));
