"""Gives a program's results to whoever asked for them, typed: `show` a value, draw a `chart`, `save` a table.

    import ringfence
    ringfence.show(total, label="Total sales", unit="EUR")
    ringfence.chart("bar", sales, x="region", y="amount", title="Sales by region")
    ringfence.save(sales, "sales.xlsx")

A chart is a PNG, or an SVG where its name ends so or the variable `CHART_FORMAT` is `svg`.

What is given is also printed, so that it is seen by whoever reads the output only. It is noted in a file of its own
among the outputs, one JSON text a line; whoever reads that holds every bound below again, for any program may write
the file. Importing this costs next to nothing: no library is loaded before it is needed, and values of libraries that
the program has not loaded cannot be here.
"""

import os
import sys

__all__ = ["chart", "save", "show"]

# Where a run's files are, and the file of them that is taken for its results. `results.rs` has the same name.
WORK = "/work"
RESULTS = ".ringfence-results.jsonl"

# Most of each that is noted; `results.rs` has the same numbers.
RESULTS_MAX = 50
ROWS_MAX = 1000
COLUMNS_MAX = 200
CELL_BYTES_MAX = 4 * 1024
TEXT_BYTES_MAX = 16 * 1024
NAME_BYTES_MAX = 1000
POINTS_MAX = 2000
SERIES_MAX = 50
ALL_BYTES_MAX = 1024 * 1024

# What of a table is printed, in rows and characters.
PRINTED_ROWS_MAX = 100
PRINTED_CELL_MAX = 60

# The largest whole number that is noted as one; readers have 64 bits for it.
INTEGER_MAX = 2**63 - 1

# Slices of a pie that are drawn each for itself, and groups of a bar chart beside which names are turned.
SLICES_MAX = 9
TURNED_FROM = 8

# What a spreadsheet program takes for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# Formats of pictures, by the ends of their names; the first unless another is asked for.
PICTURES = (".png", ".svg")

CHARTS = ("line", "bar", "scatter", "pie", "histogram", "box")
FIVE_NUMBERS = ("minimum", "lower quartile", "median", "upper quartile", "maximum")

COLORS = ("#2f6db5", "#e08a1e", "#3a9a5b", "#c2453d", "#7d5fb2", "#8a6a4f", "#d07ab0", "#6b7280", "#b0a02c", "#2aa5b3")

# What was noted so far, and how many bytes that took.
_noted = {"results": 0, "bytes": 0, "told": False}

# True once the program has ended: from then on nothing of it is called.
_ended = False


def show(value, label=None, unit=None):
    """Gives a value: a number, a text, a date, a table (of pandas, polars, or lists and dicts) or a figure.

    `unit` is that of a number, or of all numbers of a table, or a dict of a table's columns and their units.
    """
    result = _described(value, label, unit)
    if result is None:
        result = {"type": "text", "value": _cut(_text_of(value), TEXT_BYTES_MAX), "label": _name(label)}
    for one in result if isinstance(result, list) else [result]:
        _print(one)
        _note(one)


def chart(kind, df, x=None, y=None, title=None, file=None):
    """Draws a table: `kind` is line, bar, scatter, pie, histogram or box; `x` a column, `y` one or several.

    Without them the first column that is no number is `x`, and all numbers are `y`. The picture is among the
    outputs as `file`, .png or .svg; its name is returned.
    """
    kind = _KINDS.get(str(kind).lower(), str(kind).lower())
    if kind not in CHARTS:
        raise ValueError(f"a chart is one of {', '.join(CHARTS)}, not {kind!r}")
    file = _new_picture() if file is None else _picture_name(file)
    across, series = _plotted(kind, df, x, y)
    data = _chart_data(kind, across, series)
    data["label"] = _name(title)
    data["file"] = file
    _draw(kind, across, series, title, file)
    data = {"type": "chart", **data}
    print(f"{title or kind}: {data['file']}")
    _note(data)
    return data["file"]


def save(df, name):
    """Writes a table, or a dict of sheets and their tables, as `name`: .csv, .tsv or .xlsx; a figure as .png or .svg.

    Text that a spreadsheet program would take for a formula gets an apostrophe before it; numbers stay numbers.
    """
    figure = _figure_of(df)
    if figure is not None:
        return _save_picture(figure, _picture_name(name))
    name = _plain_name(name)
    path = os.path.join(WORK, name)
    sheets = df if _is_sheets(df) else {"Sheet1": df}
    ending = os.path.splitext(name)[1].lower()
    if ending not in (".csv", ".tsv", ".xlsx"):
        raise ValueError(f"a table is saved as .csv, .tsv or .xlsx, not as {name!r}")
    if ending != ".xlsx" and len(sheets) != 1:
        raise ValueError(f"{name!r} holds one table, save several as .xlsx")
    tables = [(str(sheet), _whole_table(table)) for sheet, table in sheets.items()]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if ending == ".xlsx":
        _write_workbook(path, tables)
    else:
        _write_text(path, tables[0][1], "\t" if ending == ".tsv" else ",")
    rows = sum(len(rows) for _, (_, rows) in tables)
    print(f"saved {name} ({rows} {'row' if rows == 1 else 'rows'})")
    _note({"type": "file", "name": name})
    return name


_KINDS = {
    "lines": "line", "bars": "bar", "barh": "bar", "column": "bar", "columns": "bar", "points": "scatter",
    "hist": "histogram", "boxplot": "box", "donut": "pie",
}


# Values


def _of(module, name):
    """A class of a module that the program has loaded; else nothing is of it."""
    return getattr(sys.modules.get(module), name, None) or ()


def _is(value, module, *names):
    return any(isinstance(value, _of(module, name)) for name in names)


