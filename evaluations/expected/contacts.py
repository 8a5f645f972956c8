raw = contacts_dirty
trimmed = raw.apply(lambda column: column.str.strip()).replace("", None)
# One row for each, in the order in which they come first; what was typed twice differs by spaces only.
once = trimmed.drop_duplicates()
assert len(once) == len(contacts) == len(raw) - 9

# The same with days and amounts as such, from the clean frame and not from any reading. A workbook in which they are
# still text says the same; only where the question asks for real ones must they be.
names = trimmed["First Name"] + trimmed["Last Name"]
clean = contacts.set_index(contacts["First Name"] + contacts["Last Name"])
real = trimmed.copy()
for column in ("Signed Up", "Spend"):
    real[column] = clean[column].reindex(names).to_numpy()
real_once = real.loc[once.index]


expect["con-duplicates"] = either(number(9), number(18), table(list(once["Last Name"][trimmed["Last Name"].duplicated(keep=False)])))
expect["con-missing-mail"] = number((raw["E-mail"] == "").sum())
missing = trimmed.isna().sum()
expect["con-missing"] = table(missing.astype(object).where(missing > 0))
blank = trimmed[trimmed["City"].isna()]
expect["con-incomplete"] = table(blank[["First Name", "Last Name"]], keys=2)
cities = trimmed["City"].value_counts()
expect["con-city"] = either(table(cities), table(trimmed["City"].value_counts(dropna=False)))
expect["con-spend"] = number(real["Spend"].sum())
expect["con-spend-city"] = either(table(real.groupby("City")["Spend"].sum()), table(real.groupby("City", dropna=False)["Spend"].sum()))
expect["con-signed-2024"] = number((real["Signed Up"].dt.year == 2024).sum())
months = real.groupby(real["Signed Up"].dt.to_period("M")).size()
expect["con-signed-month"] = table(months, ordered=True)
expect["con-domain"] = number(raw["E-mail"].str.contains("example.com", regex=False).sum())
expect["con-clean"] = file(real_once)
expect["con-clean-dates"] = file(real_once, typed=True)
expect["con-trim"] = file(real)
expect["con-fill"] = file(real.assign(City=real["City"].fillna("Unknown")))
expect["con-drop-missing"] = file(real[real["E-mail"].notna()])
# Without a word about spaces, only what is the same to the letter may count as a duplicate.
expect["con-dedupe-typo"] = either(file(real_once), file(real[~raw.duplicated()]))
expect["con-fix-ambiguous"] = either(CLARIFY, file(real_once), file(real))
no_city, no_spend = trimmed["City"].isna(), trimmed["Spend"].isna()
expect["con-talk"] = [number(no_city.sum()), number(no_spend.sum()),
                      either(file(real[~no_spend]), file(real[~no_spend & ~no_city]))]
