"""The workbooks that questions are asked about: clean frames (`truth`), and what is written of them.

Everything is drawn from seeds, so that each run has the same. The expected answers are computed from the frames and
never from the files, so that nobody's way of reading a file decides what is right.

    ringfence run workbooks.py --out DIR     # to look at them
"""

import csv
import datetime as dt
import io
import json
import os
import zipfile
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

CUSTOMERS = [
    "Alder & Sons", "Bäckerei Huber", "Blue Door Studio", "Brandt Logistik", "Café Central", "Casa Verde",
    "Copper Kettle", "Delft Interiors", "Dubois Frères", "Eastgate Hotel", "Edelweiss Pension", "Fabrik 9",
    "Fleming Dental", "Gasthof Adler", "Greenfield School", "Hafen Kontor", "Harbour View", "Huis & Tuin",
    "Idea Works", "Jansen Wonen", "Kaiser Apotheke", "La Petite Table", "Lindqvist", "Maison Claire",
    "Müller GmbH", "Nordlicht", "Oak Street Clinic", "Osteria Roma", "Papillon", "Praxis Dr. Vogel",
    "Quartier Nord", "Rossi Arredi", "Salon Elisa", "Schreinerei Wolf", "Studio Lumen", "Tuinhuis", "Ulmer Hof",
    "Villa Rosa", "Weber Optik", "Zum Anker",
]
PEOPLE = [
    "Amelia Frost", "Anton Berger", "Beatrice Lang", "Carlos Mendes", "Chiara Conti", "Daniel Okafor", "Elena Petrova",
    "Emil Sand", "Fatima Haddad", "Felix Roth", "Greta Holm", "Hannah Weiss", "Henrik Dahl", "Ingrid Moen",
    "Ivan Kovac", "Jakob Stein", "Jana Novak", "Jonas Keller", "Julia Brandt", "Karim Aziz", "Lara Schmitt",
    "Leo Fischer", "Lucia Ferrari", "Maja Lund", "Marco Bianchi", "Marta Silva", "Mia Vogel", "Nadia Rahman",
    "Noah Bauer", "Olga Orlova", "Oscar Nyberg", "Paula Krüger", "Pieter de Vries", "Priya Nair", "Rosa Delgado",
    "Samuel Brook", "Sofie Maes", "Theo Lambert", "Tomas Hruby", "Vera Simon",
]


def days(start, count):
    """`count` is an array of days after `start`."""
    return pd.to_datetime(start) + pd.to_timedelta(count, unit="D")


def orders():
    """A shop's orders, two and a half years of them."""
    rng = np.random.default_rng(11)
    n = 1200
    products = pd.DataFrame(
        [("Desk", "Furniture", 289.0), ("Office Chair", "Furniture", 179.0), ("Bookshelf", "Furniture", 129.5),
         ("Side Table", "Furniture", 74.9), ("Floor Lamp", "Lighting", 89.0), ("Desk Lamp", "Lighting", 39.9),
         ("Pendant", "Lighting", 119.0), ("LED Strip", "Lighting", 17.5), ("Curtain", "Textiles", 44.0),
         ("Rug", "Textiles", 159.0), ("Cushion", "Textiles", 19.9), ("Blanket", "Textiles", 49.5),
         ("Teapot", "Kitchen", 34.0), ("Knife Set", "Kitchen", 99.0), ("Cutting Board", "Kitchen", 24.9),
         ("Saucepan", "Kitchen", 59.0)], columns=["Product", "Category", "Unit Price"])
    pick = products.iloc[rng.integers(0, len(products), n)].reset_index(drop=True)
    country = dict(zip(CUSTOMERS, rng.choice(["Germany", "France", "Netherlands", "Austria", "Italy"], len(CUSTOMERS),
                                             p=[0.4, 0.15, 0.2, 0.15, 0.1])))
    customer = rng.choice(CUSTOMERS, n)
    offset = np.sort(rng.integers(0, 912, n))
    offset[-1] = 911  # the last day is 30 June 2024
    frame = pd.DataFrame({
        "Order ID": [f"SO-{10001 + i}" for i in range(n)],
        "Order Date": days("2022-01-01", offset),
        "Customer": customer,
        "Country": [country[name] for name in customer],
        "Category": pick["Category"],
        "Product": pick["Product"],
        "Sales Rep": rng.choice(PEOPLE[:6], n),
        "Quantity": rng.integers(1, 21, n),
        "Unit Price": pick["Unit Price"],
        "Discount": rng.choice([0.0, 0.05, 0.1, 0.15], n, p=[0.6, 0.2, 0.15, 0.05]),
        "Status": rng.choice(["Delivered", "Returned", "Cancelled", "Pending"], n, p=[0.82, 0.07, 0.06, 0.05]),
    })
    revenue = (frame["Quantity"] * frame["Unit Price"] * (1 - frame["Discount"])).round(2)
    frame.insert(10, "Revenue", revenue)
    return frame


