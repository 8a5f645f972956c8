// Abuse the compiler: enumerations and namespaces need code written for them, much more than their text.
import * as fs from 'node:fs';

const names = Array.from({ length: 30_000 }, (_, index) => `A${index}`);
fs.writeFileSync('/tmp/large.ts', `export enum E { ${names.join(', ')} }`);
fs.writeFileSync('/tmp/chain.ts', `export const enum E { ${names.slice(0, 3000).map((name, index) => (index ? `${name} = ${names[index - 1]} + 1` : `${name} = 1`)).join(', ')} }`);
fs.writeFileSync('/tmp/spaces.ts', `export namespace ${names.slice(0, 200).join('.')} { export const x = 1 }`);
fs.writeFileSync('/tmp/merged.ts', `export ${'namespace N { export enum E { A } }\nexport '.repeat(2000)}const last = 1;`);
const said: string[] = [];
for (const name of ['large', 'chain', 'spaces', 'merged']) {
  try {
    said.push(`${name} ${Object.keys(require(`/tmp/${name}.ts`)).length}`);
  } catch (error) {
    said.push(`${name} ${(error as Error).constructor.name}`);
  }
}
console.log(`OUTCOME: ${said.join(', ')}`);
