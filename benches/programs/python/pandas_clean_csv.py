# Cleans a messy CSV: trims names, parses amounts, drops duplicates and fills gaps.
import io

import pandas as pd

SEED = __SEED__

x, lines = SEED, ["Name,Amount,City"]
for i in range(40):
    x = (x * 16807 + 5) % 2147483647
    name = (" anna", "Ben ", "CARLA", "dirk", "Eva")[x % 5]
    amount = ("", f'"{x // 5 % 9 + 1},{x // 45 % 1000:03d}.50"', f"€{x // 7 % 900}", f"{x // 11 % 500}.25")[x // 3 % 4]
    lines.append(f"{name},{amount},{('Bonn', 'Köln', '', 'Ulm')[x // 13 % 4]}")

raw = pd.read_csv(io.StringIO("\n".join(lines)))
clean = raw.assign(
    Name=raw["Name"].str.strip().str.title(),
    Amount=pd.to_numeric(raw["Amount"].str.replace(r"[€,]", "", regex=True)),
    City=raw["City"].fillna("unknown"),
).drop_duplicates()
missing = int(clean["Amount"].isna().sum())
clean["Amount"] = clean["Amount"].fillna(clean.groupby("Name")["Amount"].transform("median"))

print(f"{len(raw)} rows read, {len(clean)} kept, {missing} amounts filled")
print(clean.groupby("Name")["Amount"].describe()[["count", "mean", "min", "max"]].round(2).to_string())
print(clean["City"].value_counts().sort_index().to_string(header=False))
