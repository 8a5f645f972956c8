// Read another run's data: what compilers and tools keep for the next time, looked for and left behind.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const PLACES = [os.homedir(), os.tmpdir(), '/dev/shm', '/usr/lib/ringfence', '/usr/lib/ringfence/amaro', '/'];
const NAMES = ['.swc', 'node-compile-cache', '.tsbuildinfo', '.node_repl_history', 'v8-compile-cache', '.cache', '.npm', '.ringfence'];
const found: string[] = [];
const left: string[] = [];
for (const place of PLACES) {
  for (const name of NAMES) {
    const file = path.join(place, name);
    if (fs.existsSync(file)) found.push(file);
    try {
      fs.writeFileSync(file, `by ${process.argv[2]}`);
      left.push(file);
    } catch {}
  }
}
const age = (Date.now() - fs.statSync('/work').birthtimeMs) / 1000;
setTimeout(() => console.log(`OUTCOME: of another run found: [${found}], left ${left.length > 0}, place is new: ${age < 3600}`), 700);
