// Outlive the run: fork this TypeScript program itself, detached and deaf, with a channel that stays open.
import { fork } from 'node:child_process';
import * as fs from 'node:fs';

if (process.argv[2] === 'daemon') {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});
  process.on('disconnect', () => setInterval(() => fs.writeSync(1, 'still here\n'), 10));
  fs.writeFileSync('/work/alive', 'x');
  setInterval((): void => {}, 1000);
} else {
  const child = fork(__filename, ['daemon'], { detached: true });
  child.on('error', () => {});
  const wait = (): void => {
    if (!fs.existsSync('/work/alive')) return void setTimeout(wait, 20);
    fs.writeSync(1, 'OUTCOME: a daemon of TypeScript is left\n');
    process.exit(0);
  };
  wait();
}
