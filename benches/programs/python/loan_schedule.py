# Prints the repayment schedule of an annuity loan, exact to the cent.
from decimal import ROUND_HALF_UP, Decimal, getcontext

SEED = __SEED__
getcontext().prec = 28
CENT = Decimal("0.01")

state = (SEED * 48271 + 7) % 2147483647
principal = Decimal(5000 + state % 200 * 100)
state = state * 48271 % 2147483647
yearly = Decimal(250 + state % 500) / 100
months = 24

rate = yearly / 1200
factor = (1 + rate) ** months
payment = (principal * rate * factor / (factor - 1)).quantize(CENT, ROUND_HALF_UP)

print(f"Loan {principal:,.2f} at {yearly}% over {months} months: {payment:,.2f} a month")
balance, paid_interest = principal, Decimal(0)
print(f"{'Month':>5} {'Interest':>9} {'Principal':>10} {'Balance':>11}")
for month in range(1, months + 1):
    interest = (balance * rate).quantize(CENT, ROUND_HALF_UP)
    part = payment - interest if month < months else balance
    balance -= part
    paid_interest += interest
    if month % 3 == 0 or month == 1:
        print(f"{month:>5} {interest:>9} {part:>10} {balance:>11}")
print(f"Interest in all: {paid_interest:,.2f}")
