// Parses CSV with quoted fields and sums amounts per category.
'use strict';

const SEED = __SEED__;

function makeCsv(seed) {
  const lines = ['id,category,note,amount'];
  let x = seed;
  for (let i = 1; i <= 50; i++) {
    x = (x * 16807) % 2147483647;
    const category = ['Travel', 'Food', '"Office, small"', 'Rent'][x % 4];
    const note = x % 3 === 0 ? '"said ""ok"""' : `note ${x % 50}`;
    lines.push(`${i},${category},${note},${(x % 30000) / 100}`);
  }
  return lines.join('\r\n');
}

function parseCsv(text) {
  const rows = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy;
  let match;
  while ((match = pattern.exec(text))) {
    rows.at(-1).push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2]);
    if (match[3] === '') break;
    if (match[3] !== ',') rows.push([]);
  }
  const [header, ...body] = rows;
  return body.map((row) => Object.fromEntries(row.map((value, i) => [header[i], value])));
}

const records = parseCsv(makeCsv(SEED));
const sums = {};
for (const { category, amount } of records) sums[category] = (sums[category] ?? 0) + Number(amount);
console.log(`${records.length} records`);
for (const category of Object.keys(sums).sort()) {
  console.log(`${category.padEnd(14)} ${sums[category].toFixed(2).padStart(9)}`);
}
console.log('quoted notes:', records.filter((r) => r.note.includes('"')).length, records.find((r) => r.note.includes('"'))?.note);
