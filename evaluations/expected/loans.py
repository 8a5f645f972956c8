n = loans
active = n[n["Status"] == "Active"]
by_type = n.groupby("Type")["Principal"].sum()

expect["loan-principal"] = number(n["Principal"].sum())
expect["loan-type"] = table(by_type)
expect["loan-rate"] = number(active["Interest Rate"].mean(), percent=True)
expect["loan-weighted"] = number((n["Interest Rate"] * n["Principal"]).sum() / n["Principal"].sum(), percent=True)
expect["loan-highest"] = most(n.set_index("Loan No")["Interest Rate"], percent=True)
largest = n.sort_values("Principal", ascending=False)
assert largest["Principal"].iloc[4] != largest["Principal"].iloc[5]
expect["loan-top"] = table(largest[["Loan No", "Principal"]].head(5), ordered=True)
expect["loan-status"] = number((n["Status"] == "Default").sum())
expect["loan-status-share"] = number(n.loc[n["Status"] == "Default", "Principal"].sum() / n["Principal"].sum(), percent=True)
expect["loan-filter"] = number(((n["Type"] == "Vehicle") & (n["Principal"] > 100000)).sum())
expect["loan-rate-above"] = number((n["Interest Rate"] > 0.07).sum())
expect["loan-term"] = table(n.groupby("Term (months)")["Principal"].agg(["size", "mean"]).reset_index())
expect["loan-year"] = table(n.groupby(n["Start"].dt.year)["Principal"].sum())
expect["loan-due"] = number(active["Monthly Payment"].sum())
expect["loan-pivot"] = table(n.groupby(["Type", "Status"]).size())
expect["loan-typo"] = number(n["Interest Rate"].min(), percent=True)
of_2021 = n[n["Start"].dt.year == 2021]
expect["loan-2021"] = facts(len(of_2021), of_2021["Principal"].sum())
expect["loan-chart"] = chart("pie", by_type)
counts = active["Type"].value_counts()
expect["loan-talk"] = [table(n["Type"].value_counts()), table(counts), either(
    table(active.groupby("Type")["Interest Rate"].mean(), percent=True),
    table(pd.DataFrame({"n": counts, "rate": active.groupby("Type")["Interest Rate"].mean()}).reset_index(), percent=["rate"]),
    number(active["Interest Rate"].mean(), percent=True))]
