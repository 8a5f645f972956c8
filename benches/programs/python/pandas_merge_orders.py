# Joins orders with customers and finds those who never ordered.
import pandas as pd

SEED = __SEED__


def lcg(seed):
    while True:
        seed = (seed * 69069 + 1) % 2**32
        yield seed >> 12


r = lcg(SEED)
customers = pd.DataFrame({
    "id": range(1, 13),
    "name": [f"Customer {c}" for c in "ABCDEFGHIJKL"],
    "tier": [("gold", "silver", "basic")[next(r) % 3] for _ in range(12)],
})
orders = pd.DataFrame({
    "customer": [next(r) % 12 + 1 for _ in range(18)],
    "amount": [next(r) % 90_000 / 100 for _ in range(18)],
})

joined = customers.merge(orders, left_on="id", right_on="customer", how="left")
summary = joined.groupby("tier")["amount"].agg(["count", "sum", "mean"]).round(2)
print(summary.to_string())
top = joined.groupby("name")["amount"].sum().nlargest(3)
for name, amount in top.items():
    print(f"{name}: {amount:,.2f}")
never = joined.loc[joined["amount"].isna(), "name"]
print("Never ordered:", ", ".join(never) or "nobody")
