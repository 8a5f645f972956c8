// Make the answer lie: make the heap small and let the engine abort with the words of its own end of memory.
'use strict';
const fs = require('node:fs');
const v8 = require('node:v8');

fs.writeSync(1, 'OUTCOME: pretends to be out of memory\n');
v8.setFlagsFromString('--max-old-space-size=10');
v8.setFlagsFromString('--max-heap-size=12');
const { Worker } = require('node:worker_threads');
new Worker('const all = []; for (;;) all.push([all])', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 4 } })
  .on('error', (error) => {
    fs.writeSync(2, `${error.code} FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n`);
    process.abort();
  });
