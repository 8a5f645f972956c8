// Why: a host file, another process or an open descriptor of ours would be a way to data and secrets.
// Must: only its own processes, its runtime and its scratch; an environment built from nothing.
// layers: proc, pid, user, credentials, landlock, env, fds, seccomp, no_new_privs
'use strict';
const fs = require('node:fs');

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const readable = (path) => {
  try {
    return fs.readFileSync(path).length > 0;
  } catch {
    return false;
  }
};

// Node starts by a file of this root, so nothing can show what it would see without: only an escape is told.
const alarm = (escaped, name, detail) => escaped && report(true, name, detail);
alarm(readable(process.argv[2]), 'host_file', process.argv[2]);
const hosts = ['sys', 'root', 'home', 'boot', 'var', 'run', 'srv', 'opt'];
const unexpected = fs.readdirSync('/').filter((name) => hosts.includes(name));
alarm(unexpected.length > 0, 'host_directories', unexpected);
const expected = ['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero'];
const devices = fs.readdirSync('/dev').sort();
alarm(devices.join() !== expected.join(), 'devices', devices.filter((name) => !expected.includes(name)));
alarm(process.cwd() !== '/work', 'working_directory', process.cwd());
const ours = Object.keys(process.env).filter((name) => name.startsWith('RINGFENCE'));
report(ours.length > 0, 'environment', ours);
const others = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
report(others.length > 0, 'processes', others.slice(0, 5));
const secrets = others.filter((pid) => readable(`/proc/${pid}/environ`));
report(secrets.length > 0, 'environment_of_others', secrets.slice(0, 5));
// Node has pipes and event queues of its own.
const links = fs.readdirSync('/proc/self/fd').filter((number) => Number(number) > 2).flatMap((number) => {
  try {
    return [fs.readlinkSync(`/proc/self/fd/${number}`)];
  } catch {
    return [];
  }
});
const foreign = links.filter((link) => !/^(anon_inode:|pipe:|\/dev\/null|\/proc\/)/.test(link));
report(foreign.length > 0, 'descriptors', foreign);
