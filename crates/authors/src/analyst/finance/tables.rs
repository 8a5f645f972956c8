//! Cash flows that stand in a file: the column that holds them, their periods or days, and whose they are.

use ringfence_job::Language;
use ringfence_pipeline::ports::{Assignment, AuthorError, ColumnKind, ColumnProfile, Draft, TableProfile};

use super::{
    super::{
        load::{Wanted, load},
        python::{comment, literal, number},
    },
    clarify,
    facts::{Fact, What},
    investments::{IRR, NPV, PAYBACK},
    rates::take_rates,
    reading::Reading,
    savings::SOLVE,
    topic::Topic,
};

/// Most groups that a question back names.
const OPTIONS_MAX: usize = 3;

/// A table of cash flows and what is asked of it.
struct Source<'a> {
    table: &'a TableProfile,
    /// Positions of the columns.
    flow: usize,
    period: Option<usize>,
    day: Option<usize>,
    group: Option<usize>,
    /// The group that is meant; none for all.
    value: Option<String>,
}

/// Answers a question about the cash flows of a file; none if no file has any.
pub(super) fn answer(
    assignment: &Assignment,
    text: &str,
    reading: &Reading,
    topic: Topic,
) -> Option<Result<Draft, AuthorError>> {
    // Flows that the question lists itself are its own.
    let listed = reading.free(What::Amount).count();
    if listed > 1 {
        return None;
    }
    let found: Vec<Source<'_>> = assignment
        .tables
        .iter()
        .filter(|table| !table.hidden)
        .filter_map(|table| source(table, reading))
        .collect();
    match &found[..] {
        [] => None,
        [only] => Some(only.write(text, reading, topic)),
        many => {
            let named: Vec<&Source<'_>> = many.iter().filter(|source| source.value.is_some()).collect();
            if let [only] = named[..] {
                return Some(only.write(text, reading, topic));
            }
            let names: Vec<String> = many.iter().map(|source| source.table.name()).collect();
            let question = "Which table holds the cash flows?".to_owned();
            Some(Err(clarify(question, names.into_iter().take(4).collect())))
        }
    }
}

fn is_number(column: &ColumnProfile) -> bool {
    matches!(column.kind, ColumnKind::Integer | ColumnKind::Number)
}

/// Words of a name, in lower case, without plural.
fn words(name: &str) -> Vec<String> {
    let spaced: String = name.chars().map(|char| if char.is_alphanumeric() { char } else { ' ' }).collect();
    let mut parted = String::new();
    let mut lower = false;
    for char in spaced.chars() {
        if lower && char.is_uppercase() {
            parted.push(' ');
        }
        lower = char.is_lowercase();
        parted.extend(char.to_lowercase());
    }
    parted
        .split_whitespace()
        .map(|word| word.strip_suffix('s').filter(|w| w.len() > 2).unwrap_or(word).to_owned())
        .collect()
}

/// Where the words of `name` last follow each other in the question, by the token that ends them.
fn mention(reading: &Reading, name: &str) -> Option<usize> {
    let wanted = words(name);
    let said: Vec<(usize, String)> = reading
        .tokens
        .iter()
        .enumerate()
        .flat_map(|(at, token)| words(&token.text).into_iter().map(move |word| (at, word)))
        .collect();
    let same = |window: &&[(usize, String)]| window.iter().map(|(_, word)| word).eq(&wanted);
    let last = said.windows(wanted.len().max(1)).rev().find(same)?;
    last.last().map(|(at, _)| *at)
}

fn mentions(reading: &Reading, name: &str) -> bool {
    mention(reading, name).is_some()
}

/// How many words of the question name columns or values of a file.
pub(super) fn names(assignment: &Assignment, reading: &Reading) -> usize {
    let columns = assignment.tables.iter().flat_map(|table| &table.columns);
    let known = columns.flat_map(|column| {
        std::iter::once(column.name.as_str()).chain(column.values.iter().map(|value| value.value.as_str()))
    });
    let mut found: Vec<(usize, usize)> = known
        .filter(|name| name.chars().any(char::is_alphabetic))
        .filter_map(|name| Some((mention(reading, name)?, words(name).len())))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.iter().map(|(_, words)| words).sum()
}

