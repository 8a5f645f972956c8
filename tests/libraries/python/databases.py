# SQLite in memory and in a file, with a write-ahead log, full text search, JSON and a backup.
import sqlite3

with sqlite3.connect("house.db") as house:
    house.execute("PRAGMA journal_mode = WAL")
    house.execute("CREATE TABLE sales (shop TEXT, sold INTEGER)")
    house.executemany("INSERT INTO sales VALUES (?, ?)", [("a", n) for n in range(1000)])
assert house.execute("SELECT sum(sold) FROM sales").fetchone() == (499_500,)
assert house.execute("SELECT avg(sold) OVER (ORDER BY sold ROWS 1 PRECEDING) FROM sales LIMIT 2").fetchall() == [(0.0,), (0.5,)]
assert house.execute("""SELECT json_extract('{"a": [1, 2]}', '$.a[1]')""").fetchone() == (2,)
copy = sqlite3.connect(":memory:")
house.backup(copy)
copy.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
copy.execute("INSERT INTO words VALUES ('a quick brown fox')")
assert copy.execute("SELECT text FROM words WHERE words MATCH 'quick'").fetchone()
house.close()
print("ok")
