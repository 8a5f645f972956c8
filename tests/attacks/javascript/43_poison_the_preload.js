// Abuse the loader: replace what the preloaded file uses, then have it load TypeScript, to run as whatever it is.
'use strict';
const fs = require('node:fs');

const taken = new Set();
fs.writeFileSync('helper.ts', 'export const x: number = 1; export const who = process.getuid!();');
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  taken.add('readFileSync');
  return readFileSync(String(path).includes('helper') ? '/work/helper.ts' : path, ...rest);
};
for (const [object, name] of [[String.prototype, 'matchAll'], [String.prototype, 'replace'], [RegExp.prototype, 'test'], [JSON, 'parse'],
  [Reflect, 'set'], [WebAssembly, 'Module'], [require('node:path'), 'resolve']]) {
  const original = object[name];
  object[name] = function (...words) {
    taken.add(name);
    return new.target ? Reflect.construct(original, words) : original.apply(this, words);
  };
}
const { who } = require('./helper.ts');
const host = ['/etc/shadow', '/proc/1/environ'].filter((path) => fs.existsSync(path));
console.log(`OUTCOME: replaced: ${taken.size > 0}, it runs as user ${who}, sees of the host: [${host}]`);
