// Totals invoices with VAT by customer and prints them as an aligned table.
'use strict';

const SEED = __SEED__;
const customers = ['Acme', 'Birch', 'Corner Cafe', 'Delta'];
const vatRates = [0, 0.07, 0.19];

function lcg(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

const next = lcg(SEED);
const invoices = Array.from({ length: 40 }, (_, i) => ({
  no: 2000 + i,
  customer: customers[next() % customers.length],
  net: (next() % 80000) + 500,
  vat: vatRates[next() % 3],
}));

const totals = new Map();
for (const { customer, net, vat } of invoices) {
  const sum = totals.get(customer) ?? { count: 0, net: 0, vat: 0 };
  sum.count += 1;
  sum.net += net;
  sum.vat += Math.round(net * vat);
  totals.set(customer, sum);
}

const money = (cents) => (cents / 100).toFixed(2).padStart(11);
console.log('Customer'.padEnd(12), 'Count', 'Net'.padStart(11), 'VAT'.padStart(11), 'Gross'.padStart(11));
for (const [name, s] of [...totals].sort((a, b) => b[1].net - a[1].net)) {
  console.log(name.padEnd(12), String(s.count).padStart(5), money(s.net), money(s.vat), money(s.net + s.vat));
}
