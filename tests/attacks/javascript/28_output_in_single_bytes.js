// Hurt the supervisor: every byte written alone wakes it, before the limit and after it.
'use strict';
const fs = require('node:fs');

fs.writeSync(1, 'OUTCOME: byte by byte\n');
const byte = Buffer.from('.');
for (let i = 0; i < 100_000; i++) {
  fs.writeSync(1, byte);
  fs.writeSync(2, byte);
}
