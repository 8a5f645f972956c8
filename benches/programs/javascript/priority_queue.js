// Schedules jobs by priority with a binary heap.
'use strict';

const SEED = __SEED__;

class Heap {
  #items = [];
  #less;
  constructor(less) { this.#less = less; }
  get size() { return this.#items.length; }

  push(item) {
    const a = this.#items;
    let i = a.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#less(a[i], a[parent])) break;
      [a[i], a[parent]] = [a[parent], a[i]];
      i = parent;
    }
  }

  pop() {
    const a = this.#items;
    const top = a[0];
    const last = a.pop();
    if (a.length) {
      a[0] = last;
      for (let i = 0; ;) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) if (child < a.length && this.#less(a[child], a[least])) least = child;
        if (least === i) break;
        [a[i], a[least]] = [a[least], a[i]];
        i = least;
      }
    }
    return top;
  }
}

const heap = new Heap((a, b) => a.priority - b.priority < 0 || (a.priority === b.priority && a.id < b.id));
let x = SEED;
for (let id = 1; id <= 20; id++) {
  x = (x * 48271) % 2147483647;
  heap.push({ id, priority: x % 6, minutes: 5 + (x >> 5) % 50 });
}
let clock = 0;
while (heap.size) {
  const job = heap.pop();
  clock += job.minutes;
  console.log(`priority ${job.priority} job ${String(job.id).padStart(2)} done after ${clock} min`);
}
