// Builds a generic binary search tree and reports its depth, range queries and removals.
type Compare<T> = (a: T, b: T) => number;
type Tree<T> = { value: T; left: Tree<T>; right: Tree<T> } | null;

function insert<T>(tree: Tree<T>, value: T, compare: Compare<T>): Tree<T> {
  if (tree === null) return { value, left: null, right: null };
  const order = compare(value, tree.value);
  if (order < 0) return { ...tree, left: insert(tree.left, value, compare) };
  if (order > 0) return { ...tree, right: insert(tree.right, value, compare) };
  return tree;
}

function* walk<T>(tree: Tree<T>): Generator<T, void, undefined> {
  if (tree === null) return;
  yield* walk(tree.left);
  yield tree.value;
  yield* walk(tree.right);
}

function remove<T>(tree: Tree<T>, value: T, compare: Compare<T>): Tree<T> {
  if (tree === null) return null;
  const order = compare(value, tree.value);
  if (order < 0) return { ...tree, left: remove(tree.left, value, compare) };
  if (order > 0) return { ...tree, right: remove(tree.right, value, compare) };
  if (tree.left === null) return tree.right;
  if (tree.right === null) return tree.left;
  const [successor] = walk(tree.right);
  return { value: successor, left: tree.left, right: remove(tree.right, successor, compare) };
}

const depth = (tree: Tree<unknown>): number => (tree === null ? 0 : 1 + Math.max(depth(tree.left), depth(tree.right)));

interface Person { name: string; born: number }

const compare: Compare<Person> = (a, b) => a.born - b.born || a.name.localeCompare(b.name);
let x: number = __SEED__;
let tree: Tree<Person> = null;
const people: Person[] = [];
for (let i = 0; i < 30; i++) {
  x = (x * 16807) % 2147483647;
  people.push({ name: `P${i}`, born: 1940 + (x % 70) });
  tree = insert(tree, people[i], compare);
}
console.log(`${people.length} people, depth ${depth(tree)}`);
const between = (from: number, to: number): string =>
  [...walk(tree)].filter((p) => p.born >= from && p.born < to).map((p) => `${p.name} ${p.born}`).join(", ") || "nobody";
for (let decade = 1940; decade < 2010; decade += 10) console.log(`${decade}s: ${between(decade, decade + 10)}`);
for (const person of people.slice(0, 15)) tree = remove(tree, person, compare);
console.log(`after removing 15: ${[...walk(tree)].length} people, depth ${depth(tree)}`);
