// Outlive the run: microtasks and ticks that never let the loop turn, so that no timer of anybody's comes.
'use strict';
const fs = require('node:fs');

fs.writeSync(1, 'OUTCOME: starving\n');
setTimeout(() => process.exit(0), 1);
const again = () => {
  process.nextTick(again);
  queueMicrotask(() => {});
};
again();
