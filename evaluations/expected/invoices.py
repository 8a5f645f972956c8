v = invoices
year = v["Invoice Date"].dt.year
today = pd.Timestamp("2024-06-30")
unpaid = v[v["Paid On"].isna()]
# Every payment is before that day, so that what is unpaid now was unpaid then.
assert v["Paid On"].max() <= today
overdue = unpaid[unpaid["Due Date"] < today]
assert not (unpaid["Due Date"] == today).any()
late = (today - overdue["Due Date"]).dt.days

expect["inv-gross"] = number(v["Gross"].sum())
quarters = v[year == 2023].groupby(v["Invoice Date"].dt.to_period("Q"))["VAT"].sum()
expect["inv-vat-quarter"] = table(quarters)
expect["inv-count-2024"] = number((year == 2024).sum())
expect["inv-unpaid"] = number(len(unpaid))
expect["inv-open-amount"] = number(unpaid["Gross"].sum())
expect["inv-overdue"] = number(overdue["Gross"].sum())
expect["inv-overdue-list"] = table(overdue[["Invoice No", "Gross"]])
expect["inv-overdue-customer"] = table(overdue.groupby("Customer")["Gross"].sum())
sums = [overdue.loc[(late >= a) & (late <= b), "Gross"].sum() for a, b in ((0, 30), (31, 60), (61, 90), (91, 9999))]
expect["inv-ageing"] = facts(*[s for s in sums if s > 0])
expect["inv-overdue-typo"] = number(len(overdue))
first = unpaid.sort_values("Due Date")
assert first["Due Date"].iloc[0] != first["Due Date"].iloc[1]
expect["inv-oldest"] = text(first["Invoice No"].iloc[0])
expect["inv-days-to-pay"] = number((v["Paid On"] - v["Invoice Date"]).dt.days.mean())
expect["inv-paid-late"] = number((v["Paid On"] > v["Due Date"]).sum())
by_customer = v.groupby("Customer")["Net"].sum()
expect["inv-top-customer"] = top(by_customer, 3)
expect["inv-average-net"] = number(v["Net"].mean())
expect["inv-median-gross"] = number(np.median(v["Gross"]))
expect["inv-umlaut"] = number(by_customer["Bäckerei Huber"])
expect["inv-above"] = number((v["Net"] > 3000).sum())
expect["inv-except"] = number(v.loc[~v["Customer"].isin(["Café Central", "Fabrik 9"]), "Gross"].sum())
expect["inv-h1"] = number(v.loc[(year == 2024) & (v["Invoice Date"] <= today), "Net"].sum())
expect["inv-december"] = number(v.loc[v["Invoice Date"].dt.strftime("%Y%m") == "202312", "Net"].sum())
monthly = v.groupby(v["Invoice Date"].dt.to_period("M"))["Net"].sum()
expect["inv-monthly"] = table(monthly[monthly.index.year == 2023], ordered=True)
expect["inv-running"] = table(monthly[monthly.index.year == 2024].cumsum(), ordered=True)
expect["inv-share-top"] = number(by_customer.nlargest(3).sum() / by_customer.sum(), percent=True)
expect["inv-chart"] = chart("bar line", v.groupby(v["Invoice Date"].dt.to_period("Q"))["Net"].sum(), ordered=True)
missing = v.isna().sum()
# Columns that miss nothing may be left out.
some = missing.astype(object).where(missing > 0)
expect["inv-missing"] = either(table(some), number(len(unpaid)))
july = unpaid["Due Date"].dt.strftime("%Y%m") == "202407"
expect["inv-due-within"] = number(unpaid.loc[july, "Gross"].sum())
expect["inv-amount-ambiguous"] = CLARIFY
# Today, or the last day that the data knows of (the last invoice, or the last payment).
by_day = [number((unpaid["Due Date"] < day).sum()) for day in (
    pd.Timestamp("2100-01-01"), v["Invoice Date"].max(), v["Paid On"].max(), today, v["Due Date"].max())]
expect["inv-overdue-ambiguous"] = either(CLARIFY, *by_day)
open_by = unpaid.groupby("Customer")["Gross"].sum()
expect["inv-talk"] = [number(unpaid["Gross"].sum()), table(open_by.sort_values(ascending=False), ordered=True), top(open_by, 5)]
# Per customer: the mean invoice of each, or what a customer comes to on average.
mean_net = v.groupby("Customer")["Net"].mean()
expect["inv-talk-clarify"] = [CLARIFY, either(table(mean_net), number(by_customer.mean()))]
expect["inv-late-by"] = number(((v["Paid On"] - v["Due Date"]).dt.days > 10).sum())
april, may = (monthly[pd.Period(m)] for m in ("2024-04", "2024-05"))
expect["inv-more-than-before"] = either(number(may - april), facts(april, may))
expect["inv-who-bought-more"] = either(table(by_customer[["Café Central", "Fabrik 9"]]), most(by_customer[["Café Central", "Fabrik 9"]]))
