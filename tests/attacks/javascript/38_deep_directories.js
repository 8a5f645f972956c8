// Hurt the supervisor: a tree deeper than any path may be long, and as wide as the inodes allow.
'use strict';
const fs = require('node:fs');

const name = 'd'.repeat(100);
let deep = 0;
try {
  for (; deep < 2000; deep++) {
    fs.mkdirSync(name);
    process.chdir(name);
  }
} catch {}
process.chdir('/work');
let wide = '';
try {
  for (let i = 0; ; i++) fs.writeFileSync(`${i}`, '');
} catch (error) {
  wide = error.code;
}
console.log(`OUTCOME: deep: ${deep}, wide until ${wide}`);
