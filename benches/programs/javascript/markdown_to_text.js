// Turns a small subset of Markdown into plain text with numbered headings.
'use strict';

const { EOL } = require('os');
const { format } = require('util');

const SEED = __SEED__;

function makeMarkdown(seed) {
  let x = seed;
  const next = (n) => (x = (x * 48271) % 2147483647) % n;
  const words = ['stock', '**offer**', 'order', '_late_', '`sku-7`', 'invoice', '[terms](https://example.com/terms)'];
  const out = [];
  for (let i = 0; i < 4; i++) {
    out.push(`${'#'.repeat(i ? 1 + next(2) : 1)} Part about ${['sales', 'costs', 'people'][next(3)]}`);
    for (let k = 0; k <= next(3); k++) out.push(`- ${Array.from({ length: 3 + next(4) }, () => words[next(words.length)]).join(' ')}`);
  }
  return out.join('\n');
}

function toText(markdown) {
  const numbers = [0, 0];
  const links = [];
  const inline = (text) => text
    .replace(/\*\*(.+?)\*\*/g, (_, bold) => bold.toUpperCase())
    .replace(/_(.+?)_/g, '/$1/')
    .replace(/`(.+?)`/g, "'$1'")
    .replace(/\[(.+?)\]\((.+?)\)/g, (_, label, url) => format('%s[%d]', label, links.push(url)));
  const lines = markdown.split('\n').map((line) => {
    const heading = /^(#+) (.*)$/.exec(line);
    if (!heading) return line.startsWith('- ') ? `   * ${inline(line.slice(2))}` : inline(line);
    const level = heading[1].length;
    numbers[level - 1]++;
    numbers.fill(0, level);
    return `${numbers.slice(0, level).join('.')} ${inline(heading[2])}`;
  });
  return { lines, links };
}

const { lines, links } = toText(makeMarkdown(SEED));
process.stdout.write(lines.join(EOL) + EOL);
console.log(`${links.length} links, ${new Set(links).size} different; ${lines.join(' ').length} characters`);
