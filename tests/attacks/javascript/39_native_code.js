// Kernel surface: a program of machine code, written as bytes, makes calls by their ordinary, x32 and i386 numbers.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

/** Reads records of eight words (number, six arguments, 1 for the i386 gate), makes each call, writes its result. */
const CODE =
  '31c031ffbe00005000ba400000000f0583f8407574488b1c2538005000488b042500005000488b3c2508005000488b34251000' +
  '5000488b1425180050004c8b1425200050004c8b0425280050004c8b0c25300050004883fb0075040f05eb074889fbcd804898' +
  '4889042540005000b801000000bf01000000be40005000ba080000000f05e977ffffffb83c00000031ff0f05';
const X32 = 0x40000000;

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

const CALLS = [['getuid', 102], ['mount', 165], ['unshare', 272, 0x10000000], ['setns', 308, -1], ['clone', 56, 0x10000011],
  ['ptrace', 101, 16], ['bpf', 321, 99], ['perf_event_open', 298, 0, 0, -1, -1], ['userfaultfd', 323, 1], ['keyctl', 250, 0, -3],
  ['open_by_handle_at', 304, -1], ['io_uring_setup', 425], ['clone3', 435], ['pidfd_getfd', 438, -1], ['init_module', 175],
  ['netlink', 41, 16, 3], ['vsock', 41, 40, 1], ['packet', 41, 17, 3], ['terminal', 16, 0, 0x5412], ['swapon', 167],
  ['x32 ptrace', X32 | 521, 16], ['x32 mount', X32 | 165], ['x32 socket', X32 | 41, 2, 1]];
const OLD = [['i386 mount', 21], ['i386 unshare', 310, 0x10000000], ['i386 socketcall', 102, 1], ['i386 getuid', 24]];

const records = [...CALLS.map((call) => [call, 0n]), ...OLD.map((call) => [call, 1n])].map(([[, ...words], gate]) => {
  const record = Buffer.alloc(64);
  words.forEach((word, index) => record.writeBigInt64LE(BigInt(word), index * 8));
  record.writeBigInt64LE(gate, 56);
  return record;
});
fs.writeFileSync('/tmp/calls', program(Buffer.from(CODE, 'hex')), { mode: 0o755 });
const { stdout } = spawnSync('/tmp/calls', [], { input: Buffer.concat(records) });
const names = [...CALLS, ...OLD].map(([name]) => name);
const results = names.map((name, index) => [name, Number(stdout.readBigInt64LE(index * 8))]);
const let_through = results.slice(1).filter(([, result]) => result !== -1 && result !== -38);
console.log(`OUTCOME: user ${results[0][1]}, of ${results.length} calls let through: [${let_through.map((it) => it.join(' '))}]`);
