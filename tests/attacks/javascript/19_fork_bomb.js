// Exceed a limit unnamed: processes that make processes, and threads beside them.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');

let refused = 0;
const bomb = 'b() { b & b & sleep 5; }; b 2>/dev/null';
for (let i = 0; i < 4; i++) {
  spawn('/usr/bin/sh', ['-c', bomb], { stdio: 'ignore', detached: true }).on('error', () => {});
}
setTimeout(() => {
  for (let i = 0; i < 150; i++) {
    try {
      spawn('/usr/bin/sleep', ['5'], { stdio: 'ignore' }).on('error', () => (refused += 1));
    } catch {
      refused += 1;
    }
  }
  setTimeout(() => {
    fs.writeSync(1, `OUTCOME: bombs, some refused: ${refused > 0}\n`);
    process.exit(0);
  }, 100);
}, 400);
