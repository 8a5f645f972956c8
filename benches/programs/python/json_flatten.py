# Flattens nested JSON orders into rows and prints them as a table.
import json

SEED = __SEED__


def make_orders(seed):
    x, orders = seed, []
    for n in range(8):
        lines = []
        x = (x * 214013 + 2531011) % 2**31
        for k in range(1 + (x >> 16) % 3):
            x = (x * 214013 + 2531011) % 2**31
            r = x >> 16
            lines.append({"sku": f"A{r % 40:02d}", "qty": 1 + r % 5, "price": {"amount": 3 + r % 60, "cur": "EUR"}})
        orders.append({"id": n + 1, "buyer": {"name": f"Buyer {n % 3}", "vat": None}, "lines": lines})
    return json.dumps({"orders": orders})


def flatten(value, prefix=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, value


document = json.loads(make_orders(SEED))
rows = []
for order in document["orders"]:
    head = {k: v for k, v in order.items() if k != "lines"}
    for line in order["lines"]:
        rows.append(dict(flatten({**head, "line": line})))

columns = list(rows[0])
widths = {c: max(len(c), *(len(str(r[c])) for r in rows)) for c in columns}
print("  ".join(c.ljust(widths[c]) for c in columns))
for row in rows:
    print("  ".join(str(row[c]).ljust(widths[c]) for c in columns))
print("Total", sum(r["line.qty"] * r["line.price.amount"] for r in rows))
