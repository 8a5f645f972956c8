// Outlive the run: detached children of children that hold both outputs, ignore signals and go on writing.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');

const script = `trap '' TERM HUP INT QUIT PIPE; touch /work/alive; while :; do echo still; echo here >&2; sleep 0.05; done`;
for (let i = 0; i < 3; i++) {
  const words = ['-c', `(${script}) & (${script}) & exit`];
  spawn('/usr/bin/sh', words, { detached: true, stdio: 'inherit' }).unref();
}
spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: ['ignore', 1, 2] }).unref();
while (!fs.existsSync('/work/alive'));
fs.writeSync(1, 'OUTCOME: daemons are left\n');
process.exit(0);
