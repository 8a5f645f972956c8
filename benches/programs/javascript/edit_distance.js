// Finds the closest product name for misspelt words by edit distance.
'use strict';

const SEED = __SEED__;
const products = ['keyboard', 'monitor', 'printer', 'notebook', 'scanner', 'headset', 'projector', 'charger'];

let state = SEED;
function pick(n) {
  state = (state * 48271) % 2147483647;
  return state % n;
}

function misspell(word) {
  const letters = [...word];
  for (let i = 0; i < 2; i++) {
    const at = pick(letters.length);
    const kind = pick(3);
    const letter = String.fromCharCode(97 + pick(26));
    if (kind === 0) letters.splice(at, 1);
    else if (kind === 1) letters.splice(at, 0, letter);
    else letters[at] = letter;
  }
  return letters.join('');
}

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
  }
  return row[b.length];
}

let right = 0;
for (let i = 0; i < 15; i++) {
  const word = products[pick(products.length)];
  const typed = misspell(word);
  const [best] = products.map((p) => [distance(typed, p), p]).sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  if (best[1] === word) right++;
  console.log(`${typed.padEnd(12)} -> ${best[1].padEnd(10)} (${best[0]})`);
}
console.log(`${right} of 15 right`);
