import numpy_financial as npf
from scipy.optimize import brentq

flows = {name: list(rows["Cash Flow"]) for name, rows in cashflows.groupby("Project")}
solar, oven = flows["Solar roof"], flows["New oven"]


def npv(rate, amounts):
    return sum(amount / (1 + rate) ** i for i, amount in enumerate(amounts))


expect["flow-npv"] = number(npv(0.05, solar))
expect["flow-irr"] = number(npf.irr(oven), percent=True)
expect["flow-irr-each"] = table(pd.Series({name: npf.irr(f) for name, f in flows.items()}), percent=True)
days = (cashflows["Date"] - cashflows["Date"].iloc[0]).dt.days[:6]
expect["flow-xirr"] = number(brentq(lambda r: sum(a / (1 + r) ** (d / 365) for a, d in zip(solar, days)), -0.9, 5), percent=True)
expect["flow-running"] = table(pd.Series(np.cumsum(oven), index=range(6)), ordered=True)
expect["flow-compare"] = facts(npv(0.06, solar), npv(0.06, oven))
left = 26000 - 8000 - 8200 - 7900
expect["flow-payback"] = either(number(3 + left / 7500), number(4))
expect["flow-total"] = table(cashflows.groupby("Project")["Cash Flow"].sum())
