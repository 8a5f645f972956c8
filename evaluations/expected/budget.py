g = budget
sums = g.groupby("Department")[["Budget", "Actual", "Variance"]].sum()
quarter = g["Month"].dt.to_period("Q")

expect["bud-total"] = number(g["Actual"].sum())
expect["bud-variance-dept"] = table(sums["Variance"])
over = sums[sums["Variance"] > 0]
expect["bud-over"] = table(list(over.index)) if len(over) > 1 else text(over.index[0])
expect["bud-worst"] = most(sums["Variance"])
expect["bud-month"] = table(g.groupby(g["Month"].dt.to_period("M"))[["Budget", "Actual"]].sum().reset_index(), ordered=True)
it = g[g["Department"] == "IT"]
expect["bud-months-over"] = number((it["Actual"] > it["Budget"]).sum())
expect["bud-percent"] = table(sums["Actual"] / sums["Budget"], percent=True)
expect["bud-q1"] = number(g.loc[(g["Department"] == "Marketing") & (g["Month"].dt.month <= 3), "Actual"].sum())
expect["bud-average"] = number(g.loc[g["Department"] == "Logistics", "Actual"].mean())
expect["bud-running"] = table(g.groupby(g["Month"].dt.to_period("M"))["Actual"].sum().cumsum(), ordered=True)
expect["bud-pivot"] = table(g.groupby(["Department", quarter])["Actual"].sum())
expect["bud-chart"] = chart("bar", sums.reset_index()[["Department", "Budget", "Actual"]])
q = g.groupby(g["Month"].dt.quarter)["Actual"].sum()
expect["bud-growth"] = change(q[1], q[4], ("2024-Q1", "2024-Q4"))
expect["bud-typo"] = number(g.loc[(g["Department"] == "Production") & (g["Month"] == "2024-06-01"), "Actual"].sum())
# There is no such department.
expect["bud-next"] = either(REFUSED, CLARIFY, number(0))
expect["bud-talk"] = [number(g["Budget"].sum()), number(g["Actual"].sum()), table(sums["Actual"])]
