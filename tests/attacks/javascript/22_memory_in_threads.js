// Exceed a limit unnamed: the heaps and stacks of threads, each small and none of them the main one's.
'use strict';
const { Worker } = require('node:worker_threads');
const fs = require('node:fs');

fs.writeSync(1, 'OUTCOME: many threads\n');
const code = `const deep = (n) => { const here = new Array(20).fill(n); return n === 0 ? 0 : deep(n - 1) + here[0]; };
  deep(20000); const kept = []; setInterval(() => kept.push(new Array(50000).fill(kept)), 1);`;
for (let i = 0; i < 10; i++) {
  new Worker(code, { eval: true, resourceLimits: { stackSizeMb: 32 } }).on('error', () => {});
}
