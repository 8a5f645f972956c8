# Groups invoices by customer and prints totals, largest first.
from collections import defaultdict

SEED = __SEED__
CUSTOMERS = ["Acme Ltd", "Birch & Co", "Corner Cafe", "Delta Print", "Elm Dental"]


def numbers(seed):
    state = seed
    while True:
        state = (state * 1103515245 + 12345) % 2**31
        yield state >> 8


rng = numbers(SEED)
invoices = [
    {"no": 1000 + i, "customer": CUSTOMERS[next(rng) % 5], "cents": 500 + next(rng) % 90000}
    for i in range(60)
]

totals = defaultdict(lambda: [0, 0])
for invoice in invoices:
    entry = totals[invoice["customer"]]
    entry[0] += 1
    entry[1] += invoice["cents"]

print(f"{'Customer':<14}{'Count':>6}{'Total':>12}{'Mean':>10}")
for name, (count, cents) in sorted(totals.items(), key=lambda item: -item[1][1]):
    print(f"{name:<14}{count:>6}{cents / 100:>12,.2f}{cents / count / 100:>10.2f}")
print(f"{'All':<14}{len(invoices):>6}{sum(i['cents'] for i in invoices) / 100:>12,.2f}")
