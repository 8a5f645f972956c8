// Reads application log lines with a regular expression and reports slow and failing endpoints.
'use strict';

const SEED = __SEED__;
const pattern = /^\[(\d\d:\d\d:\d\d)\] (?<level>INFO|WARN|ERROR) (?<verb>\w+) (?<path>\/\S*) took (?<ms>\d+)ms$/;

function* logLines(seed, count) {
  let x = seed;
  for (let i = 0; i < count; i++) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    const r = x >> 8;
    const time = [i / 60, i % 60, r % 60].map((n) => String(Math.floor(n)).padStart(2, '0')).join(':');
    const path = ['/orders', '/orders/7', '/login', '/report', '/health'][r % 5];
    yield r % 23 === 0 ? '  at stack frame' : `[${time}] ${['INFO', 'INFO', 'WARN', 'ERROR'][(r >> 4) % 4]} GET ${path} took ${(r >> 3) % 900}ms`;
  }
}

const endpoints = new Map();
let ignored = 0;
for (const line of logLines(SEED, 150)) {
  const match = pattern.exec(line);
  if (!match) {
    ignored++;
    continue;
  }
  const { level, path, ms } = match.groups;
  const entry = endpoints.get(path) ?? { times: [], errors: 0 };
  entry.times.push(Number(ms));
  if (level === 'ERROR') entry.errors++;
  endpoints.set(path, entry);
}

for (const [path, { times, errors }] of [...endpoints].sort()) {
  times.sort((a, b) => a - b);
  const p = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))];
  console.log(`${path.padEnd(10)} n=${times.length} p50=${p(0.5)} p95=${p(0.95)} errors=${errors}`);
}
console.log(`${ignored} lines ignored`);
