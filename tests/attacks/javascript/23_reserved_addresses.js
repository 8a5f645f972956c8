// Exceed a limit unnamed: reserve addresses, which no limit counts, until the kernel has no more for this process.
'use strict';

const kept = [];
let refused = '';
try {
  for (;;) kept.push(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
} catch (error) {
  refused = error.message;
}
let sparse = 0;
try {
  for (; sparse < 2000; sparse++) kept.push(new ArrayBuffer(2 ** 32));
} catch {}
const gib = kept.filter((it) => it instanceof WebAssembly.Memory).length * 10;
console.log(`OUTCOME: reserved more than a terabyte: ${gib > 1024}, then: ${refused}`);
process.exit(0);
