// Make the answer lie: processes and threads go on exchanging a file for a link after the main program ended.
'use strict';
const { spawn } = require('node:child_process');
const { Worker } = require('node:worker_threads');
const fs = require('node:fs');

const code = `const fs = require('node:fs'); fs.writeFileSync('honest', 'honest');
  for (;;) { try { fs.copyFileSync('honest', 'next'); fs.renameSync('next', 'prize');
    fs.symlinkSync('/etc/passwd', 'other'); fs.renameSync('other', 'prize'); } catch {} }`;
spawn(process.execPath, ['-e', code], { detached: true, stdio: 'ignore' }).unref();
new Worker(code, { eval: true });
fs.writeSync(1, 'OUTCOME: exchanging\n');
setTimeout(() => process.reallyExit(fs.existsSync('/work/prize') ? 0 : 1), 400);
