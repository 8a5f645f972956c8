// Hurt the supervisor: refused calls of two kinds from child processes that are killed while they wait for the answer.
import { spawn } from 'node:child_process';

const code = `const net = require('node:net'); const fs = require('node:fs');
  setInterval(() => { for (let i = 0; i < 30; i++) { net.connect(1, '127.0.0.1').on('error', () => {}); try { fs.watch('/work') } catch {} }
    process.stdout.write('.') }, 1)`;
let pieces = 0;
let killed = 0;
const start = (): void => {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
  // Killed after its first hundred calls, in the midst of the next.
  child.stdout.on('data', (data: Buffer): void => {
    pieces += data.length;
    if (pieces < 12) setTimeout(() => child.kill('SIGKILL'), 1);
    else process.exit(0);
  });
  child.on('exit', (): void => {
    killed += 1;
    start();
  });
};
process.on('exit', (): void => console.log(`OUTCOME: killed while they call: ${killed > 2}`));
start();
start();
