//! Chooses among the readings of a question: which tables it is about, whether it continues an earlier one.

use ringfence_pipeline::ports::{Assignment, AuthorError, Clarification, ColumnRole, Draft};

use super::{
    before,
    conversation::{self, Memory, Pending},
    parse::{self, Choice, Partial, Trouble},
    phrasing, program,
    query::{Agg, Col, Expr, Filter, Key, Measure, Query, Task, Unit},
    stack,
    view::{View, columns_said, table_words, views},
    words::{self, Token},
};

/// How much surer a reading of two tables must be than one of a single table, in percent.
const JOIN_WINS_BY: u32 = 4;

/// Readings less sure than this have guessed something, in percent.
const GUESSED: u32 = 91;

/// Readings less sure than this are asked about first, in percent.
const ASKED_BELOW: u32 = 78;

/// How many unknown words it weighs if a table has nothing of the kind that is asked for.
const LACKING: usize = 2;

/// One reading of a question.
struct Reading<'a, 'b> {
    view: &'a View<'b>,
    query: Query,
    exact: usize,
    confidence: u32,
    /// Words of the question that the query makes nothing of.
    lost: Vec<String>,
    /// It names conditions only: rather a part of what was asked before.
    fragment: bool,
}

/// The newest question that was understood.
#[derive(Clone, Copy)]
struct Earlier<'m> {
    memory: &'m Memory,
    query: &'m Query,
    /// Another came after it that was not.
    skipped: bool,
}

/// Why there is no reading, and how far it went.
struct Failure<'a, 'b> {
    view: &'a View<'b>,
    trouble: Trouble,
    unknown: usize,
    exact: usize,
    /// How often the table is called by its name.
    named: usize,
}

/// Writes the program for a question on tables.
pub(crate) fn draft(question: &str, tokens: &[Token], assignment: &Assignment) -> Result<Draft, AuthorError> {
    let (all, stacks) = stack::with_stacked(&assignment.tables);
    let views = views(&all, &stacks);
    let memory = conversation::recall(assignment, &views);
    let tables = conversation::fingerprint(assignment);
    if let Some((memory, pending)) =
        memory.as_ref().and_then(|memory| Some((memory, memory.pending.as_ref()?)))
        && let Some(written) = answered(question, tokens, memory, pending, &views, tables)
    {
        return written;
    }
    let earlier = memory.as_ref().and_then(|memory| Some((memory, memory.query.as_ref()?)));
    let unanswered = assignment.earlier.last().map(|turn| turn.memory.is_none());
    // What was only asked back about is nothing to go on from either.
    let goes_on = unanswered.is_some() || conversation::is_part(tokens);
    let refers =
        !assignment.earlier.is_empty() && (conversation::refers(tokens) || conversation::is_change(tokens));
    let beside = ["in", "for", "on", "at", "from", "with", "without", "since", "last", "this"];
    let named = |token: &Token| views.iter().any(|view| view.is_named(&token.text));
    let and = tokens.first().is_some_and(|token| token.is("and"))
        && tokens.get(1).is_some_and(|token| token.is_any(&beside));
    if earlier.is_none()
        && (goes_on && (and && unanswered.is_some() || goes_on_alone(tokens, &views))
            || refers
            || unanswered.is_some() && tokens.len() <= 2 && !tokens.iter().any(&named))
    {
        return Err(AuthorError::NotUnderstood(
            "no question before this one was answered, so there is nothing to go on with; please ask in full"
                .to_owned(),
        ));
    }
    let nobody = tokens.iter().all(|token| {
        !matches!(token.kind, words::Kind::Word)
            || super::vocabulary::filler(&[token.text.as_str()]) > 0
                && !token.is_any(&["show", "everything", "all"])
    });
    if earlier.is_none() && nobody && tokens.iter().any(|token| token.is_any(&["that", "it", "this"])) {
        return Err(AuthorError::NotUnderstood("please say what you want to know of the data".to_owned()));
    }
    // Who was found by an answer is not known here: "how many orders do they have" would tell of others.
    let found_one = earlier.is_some_and(|(_, query)| {
        query.rank.is_some_and(|rank| rank.count == 1) && !query.keys.is_empty() && query.filters.is_empty()
            || query.rank.is_some() && matches!(query.task, Task::Rows(_))
    });
    if found_one
        && tokens
            .iter()
            .any(|token| token.is_any(&["they", "their", "them", "it", "its", "he", "she", "his", "her"]))
    {
        return Err(AuthorError::NotUnderstood(
            "please ask with the name that the answer before gave; I do not look back at answers".to_owned(),
        ));
    }
    // Two that were asked for one after the other are not known together, nor who an answer was about.
    let both = tokens.len() <= 10 && tokens.iter().any(|token| token.is("both"));
    let said: Vec<&Token> = tokens.iter().filter(|token| !token.is_mark('?')).collect();
    let who_is_that = matches!(&said[..], [first, .., is, that] if first.is_any(&["which", "who", "whose"])
        && is.is_any(&["is", "was"]) && that.is_any(&["that", "it", "this"]));
    let alone = readings(tokens, &[], &views).is_ok_and(|found| {
        found.iter().any(|reading| !reading.fragment && !reading.query.filters.is_empty())
    });
    if earlier.is_some() && (both && !alone || who_is_that) {
        return Err(AuthorError::NotUnderstood(
            "please ask in full, with the names that are meant; I do not look back at answers".to_owned(),
        ));
    }
    // What was asked in between was not understood: those of whom it was cannot be meant.
    let asked_back = memory.as_ref().is_some_and(|memory| memory.pending.is_some());
    let skipped = earlier.is_some() && (unanswered == Some(true) || asked_back);
    if skipped && conversation::refers(tokens) {
        return Err(AuthorError::NotUnderstood(
            "the question before this one was not understood, so I do not know what it goes on from; please ask in full"
                .to_owned(),
        ));
    }
    resolve(
        question,
        tokens,
        &[],
        earlier.map(|(memory, query)| Earlier { memory, query, skipped }),
        &views,
        tables,
    )
}

