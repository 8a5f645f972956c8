// Exceed a limit unnamed: raise the engine's own limits while it runs, by flag, variable and heap callback.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const v8 = require('node:v8');

v8.setFlagsFromString('--max-old-space-size=65536');
v8.setFlagsFromString('--semi-space-growth-factor=100');
v8.setHeapSnapshotNearHeapLimit(3);
fs.writeSync(1, 'OUTCOME: a heap of 64 GiB\n');
const grow = 'const all = []; for (;;) all.push(new Array(1e5).fill(all.length))';
const env = { NODE_OPTIONS: '--max-old-space-size=65536 --max-semi-space-size=1024' };
spawn(process.execPath, ['-e', grow], { env, stdio: 'ignore' });
new Function(grow)();
