// Outlive the run: stop the child, the shell around it, and oneself.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');

const child = spawn('/usr/bin/sh', ['-c', 'kill -STOP $$'], { stdio: 'inherit' });
child.kill('SIGSTOP');
fs.writeSync(1, 'OUTCOME: everything stops\n');
process.kill(process.pid, 'SIGSTOP');
