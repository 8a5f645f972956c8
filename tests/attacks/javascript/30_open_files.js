// Exceed a limit unnamed: descriptors of every kind until there are no more, in several processes.
'use strict';
const fs = require('node:fs');

let count = 0;
let said = '';
try {
  for (; count < 100000; count++) fs.openSync('/dev/null', 'r');
} catch (error) {
  said = error.code;
}
// Nothing of Node works without a descriptor; it must fail in the program only.
let late = '';
try {
  fs.readdirSync('/work');
} catch (error) {
  late = error.code;
}
fs.writeSync(1, `OUTCOME: fewer than the limit: ${count < 256}, ${said}, then ${late}\n`);
process.exit(0);