def _plain(value):
    """A value as JSON has it, and its kind; the kind is None of what is missing, and "" of what is no single value."""
    if value is None:
        return None, None
    if isinstance(value, bool):
        return value, "boolean"
    if isinstance(value, str):
        return _cut(str.__str__(value), CELL_BYTES_MAX), "text"
    if isinstance(value, int):
        value = int(value)
        return (value, "integer") if -INTEGER_MAX <= value <= INTEGER_MAX else (_big(value), "text")
    if isinstance(value, float):
        value = float(value)
        return (value if value - value == 0 else None), "number"
    if value is getattr(sys.modules.get("pandas"), "NA", None):
        return None, None
    if _is(value, "numpy", "generic"):
        return _numpy_plain(value)
    if _is(value, "datetime", "date"):
        return _date(value), "date"
    if _is(value, "datetime", "time"):
        return value.isoformat(), "text"
    if _is(value, "decimal", "Decimal") or _is(value, "fractions", "Fraction"):
        try:
            value = float(value)
        except (OverflowError, ValueError):
            return None, "number"
        return (value if value - value == 0 else None), "number"
    if isinstance(value, (bytes, bytearray)):
        return _cut(bytes(value[:CELL_BYTES_MAX]).decode("utf-8", "replace"), CELL_BYTES_MAX), "text"
    if isinstance(value, complex) or _is(value, "datetime", "timedelta") or _is(value, "uuid", "UUID"):
        return str(value), "text"
    if _is(value, "pandas", "Period", "Interval") or _is(value, "enum", "Enum") or _is(value, "pathlib", "PurePath"):
        return _cut(str(value), CELL_BYTES_MAX), "text"
    return _cut(_text_of(value), CELL_BYTES_MAX), ""


def _big(value):
    try:
        return str(value)
    except ValueError:
        # Python writes no number of thousands of digits.
        return hex(value)[:CELL_BYTES_MAX]


def _numpy_plain(value):
    kind = value.dtype.kind
    if kind == "M":
        text = str(value)
        return (None, "date") if text == "NaT" else (text.removesuffix("T00:00:00.000000000"), "date")
    if kind == "m":
        return str(value), "text"
    if kind == "f" and value.dtype.itemsize < 8:
        # 0.1 of 32 bits is 0.1, not 0.10000000149.
        return _plain(float(str(value)))
    item = value.item()
    return (str(value), "text") if _is(item, "numpy", "generic") else _plain(item)


def _date(value):
    # What pandas has for no time at all is not even equal to itself.
    if value != value:
        return None
    if _is(value, "datetime", "datetime") and value.tzinfo is None:
        midnight = value.hour == value.minute == value.second == value.microsecond == 0
        return value.date().isoformat() if midnight else value.isoformat()
    return value.isoformat()


def _text_of(value):
    if _ended:
        return f"<{type(value).__name__}>"
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _cut(text, bytes_max):
    """A text of at most so many bytes; what cannot be written is replaced."""
    data = text[:bytes_max].encode("utf-8", "replace")
    if len(data) <= bytes_max and len(text) <= bytes_max:
        return data.decode()
    return data[: bytes_max - 3].decode("utf-8", "ignore") + "…"


def _name(value):
    return None if value is None else _cut(_flat(value), NAME_BYTES_MAX)


def _flat(name):
    """The name of a column as one text, whatever pandas has for it."""
    if isinstance(name, tuple):
        return " / ".join(part for part in map(_flat, name) if part != "")
    text, _ = _plain(name)
    return "" if text is None else str(text)


# Tables


def _is_frame(value):
    return _is(value, "pandas", "DataFrame", "Series", "Index") or _is(value, "polars", "DataFrame", "Series")


def _is_array(value):
    return _is(value, "numpy", "ndarray") and value.ndim in (1, 2)


def _is_sheets(value):
    """A dict of tables, and not one of columns."""
    if not isinstance(value, dict) or not value:
        return False
    return all(_is_frame(one) and not _is(one, "pandas", "Series", "Index") or _rows_of(one) for one in value.values())


