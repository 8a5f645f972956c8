// Read a host file: outputs that are links, or were files when they were looked at: changed by a forked copy of this.
import { fork } from 'node:child_process';
import * as fs from 'node:fs';

if (process.argv[2] === 'change') {
  for (;;) {
    try {
      fs.rmSync('chart.png', { force: true });
      fs.symlinkSync('/etc/shadow', 'chart.png');
      fs.renameSync('real', 'away');
      fs.symlinkSync('/', 'real');
      fs.rmSync('real');
      fs.renameSync('away', 'real');
      fs.rmSync('chart.png');
      fs.writeFileSync('chart.png', 'honest');
    } catch {}
  }
}
fs.mkdirSync('real');
fs.writeFileSync('real/inside.txt', 'honest');
fork(__filename, ['change'], { detached: true, stdio: 'ignore' }).unref();
setTimeout((): void => {
  console.log('OUTCOME: changing');
  process.exit(0);
}, 600);
