//! Profiles Parquet.

use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical},
    data_type::Decimal,
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
    schema::types::Type,
};
use ringfence_job::table::{TableFormat, TableProfile};

use crate::{
    TableError,
    cell::Cell,
    date::Moment,
    limits::{COLUMNS_MAX, HEADER_BYTES_MAX, UNPACKED_BYTES_MAX},
    table::{Builder, Hints, Notes},
};

/// What pandas calls the columns that hold row numbers.
const INDEX: &str = "__index_level_";

/// Profiles the table in `bytes`.
///
/// # Errors
/// The file is damaged, or holds more than may be unpacked.
pub(crate) fn profile(name: &str, bytes: Vec<u8>) -> Result<TableProfile, TableError> {
    TableError::catch(TableFormat::Parquet, || read(name, bytes))
}

fn damaged(reason: impl std::fmt::Display) -> TableError {
    TableError::damaged(TableFormat::Parquet, reason)
}

fn read(name: &str, bytes: Vec<u8>) -> Result<TableProfile, TableError> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(damaged)?;
    let metadata = reader.metadata();
    let unpacked =
        metadata.row_groups().iter().map(|group| u64::try_from(group.total_byte_size()).unwrap_or(u64::MAX));
    if unpacked.fold(0, u64::saturating_add) > UNPACKED_BYTES_MAX {
        return Err(TableError::Bomb { what: "too many bytes" });
    }
    let root = metadata.file_metadata().schema();
    let mut notes = Notes::default();
    let (mut kept, mut nanoseconds) = (Vec::new(), Vec::new());
    for field in root.get_fields() {
        if field.name().starts_with(INDEX) {
            continue;
        }
        let repeated = field.get_basic_info().has_repetition()
            && field.get_basic_info().repetition() == parquet::basic::Repetition::REPEATED;
        if !field.is_primitive()
            || repeated
            || field.name().len() > HEADER_BYTES_MAX
            || field.name().trim().is_empty()
        {
            notes.add("Columns that hold lists or records, or that have no usable name, are not read.");
            continue;
        }
        nanoseconds.push(is_nanoseconds(field));
        kept.push(field.clone());
    }
    if kept.is_empty() {
        return Err(TableError::NoHeader);
    }
    if kept.len() > COLUMNS_MAX {
        return Err(TableError::TooManyColumns);
    }
    let names: Vec<String> = kept.iter().map(|field| field.name().to_owned()).collect();
    let mut different = std::collections::HashSet::new();
    if !names.iter().all(|name| different.insert(name)) {
        return Err(damaged("two columns have the same name"));
    }
    let header: Vec<Cell<'_>> = names.iter().map(|name| Cell::text(name)).collect();
    let mut builder = Builder::new(Hints { plain: true, ..Hints::default() }, Vec::new());
    builder.row(0, &header)?;
    let projection = Type::group_type_builder(root.name()).with_fields(kept).build().map_err(damaged)?;
    for (number, row) in (1..).zip(reader.get_row_iter(Some(projection)).map_err(damaged)?) {
        let row = row.map_err(damaged)?;
        let fields = row.get_column_iter().zip(&nanoseconds);
        let cells: Vec<Cell<'_>> =
            fields.map(|((_, field), nanoseconds)| cell_of(field, *nanoseconds)).collect();
        builder.row(number, &cells)?;
    }
    Ok(builder.finish()?.into_profile(name, TableFormat::Parquet, notes))
}

/// True for moments in nanoseconds, which the reader gives as plain numbers.
fn is_nanoseconds(field: &Type) -> bool {
    let info = field.get_basic_info();
    let plain = info.converted_type() == ConvertedType::NONE && field.get_physical_type() == Physical::INT64;
    plain
        && matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(stamp)) if matches!(stamp.unit, TimeUnit::NANOS))
}

