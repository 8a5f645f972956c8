k = energy
month = k["timestamp"].dt.to_period("M")

expect["kwh-total-site"] = table(k.groupby("site")["kwh"].sum())
expect["kwh-average"] = number(k.loc[k["site"] == "Office", "kwh"].mean())
expect["kwh-month"] = table(k[k["site"] == "Workshop"].groupby(month)["kwh"].sum(), ordered=True)
expect["kwh-day"] = number(k["temperature_c"].max())
absurd = k[k["kwh"] > 500]
assert len(absurd) == 3


def fences(group):
    low, high = np.percentile(group, [25, 75])
    return (group < low - 1.5 * (high - low)) | (group > high + 1.5 * (high - low))


# By the fences of all readings, or of each meter, or by three standard deviations: the same or a few more.
rules = [fences(k["kwh"]), k.groupby("meter")["kwh"].transform(fences).astype(bool),
         (k["kwh"] - k["kwh"].mean()).abs() > 3 * k["kwh"].std()]
expect["kwh-outliers"] = either(*(table(k.loc[rule, ["kwh"]], keys=0) for rule in rules), *(number(rule.sum()) for rule in rules))
expect["kwh-estimated"] = number(k["estimated"].sum())
expect["kwh-estimated-share"] = table(k.groupby("meter")["estimated"].mean(), percent=True)
expect["kwh-january"] = table(k[month == "2023-01"].groupby("meter")["kwh"].sum())
canteen = k[k["site"] == "Canteen"]
day = canteen["timestamp"].dt.normalize()
monday = day - pd.to_timedelta(day.dt.dayofweek, unit="D")
weekly = canteen["kwh"].groupby(monday.dt.strftime("%G-W%V")).sum()
expect["kwh-week"] = table(weekly)
office = k[k["site"] == "Office"]
expect["kwh-correlation"] = number(np.corrcoef(office["temperature_c"], office["kwh"])[0, 1])
expect["kwh-cold"] = number(k.loc[k["temperature_c"] < 0, "kwh"].sum())
expect["kwh-quarter"] = table(k.groupby(["site", k["timestamp"].dt.to_period("Q")])["kwh"].sum())
expect["kwh-chart"] = chart("line", k.groupby([month, "site"])["kwh"].sum())
expect["kwh-max-typo"] = number(k.loc[k["timestamp"].dt.month == 6, "temperature_c"].max())
read = k[~k["estimated"]]
late = read[read["timestamp"] >= "2023-07-01"]
expect["kwh-talk"] = [table(x.groupby("site")["kwh"].sum()) for x in (k, read, late)]
