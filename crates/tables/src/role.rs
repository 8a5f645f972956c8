//! Guesses what a column means from its name and its values: its role and its unit.

use ringfence_job::table::{ColumnKind, ColumnProfile, ColumnRole};

use crate::{column::Column, number::MARKS};

/// Words of names, by what such columns mean. The last word of a name says most: `unit price` is a price.
const RATES: [&str; 40] = [
    "price",
    "rate",
    "percent",
    "percentage",
    "pct",
    "share",
    "ratio",
    "margin",
    "average",
    "avg",
    "mean",
    "score",
    "rating",
    "discount",
    "tax",
    "yield",
    "temperature",
    "temp",
    "humidity",
    "pressure",
    "mark",
    "marks",
    "gpa",
    "bmi",
    "age",
    "index",
    "grade",
    "speed",
    "preis",
    "einzelpreis",
    "stückpreis",
    "satz",
    "quote",
    "anteil",
    "rabatt",
    "marge",
    "prozent",
    "%",
    "growth",
    "probability",
];
/// Of these, the ones that are sums of money where they are no percents.
const RATES_OR_AMOUNTS: [&str; 5] = ["tax", "discount", "margin", "rabatt", "marge"];
const KEYS: [&str; 23] = [
    "id",
    "no",
    "nr",
    "number",
    "code",
    "key",
    "sku",
    "ean",
    "isbn",
    "iban",
    "zip",
    "postcode",
    "plz",
    "phone",
    "uuid",
    "nummer",
    "kennung",
    "ref",
    "reference",
    "invoice",
    "serial",
    "account",
    "barcode",
];
const AMOUNTS: [&str; 42] = [
    "debit",
    "credit",
    "premium",
    "wage",
    "wages",
    "pay",
    "earnings",
    "takings",
    "withdrawal",
    "amount",
    "revenue",
    "sales",
    "cost",
    "costs",
    "total",
    "turnover",
    "profit",
    "income",
    "expense",
    "expenses",
    "value",
    "salary",
    "budget",
    "balance",
    "payment",
    "fee",
    "spend",
    "betrag",
    "umsatz",
    "kosten",
    "gewinn",
    "summe",
    "gehalt",
    "erlös",
    "montant",
    "importe",
    "wert",
    "net",
    "rent",
    "deposit",
    "donation",
    "miete",
];
const TOTAL: [&str; 4] = ["total", "sum", "gesamt", "summe"];
const QUANTITIES: [&str; 23] = [
    "quantity", "qty", "units", "count", "pieces", "pcs", "hours", "hrs", "days", "stock", "items", "orders",
    "visits", "menge", "anzahl", "stück", "stunden", "weight", "volume", "distance", "bestand", "duration",
    "minutes",
];
const NAMES: [&str; 17] = [
    "name",
    "customer",
    "client",
    "employee",
    "person",
    "company",
    "supplier",
    "vendor",
    "product",
    "title",
    "kunde",
    "firma",
    "mitarbeiter",
    "produkt",
    "artikel",
    "lieferant",
    "contact",
];
const DATES: [&str; 20] = [
    "date",
    "day",
    "time",
    "datum",
    "tag",
    "timestamp",
    "created",
    "updated",
    "due",
    "start",
    "end",
    "from",
    "until",
    "von",
    "bis",
    "fecha",
    "month",
    "monat",
    "period",
    "birthday",
];

/// Units that stand in names, as people write them and as they are reported.
const MEASURES: [(&str, &str); 30] = [
    ("kg", "kg"),
    ("g", "g"),
    ("km", "km"),
    ("m", "m"),
    ("cm", "cm"),
    ("mm", "mm"),
    ("ml", "ml"),
    ("lb", "lb"),
    ("lbs", "lb"),
    ("oz", "oz"),
    ("mi", "mi"),
    ("miles", "mi"),
    ("t", "t"),
    ("l", "l"),
    ("h", "h"),
    ("hrs", "h"),
    ("hours", "h"),
    ("std", "h"),
    ("stunden", "h"),
    ("min", "min"),
    ("minutes", "min"),
    ("days", "days"),
    ("tage", "days"),
    ("pcs", "pcs"),
    ("stk", "pcs"),
    ("kwh", "kWh"),
    ("mwh", "MWh"),
    ("percent", "%"),
    ("pct", "%"),
    ("%", "%"),
];

/// Fewest whole numbers without a gap that can be no chance.
const NUMBERED_MIN: u64 = 8;

