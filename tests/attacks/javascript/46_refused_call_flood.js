// Hurt the supervisor: refused calls from many threads at once; each of the first asks it.
'use strict';
const { Worker } = require('node:worker_threads');

const THREADS = 8;
const code = `const net = require('node:net'); let refused = 0;
  for (let i = 0; i < 100; i++) net.connect(1, '127.0.0.1').on('error', () => (refused += 1));
  setTimeout(() => require('node:worker_threads').parentPort.postMessage(refused), 10);`;
let refused = 0;
let ended = 0;
for (let i = 0; i < THREADS; i++) {
  new Worker(code, { eval: true }).on('message', (count) => {
    refused += count;
    ended += 1;
    if (ended === THREADS) console.log(`OUTCOME: refused: ${refused}`);
  });
}
