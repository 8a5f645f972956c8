o = orders
revenue = o["Revenue"]
year = o["Order Date"].dt.year
month = o["Order Date"].dt.to_period("M")
by_country = o.groupby("Country")["Revenue"].sum()
by_category = o.groupby("Category")["Revenue"].sum()


def between(first, last):
    return o[(o["Order Date"] >= first) & (o["Order Date"] <= last)]


expect["ord-revenue"] = number(revenue.sum())
expect["ord-units"] = number(o["Quantity"].sum())
expect["ord-count"] = number(len(o))
expect["ord-average"] = number(revenue.sum() / len(o))
expect["ord-median"] = number(np.median(revenue))
expect["ord-customers"] = number(len(set(o["Customer"])))
# Several orders are equally large; whoever lists them all is right too.
expect["ord-largest"] = either(number(revenue.max()), table(o.loc[revenue == revenue.max(), ["Order ID", "Revenue"]]))
expect["ord-by-country"] = table(by_country)
expect["ord-by-category-typo"] = table(by_category)
expect["ord-by-category-sorted"] = table(by_category.sort_values(ascending=False), ordered=True)
expect["ord-discount-rep"] = table(o.groupby("Sales Rep")["Discount"].mean(), percent=True)
expect["ord-status"] = table(o["Status"].value_counts())
expect["ord-country-category"] = table(o.groupby(["Country", "Category"]).size())
expect["ord-quantity-product"] = table(o.groupby("Product")["Quantity"].mean())
expect["ord-products"] = table(sorted(set(o["Product"])))
expect["ord-germany"] = number(revenue[o["Country"] == "Germany"].sum())
expect["ord-cancelled"] = number((o["Status"] == "Cancelled").sum())
expect["ord-excluding"] = number(revenue[~o["Status"].isin(["Returned", "Cancelled"])].sum())
expect["ord-at-least"] = number((o["Quantity"] >= 15).sum())
expect["ord-two-categories"] = number(by_category["Lighting"] + by_category["Textiles"])
assert not revenue.isin([500, 1000]).any()
expect["ord-between-amounts"] = number(((revenue > 500) & (revenue < 1000)).sum())
expect["ord-over"] = table(o.loc[revenue > 5000, ["Order ID", "Revenue"]])
expect["ord-not-germany"] = number(revenue.sum() - by_country["Germany"])
expect["ord-customer-typo"] = number(revenue[o["Customer"] == "Müller GmbH"].sum())
expect["ord-no-discount"] = number((o["Discount"] == 0).sum())
expect["ord-contains"] = number(o.loc[o["Product"].isin(["Floor Lamp", "Desk Lamp"]), "Quantity"].sum())

expect["ord-q3"] = number(between("2023-07-01", "2023-09-30")["Revenue"].sum())
expect["ord-march"] = number(between("2024-03-01", "2024-03-31")["Revenue"].sum())
# The data ends on the last of June: that month, or the one before it.
expect["ord-last-month"] = either(number(between("2024-06-01", "2024-06-30")["Revenue"].sum()),
                                  number(between("2024-05-01", "2024-05-31")["Revenue"].sum()))
expect["ord-since"] = number((year == 2024).sum())
expect["ord-between-days"] = number(len(between("2022-05-15", "2022-06-15")))
expect["ord-weekday"] = table(o["Order Date"].dt.day_name().value_counts())
days_covered = pd.DataFrame({"what": ["first", "last"], "day": ["2022-01-01", "2024-06-30"]})
expect["ord-first-last"] = either(table(days_covered[["day"]]), table(pd.DataFrame([["2022-01-01", "2024-06-30"]]), keys=2),
                                  text("2022-01-01", others=()))
delivered = o[(year == 2023) & (o["Status"] == "Delivered")]
expect["ord-year-filter"] = table(delivered.groupby("Country")["Revenue"].sum())
monthly = revenue.groupby(month).sum()
in_2023 = monthly[monthly.index.year == 2023]
expect["ord-by-month"] = table(in_2023, ordered=True)
expect["ord-trend"] = table(revenue.groupby(o["Order Date"].dt.to_period("Q")).sum(), ordered=True)
expect["ord-yearly"] = table(year.value_counts())

