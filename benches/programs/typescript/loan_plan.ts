// Plans a loan with extra payments and says what they save.
interface LoanTerms {
  readonly principal: number;
  readonly yearlyRate: number;
  readonly months: number;
}

interface Instalment {
  month: number;
  interest: number;
  repaid: number;
  balance: number;
}

type ExtraPayment = (month: number) => number;

const round = (value: number): number => Math.round(value * 100) / 100;

function payment({ principal, yearlyRate, months }: LoanTerms): number {
  const r = yearlyRate / 12;
  return round((principal * r) / (1 - (1 + r) ** -months));
}

function plan(terms: LoanTerms, extra: ExtraPayment = () => 0): Instalment[] {
  const monthly = payment(terms);
  const rows: Instalment[] = [];
  let balance = terms.principal;
  for (let month = 1; balance > 0 && month <= terms.months + 1; month++) {
    const interest = round((balance * terms.yearlyRate) / 12);
    const repaid = Math.min(balance, round(monthly - interest + extra(month)));
    balance = round(balance - repaid);
    rows.push({ month, interest, repaid, balance });
  }
  return rows;
}

const SEED: number = __SEED__;
const terms: LoanTerms = {
  principal: 8000 + ((SEED * 7919) % 120) * 100,
  yearlyRate: 0.02 + ((SEED * 104729) % 60) / 1000,
  months: 36,
};
const interest = (rows: Instalment[]): number => round(rows.reduce((sum, row) => sum + row.interest, 0));

console.log(`${terms.principal} at ${(terms.yearlyRate * 100).toFixed(1)}%: ${payment(terms).toFixed(2)} a month`);
const plain = plan(terms);
const faster = plan(terms, (month) => (month % 6 === 0 ? 500 : 0));
for (const row of faster.filter(({ month, balance }) => month % 4 === 0 || balance === 0)) {
  console.log(`${String(row.month).padStart(3)} ${row.interest.toFixed(2).padStart(8)} ${row.repaid.toFixed(2).padStart(9)} ${row.balance.toFixed(2).padStart(10)}`);
}
console.log(`plain: ${plain.length} months, interest ${interest(plain).toFixed(2)}`);
console.log(`with extra payments: ${faster.length} months, saves ${(interest(plain) - interest(faster)).toFixed(2)}`);
