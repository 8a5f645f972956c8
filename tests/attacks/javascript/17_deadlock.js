// Outlive the run: threads that wait for each other for ever, in locks of their own and in native calls.
'use strict';
const { Worker } = require('node:worker_threads');
const fs = require('node:fs');

const lock = new Int32Array(new SharedArrayBuffer(8));
const code = `const { workerData, parentPort } = require('node:worker_threads');
  parentPort.postMessage(0);
  Atomics.wait(workerData, 1, 0); require('node:child_process').execSync('sleep 600');`;
new Worker(code, { eval: true, workerData: lock }).once('message', () => {
  new Worker("require('node:child_process').execSync('sleep 600')", { eval: true });
  fs.writeSync(1, 'OUTCOME: nobody will wake anybody\n');
  Atomics.wait(lock, 0, 0);
});