def invoices():
    """Invoices of 2023 and the first half of 2024, as of 30 June 2024; about a fifth is open."""
    rng = np.random.default_rng(12)
    n = 180
    issued = days("2023-01-02", np.sort(rng.integers(0, 540, n)))
    terms = rng.choice([14, 30, 45], n, p=[0.3, 0.5, 0.2])
    due = issued + pd.to_timedelta(terms, unit="D")
    late = np.round(rng.normal(2, 12, n)).astype(int)
    paid = (due + pd.to_timedelta(late, unit="D")).to_series(index=range(n))
    paid = paid.where(paid > issued.to_series(index=range(n)), due.to_series(index=range(n)))
    open_now = (rng.random(n) < 0.12) | (paid > pd.Timestamp("2024-06-30"))
    net = np.round(rng.lognormal(7.2, 0.8, n), 2)
    vat = np.round(net * 0.19, 2)
    return pd.DataFrame({
        "Invoice No": [f"2023-{i + 1:04d}" if day.year == 2023 else f"2024-{i + 1:04d}" for i, day in enumerate(issued)],
        "Customer": rng.choice(CUSTOMERS[:18], n),
        "Invoice Date": issued,
        "Due Date": due,
        "Net": net,
        "VAT": vat,
        "Gross": np.round(net + vat, 2),
        "Paid On": paid.where(~open_now),
    })


DEPARTMENTS = ["Bakery", "Sales", "Delivery", "Administration", "Marketing", "Kitchen"]


def employees():
    """A bakery's staff."""
    rng = np.random.default_rng(13)
    n = 86
    first = [name.split()[0] for name in PEOPLE]
    last = [" ".join(name.split()[1:]) for name in PEOPLE]
    names, seen = [], set()
    while len(names) < n:
        name = f"{rng.choice(first)} {rng.choice(last)}"
        if name not in seen:
            seen.add(name)
            names.append(name)
    department = rng.choice(DEPARTMENTS, n, p=[0.3, 0.22, 0.16, 0.1, 0.08, 0.14])
    base = dict(zip(DEPARTMENTS, [2650, 2500, 2350, 3100, 3300, 2450]))
    salary = np.array([base[d] for d in department]) + rng.integers(-30, 130, n) * 10
    left = days("2022-06-01", rng.integers(0, 660, n)).to_series(index=range(n))
    return pd.DataFrame({
        "Personnel No": np.arange(1001, 1001 + n),
        "Name": names,
        "Department": department,
        "Job Title": rng.choice(["Assistant", "Specialist", "Team Lead"], n, p=[0.45, 0.4, 0.15]),
        "City": rng.choice(["Munich", "Augsburg", "Ulm"], n, p=[0.5, 0.3, 0.2]),
        "Hire Date": days("2012-03-01", rng.integers(0, 3700, n)),
        "Contract": rng.choice(["Permanent", "Fixed-term", "Apprentice"], n, p=[0.7, 0.2, 0.1]),
        "Hours per Week": rng.choice([20, 30, 38.5, 40], n, p=[0.15, 0.15, 0.2, 0.5]),
        "Monthly Salary": salary.astype(float),
        "Bonus": np.where(rng.random(n) < 0.6, rng.integers(5, 60, n) * 50, 0).astype(float),
        "Left On": left.where(rng.random(n) < 0.12),
    })


def departments():
    return pd.DataFrame({
        "Department": DEPARTMENTS,
        "Manager": PEOPLE[6:12],
        "Cost Centre": [4100, 4200, 4300, 4400, 4500, 4600],
        "Annual Staff Budget": [1_000_000.0, 700_000.0, 400_000.0, 330_000.0, 380_000.0, 390_000.0],
    })


