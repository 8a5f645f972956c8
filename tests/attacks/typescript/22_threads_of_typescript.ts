// Exceed a limit unnamed: threads that each load the compiler, as many as there may be tasks and more.
import * as fs from 'node:fs';
import { Worker } from 'node:worker_threads';

fs.writeFileSync('thread.ts', 'const x: number = 1; enum E { A = x } setTimeout((): void => {}, 60_000);');
fs.writeSync(1, 'OUTCOME: a compiler each\n');
let failed = 0;
const again = (left: number): void => {
  if (left === 0) return;
  const fail = (): void => {
    failed += 1;
    if (failed > 2) process.exit(0);
  };
  try {
    new Worker('/work/thread.ts', { resourceLimits: { maxOldGenerationSizeMb: 1000 } }).on('error', fail);
  } catch {
    fail();
  }
  setImmediate(again, left - 1);
};
again(60);
