// Reach a socket: Node's inspector listens on a port when asked, by function, signal, flag and variable.
'use strict';
const { spawnSync } = require('node:child_process');
const inspector = require('node:inspector');

const opened = [];
try {
  inspector.open(0, '127.0.0.1');
  if (inspector.url()) opened.push(inspector.url());
} catch (error) {
  opened.push(error.message);
}
process.kill(process.pid, 'SIGUSR1');
const { stderr } = spawnSync(process.execPath, ['--inspect=0.0.0.0:0', '-e', '0'], { encoding: 'utf8' });
if (/listening/.test(stderr)) opened.push(stderr);
const env = { NODE_OPTIONS: '--inspect-port=0 --inspect' };
if (/listening on/.test(spawnSync(process.execPath, ['-e', '0'], { env, encoding: 'utf8' }).stderr)) opened.push('variable');
// A session with itself is what is left of it.
const session = new inspector.Session();
session.connect();
session.post('Runtime.evaluate', { expression: '6 * 7' }, (_, { result }) => {
  setTimeout(() => {
    console.log(`OUTCOME: ports opened: [${opened}] url: ${inspector.url()} with itself: ${result.value}`);
    process.exit(0);
  }, 200);
});
