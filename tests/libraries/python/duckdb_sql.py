# SQL over a CSV, a data frame and Parquet, in memory and in a file, with a window function.
import duckdb
import pandas as pd

pd.DataFrame({"shop": ["a", "b"] * 500, "sold": range(1000)}).to_csv("sales.csv", index=False)
assert duckdb.sql("SELECT sum(sold) FROM 'sales.csv' WHERE shop = 'a'").fetchall() == [(249_500,)]
frame = pd.read_csv("sales.csv")
by_shop = duckdb.sql("SELECT shop, count(*) AS n FROM frame GROUP BY shop ORDER BY shop").df()
assert by_shop.n.tolist() == [500, 500]
with duckdb.connect("house.duckdb") as house:
    house.execute("CREATE TABLE sales AS SELECT * FROM 'sales.csv'")
    house.execute("COPY (SELECT *, row_number() OVER (PARTITION BY shop ORDER BY sold) AS nth FROM sales) TO 'nth.parquet'")
assert duckdb.sql("SELECT max(nth) FROM 'nth.parquet'").fetchall() == [(500,)]
assert duckdb.sql("SELECT shop FROM 'sales.csv' LIMIT 1").pl()["shop"].to_list() == ["a"]
print("ok")
