// Why: a slot that goes back too early would hand one run's things to the next.
// Must: what the first run leaves (sockets, files, processes) is not there for the second.
// layers: ipc, pid, proc, cgroup, network, landlock
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');

const NAME = `\0${process.argv[5]}`;
const DIRECTORIES = ['/work', '/tmp', '/dev/shm'];

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const leave = () => {
  DIRECTORIES.forEach((directory) => fs.writeFileSync(`${directory}/left`, 'left'));
  // The listener goes on in a process of its own.
  const listen = `require('net').createServer().listen('\\0${process.argv[5]}')`;
  spawn(process.execPath, ['-e', listen], { detached: true, stdio: 'ignore' }).unref();
  report(false, 'left', 'files, a socket and a process');
};

const look = () => {
  const paths = DIRECTORIES.map((directory) => `${directory}/left`).filter((path) => fs.existsSync(path));
  report(paths.length > 0, 'files', paths);
  const others = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  report(others.length > 0, 'processes', others.slice(0, 5));
  const end = (escaped, detail) => {
    report(escaped, 'socket', detail);
    process.exit(0);
  };
  net.connect(NAME).on('error', (error) => end(false, error.code)).on('connect', () => end(true, 'somebody listens'));
};

process.argv[6] === 'leave' ? setTimeout(leave, 0) : look();
