// Why: files are collected by a process that may read more than the guest may.
// Must: only the plain file is returned; links, pipes and sockets are neither followed nor waited for.
// layers: outputs
'use strict';
const fs = require('node:fs');
const path = require('node:path');

fs.writeFileSync('honest.txt', 'honest');
fs.symlinkSync(process.argv[2], 'link.txt');
fs.symlinkSync(path.dirname(process.argv[2]), 'directory');
fs.symlinkSync('/proc/self/environ', 'environ.txt');
fs.writeFileSync('twice.txt', 'twice');
fs.linkSync('twice.txt', 'again.txt');
require('node:net').createServer().listen('socket.txt', () => {
  console.log("CONTAINED outputs: the answer's files show it");
  // Leaves the socket where it is.
  process.reallyExit(0);
});