def _rows_of(value):
    """A list of rows, each a dict."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(isinstance(row, dict) for row in _head(value, ROWS_MAX))


def _columns(value, rows_max=None, columns_max=None):
    """A table as its columns, each a name, its values and the letter of its type if it is known; and its rows."""
    if _is(value, "polars", "DataFrame"):
        head = value if rows_max is None else value.head(rows_max)
        return [(name, head[name].to_list(), None) for name in value.columns[:columns_max]], value.height
    if _is(value, "polars", "Series"):
        head = value if rows_max is None else value.head(rows_max)
        return [(value.name or "value", head.to_list(), None)], len(value)
    if _is(value, "pandas", "Index"):
        return _pandas_columns(value[:rows_max].to_frame(index=False), rows_max, columns_max), len(value)
    if _is(value, "pandas", "Series"):
        head = value.iloc[:rows_max].to_frame("value" if value.name is None else value.name)
        return _pandas_columns(head, rows_max, columns_max), len(value)
    if _is(value, "pandas", "DataFrame"):
        return _pandas_columns(value, rows_max, columns_max), len(value)
    if _is_array(value):
        columns = [("value", value)] if value.ndim == 1 else [(i + 1, value[:, i]) for i in range(value.shape[1])[:columns_max]]
        return [(name, list(values[:rows_max]), values.dtype.kind) for name, values in columns], len(value)
    if isinstance(value, dict):
        return _dict_columns(value, rows_max, columns_max)
    rows = _head(value, rows_max)
    if isinstance(value, (set, frozenset)):
        rows.sort(key=_text_of)
    if _rows_of(rows):
        names = list(dict.fromkeys(name for row in rows for name in row))[:columns_max]
        return [(name, [row.get(name) for row in rows], None) for name in names], len(value)
    if rows and all(isinstance(row, (list, tuple)) for row in rows):
        wide = range(max(map(len, rows)))[:columns_max]
        return [(i + 1, [row[i] if i < len(row) else None for row in rows], None) for i in wide], len(value)
    return [("value", rows, None)], len(value)


def _head(values, rows_max):
    """The first values as a list, without a look at the others."""
    from itertools import islice

    values = values.iloc[:rows_max].tolist() if _is(values, "pandas", "Series") else values
    values = values[:rows_max].tolist() if _is(values, "pandas", "Index") else values
    return list(islice(iter(values), rows_max))


def _dict_columns(value, rows_max, columns_max):
    listed = [hasattr(values, "__len__") and not isinstance(values, (str, bytes, dict)) for values in value.values()]
    if value and all(listed):
        total = max(map(len, value.values()))
        rows = total if rows_max is None else min(total, rows_max)
        columns = [(name, _head(value[name], rows_max)) for name in _head(value, columns_max)]
        return [(name, values + [None] * (rows - len(values)), None) for name, values in columns], total
    return [("name", _head(value, rows_max), None), ("value", _head(value.values(), rows_max), None)], len(value)


def _pandas_columns(frame, rows_max, columns_max):
    """Its index comes first if somebody has given it a meaning."""
    head = frame.iloc[:rows_max, :columns_max]
    columns = [(name, head.iloc[:, i].tolist(), getattr(head.dtypes.iloc[i], "kind", None)) for i, name in enumerate(head.columns)]
    if not _is_meant(frame.index):
        return columns
    index = head.index
    levels = range(index.nlevels)
    names = [index.names[i] if index.names[i] is not None else ("index" if len(levels) == 1 else f"index {i + 1}") for i in levels]
    first = [(name, list(index.get_level_values(i)), None) for i, name in enumerate(names)]
    return (first + columns)[:columns_max]


def _is_meant(index):
    named = any(name is not None for name in index.names)
    return named or index.nlevels > 1 or getattr(index.dtype, "kind", "O") not in "iu"


def _values(values):
    return values.to_list() if hasattr(values, "to_list") else list(values)


def _kind(kinds, letter):
    """The kind of a column by those of its values; by its type if there are none."""
    kinds.discard(None)
    if kinds == {"integer", "number"}:
        return "number"
    if len(kinds) == 1:
        return kinds.pop() or "text"
    if kinds:
        return "text" if kinds <= {"text", ""} else "mixed"
    return {"i": "integer", "u": "integer", "f": "number", "b": "boolean", "M": "date"}.get(letter, "text")


def _unique(names):
    """Names as texts, no two the same."""
    taken, unique = set(), []
    for name in names:
        name = base = _cut(_flat(name), NAME_BYTES_MAX - 16)
        number = 2
        while name in taken:
            name, number = f"{base} ({number})", number + 1
        taken.add(name)
        unique.append(name)
    return unique


def _table(value, label, unit):
    columns, total = _columns(value, ROWS_MAX, COLUMNS_MAX)
    names = _unique(name for name, _, _ in columns)
    described, cells = [], []
    for name, (_, values, letter) in zip(names, columns):
        plain = [_plain(value) for value in values]
        kind = _kind({kind for _, kind in plain}, letter)
        of = unit.get(name) if isinstance(unit, dict) else unit if kind in ("integer", "number") else None
        described.append({"name": name, "kind": kind} | ({"unit": _name(of)} if of else {}))
        cells.append([value for value, _ in plain])
    rows = [list(row) for row in zip(*cells)]
    return {
        "type": "table", "label": _name(label), "columns": described, "rows": rows, "totalRows": total,
        "truncated": len(rows) < total,
    }


def _described(value, label, unit):
    """A value as a result, a figure as one for each of its charts; None if it is nothing to be shown by itself."""
    if _is_frame(value) or _is_array(value) or isinstance(value, (dict, list, tuple, set, frozenset)):
        return _table(value, label, unit)
    figure = _figure_of(value)
    if figure is not None:
        return _figure_results(figure, _save_figure(figure), label)
    if isinstance(value, str):
        return {"type": "text", "value": _cut(str.__str__(value), TEXT_BYTES_MAX), "label": _name(label)}
    plain, kind = _plain(value)
    if kind == "":
        return None
    if kind in ("integer", "number"):
        return {"type": "number", "value": plain, "label": _name(label), "unit": _name(unit)}
    kind = {"boolean": "boolean", "date": "date"}.get(kind, "text")
    return {"type": kind, "value": plain, "label": _name(label)}


# What is printed


def _readable(value, unit=None):
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        text = f"{value:,}" if abs(value) >= 10000 else str(value)
    elif isinstance(value, float):
        text = _readable_float(value)
    else:
        return str(value)
    if not unit:
        return text
    if unit in ("$", "£", "¥"):
        return f"-{unit}{text[1:]}" if text.startswith("-") else unit + text
    return text + ("%" if unit == "%" else f" {unit}")


def _readable_float(value):
    if value != 0 and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.6g}"
    text = f"{value:,.4f}" if abs(value) >= 1 else f"{value:.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _print(result):
    kind = result["type"]
    if kind == "table":
        print(_aligned(result))
    elif kind == "chart":
        print(f"{result['label'] or result['kind']}: {result['file']}")
    else:
        text = _readable(result["value"], result.get("unit")) if result["value"] is not None else "no value"
        print(f"{result['label']}: {text}" if result["label"] else text)


def _aligned(table):
    columns, rows = table["columns"], table["rows"][:PRINTED_ROWS_MAX]
    heads = [column["name"] + (f" ({column['unit']})" if column.get("unit") else "") for column in columns]
    right = [column["kind"] in ("integer", "number") for column in columns]
    # Places after the point are the same all down a column.
    cells = [_column_texts([row[i] for row in rows], columns[i]["kind"]) for i in range(len(columns))]
    widths = [max([len(_printed(head))] + [len(text) for text in texts]) for head, texts in zip(heads, cells)]
    line = lambda texts: "  ".join(
        text.rjust(width) if to_right else text.ljust(width) for text, width, to_right in zip(texts, widths, right)
    ).rstrip()
    lines = [table["label"]] if table["label"] else []
    lines += [line([_printed(head) for head in heads]), line(["-" * width for width in widths])]
    lines += [line(row) for row in zip(*cells)]
    more = table["totalRows"] - len(rows)
    lines += [f"… {more} more {'row' if more == 1 else 'rows'}"] if more > 0 else []
    return "\n".join(lines)


def _column_texts(values, kind):
    if kind == "number":
        places = max((len(_readable(value).partition(".")[2]) for value in values if value is not None), default=0)
        if places <= 6 and all(value is None or value == 0 or 1e-4 <= abs(value) < 1e15 for value in values):
            places = min(places, 2) if any(value and abs(value) >= 1000 for value in values) else places
            return ["" if value is None else f"{value:,.{places}f}" for value in values]
    return [_printed(_readable(value)) for value in values]


def _printed(text):
    text = " ".join(text.split()) if "\n" in text or "\t" in text or "\r" in text else text
    return text if len(text) <= PRINTED_CELL_MAX else text[: PRINTED_CELL_MAX - 1] + "…"


# What is noted


def _note(result):
    """Appends a result to the file of them; what has no room is told once, and left out."""
    import json

    result = {name: value for name, value in result.items() if value is not None or name == "value"}
    while True:
        line = (json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode("utf-8", "replace")
        fits = _noted["bytes"] + len(line) <= ALL_BYTES_MAX
        if fits or len(result.get("rows", ())) < 2:
            break
        result = {**result, "rows": result["rows"][: len(result["rows"]) // 2], "truncated": True}
    if not fits or _noted["results"] >= RESULTS_MAX:
        if not _noted["told"]:
            _noted["told"] = True
            print(f"ringfence: more results than {RESULTS_MAX}, or than {ALL_BYTES_MAX} bytes of them, are only printed", file=sys.stderr)
        return
    _noted["results"] += 1
    _noted["bytes"] += len(line)
    with open(os.path.join(WORK, RESULTS), "ab") as file:
        file.write(line)


# Files


def _plain_name(name):
    """A name below the directory of a run's files."""
    name = os.path.normpath(str(name).strip()).removeprefix(WORK + "/")
    if name in ("", ".") or name.startswith(("/", "..")) or "\0" in name:
        raise ValueError(f"a file is saved below {WORK}, not as {name!r}")
    return name


