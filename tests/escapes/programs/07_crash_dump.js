// Why: where the host pipes dumps into a program, a guest's crash would start that, as root, with what it likes.
// Must: dumps are limited to 1 byte, the kernel's sign for "into nothing"; 0 would start the program.
// layers: rlimits, seccomp
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const line = /^Max core file size +(\S+) +(\S+)/m.exec(fs.readFileSync('/proc/self/limits', 'utf8'));
report(line[1] !== '1' || line[2] !== '1', 'limit', line.slice(1, 3));
const lowered = spawnSync('sh', ['-c', 'ulimit -c 0']);
report(lowered.status === 0, 'lower', lowered.stderr);
