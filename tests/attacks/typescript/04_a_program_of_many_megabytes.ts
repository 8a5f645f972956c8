// Exceed a limit unnamed: the compiler's own memory, which is WebAssembly's and not the heap's.
import * as fs from 'node:fs';

console.log('OUTCOME: one line of many megabytes');
for (let size = 1; ; size *= 2) {
  fs.writeFileSync('/tmp/line.ts', `let x: any = [${'{ a: 1 as any },'.repeat(size * 65_536)}];`);
  try {
    require('/tmp/line.ts');
  } catch {}
  delete require.cache['/tmp/line.ts'];
}
