// Kernel surface: write where only the runtime is: the program, what is preloaded, Node; also by Node's own flags.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const v8 = require('node:v8');

const written = [];
const PATHS = ['/usr/lib/ringfence/start.cjs', '/usr/bin/node', '/job/main.js', '/etc/passwd', '/dev/null', '/'];
const ways = {
  chmod: (path) => fs.chmodSync(path, 0o777),
  times: (path) => fs.utimesSync(path, 1, 1),
  rename: (path) => fs.renameSync(path, `${path}.old`),
  remove: (path) => fs.rmSync(path, { recursive: false }),
  append: (path) => path !== '/dev/null' && fs.appendFileSync(path, '') === undefined,
  beside: (path) => fs.writeFileSync(`${path}.new`, 'x'),
  snapshot: (path) => v8.writeHeapSnapshot(`${path}.heapsnapshot`),
};
for (const path of PATHS) {
  for (const [name, way] of Object.entries(ways)) {
    try {
      if (way(path) !== false) written.push(`${name} ${path}`);
    } catch {}
  }
}
for (const flags of [['--cpu-prof', '--cpu-prof-dir=/usr'], ['--prof', '--logfile=/usr/v8.log'], ['--redirect-warnings=/usr/w'],
  ['--report-on-fatalerror', '--diagnostic-dir=/usr']]) {
  spawnSync(process.execPath, [...flags, '-e', 'process.emitWarning("x")'], { stdio: 'ignore' });
}
written.push(...fs.readdirSync('/usr').filter((name) => !['bin', 'lib', 'lib64', 'sbin', 'share'].includes(name)));
console.log(`OUTCOME: written: [${written}]`);
