# Lazy and eager polars: CSV, joins, windows, dates, strings, SQL.
import datetime

import polars as pl

pl.DataFrame({"day": ["2024-01-01", "2024-01-02", "2024-01-03"] * 100, "sold": range(300)}).write_csv("sales.csv")
lazy = pl.scan_csv("sales.csv", try_parse_dates=True)
days = lazy.group_by("day").agg(pl.col("sold").sum(), pl.len().alias("n")).sort("day").collect()
assert days["n"].to_list() == [100] * 3 and days["day"][0] == datetime.date(2024, 1, 1)
frame = lazy.with_columns(pl.col("sold").rolling_mean(3).over("day").alias("mean")).collect()
assert frame["mean"].null_count() == 6
joined = frame.join(days, on="day", suffix="_of_day")
assert joined.height == 300
assert pl.SQLContext(sales=lazy).execute("SELECT max(sold) AS m FROM sales").collect()["m"][0] == 299
assert frame.to_pandas().sold.sum() == frame["sold"].sum()
print("ok")
