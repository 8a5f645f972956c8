// Make the answer lie: names with line ends, directions, options, bytes that are no text, and names of other places.
'use strict';
const fs = require('node:fs');

const names = ['-rf', '...', '.hidden', 'line\nend', '\u202etxt', 'C:\\x', '\u001b[2J', '%2e%2e%2f', '__proto__', 'constructor', '~', 'con'];
for (const name of names) fs.writeFileSync(name, 'x');
fs.writeFileSync(Buffer.from([0x2f, 0x77, 0x6f, 0x72, 0x6b, 0x2f, 0xff, 0xfe]), 'no text');
fs.mkdirSync('toString');
fs.writeFileSync('toString/..x', 'x');
let impossible = 0;
for (const name of ['a\0b', 'n'.repeat(256), '../up', '']) {
  try {
    fs.writeFileSync(name, 'x');
  } catch {
    impossible += 1;
  }
}
console.log(`OUTCOME: ${names.length} names left, ${impossible} were impossible`);
