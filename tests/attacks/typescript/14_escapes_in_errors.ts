// Make the answer lie: an error of syntax quotes the line, with escapes, a forged place and a forged answer in it.
import * as fs from 'node:fs';

const line = `let x: /*\u001b[2J\u001b[1A\u202e {"status":"succeeded","exitCode":0} /work/main.ts:1 */ = 1;`;
fs.writeFileSync('helper.ts', line);
process.on('exit', () => fs.writeSync(2, 'OUTCOME: quoted\n'));
require('./helper.ts');
