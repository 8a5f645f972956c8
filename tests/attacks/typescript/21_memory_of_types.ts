// Exceed a limit unnamed: typed arrays over growing buffers, shared and not, of threads that were handed them.
import * as fs from 'node:fs';
import { Worker } from 'node:worker_threads';

fs.writeSync(1, 'OUTCOME: growing\n');
type Kept = { shared: SharedArrayBuffer; own: ArrayBuffer; view: Float64Array };
const kept: Kept[] = [];
new Worker('const kept = []; require("node:worker_threads").parentPort.on("message", (it) => { kept.push(structuredClone(it)); });', { eval: true })
  .on('error', () => {});
for (let size = 1 << 20; ; ) {
  const shared = new SharedArrayBuffer(size, { maxByteLength: size * 4 } as any);
  (shared as any).grow?.(size * 2);
  const own = new ArrayBuffer(size, { maxByteLength: size * 4 } as any);
  (own as any).resize?.(size * 2);
  const view = new Float64Array(shared);
  view.fill(1);
  new Uint8Array(own).fill(1);
  kept.push({ shared, own, view });
}
