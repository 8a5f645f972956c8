// Why: "done" must mean that nothing goes on, and must not come before Node's own shutdown.
// Must: timers and exit handlers still count; a daemon that holds the output neither delays the answer nor survives it.
// layers: pid, cgroup
'use strict';
const { spawn } = require('node:child_process');

const daemon = ['-c', 'sleep 2; echo late; sleep 60', process.argv[5]];
spawn('sh', daemon, { detached: true, stdio: 'inherit' }).unref();
process.on('exit', () => console.log('atexit'));
setTimeout(() => console.log('thread'), 200);
console.log('CONTAINED done: main has ended');