fn cell_of(field: &Field, nanoseconds: bool) -> Cell<'_> {
    #[allow(clippy::cast_precision_loss)]
    match field {
        Field::Null => Cell::Empty,
        Field::Bool(value) => Cell::Boolean(*value),
        Field::Byte(value) => Cell::Number((*value).into()),
        Field::Short(value) => Cell::Number((*value).into()),
        Field::Int(value) => Cell::Number((*value).into()),
        Field::Long(value) if nanoseconds => moment(value.div_euclid(1_000_000_000)),
        Field::Long(value) => whole(*value as f64, value),
        Field::UByte(value) => Cell::Number((*value).into()),
        Field::UShort(value) => Cell::Number((*value).into()),
        Field::UInt(value) => Cell::Number((*value).into()),
        Field::ULong(value) => whole(*value as f64, value),
        Field::Float16(value) => number(value.to_f64()),
        // As text it is the number that was meant, not the one that is nearest to it.
        Field::Float(value) => number(f64::from(*value)),
        Field::Double(value) => number(*value),
        Field::Decimal(value) => decimal(value),
        Field::Str(text) => Cell::text(text),
        Field::Bytes(bytes) => Cell::Text(String::from_utf8_lossy(bytes.data()).into_owned().into()),
        Field::Date(days) => moment(i64::from(*days) * 86_400),
        Field::TimestampMillis(value) => moment(value.div_euclid(1_000)),
        Field::TimestampMicros(value) => moment(value.div_euclid(1_000_000)),
        other => Cell::Text(other.to_string().into()),
    }
}

/// Numbers that a double does not hold are names.
fn whole(value: f64, exact: &impl ToString) -> Cell<'static> {
    const EXACT_MAX: f64 = 1e15;
    if value.abs() < EXACT_MAX { Cell::Number(value) } else { Cell::Text(exact.to_string().into()) }
}

fn number(value: f64) -> Cell<'static> {
    if value.is_finite() { Cell::Number(value) } else { Cell::Empty }
}

/// Decimals of up to 16 bytes.
fn decimal(value: &Decimal) -> Cell<'static> {
    let bytes = value.data();
    if bytes.len() > size_of::<i128>() {
        return Cell::Empty;
    }
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut filled = [if negative { 0xff } else { 0 }; size_of::<i128>()];
    let start = filled.len() - bytes.len();
    filled[start..].copy_from_slice(bytes);
    #[allow(clippy::cast_precision_loss)]
    number(i128::from_be_bytes(filled) as f64 / 10_f64.powi(value.scale()))
}

/// The moment so many seconds after the beginning of 1970.
fn moment(seconds: i64) -> Cell<'static> {
    const DAY: i64 = 86_400;
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let small = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    let date = civil(days);
    let moment = Moment::new(date, (small(second / 3600), small(second / 60 % 60), small(second % 60)));
    moment.map_or_else(|| Cell::Text(seconds.to_string().into()), Cell::Moment)
}

/// Year, month and day so many days after the beginning of 1970, in eras of 400 years that begin in March.
fn civil(days: i64) -> (u32, u32, u32) {
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let small = |value: i64| u32::try_from(value).unwrap_or(0);
    let year = year + era * 400 + i64::from(month >= 10);
    (
        small(year),
        small(if month < 10 { month + 3 } else { month - 9 }),
        small(day - (153 * month + 2) / 5 + 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (19_782, (2024, 2, 29)),
            (19_783, (2024, 3, 1)),
            (2_932_896, (9999, 12, 31)),
            (-719_468, (0, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
        let Cell::Moment(moment) = moment(-1) else { panic!() };
        assert_eq!(moment.with_time('T'), "1969-12-31T23:59:59");
    }

    #[test]
    fn damaged_files_are_refused_in_words() {
        for bytes in [&b"PAR1"[..], b"PAR1PAR1", b"PAR1\x00\x00\x00\x00\xff\xff\xff\x7fPAR1"] {
            let error = profile("t.parquet", bytes.to_vec()).unwrap_err();
            assert!(matches!(error, TableError::Damaged { .. }), "{error}");
        }
    }
}
