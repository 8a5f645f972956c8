// Read a host file: call the compiler with names and settings that a compiler on the host would follow.
const compiler = require('/usr/lib/ringfence/amaro/internal.js');

const said: string[] = [];
for (const settings of [
  { filename: '/etc/shadow' },
  { filename: '/proc/1/environ', sourceMap: true, mode: 'transform', inputSourceMap: 'file:///etc/shadow' },
  { filename: '\u0000', mode: 'transform', plugins: [['/work/x.wasm', {}]], swcrc: true, configFile: '/etc/shadow', root: '/' },
  { mode: 'transform', transform: { jsx: true, plugin: '/etc/shadow' }, sourceMap: 'inline', sourceRoot: 'file:///etc' },
]) {
  for (const text of ['enum E { A }', '//# sourceMappingURL=/etc/shadow\nenum E { A }', 'let x: = 1']) {
    try {
      said.push(JSON.stringify(compiler.transformSync(text, settings)));
    } catch (error) {
      said.push(JSON.stringify(error) + String(error));
    }
  }
}
console.log(`OUTCOME: asked ${said.length} times, secrets: ${/root:[*x!$]|RINGFENCE/.test(said.join())}`);