def _whole_table(value):
    """A table with all its rows: the names of its columns, and its cells as they are."""
    columns, _ = _columns(value)
    return _unique(name for name, _, _ in columns), list(zip(*(values for _, values, _ in columns)))


def _neutral(text):
    """Text that no spreadsheet program takes for a formula."""
    if not text.startswith(FORMULA_STARTS) or _is_number(text):
        return text
    return "'" + text


def _is_number(text):
    digits = text[1:] if text[0] in "+-" else text
    return digits[:1].isdecimal() and digits.isascii() and all(part.isdecimal() for part in digits.split(".", 1))


def _cell(value):
    """A value as a table's file has it."""
    if isinstance(value, str):
        return _neutral(str.__str__(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    plain, kind = _plain(value)
    return _neutral(plain) if kind in ("text", "") and isinstance(plain, str) else plain


def _write_text(path, table, delimiter):
    import csv

    names, rows = table
    with open(path, "w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(map(_neutral, names))
        writer.writerows(map(_cell, row) for row in rows)


def _write_workbook(path, tables):
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(path, options) as workbook:
        heading = workbook.add_format({"bold": True, "bottom": 1})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for title, (names, rows) in zip(_sheet_names(title for title, _ in tables), (table for _, table in tables)):
            sheet = workbook.add_worksheet(title)
            for column, name in enumerate(names):
                sheet.write_string(0, column, _neutral(name), heading)
                sample = [len(_readable(_plain(row[column])[0])) for row in rows[:ROWS_MAX]]
                sheet.set_column(column, column, min(max([len(name), *sample]) + 2, PRINTED_CELL_MAX))
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    _write_cell(sheet, number, column, value, day, moment)


def _write_cell(sheet, row, column, value, day, moment):
    if _is(value, "numpy", "datetime64") and str(value) != "NaT":
        value = value.astype("datetime64[us]").item()
    if _is(value, "datetime", "date") and value == value and value.year >= 1900 and getattr(value, "tzinfo", None) is None:
        whole = _is(value, "datetime", "datetime") and len(_date(value)) > 10
        sheet.write_datetime(row, column, value, moment if whole else day)
        return
    value = _cell(value)
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    # A workbook's numbers are doubles: more digits would be lost without a word.
    elif isinstance(value, int) and abs(value) >= 10**15:
        sheet.write_string(row, column, str(value))
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value)
    elif value is not None:
        # The most that a workbook's cell holds.
        sheet.write_string(row, column, str(value)[:32767])


def _sheet_names(names):
    """Names that a workbook accepts, no two the same in it."""
    taken, fit = set(), []
    for name in names:
        name = "".join("_" if letter in "[]:*?/\\" else letter for letter in name).strip("'")[:31] or "Sheet"
        base, number = name, 2
        while name.lower() in taken:
            name, number = f"{base[:26]} ({number})", number + 1
        taken.add(name.lower())
        fit.append(name)
    return fit


# Charts


def _plotted(kind, value, x, y):
    """What a chart shows: a name and values across, and the series."""
    columns, _ = _columns(value)
    names = [name for name, _, _ in columns]
    data = dict(zip(_unique(names), (values for _, values, _ in columns)))
    spelled = {name: flat for name, flat in zip(names, data) if _hashes(name)}
    wanted = [] if y is None else list(y) if isinstance(y, (list, tuple)) and not (_hashes(y) and y in spelled) else [y]
    wanted = [_column(data, spelled, name) for name in wanted]
    if x is None:
        x = _natural_x(kind, data, wanted)
    else:
        x = _column(data, spelled, x)
    wanted = wanted or [name for name in data if name != x and _is_numeric(data[name])]
    if not wanted and kind == "histogram" and x is not None:
        wanted, x = [x], None
    if not wanted:
        raise ValueError(f"no column of numbers to draw, there are: {', '.join(data) or 'none'}")
    for name in wanted:
        if not _is_numeric(data[name]):
            raise ValueError(f"column {name!r} holds no numbers to draw")
    series = [(name, [_number(value) for value in data[name]]) for name in wanted]
    if kind in ("histogram", "box"):
        return (x, None), series
    length = max(len(values) for _, values in series)
    return (x or "", list(range(1, length + 1)) if x is None else data[x]), series


def _hashes(name):
    try:
        return hash(name) is not None
    except TypeError:
        return False


def _column(data, spelled, name):
    found = spelled.get(name) if _hashes(name) else None
    found = found if found is not None else _flat(name)
    if found not in data:
        raise ValueError(f"there is no column {found!r}, there are: {', '.join(data)}")
    return found


def _natural_x(kind, data, wanted):
    if kind in ("histogram", "box"):
        return None
    others = [name for name in data if name not in wanted]
    if kind == "scatter":
        numeric = [name for name in others if _is_numeric(data[name])]
        return numeric[0] if len(numeric) > (0 if wanted else 1) else None
    return next((name for name in others if not _is_numeric(data[name])), None)


def _is_numeric(values):
    kinds = {_plain(value)[1] for value in values} - {None}
    return bool(kinds) and kinds <= {"integer", "number"}


def _number(value):
    value = _plain(value)[0]
    return float("nan") if value is None else value


def _chart_data(kind, across, series):
    """What is noted of a chart: of many points as many as there is room for, evenly."""
    name, values = across
    if kind == "histogram":
        edges, counts = _binned([values for _, values in series])
        return _data(kind, name or series[0][0], edges[:-1], [(label, of) for (label, _), of in zip(series, counts)])
    if kind == "box":
        five = [_five_numbers(values) for _, values in series]
        labels = [label for label, _ in series]
        return _data(kind, name or "", labels, [(what, [of[i] for of in five]) for i, what in enumerate(FIVE_NUMBERS)])
    return _data(kind, name, values, series)


def _data(kind, name, across, series):
    series = [(label, list(values)) for label, values in series[:SERIES_MAX]]
    length = max([len(across), *(len(values) for _, values in series)])
    points = max(1, POINTS_MAX // max(1, len(series)))
    picked = range(length) if length <= points else [i * length // points for i in range(points)]
    of = lambda values: [_plain(values[i])[0] if i < len(values) else None for i in picked]
    data = {"kind": kind, "x": {"name": _name(name) or "", "values": of(list(across))}}
    data["series"] = [{"name": _name(label) or "", "values": of(values)} for label, values in series]
    return data | ({"truncated": True} if length > points else {})


def _known(values):
    return [value for value in values if value == value]


def _binned(columns):
    """Edges of bins of one width for all columns, and how many values each has in each."""
    known = [_known(values) for values in columns]
    every = sorted(value for values in known for value in values)
    if not every:
        raise ValueError("no numbers to draw")
    low, high = every[0], every[-1]
    if low == high:
        low, high = low - 0.5, high + 0.5
    number = min(50, max(5, round(len(every) ** 0.5)))
    width = (high - low) / number
    counts = [[0] * number for _ in known]
    for count, values in zip(counts, known):
        for value in values:
            count[min(int((value - low) / width), number - 1)] += 1
    return [low + i * width for i in range(number)] + [high], counts


def _five_numbers(values):
    known = sorted(_known(values))
    if not known:
        return [None] * 5
    at = lambda part: (len(known) - 1) * part
    between = lambda i: known[int(i)] + (known[min(int(i) + 1, len(known) - 1)] - known[int(i)]) * (i - int(i))
    return [between(at(part)) for part in (0, 0.25, 0.5, 0.75, 1)]


def _new_picture():
    """The next name that no picture has, in the format that was asked for."""
    ending = "." + os.environ.get("CHART_FORMAT", "")
    ending = ending if ending in PICTURES else PICTURES[0]
    number = 1
    while os.path.lexists(os.path.join(WORK, f"chart-{number}{ending}")):
        number += 1
    return f"chart-{number}{ending}"


def _picture_name(name):
    """The name that a picture is to have; it says the format."""
    name = _plain_name(name)
    if not name.lower().endswith(PICTURES):
        raise ValueError(f"a picture is saved as {' or '.join(PICTURES)}, not as {name!r}")
    return name


def _write_picture(figure, name, **look):
    import matplotlib

    path = os.path.join(WORK, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # The same program draws the same picture: an SVG would have the time and names by chance in it.
    undated = {"Date": None} if name.lower().endswith(".svg") else None
    with matplotlib.rc_context({"svg.hashsalt": "ringfence"}):
        figure.savefig(path, metadata=undated, **look)


def _save_picture(figure, name):
    _write_picture(figure, name, bbox_inches="tight")
    print(f"saved {name}")
    _note({"type": "file", "name": name})
    return name


def _draw(kind, across, series, title, name):
    """Draws a chart as a picture, without pyplot, whose figures are the program's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), dpi=144, layout="constrained")
    axes = figure.add_subplot()
    axes.set_prop_cycle(color=COLORS)
    if title:
        axes.set_title(_cut(str(title), 200).replace("$", r"\$"), loc="left", fontsize=13, fontweight="bold", pad=12)
    _DRAWN[kind](axes, across, series)
    if kind != "pie":
        _tidy(kind, axes, across, series)
    _write_picture(figure, name, facecolor="white")


def _tidy(kind, axes, across, series):
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#9aa1ab")
    lying = kind == "bar" and _lies(across[1], series)
    axes.grid(axis="x" if lying else "both" if kind == "scatter" else "y", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors="#4b5563", labelsize=9)
    figures = axes.xaxis if lying else axes.yaxis
    figures.set_major_formatter(lambda value, _: _readable_float(round(value, 9)))
    across_name, up_name = _escaped(across[0] or ""), _escaped(series[0][0]) if len(series) == 1 else ""
    if kind == "histogram":
        across_name, up_name = across_name or up_name, "count"
    if kind == "box":
        across_name, up_name = "", ""
    axes.set_xlabel(up_name if lying else across_name, color="#4b5563")
    axes.set_ylabel(across_name if lying else up_name, color="#4b5563")
    if len(series) > 1 and kind != "box":
        axes.legend(frameon=False, fontsize=9)


def _escaped(text):
    """A text in which nothing is taken for a formula."""
    return _printed(str(text)).replace("$", r"\$")


def _labels(values):
    return [_escaped(_readable(_plain(value)[0])) for value in values]


def _places(values):
    """Where values are across: as they are if they are numbers or dates, else each beside the last."""
    kinds = {_plain(value)[1] for value in values}
    if kinds and kinds <= {"integer", "number"}:
        return [_number(value) for value in values], None
    if kinds == {"date"}:
        moments = [value.astype("datetime64[us]").item() if _is(value, "numpy", "datetime64") else value for value in values]
        moments = [value.to_pydatetime() if hasattr(value, "to_pydatetime") else value for value in moments]
        return moments, None
    return list(range(len(values))), _labels(values)


def _mark(axes, labels):
    if labels is None:
        return
    every = max(1, -(-len(labels) // 30))
    turned = len(labels) > TURNED_FROM or max(map(len, labels), default=0) > 12
    axes.set_xticks(range(0, len(labels), every), labels[::every], rotation=40 if turned else 0, ha="right" if turned else "center")


def _draw_line(axes, across, series):
    places, labels = _places(across[1])
    for name, values in series:
        axes.plot(places[: len(values)], values, label=_escaped(name), linewidth=2, marker="o" if len(values) <= 40 else None, markersize=4)
    _mark(axes, labels)
    if labels is None and places and not isinstance(places[0], (int, float)):
        axes.figure.autofmt_xdate(rotation=30)


def _lies(values, series):
    """Whether bars lie: names that are long are read beside them."""
    labels = _labels(values)
    return len(series) == 1 and len(labels) <= 30 and max(map(len, labels), default=0) > 14


def _draw_bar(axes, across, series):
    labels = _labels(across[1])
    places, width = range(len(labels)), 0.8 / len(series)
    if _lies(across[1], series):
        axes.barh(places, series[0][1], height=0.7)
        axes.set_yticks(places, labels)
        axes.invert_yaxis()
        return
    for number, (name, values) in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * width
        axes.bar([place + shift for place in places][: len(values)], values, width=width * 0.95, label=_escaped(name))
    _mark(axes, labels)
    if min((value for _, values in series for value in _known(values)), default=0) < 0:
        axes.axhline(0, color="#4b5563", linewidth=0.8)


def _draw_scatter(axes, across, series):
    places, labels = _places(across[1])
    for name, values in series:
        axes.scatter(places[: len(values)], values, label=_escaped(name), s=28, alpha=0.75, edgecolors="white", linewidths=0.5)
    _mark(axes, labels)


def _draw_pie(axes, across, series):
    if len(series) > 1:
        raise ValueError(f"a pie shows one column, choose one of: {', '.join(name for name, _ in series)}")
    slices = [(label, value) for label, value in zip(_labels(across[1]), series[0][1]) if value == value and value != 0]
    if any(value < 0 for _, value in slices) or not slices:
        raise ValueError("a pie shows parts of a whole, which are above zero; a bar chart shows these")
    if len(slices) > SLICES_MAX:
        slices.sort(key=lambda one: -one[1])
        slices[SLICES_MAX - 1 :] = [("others", sum(value for _, value in slices[SLICES_MAX - 1 :]))]
    edges = {"edgecolor": "white", "linewidth": 1.5}
    axes.pie(
        [value for _, value in slices], labels=[label for label, _ in slices], colors=COLORS, startangle=90,
        counterclock=False, autopct=lambda part: f"{part:.1f} %" if part >= 3 else "", wedgeprops=edges, textprops={"fontsize": 9},
    )


def _draw_histogram(axes, across, series):
    edges, counts = _binned([values for _, values in series])
    for (name, _), of in zip(series, counts):
        axes.bar(edges[:-1], of, width=edges[1] - edges[0], align="edge", edgecolor="white", label=_escaped(name),
                 alpha=1 if len(series) == 1 else 0.6)


def _draw_box(axes, across, series):
    drawn = axes.boxplot([_known(values) for _, values in series], patch_artist=True, medianprops={"color": "#1f2937"})
    for box, color in zip(drawn["boxes"], COLORS * len(series)):
        box.set(facecolor=color, alpha=0.7)
    axes.set_xticks(range(1, len(series) + 1), [_escaped(name) for name, _ in series])


_DRAWN = {
    "line": _draw_line, "bar": _draw_bar, "scatter": _draw_scatter, "pie": _draw_pie, "histogram": _draw_histogram,
    "box": _draw_box,
}


# Figures that the program has drawn


def _figure_of(value):
    """The figure that a value is, or is drawn in."""
    if _is(value, "matplotlib.figure", "Figure"):
        return value
    if _is(value, "matplotlib.axes", "Axes") or _is(value, "seaborn.axisgrid", "Grid"):
        return _figure_of(getattr(value, "figure", None))
    return None


def _save_figure(figure):
    name = _new_picture()
    _write_picture(figure, name, bbox_inches="tight", dpi=max(100, min(figure.dpi, 200)))
    return name


def _figure_results(figure, name, label=None):
    """One result for each of a figure's charts that can be read as data; without any, one of the picture alone."""
    title = getattr(figure, "get_suptitle", lambda: getattr(figure._suptitle, "_text", ""))()
    results = []
    for axes in figure.axes:
        try:
            read = _read_axes(axes)
        except Exception:
            # Anything can be drawn; then there is the picture.
            read = None
        if read is not None:
            kind, across, values, series = read
            of = label or axes.get_title() or axes.get_title("left") or title
            results.append({"type": "chart", **_data(kind, across, values, series), "label": _name(of or None), "file": name})
    if not results:
        empty = {"kind": "image", "x": {"name": "", "values": []}, "series": []}
        results = [{"type": "chart", **empty, "label": _name(label or title or None), "file": name}]
    return results


def _read_axes(axes):
    """What axes show, read back from what is drawn on them: the kind, the name and values across, the series."""
    wedges = [patch for patch in axes.patches if type(patch).__name__ == "Wedge"]
    if wedges:
        return _read_pie(wedges)
    boxes = _read_boxes(axes)
    if boxes is not None:
        return boxes
    bars = [container for container in axes.containers if type(container).__name__ == "BarContainer" and len(container)]
    if bars:
        return _read_bars(axes, bars)
    lines = [line for line in axes.lines if len(line.get_xdata()) and line.get_linestyle() not in ("None", "", " ")]
    dots = [line for line in axes.lines if len(line.get_xdata()) and line not in lines]
    clouds = [drawn for drawn in axes.collections if type(drawn).__name__ == "PathCollection" and len(drawn.get_offsets())]
    if lines:
        return _read_points("line", axes, [(line.get_label(), line.get_xdata(orig=True), line.get_ydata(orig=True)) for line in lines])
    points = [(dot.get_label(), dot.get_xdata(orig=True), dot.get_ydata(orig=True)) for dot in dots]
    points += [(cloud.get_label(), cloud.get_offsets()[:, 0], cloud.get_offsets()[:, 1]) for cloud in clouds]
    return _read_points("scatter", axes, points) if points else None


def _series_name(label, axes, number):
    if label and not str(label).startswith("_"):
        return str(label)
    return axes.get_ylabel() or f"series {number + 1}"


def _ticks(axis):
    """The names along an axis, by where they are, if they are no mere numbers."""
    formatter = axis.get_major_formatter()
    if type(formatter).__name__ not in ("FixedFormatter", "StrCategoryFormatter", "FuncFormatter"):
        return {}
    texts = formatter.format_ticks(list(axis.get_majorticklocs()))
    return {float(place): text for place, text in zip(axis.get_majorticklocs(), texts) if text}


def _is_dates(axis):
    return "Date" in type(axis.get_major_formatter()).__name__ or "Date" in type(axis.get_converter() if hasattr(axis, "get_converter") else axis.converter).__name__


def _across(axes, axis, values):
    """Values across as the program had them: names, dates or numbers."""
    values = _values(values)
    if all(_plain(value)[1] in ("integer", "number") for value in values):
        if _is_dates(axis):
            from matplotlib.dates import num2date

            return [num2date(value).replace(tzinfo=None) for value in values]
        names = _ticks(axis)
        if names and all(float(value) in names for value in values):
            return [names[float(value)] for value in values]
    return values


def _read_points(kind, axes, drawn):
    # Lines that mark a place span the axes and have no points of their own.
    drawn = [one for one in drawn if len(one[1]) > 2 or not str(one[0]).startswith("_")] or drawn
    longest = max(drawn, key=lambda one: len(one[1]))
    places = _values(longest[1])
    if all(_values(across) == places[: len(across)] for _, across, _ in drawn):
        series = [(_series_name(label, axes, i), _values(up)) for i, (label, _, up) in enumerate(drawn)]
        return kind, axes.get_xlabel(), _across(axes, axes.xaxis, places), series
    # Each has places of its own: all of them across, and gaps where a series has none.
    every = sorted({_number(value) if _plain(value)[1] in ("integer", "number") else value for _, across, _ in drawn for value in _values(across)})
    series = []
    if kind == "scatter" or len(every) > POINTS_MAX:
        every = [value for _, across, _ in drawn for value in _values(across)]
        start = 0
        for number, (label, across, up) in enumerate(drawn):
            rest = len(every) - start - len(across)
            series.append((_series_name(label, axes, number), [None] * start + _values(up) + [None] * rest))
            start += len(across)
    else:
        for number, (label, across, up) in enumerate(drawn):
            known = dict(zip(_values(across), _values(up)))
            series.append((_series_name(label, axes, number), [known.get(value) for value in every]))
    return kind, axes.get_xlabel(), _across(axes, axes.xaxis, every), series


def _read_bars(axes, bars):
    lying = getattr(bars[0], "orientation", "vertical") == "horizontal"
    axis = axes.yaxis if lying else axes.xaxis
    if lying:
        where = lambda bar: (bar.get_y(), bar.get_height(), bar.get_width())
    else:
        where = lambda bar: (bar.get_x(), bar.get_width(), bar.get_height())
    spans = [[where(bar) for bar in container] for container in bars]
    first = spans[0]
    touch = len(first) > 2 and all(abs(a[0] + a[1] - b[0]) <= abs(a[1]) * 1e-6 for a, b in zip(first, first[1:]))
    names = _ticks(axis)
    series = [(_series_name(container.get_label(), axes, i), [span[2] for span in of]) for i, (container, of) in enumerate(zip(bars, spans))]
    across = (axes.get_ylabel if lying else axes.get_xlabel)()
    if touch and not names:
        return "histogram", across, [start for start, _, _ in first], [(name if name != axes.get_ylabel() else "count", values) for name, values in series]
    places = [start + width / 2 for start, width, _ in first]
    if _is_dates(axis):
        return "bar", across, _across(axes, axis, places), series
    # Bars of a group stand around their name.
    nearest = lambda place: min(names, key=lambda other: abs(other - place))
    near = bool(names) and all(abs(nearest(place) - place) <= 0.5 for place in places)
    values = [names[nearest(place)] for place in places] if near else [round(place, 9) for place in places]
    if lying:
        series = [(name if name != axes.get_ylabel() else axes.get_xlabel() or "series 1", of) for name, of in series]
    return "bar", across, values, series


def _read_pie(wedges):
    # Of the whole circle each has a part; what it was drawn from is not kept.
    labels = [wedge.get_label() for wedge in wedges]
    labels = [label if label and not label.startswith("_") else f"part {i + 1}" for i, label in enumerate(labels)]
    parts = [round(abs(wedge.theta2 - wedge.theta1) / 3.6, 4) for wedge in wedges]
    return "pie", "", labels, [("percent", parts)]


def _read_boxes(axes):
    """Boxes are five lines each, or a patch and four: found by the shapes that nothing else has."""
    closed = [line.get_xydata() for line in axes.lines if _is_box(line.get_xydata())]
    closed += [patch.get_path().vertices[:5] for patch in axes.patches if type(patch).__name__ == "PathPatch" and _is_box(patch.get_path().vertices[:5])]
    if not closed:
        return None
    boxes = []
    for corners in closed:
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        low, high, middle = min(y for _, y in corners), max(y for _, y in corners), (left + right) / 2
        inside = [line.get_xydata() for line in axes.lines if len(line.get_xydata()) == 2]
        flat = [data for data in inside if data[0][1] == data[1][1] and abs((data[0][0] + data[1][0]) / 2 - middle) < (right - left) / 4]
        heights = sorted(float(data[0][1]) for data in flat)
        median = [y for y in heights if low <= y <= high]
        if not median:
            return None
        boxes.append((middle, [heights[0], low, median[len(median) // 2], high, heights[-1]]))
    boxes.sort(key=lambda box: box[0])
    names = _ticks(axes.xaxis)
    labels = [names.get(float(place), f"box {i + 1}") for i, (place, _) in enumerate(boxes)]
    return "box", axes.get_xlabel(), labels, [(what, [float(five[i]) for _, five in boxes]) for i, what in enumerate(FIVE_NUMBERS)]


def _is_box(corners):
    if len(corners) != 5 or len({float(x) for x, _ in corners}) != 2 or len({float(y) for _, y in corners}) != 2:
        return False
    return all(float(a) == float(b) for a, b in zip(corners[0], corners[4]))


# What a program has that shows nothing by itself; called by `start.py` when it has ended well.


def _capture(value, name, began):
    """Notes the value of the last statement and open figures, marked as nobody's wish; prints nothing."""
    global _ended
    if _noted["results"]:
        return
    import warnings

    _ended = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _capture_quietly(value, name, began)


def _capture_quietly(value, name, began):
    figures = _open_figures()
    own = _figure_of(value)
    if own is not None and own not in figures:
        figures.append(own)
    if figures:
        drawn = _pictures_since(began)
        for number, figure in enumerate(figures):
            # What the program has saved itself is not saved again.
            file = drawn[number] if len(drawn) == len(figures) else None if drawn else _save_figure(figure)
            for result in _figure_results(figure, file):
                _note({**result, "captured": True})
    if value is None or own is not None:
        return
    if isinstance(value, (list, tuple, set, frozenset)) and not _is_list_of_values(value):
        return
    if isinstance(value, dict) and not all(_is_list_of_values(one) or _is_single(one) for one in value.values()):
        return
    if not (_is_frame(value) or _is_array(value) or isinstance(value, (dict, list, tuple, set, frozenset)) or _is_single(value)):
        return
    result = _described(value, name, None)
    if result is not None:
        _note({**result, "captured": True})


def _is_single(value):
    return _plain(value)[1] not in ("", None)


def _is_list_of_values(value):
    if _is_frame(value) or _is_array(value) or _rows_of(value):
        return True
    return isinstance(value, (list, tuple, set, frozenset)) and bool(value) and all(
        one is None or _is_single(one) for one in _head(value, ROWS_MAX)
    )


def _open_figures():
    managers = getattr(sys.modules.get("matplotlib._pylab_helpers"), "Gcf", None)
    if managers is None:
        return []
    return [manager.canvas.figure for manager in managers.figs.values() if manager.canvas.figure.axes][:RESULTS_MAX]


def _pictures_since(began):
    """Pictures that the program has written, the oldest first."""
    found = []
    for entry in os.scandir(WORK):
        if entry.name.lower().endswith((".png", ".svg", ".pdf", ".jpg", ".jpeg")) and entry.is_file(follow_symlinks=False):
            changed = entry.stat(follow_symlinks=False).st_mtime
            if changed >= began:
                found.append((changed, entry.name))
    return [name for _, name in sorted(found)]
