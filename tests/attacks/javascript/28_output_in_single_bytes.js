// Hurt the supervisor: every byte written alone wakes it, before the limit and after it.
'use strict';
const fs = require('node:fs');

fs.writeSync(1, 'OUTCOME: byte by byte\n');
const byte = Buffer.from('.');
for (const until = Date.now() + 1000; Date.now() < until; ) {
  for (let i = 0; i < 500; i++) fs.writeSync(1, byte);
  for (let i = 0; i < 500; i++) fs.writeSync(2, byte);
}
