// Exceed a limit unnamed: tables, traces and warnings printed by Node itself, from threads whose output goes through the main one.
import * as fs from 'node:fs';
import { Worker } from 'node:worker_threads';

const code = `setInterval(() => { for (let i = 0; i < 50; i++) { console.table([{ a: 'x'.repeat(500) }]); console.trace('y'.repeat(500)); } }, 1)`;
fs.writeSync(1, 'OUTCOME: flood\n');
for (let i = 0; i < 3; i++) new Worker(code, { eval: true });
setInterval((): void => {
  process.emitWarning('z'.repeat(1000));
  Promise.reject(1).catch(() => {});
}, 1);
setTimeout((): never => process.exit(4), 700);
