// Abuse the compiler: syntax that it reads as one thing, gives up, and reads as another, at every level anew.
import * as fs from 'node:fs';

const kinds: ((deep: number) => string)[] = [
  (deep) => `let x: any = ${'a ? (b) : '.repeat(deep)}1`,
  (deep) => `let x: any = ${'a ? (b) => ('.repeat(deep)}1${') : 1'.repeat(deep)}`,
  (deep) => `let x: any = ${'(a = '.repeat(deep)}1${')'.repeat(deep)}`,
  (deep) => `let x: any = ${'async <T>('.repeat(deep)}1${')'.repeat(deep)}`,
  (deep) => `let x: any = ${'a < (b > ('.repeat(deep)}1${'))'.repeat(deep)}`,
  (deep) => `let x: any = ${'((a: {b: '.repeat(deep)}1${'}) => 1)'.repeat(deep)}`,
];
console.log('OUTCOME: trying again and again');
for (let deep = 4; ; deep += 2) {
  for (const kind of kinds) {
    fs.writeFileSync(`/tmp/again${deep}.ts`, kind(deep));
    try {
      require(`/tmp/again${deep}.ts`);
    } catch {}
    delete require.cache[`/tmp/again${deep}.ts`];
  }
}
