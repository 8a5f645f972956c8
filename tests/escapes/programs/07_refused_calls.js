// Why: JavaScript has no raw system calls, but it can start a program that makes them.
// Must: each is refused with an errno, by x86-64, x32 and i386 numbers alike, and the answer names them.
// layers: seccomp, credentials, user, no_new_privs, landlock
'use strict';
require('node:fs').chmodSync('probe', 0o755);
require('node:child_process').spawnSync('./probe', { stdio: 'inherit' });
