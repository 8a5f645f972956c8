// Abuse the compiler: expressions nested so deeply that a recursive parser has no stack left.
import * as fs from 'node:fs';

const DEEP = 50_000;
const kinds: Record<string, string> = {
  parentheses: `let x: any = ${'('.repeat(DEEP)}1${')'.repeat(DEEP)};`,
  arrays: `let x: any = ${'['.repeat(DEEP)}${']'.repeat(DEEP)};`,
  templates: `let x: any = ${'`${'.repeat(DEEP)}1${'}`'.repeat(DEEP)};`,
  arrows: `let x: any = ${'(a: any) => '.repeat(DEEP)}1;`,
  sums: `let x: any = ${'1 + '.repeat(DEEP)}1;`,
  calls: `let x: any = ${'f<T>('.repeat(DEEP)}1${')'.repeat(DEEP)};`,
  blocks: `${'{'.repeat(DEEP)}let x: any;${'}'.repeat(DEEP)}`,
  casts: `let x = ${'<any>'.repeat(DEEP)}1;`,
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
console.log(`OUTCOME: ${ended.length} of ${Object.keys(kinds).length} came back: ${[...new Set(ended)]}`);
