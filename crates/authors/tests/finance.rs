//! The analyst's promise on finance: questions in many phrasings become programs that run and give the right value,
//! and what lacks something is asked back.
//!
//! Programs whose answer is a number run with the plain `python3` of the machine. Those with a table need pandas: they
//! are compiled here always, and run where `RINGFENCE_TEST_PYTHON` names an interpreter that has it.

use std::{fs, io::Cursor, path::Path, process::Command};

use proptest::prelude::*;
use ringfence_authors::Analyst;
use ringfence_pipeline::ports::{Assignment, AuthorError, Draft, Turn};
use serde_json::{Value, json};

/// What the runtime's own module does, as far as a test needs it.
const RINGFENCE: &str = r#"
import json

shown = []


def keep(entry):
    shown.append(entry)
    with open("shown.json", "w", encoding="utf-8") as file:
        json.dump(shown, file)


def show(value, label=None, unit=None):
    keep([json.loads(value.to_json(orient="records")) if hasattr(value, "to_json") else value, label, unit])


def chart(kind, df, x=None, y=None, title=None):
    df[x], df[y]
    keep([kind, title, "chart"])
"#;

const FLOWS: &str = "Project,Year,Date,Cash Flow\n\
    Roof,0,2024-01-15,-1000\nRoof,1,2025-02-01,600\nRoof,2,2026-01-20,700\n\
    Oven,0,2024-01-15,-500\nOven,1,2025-02-01,200\nOven,2,2026-01-20,400\n";

fn assignment(question: &str, earlier: Vec<Turn>, csv: Option<&str>) -> Assignment {
    let tables = csv.map(|csv| ringfence_tables::profile("flows.csv", &mut Cursor::new(csv)).unwrap().tables);
    Assignment {
        question: question.to_owned(),
        tables: serde_json::from_value(json!(tables.unwrap_or_default())).unwrap(),
        files: csv.map(|_| "flows.csv".to_owned()).into_iter().collect(),
        failure: None,
        earlier,
    }
}

fn ask(question: &str) -> Result<Draft, AuthorError> {
    Analyst::draft(&assignment(question, Vec::new(), None))
}

/// Asks one after the other, as in a conversation, and returns the last answer.
fn converse(questions: &[&str], csv: Option<&str>) -> Result<Draft, AuthorError> {
    let mut earlier = Vec::new();
    let mut last = None;
    for question in questions {
        let result = Analyst::draft(&assignment(question, earlier.clone(), csv));
        let (clarification, memory) = match &result {
            Ok(draft) => (None, draft.memory.clone()),
            Err(AuthorError::Unclear(clarification, memory)) => (Some(clarification.clone()), memory.clone()),
            Err(_) => (None, None),
        };
        earlier.push(Turn { question: (*question).to_owned(), clarification, memory });
        last = Some(result);
    }
    last.unwrap()
}

/// Everything that a program shows: value, label and unit.
fn run(python: &str, draft: &Draft) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("program.py"), &draft.code).unwrap();
    fs::write(folder.path().join("ringfence.py"), RINGFENCE).unwrap();
    fs::write(folder.path().join("flows.csv"), FLOWS).unwrap();
    let output = Command::new(python).arg("program.py").current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}\n{}", draft.code, String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&fs::read(folder.path().join("shown.json")).unwrap()).unwrap()
}

