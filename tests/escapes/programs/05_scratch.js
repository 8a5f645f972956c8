// Why: a scratch without a bound would take the host's memory and inodes.
// Must: with 1 MiB and 64 inodes allowed, neither 2 MiB nor 100 files fit in all its directories together.
// layers: scratch
'use strict';
const fs = require('node:fs');

const DIRECTORIES = ['/work', '/tmp', '/dev/shm'];

const report = (escaped, name, detail) => console.log(escaped ? 'ESCAPED' : 'CONTAINED', `${name}: ${detail}`);

const attempt = (name, step, count) => {
  try {
    for (let index = 0; index < count; index += 1) {
      step(index, DIRECTORIES[index % 3]);
    }
    report(true, name, `${count} fit`);
  } catch (error) {
    report(false, name, error.code);
  }
};

attempt('bytes', (_, directory) => fs.appendFileSync(`${directory}/pages`, 'x'.repeat(4096)), 512);
DIRECTORIES.forEach((directory) => fs.rmSync(`${directory}/pages`, { force: true }));
attempt('inodes', (index, directory) => fs.mkdirSync(`${directory}/${index}`), 100);
