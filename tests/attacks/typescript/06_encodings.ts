// Abuse the compiler: bytes that are no text, line ends that one counts and another does not, marks, ends of strings.
import * as fs from 'node:fs';

const texts: Record<string, Buffer> = {
  returns: Buffer.from('const a: number = 1;\r\rconst b: = 2;'),
  separators: Buffer.from('// a\u2028const b: = 2;\u2029 let c: = 3'),
  mark: Buffer.from('\ufeff\ufeffconst b: = 2;'),
  utf16: Buffer.from('\ufeffconst b: = 2;', 'utf16le'),
  invalid: Buffer.from([0x6c, 0x65, 0x74, 0x20, 0xff, 0xfe, 0xc0, 0x80, 0x3d, 0x31]),
  surrogates: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x3d]),
  zero: Buffer.from('const a\0: number = 1'),
  string: Buffer.from('let a: string = "'),
  template: Buffer.from('let a: string = `${`${'),
  comment: Buffer.from('let a: string; /* '),
  expression: Buffer.from('let a: RegExp = /[/'),
  empty: Buffer.alloc(0),
  last: Buffer.from('const a: number = 1;\r\n\r\r\n\u2028\r}'),
};
const strange: string[] = [];
for (const [name, text] of Object.entries(texts)) {
  fs.writeFileSync(`/tmp/${name}.ts`, text);
  try {
    require(`/tmp/${name}.ts`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) strange.push(`${name}: ${(error as Error).message}`);
  }
}
console.log(`OUTCOME: not told as errors of syntax: [${strange}]`);
