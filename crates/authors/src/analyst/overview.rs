//! Answers what is in a workbook: each of its tables, with rows, columns and what they are called.

use std::fmt::Write;

use ringfence_job::Language;
use ringfence_pipeline::ports::{Draft, TableProfile};

use super::{
    load::{Wanted, load},
    python::{comment, list, literal},
    words::{Kind, Token},
};

/// What is asked about as a whole.
const WHOLES: [&str; 19] = [
    "workbook",
    "workbooks",
    "file",
    "files",
    "spreadsheet",
    "spreadsheets",
    "sheet",
    "sheets",
    "tab",
    "tabs",
    "worksheet",
    "worksheets",
    "excel",
    "tables",
    "upload",
    "uploads",
    "document",
    "here",
    "columns",
];

/// Words that ask what there is, beside the small words around them.
const ASKED: [&str; 32] = [
    "what",
    "which",
    "whats",
    "in",
    "inside",
    "contain",
    "contains",
    "content",
    "contents",
    "describe",
    "description",
    "overview",
    "summary",
    "summarize",
    "summarise",
    "explain",
    "list",
    "structure",
    "hold",
    "holds",
    "there",
    "have",
    "has",
    "about",
    "included",
    "includes",
    "include",
    "many",
    "got",
    "available",
    "exist",
    "named",
];

/// Words that say nothing more.
const SMALL: [&str; 40] = [
    "is", "are", "s", "the", "this", "that", "these", "those", "my", "our", "a", "an", "of", "do", "does",
    "did", "i", "we", "you", "me", "please", "give", "show", "tell", "to", "how", "all", "each", "every",
    "and", "it", "its", "on", "see", "can", "data", "uploaded", "sent", "quick", "short",
];

/// True if the question asks for nothing but what the files hold.
pub(crate) fn is_asked(tokens: &[Token]) -> bool {
    let words: Vec<&str> = tokens
        .iter()
        .filter(|token| !matches!(token.kind, Kind::Mark(_)))
        .map(|token| token.text.trim_end_matches("'s").trim_end_matches("\u{2019}s"))
        .collect();
    let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let known = |word: &&str| WHOLES.contains(word) || ASKED.contains(word) || SMALL.contains(word);
    // "what is it", "show the file" ask for something else.
    any(&WHOLES)
        && any(&ASKED)
        && words.iter().all(known)
        && words.len() > 2
        && words != ["what", "is", "here"]
}

/// Writes the program that lists the tables.
pub(crate) fn draft(question: &str, tables: &[TableProfile]) -> Draft {
    let explanation = "What each table holds: its rows, how many columns it has and what they are called.";
    let (mut imports, mut helpers, mut read) = (Vec::new(), String::new(), String::new());
    let mut rows: Vec<String> = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let variable = format!("table{}", at + 1);
        let loading = load(table, &variable, &Wanted { typed: Vec::new(), written: vec![0] });
        imports.extend(loading.imports);
        if !helpers.contains(&loading.helpers) {
            helpers += &loading.helpers;
        }
        read += &loading.read;
        rows.push(format!("len({variable})"));
    }
    imports.sort_unstable();
    imports.dedup();
    let names = |table: &TableProfile| {
        let name = table.sheet.as_deref().unwrap_or(&table.file).to_owned();
        if table.hidden { format!("{name} (hidden)") } else { name }
    };
    let counts: Vec<String> = tables.iter().map(|table| table.columns.len().to_string()).collect();
    let columns = tables
        .iter()
        .map(|table| table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "));
    let several = tables.iter().any(|table| table.file != tables[0].file);
    let mut code = comment(&format!("Question: {question}")) + &comment(explanation);
    for name in &imports {
        let _ = writeln!(code, "import {name}");
    }
    let _ = write!(
        code,
        "import pandas as pd\nfrom ringfence import show\n\n\n{helpers}{read}\nanswer = pd.DataFrame({{\n"
    );
    if several && tables.iter().any(|table| table.sheet.is_some()) {
        let _ = writeln!(code, "    \"File\": {},", list(tables.iter().map(|table| table.file.as_str())));
    }
    let _ = writeln!(
        code,
        "    {}: {},",
        literal(if tables.iter().any(|table| table.sheet.is_some()) { "Sheet" } else { "File" }),
        list(tables.iter().map(names))
    );
    let _ = writeln!(
        code,
        "    \"Rows\": [{}],\n    \"Columns\": [{}],\n    \"What it holds\": {},\n}})\nshow(answer)",
        rows.join(", "),
        counts.join(", "),
        list(columns)
    );
    Draft {
        language: Language::Python,
        code,
        explanation: explanation.to_owned(),
        confidence: Some(100),
        memory: None,
    }
}
