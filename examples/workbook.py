"""Writes a workbook as a small business keeps it: titles, totals, twice the same row, names with stray blanks."""

import datetime as dt
import random

import openpyxl

random.seed(2024)
CUSTOMERS = [
    ("Alder & Sons", "Germany", "Berlin"),
    ("Blue Harbor", "Denmark", "Aarhus"),
    ("Café Lumière", "France", "Lyon"),
    ("Dörfler Bau", "Germany", "Munich"),
    ("Elmwood", "France", "Nantes"),
    ("Fjord Supply", "Denmark", "Odense"),
]
PRODUCTS = [("Desk", 420.0), ("Chair", 135.5), ("Lamp", 48.9), ("Shelf", 210.0)]

invoices = []
for number in range(1, 121):
    customer, country, _ = random.choice(CUSTOMERS)
    product, price = random.choice(PRODUCTS)
    quantity = random.randint(1, 12)
    issued = dt.date(2024, 1, 3) + dt.timedelta(days=3 * number - random.randint(0, 2))
    paid = None if number % 7 == 0 else issued + dt.timedelta(days=random.randint(5, 50))
    invoices.append([f"R-{1000 + number}", customer, country, product, quantity, price, quantity * price, issued, paid])
for at in (17, 44, 81):
    invoices.insert(at, list(invoices[at - 1]))
for at in (5, 30, 66, 90):
    invoices[at][1] = f"  {invoices[at][1]} "

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Invoices"
sheet.append(["Invoices 2024"])
sheet.append(["as exported from the till"])
sheet.append([])
sheet.append(["Invoice", "Customer", "Country", "Product", "Quantity", "Unit price (EUR)", "Amount (EUR)", "Issued", "Paid on"])
for row in invoices:
    sheet.append(row)
sheet.append(["Total", None, None, None, None, None, sum(row[6] for row in invoices)])

customers = book.create_sheet("Customers")
customers.append(["Customer", "City", "Manager"])
for at, (customer, _, city) in enumerate(CUSTOMERS):
    customers.append([customer, city, ["Noor", "Sam", "Uta"][at % 3]])
book.save("invoices.xlsx")
