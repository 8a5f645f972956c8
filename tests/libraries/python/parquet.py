# Columns through Parquet, Feather, CSV and JSON, by pyarrow, pandas and polars, compressed in every way.
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

table = pa.table({"n": list(range(1000)), "word": [f"w{i % 7}" for i in range(1000)], "x": [i / 3 for i in range(1000)]})
for compression in ["snappy", "gzip", "zstd", "brotli", "lz4"]:
    pq.write_table(table, "table.parquet", compression=compression)
    assert pq.read_table("table.parquet").equals(table), compression
assert pd.read_parquet("table.parquet").n.sum() == 499_500
assert pl.read_parquet("table.parquet").filter(pl.col("word") == "w3").height == 143
pd.read_parquet("table.parquet").to_feather("table.feather")
assert pd.read_feather("table.feather").shape == (1000, 3)
pa.csv.write_csv(table, "table.csv")
assert pa.csv.read_csv("table.csv").num_rows == 1000
pq.write_to_dataset(table, "parts", partition_cols=["word"])
found = ds.dataset("parts", partitioning="hive").to_table(filter=pc.field("n") < 10)
assert found.num_rows == 10
assert pl.scan_parquet("table.parquet").group_by("word").agg(pl.col("n").sum()).collect().height == 7
print("ok")
