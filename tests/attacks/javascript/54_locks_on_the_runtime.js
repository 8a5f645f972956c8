// Read another run's data, hurt it: whoever closes a file has the kernel look through all locks on it, another run's too.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');

/** Takes 20 000 locks for reading on its file 3, writes how many it has, waits for its input's end. */
const CODE =
  'bb0300000048c704250800500000000000b84800000089dfbe06000000ba00005000c7020000000048c74210010000000f05' +
  '85c0751d49ffc4488304250800500002813c2508005000409c000075c2ffc3ebb24c89242520005000b801000000bf010000' +
  '00be20005000ba080000000f0531c031ffba010000000f05b83c0000000f05';
const LOCKED = '/usr/lib/ringfence/amaro/LICENSE';
const FREE = '/usr/lib/ringfence/amaro/LICENSE.swc';

/** An ELF program of one segment that can be written to. */
function program(code) {
  const head = Buffer.alloc(120);
  head.write('7f454c46020101', 'hex');
  for (const [at, value] of [[16, 0x3e0002], [20, 1], [24, 0x400078], [32, 64], [52, 0x380040], [56, 1], [64, 1], [68, 7],
    [80, 0x400000], [96, 120 + code.length], [104, 0x101000]]) {
    head.writeUInt32LE(value, at);
  }
  return Buffer.concat([head, code]);
}

/** Microseconds that opening and closing a file takes. */
function price(file) {
  const begun = process.hrtime.bigint();
  for (let i = 0; i < 50; i++) fs.closeSync(fs.openSync(file));
  return Number(process.hrtime.bigint() - begun) / 50_000;
}

if (process.argv[2] === 'first') {
  fs.writeFileSync('/tmp/locks', program(Buffer.from(CODE, 'hex')), { mode: 0o755 });
  spawn('/tmp/locks', [], { stdio: ['pipe', 'pipe', 'ignore', fs.openSync(LOCKED)] });
  setTimeout(() => process.exit(0), 5000);
} else {
  setTimeout(() => {
    const [locked, free] = [price(LOCKED), price(FREE)].map(Math.round);
    console.log(`OUTCOME: opening takes ${free} us, with another run's locks ${locked} us`);
  }, 2500);
}
