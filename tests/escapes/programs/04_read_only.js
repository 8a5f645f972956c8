// Why: what one run can change outside its scratch, the next one and the host would meet.
// Must: root, devices and the program's own text are read-only; /proc shows nothing of the kernel's settings.
// layers: readonly, landlock, credentials, user, proc
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

for (const directory of ['/', '/usr', '/etc', '/dev', '/job']) {
  try {
    const made = path.join(directory, 'made-by-the-guest');
    fs.writeFileSync(made, '', { flag: 'wx' });
    fs.unlinkSync(made);
    report(true, `write${directory}`, 'made a file');
  } catch (error) {
    report(false, `write${directory}`, error.code);
  }
}
try {
  fs.closeSync(fs.openSync('/job/main.js', 'a'));
  report(true, 'own_text', 'opened for writing');
} catch (error) {
  report(false, 'own_text', error.code);
}
const shown = ['/proc/sys', '/proc/kallsyms', '/proc/sysrq-trigger'].filter((name) => fs.existsSync(name));
report(shown.length > 0, 'kernel_settings', shown);
