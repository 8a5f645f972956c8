// Orders project tasks by what they depend on and finds the critical path.
'use strict';

const SEED = __SEED__;

class CycleError extends Error {}

function order(tasks) {
  const waiting = new Map(tasks.map((t) => [t.name, new Set(t.needs)]));
  const result = [];
  while (waiting.size) {
    const ready = [...waiting].filter(([, needs]) => needs.size === 0).map(([name]) => name);
    if (!ready.length) throw new CycleError(`cycle among ${[...waiting.keys()].join(', ')}`);
    for (const name of ready) {
      waiting.delete(name);
      result.push(name);
      for (const needs of waiting.values()) needs.delete(name);
    }
  }
  return result;
}

let x = SEED;
const next = (n) => (x = (x * 16807) % 2147483647) % n;
const tasks = 'ABCDEFGHIJ'.split('').map((name, i, all) => ({
  name,
  days: 1 + next(9),
  needs: [...new Set(Array.from({ length: Math.min(i, next(3)) }, () => all[next(i)]))],
}));
const byName = new Map(tasks.map((t) => [t.name, t]));

const finish = new Map();
for (const name of order(tasks)) {
  const { days, needs } = byName.get(name);
  const via = needs.reduce((best, n) => (best && finish.get(best).day >= finish.get(n).day ? best : n), null);
  finish.set(name, { day: (via ? finish.get(via).day : 0) + days, via });
  console.log(`${name}: ${days} days after ${needs.sort().join(', ') || 'nothing'}, done on day ${finish.get(name).day}`);
}
let [last] = [...finish].sort((a, b) => b[1].day - a[1].day)[0];
const path = [];
for (; last; last = finish.get(last).via) path.unshift(last);
console.log(`critical path: ${path.join(' > ')}`);
try {
  order([...tasks, { name: 'Y', needs: ['Z'] }, { name: 'Z', needs: ['Y'] }]);
} catch (error) {
  console.log(error instanceof CycleError, error.message);
}
