# Reads sales from CSV text and prints revenue per region and the best product of each.
import csv
import io
from collections import Counter

SEED = __SEED__


def make_csv(seed, rows=80):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["date", "region", "product", "qty", "price"])
    x = seed
    for _ in range(rows):
        x = (x * 16807 + 11) % 2147483647
        region = ("North", "South", "East", "West")[x % 4]
        product = ("Desk", "Chair", "Lamp", "Shelf, wide")[x // 7 % 4]
        writer.writerow([f"2024-{x // 11 % 12 + 1:02d}-{x // 13 % 28 + 1:02d}", region, product,
                         x // 17 % 9 + 1, f"{19 + x // 19 % 200}.90"])
    return out.getvalue()


revenue = Counter()
by_product = {}
for row in csv.DictReader(io.StringIO(make_csv(SEED))):
    amount = int(row["qty"]) * float(row["price"])
    revenue[row["region"]] += amount
    by_product.setdefault(row["region"], Counter())[row["product"]] += amount

for region, amount in revenue.most_common():
    product, part = by_product[region].most_common(1)[0]
    print(f"{region:<6} {amount:>10,.2f}  best: {product} ({part / amount:.0%})")
print(f"Total  {sum(revenue.values()):>10,.2f}")