def inventory():
    rng = np.random.default_rng(14)
    n = 240
    kinds = ["Screw", "Bolt", "Hinge", "Bracket", "Cable", "Switch", "Pipe", "Valve", "Filter", "Gasket"]
    kind = rng.choice(kinds, n)
    supplier = pd.Series(rng.choice(["Nordmetall", "Ferrotec", "Elbe Supply", "Kabelwerk Süd", "Hydro Parts"], n))
    cost = np.round(rng.lognormal(1.6, 0.9, n), 2)
    return pd.DataFrame({
        "SKU": [f"{k[:2].upper()}-{1000 + i}" for i, k in enumerate(kind)],
        "Item": [f"{k} {size} mm" for k, size in zip(kind, rng.choice([4, 6, 8, 10, 12, 16, 20, 25], n))],
        "Category": pd.Series(kind).map({"Screw": "Fasteners", "Bolt": "Fasteners", "Hinge": "Fittings",
                                         "Bracket": "Fittings", "Cable": "Electrical", "Switch": "Electrical",
                                         "Pipe": "Plumbing", "Valve": "Plumbing", "Filter": "Plumbing",
                                         "Gasket": "Plumbing"}),
        "Warehouse": rng.choice(["Hamburg", "Leipzig", "Vienna"], n, p=[0.5, 0.3, 0.2]),
        "Supplier": supplier.where(rng.random(n) > 0.06),
        "On Hand": rng.integers(0, 900, n) * (rng.random(n) > 0.05),
        "Reorder Level": rng.choice([50, 100, 150, 200], n),
        "Unit Cost": cost,
        "Selling Price": np.round(cost * rng.uniform(1.15, 2.1, n), 2),
        "Last Counted": days("2024-01-02", rng.integers(0, 120, n)),
    })


def clients():
    """Customers of the workbook with two sheets; eleven of them have never ordered."""
    rng = np.random.default_rng(15)
    n = 90
    towns = {"Lyon": "France", "Paris": "France", "Berlin": "Germany", "Cologne": "Germany", "Vienna": "Austria",
             "Graz": "Austria", "Ghent": "Belgium"}
    city = rng.choice(list(towns), n)
    return pd.DataFrame({
        "Customer ID": [f"C{i + 1:03d}" for i in range(n)],
        "Company": [f"{a} {b}" for a, b in zip(
            rng.permutation([f"{x}{y}" for x in ("Nova", "Terra", "Luma", "Vero", "Kilo", "Sol") for y in
                             ("tec", "form", "net", "lab", "plan", "haus", "mark", "dent", "pro", "line", "food",
                              "care", "move", "work", "print")]),
            rng.choice(["GmbH", "SA", "BV", "Ltd"], n))],
        "City": city,
        "Country": [towns[c] for c in city],
        "Segment": rng.choice(["Retail", "Wholesale", "Public"], n, p=[0.55, 0.3, 0.15]),
        "Customer Since": days("2015-01-01", rng.integers(0, 2900, n)),
    })


