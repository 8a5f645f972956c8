// Outlive the run: iterators, generators and disposals that never come to an end, and an exit that is forbidden.
import * as fs from 'node:fs';

process.exit = ((): never => { for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); }) as typeof process.exit;
Object.defineProperty(process, 'reallyExit', { value: (): void => {} });
async function* never(): AsyncGenerator<number> {
  try {
    for (;;) yield await new Promise<number>((resolve) => setTimeout(resolve, 1, 1));
  } finally {
    yield* never();
  }
}
fs.writeSync(1, 'OUTCOME: waiting for ever\n');
for await (const one of never()) if (one > 1) break;
