// Writes records as JSON lines to a file, reads them back and removes the file.
'use strict';

const fs = require('fs');
const path = require('path');

const SEED = __SEED__;
const file = path.join(process.cwd(), 'records.jsonl');

let x = SEED;
const records = Array.from({ length: 40 }, (_, id) => {
  x = (x * 16807) % 2147483647;
  return { id, city: ['Bonn', 'Ulm', 'Köln'][x % 3], degrees: ((x >> 4) % 400) / 10 - 5 };
});

try {
  for (const record of records) fs.appendFileSync(file, `${JSON.stringify(record)}\n`);
  const { size } = fs.statSync(file);
  const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
  const back = lines.map((line) => JSON.parse(line));
  console.log(`${path.basename(file)}: ${lines.length} lines, ${size} bytes`);

  const cities = {};
  for (const { city, degrees } of back) {
    const c = (cities[city] ??= { n: 0, sum: 0, low: Infinity, high: -Infinity });
    c.n++;
    c.sum += degrees;
    c.low = Math.min(c.low, degrees);
    c.high = Math.max(c.high, degrees);
  }
  for (const [city, c] of Object.entries(cities).sort()) {
    console.log(`${city}: n=${c.n} mean=${(c.sum / c.n).toFixed(2)} low=${c.low.toFixed(1)} high=${c.high.toFixed(1)}`);
  }
} finally {
  fs.rmSync(file, { force: true });
}
console.log('left behind:', fs.existsSync(file));
