# Spreadsheets written by three writers and read back by two readers, formulas, formats and a chart in them.
import openpyxl
import pandas as pd
import xlsxwriter
from openpyxl.chart import BarChart, Reference
from python_calamine import CalamineWorkbook

table = pd.DataFrame(
    {"name": ["Ann", "Bjørn", "李"], "sold": [3, 5, 8], "price": [1.5, 2.25, 4.0],
     "day": pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-31"])}
)
table.to_excel("pandas.xlsx", index=False, sheet_name="Sales")
for engine in ["openpyxl", "calamine"]:
    pd.testing.assert_frame_equal(pd.read_excel("pandas.xlsx", engine=engine).astype(table.dtypes), table)
assert CalamineWorkbook.from_path("pandas.xlsx").sheet_names == ["Sales"]

with xlsxwriter.Workbook("written.xlsx") as book:
    sheet = book.add_worksheet("Money")
    money = book.add_format({"num_format": "#,##0.00", "bold": True})
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_column(1, 0, [1, 2, 3])
    sheet.write_formula("B2", "=SUM(A2:A4)", money, 6)
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Money!$A$2:$A$4"})
    sheet.insert_chart("D2", chart)
read = openpyxl.load_workbook("written.xlsx")
assert read["Money"]["B2"].value == "=SUM(A2:A4)"
assert openpyxl.load_workbook("written.xlsx", data_only=True)["Money"]["B2"].value == 6

sheet = read.create_sheet("More")
for row in [["x", 1], ["y", 2]]:
    sheet.append(row)
chart = BarChart()
chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=2))
sheet.add_chart(chart, "E5")
read.save("edited.xlsx")
assert pd.read_excel("edited.xlsx", sheet_name="More", header=None)[1].sum() == 3
streamed = openpyxl.load_workbook("edited.xlsx", read_only=True)
assert [row[0].value for row in streamed["More"].iter_rows()] == ["x", "y"]
streamed.close()
print("ok")
