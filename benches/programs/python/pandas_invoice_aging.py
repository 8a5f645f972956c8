# Sorts open invoices into ageing buckets per customer.
import pandas as pd

SEED = __SEED__
TODAY = pd.Timestamp("2024-06-30")

x, records = SEED * 31 + 7, []
for number in range(45):
    x = (x * 48271) % 2147483647
    records.append({
        "invoice": f"R{number:04d}",
        "customer": ("Maple", "Oak", "Pine", "Willow")[x % 4],
        "due": TODAY - pd.Timedelta(days=x // 4 % 140 - 20),
        "open": round(x // 560 % 250_000 / 100, 2),
    })

invoices = pd.DataFrame(records)
days = (TODAY - invoices["due"]).dt.days
labels = ["not due", "1-30", "31-60", "61-90", "over 90"]
invoices["bucket"] = pd.cut(days, [-1000, 0, 30, 60, 90, 1000], labels=labels)

aging = invoices.groupby(["customer", "bucket"], observed=False)["open"].sum().unstack()
aging.loc["Total"] = aging.sum()
print(aging.to_string(float_format="{:,.2f}".format))
worst = invoices[days > 60].nlargest(3, "open")
for row in worst.itertuples(index=False):
    print(f"Remind {row.customer}: {row.invoice}, due {row.due:%Y-%m-%d}, {row.open:,.2f}")
