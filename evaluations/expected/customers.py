c, d = clients, client_orders
j = d.merge(c, on="Customer ID")  # the four orders of nobody are left out here …
k = d.merge(c, on="Customer ID", how="left")  # … and in a group without a name here


def by(column, how="sum"):
    """Over known customers, or with a group for the unknown."""
    return either(table(j.groupby(column)["Amount"].agg(how)), table(k.groupby(column, dropna=False)["Amount"].agg(how)))


expect["cust-orders-country"] = by("Country")
expect["cust-segment"] = by("Segment")
expect["cust-top"] = top(j.groupby("Company")["Amount"].sum(), 5)
expect["cust-average-segment"] = by("Segment", "mean")
never = c[~c["Customer ID"].isin(set(d["Customer ID"]))]
expect["cust-never"] = either(table(list(never["Company"])), table(list(never["Customer ID"])))
unknown = d[~d["Customer ID"].isin(set(c["Customer ID"]))]
expect["cust-unknown"] = either(number(len(unknown)), table(list(unknown["Order No"])))
expect["cust-vienna"] = number((j["City"] == "Vienna").sum())
expect["cust-since"] = number(j.loc[j["Customer Since"] < "2018-01-01", "Amount"].sum())
expect["cust-city-typo"] = by("City", "size")
q1 = j[j["Order Date"] < "2023-04-01"]
expect["cust-month-segment"] = table(q1.groupby([q1["Order Date"].dt.to_period("M"), "Segment"])["Amount"].sum())
unknown_q1 = k[k["Order Date"] < "2023-04-01"]
if unknown_q1["Segment"].isna().any():
    expect["cust-month-segment"] = either(expect["cust-month-segment"], table(unknown_q1.groupby(
        [unknown_q1["Order Date"].dt.to_period("M"), "Segment"], dropna=False)["Amount"].sum()))
expect["cust-count"] = table(c["Country"].value_counts())
expect["cust-channel"] = table(d.groupby("Channel")["Amount"].sum())
expect["cust-biggest-day"] = number(d.loc[d["Channel"] == "Fair", "Amount"].max())
times = d["Customer ID"].value_counts()
expect["cust-repeat"] = either(number((times > 10).sum()), table(times[times > 10]))
expect["cust-quarter"] = table(d.groupby(d["Order Date"].dt.to_period("Q"))["Amount"].sum(), ordered=True)
expect["cust-web-share"] = number((d["Channel"] == "Web").mean(), percent=True)
expect["cust-retail-not-france"] = number(((c["Segment"] == "Retail") & (c["Country"] != "France")).sum())
expect["cust-chart"] = either(chart("bar", j.groupby("Country")["Amount"].sum()),
                              chart("bar", k.groupby("Country", dropna=False)["Amount"].sum()))
late, late_all = j[j["Order Date"] >= "2023-10-01"], k[k["Order Date"] >= "2023-10-01"]
expect["cust-talk"] = [by("Segment")] + [either(
    table(late.groupby(what)["Amount"].sum()), table(late_all.groupby(what, dropna=False)["Amount"].sum()))
    for what in ("Segment", "Country")]
