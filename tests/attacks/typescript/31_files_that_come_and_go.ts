// Exceed a limit unnamed: fill the scratch by names, by deleted files that stay open, and by directories of threads.
import * as fs from 'node:fs';

const open: number[] = [];
let said = '';
try {
  for (let i = 0; i < 200; i++) {
    const file = fs.openSync(`/tmp/${i}`, 'w+');
    fs.unlinkSync(`/tmp/${i}`);
    open.push(file);
    fs.writeSync(file, Buffer.alloc(65_536, 1));
  }
} catch (error) {
  said = (error as { code: string }).code;
}
const size = open.reduce((sum, file) => sum + fs.fstatSync(file).blocks * 512, 0);
// The program ends only after the supervisor has looked.
setTimeout(() => console.log(`OUTCOME: ${said} with ${size} bytes in files without a name`), 100);
