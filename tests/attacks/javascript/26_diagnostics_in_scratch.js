// Exceed a limit unnamed: let Node itself fill the scratch: heap snapshots, reports, profiles.
'use strict';
const { spawnSync } = require('node:child_process');
const v8 = require('node:v8');

let said = '';
try {
  for (let i = 0; i < 50; i++) {
    v8.writeHeapSnapshot(`/dev/shm/${i}.heapsnapshot`);
    process.report.writeReport(`/tmp/${i}.json`);
  }
} catch (error) {
  said = error.code;
}
spawnSync(process.execPath, ['--cpu-prof', '--cpu-prof-dir=/tmp/profiles', '-e', '0'], { stdio: 'ignore' });
console.log(`OUTCOME: snapshots until: ${said}`);
