// Read another run's data: the first run reads a file of the shared runtime; does its access time tell the second?
'use strict';
const fs = require('node:fs');

const FILE = '/usr/lib/ringfence/amaro/LICENSE.swc';
const before = fs.statSync(FILE, { bigint: true }).atimeNs;
if (process.argv[2] === 'first') {
  for (let i = 0; i < 15; i++) {
    fs.readFileSync(FILE);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
} else {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
}
const changed = fs.statSync(FILE, { bigint: true }).atimeNs !== before;
console.log(`OUTCOME: access time changed: ${changed}`);