/// True if a column of names is spoken of: a question about its rows.
pub(super) fn names_rows(assignment: &Assignment, reading: &Reading) -> bool {
    let mut columns = assignment
        .tables
        .iter()
        .flat_map(|table| &table.columns)
        .filter(|column| column.kind == ColumnKind::Text);
    columns.any(|column| mention(reading, &column.name).is_some())
}

fn is_period(column: &ColumnProfile) -> bool {
    let named = words(&column.name).iter().any(|word| {
        ["year", "period", "month", "quarter", "t", "n", "jahr", "time", "yr"].contains(&word.as_str())
    });
    named && column.kind == ColumnKind::Integer
}

fn source<'a>(table: &'a TableProfile, reading: &Reading) -> Option<Source<'a>> {
    let columns = &table.columns;
    let at = |wanted: &dyn Fn(&ColumnProfile) -> bool| columns.iter().position(wanted);
    let called = |column: &ColumnProfile, names: &[&str]| {
        words(&column.name).iter().any(|word| names.contains(&word.as_str()))
    };
    let amount = |column: &ColumnProfile| {
        is_number(column) && !is_period(column) && !called(column, &["id", "number", "no", "rate"])
    };
    let amounts: Vec<usize> = (0..columns.len()).filter(|at| amount(&columns[*at])).collect();
    let named: Vec<usize> = amounts
        .iter()
        .copied()
        .filter(|at| {
            let column = &columns[*at];
            called(column, &["cashflow", "flow"]) || (called(column, &["cash"]) && called(column, &["net"]))
        })
        .collect();
    let signed = |at: &usize| {
        columns[*at].min.is_some_and(|min| min < 0.0) && columns[*at].max.is_some_and(|max| max > 0.0)
    };
    let both: Vec<usize> = amounts.iter().copied().filter(signed).collect();
    let told: Vec<usize> =
        amounts.iter().copied().filter(|at| mentions(reading, &columns[*at].name)).collect();
    let flow = [&told, &named, &both].into_iter().find_map(|found| match found[..] {
        [only] => Some(only),
        _ => None,
    })?;
    // A ledger has both signs too; cash flows are called so, or come with periods or days and little else.
    let period = at(&is_period);
    let day = at(&|column| column.kind == ColumnKind::Date);
    let sure = named.contains(&flow)
        || told.contains(&flow)
        || (amounts.len() == 1 && (period.is_some() || day.is_some()));
    if !sure {
        return None;
    }
    let groups: Vec<usize> = (0..columns.len())
        .filter(|at| {
            columns[*at].kind == ColumnKind::Text
                && columns[*at].values.len() > 1
                && (columns[*at].values.len() as u64) < table.rows
        })
        .collect();
    // In a conversation the last one counts.
    let value = groups
        .iter()
        .flat_map(|at| columns[*at].values.iter().map(move |value| (*at, &value.value)))
        .filter_map(|(at, value)| Some((mention(reading, value)?, at, value.clone())))
        .max_by_key(|(place, ..)| *place);
    let every = reading.tokens.iter().rposition(|token| token.is_any(&["each", "every", "all"]));
    let value = value
        .filter(|(place, ..)| every.is_none_or(|every| every < *place))
        .map(|(_, at, value)| (at, value));
    let (group, value) = match value {
        Some((at, value)) => (Some(at), Some(value)),
        None => (groups.first().copied(), None),
    };
    Some(Source { table, flow, period, day, group, value })
}

