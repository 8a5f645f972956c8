// Why: a service of the host, the local network or the internet must not be within reach, by any module of Node.
// Must: neither a connection nor a socket that could make one, and no interface.
// layers: network, seccomp, landlock
'use strict';
const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const attempt = (name, start, done) =>
  new Promise((resolve) => {
    const end = (escaped, detail) => resolve(report(escaped, name, detail));
    start().on('error', (error) => end(false, error.message)).on(done, () => end(true, done));
  });

(async () => {
  const port = Number(process.argv[3]);
  await attempt('tcp', () => net.connect(port, '127.0.0.1'), 'connect');
  await attempt('listen', () => net.createServer().listen(0, '127.0.0.1'), 'listening');
  await attempt('udp', () => dgram.createSocket('udp4').bind(0), 'listening');
  const lines = fs.readFileSync('/proc/self/net/dev', 'utf8').trim().split('\n').slice(2);
  const names = lines.map((line) => line.split(':')[0].trim());
  report(names.join() !== 'lo', 'interfaces', names);
  process.exit(0);
})();
