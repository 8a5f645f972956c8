// Why: most of what a Node program can fill lies outside the heap that its engine limits.
// Must: three threads with 24 MiB each outside of it do not fit into 48 MiB, and the run ends as out of memory.
// layers: cgroup
'use strict';
const { Worker } = require('node:worker_threads');

console.log('CONTAINED memory: begun');
const code = `const memory = Buffer.alloc(24 << 20, 1);
  require('node:worker_threads').parentPort.postMessage(memory[5]); setTimeout(() => memory, 5000);`;
let count = 0;
for (let i = 0; i < 3; i++) {
  new Worker(code, { eval: true }).on('message', () => {
    count += 1;
    if (count === 3) {
      console.log('ESCAPED memory: three threads have it');
      process.exit(0);
    }
  });
}
