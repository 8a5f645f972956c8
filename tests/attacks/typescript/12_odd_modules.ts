// Abuse the loader: modules that are directories, links in circles, descriptors, empty, and each other.
import * as fs from 'node:fs';

fs.mkdirSync('directory.ts');
fs.symlinkSync('circle.ts', 'circle.ts');
fs.symlinkSync('/dev/null', 'nothing.ts');
fs.symlinkSync('/proc/self/fd/0', 'input.ts');
fs.symlinkSync('/proc/self/maps', 'maps.ts');
fs.symlinkSync('/dev/full', 'closed.mts');
fs.writeFileSync('a.ts', 'export const b: any = require("./b.ts"); export const a: number = 1;');
fs.writeFileSync('b.ts', 'export const a: any = require("./a.ts"); export const b: number = 1;');
fs.writeFileSync('forbidden.ts', 'export const a: number = 1;', { mode: 0 });
const said: string[] = [];
for (const name of ['directory', 'circle', 'nothing', 'input', 'maps', 'a', 'forbidden']) {
  try {
    require(`./${name}.ts`);
    said.push(`${name} is one`);
  } catch (error) {
    said.push(`${name} ${(error as { code?: string }).code ?? (error as Error).constructor.name}`);
  }
}
console.log(`OUTCOME: ${said.join(', ')}`);
