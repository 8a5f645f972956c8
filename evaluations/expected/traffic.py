w = traffic
month = w["Date"].dt.to_period("M")
by_month = w.groupby(month)["Sessions"].sum()
by_channel = w.groupby("Channel")[["Sessions", "Conversions"]].sum()

expect["web-sessions"] = number(w["Sessions"].sum())
expect["web-channel"] = table(by_channel.reset_index())
expect["web-month"] = table(by_month, ordered=True)
letter = w[w["Channel"] == "Newsletter"]
expect["web-trend"] = table(letter.groupby(month)["Conversions"].sum(), ordered=True)
expect["web-best-day"] = most(w.groupby("Date")["Sessions"].sum())
expect["web-rate"] = table(by_channel["Conversions"] / by_channel["Sessions"], percent=True)
expect["web-bounce"] = table(w.groupby("Channel")["Bounce Rate"].mean(), percent=True)
december = w[w["Date"].dt.month == 12].groupby("Channel")["Sessions"].sum()
expect["web-share-paid"] = number(december["Paid"] / december.sum(), percent=True)
day = w["Date"].dt.day_name()
daily = w.groupby("Date")["Sessions"].sum()
# The mean of the rows, or of the days with their four channels together.
expect["web-weekend"] = either(table(w.groupby(day)["Sessions"].mean()),
                               table(daily.groupby(daily.index.day_name()).mean().rename_axis("day")))
organic = w[w["Channel"] == "Organic"]
q = organic.groupby(organic["Date"].dt.quarter)["Sessions"].sum()
expect["web-growth"] = either(number(q[4] / q[1] - 1, percent=True), table(pd.DataFrame(
    {"quarter": [f"2023-Q{i}" for i in range(1, 5)], "growth": q.pct_change().to_numpy()}), percent=True))
expect["web-growth-months"] = table(by_month / by_month.shift() - 1, ordered=True, percent=True)
expect["web-running"] = table(w.groupby(month)["Conversions"].sum().cumsum(), ordered=True)
expect["web-filter"] = number(((w["Channel"] == "Social") & (w["Sessions"] > 200)).sum())
expect["web-not-organic"] = number(w.loc[w["Channel"] != "Organic", "New Users"].sum())
expect["web-summer"] = table(w[w["Date"].dt.month.isin([6, 7, 8])].groupby("Channel")["Sessions"].sum())
expect["web-typo"] = table(by_channel["Conversions"])
expect["web-pivot"] = table(w.groupby([month, "Channel"])["Sessions"].sum())
expect["web-chart"] = chart("line", w.groupby([month, "Channel"])["Sessions"].sum())
paid = w[w["Channel"] == "Paid"].groupby(month)[["Sessions", "Conversions"]].sum()
expect["web-talk"] = [table(by_month, ordered=True), table(paid["Sessions"], ordered=True),
                      chart("line", paid["Sessions"], ordered=True),
                      either(table(paid["Conversions"], ordered=True), chart("line", paid["Conversions"], ordered=True))]
# Performance may be any of the figures; whoever answers shows those that count.
expect["web-performance"] = either(CLARIFY, table(by_channel.reset_index()))
