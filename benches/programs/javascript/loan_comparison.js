// Compares an annuity loan with one of equal principal payments.
'use strict';

const SEED = __SEED__;
const principal = 10000 + ((SEED * 7919) % 90) * 500;
const rate = (200 + ((SEED * 6151) % 450)) / 10000;
const years = 10;

function* annuity(amount, yearly, months) {
  const r = yearly / 12;
  const payment = (amount * r) / (1 - (1 + r) ** -months);
  for (let month = 1, balance = amount; month <= months; month++) {
    const interest = balance * r;
    balance -= payment - interest;
    yield { month, payment, interest, balance: Math.max(balance, 0) };
  }
}

function* equalPrincipal(amount, yearly, months) {
  const part = amount / months;
  for (let month = 1, balance = amount; month <= months; month++) {
    const interest = (balance * yearly) / 12;
    balance -= part;
    yield { month, payment: part + interest, interest, balance: Math.max(balance, 0) };
  }
}

console.log(`Loan ${principal} at ${(rate * 100).toFixed(2)}% over ${years} years`);
for (const plan of [annuity, equalPrincipal]) {
  let interest = 0;
  console.log(plan.name);
  for (const row of plan(principal, rate, years * 12)) {
    interest += row.interest;
    if (row.month % 24 === 0) {
      console.log(`  month ${String(row.month).padStart(3)}  pay ${row.payment.toFixed(2).padStart(8)}  left ${row.balance.toFixed(2).padStart(9)}`);
    }
  }
  console.log(`  interest in all ${interest.toFixed(2)}`);
}
