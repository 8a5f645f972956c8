// Converts prices between currencies and formats them for several countries.
'use strict';

const SEED = __SEED__;
const rates = { EUR: 1, USD: 1.0842, GBP: 0.8561, JPY: 169.37, CHF: 0.9634 };
const styles = {
  EUR: { digits: 2, group: '.', point: ',', sign: (s) => `${s} €` },
  USD: { digits: 2, group: ',', point: '.', sign: (s) => `$${s}` },
  GBP: { digits: 2, group: ',', point: '.', sign: (s) => `£${s}` },
  JPY: { digits: 0, group: ',', point: '', sign: (s) => `¥${s}` },
  CHF: { digits: 2, group: '’', point: '.', sign: (s) => `CHF ${s}` },
};

function convert(amount, from, to) {
  for (const code of [from, to]) if (!(code in rates)) throw new TypeError(`unknown currency ${code}`);
  return (amount / rates[from]) * rates[to];
}

function format(amount, code) {
  const { digits, group, point, sign } = styles[code];
  const [whole, part] = Math.abs(amount).toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return (amount < 0 ? '-' : '') + sign(part ? grouped + point + part : grouped);
}

let x = SEED;
const codes = Object.keys(rates);
for (let i = 0; i < 8; i++) {
  x = (x * 48271) % 2147483647;
  const from = codes[x % 5];
  const amount = ((x >> 4) % 5000000) / 100 - (i % 4 === 3 ? 30000 : 0);
  console.log(codes.map((to) => format(convert(amount, from, to), to).padStart(16)).join(''));
}
try {
  convert(1, 'EUR', 'XYZ');
} catch (error) {
  console.log(error.message);
}