/// Words, in the singular, of what is told apart by numbers: `store` 12 is no quantity, as `stores` may be.
const NUMBERED: [&str; 45] = [
    "order",
    "item",
    "article",
    "user",
    "member",
    "project",
    "ticket",
    "driver",
    "table",
    "priority",
    "severity",
    "tier",
    "agent",
    "store",
    "branch",
    "shop",
    "department",
    "dept",
    "room",
    "class",
    "group",
    "type",
    "category",
    "machine",
    "device",
    "sensor",
    "station",
    "zone",
    "route",
    "line",
    "vehicle",
    "team",
    "cluster",
    "segment",
    "flight",
    "trip",
    "bus",
    "tour",
    "locker",
    "seat",
    "plot",
    "lot",
    "filiale",
    "maschine",
    "gruppe",
];

/// Most characters of a text that names something, on average.
const NAME_LETTERS_MAX: u64 = 40;

/// Most different values of a category.
const CATEGORY_DISTINCT_MAX: u64 = 200;

/// The words of a name in lower case: `unitPrice`, `unit_price` and `Unit Price (€)` alike.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut fresh, mut lower) = (true, false);
    for char in name.chars() {
        if char == '%' {
            words.push("%".to_owned());
        }
        if !char.is_alphanumeric() {
            (fresh, lower) = (true, false);
            continue;
        }
        if fresh || (lower && char.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
        (fresh, lower) = (false, char.is_lowercase());
    }
    words
}

/// True if a name lets one expect dates.
pub(crate) fn is_date_name(name: &str) -> bool {
    words(name).iter().any(|word| DATES.contains(&word.as_str()))
}

/// True if a name lets one expect what tells things apart: numbers of rooms, codes, names.
pub(crate) fn is_key_name(name: &str) -> bool {
    let words = words(name);
    let is = |known: &[&str]| words.last().is_some_and(|word| known.contains(&word.as_str()));
    is(&KEYS) || is(&NUMBERED) || is(&NAMES)
}

/// True if a column is called by a month: `Mar`, `March 2025`.
pub(crate) fn is_month_name(name: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words = words(name);
    let month =
        |word: &String| word.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(word.as_str()));
    words.len() <= 2
        && words.iter().any(month)
        && words.iter().all(|word| month(word) || word.parse::<u32>().is_ok())
}

/// Fills in what the column is likely to mean, and its unit if its marks did not tell.
pub(crate) fn guess(profile: &mut ColumnProfile, column: &Column) {
    let words = words(&profile.name);
    if matches!(profile.kind, ColumnKind::Integer | ColumnKind::Number) && profile.unit.is_none() {
        profile.unit = unit_of(&profile.name, &words);
    }
    profile.role = role(profile, column, &words);
}

/// True for numbers that cannot be percents: in a currency, or above a hundred.
fn is_money(profile: &ColumnProfile) -> bool {
    match profile.unit.as_deref() {
        Some(unit) => unit != "%" && unit != "fraction",
        None => profile.max.is_some_and(|max| max > 100.0),
    }
}

fn role(profile: &ColumnProfile, column: &Column, words: &[String]) -> ColumnRole {
    // The last word that says anything says most: `order id`, `unit price (eur)`. What is called a total is one.
    let sum_of_prices = words.iter().any(|word| TOTAL.contains(&word.as_str()))
        && words.iter().any(|word| ["price", "prices", "preis"].contains(&word.as_str()));
    let told = words.iter().rev().find_map(|word| {
        let is = |known: &[&str]| known.contains(&word.as_str());
        match () {
            () if is(&KEYS) => Some(ColumnRole::Key),
            () if is(&RATES_OR_AMOUNTS) && is_money(profile) => Some(ColumnRole::Amount),
            () if is(&RATES) => Some(ColumnRole::Rate),
            () if is(&AMOUNTS) && profile.unit.as_deref() != Some("%") => Some(ColumnRole::Amount),
            () if is(&QUANTITIES) => Some(ColumnRole::Quantity),
            () if is(&NAMES) => Some(ColumnRole::Name),
            () if is(&DATES) => Some(ColumnRole::Date),
            () => None,
        }
    });
    let told = if sum_of_prices { Some(ColumnRole::Amount) } else { told };
    let values = column.values();
    let unique =
        values > 1 && profile.empty == 0 && (profile.distinct == values || column.has_many_distinct());
    match profile.kind {
        ColumnKind::Date => ColumnRole::Date,
        ColumnKind::Boolean => ColumnRole::Flag,
        ColumnKind::Empty => ColumnRole::Text,
        ColumnKind::Integer | ColumnKind::Number => match told {
            Some(ColumnRole::Key) if profile.kind == ColumnKind::Integer => ColumnRole::Key,
            Some(role @ (ColumnRole::Rate | ColumnRole::Amount | ColumnRole::Quantity)) => role,
            _ if profile.unit.as_deref() == Some("%") => ColumnRole::Rate,
            _ if is_period(profile, words) => ColumnRole::Category,
            _ if is_number_of_a_thing(profile, told, words) || told.is_none() && numbers_groups(profile) => {
                match profile.distinct * 2 <= values {
                    true => ColumnRole::Category,
                    false => ColumnRole::Key,
                }
            }
            _ if profile.unit.is_some() || profile.kind == ColumnKind::Number => ColumnRole::Amount,
            _ if unique && counts_up(profile, values) => ColumnRole::Key,
            _ => ColumnRole::Quantity,
        },
        ColumnKind::Text => match told {
            Some(ColumnRole::Key) => ColumnRole::Key,
            _ if profile.distinct <= CATEGORY_DISTINCT_MAX && profile.distinct * 2 <= values => {
                ColumnRole::Category
            }
            Some(ColumnRole::Name) => ColumnRole::Name,
            _ if column.letters_mean() > NAME_LETTERS_MAX => ColumnRole::Text,
            _ if profile.distinct <= CATEGORY_DISTINCT_MAX && !unique => ColumnRole::Category,
            _ => ColumnRole::Name,
        },
    }
}

