// Make the answer lie: codes beyond a byte and below zero, while threads write and an exit handler wishes another one.
'use strict';
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

new Worker("setInterval(() => process.stdout.write('.'), 1)", { eval: true });
process.on('exit', () => {
  process.exitCode = 0;
  fs.writeSync(1, 'OUTCOME: -1 is 255\n');
  process.reallyExit(-1);
});
setTimeout(() => process.exit(256), 100);
