// Outlive the run: microtasks and ticks that never let the loop turn, so that no timer of anybody's comes.
'use strict';
const fs = require('node:fs');

fs.writeSync(1, 'OUTCOME: starving\n');
setTimeout(() => process.exit(0), 1);
// By turns: what is queued and never comes to its turn would fill the memory before the time is over.
const again = () => queueMicrotask(() => process.nextTick(again));
again();
