// Runs tasks with at most three in flight and settles the failures.
'use strict';

const SEED = __SEED__;

function makeTasks(seed, count) {
  let x = seed;
  return Array.from({ length: count }, (_, id) => {
    x = (x * 48271) % 2147483647;
    const n = (x % 3000) + 2;
    return async () => {
      for (let i = 0; i < n % 4; i++) await null;
      if (n % 7 === 0) throw new Error(`task ${id}: ${n} is refused`);
      const factors = [];
      for (let rest = n, p = 2; rest > 1; rest % p ? p++ : (factors.push(p), (rest /= p)));
      return `${n} = ${factors.join(' x ')}`;
    };
  });
}

async function pool(tasks, width) {
  const results = new Array(tasks.length);
  let next = 0;
  let active = 0;
  let peak = 0;
  async function lane() {
    while (next < tasks.length) {
      const index = next++;
      peak = Math.max(peak, ++active);
      [results[index]] = await Promise.allSettled([tasks[index]()]);
      active--;
    }
  }
  await Promise.all(Array.from({ length: width }, lane));
  return { results, peak };
}

(async () => {
  const { results, peak } = await pool(makeTasks(SEED, 16), 3);
  for (const { status, value, reason } of results) console.log(status === 'fulfilled' ? value : `failed: ${reason.message}`);
  console.log(`at most ${peak} at once, ${results.filter((r) => r.status === 'rejected').length} failed`);
})();
