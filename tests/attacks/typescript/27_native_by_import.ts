// Abuse the loader: native code by the syntax of TypeScript: import =, and a program whose bytes an enumeration holds.
import fs = require('node:fs');
import child = require('node:child_process');

/** Asks for new namespaces by number, then ends with the result as exit code. */
enum Code {
  Head =
    '7f454c4602010100000000000000000002003e0001000000780040000000000040000000000000000000000000000000' +
    '0000000040003800010000000000000001000000050000000000000000000000000040000000000000004000000000008f00' +
    '0000000000008f000000000000000010000000000000',
  Unshare = 'b810010000bf000002100f05',
  Exit = 'f7d889c7b83c0000000f05',
}
fs.writeFileSync('/tmp/unshare', Buffer.from(Code.Head + Code.Unshare + Code.Exit, 'hex'), { mode: 0o755 });
const { status, signal } = child.spawnSync('/tmp/unshare');
let addon = '';
try {
  import_addon();
} catch (error) {
  addon = (error as { code: string }).code;
}
function import_addon(): unknown {
  fs.copyFileSync('/tmp/unshare', '/work/addon.node');
  return require('./addon.node');
}
console.log(`OUTCOME: the call's error is ${status} ${signal}, the addon: ${addon}`);
