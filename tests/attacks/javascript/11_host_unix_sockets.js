// Reach a socket: the host's services on Unix sockets, by path, by link and by abstract name, also through HTTP.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const reached = [];
const PATHS = ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/systemd/private',
  '/run/dbus/system_bus_socket', '/run/systemd/journal/stdout', '/dev/log', '/tmp/.X11-unix/X0', '/proc/1/root/run/docker.sock'];
const NAMES = ['\0/tmp/.X11-unix/X0', '\0/tmp/dbus-', '\0containerd-shim', '\0systemd', '\0'];
fs.symlinkSync('/proc/1/root/run', '/tmp/run');
for (const path of [...PATHS, ...NAMES, '/tmp/run/docker.sock']) {
  try {
    net.connect({ path }).on('error', () => {}).on('connect', () => reached.push(path));
    http.get({ socketPath: path, path: '/info' }, () => reached.push(path)).on('error', () => {});
  } catch {}
}
setTimeout(() => {
  const abstract = fs.readFileSync('/proc/self/net/unix', 'utf8').split('\n').filter((line) => line.includes('@'));
  console.log(`OUTCOME: reached: [${reached}] abstract names: [${abstract}]`);
  process.exit(0);
}, 200);
