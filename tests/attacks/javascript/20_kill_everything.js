// Hurt the supervisor: signal init, every process there is, groups and sessions by number, and the first hundred pids.
'use strict';

const own = new Set(require('node:fs').readdirSync('/proc/self/task').map(Number));
const harmed = [];
process.on('SIGTERM', () => {});
process.on('SIGUSR2', () => {});
for (const target of [1, -1, 0, -process.pid, ...Array.from({ length: 100 }, (_, i) => i + 3)]) {
  for (const signal of ['SIGUSR2', 'SIGTERM']) {
    try {
      process.kill(target, signal);
      if (target === 1 || (target > 1 && !own.has(target))) harmed.push(target);
    } catch {}
  }
}
setTimeout(() => console.log(`OUTCOME: harmed: [${harmed}] and still here as ${process.pid}`), 100);
