// Puts the TypeScript compiler where a jail finds it: node bake.cjs PACKAGE TARGET.
//
// The package holds its WebAssembly as base64 within three megabytes of JavaScript, which costs every start
// more than compiling it does. Here it becomes a file.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const [from, to] = process.argv.slice(2);
const code = fs.readFileSync(path.join(from, 'dist/internal.js'), 'utf8');
const embedded = /\bBuffer2\.from\("([A-Za-z0-9+/=]+)", "base64"\)/.exec(code);
assert(embedded, 'the package holds no WebAssembly where it is expected');

const [expression, base64] = embedded;
const file = "require('node:fs').readFileSync(`${__dirname}/compiler.wasm`)";
fs.mkdirSync(to, { recursive: true });
fs.writeFileSync(path.join(to, 'compiler.wasm'), Buffer.from(base64, 'base64'));
fs.writeFileSync(path.join(to, 'internal.js'), code.replace(expression, () => file));
for (const [licence, name] of [['LICENSE.md', 'LICENSE'], ['dist/LICENSE', 'LICENSE.swc']]) {
  fs.copyFileSync(path.join(from, licence), path.join(to, name));
}

const { transformSync } = require(path.resolve(to, 'internal.js'));
assert.strictEqual(transformSync('let x: number = 1', {}).code, 'let x         = 1');
assert.match(transformSync('enum E { A }', { mode: 'transform', sourceMap: true }).code, /E\["A"\] = 0/);
