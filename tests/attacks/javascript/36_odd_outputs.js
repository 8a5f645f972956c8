// Make the answer lie, or hang the collector: sockets, pipes without a writer, files and directories nobody may open.
'use strict';
const fs = require('node:fs');
const net = require('node:net');

fs.writeFileSync('closed', 'x', { mode: 0o000 });
fs.mkdirSync('dark', { mode: 0o700 });
fs.writeFileSync('dark/inside', 'x');
fs.chmodSync('dark', 0o000);
fs.writeFileSync('future', 'x');
fs.utimesSync('future', 2 ** 40, -(2 ** 31));
fs.symlinkSync('/proc/self/fd/1', 'pipe');
net.createServer().listen('/work/socket', () => {
  console.log(`OUTCOME: a socket is left: ${fs.statSync('socket').isSocket()}`);
  process.reallyExit(0);
});
