// Outlive the run: handlers for every signal, an exit that never comes to its end, errors that are swallowed.
'use strict';
const fs = require('node:fs');
const os = require('node:os');

for (const signal of Object.keys(os.constants.signals)) {
  try {
    process.on(signal, () => {});
  } catch {}
}
process.on('uncaughtException', () => {});
process.on('beforeExit', () => setImmediate(() => {}));
process.on('exit', () => {
  fs.writeSync(1, 'OUTCOME: the exit never ends\n');
  for (;;) {
    try {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    } catch {}
  }
});
setTimeout(() => process.exit(0), 50);
