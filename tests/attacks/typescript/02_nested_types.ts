// Abuse the compiler: types nested so deeply that a recursive parser has no stack left.
import * as fs from 'node:fs';

const DEEP = 50_000;
const kinds: Record<string, string> = {
  generics: `let x: ${'Array<'.repeat(DEEP)}1${'>'.repeat(DEEP)};`,
  conditions: `type X = ${'1 extends 1 ? '.repeat(DEEP)}1${' : 2'.repeat(DEEP)};`,
  arrays: `let x: any${'[]'.repeat(DEEP)};`,
  tuples: `let x: ${'['.repeat(DEEP)}${']'.repeat(DEEP)};`,
  objects: `let x: ${'{ a: '.repeat(DEEP)}1${' }'.repeat(DEEP)};`,
  functions: `let x: ${'(a: '.repeat(DEEP)}1${') => 1'.repeat(DEEP)};`,
  templates: `type X = ${'`${'.repeat(DEEP)}1${'}`'.repeat(DEEP)};`,
  unions: `type X = ${'1 | '.repeat(DEEP)}1;`,
  keys: `type X = ${'keyof '.repeat(DEEP)}1;`,
};
const ended: string[] = [];
for (const [kind, text] of Object.entries(kinds)) {
  fs.writeFileSync(`/tmp/${kind}.ts`, text);
  try {
    require(`/tmp/${kind}.ts`);
    ended.push(`${kind} compiled`);
  } catch (error) {
    ended.push((error as Error).constructor.name);
  }
}
console.log(`OUTCOME: ${ended.length} of ${Object.keys(kinds).length} came back`);