by_customer = o.groupby("Customer")["Revenue"].sum()
by_product = o.groupby("Product")["Revenue"].sum()
expect["ord-best-customer"] = most(by_customer)
expect["ord-top5"] = top(by_product, 5)
expect["ord-bottom3"] = bottom(o["Country"].value_counts(), 3)
expect["ord-least-rep"] = least(o.groupby("Sales Rep")["Revenue"].sum())
expect["ord-best-month"] = most(monthly)
each = o.groupby(["Category", "Product"])["Revenue"].sum().reset_index()
expect["ord-top-each"] = table(each.loc[each.groupby("Category")["Revenue"].idxmax()], keys=2)
expect["ord-share-category"] = table(by_category / revenue.sum(), percent=True)
expect["ord-share-returned"] = number((o["Status"] == "Returned").mean(), percent=True)
expect["ord-share-germany"] = number(by_country["Germany"] / revenue.sum(), percent=True)
yearly = revenue.groupby(year).sum()
expect["ord-growth"] = change(yearly[2022], yearly[2023], (2022, 2023))
# January has no month before it within 2023, but one in the data.
step = monthly / monthly.shift() - 1
without = step[step.index.year == 2023].copy()
without.iloc[0] = np.nan
expect["ord-growth-month"] = either(table(without, ordered=True, percent=True),
                                    table(step[step.index.year == 2023], ordered=True, percent=True))
both = o.pivot_table(index="Country", columns=year, values="Revenue", aggfunc="sum")
expect["ord-growth-country"] = table(both[2023] / both[2022] - 1, percent=True)
expect["ord-running"] = table(in_2023.cumsum(), ordered=True)
expect["ord-pivot"] = table(o.groupby(["Country", "Category"])["Revenue"].sum())
expect["ord-pivot-years"] = table(o.groupby(["Sales Rep", year])["Revenue"].sum())

expect["ord-chart-bar"] = chart("bar", by_category)
expect["ord-chart-line"] = chart("line", monthly, ordered=True)
expect["ord-chart-pie"] = chart("pie", by_country)
expect["ord-chart-histogram"] = histogram(len(o))
expect["ord-duplicates"] = either(number(0), text("no"), text("none"), NOTHING)
expect["ord-correlation"] = number(np.corrcoef(o["Unit Price"], revenue)[0, 1])
expect["ord-describe"] = facts(revenue.min(), revenue.max(), revenue.mean(), revenue.std())
# Nothing matches: zero is true, and so is saying that there is no such thing.
expect["ord-nobody"] = either(number(0), NOTHING, REFUSED, CLARIFY)
expect["ord-best-ambiguous"] = either(most(by_customer), CLARIFY)

german = o[o["Country"] == "Germany"].groupby("Category")["Revenue"].sum()
expect["ord-talk-filter"] = [table(by_category), table(german), chart("bar pie", german)]
country_2022 = o[year == 2022].groupby("Country")["Revenue"].sum()
expect["ord-talk-year"] = [number(yearly[2023]), number(yearly[2022]), either(
    table(country_2022), table(both[[2022, 2023]].stack()))]
rep = o.groupby("Sales Rep")["Revenue"].sum()
frost = o[(o["Sales Rep"] == "Amelia Frost") & (year == 2024)]
expect["ord-talk-month"] = [number(rep["Carlos Mendes"]), number(rep["Amelia Frost"]),
                            table(frost.groupby(month)["Revenue"].sum(), ordered=True)]
kept = o[o["Status"] != "Cancelled"].groupby("Customer")["Revenue"].sum()
expect["ord-talk-top"] = [top(by_customer, 3), top(by_customer, 5), top(kept, 5)]
expect["ord-file"] = file(o[(o["Country"] == "Germany") & (year == 2024)])
expect["ord-polite"] = number(revenue[(o["Sales Rep"] == "Chiara Conti") & (o["Category"] == "Kitchen") & (year == 2023)].sum())
expect["ord-telegram"] = table(country_2022)
expect["ord-ytd"] = number(revenue[year == 2024].sum())
in_quarters = revenue[year == 2023].groupby(o["Order Date"].dt.to_period("Q")).sum()
expect["ord-consecutive"] = least(in_quarters)
never = sorted(set(o["Product"]) - set(o.loc[o["Status"] == "Returned", "Product"]))
expect["ord-none"] = table(never) if never else either(number(0), text("none"), text("no"), NOTHING)
lamps = o[o["Category"] == "Lighting"].groupby(month)["Revenue"].sum()
expect["ord-talk-and-month"] = [number(by_category["Lighting"]), table(lamps, ordered=True),
                                table(lamps[lamps.index.year == 2023], ordered=True)]

