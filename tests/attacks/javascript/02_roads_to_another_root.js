// Read a host file: climb out of the root by dot-dot, magic links of /proc, and directories that are held open.
'use strict';
const fs = require('node:fs');

const root = fs.statSync('/').ino;
const others = [];
const look = (road) => {
  try {
    if (fs.existsSync(`${road}/etc/shadow`) || fs.existsSync(`${road}/.ringfence`)) others.push(road);
    if (fs.existsSync(`${road}/usr`) && fs.statSync(road).ino !== root) others.push(road);
  } catch {}
};
look('../'.repeat(200));
for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).concat('1', 'self', 'thread-self')) {
  look(`/proc/${pid}/root`);
  look(`/proc/${pid}/cwd/..`);
}
for (const fd of fs.readdirSync('/proc/self/fd')) look(`/proc/self/fd/${fd}/..`);
const held = fs.openSync('/work', 'r');
fs.mkdirSync('/tmp/deep/er', { recursive: true });
process.chdir('/tmp/deep/er');
fs.renameSync('/tmp/deep/er', '/tmp/er');
look('../..');
look(`/proc/self/fd/${held}/../../..`);
look(fs.realpathSync.native(`/proc/self/fd/${held}/..`));
console.log(`OUTCOME: other roots: [${others}]`);
