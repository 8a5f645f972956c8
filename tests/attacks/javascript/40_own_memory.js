// Kernel surface: change this process's own code and memory by /proc, and its counters of the kernel's.
'use strict';
const fs = require('node:fs');

const opened = [];
for (const name of ['mem', 'oom_score_adj', 'oom_adj', 'autogroup', 'comm', 'clear_refs', 'coredump_filter', 'timerslack_ns',
  'uid_map', 'gid_map', 'setgroups', 'attr/current', 'loginuid', 'timens_offsets', 'sched', 'make-it-fail']) {
  for (const flags of ['r+', 'w', fs.constants.O_WRONLY]) {
    try {
      fs.closeSync(fs.openSync(`/proc/self/${name}`, flags));
      opened.push(name);
    } catch {}
  }
}
console.log(`OUTCOME: opened for writing: [${opened}]`);
