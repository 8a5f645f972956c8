// Kernel surface: become another user, by calls, by children and by set-user-id copies.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

const got = [];
for (const [name, value] of [['setuid', 0], ['setgid', 0], ['seteuid', 0], ['setegid', 0], ['setgroups', [0]], ['initgroups', ['root', 0]]]) {
  try {
    process[name](...(name === 'initgroups' ? value : [value]));
    got.push(name);
  } catch {}
}
for (const ids of [{ uid: 0 }, { gid: 0 }]) {
  if (!spawnSync('/usr/bin/id', ['-u'], ids).error) got.push(JSON.stringify(ids));
}
fs.copyFileSync('/usr/bin/id', '/tmp/id');
fs.chmodSync('/tmp/id', 0o6755);
const copy = spawnSync('/tmp/id', ['-u'], { encoding: 'utf8' }).stdout.trim();
const capabilities = /CapEff:\s+(\w+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
console.log(`OUTCOME: got: [${got}] a set-user-id program is ${copy}, capabilities ${capabilities}`);
