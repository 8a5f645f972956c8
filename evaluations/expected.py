"""Computes what is expected of each question, from the clean frames, and writes workbooks and expectations.

Runs in the product's own Python: `run.py` starts it there with `workbooks.py` and the modules of `expected/` beside it.
Each of those says a few plain lines of pandas or numpy for a question: `expect["id"] = number(orders["Revenue"].sum())`.
"""

import glob
import json
import os
import sys

import numpy as np
import pandas as pd

sys.path.insert(0, os.getcwd())
import workbooks

expect = {}
CLARIFY, REFUSED = {"type": "clarify"}, {"type": "refused"}
NOTHING = {"type": "table", "keys": ["name"], "values": [], "rows": []}  # a table without rows


def plain(value):
    """A value as JSON has it; days, months, quarters and years as people sort them."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, pd.Period):
        return f"{value.year}-Q{value.quarter}" if value.freqstr.startswith("Q") else str(value)
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, (np.integer, int)):
        return int(value)
    if isinstance(value, (np.floating, float)):
        return float(value)
    return str(value)


def number(value, percent=False, within=0.0):
    """One figure; `within` is how far rounding on the way may take it, a fraction is a `percent`."""
    assert value is not None and np.isfinite(float(value)), value
    return {"type": "number", "value": plain(value), "percent": percent, "within": within}


def text(value, amount=None, others=(), percent=False):
    return {"type": "text", "value": plain(value), "amount": plain(amount), "percent": percent,
            "others": [plain(o) for o in others if plain(o) != plain(value)]}


def most(series, percent=False):
    """The name with the greatest figure of a series."""
    top = series.sort_values(ascending=False)
    assert len(top) == 1 or top.iloc[0] != top.iloc[1], "a tie"
    return text(top.index[0], top.iloc[0], top.index, percent)


def least(series, percent=False):
    top = series.sort_values()
    assert len(top) == 1 or top.iloc[0] != top.iloc[1], "a tie"
    return text(top.index[0], top.iloc[0], top.index, percent)


def table(data, keys=1, ordered=False, percent=(), within=0.0):
    """Rows with the first `keys` columns as their names. A series is a table of its index; a list has names only."""
    if isinstance(data, pd.Series):
        keys = data.index.nlevels
        data = data.rename("value").reset_index()
    if isinstance(data, list):
        data = pd.DataFrame({"name": data})
    names = [str(c) for c in data.columns]
    rows = [[plain(v) for v in row] for row in data.itertuples(index=False)]
    assert rows, "an empty table"
    return {"type": "table", "keys": names[:keys], "values": names[keys:], "rows": rows, "ordered": ordered,
            "percent": names[keys:] if percent is True else list(percent), "within": within}


def top(series, n):
    """The n greatest, in order."""
    best = series.sort_values(ascending=False)
    assert len(best) == n or best.iloc[n - 1] != best.iloc[n], "a tie at the edge"
    return table(best.head(n), ordered=True)


def bottom(series, n):
    best = series.sort_values()
    assert len(best) == n or best.iloc[n - 1] != best.iloc[n], "a tie at the edge"
    return table(best.head(n), ordered=True)


def chart(kinds, data, **options):
    """A chart of one of some kinds that holds the rows of a table."""
    return {**table(data, **options), "type": "chart", "kinds": kinds.split()}


def histogram(count):
    return {"type": "chart", "kinds": ["histogram", "bar"], "count": int(count)}


def boxes(groups):
    return {"type": "chart", "kinds": ["box"], "groups": [plain(g) for g in groups]}


def file(frame, typed=False):
    """A workbook with these rows, every cell of them; `typed` if days and figures must not be text."""
    return {**table(frame, keys=len(frame.columns)), "type": "file", "typed": typed}


def change(before, after, names=("before", "after")):
    """How much something grew: one figure, or beside the period in which it did."""
    growth = after / before - 1
    return either(number(growth, percent=True), table(pd.Series([np.nan, growth], index=list(names)), percent=True))


def facts(*values, percent=False, within=0.0):
    """Figures which must all be told."""
    return {"type": "facts", "values": [plain(v) for v in values], "percent": percent, "within": within}


def either(*options):
    """Any of several defensible answers."""
    return {"any": [one for option in options for one in option.get("any", [option])]}


def main():
    frames = workbooks.truth()
    helpers = {name: value for name, value in globals().items() if not name.startswith("_")}
    for path in sorted(glob.glob("*.py")):
        if path not in ("workbooks.py", "main.py", "expected.py"):
            with open(path, encoding="utf-8") as code:
                # The frames are copies, so that no topic changes another's.
                exec(compile(code.read(), path, "exec"), {**helpers, **{k: f.copy() for k, f in frames.items()}})
    workbooks.write_all(".", frames)
    with open("expected.json", "w", encoding="utf-8") as out:
        json.dump(expect, out, ensure_ascii=False, allow_nan=False)


if __name__ == "__main__":
    main()
