s = stores.set_index("Store")

expect["shop-march"] = number(s["Mar"].sum())
expect["shop-year"] = table(s.sum(axis=1))
expect["shop-best-dec"] = most(s["Dec"])
expect["shop-average"] = number(s["Jun"].sum() / 10)
expect["shop-growth"] = table(s["Dec"] / s["Jan"] - 1, percent=True)
expect["shop-altona"] = number(s.loc["Altona", "Aug"])
names = dict(zip(s.columns, ["January", "February", "March", "April", "May", "June", "July", "August", "September",
                             "October", "November", "December"]))
expect["shop-month-totals"] = table(s.sum().rename(names).rename_axis("month"))
expect["shop-typo"] = either(number(s["Feb"].min()), least(s["Feb"]))
expect["shop-chart"] = chart("bar", s["Nov"])
over = s.loc[s["Oct"] > 60000, "Oct"]
expect["shop-above"] = table(over)
