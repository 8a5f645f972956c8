// Read another run's data: init is a copy of the supervisor; look at it by path, by signal and by debugger.
'use strict';
const fs = require('node:fs');

const seen = [];
for (const name of ['', 'environ', 'cmdline', 'maps', 'mem', 'fd', 'status', 'root', 'cwd', 'exe', 'ns/pid', 'task/1/comm']) {
  try {
    fs.statSync(`/proc/1/${name}`);
    seen.push(name || 'itself');
  } catch {}
}
const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const signaled = [];
for (const signal of [0, 'SIGCONT', 'SIGTERM', 'SIGUSR1', 'SIGSTOP', 'SIGKILL']) {
  try {
    process.kill(1, signal);
    signaled.push(signal);
  } catch {}
}
try {
  process._debugProcess(1);
  signaled.push('debugger');
} catch {}
console.log(`OUTCOME: of init seen: [${seen}] signals taken: [${signaled}] other processes: ${pids.length - 1}`);
