// Keeps bank accounts with typed transactions, limits and yearly interest.
enum TransactionKind {
  Deposit,
  Withdrawal,
  Interest,
}

interface Transaction {
  kind: TransactionKind;
  cents: number;
  day: number;
}

class InsufficientFunds extends Error {
  constructor(readonly missing: number) {
    super(`${(missing / 100).toFixed(2)} missing`);
  }
}

class Account {
  readonly #transactions: Transaction[] = [];
  constructor(readonly owner: string, private readonly overdraft: number = 0) {}

  get balance(): number {
    return this.#transactions.reduce((sum, { kind, cents }) => sum + (kind === TransactionKind.Withdrawal ? -cents : cents), 0);
  }

  book(kind: TransactionKind, cents: number, day: number): void {
    if (kind === TransactionKind.Withdrawal) {
      const missing = cents - this.balance - this.overdraft;
      if (missing > 0) throw new InsufficientFunds(missing);
    }
    this.#transactions.push({ kind, cents, day });
  }

  statement(): string {
    const sums = this.#transactions.reduce((all, { kind, cents }) => all.set(kind, (all.get(kind) ?? 0) + cents), new Map<TransactionKind, number>());
    const parts = [...sums].sort(([a], [b]) => a - b).map(([kind, cents]) => `${TransactionKind[kind]} ${(cents / 100).toFixed(2)}`);
    return `${this.owner.padEnd(5)} ${(this.balance / 100).toFixed(2).padStart(9)}  ${parts.join(", ")}`;
  }
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 16807) % 2147483647) % n;
const accounts = [new Account("Anna"), new Account("Bela", 50_000), new Account("Chen")];
for (let day = 1; day <= 60; day++) {
  const account = accounts[next(accounts.length)];
  const kind = next(5) < 2 ? TransactionKind.Deposit : TransactionKind.Withdrawal;
  try {
    account.book(kind, 500 + next(40_000), day);
  } catch (error) {
    if (!(error instanceof InsufficientFunds)) throw error;
    if (day > 40) console.log(`day ${day}: ${account.owner}, ${error.message}`);
  }
}
for (const account of accounts) if (account.balance > 0) account.book(TransactionKind.Interest, Math.round(account.balance * 0.015), 61);
accounts.forEach((account) => console.log(account.statement()));
