// Measures how often a small least-recently-used cache hits for skewed keys.
'use strict';

const SEED = __SEED__;

class LruCache {
  #map = new Map();
  hits = 0;
  misses = 0;

  constructor(capacity) { this.capacity = capacity; }

  get(key, compute) {
    if (this.#map.has(key)) {
      this.hits++;
      const value = this.#map.get(key);
      this.#map.delete(key);
      this.#map.set(key, value);
      return value;
    }
    this.misses++;
    const value = compute(key);
    this.#map.set(key, value);
    if (this.#map.size > this.capacity) this.#map.delete(this.#map.keys().next().value);
    return value;
  }

  *keys() { yield* this.#map.keys(); }
}

function* requests(seed, count) {
  let x = seed;
  for (let i = 0; i < count; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    const u = (x >>> 8) / 2 ** 24;
    yield Math.floor(60 * u * u * u);
  }
}

const digitSum = (n) => [...String(n ** 3)].reduce((sum, digit) => sum + Number(digit), 0);
for (const capacity of [2, 5, 10, 20, 40]) {
  const cache = new LruCache(capacity);
  let sum = 0;
  for (const key of requests(SEED, 1000)) sum += cache.get(key, digitSum);
  const rate = ((100 * cache.hits) / (cache.hits + cache.misses)).toFixed(1);
  console.log(`capacity ${String(capacity).padStart(2)}: ${rate}% hits, sum ${sum}, newest ${[...cache.keys()].slice(-3).join(',')}`);
}