impl Source<'_> {
    fn name(&self, at: usize) -> String {
        literal(&self.table.columns[at].name)
    }

    fn write(&self, text: &str, reading: &Reading, topic: Topic) -> Result<Draft, AuthorError> {
        let (rates, _) = take_rates(&reading.tokens);
        let each = reading
            .tokens
            .iter()
            .any(|token| token.is_any(&["each", "every", "per", "by", "all", "compare", "which"]));
        let by_group = self.group.filter(|_| self.value.is_none());
        if let Some(at) = by_group.filter(|_| !each) {
            let column = &self.table.columns[at];
            let mut options: Vec<String> =
                column.values.iter().take(OPTIONS_MAX).map(|value| format!("for {}", value.value)).collect();
            options.insert(0, format!("for each {}", column.name));
            return Err(clarify(format!("For which {} do you want it?", column.name), options));
        }
        if rates.len() > 1 {
            return Err(AuthorError::unclear(
                "I see more than one percentage, which of them is the yearly discount rate?",
            ));
        }
        let rate = rates.first();
        let needs = matches!(topic, Topic::Npv | Topic::ProfitabilityIndex | Topic::Mirr)
            || topic == Topic::Payback && reading.has("discount");
        if rate.is_none() && needs {
            return Err(AuthorError::unclear("Which discount rate should I use? For example: at 5%."));
        }
        if matches!(topic, Topic::ProfitabilityIndex | Topic::Mirr)
            || rate.is_some_and(|rate| rate.values.len() > 1)
        {
            return Err(AuthorError::NotUnderstood(
                "from the cash flows of a file I compute NPV, IRR, XNPV, XIRR and payback, at one rate"
                    .into(),
            ));
        }
        if let Some(other) = self.other_filter(reading) {
            return Err(AuthorError::unclear(format!("What does {other} stand for?")));
        }
        Ok(self.program(text, reading, topic, rate, by_group))
    }

    /// A number or a day in the question that nothing is done with.
    fn other_filter(&self, reading: &Reading) -> Option<String> {
        let name = self.value.as_deref().unwrap_or_default();
        let fact = reading.facts.iter().find(|fact| {
            let rate = fact.what == What::Percent
                || fact.near(&["rate", "discount", "wacc", "hurdle"])
                || fact.before.last().is_some_and(|word| word == "at");
            let in_name = reading.tokens[fact.start..fact.end]
                .iter()
                .all(|token| name.to_lowercase().contains(&token.text));
            !rate && !in_name
        })?;
        Some(reading.words(fact))
    }

    fn program(
        &self,
        text: &str,
        reading: &Reading,
        topic: Topic,
        rate: Option<&Fact>,
        by_group: Option<usize>,
    ) -> Draft {
        // Days count where they are asked for, or where there is nothing else to go by.
        let days_asked = reading
            .tokens
            .iter()
            .any(|t| t.is_any(&["xnpv", "xirr", "date", "dates", "dated", "days", "exact", "actual"]));
        let days = if days_asked || self.period.is_none() { self.day } else { None };
        let time = days.or(self.period);
        let mut wanted = Wanted { typed: vec![self.flow], written: Vec::new() };
        wanted.typed.extend(time);
        wanted.written.extend(self.group);
        let loading = load(self.table, "table", &wanted);
        let x = if days.is_some() { "X" } else { "" };
        let (label, unit) = match topic {
            Topic::Npv => (format!("{x}NPV"), ""),
            Topic::Irr => (format!("{x}IRR"), "%"),
            _ => ("Payback period".to_owned(), "years"),
        };
        let convention = match (days, self.period) {
            (Some(at), _) => format!("actual days / 365 by {}, time 0 is the first day", self.name(at)),
            (None, Some(at)) => format!("periods by {}, time 0 is the first of them", self.name(at)),
            _ => "one period for each row, time 0 is the first row".to_owned(),
        };
        let whose = match (&self.value, by_group) {
            (Some(value), _) => format!(" for {}", literal(value)),
            (None, Some(at)) => format!(" for each {}", self.name(at)),
            _ => String::new(),
        };
        let percent = rate.map(|rate| number(rate.values[0]));
        let at = percent.as_ref().map_or_else(String::new, |percent| format!(" at {percent}% a period"));
        let at = if days.is_some() { at.replace("a period", "a year") } else { at };
        let explanation = format!(
            "{label}{whose}{at} of the cash flows in {} of {}; convention: {convention}.",
            self.name(self.flow),
            self.table.name()
        );
        let mut code = comment(&format!("Question: {}", text));
        code += &comment(&explanation);
        let mut imports = loading.imports.clone();
        imports.sort_unstable();
        imports.iter().for_each(|name| code += &format!("import {name}\n"));
        let chart = reading.wants_chart();
        code += if imports.is_empty() { "" } else { "\n" };
        code += "import pandas as pd\n";
        code += if chart { "from ringfence import chart, show\n" } else { "from ringfence import show\n" };
        code += "\n\n";
        code += &loading.helpers;
        let helpers: &[&str] = match topic {
            Topic::Npv => &[NPV],
            Topic::Irr => &[NPV, SOLVE, IRR],
            _ => &[PAYBACK],
        };
        helpers.iter().for_each(|helper| code += &format!("{}\n\n\n", helper.trim_matches('\n')));
        code += &self.series(time, days.is_some());
        if let Some(percent) = &percent {
            code += &format!("rate = {percent} / 100  # discount rate\n\n");
        }
        code += &loading.read;
        let flow = self.name(self.flow);
        code += &format!("table = table[table[{flow}].notna()]\n");
        if let (Some(value), Some(at)) = (&self.value, self.group) {
            code += &format!("table = table[table[{}] == {}]\n", self.name(at), literal(value));
        }
        code.push('\n');
        let compute = compute(topic, rate.is_some());
        match by_group {
            Some(at) => {
                let name = self.name(at);
                code += &format!(
                    "rows = []\nfor name, group in table.groupby({name}, sort=False):\n    times, flows = series(group)\n"
                );
                compute.0.iter().for_each(|line| code += &format!("    {line}\n"));
                let heading =
                    literal(&if unit.is_empty() { label.clone() } else { format!("{label} ({unit})") });
                code += &format!(
                    "    rows.append({{{name}: name, {heading}: {}}})\nanswer = pd.DataFrame(rows)\nshow(answer, {})\n",
                    compute.1,
                    literal(&format!("{label}{whose}"))
                );
                if chart {
                    code +=
                        &format!("chart('bar', answer, x={name}, y={heading}, title={})\n", literal(&label));
                }
            }
            None => {
                code += "times, flows = series(table)\n";
                compute.0.iter().for_each(|line| code += &format!("{line}\n"));
                let unit = if unit.is_empty() { String::new() } else { format!(", {}", literal(unit)) };
                code += &format!("answer = {}\n", compute.1);
                code += &format!(
                    "if answer is None:\n    show(\"none\", {0})\nelse:\n    show(answer, {0}{unit})\n",
                    literal(&format!("{label}{whose}{at}"))
                );
                if reading.wants_table() {
                    code += "steps = pd.DataFrame({\"Time\": times, \"Cash flow\": flows})\n";
                    if rate.is_some() {
                        code += "steps[\"Present value\"] = steps[\"Cash flow\"] / (1 + rate) ** steps[\"Time\"]\n";
                    }
                    code += "steps[\"Running total\"] = steps.iloc[:, -1].cumsum()\nshow(steps, \"Cash flows\")\n";
                    if chart {
                        code += "chart('bar', steps, x=\"Time\", y=\"Cash flow\", title=\"Cash flows\")\n";
                    }
                }
            }
        }
        let sure = if self.value.is_some() || by_group.is_some() { 92 } else { 88 };
        Draft { language: Language::Python, code, explanation, confidence: Some(sure), memory: None }
    }

    /// The function that lays the rows out in time.
    fn series(&self, time: Option<usize>, days: bool) -> String {
        let flow = self.name(self.flow);
        let mut code = String::from(
            "def series(rows):\n    \"\"\"Times from 0 and the cash flows at them, in order.\"\"\"\n",
        );
        match time {
            Some(at) => {
                let name = self.name(at);
                code +=
                    &format!("    rows = rows[rows[{name}].notna()].sort_values({name}, kind=\"stable\")\n");
                code += &if days {
                    format!("    times = (rows[{name}] - rows[{name}].min()).dt.days / 365\n")
                } else {
                    format!("    times = rows[{name}] - rows[{name}].min()\n")
                };
                code += &format!(
                    "    return times.astype(float).tolist(), rows[{flow}].astype(float).tolist()\n"
                );
            }
            None => {
                code += &format!(
                    "    flows = rows[{flow}].astype(float).tolist()\n    return list(range(len(flows))), flows\n"
                )
            }
        }
        code + "\n\n"
    }
}

/// Lines that prepare the answer, and the expression that is it.
fn compute(topic: Topic, discounted: bool) -> (&'static [&'static str], &'static str) {
    match topic {
        Topic::Npv => (&[], "npv(rate, times, flows)"),
        Topic::Irr => {
            (&["rates = internal_rates(times, flows)"], "rates[0] * 100 if len(rates) == 1 else None")
        }
        _ if discounted => (
            &["present = [flow / (1 + rate) ** time for time, flow in zip(times, flows)]"],
            "payback(times, present)",
        ),
        _ => (&[], "payback(times, flows)"),
    }
}
