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
use ringfence_pipeline::ports::{Assignment, AuthorError, Draft, TableProfile, Turn};
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

/// Asks a second question after a first, with what the first left behind.
fn ask_then(first: &str, second: &str, tables: &[(&str, &str)]) -> Result<Draft, AuthorError> {
    let memory = ask(first, tables).ok().and_then(|draft| draft.memory);
    Analyst::draft(&Assignment {
        question: second.to_owned(),
        tables: tables.iter().map(|(name, csv)| profile(name, csv)).collect(),
        files: tables.iter().map(|(name, _)| (*name).to_owned()).collect(),
        failure: None,
        earlier: vec![Turn { question: first.to_owned(), clarification: None, memory }],
    })
}

/// Every question is understood so that its explanation holds the words.
fn understood(tables: &[(&str, &str)], cases: &[(&str, &str)]) {
    for (question, words) in cases {
        let draft = ask(question, tables).unwrap_or_else(|error| panic!("{question}: {error}"));
        assert!(draft.explanation.contains(words), "{question}: {}", draft.explanation);
        compiles(&draft);
    }
}

const RIDES: &str = "ride_no,ride_date,driver,rider,distance_km,ride_total,tip,state\n\
    1,2025-01-03,Ola,R-1,4.5,12.5,1,Completed\n2,2025-02-03,Ola,R-2,7.5,18.0,0,Cancelled\n\
    3,2025-02-10,Per,R-1,2.0,9.0,0,Completed\n4,2026-01-04,Per,R-3,12.5,31.0,4,Completed\n\
    5,2026-01-05,Ola,R-2,3.5,11.0,1,Missed\n6,2026-02-11,Per,R-4,6.0,15.5,2,Completed\n\
    7,2026-02-12,Ola,R-1,9.0,22.0,0,Cancelled\n8,2026-02-12,Per,R-2,1.5,7.5,1,Completed\n";

