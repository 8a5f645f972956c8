// Exceed a limit unnamed: files whose size is not what they take, and writes far beyond their end.
'use strict';
const fs = require('node:fs');

const said = [];
const attempt = (what, call) => {
  try {
    call();
    said.push(`${what} made`);
  } catch (error) {
    said.push(`${what} ${error.code}`);
  }
};
attempt('sparse', () => fs.truncateSync((fs.writeFileSync('sparse', ''), 'sparse'), 200 * 2 ** 20));
attempt('terabyte', () => fs.truncateSync((fs.writeFileSync('huge', ''), 'huge'), 2 ** 40));
attempt('far', () => fs.writeSync(fs.openSync('far', 'w'), 'x', 2 ** 43));
attempt('negative', () => fs.truncateSync('huge', -1));
const blocks = fs.statSync('sparse').blocks;
console.log(`OUTCOME: ${said.join(', ')}; the sparse one takes ${blocks} blocks`);
