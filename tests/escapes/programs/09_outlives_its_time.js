// Why: a limit that only reaches whom it can ask is none.
// Must: a detached child, a thread that computes and a main thread that waits for no event end with the time.
// layers: pid, cgroup
'use strict';
const { spawn } = require('node:child_process');
const { Worker } = require('node:worker_threads');

for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(name, () => {});
const words = ['-e', 'setTimeout(() => {}, 60000)', process.argv[5]];
spawn(process.execPath, words, { detached: true, stdio: 'inherit' }).unref();
new Worker("setInterval(() => { for (const until = Date.now() + 9; Date.now() < until; ); }, 50)", { eval: true });
console.log('CONTAINED time: until it is up');
setTimeout(() => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4900);
  console.log('ESCAPED time: slept for 5 s');
}, 100);
