// Why: a limit for each process would be no limit for a program that starts others.
// Must: three children that burn 300 ms of processor time each do not end when 500 ms are allowed.
// layers: cgroup, rlimits
'use strict';
const { spawn } = require('node:child_process');

console.log('CONTAINED cpu: begun');
const burn = 'while (process.cpuUsage().user < 300000);';
const children = [1, 2, 3].map(() => spawn(process.execPath, ['-e', burn]));
Promise.all(children.map((child) => new Promise((resolve) => child.on('exit', resolve)))).then(() => {
  console.log('ESCAPED cpu: 900 ms of processor time used');
});
