p = employees
pay = p["Monthly Salary"]
by_department = p.groupby("Department")["Monthly Salary"]

expect["pay-payroll"] = number(pay.sum())
expect["pay-average-dept"] = table(by_department.mean())
expect["pay-median"] = number(np.median(pay))
best = p[pay == pay.max()]
expect["pay-highest"] = text(best["Name"].iloc[0], pay.max()) if len(best) == 1 else table(best[["Name", "Monthly Salary"]])
expect["pay-headcount-city"] = either(table(p["City"].value_counts()), table(p[p["Left On"].isna()]["City"].value_counts()))
expect["pay-bonus-count"] = number((p["Bonus"] > 0).sum())
expect["pay-bonus-munich"] = number(p.loc[p["City"] == "Munich", "Bonus"].sum())
expect["pay-part-time"] = number((p["Hours per Week"] < 38).sum())
expect["pay-not-permanent"] = table(list(p.loc[p["Contract"] != "Permanent", "Name"]))
expect["pay-hired-2019"] = number((p["Hire Date"].dt.year == 2019).sum())
expect["pay-hired-year"] = table(p["Hire Date"].dt.year.value_counts())
expect["pay-left"] = table(list(p.loc[p["Left On"].notna(), "Name"]))
oldest = p.sort_values("Hire Date").head(6)
assert oldest["Hire Date"].iloc[3] != oldest["Hire Date"].iloc[4]
still = p[p["Left On"].isna()].sort_values("Hire Date").head(4)
expect["pay-longest"] = either(table(list(oldest["Name"][:4])), table(list(still["Name"])))
expect["pay-title-contract"] = table(p.groupby(["Job Title", "Contract"]).size())
expect["pay-typo"] = table(p.groupby("Job Title")["Bonus"].mean())
expect["pay-range"] = number(((pay >= 3000) & (pay <= 3500)).sum())
if pay.isin([3000, 3500]).any():
    expect["pay-range"] = either(expect["pay-range"], number(((pay > 3000) & (pay < 3500)).sum()))
expect["pay-share"] = table(by_department.sum() / pay.sum(), percent=True)
both = by_department.sum().rename("month").to_frame().join(departments.set_index("Department"))
expect["pay-cost-manager"] = table(both.groupby("Manager")["month"].sum())
both["year"] = both["month"] * 12
both["over"] = both["year"] - both["Annual Staff Budget"]
expect["pay-budget"] = either(table(both.reset_index()[["Department", "year", "Annual Staff Budget"]]),
                              table(both["over"]), table(-both["over"]))
expect["pay-chart-box"] = boxes(sorted(set(p["Department"])))
# Whoever has left may or may not be meant.
expect["pay-headcount"] = either(number(p["Left On"].isna().sum()), CLARIFY)
augsburg = p[p["City"] == "Augsburg"]
expect["pay-talk"] = [number(pay.mean()), table(by_department.mean()), table(augsburg.groupby("Department")["Monthly Salary"].mean())]
expect["pay-talk-clarify"] = [CLARIFY, table(p.groupby("Department")["Bonus"].mean())]
expect["pay-who-since"] = text(oldest["Name"].iloc[0], others=list(oldest["Name"].iloc[1:]))
expect["pay-still-here"] = number(p["Left On"].isna().sum())
earliest = p[p["Department"] == "Marketing"].sort_values("Hire Date")["Name"]
expect["pay-longest-here"] = text(earliest.iloc[0])
