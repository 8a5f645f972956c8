// Exceed a limit unnamed: modules that never end: links to devices, read before anything is compiled.
import * as fs from 'node:fs';

fs.symlinkSync('/dev/zero', 'endless.ts');
console.log('OUTCOME: reading without end');
require('./endless.ts');
