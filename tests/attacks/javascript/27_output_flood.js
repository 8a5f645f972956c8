// Exceed a limit unnamed: both outputs at once from threads, children and the main program.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

const code = `const fs = require('node:fs'); const piece = Buffer.alloc(65536, 'x');
  for (const until = Date.now() + 500; Date.now() < until; ) { try { fs.writeSync(2, piece); fs.writeSync(1, piece); } catch {} }`;
for (let i = 0; i < 3; i++) new Worker(code, { eval: true });
spawn(process.execPath, ['-e', code], { stdio: 'inherit' });
fs.writeSync(1, 'OUTCOME: flood\n');
