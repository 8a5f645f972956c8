// Exceed a limit unnamed: time spent in the compiler's own code, in threads, where no hook of Node's is asked.
import * as fs from 'node:fs';
import { Worker, isMainThread } from 'node:worker_threads';

const text = `${'enum E { A = 1 << 2, B = A | 1 }\nlet y = <T,>(x: T): T => x as unknown as T;\n'.repeat(2000)}`;
if (isMainThread) fs.writeSync(1, 'OUTCOME: compiling\n');
const compiler = require('/usr/lib/ringfence/amaro/internal.js');
if (isMainThread) for (let i = 0; i < 2; i++) new Worker(__filename);
for (;;) {
  try {
    compiler.transformSync(text, { mode: 'transform', sourceMap: true });
  } catch {}
}
