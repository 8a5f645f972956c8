// Why: a guest that is root, pid 1 or able to signal its init could undo or outlive the jail.
// Must: an unprivileged child of our init, in a session of its own, that cannot gain anything.
// layers: user, credentials, pid, proc, seccomp, no_new_privs, landlock
'use strict';
const fs = require('node:fs');

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const attempt = (name, call) => {
  try {
    report(true, name, call());
  } catch (error) {
    report(false, name, error.code);
  }
};

report(process.ppid !== 1, 'child_of_pid_1', process.ppid);
const stat = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
report(Number(stat[3]) !== process.pid, 'session', stat[3]);
const groups = process.getgroups().filter((group) => group !== process.getgid() && group !== 65534);
report(groups.length > 0, 'groups', groups);
const bounding = /^CapBnd:\t(.*)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
report(Number(`0x${bounding}`) !== 0, 'bounding_set', bounding);
attempt('become_root', () => process.setuid(0));
attempt('signal_init', () => process.kill(process.ppid, 0));
