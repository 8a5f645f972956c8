b = bank
month = b["Date"].dt.to_period("M")
out = b.groupby("Category")["Debit"].sum().drop("Sales")
with_sales = b.groupby("Category")["Debit"].sum()  # sales have no debit: a row with nothing, or none

expect["bank-in"] = number(b["Credit"].sum())
nothing = with_sales.replace(0.0, np.nan)
expect["bank-out-category"] = table(nothing.sort_values(ascending=False), ordered=True)
fuel = b[b["Category"] == "Fuel"]
expect["bank-fuel-month"] = table(fuel.groupby(month)["Debit"].sum(), ordered=True)
expect["bank-final"] = number(b["Balance"].min())
expect["bank-largest-debit"] = number(b["Debit"].max())
expect["bank-wages-count"] = number((b["Category"] == "Wages").sum())
expect["bank-average-supplies"] = number(b.loc[b["Category"] == "Supplies", "Debit"].mean())
expect["bank-description"] = number(b.loc[b["Category"] == "Supplies", "Debit"].sum())
expect["bank-net-month"] = table((b["Credit"].fillna(0) - b["Debit"].fillna(0)).groupby(month).sum(), ordered=True)
expect["bank-q2"] = number(b.loc[b["Date"].dt.month.isin([4, 5, 6]), "Credit"].sum())
expect["bank-july"] = number(b.loc[b["Date"].dt.month == 7, "Debit"].sum())
expect["bank-running"] = table(b.groupby(month)["Credit"].sum().cumsum(), ordered=True)
expect["bank-share"] = number(out["Taxes"] / out.sum(), percent=True)
expect["bank-except"] = number(out.drop(["Wages", "Taxes"]).sum())
expect["bank-typo"] = table(nothing)
last = b.groupby("Date")["Balance"].last()
# Each booking, or one figure a day, a month: its last or its mean.
expect["bank-chart"] = either(chart("line", b[["Date", "Balance"]]), chart("line", last),
                              *(chart("line", b.groupby(p)["Balance"].agg(how)) for how in ("last", "mean")
                                for p in (month, "Date")))
expect["bank-weekday"] = table(b["Date"].dt.day_name().value_counts())
april = b[b["Date"].dt.month == 4]
april_by = april.groupby("Category")["Debit"].sum().replace(0.0, np.nan)
expect["bank-talk"] = [number(b.loc[b["Date"].dt.month == 3, "Debit"].sum()), number(april["Debit"].sum()), table(april_by)]
expect["bank-clean"] = file(b, typed=True)
quarters = b.groupby(b["Date"].dt.to_period("Q"))["Debit"].sum()
expect["bank-talk-clarify"] = [CLARIFY, table(quarters, ordered=True), most(quarters)]
