//! Tables in every format that people send, written by the libraries that write them, and asked.

use std::{fs, path::Path};

use ringfence_tests::{Installation, output_of, root, rows};
use serde_json::Value;

/// Has a program in the jail write files, which come to `out`.
fn write(house: &Installation, code: &str, out: &Path) {
    let words = ["run", "-", "--language", "python", "--out", out.to_str().unwrap()];
    let output = output_of(house.command(&words), code.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn ask(house: &Installation, question: &str, file: &Path) -> Result<Value, String> {
    let output = house.output(&["ask", question, "--json", "--file", file.to_str().unwrap()]);
    match output.status.code() {
        Some(125) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        _ => Ok(serde_json::from_slice(&output.stdout).unwrap()),
    }
}

/// The rows of an answer as pairs, in the order of their names.
fn pairs(answer: &Value, name: &str) -> Vec<(String, f64)> {
    let rows = rows(answer);
    let figure = |row: &Value| {
        row.as_object().unwrap().iter().find(|(key, _)| *key != name).and_then(|(_, value)| value.as_f64())
    };
    let mut pairs: Vec<_> =
        rows.iter().map(|row| (row[name].as_str().unwrap().to_owned(), figure(row).unwrap())).collect();
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    pairs
}

/// One table in each format, as its usual library writes it.
const WRITE: &str = r#"
import datetime as dt, json, zipfile
import openpyxl, pandas as pd

rows = [("North", dt.date(2024, 1, 31), 1200.5), ("South", dt.date(2024, 2, 29), 300.0),
        ("North", dt.date(2024, 3, 31), -0.25), ("East", dt.date(2024, 4, 30), 99.0)]
frame = pd.DataFrame(rows, columns=["Region", "Day", "Amount"])
frame.to_excel("written by pandas.xlsx", index=False, engine="xlsxwriter")
frame.to_excel("index.xlsx", engine="openpyxl", startrow=2, startcol=1)
frame.to_csv("plain.csv", index=False)
frame.to_csv("tabs.tsv", sep="\t")
frame.to_csv("wide.csv", sep=";", decimal=",", index=False, encoding="utf-16", date_format="%d.%m.%Y")
frame.to_parquet("frame.parquet")
frame.to_json("records.json", orient="records", date_format="iso")
frame.to_json("lines.jsonl", orient="records", lines=True, date_format="iso")
frame.astype(str).assign(Amount=frame["Amount"]).to_json("columns.json", orient="split")
columns = {name: frame[name].astype(object).map(lambda cell: cell if isinstance(cell, float) else str(cell)).tolist() for name in frame}
json.dump({"data": columns}, open("columns.json", "w"))

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Report"
sheet.append(["Revenue by region"])
sheet.append(["as of", dt.date(2024, 5, 1)])
sheet.append([])
sheet.append(["Region", "Day", "Amount"])
for region, day, amount in rows:
    sheet.append([region, day.strftime("%d.%m.%Y"), f"{amount:,.2f} EUR".replace(",", "_").replace(".", ",").replace("_", ".")])
sheet.append(["Total", None, "1.599,25 EUR"])
sheet.append([])
sheet.append(["Source: the till"])
hidden = book.create_sheet("Old")
hidden.sheet_state = "hidden"
for row in [("Region", "Amount"), ("North", 7)]:
    hidden.append(row)
book.save("report.xlsm")

def cell(value):
    if isinstance(value, float):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    if isinstance(value, dt.date):
        return f'<table:table-cell office:value-type="date" office:date-value="{value}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

lines = "".join("<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in [("Region", "Day", "Amount"), *rows])
names = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text"))
with zipfile.ZipFile("open.ods", "w") as package:
    package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    package.writestr("content.xml", f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="S">{lines}</table:table></office:spreadsheet></office:body></office:document-content>')
    package.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
"#;

#[test]
fn the_same_table_in_every_format_gives_the_same_answer() {
    let house = Installation::new();
    let folder = house.path().join("tables");
    write(&house, WRITE, &folder);
    let files = [
        "written by pandas.xlsx",
        "index.xlsx",
        "plain.csv",
        "tabs.tsv",
        "wide.csv",
        "frame.parquet",
        "records.json",
        "lines.jsonl",
        "columns.json",
        "report.xlsm",
        "open.ods",
    ];
    let expected = [("East".to_owned(), 99.0), ("North".to_owned(), 1200.25), ("South".to_owned(), 300.0)];
    let mut wrong = Vec::new();
    for file in files {
        match ask(&house, "total amount by region", &folder.join(file)) {
            Ok(answer) if answer["run"]["status"] == "succeeded" => {
                let found = pairs(&answer, "Region");
                if found != expected {
                    wrong.push(format!("{file}: {found:?}\n{}", answer["code"].as_str().unwrap_or_default()));
                }
            }
            Ok(answer) => wrong.push(format!("{file}: {answer:#}")),
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // Days were understood, whichever way they were stored.
    for file in ["report.xlsm", "open.ods", "lines.jsonl"] {
        let answer = ask(&house, "total amount by month", &folder.join(file)).unwrap();
        let found = pairs(&answer, "Month");
        assert_eq!(found[0], ("2024-01".to_owned(), 1200.5), "{file}: {found:?}");
    }
}

#[test]
fn old_workbooks_and_misnamed_ones_are_read_as_what_they_are() {
    let house = Installation::new();
    let old = root().join("crates/tables/tests/files/regions.xls");
    let misnamed = house.path().join("regions.csv");
    fs::copy(&old, &misnamed).unwrap();
    for file in [&old, &misnamed] {
        let answer = ask(&house, "total amount by region", file).unwrap();
        let expected = [("North".to_owned(), 30.5), ("South".to_owned(), 30.25)];
        assert_eq!(pairs(&answer, "Region"), expected, "{answer:#}");
    }
}

#[test]
fn what_cannot_be_read_is_said_in_one_sentence() {
    let house = Installation::new();
    let bytes = fs::read(root().join("crates/tables/tests/files/regions.xls")).unwrap();
    let html = b"<html><table><tr><td>1</td></tr></table></html>".to_vec();
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000)).into_bytes();
    for (name, content, says) in [
        ("cut.xls", bytes[..3000].to_vec(), "damaged"),
        ("page.xls", html, "web page"),
        ("deep.json", nested, "nested"),
        ("cut.xlsx", b"PK\x03\x04 and no more".to_vec(), "damaged"),
        ("cut.parquet", b"PAR1 and no more PAR1".to_vec(), "damaged"),
    ] {
        let file = house.path().join(name);
        fs::write(&file, content).unwrap();
        let error = ask(&house, "how many rows are there", &file).unwrap_err();
        let one_line = error.trim().lines().count() == 1;
        assert!(error.contains(name) && error.contains(says) && one_line, "{name}: {error}");
    }
}
