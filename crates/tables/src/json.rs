//! Profiles JSON: a list of records, a record of lists, either of them one level down, or a record on each line.
//!
//! No document is ever held as values: what stands in it is passed over twice, once for the names of the fields
//! and once for the cells.

use std::{borrow::Cow, collections::HashMap, fmt};

use ringfence_job::table::{JsonShape, TableFormat, TableProfile};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    TableError,
    cell::{Cell, cut},
    limits::{COLUMNS_MAX, HEADER_BYTES_MAX, HELD_CELLS_MAX, JSON_DEPTH_MAX},
    table::{Builder, Hints, Notes},
};

/// Profiles the table in `text`. `lines` is true if the file's name says that each line is a document.
///
/// # Errors
/// The text is damaged, or holds no table.
pub(crate) fn profile(name: &str, text: &str, lines: bool) -> Result<TableProfile, TableError> {
    let text = text.trim_start_matches('\u{feff}');
    too_deep(text)?;
    let first = documents(text).next().ok_or(TableError::NoHeader)?.map_err(damaged)?;
    let several = documents(text).nth(1).is_some();
    if (several || lines) && first.get().starts_with('{') {
        let records = Records::Lines(text);
        return records.profile(name, TableFormat::Jsonl, None);
    }
    if several {
        return Err(no_table("there is more than one document in it, but no record on each line"));
    }
    if first.get().starts_with('[') {
        return Records::List(first).profile(
            name,
            TableFormat::Json,
            Some(JsonShape { under: None, columns: false }),
        );
    }
    if !first.get().starts_with('{') {
        return Err(no_table("it is a single value"));
    }
    let Fields(fields) = fields_of(first)?;
    let lists: Vec<_> = fields.iter().filter(|(_, value)| value.get().starts_with('[')).collect();
    if !fields.is_empty() && lists.len() == fields.len() && lists.iter().all(|(_, list)| !holds_records(list))
    {
        return columns(name, fields, None);
    }
    let tables: Vec<_> = lists.iter().filter(|(_, list)| holds_records(list)).collect();
    match tables[..] {
        [(under, list)] => {
            let shape = JsonShape { under: Some(named(under)?), columns: false };
            Records::List(list).profile(name, TableFormat::Json, Some(shape))
        }
        [] => match fields.as_slice() {
            [(under, inner)] if inner.get().starts_with('{') => {
                let Fields(fields) = fields_of(inner)?;
                let all_lists = fields.iter().all(|(_, value)| value.get().starts_with('['));
                match all_lists && !fields.is_empty() {
                    true => columns(name, fields, Some(named(under)?)),
                    false => Err(no_table("it is a record of records; send a list of records")),
                }
            }
            _ => Err(no_table("it is a single record; send a list of records")),
        },
        _ => {
            let names: Vec<_> =
                tables.iter().take(5).map(|(name, _)| format!("{:?}", cut(name, 40))).collect();
            Err(no_table(&format!(
                "it holds several lists of records ({}); send one of them",
                names.join(", ")
            )))
        }
    }
}

fn named(name: &str) -> Result<String, TableError> {
    match name.len() <= HEADER_BYTES_MAX {
        true => Ok(name.to_owned()),
        false => Err(no_table("its list has too long a name")),
    }
}

fn no_table(why: &str) -> TableError {
    TableError::NoTableInJson(why.to_owned())
}

fn damaged(error: impl fmt::Display) -> TableError {
    TableError::damaged(TableFormat::Json, error)
}

/// The parser is not recursive where it passes values over, but whoever reads the file after us may be.
fn too_deep(text: &str) -> Result<(), TableError> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return Err(no_table(&format!("it is nested more than {JSON_DEPTH_MAX} deep")));
        }
    }
    Ok(())
}

fn documents(text: &str) -> impl Iterator<Item = serde_json::Result<&RawValue>> {
    serde_json::Deserializer::from_str(text).into_iter::<&RawValue>()
}

fn holds_records(list: &RawValue) -> bool {
    list.get().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'))
}

/// The fields of a record as they are written, in their order.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Take;
        impl<'de> Visitor<'de> for Take {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    fields.push((name, map.next_value()?));
                    if fields.len() > 2 * COLUMNS_MAX {
                        return Err(serde::de::Error::custom("a record has too many fields"));
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Take)
    }
}

fn fields_of(record: &RawValue) -> Result<Fields<'_>, TableError> {
    serde_json::from_str(record.get()).map_err(damaged)
}

