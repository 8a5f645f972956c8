// Tries all visiting orders of a few shops with a generator and keeps the shortest.
'use strict';

const SEED = __SEED__;

function* permutations(items, n = items.length) {
  if (n <= 1) {
    yield items.slice();
    return;
  }
  for (let i = 0; i < n; i++) {
    yield* permutations(items, n - 1);
    const j = n % 2 ? 0 : i;
    [items[n - 1], items[j]] = [items[j], items[n - 1]];
  }
}

let x = SEED;
const next = (n) => (x = (x * 16807) % 2147483647) % n;
const shops = ['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((name) => ({ name, x: next(100), y: next(100) }));
const home = { name: 'home', x: 50, y: 50 };

const length = (route) => {
  let total = 0;
  let from = home;
  for (const to of [...route, home]) {
    total += Math.hypot(to.x - from.x, to.y - from.y);
    from = to;
  }
  return total;
};

let tried = 0;
let best = { length: Infinity };
let worst = { length: 0 };
for (const route of permutations(shops.slice())) {
  tried++;
  const l = length(route);
  const names = route.map((s) => s.name).join('');
  if (l < best.length) best = { length: l, names };
  if (l > worst.length) worst = { length: l, names };
}
for (const { name, x: east, y: north } of shops) console.log(`${name} at ${east},${north}`);
console.log(`${tried} orders tried`);
console.log(`shortest ${best.names} ${best.length.toFixed(2)}`);
console.log(`longest  ${worst.names} ${worst.length.toFixed(2)}`);
