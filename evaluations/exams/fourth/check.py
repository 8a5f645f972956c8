"""Judges answers: `judge(expected, answer)` says right, asked, refused, wrong or error, and why.

Strict about what is said (a figure, a group too many or too few, an order that was asked for), lenient about how (a
table of one row for a number, more columns, percent as 0.12 or 12, names of columns, ways to write a month).

    python3 evaluations/check.py --self-test [DIR/expected.json]
"""

import base64
import functools
import io
import itertools
import json
import math
import re
import sys
import zipfile
from xml.etree import ElementTree

MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MISSING = {"", "(empty)", "(missing)", "(blank)", "(none)", "nan", "nat", "none", "null", "n/a", "na", "missing", "unknown",
           "-", "—"}
TOTALS = {"total", "totals", "grand total", "sum", "all", "overall"}
# Files that only carry results, or pictures of them.
NO_WORKBOOK = re.compile(r"\.(png|svg|json|py|txt|md)$", re.I)


# ---- cells ----


def number_of(cell):
    """What a cell says as a number, or None."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, (int, float)):
        return None if math.isnan(cell) else float(cell)
    text = re.sub(r"(?i)\b(eur|usd|gbp|chf|kwh|hours?|years?|months?|days?|x)\b|[€$£%\s\u00a0\u202f']", "", cell)
    text = text.replace("\u2212", "-")
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    return float(text) if re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?", text, re.I) else None


def decimals(value):
    """How many digits after the point are shown."""
    text = repr(float(value))
    if "e" in text:
        return 12
    return len(text.split(".")[1].rstrip("0"))


def near(got, want, percent=False, within=0.0):
    """Whether a figure is the wanted one but for rounding to the digits it shows."""
    got = number_of(got) if not isinstance(got, float) else got
    if want is None:
        return got is None or got == 0
    if got is None or math.isnan(got):
        return False
    for scale in (1, 100) if percent else (1,):
        aim = want * scale
        off = abs(got - aim)
        if off <= 1e-9 + 1e-6 * abs(aim) + within * scale:
            return True
        slack = 0.5 * 10 ** -decimals(got) * 1.0001
        if off <= slack and (slack <= 0.05 * abs(aim) if percent else slack <= max(0.005 * abs(aim), 0.051)):
            return True
    return False


@functools.lru_cache(100_000)
def date_of(text):
    """(year, month, day or None) of a text that is a day or a month."""
    text = text.strip()
    if found := re.match(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", text):
        return tuple(map(int, found.groups()))
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})", text):
        return int(found[1]), int(found[2]), None
    if found := re.fullmatch(r"(\d{1,2})[-/.](\d{4})", text):
        return int(found[2]), int(found[1]), None
    if found := re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", text):
        return int(found[3]), int(found[2]), int(found[1])
    words = re.findall(r"[a-z]+|\d+", text.casefold())
    months = [i + 1 for word in words for i, name in enumerate(MONTHS) if len(word) >= 3 and name.startswith(word)]
    figures = [int(word) for word in words if word.isdigit()]
    years = [n for n in figures if n > 1900]
    if len(months) == 1 and len(years) == 1 and len(words) <= 3:
        day = [n for n in figures if n < 32]
        return years[0], months[0], day[0] if day else None
    return None


def edge_of_month(day, month, year):
    last = 31 if month in (1, 3, 5, 7, 8, 10, 12) else 30 if month != 2 else 29 if year % 4 == 0 else 28
    return day is None or day in (1, last) or (month == 2 and day == 28)


def fold(text):
    return re.sub(r"\s+", " ", str(text)).strip().casefold()


def same_key(want, got):
    """Whether a cell names the wanted group: text, a number, a day, a month (2024-03), a quarter (2024-Q1), a year."""
    return _same_key(type(want).__name__, want, type(got).__name__, got) if got is None or isinstance(
        got, (str, int, float, bool)) else False


@functools.lru_cache(500_000)
def _same_key(_want_type, want, _got_type, got):  # types are there because True == 1 in the cache
    if want is None:
        return got is None or fold(got) in MISSING or got != got
    if got is None:
        return False
    text = fold(got)
    if isinstance(want, bool):
        return text in ({"true", "yes", "1", "1.0"} if want else {"false", "no", "0", "0.0"})
    if isinstance(want, (int, float)):
        if near(got, float(want)) or text.endswith("%") and near((number_of(got) or math.nan) / 100, float(want)):
            return True
        if 1900 < want < 2100 and want == int(want):
            day = date_of(text)
            return (day is not None and day[0] == want and day[1:] in ((1, 1), (12, 31))) or text in (
                f"fy{int(want)}", f"fy {int(want)}")
        return False
    if fold(want) == text:
        return True
    if want.casefold() in ("yes", "no") and isinstance(got, bool):
        return got == (want.casefold() == "yes")
    if fold(want) in MONTHS:
        return text == fold(want)[:3] or number_of(got) == MONTHS.index(fold(want)) + 1
    if fold(want) in WEEKDAYS:
        return text == fold(want)[:3]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", want):
        year, month, day = map(int, want.split("-"))
        if isinstance(got, (int, float)) and 20_000 < got < 60_000:  # as a workbook counts days
            return int(got) == days_from_1899(year, month, day)
        return date_of(text) == (year, month, day)
    if re.fullmatch(r"\d{4}-\d{2}", want):
        found = date_of(text)
        year, month = map(int, want.split("-"))
        return found is not None and found[:2] == (year, month) and edge_of_month(found[2], month, year)
    if re.fullmatch(r"\d{4}-Q\d", want):
        year, quarter = int(want[:4]), int(want[6])
        if re.fullmatch(rf"({year}[ -/]*q{quarter}|q{quarter}[ -/']*({year}|{year % 100}))", text):
            return True
        found = date_of(text)
        return found is not None and found[0] == year and (
            found[1] == quarter * 3 - 2 and found[2] in (None, 1) or found[1] == quarter * 3 and edge_of_month(*found[::-1]))
    if re.fullmatch(r"\d{4}-W\d{2}", want):
        import datetime
        found = date_of(text)
        if found is None or found[2] is None:
            return bool(re.fullmatch(rf"({want[:4]}[ -]*w?{want[6:]}|w(eek )?{want[6:]}[ -/]*{want[:4]})", text))
        day = datetime.date(*found)
        return day.isocalendar()[:2] == (int(want[:4]), int(want[6:])) and day.weekday() in (0, 6)
    return False


def days_from_1899(year, month, day):
    import datetime
    return (datetime.date(year, month, day) - datetime.date(1899, 12, 30)).days


# ---- tables ----


class Table:
    def __init__(self, columns, rows, total=None):
        self.columns, self.rows = columns, [list(row) for row in rows]
        self.total = len(self.rows) if total is None else total

    def without_totals(self):
        rows = [row for row in self.rows if not any(isinstance(c, str) and fold(c).rstrip(":") in TOTALS for c in row)]
        return Table(self.columns, rows, self.total - (len(self.rows) - len(rows)))

    def melted(self, first):
        """Wide as long: a row for each cell beside the column `first`."""
        rows = [[row[first], name, cell] for row in self.rows for i, (name, cell) in enumerate(zip(self.columns, row))
                if i != first and fold(name) not in TOTALS and number_of(cell)]
        return Table(["", "", ""], rows)


def tables_of(answer):
    """Each result that has rows, charts as the table of their data."""
    for result in answer["results"]:
        if result["type"] == "table":
            yield Table([c["name"] for c in result["columns"]], result["rows"], result.get("totalRows"))
        elif result["type"] == "chart":
            yield table_of_chart(result)
        elif result["type"] == "number":
            yield Table(["", ""], [[result.get("label"), result["value"]]])


def table_of_chart(result):
    x, series = result.get("x") or {"name": "", "values": []}, result.get("series") or []
    rows = itertools.zip_longest(x["values"], *(one["values"] for one in series))
    return Table([x.get("name") or ""] + [one.get("name") or "" for one in series], rows)


def match_table(expected, table):
    """None if the table has the expected rows, otherwise what is wrong."""
    keys, values = expected["keys"], expected["values"]
    shapes = [table, table.without_totals()]
    wanted = expected["rows"]
    reasons = [match_rows(expected, wanted, shape) for shape in shapes]
    if None in reasons:
        return None
    if len(values) == 1 and len(keys) == 1 and len(table.rows) == 1:
        flat = Table(["", ""], [[name, cell] for name, cell in zip(table.columns, table.rows[0])])
        reasons.append(match_rows(expected, wanted, flat))
    if len(values) == 1 and len(keys) == 2:
        some = [row for row in wanted if row[2]]
        for first in range(len(table.columns)):
            for shape in (table.melted(first), shapes[1].melted(first)):
                reasons.append(match_rows({**expected, "ordered": False}, some, shape))
    return None if None in reasons else reasons[1]


def match_rows(expected, wanted, table):
    keys, values = expected["keys"], expected["values"]
    percent = [False] * len(keys) + [name in expected.get("percent", ()) for name in values]
    within = expected.get("within", 0.0)
    needed = [i for i, row in enumerate(wanted) if not values or any(v is not None for v in row[len(keys):])]
    if not len(needed) <= table.total <= len(wanted):
        return f"expected {len(wanted)} rows, got {table.total}"

    def same(j, want, got):
        if expected.get("typed") and isinstance(got, str) and not is_text_cell(want):
            return False
        return same_key(want, got) if j < len(keys) else near(got, want, percent[j], within)

    candidates = []
    for j, name in enumerate(keys + values):
        named = [c for c, title in enumerate(table.columns) if fold(title) == fold(name)] if expected["type"] == "file" else []
        if len(named) == 1:  # a workbook goes back with the columns that it came with
            candidates.append(named)
            continue
        options = distinct(row[j] for row in wanted)
        fits = [c for c in range(len(table.columns))
                if all(any(same(j, want, got) for want in options) for got in distinct(row[c] for row in table.rows))]
        if not fits:
            return f"no column is the expected {name}"
        candidates.append(fits)
    reason = "the rows do not belong together as expected"
    for columns in itertools.islice(itertools.product(*candidates), 2000):
        if len(set(columns)) < len(columns):
            continue
        left, order = list(range(len(wanted))), []
        for row in table.rows:
            hit = next((i for i in left if all(same(j, wanted[i][j], row[c]) for j, c in enumerate(columns))), None)
            if hit is None:
                reason = f"unexpected row {[row[c] for c in columns]}"
                break
            left.remove(hit)
            order.append(hit)
        else:
            if len(table.rows) == table.total and set(left) & set(needed):
                reason = f"missing row {wanted[left[0]]}"
            elif expected.get("ordered") and not in_order(wanted, order, len(keys)):
                reason = "the order is not the expected one"
            else:
                return None
    return reason


def distinct(cells):
    """Each once; 1 and True are two."""
    return list({(type(cell), cell): cell for cell in cells}.values())


def is_text_cell(want):
    """Whether a wanted value may be text: no figure and no day."""
    return isinstance(want, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", want) or want is None


def in_order(wanted, order, keys):
    """Rows with equal values may change places."""
    aim = sorted(order)
    return all(got == want or (wanted[got][keys:] and wanted[got][keys:] == wanted[want][keys:])
               for got, want in zip(order, aim))


# ---- kinds of answers ----


def figures_of(text):
    return [n for word in re.findall(r"[-+\u2212]?[\d][\d,]*\.?\d*", text) if (n := number_of(word.rstrip(".,"))) is not None]


def is_number(expected, answer):
    want = expected["value"]
    options = {"percent": expected.get("percent", False), "within": expected.get("within", 0.0)}
    seen = []
    for result in [r for r in answer["results"] if r["type"] != "file"][:3]:
        if result["type"] == "number":
            seen.append(number_of(result["value"]))
        elif result["type"] == "text":
            seen += figures_of(str(result["value"]))[:4]
        elif result["type"] == "table" and len(result["rows"]) == 1:
            seen += [n for cell in result["rows"][0] if (n := number_of(cell)) is not None]
    if any(near(n, want, **options) for n in seen if n is not None):
        return None
    return f"expected {want}, got {seen[:4] or 'no number'}"


# What may be a day, a month or a quarter within a sentence.
PERIOD = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2} [a-z]{3,9} \d{4}|[a-z]{3,9} \d{1,2},? \d{4}|"
                    r"[a-z]{3,9} \d{4}|q\d[ /]\d{4}|\d{4}[ -]?q\d", re.I)


def mentions(text, name):
    """Whether a text has the name as words; a period however it is written."""
    return same_key(name, text) or re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", fold(text)) is not None or any(
        same_key(name, period) for period in PERIOD.findall(text))


def is_text(expected, answer):
    """The first thing that is said must be the wanted name, and a figure beside it must be its figure."""
    want, amount = expected["value"], expected.get("amount")
    others = expected.get("others", [])
    reason = f"expected {want!r}"
    for result in answer["results"]:
        if result["type"] in ("text", "number"):
            text = str(result["value"]) if result["type"] == "text" else f"{result.get('label') or ''}"
            if not mentions(text, want) or len(text) > 400 or any(mentions(text, o) for o in others):
                continue
            numbers = [result["value"]] if result["type"] == "number" else figures_of(text.replace(str(want), " "))
        elif result["type"] == "table" and result["rows"]:
            row = result["rows"][0]
            if not any(same_key(want, cell) for cell in row):
                reason = f"expected {want!r} first, got {row}"
                continue
            numbers = [n for cell in row if not same_key(want, cell) and (n := number_of(cell)) is not None]
        else:
            continue
        if amount is None or not numbers or any(
                near(n, amount, expected.get("percent", False), expected.get("within", 0.0)) for n in numbers):
            return None
        reason = f"{want!r} is right, but not its figure: expected {amount}, got {numbers[:4]}"
    text = answer.get("answer") or ""
    if not any(r["type"] in ("text", "table") for r in answer["results"]) and len(text) < 400 and mentions(text, want) \
            and not any(mentions(text, o) for o in others) \
            and (amount is None or any(near(n, amount, expected.get("percent", False)) for n in figures_of(text))):
        return None
    return reason


def is_table(expected, answer):
    reasons = [match_table(expected, table) for table in tables_of(answer)]
    if not expected["values"] and len(expected["keys"]) == 1:  # names only, which may stand in a sentence
        for result in answer["results"]:
            if result["type"] == "text":
                words = re.split(r"[,;\n]| and ", str(result["value"]).split(":")[-1].rstrip("."))
                table = Table(["name"], [[word.strip()] for word in words if word.strip()])
                reasons.append(match_rows(expected, expected["rows"], table))
    if None in reasons:
        return None
    return reasons[0] if reasons else "no table"


def is_facts(expected, answer):
    """Each of some figures is told somewhere."""
    told = []
    for result in answer["results"]:
        if result["type"] == "number":
            told.append(number_of(result["value"]))
        elif result["type"] == "text":
            told += figures_of(str(result["value"]))
        elif result["type"] == "table":
            told += [number_of(cell) for row in result["rows"] for cell in row]
    told = [n for n in told if n is not None]
    for want in expected["values"]:
        if not any(near(n, want, expected.get("percent", False), expected.get("within", 0.0)) for n in told):
            return f"{want} is not told"
    return None


def is_chart(expected, answer):
    charts = [r for r in answer["results"] if r["type"] == "chart"]
    if not charts:
        return "no chart"
    reason = None
    for chart in charts:
        if chart["kind"] not in expected["kinds"]:
            reason = f"a {chart['kind']} chart, expected one of {expected['kinds']}"
        elif expected.get("count") is not None:  # a histogram: every row is in a bin
            counted = sum(number_of(n) or 0 for one in chart["series"] for n in one["values"])
            if counted == expected["count"]:
                return None
            reason = f"the bins hold {counted}, expected {expected['count']}"
        elif expected.get("groups") is not None:  # boxes: a box for each group
            named = [one.get("name") for one in chart["series"]] + list((chart.get("x") or {}).get("values") or [])
            if all(any(same_key(group, n) for n in named) for group in expected["groups"]):
                return None
            reason = f"boxes for {named[:8]}, expected {expected['groups']}"
        elif (why := match_table(expected, table_of_chart(chart))) is None:
            return None
        else:
            reason = why
    return reason


def is_file(expected, answer):
    files = [f for f in (answer.get("run") or {}).get("files") or [] if not NO_WORKBOOK.search(f["name"])]
    if not files:
        return "no workbook"
    reason = None
    for file in files:
        if file.get("content") is None:
            reason = f"{file['name']} came without its content"
            continue
        for table in read_workbook(file["name"], base64.b64decode(file["content"])):
            if (reason := match_table(expected, table)) is None:
                return None
    return reason or "no workbook that can be read"


def read_workbook(name, content):
    """The sheets of an xlsx, or a CSV, as tables."""
    if name.endswith(".csv"):
        import csv
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        return [Table(rows[0], [[cell or None for cell in row] for row in rows[1:]])] if rows else []
    if not name.endswith(".xlsx"):
        return []
    tables = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        strings = []
        if "xl/sharedStrings.xml" in archive.namelist():
            strings = ["".join(t.text or "" for t in item.iter() if t.tag.endswith("}t"))
                       for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))]
        for part in sorted(n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)):
            rows = []
            for row in ElementTree.fromstring(archive.read(part)).iter():
                if row.tag.endswith("}row"):
                    rows.append(dict(cell_of(cell, strings) for cell in row))
            if rows:
                width = max((max(row, default=-1) for row in rows), default=-1) + 1
                full = [[row.get(c) for c in range(width)] for row in rows]
                tables.append(Table([c or "" for c in full[0]], full[1:]))
    return tables


def cell_of(cell, strings):
    column = 0
    for letter in re.match(r"[A-Z]+", cell.get("r"))[0]:
        column = column * 26 + ord(letter) - 64
    text = "".join(t.text or "" for t in cell.iter() if t.tag.endswith(("}v", "}t")))
    kind = cell.get("t")
    if kind == "s":
        return column - 1, strings[int(text)]
    if kind == "b":
        return column - 1, text == "1"
    return column - 1, text if kind in ("inlineStr", "str") else float(text) if text else None


JUDGES = {"number": is_number, "text": is_text, "table": is_table, "facts": is_facts, "chart": is_chart, "file": is_file}


# ---- the whole answer ----


def understood(answer):
    """An answer in the shape that is judged, whatever version of the product it is from."""
    answer = dict(answer)
    answer.setdefault("decision", "answered")
    if answer.get("results") is None:
        answer["results"] = [r for r in [result_of(answer.get("value"), answer.get("label"))] if r]
    return answer


def result_of(value, label):
    """A typed result of the bare value that answers had before there were any."""
    if value is None:
        return None
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        names = list(value[0])
        return {"type": "table", "columns": [{"name": n} for n in names], "rows": [[row.get(n) for n in names] for row in value]}
    if isinstance(value, dict):
        return {"type": "table", "columns": [{"name": "name"}, {"name": "value"}], "rows": [[k, v] for k, v in value.items()
                if v is None or isinstance(v, (str, int, float, bool))]}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"type": "number", "value": value, "label": label}
    return {"type": "text", "value": value if isinstance(value, str) else json.dumps(value)}


def judge(expected, answer):
    """A verdict and its reason. `expected` is one expectation, or {"any": [several]}."""
    options = expected.get("any") or [expected]
    kinds = {option["type"] for option in options}
    try:
        answer = understood(answer)
        decision = answer["decision"]
        if decision == "clarify":
            return ("right", "asked, as expected") if "clarify" in kinds else ("asked", (answer.get("clarification") or {}).get("question") or "")
        if decision == "refused":
            return ("right", "refused, as expected") if "refused" in kinds else ("refused", answer.get("answer") or "")
        if decision != "answered":
            return "error", f"unknown decision {decision!r}"
        status = (answer.get("run") or {}).get("status", "succeeded")
        if status != "succeeded":
            return "error", f"the program ended as {status}"
        reasons = [JUDGES[o["type"]](o, answer) for o in options if o["type"] in JUDGES]
        if None in reasons:
            return "right", ""
        return "wrong", reasons[0] if reasons else f"answered, expected {' or '.join(sorted(kinds))}"
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, zipfile.BadZipFile, ElementTree.ParseError) as problem:
        return "error", f"the answer is not in the agreed form: {type(problem).__name__}: {problem}"


# ---- tests of the judge itself ----


def self_test():
    def said(*results, **more):
        return {"decision": "answered", "answer": "", "results": list(results), **more}

    def num(value, label=None):
        return {"type": "number", "value": value, "label": label, "unit": None}

    def tab(names, *rows, total=None):
        return {"type": "table", "columns": [{"name": n} for n in names], "rows": [list(r) for r in rows],
                "totalRows": len(rows) if total is None else total, "truncated": False}

    regions = {"type": "table", "keys": ["Region"], "values": ["Sales"], "rows": [["North", 12.5], ["South", 7.25]]}
    ordered = {**regions, "ordered": True}
    months = {"type": "table", "keys": ["Month"], "values": ["n"], "rows": [["2024-01", 3], ["2024-02", 5]], "ordered": True}
    pivot = {"type": "table", "keys": ["a", "b"], "values": ["n"], "rows": [["x", "2023", 1], ["x", "2024", 2], ["y", "2024", 4]]}
    growth = {"type": "table", "keys": ["Year"], "values": ["g"], "percent": ["g"], "rows": [[2022, None], [2023, 0.12]]}
    north = {"type": "text", "value": "North", "amount": 12.5, "others": ["South"]}
    chart = {"type": "chart", "kinds": ["line"], **{k: months[k] for k in ("keys", "values", "rows", "ordered")}}
    line = {"type": "chart", "kind": "line", "x": {"name": "m", "values": ["2024-01-01", "2024-02-01"]},
            "series": [{"name": "n", "values": [3, 5]}]}
    csv = base64.b64encode(b"Region,Sales\nNorth,12.5\nSouth,7.25\n").decode()
    names = {"type": "table", "keys": ["name"], "values": [], "rows": [["North"], ["South"]]}
    nothing = {"type": "table", "keys": ["name"], "values": [], "rows": []}
    refused, clarify = {"type": "refused"}, {"type": "clarify"}
    cases = [
        ("right", {"type": "number", "value": 1234.567}, said(num(1234.57))),
        ("right", {"type": "number", "value": 1234.567}, said(tab(["n", "sum"], [3, 1234.567]))),
        ("wrong", {"type": "number", "value": 1234.567}, said(num(1234.5))),
        ("wrong", {"type": "number", "value": 1234.567}, said(num(1230))),
        ("wrong", {"type": "number", "value": 12}, said(num(-12))),
        ("right", {"type": "number", "value": 0.1234, "percent": True}, said(num(12.3))),
        ("right", {"type": "number", "value": 0.1234, "percent": True}, said(num(0.1234))),
        ("wrong", {"type": "number", "value": 0.1234, "percent": True}, said(num(13.0))),
        ("wrong", {"type": "number", "value": 3}, said(tab(["a", "n"], ["x", 3], ["y", 4]))),
        ("right", {"type": "number", "value": 1234.5}, said({"type": "text", "value": "The total is 1,234.50."})),
        ("right", regions, said(tab(["Region", "Orders", "Sum"], ["South", 3, 7.25], ["North", 9, 12.5]))),
        ("right", regions, said(tab(["Region", "Sum"], ["South", 7.25], ["North", 12.5], ["Total", 19.75]))),
        ("right", regions, said(tab(["North", "South"], [12.5, 7.25]))),
        ("wrong", regions, said(tab(["Region", "Sum"], ["South", 12.5], ["North", 7.25]))),
        ("wrong", regions, said(tab(["Region", "Sum"], ["North", 12.5]))),
        ("wrong", regions, said(tab(["Region", "Sum"], ["North", 12.5], ["South", 7.25], ["East", 1]))),
        ("right", ordered, said(tab(["Region", "Sum"], ["North", 12.5], ["South", 7.25]))),
        ("wrong", ordered, said(tab(["Region", "Sum"], ["South", 7.25], ["North", 12.5]))),
        ("right", regions, said(tab(["Region", "Sum"], ["South", 7.25], total=2))),
        ("right", months, said(tab(["m", "n"], ["Jan 2024", 3], ["February 2024", 5]))),
        ("right", months, said(tab(["m", "n"], ["2024-01-31", 3], ["2024-02-29", 5]))),
        ("right", months, said(line)),
        ("wrong", months, said(tab(["m", "n"], ["2024-01-15", 3], ["2024-02-15", 5]))),
        ("right", pivot, said(tab(["a", "2023", "2024"], ["x", 1, 2], ["y", 0, 4]))),
        ("right", pivot, said(tab(["year", "x", "y", "Total"], [2023, 1, None, 1], [2024, 2, 4, 6]))),
        ("right", pivot, said(tab(["a", "year", "n"], ["x", 2023, 1], ["x", 2024, 2], ["y", 2024, 4]))),
        ("wrong", pivot, said(tab(["a", "2023", "2024"], ["x", 1, 2], ["y", 4, 0]))),
        ("right", growth, said(tab(["Year", "growth"], [2023, 12.0]))),
        ("right", growth, said(tab(["Year", "growth"], ["2022", None], ["2023", 0.12]))),
        ("right", north, said({"type": "text", "value": "North, with 12.50"})),
        ("right", north, said(tab(["Region", "Sum"], ["North", 12.5], ["South", 7.25]))),
        ("right", north, said(num(12.5, "North"))),
        ("wrong", north, said({"type": "text", "value": "North and South"})),
        ("wrong", north, said(tab(["Region", "Sum"], ["North", 13.5]))),
        ("right", names, said({"type": "text", "value": "Missed: South and North."})),
        ("wrong", names, said({"type": "text", "value": "North, South, East"})),
        ("right", nothing, said(tab(["Order"]))),
        ("wrong", nothing, said(tab(["Order"], ["x"]))),
        ("right", {"type": "text", "value": "2024-03-05"}, said({"type": "text", "value": "It was on 5 March 2024."})),
        ("wrong", north, said(tab(["Region", "Sum"], ["South", 12.5], ["North", 7.25]))),
        ("right", {"type": "text", "value": "2023-Q4"}, said({"type": "text", "value": "Q4 2023"})),
        ("right", {"type": "facts", "values": [1.5, 9]}, said(tab(["min", "max"], [1.5, 9]))),
        ("wrong", {"type": "facts", "values": [1.5, 9]}, said(num(9))),
        ("right", chart, said(line)),
        ("wrong", chart, said({**line, "kind": "pie"})),
        ("wrong", chart, said(tab(["m", "n"], ["2024-01", 3], ["2024-02", 5]))),
        ("right", {"type": "chart", "kinds": ["histogram"], "count": 8}, said({**line, "kind": "histogram"})),
        ("right", {**regions, "type": "file"}, said(run={"files": [{"name": "clean.csv", "content": csv}]})),
        ("wrong", {**regions, "type": "file"}, said(run={"files": []})),
        ("asked", regions, {"decision": "clarify", "clarification": {"question": "Which?"}}),
        ("refused", regions, {"decision": "refused", "answer": "No."}),
        ("right", refused, {"decision": "refused"}),
        ("right", {"any": [clarify, refused]}, {"decision": "clarify"}),
        ("wrong", clarify, said(num(1))),
        ("wrong", {"any": [{"type": "number", "value": 1}, clarify]}, said(num(2))),
        ("right", {"any": [{"type": "number", "value": 1}, clarify]}, said(num(1))),
        ("right", {"type": "number", "value": 5}, {"answer": "5", "value": 5, "label": "count"}),
        ("right", regions, {"answer": "", "value": [{"Region": "North", "s": 12.5}, {"Region": "South", "s": 7.25}]}),
        ("error", {"type": "number", "value": 5}, said(num(5), run={"status": "failed"})),
        ("error", {"type": "number", "value": 5}, said({"value": 5})),
    ]
    bad = 0
    for i, (verdict, expected, answer) in enumerate(cases):
        got, reason = judge(expected, answer)
        if got != verdict:
            bad += 1
            print(f"case {i}: expected {verdict}, judged {got} ({reason})\n  {expected}\n  {answer}")
    keys = [("2024-03", "2024-03-01", True), ("2024-03", "Mar 2024", True), ("2024-03", "2024-04", False),
            ("March", "Mar", True), ("March", 3, True), ("Monday", "Mon", True), (2023, "2023-12-31", True),
            (2023, "2023-05-01", False), ("2024-Q1", "2024Q1", True), ("2024-Q1", "2024-03-31", True),
            ("2024-Q1", "2024-04-01", False), ("2023-11-05", "5 Nov 2023", True), ("2023-11-05", 45235.0, True),
            ("2023-11-05", "2023-11-05T00:00:00", True), (True, "Yes", True), (None, "(empty)", True), ("1", "10", False),
            ("Yes", True, True), ("2024-W05", "2024-01-29", True), (40.0, "40", True)]
    for want, got, same in keys:
        if same_key(want, got) != same:
            bad += 1
            print(f"same_key({want!r}, {got!r}) is not {same}")
    sheet = read_workbook("x.xlsx", tiny_xlsx())
    if [(t.columns, t.rows) for t in sheet] != [(["a", "b"], [["x", 2.0]])]:
        bad += 1
        print("read_workbook", [(t.columns, t.rows) for t in sheet])
    print(f"{len(cases) + len(keys) + 1} cases, {bad} misjudged")
    return 1 if bad else 0


def answer_of(one, spoil=False):
    """The answer that says exactly what is expected, or one with a figure too high, a name unknown, a row missing."""
    off = (lambda n: n * 1.1 + 1 + 2 * one.get("within", 0)) if spoil else (lambda n: n)
    kind = one["type"]
    if kind in ("clarify", "refused"):
        return {"decision": kind}
    if kind == "number":
        results = [{"type": "number", "value": off(one["value"])}]
    elif kind == "text":
        results = [{"type": "text", "value": "somebody else" if spoil else str(one["value"])}]
    elif kind == "facts":
        results = [{"type": "table", "columns": [{"name": str(i)} for i in one["values"]], "rows": [[off(v) for v in one["values"]]]}]
    elif kind == "chart" and "rows" not in one:
        results = [{"type": "chart", "kind": one["kinds"][0], "x": {"values": one.get("groups", [])[spoil:]},
                    "series": [{"name": "n", "values": [off(one.get("count", 0))]}]}]
    else:
        rows, keys = [list(row) for row in one["rows"]], len(one["keys"])
        if spoil and any(n for row in rows for n in row[keys:]):
            row = next(row for row in rows if any(row[keys:]))
            row[keys:] = [n if n is None else off(n) for n in row[keys:]]
        elif spoil:
            rows = rows[1:] or [["somebody else"] * len(one["keys"] + one["values"])]
        names = one["keys"] + one["values"]
        if kind == "file":
            text = io.StringIO()
            import csv
            csv.writer(text).writerows([names, *rows])
            content = base64.b64encode(text.getvalue().encode()).decode()
            return {"results": [], "run": {"files": [{"name": "out.csv", "content": content}]}}
        # A point has its key as x; of several keys the others are said in columns, which a chart of data may have.
        table = {"type": "table", "columns": [{"name": n} for n in names], "rows": rows, "totalRows": len(rows)}
        chart = {"type": "chart", "kind": one.get("kinds", ["line"])[0], "x": {"values": [row[0] for row in rows]},
                 "series": [{"name": n, "values": [row[i] for row in rows]} for i, n in enumerate(names) if i]}
        results = [chart if kind == "chart" else table]
    return {"decision": "answered", "results": results}


def test_expectations(path):
    """Each expectation accepts what it says, and nothing that is a little off."""
    with open(path, encoding="utf-8") as file:
        computed = json.load(file)
    bad = count = 0
    for name, turns in computed.items():
        for turn in turns if isinstance(turns, list) else [turns]:
            for one in turn.get("any") or [turn]:
                count += 1
                got, reason = judge(one, answer_of(one))
                if got != "right" and not one.get("typed"):  # a CSV has no types
                    bad += 1
                    print(f"{name}: what is expected is judged {got}: {reason}")
                if one["type"] not in ("clarify", "refused") and judge(one, answer_of(one, spoil=True))[0] == "right":
                    bad += 1
                    print(f"{name}: a spoilt answer is judged right")
    print(f"{count} expectations, {bad} misjudged")
    return 1 if bad else 0


def tiny_xlsx():
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst {space}><si><t>a</t></si><si><t>b</t></si><si><r><t>x</t></r></si></sst>")
        archive.writestr("xl/worksheets/sheet1.xml", f'<worksheet {space}><sheetData><row><c r="A1" t="s"><v>0</v></c>'
                         '<c r="B1" t="s"><v>1</v></c></row><row><c r="A2" t="s"><v>2</v></c><c r="B2"><v>2</v></c></row>'
                         "</sheetData></worksheet>")
    return content.getvalue()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--self-test"]:
        sys.exit(self_test() or (test_expectations(sys.argv[2]) if sys.argv[2:] else 0))
    sys.exit(__doc__)
