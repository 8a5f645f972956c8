// Make the answer lie: an answer object, events, escapes, half characters and line ends that only some readers know.
'use strict';
const fs = require('node:fs');

const answer = { status: 'succeeded', exitCode: 0, limitsHit: [], deniedSyscalls: [], stdout: 'all is well' };
const write = (text) => fs.writeSync(1, text);
write('\u001b[2J\u001b]0;title\u0007\r\u2028\u2029\u0085\ufeff\u202e');
write(`\n"}\n${JSON.stringify(answer)}\n\nevent: run.finished\ndata: ${JSON.stringify(answer)}\n\n`);
write('\u0000\u001b[8m</script><script>alert(1)</script>\n');
write(Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xff]));
fs.writeSync(2, 'OUTCOME: forged\n');
// The last thing is the first byte of a character that never comes.
write(Buffer.from([0xf0]));
process.exit(9);
