# Closed formulas where there are short ones, numpy_financial or a root otherwise.
import numpy_financial as npf
from scipy.optimize import brentq


def npv(rate, flows):
    return sum(flow / (1 + rate) ** i for i, flow in enumerate(flows))


def dated(rate, flows):
    first = pd.Timestamp(flows[0][1])
    return sum(amount / (1 + rate) ** ((pd.Timestamp(day) - first).days / 365) for amount, day in flows)


def payment(amount, yearly, months):
    i = yearly / 12
    return amount * i / (1 - (1 + i) ** -months)


expect["npv-outlay"] = number(npv(0.10, [-10000, 3000, 4200, 6800]))
expect["npv-list"] = number(npv(0.075, [-25000, 8000, 9500, 11000, 7200]))
expect["npv-end-of-year"] = number(npv(0.09, [0, 1000, 2000, 3000]))
expect["npv-worth-it"] = number(npv(0.08, [-50000] + [14000] * 5))
expect["npv-typo"] = number(npv(0.06, [-2000, 700, 900, 1100]))
expect["irr-plain"] = number(npf.irr([-10000, 2500, 3000, 3500, 4000]), percent=True)
expect["irr-level"] = number(npf.irr([-75000] + [20000] * 6), percent=True)
expect["irr-words"] = number(npf.irr([-5000, 1200, 1410, 1875, 1950]), percent=True)
flows = [(-10000, "2023-01-01"), (2750, "2023-03-01"), (4250, "2023-10-30"), (3250, "2024-02-15"), (2750, "2024-04-01")]
expect["xirr-list"] = number(brentq(lambda r: dated(r, flows), -0.9, 5), percent=True)
flows = [(-20000, "2021-03-15"), (-5000, "2022-07-01"), (31500, "2024-06-30")]
expect["xirr-words"] = number(brentq(lambda r: dated(r, flows), -0.9, 5), percent=True)
flows = [(-10000, "2024-01-01"), (2750, "2024-03-01"), (4250, "2024-10-30"), (3250, "2025-02-15"), (2750, "2025-04-01")]
expect["xnpv-list"] = number(dated(0.09, flows))

expect["pv-annuity"] = number(500 * (1 - 1.005 ** -120) / 0.005)
expect["pv-put-aside"] = number(20000 / 1.035 ** 5)
expect["pv-due"] = number(10000 / 1.04 ** 8)
expect["fv-lump"] = number(15000 * 1.042 ** 12)
expect["fv-saving"] = number(250 * ((1 + 0.05 / 12) ** 240 - 1) / (0.05 / 12))
expect["fv-both"] = number(5000 * 1.004 ** 180 + 100 * (1.004 ** 180 - 1) / 0.004)
expect["fv-typo"] = number(8000 * 1.03 ** 7)
expect["pmt-mortgage"] = number(payment(240000, 0.039, 300))
expect["pmt-car"] = number(payment(18500, 0.0649, 48))
expect["pmt-yearly"] = number(60000 * 0.05 / (1 - 1.05 ** -6))
expect["pmt-goal"] = number(50000 * (0.04 / 12) / ((1 + 0.04 / 12) ** 120 - 1))
months = -np.log(1 - 9000 * 0.01 / 300) / np.log(1.01)
expect["nper-card"] = either(number(months), number(np.ceil(months)))
monthly = brentq(lambda i: payment(10000, i * 12, 36) - 322.67, 1e-6, 0.1)
# The nominal and the effective rate a year; the rate a month is as good an answer if it says so.
expect["rate-loan"] = either(*(number(r, percent=True) for r in (monthly * 12, (1 + monthly) ** 12 - 1, monthly)))


def schedule(amount, rate, periods):
    """Each period's interest, principal and what is left; whoever rounds each payment is off by cents."""
    due = amount * rate / (1 - (1 + rate) ** -periods)
    rows, left = [], amount
    for period in range(1, periods + 1):
        interest = left * rate
        left -= due - interest
        rows.append((period, interest, due - interest, max(left, 0.0)))
    return table(pd.DataFrame(rows, columns=["period", "interest", "principal", "balance"]), ordered=True, within=0.08)