def client_orders():
    rng = np.random.default_rng(16)
    n = 700
    known = clients()["Customer ID"].to_numpy()
    buys = rng.choice(known, 79, replace=False)
    customer = np.concatenate([buys, rng.choice(buys, n - 79)])
    customer[100:104] = "C999"  # nobody knows them
    return pd.DataFrame({
        "Order No": np.arange(50001, 50001 + n),
        "Customer ID": customer,
        "Order Date": days("2023-01-01", rng.permutation(np.arange(n) * 364 // (n - 1))),
        "Channel": rng.choice(["Web", "Phone", "Fair"], n, p=[0.6, 0.3, 0.1]),
        "Amount": np.round(rng.lognormal(5.6, 0.7, n), 2),
    })


def bank():
    """A current account in 2023."""
    rng = np.random.default_rng(17)
    n = 420
    day = days("2023-01-01", np.sort(np.concatenate([rng.integers(0, 365, n - 24), np.arange(12) * 30 + 14,
                                                     np.arange(12) * 30 + 2])))
    spend = {"Rent": (1850, 0), "Wages": (4200, 500), "Supplies": (320, 160), "Fuel": (85, 25), "Insurance": (210, 40),
             "Software": (59, 20), "Bank fees": (12, 4), "Taxes": (900, 300)}
    category = rng.choice(list(spend) + ["Sales"], n, p=[0.03, 0.05, 0.22, 0.15, 0.03, 0.06, 0.06, 0.03, 0.37])
    amount = [rng.normal(*spend[c]) if c in spend else rng.lognormal(6.6, 0.6) for c in category]
    amount = np.round(np.abs(np.array(amount)) + 1, 2)
    income = category == "Sales"
    text = {"Rent": "Standing order Haus & Grund", "Wages": "Salary transfer", "Supplies": "Metro Großmarkt",
            "Fuel": "Tank & Go", "Insurance": "Allsafe policy", "Software": "Cloud suite", "Bank fees": "Account fee",
            "Taxes": "Tax office", "Sales": "Card payments"}
    frame = pd.DataFrame({
        "Date": day,
        "Description": [f"{text[c]} {rng.integers(100, 999)}" for c in category],
        "Category": category,
        "Debit": np.where(income, np.nan, amount),
        "Credit": np.where(income, amount, np.nan),
    })
    frame["Balance"] = (15000 + (frame["Credit"].fillna(0) - frame["Debit"].fillna(0)).cumsum()).round(2)
    return frame


def budget():
    """Budget and actual costs of 2024 by department and month."""
    rng = np.random.default_rng(18)
    names = ["Production", "Logistics", "Sales", "Marketing", "IT", "HR"]
    base = [42000, 18500, 15000, 12000, 9500, 6000]
    rows = []
    for name, amount in zip(names, base):
        for month in pd.date_range("2024-01-01", periods=12, freq="MS"):
            rows.append((name, month, float(amount), float(np.round(amount * rng.normal(1.01, 0.09), 0))))
    frame = pd.DataFrame(rows, columns=["Department", "Month", "Budget", "Actual"])
    frame["Variance"] = frame["Actual"] - frame["Budget"]
    return frame


def survey():
    rng = np.random.default_rng(19)
    n = 400
    plan = rng.choice(["Free", "Basic", "Pro"], n, p=[0.5, 0.3, 0.2])
    satisfaction = np.clip(np.round(rng.normal(3.5, 1.0, n) + (plan == "Pro") * 0.5), 1, 5)
    recommend = np.clip(np.round(satisfaction * 1.8 + rng.normal(0, 1.3, n)), 0, 10)
    return pd.DataFrame({
        "id": np.arange(1, n + 1),
        "submitted": days("2024-02-01", np.sort(rng.integers(0, 60, n))),
        "age": pd.array(np.where(rng.random(n) < 0.07, None, rng.integers(18, 76, n)), dtype="Int64"),
        "city": rng.choice(["Leeds", "York", "Hull", "Bradford"], n, p=[0.4, 0.25, 0.2, 0.15]),
        "plan": plan,
        "satisfaction": pd.array(np.where(rng.random(n) < 0.05, None, satisfaction), dtype="Int64"),
        "recommend": recommend.astype(int),
        "comment": np.where(rng.random(n) < 0.6, None, rng.choice(
            ["great support", "too expensive", "easy to use", "slow at times", "missing reports"], n)),
    })


def energy():
    """Four meters, read three times a day in 2023; three readings are absurd."""
    rng = np.random.default_rng(20)
    frames = []
    for meter, site, base in [("M-01", "Office", 22), ("M-02", "Workshop", 55), ("M-03", "Warehouse", 34),
                              ("M-04", "Canteen", 28)]:
        when = pd.date_range("2023-01-01", periods=1095, freq="8h")
        season = 1 + 0.25 * np.cos((when.day_of_year - 15) / 365 * 2 * np.pi)
        shift = np.where(when.hour == 8, 1.2, 0.9)
        warm = 10 - 9 * np.cos((when.day_of_year - 15) / 365 * 2 * np.pi) + rng.uniform(-4, 4, len(when))
        frames.append(pd.DataFrame({
            "timestamp": when, "meter": meter, "site": site,
            "kwh": np.round(base * season * shift * rng.uniform(0.9, 1.1, len(when)), 2),
            "temperature_c": np.round(warm, 1),
            "estimated": rng.random(len(when)) < 0.04,
        }))
    frame = pd.concat(frames, ignore_index=True)
    frame.loc[[500, 1800, 3000], "kwh"] = [990.0, 1250.5, 875.25]
    return frame


PROJECTS = ["Harbour Bridge", "City Library", "Solar Park", "Old Mill", "Tram Line 4", "Wind Study", "School Roof"]


def timesheets():
    rng = np.random.default_rng(21)
    n = 900
    day = pd.bdate_range("2024-01-02", "2024-06-28")
    people = PEOPLE[12:20]
    rates = dict(zip(people, [75, 82, 95, 68, 110, 90, 75, 88]))
    who = rng.choice(people, n)
    frame = pd.DataFrame({
        "Date": day[np.sort(rng.integers(0, len(day), n))],
        "Employee": who,
        "Project": rng.choice(PROJECTS[:6], n, p=[0.3, 0.2, 0.2, 0.1, 0.15, 0.05]),
        "Task": rng.choice(["Design", "Site visit", "Meeting", "Report"], n, p=[0.4, 0.15, 0.25, 0.2]),
        "Hours": rng.integers(1, 17, n) / 2,
        "Billable": rng.choice(["Yes", "No"], n, p=[0.8, 0.2]),
        "Rate": [float(rates[w]) for w in who],
    })
    frame.loc[[200, 640], "Hours"] = [75.0, 80.0]  # somebody left out the decimal point
    return frame


def projects():
    return pd.DataFrame({
        "Project": PROJECTS,
        "Client": ["Port Authority", "City Council", "Helios Energy", "Mill Trust", "City Council", "Helios Energy",
                   "City Council"],
        "Manager": [PEOPLE[30], PEOPLE[31], PEOPLE[30], PEOPLE[32], PEOPLE[31], PEOPLE[32], PEOPLE[31]],
        "Budget Hours": [1100, 900, 950, 400, 550, 150, 300],
    })


def traffic():
    rng = np.random.default_rng(22)
    frames = []
    for channel, base, converts in [("Organic", 420, 0.021), ("Paid", 260, 0.034), ("Social", 180, 0.009),
                                    ("Newsletter", 60, 0.052)]:
        date = pd.date_range("2023-01-01", "2023-12-31")
        growth = np.linspace(0.85, 1.25, len(date)) * np.where(date.day_of_week >= 5, 0.7, 1.05)
        sessions = rng.poisson(base * growth)
        frames.append(pd.DataFrame({
            "Date": date, "Channel": channel, "Sessions": sessions,
            "New Users": rng.binomial(sessions, 0.6),
            "Conversions": rng.binomial(sessions, converts),
            "Bounce Rate": np.round(rng.uniform(0.3, 0.6, len(date)), 3),
        }))
    return pd.concat(frames).sort_values(["Date", "Channel"]).reset_index(drop=True)


def loans():
    rng = np.random.default_rng(23)
    n = 60
    principal = rng.integers(5, 160, n) * 2500.0
    rate = np.round(rng.uniform(0.025, 0.095, n), 4)
    term = rng.choice([24, 36, 48, 60, 120], n)
    monthly = rate / 12
    return pd.DataFrame({
        "Loan No": [f"L-{200 + i}" for i in range(n)],
        "Borrower": rng.choice(CUSTOMERS, n, replace=True),
        "Type": rng.choice(["Machine", "Vehicle", "Property", "Working capital"], n, p=[0.3, 0.3, 0.15, 0.25]),
        "Start": days("2020-01-01", rng.integers(0, 48, n) * 30),
        "Principal": principal,
        "Interest Rate": rate,
        "Term (months)": term,
        "Monthly Payment": np.round(principal * monthly / (1 - (1 + monthly) ** -term.astype(float)), 2),
        "Status": rng.choice(["Active", "Repaid", "Default"], n, p=[0.7, 0.24, 0.06]),
    })


REGIONS = ["North", "South", "East", "West", "Central"]


def regional():
    """Sales of five regions over four years, by product line and quarter."""
    rng = np.random.default_rng(24)
    rows = []
    for r, region in enumerate(REGIONS):
        for l, line in enumerate(["Hardware", "Software", "Services", "Training"]):
            for year in range(2020, 2024):
                for quarter in range(1, 5):
                    base = (90 + 25 * r) * (1.6, 1.2, 1.0, 0.4)[l] * (1 + (0.03 + 0.03 * l) * (year - 2020))
                    units = int(base * rng.uniform(0.8, 1.2))
                    sales = round(units * (210, 340, 150, 95)[l] * rng.uniform(0.95, 1.05), 2)
                    rows.append((region, line, year, f"Q{quarter}", units, sales, round(sales * rng.uniform(.5, .75), 2)))
    return pd.DataFrame(rows, columns=["Region", "Product Line", "Year", "Quarter", "Units", "Sales", "Cost"])


def targets():
    rng = np.random.default_rng(25)
    totals = regional().groupby(["Region", "Year"], as_index=False)["Sales"].sum()
    totals["Target"] = (totals.pop("Sales") * rng.uniform(0.85, 1.15, len(totals))).round(-3)
    return totals


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def stores():
    """A small sheet that is wide: a column for each month."""
    rng = np.random.default_rng(26)
    frame = pd.DataFrame({"Store": ["Altona", "Barmbek", "Eimsbüttel", "Harburg", "Ottensen", "Wandsbek", "Bergedorf",
                                    "Eppendorf", "St. Pauli", "Winterhude"]})
    base = rng.integers(18, 60, len(frame)) * 1000
    for i, month in enumerate(MONTHS):
        frame[month] = (base * (1 + 0.02 * i) * rng.uniform(0.85, 1.15, len(frame))).round(0).astype(int)
    return frame


def contacts():
    """What the dirty list of contacts would be if somebody tidied it: one row a person."""
    rng = np.random.default_rng(27)
    n = 120
    first = rng.choice([p.split()[0] for p in PEOPLE], n)
    last = rng.permutation([f"{a}{b}" for a in ("Lind", "Berg", "Stern", "Wald", "Feld", "Rosen", "Gold", "Hart", "Silber",
                                                "Winter") for b in ("mann", "er", "haus", "bach", "berg", "stein", "qvist",
                                                                    "hof", "ner", "feld", "wall", "son")])[:n]
    domain = rng.choice(["example.com", "mail.example", "post.example"], n)
    return pd.DataFrame({
        "First Name": first,
        "Last Name": last,
        "E-mail": pd.Series([f"{f}.{l}@{d}".lower() for f, l, d in zip(first, last, domain)])
                    .where(rng.random(n) > 0.1),
        "City": pd.Series(rng.choice(["Bern", "Basel", "Zurich", "Geneva"], n)).where(rng.random(n) > 0.06),
        "Signed Up": days("2023-01-01", rng.integers(0, 540, n)),
        "Spend": pd.Series(np.round(rng.lognormal(6, 1, n), 2)).where(rng.random(n) > 0.08),
    })


DUPLICATED = [3, 9, 17, 31, 44, 58, 71, 90, 102]


def contacts_dirty():
    """The rows as they are typed: text only. Nine people are in twice, exactly but for spaces."""
    rng = np.random.default_rng(28)
    clean = contacts()
    rows = []
    for i, row in clean.iterrows():
        style = ["%Y-%m-%d", "%d.%m.%Y", "%d %b %Y", "%B %d, %Y"][i % 4]
        spend = "" if pd.isna(row["Spend"]) else [f"{row['Spend']:.2f}", f"{row['Spend']:,.2f}", f"€ {row['Spend']:,.2f}"][i % 3]
        rows.append([row["First Name"], row["Last Name"], "" if pd.isna(row["E-mail"]) else row["E-mail"],
                     "" if pd.isna(row["City"]) else row["City"], row["Signed Up"].strftime(style), spend])
    for i in DUPLICATED:
        rows.append(list(rows[i]))
    rows = [rows[i] for i in rng.permutation(len(rows))]
    for i, row in enumerate(rows):
        if i % 5 == 0:
            row[1] = f" {row[1]} "
        if i % 7 == 0 and row[3]:
            row[3] = row[3] + "  "
    return pd.DataFrame(rows, columns=list(clean.columns))


def assets():
    rng = np.random.default_rng(29)
    n = 36
    kind = rng.choice(["Vehicle", "Machine", "IT", "Furniture"], n, p=[0.25, 0.3, 0.3, 0.15])
    life = pd.Series(kind).map({"Vehicle": 6, "Machine": 10, "IT": 3, "Furniture": 13})
    cost = np.round(rng.lognormal(8.8, 0.9, n), -1)
    return pd.DataFrame({
        "Asset": [f"{k} {i + 1:02d}" for i, k in enumerate(kind)],
        "Class": kind,
        "Purchased": days("2018-01-15", rng.integers(0, 2200, n)),
        "Cost": cost,
        "Useful Life": life.astype(int),
        "Residual Value": np.round(cost * 0.1, -1),
        "Location": rng.choice(["Plant 1", "Plant 2", "Head office"], n),
    })


def cashflows():
    """Two projects, one payment a year, on odd dates."""
    return pd.DataFrame({
        "Project": ["Solar roof"] * 6 + ["New oven"] * 6,
        "Year": list(range(6)) * 2,
        "Date": pd.to_datetime(["2024-01-15", "2025-02-01", "2026-01-20", "2027-03-10", "2028-01-05", "2029-02-15"] * 2),
        "Cash Flow": [-48000.0, 9500.0, 12000.0, 13500.0, 14000.0, 16500.0,
                      -26000.0, 8000.0, 8200.0, 7900.0, 7500.0, 4000.0],
    })


def truth():
    """Every clean frame by name."""
    return {f.__name__: f() for f in (
        orders, invoices, employees, departments, inventory, clients, client_orders, bank, budget, survey, energy,
        timesheets, projects, traffic, loans, regional, targets, stores, contacts, contacts_dirty, assets, cashflows)}


# ---- writing them, each as such a file comes in practice ----


def german(value):
    """1234.5 as 1.234,50"""
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


def write_text(path, rows, delimiter, encoding="utf-8"):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    with open(path, "w", encoding=encoding, newline="") as file:
        file.write(text.getvalue())


def cells(frame, styles=None):
    """Header and rows as text; `styles` says how a column is written, a missing value is empty."""
    styles = styles or {}
    rows = [list(frame.columns)]
    for row in frame.itertuples(index=False):
        rows.append([
            "" if pd.isna(value) else styles[name](value) if name in styles
            else value.strftime("%Y-%m-%d") if isinstance(value, dt.datetime) else str(value)
            for name, value in zip(frame.columns, row)])
    return rows


class Workbook:
    """An xlsx workbook with what people put around a table."""

    def __init__(self, path):
        import xlsxwriter
        self.book = xlsxwriter.Workbook(path)
        self.book.set_properties({"created": dt.datetime(2024, 7, 1)})
        self.formats = {name: self.book.add_format(form) for name, form in {
            "title": {"bold": True, "font_size": 14, "align": "center"}, "bold": {"bold": True, "bottom": 1},
            "date": {"num_format": "dd.mm.yyyy"}, "month": {"num_format": "mmm yyyy"},
            "money": {"num_format": '#,##0.00 "€"'}, "percent": {"num_format": "0.00%"}}.items()}

    def sheet(self, name, frame, titles=(), styles=None, formulas=None, totals=(), hidden=False):
        """`formulas` are columns as a function of the row's number; their value is cached, as Excel does."""
        styles, formulas = styles or {}, formulas or {}
        sheet = self.book.add_worksheet(name)
        top = 0
        for title in titles:
            if title:
                sheet.merge_range(top, 0, top, len(frame.columns) - 1, title, self.formats["title"])
            top += 1
        for c, column in enumerate(frame.columns):
            sheet.write(top, c, column, self.formats["bold"])
            form = self.formats.get(styles.get(column))
            for r, value in enumerate(frame[column], top + 1):
                if pd.isna(value):
                    continue
                if column in formulas:
                    sheet.write_formula(r, c, formulas[column](r + 1), form, value)
                elif isinstance(value, dt.datetime):
                    sheet.write_datetime(r, c, value, form or self.formats["date"])
                else:
                    sheet.write(r, c, value.item() if hasattr(value, "item") else value, form)
            if column in totals:
                letter = chr(ord("A") + c)
                last = top + 1 + len(frame)
                sheet.write_formula(last, c, f"=SUM({letter}{top + 2}:{letter}{last})", form, float(frame[column].sum()))
        if totals:
            sheet.write(top + 1 + len(frame), 0, "Total", self.formats["bold"])
        if hidden:
            sheet.hide()

    def close(self):
        self.book.close()


def write_ods(path, name, frame):
    """The least OpenDocument spreadsheet that programs read."""
    def cell(value):
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
        if isinstance(value, dt.datetime):
            return (f'<table:table-cell office:value-type="date" office:date-value="{value:%Y-%m-%d}">'
                    f"<text:p>{value:%d/%m/%Y}</text:p></table:table-cell>")
        return (f'<table:table-cell office:value-type="float" office:value="{value}">'
                f"<text:p>{value}</text:p></table:table-cell>")
    rows = [list(frame.columns), *frame.itertuples(index=False)]
    body = "".join("<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in rows)
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}office:1.0" '
               f'xmlns:table="{space}table:1.0" xmlns:text="{space}text:1.0" office:version="1.2"><office:body>'
               f"<office:spreadsheet><table:table table:name={quoteattr(name)}>{body}</table:table>"
               "</office:spreadsheet></office:body></office:document-content>")
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = ('<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
                f'xmlns:manifest="{space}manifest:1.0" manifest:version="1.2">'
                f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
                '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
                "</manifest:manifest>")
    with zipfile.ZipFile(path, "w") as archive:
        for part, text in (("mimetype", kind), ("content.xml", content), ("META-INF/manifest.xml", manifest)):
            how = zipfile.ZIP_STORED if part == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(part, (2024, 7, 1, 0, 0, 0)), text, how)


