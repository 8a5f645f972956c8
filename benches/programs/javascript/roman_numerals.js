// Converts numbers to Roman numerals and back, and checks that malformed ones are refused.
'use strict';

const SEED = __SEED__;
const table = [
  [1000, 'M'], [900, 'CM'], [500, 'D'], [400, 'CD'], [100, 'C'], [90, 'XC'],
  [50, 'L'], [40, 'XL'], [10, 'X'], [9, 'IX'], [5, 'V'], [4, 'IV'], [1, 'I'],
];

function toRoman(n) {
  let result = '';
  for (const [value, letters] of table) {
    while (n >= value) {
      result += letters;
      n -= value;
    }
  }
  return result;
}

function fromRoman(text) {
  let rest = text;
  let n = 0;
  for (const [value, letters] of table) {
    while (rest.startsWith(letters)) {
      n += value;
      rest = rest.slice(letters.length);
    }
  }
  if (rest !== '' || toRoman(n) !== text) throw new SyntaxError(`"${text}" is no Roman numeral`);
  return n;
}

let x = SEED;
for (let i = 0; i < 12; i++) {
  x = (x * 16807) % 2147483647;
  const n = (x % 3999) + 1;
  const roman = toRoman(n);
  console.log(`${String(n).padStart(4)} ${roman.padEnd(16)} ${fromRoman(roman) === n ? 'ok' : 'wrong'}`);
}
for (const bad of ['IIII', 'VX', 'ABC', 'MCMC']) {
  try {
    console.log(fromRoman(bad));
  } catch (error) {
    console.log(`${error.name}: ${error.message}`);
  }
}
