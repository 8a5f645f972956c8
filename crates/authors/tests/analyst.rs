//! The analyst's promise: questions in many phrasings, about columns it has never seen, become programs
//! that run and give the right value.
//!
//! Programs on tables need pandas: they are compiled here always, and run where `RINGFENCE_TEST_PYTHON` names an
//! interpreter that has it. Finance has tests of its own.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use ringfence_authors::Analyst;
use ringfence_pipeline::ports::{Assignment, AuthorError, Draft, TableProfile};
use serde_json::Value;

const ORDERS: &str = include_str!("questions/orders.csv");

/// In place of the runtime's module: keeps the first thing that is shown.
const HELPERS: &str = r#"
import json, os

def show(value, label=None, unit=None):
    if hasattr(value, "to_json"):
        value = json.loads(value.to_json(orient="records", date_format="iso"))
    elif hasattr(value, "item"):
        value = value.item()
    if not os.path.exists("result.json"):
        with open("result.json", "w") as file:
            json.dump({"label": label or "rows", "value": value}, file)

def chart(kind, table, **_):
    show(table)

def save(table, name):
    show(table)
"#;

/// Profiles as the jailed reader does, through its JSON.
fn profile(name: &str, csv: &str) -> TableProfile {
    let profile = ringfence_tables::profile(name, &mut Cursor::new(csv)).unwrap().tables.remove(0);
    serde_json::from_slice(&serde_json::to_vec(&profile).unwrap()).unwrap()
}

fn ask(question: &str, tables: &[(&str, &str)]) -> Result<Draft, AuthorError> {
    Analyst::draft(&Assignment {
        question: question.to_owned(),
        tables: tables.iter().map(|(name, csv)| profile(name, csv)).collect(),
        files: tables.iter().map(|(name, _)| (*name).to_owned()).collect(),
        failure: None,
        earlier: Vec::new(),
    })
}

/// Runs a program in a folder of its own; the error is what it printed.
fn run(python: &str, draft: &Draft, tables: &[(&str, &str)]) -> Result<(Value, String), String> {
    let folder = tempfile::tempdir().unwrap();
    tables.iter().for_each(|(name, csv)| fs::write(folder.path().join(name), csv).unwrap());
    fs::write(folder.path().join("program.py"), &draft.code).unwrap();
    fs::write(folder.path().join("ringfence.py"), HELPERS).unwrap();
    let output = Command::new(python).arg("program.py").current_dir(folder.path()).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let result: Value =
        serde_json::from_slice(&fs::read(folder.path().join("result.json")).unwrap()).unwrap();
    assert!(result["label"].as_str().is_some_and(|label| !label.is_empty()), "{result}");
    Ok((result["value"].clone(), String::from_utf8(output.stdout).unwrap()))
}

fn compiles(draft: &Draft) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.py");
    fs::write(&path, &draft.code).unwrap();
    let check = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())";
    let output = Command::new("python3").args(["-c", check]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}\n{}", draft.code, String::from_utf8_lossy(&output.stderr));
}

fn pandas_python() -> Option<String> {
    std::env::var("RINGFENCE_TEST_PYTHON").ok().filter(|python| Path::new(python).exists())
}

fn close(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => (left - right).abs() < 1e-6 * right.abs().max(1.0),
        _ => left == right,
    }
}

/// A group's row is `[key column, key, value]`; a listed row is found by its identifier.
fn check_rows(question: &str, value: &Value, expected: &[Value]) {
    let rows = value.as_array().unwrap_or_else(|| panic!("{question}: {value} is no list"));
    assert_eq!(rows.len(), expected.len(), "{question}: {value}");
    for (row, expected) in rows.iter().zip(expected) {
        let key = expected[0].as_str().unwrap();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(text(&row[key]), text(&expected[1]), "{question}: {row}");
        let found = row.as_object().unwrap().values().any(|cell| close(cell, &expected[2]));
        assert!(found, "{question}: {row} lacks {}", expected[2]);
    }
}

