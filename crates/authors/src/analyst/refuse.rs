//! Wishes that no program here fulfils: to destroy, to change what was sent, to send away; and what no table says.

use super::words::{Kind, Token};

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Destructive(String),
    Unanswerable(String),
}

/// Verbs that destroy, wherever they are said of data.
const DESTROYS: [&str; 12] = [
    "overwrite",
    "overwriting",
    "wipe",
    "erase",
    "truncate",
    "destroy",
    "purge",
    "shred",
    "corrupt",
    "encrypt",
    "hack",
    "unlink",
];

/// Verbs that send something somewhere.
const SENDS: [&str; 14] = [
    "send", "email", "mail", "e-mail", "upload", "forward", "post", "publish", "tweet", "transmit", "text",
    "notify", "call", "fax",
];

/// Verbs that change a record.
const CHANGES: [&str; 22] = [
    "update", "change", "set", "mark", "give", "increase", "raise", "lower", "replace", "insert", "add",
    "edit", "modify", "delete", "remove", "drop", "cancel", "book", "pay", "approve", "transfer", "reduce",
];

/// Verbs of what is done for somebody, not with data: "refund everyone who", "charge them".
const ACTS: [&str; 10] =
    ["refund", "charge", "invoice", "remind", "reimburse", "credit", "hire", "fire", "promote", "reorder"];

/// Where records are kept.
const SYSTEMS: [&str; 16] = [
    "database",
    "system",
    "server",
    "erp",
    "crm",
    "bookkeeping",
    "production",
    "website",
    "cloud",
    "sharepoint",
    "drive",
    "dropbox",
    "bank",
    "payroll",
    "intranet",
    "db",
];

/// Words by which a clean-up is told from destruction.
const CLEANS: [&str; 20] = [
    "duplicate",
    "duplicates",
    "duplciates",
    "empty",
    "blank",
    "blanks",
    "spaces",
    "whitespace",
    "missing",
    "without",
    "copy",
    "new",
    "export",
    "result",
    "workbook",
    "outliers",
    "nulls",
    "repeated",
    "double",
    "excel",
];

fn said(tokens: &[Token], words: &[&str]) -> bool {
    tokens.iter().any(|token| token.kind == Kind::Word && words.contains(&token.text.as_str()))
}

/// The verb that a sentence, or a part of it, begins with: what is to be done.
fn commands(tokens: &[Token]) -> Vec<&str> {
    let polite = [
        "please", "can", "could", "you", "would", "will", "now", "just", "kindly", "also", "then", "go",
        "and", "ahead", "i", "want", "to", "need", "like", "d", "i'd", "me",
    ];
    let mut found = Vec::new();
    let mut begins = true;
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Mark(';' | '.' | ',' | ':' | '!' | '?') => begins = true,
            Kind::Word if token.text == "and" || token.text == "then" => begins = true,
            Kind::Word if polite.contains(&token.text.as_str()) && begins => {}
            Kind::Word if begins => {
                // "so I can send it" says what the answer is for.
                let purpose = tokens[..at].iter().rev().take(4).any(|before| before.is_any(&["so", "order"]));
                if !purpose {
                    found.push(token.text.as_str());
                }
                begins = false;
            }
            _ => begins = false,
        }
    }
    found
}

/// Refuses what must not be done, and says why.
pub(crate) fn check(tokens: &[Token]) -> Option<Refusal> {
    let destructive = |what: &str| {
        Some(Refusal::Destructive(format!(
            "I do not {what}: programs here only read what was sent and write new files. I can compute an answer, or write a changed copy as a new workbook"
        )))
    };
    let commands = commands(tokens);
    let commanded = |words: &[&str]| commands.iter().any(|command| words.contains(command));
    let original = said(tokens, &["original", "originals", "source"])
        || (said(tokens, &["place"]) && said(tokens, &["in"]));
    let system = said(tokens, &SYSTEMS);
    if said(tokens, &DESTROYS) || (said(tokens, &["format"]) && said(tokens, &["disk", "drive"])) {
        return destructive("overwrite or erase anything");
    }
    if commanded(&["drop"]) && said(tokens, &["table", "tables", "database"]) || (commanded(&["rm", "del"])) {
        return destructive("delete anything");
    }
    if commanded(&["delete", "remove", "drop"]) {
        let file = said(tokens, &["file", "sheet", "original", "table", "spreadsheet", "csv"])
            && said(tokens, &["from", "the", "this", "my"]);
        if original || system || (!said(tokens, &CLEANS) && (commanded(&["delete"]) || file)) {
            return destructive("delete anything from the original");
        }
    }
    if commanded(&CHANGES) && (system || original) {
        return destructive("change anything outside a new file");
    }
    if commanded(&["mark", "update", "cancel", "book", "approve", "pay", "insert"]) {
        return destructive("change records");
    }
    let somebody =
        ["everyone", "everybody", "all", "them", "him", "her", "every", "each", "this", "these", "those"];
    if commanded(&ACTS) && tokens.windows(2).any(|pair| pair[0].is_any(&ACTS) && pair[1].is_any(&somebody)) {
        return destructive("act for anybody");
    }
    let sends = commanded(&SENDS) && !said(&tokens[..tokens.len().min(2)], &["text"]);
    if sends
        && !commanded(&["send me", "post"])
        && !tokens.windows(2).any(|pair| pair[0].is("send") && pair[1].is_any(&["me", "us", "back"]))
    {
        return destructive("send anything anywhere");
    }
    let first = tokens.iter().find(|token| token.kind == Kind::Word).map(|token| token.text.as_str());
    if first == Some("why") || commands.contains(&"why") {
        return Some(Refusal::Unanswerable("the data says what, when and how much, not why".to_owned()));
    }
    let future = said(tokens, &["forecast", "predict", "prediction", "projection", "extrapolate"])
        || (first == Some("will")
            || (first == Some("when") && said(tokens, &["will"]))
            || (said(tokens, &["will"]) && said(tokens, &["next", "tomorrow", "future"])))
        || (said(tokens, &["next"]) && said(tokens, &["expect", "expected", "likely"]));
    if future {
        return Some(Refusal::Unanswerable("the data says what has been; I make no forecasts".to_owned()));
    }
    None
}