/// True if a question goes on from another and says nothing of what to compute or to list by itself.
fn goes_on_alone(tokens: &[Token], views: &[View<'_>]) -> bool {
    conversation::continues(tokens)
        && readings(tokens, &[], views)
            .is_ok_and(|found| found.iter().all(|reading| reading.fragment || reading.query.lists_all()))
}

/// Takes the question for the answer to the one that was asked back; none if it is not.
fn answered(
    question: &str,
    tokens: &[Token],
    memory: &Memory,
    pending: &Pending,
    views: &[View<'_>],
    tables: u64,
) -> Option<Result<Draft, AuthorError>> {
    let asked = phrasing::plain(words::tokens(&pending.question));
    let earlier = memory.query.as_ref().map(|query| Earlier { memory, query, skipped: false });
    let mut choices = pending.choices.clone();
    if let Some(choice) = pending.chosen(question, tokens) {
        if choice == Choice::Phrase("no".to_owned()) {
            return Some(Err(AuthorError::NotUnderstood(
                "then please ask in other words, with the names of the columns".to_owned(),
            )));
        }
        choices.push(choice);
        return Some(resolve(&pending.question, &asked, &choices, earlier, views, tables));
    }
    // A question of its own is none, unless it says that it is meant; a few words may complete the one before.
    let meant = tokens.first().is_some_and(|token| token.is("i"))
        && tokens.get(1).is_some_and(|token| token.is_any(&["mean", "meant"]));
    if tokens.len() > 8
        || !meant && matches!(readings(tokens, &[], views), Ok(ref found) if !found.is_empty())
    {
        return None;
    }
    let named = views.iter().find_map(|view| {
        let blocked = vec![false; tokens.len()];
        let mentions = super::mentions::columns(tokens, view, &blocked);
        let (col, _) = *mentions.iter().max_by_key(|mention| mention.best())?.candidates.first()?;
        Some(Choice::Column(view.name(col).to_owned()))
    });
    if let Some(choice) = named {
        choices.push(choice);
        let result = resolve(&pending.question, &asked, &choices, earlier, views, tables);
        if result.is_ok() {
            return Some(result);
        }
    }
    let together = format!("{} {question}", pending.question);
    let result = resolve(
        &together,
        &phrasing::plain(words::tokens(&together)),
        &pending.choices,
        earlier,
        views,
        tables,
    );
    result.is_ok().then_some(result)
}

/// Reads a question alone and as a continuation, and writes the program of the better reading.
fn resolve(
    question: &str,
    tokens: &[Token],
    choices: &[Choice],
    earlier: Option<Earlier<'_>>,
    views: &[View<'_>],
    tables: u64,
) -> Result<Draft, AuthorError> {
    let alone = readings(tokens, choices, views);
    let goes_on = conversation::continues(tokens);
    if let Some(earlier) = earlier.filter(|_| goes_on || conversation::refers(tokens)) {
        let meant = figures_meant(tokens, earlier, choices, views);
        if let Some(view) = views.iter().find(|view| conversation::view_key(view) == earlier.memory.view)
            && meant.len() > 1
        {
            let named = |col: &Col| (view.name(*col).to_owned(), Choice::Column(view.name(*col).to_owned()));
            let options = meant.iter().take(4).map(named).collect();
            return Err(ask(
                "The total of which column?",
                options,
                question,
                choices,
                Some(earlier),
                tables,
                views,
            ));
        }
    }
    // "how many orders did they place?" after customers of one city: of those, in another table.
    if let Some(Earlier { memory, query, skipped: false }) = earlier.filter(|_| conversation::refers(tokens))
        && alone.as_ref().is_ok_and(|found| found.iter().all(|reading| reading.view.base != memory.view.0))
        && !query.filters.is_empty()
        && let Some(reading) = carried(tokens, choices, memory, query, views)
    {
        return confirmed(question, choices, reading, earlier, views, tables);
    }
    let named = |token: &Token| views.iter().any(|view| view.is_named(&token.text));
    let elliptical = earlier.is_some_and(|earlier| conversation::is_elliptical(tokens, earlier.query, named));
    let goes_on = goes_on
        || elliptical
        || earlier.is_some_and(|earlier| conversation::counts_them(tokens, earlier.query));
    if let Some(Earlier { memory, query, skipped }) = earlier
        && (goes_on || alone.as_ref().map_or(true, |found| found.iter().all(|reading| reading.fragment)))
        && let Some(mut reading) = continuation(tokens, choices, memory, query, views)
    {
        // It may be meant of what was not understood in between.
        if skipped {
            reading.confidence = reading.confidence.min(ASKED_BELOW - 1);
        }
        return confirmed(question, choices, reading, earlier, views, tables);
    }
    match alone {
        Ok(mut found) => match found.len() {
            1 => {
                let mut reading = found.remove(0);
                // "and at selling price?" goes on from what was asked before, which did not take it.
                // So does "how many per customer?" after rows under a condition.
                let per = tokens.len() <= 7
                    && matches!(tokens, [how, many, by, ..] if how.is("how") && many.is("many") && by.is_any(&["per", "by", "in", "each"]))
                    && earlier.is_some_and(|earlier| !earlier.query.filters.is_empty());
                // Of those of whom the question before was, or of all?
                let of_those = earlier.is_some_and(|earlier| {
                    let other = reading.view.base != earlier.memory.view.0 && conversation::refers(tokens);
                    !earlier.query.filters.is_empty()
                        && (other || elliptical || conversation::counts_them(tokens, earlier.query))
                });
                // "of won value?", "which one do we use most?", "fuel cost" after what was not understood.
                let said = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
                let part = earlier.is_some_and(|earlier| {
                    said(0, "of")
                        || said(0, "which") && said(1, "one")
                        || earlier.skipped && tokens.len() <= 4
                });
                if per
                    || of_those
                    || part
                    || earlier.is_some() && tokens.first().is_some_and(|token| token.is("and"))
                {
                    reading.confidence = reading.confidence.min(ASKED_BELOW - 1);
                }
                confirmed(question, choices, reading, earlier, views, tables)
            }
            _ => {
                let options = found.iter().take(4).map(|reading| {
                    let name = reading.view.tables[reading.view.base].name();
                    (name.clone(), Choice::Table(name))
                });
                Err(ask(
                    "Which table do you mean?",
                    options.collect(),
                    question,
                    choices,
                    earlier,
                    tables,
                    views,
                ))
            }
        },
        Err(Trouble::Ask(asked, options)) => {
            Err(ask(&asked, options, question, choices, earlier, tables, views))
        }
        Err(Trouble::Cannot(why)) => Err(AuthorError::Unanswerable(why)),
        Err(Trouble::Lost(why)) => Err(AuthorError::NotUnderstood(why)),
    }
}

/// Writes the program of a reading, unless it is so unsure that it is asked about first.
fn confirmed(
    question: &str,
    choices: &[Choice],
    reading: Reading<'_, '_>,
    earlier: Option<Earlier<'_>>,
    views: &[View<'_>],
    tables: u64,
) -> Result<Draft, AuthorError> {
    let confirmed = choices.iter().any(|choice| matches!(choice, Choice::Phrase(text) if text == "yes"));
    if reading.confidence >= ASKED_BELOW || confirmed {
        return Ok(write(question, reading, tables));
    }
    let without = match &reading.lost[..] {
        [] => String::new(),
        lost => format!(" It leaves out {:?}.", lost.join(", ")),
    };
    let asked =
        format!("Do you mean this? {}{without}", super::describe::sentence(&reading.query, reading.view));
    let options = vec![
        ("Yes".to_owned(), Choice::Phrase("yes".to_owned())),
        ("No, something else".to_owned(), Choice::Phrase("no".to_owned())),
    ];
    Err(ask(&asked, options, question, choices, earlier, tables, views))
}

fn write(question: &str, reading: Reading<'_, '_>, tables: u64) -> Draft {
    let confidence = u8::try_from(reading.confidence.min(100)).unwrap_or(100);
    let mut draft = program::write(question, &reading.query, reading.view, confidence);
    let memory = Memory {
        tables,
        view: conversation::view_key(reading.view),
        query: Some(reading.query),
        pending: None,
    };
    draft.memory = memory.json();
    draft
}

fn ask(
    asked: &str,
    options: Vec<(String, Choice)>,
    question: &str,
    choices: &[Choice],
    earlier: Option<Earlier<'_>>,
    tables: u64,
    views: &[View<'_>],
) -> AuthorError {
    let clarification = Clarification {
        question: asked.to_owned(),
        options: options.iter().map(|(text, _)| text.clone()).collect(),
    };
    let memory = Memory {
        tables,
        view: earlier.map_or_else(
            || views.first().map(conversation::view_key).unwrap_or_default(),
            |earlier| earlier.memory.view.clone(),
        ),
        query: earlier.map(|earlier| earlier.query.clone()),
        pending: Some(Pending::new(question, choices, options)),
    };
    AuthorError::Unclear(clarification, memory.json())
}

/// Reads a question on one view.
fn read<'a, 'b>(
    tokens: &[Token],
    choices: &[Choice],
    view: &'a View<'b>,
) -> Result<Reading<'a, 'b>, Failure<'a, 'b>> {
    let named = tokens.iter().filter(|token| view.is_named(&token.text)).count();
    let partial = match parse::read(tokens, view, choices) {
        Ok(partial) => partial,
        Err(trouble) => {
            // What this table lacks says less than what another does not know.
            let unknown = if matches!(trouble, Trouble::Cannot(_)) { LACKING } else { 0 };
            return Err(Failure { view, trouble, unknown, exact: 0, named });
        }
    };
    let (unknown, exact) = (partial.unknown.len(), partial.exact);
    if unknown > 0 {
        let trouble = unknown_words(&partial, view);
        return Err(Failure { view, trouble, unknown, exact, named });
    }
    let fragment = partial.is_fragment();
    let said = partial.said.clone();
    match parse::complete(partial, view, choices) {
        Ok((query, confidence)) => {
            let lost = said.lost(&query, view);
            let doubtful = !lost.is_empty() || is_within_a_period(&query) || query.lacks_figure();
            let confidence = if doubtful { confidence.min(ASKED_BELOW - 1) } else { confidence };
            Ok(Reading { view, query, exact, confidence, lost, fragment })
        }
        Err(trouble) => Err(Failure { view, trouble, unknown: 0, exact, named }),
    }
}

fn unknown_words(partial: &Partial, view: &View<'_>) -> Trouble {
    let words: Vec<String> =
        partial.unknown.iter().take(6).map(|word| word.chars().take(40).collect()).collect();
    Trouble::Cannot(format!(
        "I find nothing about {:?} in the data; {}",
        words.join(" "),
        view.columns_said()
    ))
}

/// The readings that are as good as any, or why there is none.
fn readings<'a, 'b>(
    tokens: &[Token],
    choices: &[Choice],
    views: &'a [View<'b>],
) -> Result<Vec<Reading<'a, 'b>>, Trouble> {
    let mut failures: Vec<Failure<'a, 'b>> = Vec::new();
    let (mut single, mut joined): (Vec<Reading<'a, 'b>>, Vec<Reading<'a, 'b>>) = (Vec::new(), Vec::new());
    for view in views {
        match read(tokens, choices, view) {
            Ok(reading) if !view.joins.is_empty() => joined.push(reading),
            Ok(reading) => single.push(reading),
            Err(failure) => failures.push(failure),
        }
    }
    // One table is enough if it can say everything as well as two.
    let surest =
        |found: &[Reading<'_, '_>]| found.iter().map(|reading| reading.confidence).max().unwrap_or(0);
    if !single.is_empty() && surest(&joined) < surest(&single) + JOIN_WINS_BY {
        joined.clear();
    } else if !joined.is_empty() {
        single.clear();
    }
    // Another table understood all but one thing: then a guess here is no answer.
    let asks = |failure: &Failure<'_, '_>| {
        matches!(&failure.trouble, Trouble::Ask(_, options) if options.len() > 1)
            && failure.unknown == 0
            && failure.view.joins.is_empty()
    };
    let most = single.iter().map(|reading| reading.exact).max().unwrap_or(0);
    let asks = |failure: &Failure<'_, '_>| asks(failure) && failure.exact >= most && failure.exact > 0;
    if joined.is_empty() && surest(&single) < GUESSED && failures.iter().any(asks) {
        failures.retain(asks);
        return Err(why_not(failures));
    }
    best_of(tokens, if joined.is_empty() { single } else { joined }, choices).ok_or_else(|| why_not(failures))
}

fn best_of<'a, 'b>(
    tokens: &[Token],
    mut found: Vec<Reading<'a, 'b>>,
    choices: &[Choice],
) -> Option<Vec<Reading<'a, 'b>>> {
    let chosen = |reading: &Reading<'_, '_>| {
        let name = reading.view.tables[reading.view.base].name();
        choices.iter().any(|choice| matches!(choice, Choice::Table(table) if *table == name))
    };
    if found.iter().any(chosen) {
        found.retain(chosen);
    }
    // What a workbook hides is asked for by its name only.
    let hidden = |reading: &Reading<'_, '_>| reading.view.tables[reading.view.base].hidden;
    if found.iter().any(|reading| !hidden(reading)) {
        found.retain(|reading| !hidden(reading));
    }
    let one_each = |reading: &Reading<'_, '_>| {
        matches!(reading.query.keys[..], [super::query::Key::Column(col)] if reading.view.is_unique(col))
            && reading.query.measures.iter().all(|measure| measure.of == super::query::Expr::Rows)
    };
    if found.iter().any(|reading| !one_each(reading)) {
        found.retain(|reading| !one_each(reading));
    }
    // "properties cheaper than 1000" are those of the table of properties, not what is beside them elsewhere.
    let named = |reading: &Reading<'_, '_>| {
        tokens.iter().filter(|token| super::spelling::singular(&token.text) != token.text).any(|token| {
            table_words(&reading.view.tables[reading.view.base])
                .contains(&super::spelling::singular(&token.text))
        })
    };
    let most = found.iter().map(|reading| reading.exact).max()?;
    let fits = |reading: &Reading<'_, '_>| named(reading) && reading.exact + 1 >= most;
    if found.iter().all(|reading| reading.view.joins.is_empty()) && found.iter().any(fits) {
        found.retain(fits);
    }
    let most = found.iter().map(|reading| reading.exact).max()?;
    found.retain(|reading| reading.exact == most);
    // One of a series of tables alone is meant if it is named only.
    let series: Vec<usize> = found
        .iter()
        .filter_map(|reading| reading.view.stack)
        .filter(|stack| stack.is_series)
        .flat_map(|stack| stack.parts.clone())
        .collect();
    found.retain(|reading| !series.contains(&reading.view.base));
    let surest = found.iter().map(|reading| reading.confidence).max()?;
    found.retain(|reading| reading.confidence + 10 >= surest);
    // Of two ways to join, the one from the larger table keeps all its rows.
    if found.iter().all(|reading| !reading.view.joins.is_empty()) {
        found.sort_by_key(|reading| (std::cmp::Reverse(reading.view.rows()), reading.view.joins.len()));
        found.truncate(1);
    }
    Some(found)
}

/// The reading that went furthest says best what is wrong.
fn why_not(mut failures: Vec<Failure<'_, '_>>) -> Trouble {
    failures.sort_by_key(|failure| {
        let asks = matches!(failure.trouble, Trouble::Ask(..));
        let lost = matches!(failure.trouble, Trouble::Lost(_));
        let named = std::cmp::Reverse(failure.named.min(1));
        (
            failure.view.tables[failure.view.base].hidden,
            !asks,
            named,
            failure.unknown,
            lost,
            failure.view.joins.len(),
            failure.view.stack.is_none(),
            std::cmp::Reverse(failure.exact),
        )
    });
    let Some(first) = failures.into_iter().next() else { return Trouble::Lost(String::new()) };
    match first.trouble {
        Trouble::Lost(_) => Trouble::Lost(format!("I do not see what to compute; {}", help(first.view))),
        Trouble::Ask(question, options) if options.len() < 2 => {
            Trouble::Cannot(format!("{question} {}", columns_said(&first.view.tables[first.view.base])))
        }
        other => other,
    }
}

/// What can be asked of a table.
fn help(view: &View<'_>) -> String {
    format!(
        "I can count rows, give totals, averages, extremes, shares, growth, trends and rankings, list rows, find duplicates and gaps, and draw charts, such as \
         \"total revenue by region\", \"top 5 customers by revenue\" or \"average price where country is Germany\"; {}",
        view.columns_said()
    )
}

/// True for growth from one period to the next, or the greatest of several, where the conditions leave but one.
fn is_within_a_period(query: &Query) -> bool {
    let months = query.keys.iter().find_map(|key| match key {
        Key::Time(_, Unit::Month) => Some(1),
        Key::Time(_, Unit::Quarter) => Some(3),
        Key::Time(_, Unit::Year) => Some(12),
        _ => None,
    });
    (query.task == Task::GrowthEach || query.rank.is_some() && matches!(query.task, Task::Figures))
        && query.filters.iter().any(|filter| {
            matches!(filter, Filter::During { range, not: false, .. }
            if range.whole_months().zip(months).is_some_and(|((_, _, count), months)| count <= months))
        })
}

/// True where the best is the least, or the most: of delays, or of what is sold.
fn is_best_unsaid(tokens: &[Token], query: &Query, view: &View<'_>) -> bool {
    const LESS: [&str; 18] = [
        "delay",
        "late",
        "cost",
        "error",
        "complaint",
        "defect",
        "time",
        "duration",
        "wait",
        "loss",
        "expense",
        "absence",
        "sick",
        "fault",
        "downtime",
        "scrap",
        "waste",
        "return",
    ];
    let less = |col: &Col| view.columns[*col].words.iter().any(|word| LESS.contains(&word.as_str()));
    tokens.iter().any(|token| token.is_any(&["best", "worst"]))
        && query.measures.iter().any(|measure| measure.of.columns().iter().any(less))
}

/// The sums of money of a table.
fn amounts(view: &View<'_>) -> Vec<Col> {
    let amount = |col: &Col| {
        view.is_measure(*col)
            && view.role(*col) == ColumnRole::Amount
            && view.columns[*col].table == view.base
    };
    (0..view.columns.len()).filter(amount).collect()
}

/// The figure of the one amount there is, or of the one that was chosen.
fn one_total(view: &View<'_>, agg: Agg, choices: &[Choice]) -> Option<Measure> {
    let amounts = amounts(view);
    let chosen = |col: &&Col| choices.contains(&Choice::Column(view.name(**col).to_owned()));
    let col = match (&amounts[..], amounts.iter().find(chosen)) {
        ([one], _) | (_, Some(one)) => *one,
        _ => return None,
    };
    Some(Measure::new(agg, Expr::Column(col)))
}

/// True for rows that were listed or counted: nothing says which of their figures counts.
fn has_no_figure(query: &Query) -> bool {
    match query.task {
        Task::Rows(_) => query.measures.is_empty(),
        Task::Figures => query.measures.iter().all(|measure| *measure == Measure::rows()),
        _ => false,
    }
}

/// "and the total?" of rows that were counted, where there are several figures: which may be meant.
fn figures_meant(tokens: &[Token], earlier: Earlier<'_>, choices: &[Choice], views: &[View<'_>]) -> Vec<Col> {
    let view = views.iter().find(|view| conversation::view_key(view) == earlier.memory.view);
    let Some(view) = view.filter(|_| has_no_figure(earlier.query)) else { return Vec::new() };
    match parse::read(tokens, view, choices) {
        Ok(partial)
            if partial.unknown.is_empty()
                && partial.measures.is_empty()
                && !partial.counts
                && partial.aggs == [Agg::Sum]
                && one_total(view, Agg::Sum, choices).is_none() =>
        {
            amounts(view)
        }
        _ => Vec::new(),
    }
}

/// A question of another table, of those rows only that the earlier question was about.
fn carried<'a, 'b>(
    tokens: &[Token],
    choices: &[Choice],
    memory: &Memory,
    earlier: &Query,
    views: &'a [View<'b>],
) -> Option<Reading<'a, 'b>> {
    let asked_of = conversation::view_of(memory, views)?;
    let joins = |view: &&View<'_>| view.joins.iter().any(|join| join.table == memory.view.0);
    let readings = views.iter().filter(joins).filter_map(|view| {
        let mut reading = read(tokens, choices, view).ok().filter(|reading| !reading.fragment)?;
        let same = |col: Col| {
            let (table, at) = (asked_of.columns[col].table, asked_of.columns[col].at);
            view.columns.iter().position(|column| (column.table, column.at) == (table, at))
        };
        for filter in &earlier.filters {
            let filter = filter.on(same)?;
            if !reading.query.filters.contains(&filter) {
                reading.query.filters.push(filter);
            }
        }
        reading.confidence = reading.confidence.min(90);
        Some(reading)
    });
    readings.max_by_key(|reading| (reading.confidence, std::cmp::Reverse(reading.view.joins.len())))
}

/// The earlier question as this one changes it; none if it brings nothing that fits.
fn continuation<'a, 'b>(
    tokens: &[Token],
    choices: &[Choice],
    memory: &Memory,
    earlier: &Query,
    views: &'a [View<'b>],
) -> Option<Reading<'a, 'b>> {
    let (base, joined) = &memory.view;
    // The columns of a table come first in what it is joined with.
    let fits = |view: &&View<'_>| view.base == *base && conversation::view_key(view).1.starts_with(joined);
    if let Some(((query, whole), view)) =
        before::question(earlier, tokens).and_then(|query| Some((query, views.iter().find(fits)?)))
    {
        let confidence = if whole { 95 } else { ASKED_BELOW - 1 };
        return Some(Reading { view, query, exact: 0, confidence, lost: Vec::new(), fragment: false });
    }
    if let Some((query, view)) =
        conversation::opposite(earlier, tokens).and_then(|query| Some((query, views.iter().find(fits)?)))
    {
        let lost = Vec::new();
        return Some(Reading { view, query, exact: 0, confidence: 95, lost, fragment: false });
    }
    views.iter().filter(fits).find_map(|view| {
        let mut partial = parse::read(tokens, view, choices).ok()?;
        if !partial.unknown.is_empty() || conversation::is_empty(&partial) {
            return None;
        }
        let confidence = partial.confidence.saturating_sub(5);
        let exact = partial.exact;
        // "what about all clients" takes a condition away: a column may be named for that alone.
        // "how much is that altogether" of rows that were listed: of which figure, if there are several?
        if has_no_figure(earlier)
            && partial.measures.is_empty()
            && !partial.counts
            && partial.aggs.iter().any(|agg| !matches!(agg, Agg::Count | Agg::Distinct | Agg::Mode))
        {
            partial.measures = vec![one_total(view, partial.aggs[0], choices)?];
        }
        let said = std::mem::take(&mut partial.said).without_columns();
        let moved = partial.year_earlier;
        conversation::keep_date(earlier, &mut partial, view);
        let mut query = conversation::merge(earlier, partial, tokens, view);
        conversation::keep_year(earlier, &mut query);
        // Of whom the rest is, only the answer before tells.
        let rest = tokens
            .iter()
            .any(|token| token.is_any(&["rest", "others", "remaining", "remainder", "together"]));
        // "sort by lowest" keeps them all.
        let sorts = tokens.iter().any(|token| token.is_any(&["sort", "sorted"]));
        let rest = rest || sorts && query.rank.is_some() && earlier.rank.is_none();
        // What changes nothing was not understood.
        if (Query { notes: earlier.notes.clone(), ..query.clone() }) == *earlier {
            return None;
        }
        let lost = said.lost(&query, view);
        // "and from which supplier?" after one row asks of that row, which is not looked back at.
        let of_row = matches!(earlier.task, Task::Rows(_))
            && earlier.rank.is_some_and(|rank| rank.count == 1)
            && query.keys != earlier.keys
            && query.measures == earlier.measures;
        // "how many were there?" after the 3 biggest is not of all.
        let of_row =
            of_row || matches!(earlier.task, Task::Rows(_)) && earlier.rank.is_some() && query.rank.is_none();
        // "how many litres?" after the last time is of that time.
        let of_row = of_row
            || matches!(earlier.task, Task::Rows(_))
                && earlier.rank.is_some_and(|rank| rank.count == 1)
                && query.measures != earlier.measures;
        // "and who had them?" may be more than one column.
        let of_row = of_row || query.keys != earlier.keys && tokens.iter().any(|token| token.is("who"));
        let confidence = if of_row || rest { confidence.min(ASKED_BELOW - 1) } else { confidence };
        let confidence =
            if is_best_unsaid(tokens, &query, view) { confidence.min(ASKED_BELOW - 1) } else { confidence };
        // Nothing is ranked where there is but one figure.
        let ranked = query.rank.is_none() || !query.keys.is_empty() || matches!(query.task, Task::Rows(_));
        let dated = !moved || query.filters.iter().any(|filter| matches!(filter, Filter::During { .. }));
        let told = !is_within_a_period(&query);
        let is_whole = told && lost.is_empty() && !query.lacks_figure() && ranked && dated;
        is_whole.then_some(Reading { view, query, exact, confidence, lost, fragment: false })
    })
}
