// Hurt the supervisor: children that crash by every signal that would write a dump, a hundred times.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

let crashed = 0;
for (const signal of ['SEGV', 'ABRT', 'ILL', 'FPE', 'BUS', 'TRAP', 'SYS', 'QUIT']) {
  for (let i = 0; i < 12; i++) {
    crashed += spawnSync('/usr/bin/sh', ['-c', `kill -${signal} $$`]).signal === `SIG${signal}` ? 1 : 0;
  }
}
const left = fs.readdirSync('/work').concat(fs.readdirSync('/tmp'));
console.log(`OUTCOME: crashed: ${crashed}, left: [${left}]`);
