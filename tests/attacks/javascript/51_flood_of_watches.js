// Hurt the supervisor, read another run's data: watch every directory of the shared runtime.
'use strict';
const fs = require('node:fs');

let watches = 0;
const walk = (directory) => {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    try {
      fs.watch(path).on('error', () => {});
      watches += 1;
    } catch {}
    if (entry.isDirectory() && !entry.isSymbolicLink()) walk(path);
  }
};
walk('/usr');
let followed = 0;
for (const name of ['/usr/bin/node', '/dev/null', '/etc/passwd']) {
  fs.watchFile(name, { interval: 10 }, () => (followed += 1));
}
setTimeout(() => {
  console.log(`OUTCOME: watches: ${watches}, changes seen: ${followed}`);
  process.exit(0);
}, 300);