#[test]
fn usual_words_of_business_name_the_only_column_that_fits() {
    let files = [("rides.csv", RIDES)];
    understood(
        &files,
        &[
            ("revenue by driver", "Total ride_total by driver"),
            ("sales in 2025", "\"sales\" is taken as ride_total"),
            ("what was the turnover per month?", "Total ride_total by month of ride_date"),
        ],
    );
    let invoices = "Rechnungsnr;Kunde;Rechnungsdatum;Nettobetrag;Bruttobetrag\nA1;Huber;03.01.2025;100,00 \u{20ac};120,00 \u{20ac}\nA2;Post;04.02.2025;200,00 \u{20ac};240,00 \u{20ac}\nA3;Post;09.02.2025;50,00 \u{20ac};60,00 \u{20ac}\n";
    let files = [("buchhaltung.csv", invoices)];
    understood(
        &files,
        &[
            ("net revenue by customer", "Total Nettobetrag by Kunde"),
            ("gross amount per month", "Total Bruttobetrag by month of Rechnungsdatum"),
            ("how many invoices are there?", "Number of rows"),
            ("invoices per month", "Number of rows by month of Rechnungsdatum"),
        ],
    );
    match ask("revenue by customer", &files) {
        Err(AuthorError::Unclear(asked, _)) => assert_eq!(asked.options, ["Nettobetrag", "Bruttobetrag"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_of_one_family_name_columns_and_states() {
    let files = [("rides.csv", RIDES)];
    understood(
        &files,
        &[
            ("how many rides did Ola complete?", "where driver is Ola, and state is Completed"),
            ("ride total of cancellations by driver", "where state is Cancelled"),
            ("how many cancellations were there in 2026?", "state is Cancelled"),
            ("cancelled rate", "Share in percent of number of rows of the rows whose state is Cancelled"),
        ],
    );
    let farm = "Field,Produced tonnes,Irrigated,Harvest\nNorth,5,yes,2024-08-01\nSouth,7,no,2024-08-03\n";
    understood(&[("farm.csv", farm)], &[("production by field", "Total Produced tonnes by Field")]);
}

#[test]
fn words_that_narrow_or_shape_a_question_are_used() {
    let files = [("rides.csv", RIDES)];
    understood(
        &files,
        &[
            ("how many riders came only once?", "different rider, with number of rows = 1"),
            ("which month was the busiest?", "highest number of rows"),
            ("rides by driver, count and sum of ride total", "Number of rows and Total ride_total by driver"),
            ("rides by driver, number and average tip", "Average tip"),
            ("ride total per driver, 2025 next to 2026", "by driver and year of ride_date"),
            ("ride total made by riders from each state", "Total ride_total by state"),
            ("bar chart of state", "Number of rows by state"),
            ("how much did ride total change from 2025 to 2026 in percent?", "Growth of total ride_total"),
        ],
    );
    for question in ["the 2 worst months compared with the distance", "which driver delivers latest?"] {
        let asked = ask(question, &files);
        assert!(asked.is_err(), "{question}: {}", asked.unwrap().explanation);
    }
}

#[test]
fn what_follows_goes_on_from_what_was_answered() {
    let files = [("rides.csv", RIDES)];
    let reads = |first: &str, second: &str, words: &str| {
        let draft = ask_then(first, second, &files).unwrap_or_else(|error| panic!("{second}: {error}"));
        assert!(draft.explanation.contains(words), "{second}: {}", draft.explanation);
        compiles(&draft);
    };
    reads(
        "total tip from January to February 2026",
        "and in the same months of last year?",
        "2025-01-01 to 2025-02-28",
    );
    reads("average tip of Per", "what is the longest distance there?", "driver is Per");
    reads("rides of Ola", "how many was that?", "Number of rows, where driver is Ola");
    match ask_then("ride total by moon phase", "and for Ola?", &files) {
        Err(AuthorError::NotUnderstood(why)) => assert!(why.contains("nothing to go on"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_best_of_times_and_ages_is_not_the_greatest() {
    let csv = "Swimmer,Born,Style,Day,Time s,Days trained\nEva,1999,Crawl,2026-01-02,61.5,9\nIan,2004,Crawl,2026-01-02,59.1,4\nEva,1999,Back,2026-02-05,75.0,8\nIan,2004,Back,2026-02-05,DNF,2\nUte,1988,Back,2026-02-05,71.9,7\nUte,1988,Crawl,2026-03-01,64.2,5\nIan,2004,Crawl,2026-03-01,58.8,6\nEva,1999,Crawl,2026-03-01,62.2,3\nUte,1988,Crawl,2026-03-09,63.2,1\nIan,2004,Crawl,2026-03-09,60.1,2\nEva,1999,Back,2026-03-09,74.4,4\n";
    let files = [("swims.csv", csv)];
    understood(
        &files,
        &[
            ("fastest time per style", "Least Time s by Style"),
            ("youngest swimmer", "greatest Born"),
            ("days trained by swimmer", "Total Days trained by Swimmer"),
            ("swims per month", "Number of rows by month of Day"),
        ],
    );
    let asked = ask("best time of Ute", &files);
    assert!(asked.is_err(), "{}", asked.unwrap().explanation);
}

#[test]
fn months_may_be_columns_of_a_year() {
    let csv = "Team,Town,Jan 2026,Feb 2026,Mar 2026,Apr 2026\nCare,Ulm,5,6,7,8\nCare,Bern,1,2,2,3\nIT,Ulm,4,4,5,5\n";
    understood(
        &[("headcount.csv", csv)],
        &[
            ("headcount by team in March", "Total Mar 2026 by Team"),
            ("how did Ulm change from January to April?", "Growth from Jan 2026 to Apr 2026"),
            ("line chart of the headcount over the months", "by month"),
            ("headcount of Care in Feb 2026", "Total Feb 2026, where Team is Care"),
        ],
    );
    // A month of words is no month less.
    let words = csv.replace(",6,", ",none yet,").replace(",2,2,", ",not known,2,").replace("4,4,", "4,?,");
    assert!(ask("headcount over the months", &[("headcount.csv", &words)]).is_err());
    let short = csv.replace("2026", "26");
    understood(&[("headcount.csv", &short)], &[("headcount by team in March", "Total Mar 26 by Team")]);
}

#[test]
fn a_word_among_figures_is_no_value() {
    let csv = "Pupil,Group,Maths,Art\nAnn,A,5,4\nBob,A,absent,3\nCy,B,3,2\nDi,B,4,5\nEd,B,2,1\n";
    let files = [("marks.csv", csv)];
    understood(
        &files,
        &[
            ("average maths by group", "1 cells of \"Maths\" hold no number (\"absent\") and are left out"),
            ("who was absent in maths?", "Maths is empty"),
            ("who missed the maths test?", "Maths is empty"),
        ],
    );
}

#[test]
fn what_never_happened_is_looked_up() {
    let clubs = "club_id,club,town\n1,Rowing,Ulm\n2,Chess,Bern\n3,Judo,Ulm\n";
    let bookings = "booking,club_id,booked,hours\nB1,1,2026-01-03,2\nB2,2,2026-03-04,1\nB3,1,2026-06-05,3\n";
    let files = [("clubs.csv", clubs), ("bookings.csv", bookings)];
    understood(
        &files,
        &[
            ("which clubs have never booked?", "club_id is not in \"bookings.csv\""),
            ("which clubs haven't booked since 1 April 2026?", "with booked from 2026-04-01 on"),
        ],
    );
}

#[test]
fn what_a_question_names_and_a_reading_does_not_use_is_asked_about() {
    let crates = "crate,farm,picked_on,weight_kg,fee,Kind\nC1,Hill,2025-03-01,12,4,Plum\nC2,Hill,2025-03-02,9,3,plum\n\
        C3,Dale,2025-04-01,15,5,Apple\nC4,Dale,2025-04-09,11,4,Apple\nC5,Hill,2025-05-02,7,2,PLUM\n";
    let files = [("crates.csv", crates)];
    understood(
        &files,
        &[
            ("crates by kind", "Spellings of \"Kind\" that differ in case or spaces only are one"),
            ("cross table farm x kind", "Number of rows"),
            ("average weight by farm", "Average weight_kg by farm"),
            ("which farm had more than 8 kg in one crate", "by farm, where weight_kg > 8"),
        ],
    );
    for question in [
        "energy by farm",
        "weight picked per month",
        "fee by farm, how much would that be per year",
        "what percentage of the total is the fee?",
        "which farm has been with us longest?",
        "pie chart of the fee",
        "plum vs apple on Hill",
        "charge everyone on Hill",
    ] {
        let asked = ask(question, &files);
        assert!(asked.is_err(), "{question}: {}", asked.unwrap().explanation);
    }
    let events = "event,hall,seats\nGala,Old,100\nOpera,New,200\n";
    let sales = "sale,event,tickets\nS1,Gala,3\nS2,Gala,2\nS3,Opera,4\n";
    let files = [("events.csv", events), ("sales.csv", sales)];
    let asked = ask("tickets divided by seats for each event", &files);
    assert!(asked.is_err(), "{}", asked.unwrap().explanation);
}

const WORKSHOP: &str = "job,received_on,promised_date,returned_on,workshop,device,hours,rate,price,cost,refunded\n\
    J1,2026-01-03,2026-01-09,2026-01-08,East,Laptop,2,50,120,80,\nJ2,2026-01-12,2026-01-15,2026-01-25,West,Phone,1,50,60,70,yes\n\
    J3,2026-02-01,2026-02-05,2026-02-06,East,Phone,3,60,90,40,\nJ4,2026-02-11,2026-02-20,,West,Laptop,4,60,200,150,\n\
    J5,2026-03-02,2026-03-09,2026-03-09,West,Phone,2,60,75,30,yes\nJ6,2026-03-15,2026-03-20,,East,Laptop,5,50,240,160,\n";

#[test]
fn states_are_told_by_the_days_and_marks_that_say_so() {
    let files = [("repairs.csv", WORKSHOP)];
    understood(
        &files,
        &[
            ("which repairs were returned late?", "returned_on > promised_date"),
            (
                "how many repairs were late by workshop",
                "Number of rows by workshop, where returned_on > promised_date",
            ),
            ("how many repairs were on time?", "returned_on <= promised_date"),
            ("repairs returned more than 3 days late", "days from promised_date to returned_on > 3"),
            ("unrefunded repairs", "refunded is empty"),
            ("refund rate by device", "the share in percent of number of rows of the rows whose refunded"),
            ("margin by workshop", "(price - cost) / price"),
            ("revenue by device", "\"revenue\" is taken as price"),
        ],
    );
    let flats = "flat,tenant,rent,moved_in,moved_out\nA,Ann,700,2020-01-01,\nB,Bo,800,2021-02-01,2025-03-01\nC,Cy,650,2022-02-01,\nD,Di,710,2023-02-01,2024-05-01\n";
    understood(&[("flats.csv", flats)], &[("how many people are still here?", "moved_out is empty")]);
}

#[test]
fn two_things_or_periods_are_set_against_each_other() {
    let files = [("repairs.csv", WORKSHOP)];
    understood(
        &files,
        &[
            ("is Laptop cheaper than Phone?", "Average price by device, where device is Laptop or Phone"),
            ("did East or West have more hours?", "Total hours by workshop, where workshop is East or West"),
            (
                "how many more hours in March than in February?",
                "Difference and growth of total hours from February to March",
            ),
        ],
    );
}

#[test]
fn money_and_units_go_by_their_usual_words() {
    let costs = "day;what;paid to;amount\n2026-01-02;Rent;Immo;900,00\n2026-01-09;Food;Spar;40,50\n2026-02-02;Rent;Immo;900,00\n2026-02-12;Food;Hofer;61,20\n";
    understood(
        &[("costs.csv", costs)],
        &[
            ("how much did we spend on food?", "Total amount, where what is Food"),
            ("monthly spending", "Total amount by month of day"),
            (
                "what share of our spending is rent?",
                "Share in percent of total amount of the rows whose what is Rent",
            ),
        ],
    );
    let fruit = "picked;field;Harvest (kg);Price (\u{20ac}/kg);total\n2026-05-02;Hill;10;2;20\n2026-05-03;Dale;no scale;3;30\n2026-05-09;Hill;12;2;24\n2026-05-10;Dale;7;3;21\n";
    understood(
        &[("fruit.csv", fruit)],
        &[
            ("kilos by field", "Total Harvest (kg) by field"),
            ("top 2 rows by total", "The 2 rows with the highest total"),
            ("how many kg were picked in May?", "\"no scale\""),
        ],
    );
    let runs = "run;runner;minutes\n1;Ann;45\n2;Bo;130\n3;Ann;90\n";
    understood(&[("runs.csv", runs)], &[("runs longer than 2 hours", "minutes > 120")]);
    let people = "name;born;started;children;weekly hours;salary\nAnn;1990-01-02;2020-01-01;0;30;30000\nBo;1985-03-04;2019-05-01;2;38;41000\nCy;1999-03-04;2025-05-01;1;20;22000\n";
    let files = [("people.csv", people)];
    understood(
        &files,
        &[
            ("who is the youngest?", "highest born"),
            ("who has worked here longest?", "lowest started"),
            ("total hours per week", "Total weekly hours"),
            ("staff without kids", "children = 0"),
        ],
    );
    // Nobody is paid on the day on which he was hired.
    assert!(ask("what do we pay per month", &files).is_err());
}

#[test]
fn what_was_not_understood_is_nothing_to_go_on_from() {
    let files = [("repairs.csv", WORKSHOP)];
    for question in ["and how many hours of that?", "per workshop", "and East?"] {
        let asked = ask_then("how is the weather?", question, &files);
        assert!(asked.is_err(), "{question}: {}", asked.unwrap().explanation);
    }
}

#[test]
fn questions_compare_with_averages_bands_and_each_other() {
    let files = [("rides.csv", RIDES)];
    understood(
        &files,
        &[
            ("rides with an above average tip", "where tip > the average of all rows"),
            ("how many rides were longer than the median distance", "distance_km > the median of all rows"),
            ("top 25 percent of rides by ride total", "ride_total in the highest 25 % of all rows"),
            ("number of rides by distance in steps of 5", "Number of rows by distance_km in steps of 5"),
            ("difference between the highest and lowest tip", "Greatest less least tip"),
            ("ride total with 20% vat added", "Total ride_total with 20 % tax"),
            (
                "how many more rides did Ola have than Per",
                "Difference and growth of number of rows from Per to Ola",
            ),
            ("what share of riders had more than 2 rides", "Share in percent of the different rider"),
            ("first and last ride of each driver", "First ride_date and Last ride_date by driver"),
            (
                "which riders have not had a ride since february 2026",
                "has no row whose ride_date is from 2026-02-01 on",
            ),
            ("most common state for each driver", "The driver and state with the highest number of rows"),
            ("biggest ride total per driver", "ride_total by driver"),
            ("the last quarter of 2025", "in Q4 2025"),
        ],
    );
    let follow = |first: &str, then: &str| ask_then(first, then, &files);
    let answered = follow("how many rides did Ola have", "and what were they worth");
    assert!(answered.is_ok_and(|draft| draft.explanation.contains("Total ride_total, where driver is Ola")));
    // Who or what an answer was about is not known.
    assert!(follow("which driver had the most rides", "which driver is that").is_err());
    assert!(follow("tips of Ola", "both together").is_err());
}

#[test]
fn periods_are_told_from_the_one_that_was_said() {
    let files = [("rides.csv", RIDES)];
    understood(
        &files,
        &[
            ("ride total in February 2026 compared with the previous month", "in January 2026"),
            ("ride total in Q1 2026 vs a year earlier", "in Q1 2025"),
            (
                "growth of ride total in february 2026 against the month before",
                "from January 2026 to February 2026",
            ),
            ("rides in the first week of February 2026", "in 2026-02-01 to 2026-02-07"),
            ("tips in the second half of January 2026", "in 2026-01-16 to 2026-01-31"),
            ("rides in the last week of February 2025", "in 2025-02-22 to 2025-02-28"),
            ("rides older than 2026", "before 2026-01-01"),
        ],
    );
    let then =
        |question: &str| ask_then("ride total in February 2026", question, &files).unwrap().explanation;
    assert!(then("and the previous month?").contains("in January 2026"));
    assert!(
        then("how does that compare to the month before?").contains("from January 2026 to February 2026")
    );
    assert!(then("and the same month of last year?").contains("in February 2025"));
}

#[test]
fn groups_under_a_condition_are_told_by_what_was_asked() {
    let files = [("rides.csv", RIDES)];
    understood(
        &files,
        &[
            (
                "which driver with more than 2 rides has the highest average tip",
                "The driver with the highest average tip",
            ),
            (
                "average tip by rider with at least 2 rides",
                "Average tip and Number of rows by rider, with number of rows >= 2",
            ),
            ("average tip per ride by driver", "Average tip by driver"),
            (
                "which drivers had more rides in 2026 than in 2025",
                "Growth of number of rows by driver from 2025 to 2026, in percent, where it has risen",
            ),
            (
                "riders whose ride total fell from 2025 to 2026",
                "by rider from 2025 to 2026, in percent, where it has fallen",
            ),
            ("highest ride total month for each driver", "The driver and month of ride_date"),
            (
                "which riders rode with both Ola and Per",
                "rider has a row whose driver is Ola, and rider has a row whose driver is Per",
            ),
            (
                "which riders booked both in January 2026 and in February 2026",
                "rider has a row whose ride_date is in January 2026, and rider has a row whose",
            ),
            ("average tip by driver rounded to 1 decimal", "rounded to 1 decimal,"),
            ("total ride total to the nearest ten", "rounded to the nearest 10"),
        ],
    );
    for refused in ["average tip next to each ride", "how many riders make up 80% of the ride total"] {
        assert!(ask(refused, &files).is_err(), "{refused}");
    }
    // What has more than one level, or may be either or both, is asked about.
    for asked in [
        "which riders booked in January 2026 and February 2026",
        "average ride total per month",
        "average of the average tip by driver",
        "how many new riders in 2026",
        "which riders had a ride in every month",
        "the 3 biggest rides by ride total: how much in total",
        "average tip of the top 2 riders",
    ] {
        let answer = ask(asked, &files);
        assert!(
            matches!(answer, Err(AuthorError::Unclear(..))),
            "{asked}: {:?}",
            answer.map(|draft| draft.explanation)
        );
    }
    let after = |question: &str| ask_then("the 3 biggest rides by ride total", question, &files);
    assert!(after("what is their total?").is_err());
    assert!(after("and how many were there?").is_err());
}

#[test]
fn unknown_names_of_rows_are_asked_about() {
    let files = [("rides.csv", RIDES)];
    match ask("how many outings per driver", &files) {
        Err(AuthorError::Unclear(clarification, _)) => {
            assert!(
                clarification.question.contains("It leaves out \"outings\""),
                "{}",
                clarification.question
            )
        }
        other => panic!("{other:?}"),
    }
    assert!(ask("what was the profit per driver", &files).is_err());
}

const CLIENTS: &str = "Client No,Name,Town,Segment,Since\nC1,Ana Wren,Lund,Trade,2019-04-02\nC2,Bo Finch,Lund,Private,2021-06-11\nC3,Cy Lark,Malmo,Trade,2022-09-30\nC4,Di Swift,Malmo,Private,2023-02-14\n";
const GOODS: &str = "Article No,Article,Category,Price,Cost,Stock,Reorder Level\nA1,Kettle,Kitchen,40,22,12,5\nA2,Pan,Kitchen,60,35,3,5\nA3,Lamp,Lighting,80,45,9,4\nA4,Candle,Lighting,5,2,200,50\n";
const PURCHASES: &str = "Order No,Date,Client No,Article No,Qty,Seller,Paid On\nO1,2023-01-10,C1,A1,2,Eva,2023-02-01\nO2,2023-03-22,C2,A2,1,Max,2023-03-30\nO3,2023-07-05,C1,A3,3,Eva,\nO4,2024-01-19,C3,A1,1,Max,2024-02-20\nO5,2024-05-08,C2,A3,2,Eva,2024-06-01\nO6,2024-05-30,C1,A2,4,Max,\n";
const STAFF: &str = "Name,Role,Shop,Hired,Monthly Salary\nEva,Sales,Ystad,2018-03-01,3100\nMax,Sales,Ystad,2021-09-01,2900\nIda,Workshop,Kalmar,2016-01-04,3600\nOle,Workshop,Kalmar,2022-05-16,3000\n";

/// The tables of one shop, which belong together by their numbers.
const SHOP: [(&str, &str); 4] =
    [("clients.csv", CLIENTS), ("articles.csv", GOODS), ("orders.csv", PURCHASES), ("staff.csv", STAFF)];

#[test]
fn tables_of_one_shop_are_asked_together() {
    understood(
        &SHOP,
        &[
            ("revenue by category", "computed as (Qty * Price)"),
            ("average order value", "Average order value"),
            ("profit per month", "computed as ((Qty * Price) - (Qty * Cost))"),
            ("which articles were never sold", "Article No is not in"),
            ("stock value", "computed as (Stock * Cost)"),
            ("how much did Ana Wren spend", "Total value, where Name is Ana Wren"),
            ("how many lamps did we sell in 2024", "Total Qty, where Article is Lamp"),
            ("which staff earn over 3000", "Monthly Salary > 3000"),
            ("who was hired first", "lowest Hired"),
            ("cheapest article in each category", "The rows with the lowest Price within each Category"),
            (
                "staff who earn more than the average of their role",
                "Monthly Salary > the average of the rows of the same Role",
            ),
        ],
    );
    // No figure of a list is that of an order, and what is spent or sold stands in another table.
    for asked in
        ["orders over 50", "total cost", "worst selling article", "top 3 articles", "who bought the most"]
    {
        let answer = ask(asked, &SHOP);
        assert!(
            matches!(answer, Err(AuthorError::Unclear(..))),
            "{asked}: {:?}",
            answer.map(|draft| draft.explanation)
        );
    }
    let follow = |first: &str, then: &str| ask_then(first, then, &SHOP).map(|draft| draft.explanation);
    let placed = follow("clients in Lund", "how many orders did they place?").unwrap();
    assert!(placed.contains("Town is Lund"), "{placed}");
    // A few words go on from the rows before; what may be of one row, or of others, is asked.
    for (then, words) in
        [("how many?", "Number of rows, where Date is in May 2024"), ("total qty", "May 2024")]
    {
        let few = follow("orders in May 2024", then).unwrap();
        assert!(few.contains(words), "{then}: {few}");
    }
    let year = follow("how many orders in January 2024", "March?").unwrap();
    assert!(year.contains("Date is in March 2024"), "{year}");
    assert!(follow("last order of Ana Wren", "how many pieces?").is_err());
    let unpaid = follow("orders in May 2024", "how many are unpaid?").unwrap();
    assert!(unpaid.contains("May 2024") && unpaid.contains("Paid On is empty"), "{unpaid}");
}

const BARGAINS: &str = "Bargain,Owner,Stage,Worth,Created,Closed Date\nB1,Eva,Won,900,2023-02-01,2023-03-01\nB2,Eva,Lost,400,2023-02-11,2023-04-02\nB3,Max,Proposal,700,2023-05-03,\nB4,Max,Lost,300,2023-06-21,2023-07-09\nB5,Eva,Won,1200,2023-08-02,2023-09-12\nB6,Max,Won,250,2023-09-30,2023-11-04\nB7,Eva,Lead,600,2023-10-06,\nB8,Max,Lost,800,2023-11-11,2023-12-01\n";
const STAYS: &str = "Booking,Guest,Room,Check-in,Check-out,Nights\n1,Ana,Suite,2024-05-03,2024-05-05,2\n2,Bo,Single,2024-05-30,2024-06-02,3\n3,Cy,Single,2024-06-07,2024-06-08,1\n4,Ana,Double,2024-06-20,2024-06-27,7\n";
const REQUESTS: &str = "Ticket,Opened,Closed,Customer,Agent,Rating\nT1,2025-01-03 08:00,2025-01-03 14:00,Alpha,Ida,4\nT2,2025-01-05 09:30,2025-01-08 09:30,Beta,Ole,5\nT3,2025-02-01 10:00,,Alpha,Ida,\nT4,2025-02-04 16:00,2025-02-05 04:00,Gamma,Ole,2\nT5,2025-03-09 11:00,2025-03-11 12:00,Beta,Ida,3\n";
const ADVERTS: &str = "Week,Channel,Spend,Impressions,Clicks,Conversions,Revenue\n2025-01-06,Search,100,9000,200,10,400\n2025-01-13,Social,80,20000,160,4,150\n2025-01-20,Search,120,9500,240,15,700\n2025-01-27,Social,60,15000,90,2,90\n";

#[test]
fn figures_of_a_trade_go_by_its_own_names() {
    let of_closed = "where Stage is Lost or Won";
    understood(
        &[("bargains.csv", BARGAINS)],
        &[
            ("what is our win rate", "the rows whose Stage is Won"),
            ("what is our win rate", of_closed),
            ("who has the best win rate", of_closed),
            ("how many bargains did we win in March 2023", "Closed Date is in March 2023"),
        ],
    );
    understood(
        &[("stays.csv", STAYS)],
        &[
            ("average length of stay by room", "Average Nights by Room"),
            ("longest stay", "The rows with the highest Nights"),
            ("how many arrivals in May", "Check-in is in May"),
            ("departures by month", "month of Check-out"),
        ],
    );
    understood(
        &[("tickets.csv", REQUESTS)],
        &[
            ("average time to close by agent", "Days are counted from Opened to Closed"),
            ("how many tickets were closed within a day", "days from Opened to Closed <= 1"),
            (
                "how many tickets took more than 2 days to close",
                "Number of rows, where days from Opened to Closed > 2",
            ),
        ],
    );
    understood(
        &[("adverts.csv", ADVERTS)],
        &[
            ("ROAS by channel", "computed as (Revenue / Spend)"),
            ("click-through rate", "computed as (Clicks / Impressions)"),
            ("CPC of search", "computed as (Spend / Clicks)"),
        ],
    );
}

#[test]
fn what_is_said_of_one_table_is_not_told_of_another() {
    const VANS: &str = "Plate,Make,Depot\nAB1,Ford,North\nAB2,Fiat,South\nAB3,Ford,South\nAB4,Opel,North\n";
    const FUEL: &str = "Plate,Date,Litres,Cost\nAB1,2024-01-03,40,70\nAB1,2024-02-03,35,61\nAB2,2024-02-10,50,88\nAB3,2024-03-01,41,72\nAB1,2024-03-20,38,66\n";
    const REPAIRS: &str =
        "Plate,Date,Kind,Cost\nAB1,2024-01-20,Oil,90\nAB2,2024-02-25,Tyres,400\nAB2,2024-04-01,Brakes,350\n";
    let fleet = [("vans.csv", VANS), ("fuel.csv", FUEL), ("repairs.csv", REPAIRS)];
    understood(
        &fleet,
        &[
            ("which vans had 2 or more repairs", "with number of rows >= 2"),
            ("how many vans had more than 1 repair", "with number of rows > 1"),
            ("vans without repairs", "Plate is not in"),
        ],
    );
    // Of fuel and of repairs a van has a cost, and nobody says by which it is the worst.
    for asked in ["worst van", "top 3 vans"] {
        assert!(matches!(ask(asked, &fleet), Err(AuthorError::Unclear(..))), "{asked}");
    }
    // Whoever was hired in May is not who worked in May.
    const CREW: &str =
        "Technician,Level,Hired\nRob,Senior,2019-05-02\nKate,Junior,2021-05-11\nLou,Senior,2015-09-30\n";
    const JOBS: &str = "Job No,Customer,Technician,Date,Rating\nJ1,Alpha,Rob,2025-05-03,4\nJ2,Beta,Kate,2025-06-04,5\nJ3,Alpha,Rob,2025-06-15,3\nJ4,Gamma,Rob,2025-07-01,2\n";
    let crew = [("technicians.csv", CREW), ("jobs.csv", JOBS)];
    for asked in ["how many technicians worked in May", "who has the best rating"] {
        assert!(matches!(ask(asked, &crew), Err(AuthorError::Unclear(..))), "{asked}");
    }
    understood(&crew, &[("which technician has no jobs", "Technician is not in")]);
}

#[test]
fn what_came_in_is_money_and_no_number_of_pieces() {
    const EVENTS: &str = "Event,Event Date,Ticket Type,Tickets Sold,Ticket Price\nGala,2024-03-01,Standard,80,20\nGala,2024-03-01,VIP,12,60\nFair,2024-04-05,Standard,120,15\nFair,2024-04-05,VIP,9,50\nBall,2024-04-20,Standard,60,25\nBall,2024-04-20,VIP,20,70\n";
    let events = [("events.csv", EVENTS)];
    understood(
        &events,
        &[
            ("revenue by event", "computed as (Tickets Sold * Ticket Price)"),
            ("total tickets sold", "Total Tickets Sold"),
        ],
    );
    // Each event has a row for each kind of ticket.
    for asked in ["how many events did we have", "events per month", "events with more than 100 tickets sold"]
    {
        assert!(matches!(ask(asked, &events), Err(AuthorError::Unclear(..))), "{asked}");
    }
    // "cars" are no slip in CAGR, and no number of them is a price.
    const YARD: &str = "Stock No,Make,Model,Mileage,Price\nS1,Ford,Focus,80000,9000\nS2,VW,Golf,20000,16000\nS3,Ford,Kuga,120000,7000\n";
    const SOLD: &str = "Sale No,Stock No,Sale Date,Customer,Sale Price\n1,S1,2025-03-02,Ana,8800\n2,S2,2025-04-10,Bo,15500\n3,S3,2025-04-11,Ana,6900\n";
    let dealer = [("yard.csv", YARD), ("sales.csv", SOLD)];
    understood(
        &dealer,
        &[
            ("how many cars did we sell in March 2025", "Sale Date is in March 2025"),
            ("which customers bought more than one car", "by Customer, with number of rows > 1"),
        ],
    );
}

/// What machines made, on six days.
const MADE: &str = "Date,Shift,Line,Product,Units produced,Defective units,Downtime (min),Downtime reason\n\
    2025-03-01,Day,L1,Bolt,400,12,0,\n2025-03-01,Night,L2,Nut,380,9,15,Jam\n2025-03-02,Day,L1,Bolt,410,30,40,Sensor\n\
    2025-03-02,Night,L2,Nut,300,25,90,Jam\n2025-03-03,Day,L1,Nut,500,5,0,\n2025-03-04,Night,L2,Bolt,450,8,10,Sensor\n";

#[test]
fn the_good_and_the_bad_of_what_was_made_are_kept_apart() {
    let files = [("made.csv", MADE)];
    understood(
        &files,
        &[
            ("downtime by reason", "Total Downtime (min) by Downtime reason"),
            ("worst day for downtime", "The day of Date with the highest total Downtime"),
            ("best day for downtime", "The day of Date with the lowest total Downtime"),
            ("how many bolts did we make", "Total Units produced, where Product is Bolt"),
            ("output of L2", "Total Units produced, where Line is L2"),
            ("defect rate by line", "computed as (Defective units / Units produced)"),
            // No shift is meant that is called Day.
            ("days with more than 30 defective units", "Total Defective units by day of Date"),
        ],
    );
    for asked in ["units per day", "average units per shift"] {
        assert!(matches!(ask(asked, &files), Err(AuthorError::Unclear(..))), "{asked}");
    }
    assert!(ask("yield by product", &files).is_err());
}

#[test]
fn a_word_that_denies_or_a_word_for_a_state_is_never_passed_over() {
    let survey = "Respondent,Submitted,Gender,Satisfaction,Would buy again\n\
        1,2025-02-01,Female,4,Yes\n2,2025-02-03,Male,2,No\n3,2025-03-04,Female,5,Maybe\n4,2025-03-09,Male,3,No\n";
    understood(
        &[("survey.csv", survey)],
        &[
            ("how many people would not buy again", "where Would buy again is No"),
            ("how many people would buy again", "where Would buy again is Yes"),
            ("how many women answered", "Number of rows, where Gender is Female"),
        ],
    );
    let guests = "Name,Group,Age group,RSVP,Allergies\nAnn,Family,Adult,Yes,Nuts\nBob,Work,Adult,No,\n\
        Cy,Work,Child,Yes,\nDi,Family,Adult,,\nEd,Work,Adult,Yes,Gluten\n";
    understood(
        &[("guests.csv", guests)],
        &[
            ("how many guests are coming", "where RSVP is yes"),
            ("how many are not coming", "where RSVP is no"),
            ("who has allergies", "where Allergies is not empty"),
            ("how many adults from work", "Group is Work"),
        ],
    );
    let trades = "Date,Ticker,Side,Shares,Price,Fee\n2025-01-02,ACME,Buy,10,50,2\n2025-01-09,ACME,Sell,4,55,2\n\
        2025-02-03,BOLT,Buy,6,120,3\n2025-02-20,ACME,Buy,8,48,2\n2025-03-01,BOLT,Sell,2,130,2\n";
    let files = [("trades.csv", trades)];
    understood(
        &files,
        &[
            ("average buy price of ACME", "where Side is Buy"),
            ("how many sells", "where Side is Sell"),
            ("total fees", "Total Fee"),
        ],
    );
    // What was bought and what was sold again add up to nothing, and a fee is not what something is worth.
    for asked in ["shares per ticker", "how much did I spend on BOLT"] {
        assert!(ask(asked, &files).is_err(), "{asked}");
    }
}

#[test]
fn moments_are_no_days_and_meters_are_read_not_added_up() {
    let calls = "Call,Start,Agent,Outcome,Wait (s)\n1,2025-05-01 09:10,Mia,Answered,20\n2,2025-05-01 10:20,Noah,Missed,90\n\
        3,2025-05-02 08:05,Mia,Answered,10\n4,2025-05-02 17:45,Noah,Answered,45\n5,2025-05-04 12:00,Mia,Missed,60\n";
    understood(
        &[("calls.csv", calls)],
        &[
            ("calls per day", "Number of rows by day of Start"),
            ("missed call rate", "the rows whose Outcome is Missed"),
            ("average wait time by agent", "Average Wait (s) by Agent"),
        ],
    );
    let sent = "Shipment,Shipped,Expected delivery,Delivered,Carrier\nS1,2025-02-27,2025-03-02,2025-03-02,GLS\n\
        S2,2025-03-01,2025-03-04,2025-03-06,UPS\nS3,2025-03-05,2025-03-08,,UPS\nS4,2025-04-01,2025-04-03,2025-04-02,GLS\n";
    understood(
        &[("shipments.csv", sent)],
        &[
            ("shipments in March", "Shipped is in March"),
            ("on-time rate by carrier", "the rows whose Delivered <= Expected delivery"),
            ("on-time rate", "the rows whose Delivered <= Expected delivery"),
        ],
    );
    let bank = "Date,Description,Debit,Credit,Balance\n2025-01-02,Rent,800.00,,1200.50\n2025-01-05,Sale,,450.25,1650.75\n\
        2025-02-02,Rent,800.00,,850.75\n2025-02-07,Sale,,990.10,1840.85\n";
    understood(
        &[("bank.csv", bank)],
        &[
            ("how much came in", "Total Credit"),
            ("how much went out in January", "Total Debit"),
            ("net cash flow by month", "computed as (Credit - Debit)"),
        ],
    );
    let meter = "Reading date,Building,Meter reading (kWh)\n2025-01-31,Shop,12000\n2025-01-31,Barn,500\n\
        2025-02-28,Shop,12700\n2025-02-28,Barn,640\n2025-03-31,Shop,13100\n2025-03-31,Barn,700\n";
    for asked in ["how much did the barn use", "which building used the most", "consumption per month"] {
        assert!(ask(asked, &[("meter.csv", meter)]).is_err(), "{asked}");
    }
}
