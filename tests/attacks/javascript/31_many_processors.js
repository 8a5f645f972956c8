// Exceed a limit unnamed: the time of all threads and children is one sum, whoever of them has ended.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');

fs.writeSync(1, 'OUTCOME: busy everywhere\n');
for (let i = 0; i < 6; i++) new Worker('for (;;);', { eval: true });
for (let i = 0; i < 6; i++) spawn('/usr/bin/sh', ['-c', 'while :; do (:); done'], { detached: true });
require('node:crypto').pbkdf2('x', 'y', 1e9, 64, 'sha512', () => {});
