s = inventory
s["Value"] = s["On Hand"] * s["Unit Cost"]
low = s[s["On Hand"] < s["Reorder Level"]]

expect["stock-units"] = number(s["On Hand"].sum())
expect["stock-skus"] = table(s["Warehouse"].value_counts())
expect["stock-out"] = number((s["On Hand"] == 0).sum())
expect["stock-reorder"] = number(len(low))
expect["stock-value"] = number(s["Value"].sum())
expect["stock-value-warehouse"] = table(s.groupby("Warehouse")["Value"].sum())
expect["stock-supplier-missing"] = number(s["Supplier"].isna().sum())
expect["stock-dearest"] = top(s.set_index("SKU")["Unit Cost"], 3)
expect["stock-cheapest"] = number(s["Selling Price"].min())
expect["stock-average-category"] = table(s.groupby("Category")["Unit Cost"].mean())
expect["stock-quantile"] = number(np.percentile(s["On Hand"], 90))
expect["stock-filter-two"] = number(s.loc[(s["Category"] == "Plumbing") & (s["Warehouse"] == "Hamburg"), "On Hand"].sum())
expect["stock-not-supplier"] = number(s["Supplier"].isin(["Elbe Supply", "Kabelwerk Süd", "Hydro Parts"]).sum())
expect["stock-counted"] = number((s["Last Counted"] < "2024-02-01").sum())
expect["stock-margin"] = table((s["Selling Price"] - s["Unit Cost"]).groupby(s["Category"]).mean())
expect["stock-pivot"] = table(s.groupby(["Category", "Warehouse"])["On Hand"].sum())
expect["stock-chart"] = chart("scatter", s[["Unit Cost", "Selling Price"]], keys=0)
known = s.groupby("Supplier")["On Hand"].sum()
everybody = s.groupby("Supplier", dropna=False)["On Hand"].sum()
expect["stock-typo"] = either(table(known), table(everybody))
expect["stock-share"] = number(s.loc[s["Warehouse"] == "Vienna", "On Hand"].sum() / s["On Hand"].sum(), percent=True)
expect["stock-price-ambiguous"] = either(CLARIFY, table(s.groupby("Warehouse")["Selling Price"].mean()))
fasteners = low[low["Category"] == "Fasteners"].groupby("Warehouse").size()
expect["stock-talk"] = [table(low.groupby("Warehouse").size()), table(fasteners), chart("bar", fasteners)]
bare = s.drop(columns="Value")
expect["stock-clean"] = file(bare.assign(Supplier=s["Supplier"].fillna("Unknown")))
expect["stock-low-file"] = file(bare[s["On Hand"] == 0])
each = s["Selling Price"] - s["Unit Cost"]
expect["stock-markup"] = table((each / s["Unit Cost"]).groupby(s["Category"]).mean(), percent=True)
margin = (each / s["Selling Price"]).groupby(s["Category"]).mean().sort_values(ascending=False)
expect["stock-margin-asked"] = [CLARIFY, text(margin.index[0], others=list(margin.index[1:]))]
expect["stock-reordered"] = either(number((s["On Hand"] <= s["Reorder Level"]).sum()), number(len(low)))
