s = survey
happy = s["satisfaction"].astype("float64")
known = happy.dropna()

expect["sur-average"] = number(known.sum() / len(known))
expect["sur-plan"] = table(happy.groupby(s["plan"]).mean())
expect["sur-median-age"] = number(np.median(s["age"].dropna().astype(float)))
expect["sur-count-city"] = table(s["city"].value_counts())
scores = known.astype(int).value_counts()
expect["sur-distribution"] = either(table(scores), table(happy.value_counts(dropna=False)))
expect["sur-promoters"] = number((s["recommend"] >= 9).sum())
expect["sur-share-promoters"] = table(s["plan"].value_counts() / len(s), percent=True)
expect["sur-missing"] = number(s["age"].isna().sum())
expect["sur-no-comment"] = number(s["comment"].isna().sum())
rows = happy.notna()
expect["sur-correlation"] = number(np.corrcoef(happy[rows], s["recommend"][rows])[0, 1])
expect["sur-filter"] = number(s.loc[(s["plan"] == "Pro") & (s["city"] == "Leeds"), "recommend"].mean())
expect["sur-over-60"] = number((s["age"] > 60).fillna(False).sum())
expect["sur-comments"] = most(s["comment"].value_counts())
expect["sur-month"] = number((s["submitted"].dt.month == 3).sum())
expect["sur-pivot"] = table(happy.groupby([s["city"], s["plan"]]).mean())
expect["sur-typo"] = table(s.groupby("city")["recommend"].mean())
expect["sur-chart"] = either(histogram(s["age"].notna().sum()), histogram(len(s)))
york = happy[s["city"] == "York"].groupby(s["plan"]).mean()
expect["sur-talk"] = [table(happy.groupby(s["plan"]).mean()), table(york), table(york.sort_values(ascending=False), ordered=True)]
expect["sur-talk-clarify"] = [CLARIFY, table(happy.groupby(s["plan"]).mean()), either(
    table(s.groupby("plan")["recommend"].mean()),
    table(pd.DataFrame({"s": happy, "r": s["recommend"]}).groupby(s["plan"]).mean().reset_index()))]
