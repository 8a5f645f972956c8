// Abuse the loader: bytes made into a shared library that Node loads into itself, as addon, by dlopen, as an engine.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');

/** When loaded: asks for a user namespace of its own, which is refused and named. */
const CODE = 'b810010000bf000000100f05c3';

/** A shared library of one segment with nothing but a function to be called when it is loaded. */
function library(code) {
  const file = Buffer.alloc(320);
  file.write('7f454c46020101', 'hex');
  const words = [[16, 0x3e0003], [20, 1], [32, 64], [52, 0x380040], [56, 2],
    // The segment, and what describes it to the loader: init, strings, symbols.
    [64, 1], [68, 7], [96, 320 + code.length], [104, 320 + code.length], [112, 0x1000],
    [120, 2], [124, 6], [128, 184], [136, 184], [144, 184], [152, 96], [160, 96], [168, 8],
    [184, 12], [192, 320], [200, 5], [208, 312], [216, 6], [224, 288], [232, 10], [240, 1], [248, 11], [256, 24]];
  for (const [at, value] of words) file.writeUInt32LE(value, at);
  return Buffer.concat([file, code]);
}

const image = library(Buffer.from(CODE, 'hex'));
const said = [];
const ways = {
  addon: (path) => require(path),
  dlopen: (path) => process.dlopen({ exports: {} }, path, os.constants.dlopen.RTLD_NOW | os.constants.dlopen.RTLD_GLOBAL),
  engine: (path) => crypto.setEngine(path),
  libc: () => process.dlopen({ exports: {} }, '/usr/lib/x86_64-linux-gnu/libc.so.6'),
};
for (const [name, way] of Object.entries(ways)) {
  const path = `/tmp/${name}.node`;
  fs.writeFileSync(path, image);
  try {
    way(path);
    said.push(`${name} loaded`);
  } catch (error) {
    said.push(`${name} ${error.code}`);
  }
}
const { uid } = os.userInfo();
console.log(`OUTCOME: ${said.join(', ')}; user ${uid}`);
