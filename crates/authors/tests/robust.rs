//! The analyst never panics, whatever it is asked and whatever memory comes with the question.

use std::io::Cursor;

use proptest::prelude::*;
use ringfence_authors::Analyst;
use ringfence_pipeline::ports::{Assignment, TableProfile, Turn};
use serde_json::Value;

const ORDERS: &str = "Order,Date,Customer,Region,Paid,Net Amount,Score\n1,2024-01-05,Ada,North,yes,10.5,3\n2,2024-02-07,Bo,South,no,7,4\n3,2024-02-09,Ada,North,yes,,5\n";
const MONTHS: &str = "Branch,Jan,Feb,Mar,Year total\nLinz,1,2,3,6\nGraz,4,5,6,15\n";

/// Words that do something, names of columns and tables, values, numbers and marks.
const WORDS: &str = "total average how many which who what by per each top 3 the most highest not without never between and or of in since \
    last month year quarter share growth running pivot versus compare chart bar correlation outliers duplicates missing trim fill remove \
    those unpaid overdue as buckets list rows sorted descending first difference ( ) - + / * = % , : > 10 2024 zero february region customer \
    customers order orders date paid score net amount ada north branch jan feb linz months days where with is when \"north\" 90th percentile";

fn tables() -> Vec<TableProfile> {
    [("orders.csv", ORDERS), ("branches.csv", MONTHS)]
        .map(|(name, csv)| ringfence_tables::profile(name, &mut Cursor::new(csv)).unwrap().tables.remove(0))
        .map(|profile| serde_json::from_slice(&serde_json::to_vec(&profile).unwrap()).unwrap())
        .to_vec()
}

/// The memory that is left of a question.
fn ask(question: &str, earlier: Option<Value>) -> Option<Value> {
    let turn = |memory| Turn { question: String::new(), clarification: None, memory: Some(memory) };
    let assignment = Assignment {
        question: question.to_owned(),
        tables: tables(),
        files: vec!["orders.csv".to_owned(), "branches.csv".to_owned()],
        failure: None,
        earlier: earlier.map(turn).into_iter().collect(),
    };
    match Analyst::draft(&assignment) {
        Ok(draft) => draft.memory,
        Err(ringfence_pipeline::ports::AuthorError::Unclear(_, memory)) => memory,
        Err(_) => None,
    }
}

/// Puts `number` in place of one of the numbers in a memory, or `text` in place of one of its texts.
fn forge(value: &mut Value, at: &mut usize, number: i64, text: &str) {
    match value {
        Value::Number(_) | Value::String(_) if *at == 0 => {
            *value = if value.is_number() { number.into() } else { text.into() };
            *at = usize::MAX;
        }
        Value::Number(_) | Value::String(_) => *at -= 1,
        Value::Array(values) => values.iter_mut().for_each(|value| forge(value, at, number, text)),
        Value::Object(fields) => fields.values_mut().for_each(|value| forge(value, at, number, text)),
        _ => {}
    }
}

fn question() -> impl Strategy<Value = String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    prop::collection::vec(prop::sample::select(words), 1..12).prop_map(|words| words.join(" "))
}

const REMEMBERED: [&str; 12] = [
    "total net amount by region",
    "net amount in 2024 by customer",
    "customers who never paid",
    "share of net amount by region",
    "growth of net amount from January 2024 to February 2024",
    "orders where net amount is above 5",
    "top 2 customers by net amount",
    "net amount * 2 by region",
    "total by month",
    "90th percentile of net amount",
    "bar chart of net amount per month",
    "average",
];

#[test]
fn a_continuation_without_a_figure_is_no_reading() {
    ask("growth those", ask("duplicates 2024", None));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_words_in_any_order(question in question(), after in question()) {
        let memory = ask(&question, None);
        ask(&after, memory);
    }

    #[test]
    fn forged_memories(
        first in prop::sample::select(REMEMBERED.to_vec()),
        at in 0_usize..40,
        number in prop_oneof![-3_i64..200, any::<i64>()],
        text in "[ -~\\n]{0,6}",
        after in question(),
    ) {
        if let Some(mut memory) = ask(first, None) {
            let tables = memory["tables"].clone();
            let mut place = at;
            forge(&mut memory, &mut place, number, &text);
            memory["tables"] = tables;
            ask("and by month", Some(memory.clone()));
            ask(&after, Some(memory));
        }
    }
}
