# Groups a small sales frame by region and month with pandas.
import pandas as pd

SEED = __SEED__

x, rows = SEED, []
for _ in range(120):
    x = (x * 1103515245 + 12345) % 2**31
    r = x >> 8
    rows.append((("North", "South", "East", "West")[r % 4], r // 4 % 6 + 1, r // 24 % 20 + 1, 5 + r // 480 % 95))

sales = pd.DataFrame(rows, columns=["region", "month", "qty", "price"])
sales["revenue"] = sales["qty"] * sales["price"]
table = sales.pivot_table(index="region", columns="month", values="revenue", aggfunc="sum", fill_value=0)
table["total"] = table.sum(axis=1)
print(table.sort_values("total", ascending=False).to_string())
best = sales.loc[sales["revenue"].idxmax()]
print(f"Largest sale: {best['revenue']} in {best['region']}, month {best['month']}")