/// The first number that each of the programs shows; one Python runs them all.
fn firsts(programs: &[String]) -> Vec<Option<f64>> {
    const EACH: &str = "import glob, json, ringfence\nfound = {}\nfor name in glob.glob('*.txt'):\n    ringfence.shown.clear()\n    \
        exec(compile(open(name, encoding='utf-8').read(), name, 'exec'), {})\n    found[name[:-4]] = ringfence.shown[0][0]\nprint(json.dumps(found))";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ringfence.py"), RINGFENCE).unwrap();
    for (at, program) in programs.iter().enumerate() {
        fs::write(folder.path().join(format!("{at}.txt")), program).unwrap();
    }
    let output = Command::new("python3").args(["-c", EACH]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    (0..programs.len()).map(|at| found[at.to_string()].as_f64()).collect()
}

fn first(draft: &Draft) -> f64 {
    run("python3", draft)[0][0].as_f64().unwrap_or_else(|| panic!("no number\n{}", draft.code))
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-6 * right.abs().max(1.0)
}

/// Fails unless Python reads each of the programs.
fn compiles(programs: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    for (at, program) in programs.iter().enumerate() {
        fs::write(folder.path().join(format!("{at}.py")), program).unwrap();
    }
    let check = "import ast, glob\nfor name in glob.glob('*.py'):\n    ast.parse(open(name, encoding='utf-8').read(), name)";
    let output = Command::new("python3").args(["-c", check]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn pandas_python() -> Option<String> {
    std::env::var("RINGFENCE_TEST_PYTHON").ok().filter(|python| Path::new(python).exists())
}

#[test]
fn present_values_are_right_however_they_are_phrased() {
    let cases: Vec<(String, f64, Vec<f64>)> =
        serde_json::from_str(include_str!("questions/npv.json")).unwrap();
    for (question, rate, flows) in &cases {
        let draft = ask(question).unwrap_or_else(|error| panic!("{question}: {error}"));
        let value = first(&draft);
        let expected: f64 =
            (0_u8..).zip(flows).map(|(year, flow)| flow / (1.0 + rate).powi(i32::from(year))).sum();
        assert!(close(value, expected), "{question}: {value} is not {expected}\n{}", draft.code);
    }
}

#[test]
fn answers_are_right_however_they_are_phrased() {
    let cases: Vec<(String, f64)> = serde_json::from_str(include_str!("questions/finance.json")).unwrap();
    let (mut wrong, mut answered) = (Vec::new(), Vec::new());
    for (question, expected) in &cases {
        match ask(question) {
            Ok(draft) => answered.push((question, expected, draft)),
            Err(error) => wrong.push(format!("{question}: {error}")),
        }
    }
    let programs: Vec<String> = answered.iter().map(|(.., draft)| draft.code.clone()).collect();
    for ((question, expected, draft), value) in answered.iter().zip(firsts(&programs)) {
        assert!(draft.confidence.is_some_and(|sure| sure >= 50), "{question}");
        if !value.is_some_and(|value| close(value, **expected)) {
            wrong.push(format!("{question}: {value:?} is not {expected}, {}", draft.explanation));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_lacks_something_is_asked_back() {
    for (question, missing) in [
        ("NPV of -1000, 300, 400", "rate"),
        ("NPV at 5% of 500 a year", "how many years"),
        ("NPV at 5%", "cash flows"),
        ("NPV of -100, 60, 60 at 5% or maybe 6% or so 7", "more than one"),
        ("NPV of 1000 at 5%", "one cash flow"),
        ("NPV at 5% of -100, 10, 20 over 7 years", "7 periods"),
        ("irr of 100, 120", "outlay"),
        ("monthly payment on 200,000 at 4%", "how many years"),
        ("monthly payment on 200,000 over 20 years", "rate"),
        ("8000 at 3% over 7 years", "compute"),
        ("depreciate 50,000 over 5 years", "method"),
        ("50 with a 20% margin", "cost or the price"),
        ("is 119 with 19% vat", "contain"),
        ("irr if I spend 60k now, 10k in year 1, then receive 90k in year 2", "paid or received"),
        ("should I take 90,000 now or 10,000 a year for 12 years? discount rate 5%", "90000"),
        ("how many months to save 250 at 3% to reach 10,000", "How often"),
        ("a loan of 50,000 at 6%", "compute"),
        ("break even if fixed costs rise 10% from 50,000 with a contribution of 20", "10%"),
        ("30,000 at 5% for 4 years with a balloon of 40,000, monthly payment", "Which of the sums"),
        ("break even with fixed costs of 1000 and price 10", "unit cost"),
        ("effective rate of 12% nominal", "How often"),
        ("xirr of -1000 on 03/04/2024, 1200 on 05/06/2025", "month"),
    ] {
        match ask(question) {
            Err(AuthorError::Unclear(asked, memory)) => {
                assert!(asked.question.contains(missing), "{question}: {asked}");
                assert!(memory.is_some(), "{question}");
                assert!(asked.options.len() != 1 && asked.options.len() <= 4, "{question}");
            }
            Ok(draft) => panic!("{question}: {}", draft.explanation),
            Err(error) => panic!("{question}: {error}"),
        }
    }
    for question in ["NPV at 5% of 100 growing 2 a year", "how long to pay off 9000 at 12% with 80 a month"] {
        assert!(matches!(ask(question), Err(AuthorError::Unanswerable(_))), "{question}");
    }
    for question in ["hello", "what is the capital of France", "total revenue by region"] {
        assert!(matches!(ask(question), Err(AuthorError::NotUnderstood(_))), "{question}");
    }
}

#[test]
fn a_conversation_goes_on() {
    for (questions, expected) in [
        (&["payment on a 250k mortgage at 4.2% over 25 years", "and at 6%?"][..], 1610.7535037137861),
        (
            &["payment on a 250k mortgage at 4.2% over 25 years", "and at 6%?", "over 20 years instead"],
            1791.0776461954322,
        ),
        (&["npv of -1000, 300, 400, 500", "7%"], 37.8982615304115),
        (&["npv of -1000, 300, 400, 500 at 8%", "what's the irr?"], 8.896339469335002),
        (&["50 with a 20% margin", "the first"], 62.5),
        (&["is 119 with 19% vat", "including tax"], 100.0),
        (&["payment on 100,000 at 5% over 10 years", "what if it's paid quarterly?"], 3192.1413908580907),
        (&["payment on 100,000 at 5% over 10 years", "what if I put 20,000 down"], 848.5241219126042),
        (&["payment on 100,000 at 5% over 10 years", "and the balance after 4 years?"], 65859.02435528688),
        (
            &["future value of 200 a month for 10 years at 4%", "what if I start with 5,000?"],
            36904.12435718703,
        ),
        (&["8000 at 3% over 7 years", "future value", "over 10 years"], 10751.331034752979),
        (&["xirr of -1000 on 03/04/2024, 1200 on 05/06/2025", "day first"], 16.82238345437871),
    ] {
        let draft = converse(questions, None).unwrap_or_else(|error| panic!("{questions:?}: {error}"));
        let value = first(&draft);
        assert!(close(value, expected), "{questions:?}: {value}\n{}", draft.code);
    }
    // What has nothing to do with it is a question of its own.
    let other = converse(&["is 119 with 19% vat", "what is the weather"], None);
    assert!(matches!(other, Err(AuthorError::NotUnderstood(_))));
}

#[test]
fn tables_and_charts_are_written() {
    let cases: [(&[&str], usize); 6] = [
        (&["amortization table for a 10,000 loan at 6% over 2 years"], 24),
        (&["payment on 150,000 over 20 years for rates from 3% to 5% in steps of 0.5%", "as a chart"], 5),
        (&["Is 12k at 6% over 3 years cheaper than 12k at 5% over 5"], 2),
        (&["double declining balance, cost 20000, salvage 2000, 5 years"], 5),
        (&["sum of the years digits for 12000 with salvage 2000 and useful life of 4 years"], 4),
        (&["npv at 5%, 8% and 10% of -1000, 400, 400, 400"], 3),
    ];
    let mut programs = Vec::new();
    for (questions, rows) in cases {
        let draft = converse(questions, None).unwrap_or_else(|error| panic!("{questions:?}: {error}"));
        programs.push(draft.code.clone());
        let Some(python) = pandas_python() else { continue };
        let shown = run(&python, &draft);
        let found = shown.iter().find_map(|entry| entry[0].as_array());
        assert_eq!(found.map(Vec::len), Some(rows), "{questions:?}\n{}", draft.code);
        let chart = questions.len() > 1;
        assert_eq!(shown.iter().any(|entry| entry[2] == "chart"), chart, "{questions:?}");
    }
    compiles(&programs);
}

#[test]
fn cash_flows_may_stand_in_a_file() {
    let cases: [(&[&str], f64); 6] = [
        (&["npv of the roof at 5%"], 206.34920634920627),
        (&["payback of oven"], 1.75),
        (&["irr of roof", "and oven?"], 11.651_513_899_116_8),
        (&["irr", "for Roof"], 18.88194417315591),
        (&["xnpv of roof at 10%"], 120.50352669590654),
        (&["what is 15% of 240"], 36.0),
    ];
    let mut programs = Vec::new();
    for (questions, expected) in cases {
        let draft = converse(questions, Some(FLOWS)).unwrap_or_else(|error| panic!("{questions:?}: {error}"));
        programs.push(draft.code.clone());
        let Some(python) = pandas_python() else { continue };
        let value = run(&python, &draft)[0][0].as_f64().unwrap();
        assert!((value - expected).abs() < 0.01, "{questions:?}: {value}\n{}", draft.code);
    }
    compiles(&programs);
    // What is about the table is left to those who know tables.
    for question in ["total cash flow by project", "average cash flow"] {
        let draft = converse(&["irr for each project", question], Some(FLOWS)).unwrap();
        assert!(!draft.code.contains("internal_rates"), "{question}");
    }
}

/// Words and numbers of finance in any order.
fn salad() -> impl Strategy<Value = String> {
    let words = "npv irr xirr mirr payback discounted loan mortgage payment monthly a each month year years at over for in from to of and or \
        versus than % 5% 4,5% 0% 100% 1200% -3% 5 0 1 10 12 36 250k 1.2 million -1000 300, 400, 500 2018 2024-03-15 03/04/2024 1 Jan 2024 \
        rate compounded quarterly continuously effective nominal price cost sell buy margin markup fixed units break even depreciation straight \
        line double declining sum digits salvage life present value future save invest today withdraw first 3rd vat tax including net \
        gross off discount percent increase decrease what is how much long ? . ; ( ) - steps between compare cheaper balance after total \
        interest schedule chart inflation real bond coupon yield refinance extra lease losing profit another further first-year rule 72 nothing \
        FY2020 1e300 e5 instead margin-up semi-annually nper pmt balloon down already 12.500 1,2 beginning growing forever cagr roi $ € 1e9 999999999999999999999 0.0000001 (500) income afford borrow";
    let words: Vec<&'static str> = words.split_whitespace().collect();
    prop::collection::vec(prop::sample::select(words), 1..24).prop_map(|words| words.join(" "))
}

#[test]
fn what_is_too_large_is_refused() {
    for question in [
        "future value of 1e300 at 500% for 200 years",
        "monthly payment on 1e30 at 5% over 10 years",
        "monthly payment on 100,000 at 5000% over 10 years",
        "monthly payment on 100,000 at 5% over 10000 years",
        "npv at 5% of 1000 a year for 100000 years",
        "amortisation table for 100,000 at 5% over 900 years",
        "payment on 100,000 at rates from 0% to 100% in steps of 0.01% over 10 years",
        "depreciate 10,000 over 5000 years straight line",
    ] {
        let refused = matches!(ask(question), Err(AuthorError::Unclear(..) | AuthorError::Unanswerable(_)));
        assert!(refused, "{question}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Each case is a batch, so that Python starts once for many.
    #[test]
    fn no_question_makes_it_panic_and_each_program_compiles(
        questions in prop::collection::vec(prop_oneof![4 => salad(), 1 => any::<String>()], 40),
        more in salad(),
    ) {
        let mut programs = Vec::new();
        for question in &questions {
            programs.extend(ask(question).ok().map(|draft| draft.code));
            programs.extend(converse(&[question, &more], None).ok().map(|draft| draft.code));
            programs.extend(converse(&[question, &more], Some(FLOWS)).ok().map(|draft| draft.code));
        }
        compiles(&programs);
    }
}