/// Hands each element of a list to `take`.
fn each<'a>(
    list: &'a RawValue,
    mut take: impl FnMut(&'a RawValue) -> Result<(), TableError>,
) -> Result<(), TableError> {
    struct Elements<'t, 'a>(
        &'t mut dyn FnMut(&'a RawValue) -> Result<(), TableError>,
        &'t mut Option<TableError>,
    );
    impl<'de> Visitor<'de> for Elements<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element::<&'de RawValue>()? {
                if let Err(error) = (self.0)(element) {
                    *self.1 = Some(error);
                    return Err(serde::de::Error::custom("stopped"));
                }
            }
            Ok(())
        }
    }
    let mut stopped = None;
    let read =
        serde_json::Deserializer::from_str(list.get()).deserialize_seq(Elements(&mut take, &mut stopped));
    match stopped {
        Some(error) => Err(error),
        None => read.map_err(damaged),
    }
}

/// Where records come from.
enum Records<'a> {
    List(&'a RawValue),
    Lines(&'a str),
}

impl<'a> Records<'a> {
    fn each(&self, mut take: impl FnMut(Fields<'a>) -> Result<(), TableError>) -> Result<(), TableError> {
        let mut record = |value: &'a RawValue| match value.get().starts_with('{') {
            true => take(fields_of(value)?),
            false => Err(no_table("its list holds something that is no record")),
        };
        match self {
            Records::List(list) => each(list, record),
            // A program takes a document from each line, so they have to be there.
            Records::Lines(text) => text
                .split('\n')
                .filter(|line| !line.trim().is_empty())
                .try_for_each(|line| record(serde_json::from_str(line).map_err(damaged)?)),
        }
    }

    fn profile(
        &self,
        name: &str,
        format: TableFormat,
        json: Option<JsonShape>,
    ) -> Result<TableProfile, TableError> {
        let mut names = Names::default();
        self.each(|record| flat(record, &mut |field, _| names.add(field)))?;
        let mut builder = names.builder()?;
        let mut number = 0;
        let mut row: Vec<Cell<'_>> = vec![Cell::Empty; names.places.len()];
        self.each(|record| {
            row.iter_mut().for_each(|cell| *cell = Cell::Empty);
            flat(record, &mut |field, value| {
                if let Some(place) = names.places.get(field) {
                    row[*place] = cell_of(value)?;
                }
                Ok(())
            })?;
            number += 1;
            builder.row(number, &row)
        })?;
        profile_of(name, format, json, builder, names.left_away)
    }
}

/// Hands on the fields of a record, and those of records in it as `outer.inner`.
fn flat<'a>(
    Fields(fields): Fields<'a>,
    take: &mut dyn FnMut(&str, &'a RawValue) -> Result<(), TableError>,
) -> Result<(), TableError> {
    for (name, value) in fields {
        if !value.get().starts_with('{') {
            take(&name, value)?;
            continue;
        }
        let Fields(inner) = fields_of(value)?;
        for (field, value) in inner {
            take(&format!("{name}.{field}"), value)?;
        }
    }
    Ok(())
}

/// Names of fields in the order in which they first come.
#[derive(Default)]
struct Names {
    places: HashMap<String, usize>,
    /// Fields that no column can be called after.
    left_away: bool,
}

impl Names {
    fn add(&mut self, name: &str) -> Result<(), TableError> {
        if self.places.contains_key(name) {
            return Ok(());
        }
        if name.trim().is_empty() || name.len() > HEADER_BYTES_MAX {
            self.left_away = true;
            return Ok(());
        }
        if self.places.len() == COLUMNS_MAX {
            return Err(TableError::TooManyColumns);
        }
        self.places.insert(name.to_owned(), self.places.len());
        Ok(())
    }

    /// A builder that has the names as its header.
    fn builder(&self) -> Result<Builder, TableError> {
        let mut header: Vec<Cell<'_>> = vec![Cell::Empty; self.places.len()];
        self.places.iter().for_each(|(name, place)| header[*place] = Cell::text(name));
        let mut builder = Builder::new(Hints { plain: true, ..Hints::default() }, Vec::new());
        builder.row(0, &header)?;
        Ok(builder)
    }
}

/// A table that is written column by column.
fn columns(
    name: &str,
    fields: Vec<(Cow<'_, str>, &RawValue)>,
    under: Option<String>,
) -> Result<TableProfile, TableError> {
    let mut names = Names::default();
    fields.iter().try_for_each(|(field, _)| names.add(field))?;
    let mut lists: Vec<Vec<&RawValue>> = vec![Vec::new(); names.places.len()];
    let mut held = 0_u64;
    for (field, list) in &fields {
        let Some(place) = names.places.get(field.as_ref()) else { continue };
        lists[*place].clear();
        each(list, |value| {
            held += 1;
            if held > HELD_CELLS_MAX {
                return Err(no_table("its columns are too long; send it as CSV or as a list of records"));
            }
            lists[*place].push(value);
            Ok(())
        })?;
    }
    let mut builder = names.builder()?;
    let rows = lists.iter().map(Vec::len).max().unwrap_or_default();
    for row in 0..rows {
        let cells: Result<Vec<Cell<'_>>, TableError> =
            lists.iter().map(|list| list.get(row).map_or(Ok(Cell::Empty), |value| cell_of(value))).collect();
        builder.row(row as u64 + 1, &cells?)?;
    }
    let shape = JsonShape { under, columns: true };
    profile_of(name, TableFormat::Json, Some(shape), builder, names.left_away)
}

fn cell_of(value: &RawValue) -> Result<Cell<'_>, TableError> {
    /// Whole numbers of more digits are names: a double does not hold them.
    const DIGITS_MAX: usize = 15;
    let text = value.get();
    Ok(match text.as_bytes().first() {
        Some(b'n') => Cell::Empty,
        Some(b't') => Cell::Boolean(true),
        Some(b'f') => Cell::Boolean(false),
        Some(b'"') => Cell::Text(serde_json::from_str::<Cow<'_, str>>(text).map_err(damaged)?),
        Some(b'[' | b'{') => Cell::text(text),
        _ if text.len() > DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
            Cell::text(text)
        }
        _ => text
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .map_or_else(|| Cell::text(text), Cell::Number),
    })
}

fn profile_of(
    name: &str,
    format: TableFormat,
    json: Option<JsonShape>,
    builder: Builder,
    left_away: bool,
) -> Result<TableProfile, TableError> {
    let mut notes = Notes::default();
    if left_away {
        notes.add(format!(
            "Fields without a name, or with one of more than {HEADER_BYTES_MAX} bytes, are not read."
        ));
    }
    Ok(TableProfile { json, ..builder.finish()?.into_profile(name, format, notes) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ringfence_job::table::ColumnKind::{Boolean, Date, Integer, Number, Text};

    use super::*;

    fn read(text: &str) -> Result<TableProfile, TableError> {
        profile("t.json", text, false)
    }

    #[test]
    fn records_are_read_wherever_they_stand() {
        let records = r#"[{"name": "Ann", "paid": true, "amount": 1.5, "day": "2024-01-31", "at": {"city": "Rome", "zip": 5}},
            {"name": null, "amount": 2, "tags": ["a", {"b": 1}], "at": {"city": "Bonn"}}]"#;
        for (text, under) in [
            (records.to_owned(), None),
            (format!("\u{feff} {{\"count\": 2, \"data\": {records}}}"), Some("data")),
        ] {
            let table = read(&text).unwrap();
            assert_eq!(table.json.as_ref().and_then(|shape| shape.under.as_deref()), under);
            let columns: Vec<_> =
                table.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
            assert_eq!(
                columns,
                [
                    ("name", Text),
                    ("paid", Boolean),
                    ("amount", Number),
                    ("day", Date),
                    ("at.city", Text),
                    ("at.zip", Integer),
                    ("tags", Text),
                ]
            );
            assert_eq!((table.rows, table.columns[2].sum, table.columns[0].empty), (2, Some(3.5), 1));
        }
    }

    #[test]
    fn lines_and_columns_are_tables_too() {
        let table = read("{\"a\": 1}\n\n{\"a\": 2, \"b\": \"x\"}\r\n").unwrap();
        assert_eq!((table.format, table.rows, table.columns.len()), (TableFormat::Jsonl, 2, 2));
        assert_eq!(profile("t.jsonl", "{\"a\": 1}", true).unwrap().format, TableFormat::Jsonl);
        let table = read(r#"{"a": [1, 2, 3], "b": ["x", null]}"#).unwrap();
        assert_eq!((table.json.unwrap().columns, table.rows, table.columns[1].empty), (true, 3, 2));
    }

    #[test]
    fn what_is_no_table_is_said() {
        for (text, says) in [
            ("5", "single value"),
            ("[1, 2]", "no record"),
            ("{\"a\": 1}", "single record"),
            ("{\"a\": [{}], \"b\": [{}]}", "several lists"),
            ("[{\"a\": 1}, 3]", "no record"),
            ("[{\"a\": 1}", "damaged"),
            ("{\"a\": 1} {\"a\": 2}", "damaged"),
            ("[] []", "more than one document"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&deep).unwrap_err().to_string().contains("nested"));
        assert!(matches!(read("[]"), Err(TableError::NoHeader)));
        let wide: Vec<String> = (0..=COLUMNS_MAX).map(|at| format!("\"c{at}\": 1")).collect();
        assert!(matches!(read(&format!("[{{{}}}]", wide.join(","))), Err(TableError::TooManyColumns)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}:,\" a1.e\\\\n-]{0,60}") {
            let _ = read(&text);
        }
    }
}
