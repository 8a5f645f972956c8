// Why: what Node does before the guest's first line is already the guest's doing.
// Must: at the first line, every restriction of the process itself is in force.
// layers: no_new_privs, seccomp, landlock, credentials, rlimits, user
'use strict';
const fs = require('node:fs');

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const lines = fs.readFileSync('/proc/self/status', 'utf8').split('\n');
const status = Object.fromEntries(lines.map((line) => line.split(':\t')));
report(status.NoNewPrivs !== '1', 'no_new_privs', status.NoNewPrivs);
report(status.Seccomp !== '2', 'seccomp', status.Seccomp);
report(process.getuid() === 0, 'uid', process.getuid());
const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => status[name]);
report(sets.some((bits) => Number(`0x${bits}`) !== 0), 'capabilities', sets);
// A file of our own outside the scratch: only Landlock refuses it.
try {
  fs.writeFileSync('/proc/self/comm', 'mine');
  report(true, 'landlock', 'wrote to /proc/self/comm');
} catch (error) {
  report(false, 'landlock', error.code);
}
const limits = fs.readFileSync('/proc/self/limits', 'utf8').split('\n');
const hard = limits.filter((line) => /^Max (file size|cpu time)/.test(line)).map((line) => line.split(/\s{2,}/)[2]);
report(hard.length !== 2 || hard.includes('unlimited'), 'rlimits', hard);
