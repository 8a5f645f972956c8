// Kernel surface: crash the engine from within, by its natives for tests; a dump would go to the host's program.
'use strict';
const fs = require('node:fs');
const v8 = require('node:v8');

const limits = fs.readFileSync('/proc/self/limits', 'utf8');
const core = /Max core file size\s+(\S+)\s+(\S+)/.exec(limits).slice(1);
fs.writeSync(1, `OUTCOME: dumps of at most ${core} bytes\n`);
v8.setFlagsFromString('--allow-natives-syntax');
new Function('%SystemBreak()')();