#[test]
fn questions_on_a_table_become_programs_that_answer_them() {
    let cases: Vec<(String, Value)> = serde_json::from_str(include_str!("questions/tables.json")).unwrap();
    let files = [("orders.csv", ORDERS)];
    let mut wrong = Vec::new();
    for (question, expected) in &cases {
        let draft = match ask(question, &files) {
            Ok(draft) => draft,
            Err(AuthorError::Unclear(asked, _)) if expected.is_null() => {
                assert!(asked.options.len() > 1, "{question}: {asked:?}");
                continue;
            }
            Err(error) if expected.is_null() => {
                assert!(error.to_string().contains("Qty"), "{question}: {error} does not list the columns");
                continue;
            }
            Err(error) => {
                wrong.push(format!("{question}: {error}"));
                continue;
            }
        };
        if expected.is_null() {
            wrong.push(format!("{question}: answered {}", draft.explanation));
            continue;
        }
        compiles(&draft);
        let Some(python) = pandas_python() else { continue };
        match (run(&python, &draft, &files), expected) {
            (Err(error), _) => wrong.push(format!("{question}: {error}\n{}", draft.code)),
            (Ok((value, _)), Value::Array(rows)) => {
                if std::panic::catch_unwind(|| check_rows(question, &value, rows)).is_err() {
                    wrong.push(format!("{question}: {value}\n{}", draft.code));
                }
            }
            (Ok((value, _)), expected) if close(&value, expected) => {}
            (Ok((value, _)), expected) => {
                wrong.push(format!("{question}: {value} is not {expected}\n{}", draft.code))
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// What a program really imports, as Python's own parser sees it.
fn statements_that_import(draft: &Draft) -> String {
    let script = "import ast, sys\n\
                  nodes = [n for n in ast.walk(ast.parse(sys.stdin.read())) if isinstance(n, (ast.Import, ast.ImportFrom))]\n\
                  print(*sorted(a.name for n in nodes for a in n.names))";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(draft.code.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn column_names_may_hold_words_of_the_vocabulary() {
    let csv = "Shop,Weekly Takings,Monthly Fee,Top Speed,Average Age,Max Load,Guests\nNorth,1,2,3,4,5,6\nSouth,7,8,9,10,11,12\n";
    for (question, measure) in [
        ("total weekly takings by shop", "Weekly Takings"),
        ("sum of monthly fee by shop", "Monthly Fee"),
        ("maximum top speed by shop", "Top Speed"),
        ("lowest average age by shop", "Average Age"),
        ("total max load by shop", "Max Load"),
    ] {
        let draft = ask(question, &[("t.csv", csv)]).unwrap_or_else(|error| panic!("{question}: {error}"));
        assert!(draft.code.contains(&format!("'{measure}'")), "{question}:\n{}", draft.code);
    }
}

#[test]
fn hostile_names_stay_text() {
    let csv = "\"Umsatz'); import os; os.system('x\",\"a\\\nb\",\"\u{202e}gro\u{df}\"\n5,x,y\n7,x,z\n";
    let name = "it's \\ \"q\" #{1}.csv";
    let files = [(name, csv)];
    for question in ["what is the total of umsatz", "average umsatz", "how many rows", "sum of umsatz by a b"]
    {
        let draft = ask(question, &files).unwrap_or_else(|error| panic!("{question}: {error}"));
        compiles(&draft);
        assert!(!draft.code.contains('\u{202e}'), "{}", draft.code);
        assert_eq!(statements_that_import(&draft).trim(), "pandas show", "{}", draft.code);
        if let Some(python) = pandas_python() {
            run(&python, &draft, &files)
                .unwrap_or_else(|error| panic!("{question}: {error}\n{}", draft.code));
        }
    }
}

#[test]
fn european_numbers_dates_and_marks_are_parsed_by_the_program() {
    let csv = "Filiale;Umsatz;Marge;Tag;Saldo\nK\u{f6}ln;1.234,50 \u{20ac};12,5%;03.04.2024;(1.000,00)\nBonn;-7,25 \u{20ac};7,5%;14.05.2024;n/a\nBonn;;10%;14.05.2024;\u{2212}5\n";
    let files = [("umsatz.csv", csv)];
    for (question, expected) in [
        ("total umsatz", 1227.25),
        ("average marge", 10.0),
        ("min of saldo", -1000.0),
        ("average saldo", -502.5),
        ("total umsatz in April", 1234.5),
        ("total umsatz for K\u{f6}ln", 1234.5),
    ] {
        let draft = ask(question, &files).unwrap_or_else(|error| panic!("{question}: {error}"));
        compiles(&draft);
        let Some(python) = pandas_python() else { continue };
        let (value, _) = run(&python, &draft, &files)
            .unwrap_or_else(|error| panic!("{question}: {error}\n{}", draft.code));
        assert!(close(&value, &expected.into()), "{question}: {value}\n{}", draft.code);
    }
}

#[test]
fn the_table_is_chosen_by_what_is_asked() {
    let staff = "Employee,Salary,Team\nAda,100,A\nBo,90,B\n";
    let stock = "Item,Stock,Team\nNut,5,A\n";
    let files = [("staff.csv", staff), ("stock.csv", stock)];
    assert!(ask("average salary by team", &files).unwrap().code.contains("'staff.csv'"));
    assert!(ask("total stock by team", &files).unwrap().code.contains("'stock.csv'"));
    assert!(ask("how many rows in staff.csv", &files).unwrap().code.contains("'staff.csv'"));
    match ask("how many rows per team", &files) {
        Err(AuthorError::Unclear(message, _)) => {
            let names = |name: &str| message.options.iter().any(|option| option.contains(name));
            assert!(names("staff.csv") && names("stock.csv"), "{message:?}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn ambiguous_and_absent_columns_are_named() {
    let csv = "Gross Price,Net Price,City\n1,2,X\n";
    match ask("average price by city", &[("p.csv", csv)]) {
        Err(AuthorError::Unclear(message, _)) => {
            assert_eq!(message.options, ["Gross Price", "Net Price"]);
        }
        other => panic!("{other:?}"),
    }
    match ask("average weight by city", &[("p.csv", csv)]) {
        Err(AuthorError::Unanswerable(message)) => {
            assert!(message.contains("weight") && message.contains("Net Price"), "{message}")
        }
        other => panic!("{other:?}"),
    }
    match ask("what is the meaning of life", &[]) {
        Err(AuthorError::NotUnderstood(message)) => {
            assert!(message.contains("NPV") && message.contains("top 5"), "{message}")
        }
        other => panic!("{other:?}"),
    }
}

const REPAIRS: &str = "Repair,Bike,Mechanic,State,Taken in,Minutes,Surcharge\n\
    1,Red,Ida,Done,2024-03-01,30,0\n2,Blue,Ida,Waiting,2024-03-02,45,5.5\n3,Red,Jon,Done,2024-03-02,20,0\n\
    4,Red,Jon,Done,2024-04-04,75,3.5\n5,Blue,Ida,Waiting,2024-04-05,15,0\n6,Grey,Jon,Done,2024-04-09,60,2.5\n\
    7,Red,Ida,Done,2024-05-02,30,0\n8,Blue,Jon,Waiting,2024-05-07,25,4.5\n";

#[test]
fn no_word_of_a_condition_or_a_place_is_dropped() {
    for (question, understood) in [
        ("how many repairs are done?", "Number of rows, where State is Done"),
        ("minutes of done repairs by mechanic", "Total Minutes by Mechanic, where State is Done"),
        ("repairs with a surcharge", "where Surcharge > 0"),
        ("second highest surcharge", "second highest Surcharge"),
        ("most repaired bike", "The Bike with the highest number of rows"),
        ("average repairs per mechanic", "The average, over all groups, of number of rows by Mechanic"),
        ("longest repair", "Minutes"),
        ("repairs taken in on Mondays and Fridays", "Monday, Friday"),
        ("mechanics who came more than once", "by Mechanic, with number of rows > 1"),
    ] {
        let draft =
            ask(question, &[("repairs.csv", REPAIRS)]).unwrap_or_else(|error| panic!("{question}: {error}"));
        assert!(draft.explanation.contains(understood), "{question}: {}", draft.explanation);
        compiles(&draft);
    }
}

#[test]
fn what_cannot_be_placed_is_not_answered() {
    for question in [
        "remaining minutes by mechanic",
        "total surcharge minus surcharge of red bikes",
        "add a column with surcharge per minute",
        "remove the duplicates and give me the minutes per mechanic",
        "top 3 mechanics",
    ] {
        let asked = ask(question, &[("repairs.csv", REPAIRS)]);
        assert!(asked.is_err(), "{question}: {}", asked.unwrap().explanation);
    }
}