def write_all(directory, t):
    def at(name):
        return os.path.join(directory, name)

    percent = {"Discount": lambda v: f"{v:.0%}"}
    write_text(at("shop_orders.csv"), cells(t["orders"], percent), ",")
    euro = lambda v: german(v) + " €"
    day = lambda v: v.strftime("%d.%m.%Y")
    write_text(at("invoices.csv"), cells(t["invoices"], {
        "Net": euro, "VAT": euro, "Gross": euro, "Invoice Date": day, "Due Date": day, "Paid On": day}), ";", "cp1252")
    write_text(at("inventory.tsv"), cells(t["inventory"]), "\t")
    slashes = lambda v: v.strftime("%d/%m/%Y")
    write_text(at("bank_statement.csv"), cells(t["bank"], {
        "Date": slashes, "Debit": german, "Credit": german, "Balance": german}), ";", "utf-8-sig")
    write_text(at("timesheets.csv"), cells(t["timesheets"], {"Date": lambda v: v.strftime("%m/%d/%Y")}), ",")
    write_text(at("projects.csv"), cells(t["projects"]), ",")
    write_text(at("web_traffic.csv"), cells(t["traffic"], {"Bounce Rate": lambda v: f"{v:.1%}"}), ",")
    write_text(at("stores.csv"), cells(t["stores"], {m: lambda v: f"{v:,}" for m in MONTHS}), ",")
    write_text(at("contacts.csv"), cells(t["contacts_dirty"]), ",")
    write_text(at("cashflows.csv"), cells(t["cashflows"]), ",")

    book = Workbook(at("payroll.xlsx"))
    book.sheet("Employees", t["employees"], ["Sonnenbäck GmbH: staff list", "As of 31 March 2024", ""],
               {"Monthly Salary": "money", "Bonus": "money"})
    book.sheet("Departments", t["departments"], styles={"Annual Staff Budget": "money"})
    book.sheet("Old rates", pd.DataFrame({"Grade": ["A", "B", "C"], "Hourly": [14.2, 16.8, 19.5]}), hidden=True)
    book.close()

    book = Workbook(at("customers.xlsx"))
    book.sheet("Customers", t["clients"])
    book.sheet("Orders", t["client_orders"], styles={"Amount": "money"})
    book.close()

    book = Workbook(at("budget_2024.xlsx"))
    book.sheet("Budget vs actual", t["budget"], ["Cost report 2024", "all amounts in EUR", ""], {
        "Month": "month", "Budget": "money", "Actual": "money", "Variance": "money"},
        {"Variance": lambda row: f"=D{row}-C{row}"}, ["Budget", "Actual", "Variance"])
    book.close()

    book = Workbook(at("loans.xlsx"))
    book.sheet("Loan book", t["loans"], styles={"Principal": "money", "Interest Rate": "percent", "Monthly Payment": "money"})
    book.close()

    book = Workbook(at("regional_sales.xlsx"))
    book.sheet("Data", t["regional"], ["Sales by region 2020 to 2023", ""], {"Sales": "money", "Cost": "money"},
               totals=["Units", "Sales", "Cost"])
    book.sheet("Targets", t["targets"], styles={"Target": "money"})
    book.close()

    write_ods(at("fixed_assets.ods"), "Assets", t["assets"])
    records = json.loads(t["survey"].assign(submitted=t["survey"]["submitted"].dt.strftime("%Y-%m-%d")).to_json(orient="records"))
    with open(at("survey.json"), "w", encoding="utf-8") as file:
        json.dump(records, file, indent=1)
    t["energy"].to_parquet(at("energy.parquet"))


if __name__ == "__main__":
    write_all(".", truth())
