// Abuse the loader: it looks for imports by a pattern; make the pattern try again at every space of a long text.
import * as fs from 'node:fs';

console.log('OUTCOME: a long look for imports');
for (let size = 10_000; ; size *= 2) {
  fs.writeFileSync('/tmp/spaces.ts', `const x: number = 1;\n/*\nimport a${' '.repeat(size)}b\n${'import '.repeat(size)}\n*/\n`);
  require('/tmp/spaces.ts');
  delete require.cache['/tmp/spaces.ts'];
}
