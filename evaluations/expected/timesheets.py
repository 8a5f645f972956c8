t = timesheets
month = t["Date"].dt.to_period("M")
yes = t["Billable"] == "Yes"

expect["time-total"] = number(t["Hours"].sum())
expect["time-employee"] = table(t.groupby("Employee")["Hours"].sum())
expect["time-billable"] = number(t.loc[yes & (t["Project"] == "Harbour Bridge"), "Hours"].sum())
expect["time-not-billable"] = number(t.loc[~yes, "Hours"].sum() / t["Hours"].sum(), percent=True)
expect["time-value"] = number((t["Hours"] * t["Rate"])[yes].sum())
expect["time-project-task"] = table(t.groupby(["Project", "Task"])["Hours"].sum())
expect["time-month"] = table(t.groupby(month)["Hours"].sum(), ordered=True)
expect["time-february"] = number(t.loc[(t["Employee"] == "Jana Novak") & (month == "2024-02"), "Hours"].sum())
march = t[month == "2024-03"]
expect["time-last-week"] = table(march.groupby(march["Date"].dt.strftime("%G-W%V"))["Hours"].sum())
assert (t["Hours"] > 24).sum() == 2 and t.loc[t["Hours"] <= 24, "Hours"].max() <= 8
expect["time-outliers"] = either(table(t.loc[t["Hours"] > 24, ["Hours"]], keys=0), number(2))
meetings = t[t["Task"] == "Meeting"].groupby("Employee")["Hours"].sum()
expect["time-most"] = most(meetings)
expect["time-top-days"] = bottom(t.groupby("Project")["Hours"].sum(), 3)
expect["time-median"] = number(np.median(t["Hours"]))
j = t.merge(projects, on="Project")
assert len(j) == len(t)
expect["time-client"] = table(j.groupby("Client")["Hours"].sum())
worked = projects.set_index("Project")[["Budget Hours"]].join(t.groupby("Project")["Hours"].sum())
worked = worked.reset_index()[["Project", "Hours", "Budget Hours"]]
# The project without hours may be left out, have none, or have nothing.
expect["time-budget"] = either(table(worked), table(worked.fillna(0.0)), table(worked.dropna()))
expect["time-idle"] = either(text("School Roof"), table(["School Roof"]))
expect["time-manager"] = table(j[j["Billable"] == "Yes"].groupby("Manager")["Hours"].sum())
library = t[t["Project"] == "City Library"]
expect["time-running"] = table(library.groupby(month)["Hours"].sum().cumsum(), ordered=True)
expect["time-typo"] = table(t.groupby("Employee")["Rate"].mean())
by_project = t.groupby("Project")["Hours"].sum()
expect["time-chart"] = chart("bar", by_project)
some = t[t["Task"].isin(["Design", "Meeting"])]
expect["time-talk"] = [table(by_project), table(some.groupby("Project")["Hours"].sum()), either(
    table(some.groupby("Employee")["Hours"].sum()), table(some.groupby(["Project", "Employee"])["Hours"].sum()))]
expect["time-person-ambiguous"] = either(CLARIFY, table(t.groupby("Employee")["Hours"].sum()))
expect["time-clean"] = file(t[t["Hours"] <= 24])