/// True for whole numbers by which customers, stores or rooms are told apart.
fn is_number_of_a_thing(profile: &ColumnProfile, told: Option<ColumnRole>, words: &[String]) -> bool {
    let named =
        told == Some(ColumnRole::Name) || words.last().is_some_and(|word| NUMBERED.contains(&word.as_str()));
    profile.kind == ColumnKind::Integer && profile.unit.is_none() && named
}

/// True for years, months and quarters: numbers to group by.
fn is_period(profile: &ColumnProfile, words: &[String]) -> bool {
    let called = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    let within = |low: f64, high: f64| {
        profile.min.is_some_and(|min| min >= low) && profile.max.is_some_and(|max| max <= high)
    };
    profile.kind == ColumnKind::Integer
        && ((called(&["year", "jahr", "fy"]) && within(1500.0, 2200.0))
            || (called(&["opened", "founded", "built", "established", "born", "since"])
                && within(1500.0, 2200.0))
            || (called(&["month", "monat"]) && within(1.0, 12.0))
            || (called(&["quarter", "quartal"]) && within(1.0, 4.0))
            || (called(&["week", "kw", "woche"]) && within(1.0, 53.0)))
}

/// True for whole numbers that number the rows. A few that happen to follow each other are figures, unless they
/// stand where row numbers do.
fn counts_up(profile: &ColumnProfile, values: u64) -> bool {
    #[allow(clippy::cast_precision_loss)]
    let span = (values - 1) as f64;
    let Some((min, max)) = profile.min.zip(profile.max) else { return false };
    let leads = profile.position == 0 && min <= 1.0;
    max - min == span && (leads || values >= NUMBERED_MIN)
}

/// True for whole numbers from one on, none left out, that stand where row numbers do, each in several rows: the
/// persons of a panel.
fn numbers_groups(profile: &ColumnProfile) -> bool {
    #[allow(clippy::cast_precision_loss)]
    let every = |low: f64, high: f64| high - low + 1.0 == profile.distinct as f64;
    profile.kind == ColumnKind::Integer
        && profile.unit.is_none()
        && profile.position == 0
        && profile.distinct >= NUMBERED_MIN
        && profile.min.zip(profile.max).is_some_and(|(min, max)| min == 1.0 && every(min, max))
}

/// A currency or a measure in the name, best in brackets: `Amount (EUR)`, `Weight [kg]`, `Umsatz in €`.
fn unit_of(name: &str, words: &[String]) -> Option<String> {
    let currency = |text: &str| {
        let known = MARKS.iter().find(|mark| **mark == text)?;
        let letters = known.chars().all(|char| char.is_ascii_uppercase()) && known.len() == 3;
        let sign = known.chars().any(|char| "$€£¥₹₽₩₺₪₫₴₦฿".contains(char));
        (letters || sign).then(|| (*known).to_owned())
    };
    let pieces = name.split(|char: char| char.is_whitespace() || "()[]{}/,;:_-".contains(char));
    if let Some(found) = pieces.filter(|piece| !piece.is_empty()).find_map(currency) {
        return Some(found);
    }
    let bracketed =
        name.rsplit_once(['(', '[']).map(|(_, rest)| rest.trim_end_matches([')', ']']).trim().to_lowercase());
    let measure = |word: &str| {
        MEASURES.iter().find(|(written, _)| *written == word).map(|(_, unit)| (*unit).to_owned())
    };
    bracketed
        .and_then(|text| measure(&text))
        // One letter may be anything unless it stands in brackets.
        .or_else(|| {
            words.iter().rev().filter(|word| word.len() > 1 || *word == "%").find_map(|word| measure(word))
        })
}