returned = o[o["Status"] == "Returned"]
expect["ord-worth"] = table(pd.DataFrame([[len(returned), returned["Revenue"].sum()]]), keys=0)
expect["ord-growth-before"] = expect["ord-growth-month"]
expect["ord-sales-quarter"] = table(o.groupby([o["Order Date"].dt.to_period("Q"), "Country"])["Revenue"].sum())
expect["ord-decade"] = number(revenue.sum())
expect["ord-units-percent"] = number((o["Discount"] > 0.1).sum())
expect["ord-with-discount"] = number((o["Discount"] > 0).sum())
expect["ord-both-ends"] = table(o.groupby("Category")["Revenue"].agg(["min", "max"]).reset_index())
counts = o[year == 2023].groupby(o["Order Date"].dt.to_period("M")).size()
expect["ord-quietest"] = least(counts) if (counts == counts.min()).sum() == 1 else table(counts[counts == counts.min()])
expect["ord-or"] = either(table(by_category[["Furniture", "Lighting"]]), most(by_category[["Furniture", "Lighting"]]))

expect["ord-above-average"] = number((revenue > revenue.mean()).sum())
expect["ord-bands"] = table((revenue // 500 * 500).value_counts().sort_index().tolist(), keys=0)
expect["ord-apart"] = table(o.groupby("Category")["Revenue"].agg(lambda values: values.max() - values.min()))
by_land = o["Country"].value_counts()
expect["ord-more-than"] = facts(by_land["Germany"] - by_land["France"])
spans = o.groupby("Customer")["Order Date"].agg(["min", "max"]).reset_index()
expect["ord-first-last-each"] = table(spans, keys=3)
expect["ord-top-part"] = number((revenue >= revenue.quantile(0.9)).sum())
of_customers = o["Customer"].value_counts()
expect["ord-often"] = number(100 * (of_customers > 30).sum() / len(of_customers), percent=True)
expect["ord-vat"] = number(revenue.sum() * 1.19)
usual = o.groupby(["Country", "Product"]).size()
usual = usual[usual == usual.groupby("Country").transform("max")]
expect["ord-usual-each"] = table(usual, keys=2)
largest = o.sort_values("Revenue", ascending=False).groupby("Country").head(2)
expect["ord-biggest-each"] = table(largest[["Order ID", "Revenue"]])
cancelled = o[o["Status"] == "Cancelled"]
expect["ord-worth-talk"] = [number(len(cancelled)), number(cancelled["Revenue"].sum())]

by_product = o.groupby("Customer")["Product"].agg(set)
expect["ord-both"] = number(by_product.map(lambda bought: {"Office Chair", "Desk"} <= bought).sum())
by_month_of = o.groupby("Customer")["Order Date"].agg(lambda days: set(days.dt.strftime("%Y-%m")))
expect["ord-both-months"] = number(by_month_of.map(lambda months: {"2024-01", "2024-02"} <= months).sum())
january, february, march = (revenue[month == f"2023-0{one}"].sum() for one in (1, 2, 3))
expect["ord-month-before"] = number(march / february - 1, percent=True)
third = [revenue[(year == one) & o["Order Date"].dt.quarter.eq(3)].sum() for one in (2022, 2023)]
expect["ord-year-earlier"] = facts(*third)
expect["ord-month-before-talk"] = [number(march), number(february), number(february / january - 1, percent=True)]
expect["ord-first-week"] = number(between("2023-06-24", "2023-06-30")["Revenue"].sum())
of_months = o.groupby(["Country", month])["Revenue"].sum()
expect["ord-best-month-each"] = table(of_months[of_months == of_months.groupby("Country").transform("max")], keys=2)
regular = o.groupby("Customer")["Revenue"].agg(["mean", "size"])
expect["ord-enough-orders"] = most(regular.loc[regular["size"] >= 30, "mean"])
expect["ord-per-order"] = table(o.groupby("Country")["Quantity"].mean())
expect["ord-pieces"] = most(o[o["Product"] == "Desk"].groupby("Sales Rep")["Quantity"].sum())
expect["ord-buyer"] = most(o[year == 2023].groupby("Customer")["Revenue"].sum())
expect["ord-older"] = number(((o["Status"] == "Pending") & (year < 2023)).sum())
expect["ord-rounded"] = [table(o.groupby("Country")["Revenue"].mean()),
                         table(o.groupby("Country")["Revenue"].mean().round(2))]
yearly_of = o.pivot_table(index="Product", columns=year, values="Revenue", aggfunc="sum", fill_value=0)
fell = yearly_of[yearly_of[2023] < yearly_of[2022]]
expect["ord-fell"] = table(fell[[2022, 2023]].reset_index())
