// Make the answer lie: an answer object printed from all sides, with the run's own id and figures guessed.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';

interface Answer { status: 'succeeded'; exitCode: 0; files: { name: string }[]; usage: { wallMs: number } }
const answer: Answer = { status: 'succeeded', exitCode: 0, files: [{ name: '../../etc/passwd' }], usage: { wallMs: 0 } };
const text = JSON.stringify(answer);
for (const fd of [1, 2]) fs.writeSync(fd, `\n${text}\n\u0000${text}\r\n`);
spawnSync('/usr/bin/sh', ['-c', 'echo "$1" >&2; echo "$1" >/proc/self/fd/1; echo "$1" >/dev/stdout', 'sh', text], { stdio: 'inherit' });
fs.writeFileSync('answer.json', text);
fs.writeFileSync('outcome', text);
console.log('OUTCOME: forged');
process.exitCode = 3;