expect["amort-months"] = schedule(12000, 0.005, 12)
expect["amort-years"] = schedule(30000, 0.045, 5)
expect["amort-interest"] = number(240 * payment(200000, 0.04, 240) - 200000, within=1.3)
expect["amort-balance"] = number(payment(180000, 0.042, 360) * (1 - (1 + 0.0035) ** -300) / 0.0035, within=0.5)
expect["cagr-years"] = number((210 / 120) ** (1 / 5) - 1, percent=True)
expect["cagr-million"] = number((2.05 / 1.2) ** (1 / 4) - 1, percent=True)
expect["breakeven-units"] = number(48000 / (25 - 13))
expect["breakeven-revenue"] = number(90000 / 0.35)
expect["breakeven-coffee"] = number(9000 / (3.20 - 0.70))
expect["margin-markup"] = facts((80 - 60) / 80, (80 - 60) / 60, percent=True)
expect["margin-price"] = number(45 / (1 - 0.40))
expect["markup-price"] = number(45 * 1.40)
expect["markup-to-margin"] = number(0.5 / 1.5, percent=True)
a_year = (35000 - 5000) / 6
years = pd.DataFrame({"year": range(1, 7), "depreciation": a_year, "book": [35000 - a_year * y for y in range(1, 7)]})
expect["depr-straight"] = either(number(a_year), table(years, ordered=True), table(
    pd.concat([pd.DataFrame({"year": [0], "depreciation": [0.0], "book": [35000.0]}), years]), ordered=True))
book, rows = 20000.0, []
for year in range(1, 6):
    less = min(book * 2 / 5, book - 2000)
    book -= less
    rows.append((year, less, book))
expect["depr-double"] = table(pd.DataFrame(rows, columns=["year", "depreciation", "book"]), ordered=True)
expect["depr-book"] = number(40000 * 0.8 ** 3)
five, four = 60 * payment(20000, 0.055, 60), 48 * payment(20000, 0.062, 48)
expect["compare-terms"] = either(facts(five, four, within=0.4), facts(five - 20000, four - 20000, within=0.4))
ten, fifteen = payment(100000, 0.041, 120), payment(100000, 0.038, 180)
expect["compare-loans"] = facts(ten, fifteen, ten * 120 - 100000, fifteen * 180 - 100000, within=0.9)
expect["payback-level"] = either(number(32000 / 7500), number(5))
expect["payback-uneven"] = either(number(2 + 3500 / 4000), number(3))
worth = [4000 / 1.08 ** i for i in range(1, 5)]
expect["payback-discounted"] = either(number(2 + (10000 - sum(worth[:2])) / worth[2]), number(3))
rates = np.array([0.03, 0.035, 0.04, 0.045, 0.05])
expect["whatif-rate"] = table(pd.DataFrame({"rate": rates, "payment": [payment(150000, r, 240) for r in rates]}),
                              keys=0, percent=["rate"])
rates = np.arange(5, 11) / 100
expect["whatif-npv"] = table(pd.DataFrame({"rate": rates, "npv": [npv(r, [-5000, 2000, 2000, 2000]) for r in rates]}),
                             keys=0, percent=["rate"])
prices = pd.Series([10, 12, 14, 16])
expect["whatif-price"] = table(pd.DataFrame({"price": prices, "profit": 800 * (prices - 6.0) - 3000}))
expect["doubling"] = either(number(np.log(2) / np.log(1.06)), number(12))
expect["effective-rate"] = number(1.01 ** 12 - 1, percent=True)
expect["vat"] = number(249.90 * 1.19)
expect["fin-talk-rate"] = [number(payment(200000, 0.04, 360)), number(payment(200000, 0.04, 300)),
                           either(number(payment(200000, 0.05, 300)), number(payment(200000, 0.05, 360)))]
flows = [-8000, 3000, 3500, 4000]
expect["fin-talk-npv"] = [CLARIFY, number(npv(0.07, flows)), number(npf.irr(flows), percent=True)]
