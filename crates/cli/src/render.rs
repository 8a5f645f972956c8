//! Results as text in a terminal: tables with aligned columns, charts of blocks and braille.
//!
//! What a program showed has no controls any more, see `ringfence_pipeline::results`.

use ringfence_pipeline::results::{ChartKind, ResultColumn, ResultKind, ResultValues, RunResult};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Rows of a table that are printed.
const ROWS_PRINTED_MAX: usize = 60;
/// Widest cell, in columns of the terminal.
const CELL_WIDTH_MAX: usize = 48;
/// Bars of a chart that are printed.
const BARS_PRINTED_MAX: usize = 40;
/// Widest name beside a bar.
const NAME_WIDTH_MAX: usize = 28;
/// Size of what is drawn with points, in characters.
const CANVAS_WIDTH: usize = 60;
const CANVAS_HEIGHT: usize = 14;
/// Widest bar, in characters.
const BAR_WIDTH: usize = 40;
/// Whole numbers from here on have separators: years have none.
const SEPARATED_FROM: u64 = 10_000;

/// Parts of a character's width, an eighth each.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Dots of a braille character, by row and column.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// Colours of series in a terminal.
const COLORS: [u8; 6] = [34, 33, 32, 31, 35, 36];

/// A result in lines of text; nothing for what is no text. `color` tells series apart.
pub(crate) fn result(result: &RunResult, color: bool) -> String {
    match result {
        RunResult::Number { value, label, unit } => {
            let value =
                value.as_ref().map_or_else(|| "no value".to_owned(), |value| number(value, unit.as_deref()));
            labelled(label.as_deref(), &value)
        }
        RunResult::Text { value, label } | RunResult::Date { value, label } => {
            labelled(label.as_deref(), value.as_deref().unwrap_or("no value"))
        }
        RunResult::Boolean { value, label } => labelled(label.as_deref(), if *value { "yes" } else { "no" }),
        RunResult::Table { label, columns, rows, total_rows, .. } => {
            let more = total_rows.saturating_sub(rows.len().min(ROWS_PRINTED_MAX) as u64);
            let mut lines: Vec<String> = label.iter().cloned().collect();
            lines.extend(table(columns, rows));
            if more > 0 {
                lines.push(format!("… {more} more {}", if more == 1 { "row" } else { "rows" }));
            }
            lines.join("\n")
        }
        RunResult::Chart { .. } => chart(result, color),
        RunResult::File { .. } | RunResult::Error { .. } => String::new(),
    }
}

/// A chart in lines of text.
pub(crate) fn chart(result: &RunResult, color: bool) -> String {
    let RunResult::Chart { kind, label, x, series, .. } = result else { return String::new() };
    let mut lines: Vec<String> = label.iter().cloned().collect();
    lines.extend(match kind {
        ChartKind::Bar | ChartKind::Pie | ChartKind::Histogram => bars(x, series, color),
        ChartKind::Line | ChartKind::Scatter => points(*kind, x, series, color),
        ChartKind::Box => boxes(x, series),
        ChartKind::Image => Vec::new(),
    });
    lines.join("\n")
}

fn labelled(label: Option<&str>, value: &str) -> String {
    label.map_or_else(|| value.to_owned(), |label| format!("{label}: {value}"))
}

fn table(columns: &[ResultColumn], rows: &[Vec<Value>]) -> Vec<String> {
    let head = |column: &ResultColumn| {
        let unit = column.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
        cut(&format!("{}{unit}", column.name), CELL_WIDTH_MAX)
    };
    let mut grid: Vec<Vec<String>> = vec![columns.iter().map(head).collect()];
    let places: Vec<Option<usize>> = (0..columns.len()).map(|at| places(columns, rows, at)).collect();
    for row in rows.iter().take(ROWS_PRINTED_MAX) {
        grid.push(
            row.iter()
                .zip(&places)
                .map(|(cell, places)| cut(&shown(cell, *places), CELL_WIDTH_MAX))
                .collect(),
        );
    }
    let widths: Vec<usize> =
        (0..columns.len()).map(|at| grid.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect();
    let right = |at: usize| matches!(columns[at].kind, ResultKind::Integer | ResultKind::Number);
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(at, cell)| padded(cell, widths[at], right(at)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines: Vec<String> = grid.iter().map(line).collect();
    lines.insert(1, widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
    lines
}

/// Digits after the point that all numbers of a column are printed with; none of other columns.
fn places(columns: &[ResultColumn], rows: &[Vec<Value>], at: usize) -> Option<usize> {
    if columns[at].kind != ResultKind::Number {
        return None;
    }
    let numbers = || rows.iter().take(ROWS_PRINTED_MAX).filter_map(|row| row[at].as_f64());
    let digits = |number: f64| float(number).rsplit_once('.').map_or(0, |(_, digits)| digits.len());
    if numbers().any(|number| float(number).contains('e')) {
        return None;
    }
    let most = numbers().map(digits).max().unwrap_or(0);
    Some(if numbers().any(|number| number.abs() >= 1000.0) { most.min(2) } else { most })
}

fn shown(cell: &Value, places: Option<usize>) -> String {
    match (cell, places) {
        (Value::Null, _) => String::new(),
        (Value::Bool(value), _) => if *value { "yes" } else { "no" }.to_owned(),
        (Value::Number(value), Some(places)) => match value.as_f64() {
            Some(value) => separated(&format!("{value:.places$}"), 1000),
            None => value.to_string(),
        },
        (Value::Number(value), None) => number(value, None),
        (Value::String(text), _) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        (other, _) => other.to_string(),
    }
}

/// A number as people read it.
fn number(value: &serde_json::Number, unit: Option<&str>) -> String {
    let text = match value.as_f64() {
        Some(float_value) if value.is_f64() => float(float_value),
        _ => separated(&value.to_string(), SEPARATED_FROM),
    };
    match unit {
        None | Some("") => text,
        Some("%") => format!("{text}%"),
        Some(unit @ ("$" | "£" | "¥")) => match text.strip_prefix('-') {
            Some(text) => format!("-{unit}{text}"),
            None => format!("{unit}{text}"),
        },
        Some(unit) => format!("{text} {unit}"),
    }
}

fn float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.5e}");
    }
    let text = if size >= 1.0 { format!("{value:.4}") } else { format!("{value:.6}") };
    separated(text.trim_end_matches('0').trim_end_matches('.'), 1000)
}

/// Digits with a comma before every third, if the number is at least `from`.
fn separated(text: &str, from: u64) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if whole.parse::<u64>().is_ok_and(|whole| whole < from) {
        return text.to_owned();
    }
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    if right { blanks + text } else { text.to_owned() + &blanks }
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut cut, mut used) = (String::new(), 0);
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used >= width {
            break;
        }
        cut.push(letter);
    }
    cut + "…"
}

fn colored(text: &str, series: usize, color: bool) -> String {
    if color && !text.is_empty() {
        format!("\u{1b}[{}m{text}\u{1b}[0m", COLORS[series % COLORS.len()])
    } else {
        text.to_owned()
    }
}

/// A bar for each value; those below zero are lighter.
fn bars(x: &ResultValues, series: &[ResultValues], color: bool) -> Vec<String> {
    let figures = |one: &ResultValues, at: usize| one.values.get(at).and_then(Value::as_f64);
    let largest = series
        .iter()
        .flat_map(|one| one.values.iter().filter_map(Value::as_f64))
        .fold(0.0, |most: f64, value| most.max(value.abs()));
    let several = series.len() > 1;
    let shown_bars = (BARS_PRINTED_MAX / series.len().max(1)).max(1);
    let mut named: Vec<(String, usize, f64)> = Vec::new();
    for at in 0..x.values.len().min(shown_bars) {
        for (number, one) in series.iter().enumerate() {
            let place = shown(&x.values[at], None);
            let name = match (several, number) {
                (false, _) => place,
                (true, 0) => format!("{place} · {}", one.name),
                (true, _) => format!("· {}", one.name),
            };
            if let Some(value) = figures(one, at) {
                named.push((cut(&name, NAME_WIDTH_MAX), number, value));
            }
        }
    }
    let width = named.iter().map(|(name, ..)| name.width()).max().unwrap_or(0);
    let mut lines: Vec<String> = named
        .iter()
        .map(|(name, number, value)| {
            let bar = colored(&bar(*value, largest), *number, color);
            format!("{} {bar} {}", padded(name, width, several && name.starts_with('·')), float(*value))
        })
        .collect();
    if x.values.len() > shown_bars {
        lines.push(format!("… {} more", x.values.len() - shown_bars));
    }
    lines
}

// A bar has at most `BAR_WIDTH` characters.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn bar(value: f64, largest: f64) -> String {
    let share = if largest > 0.0 { (value.abs() / largest).min(1.0) } else { 0.0 };
    let eighths = (share * (BAR_WIDTH * 8) as f64).round() as usize;
    if value < 0.0 {
        return "░".repeat(eighths.div_ceil(8));
    }
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// A canvas of braille characters, of two by four dots each.
struct Canvas {
    cells: Vec<(u32, usize)>,
}

impl Canvas {
    fn new() -> Canvas {
        Canvas { cells: vec![(0, 0); CANVAS_WIDTH * CANVAS_HEIGHT] }
    }

    /// Sets a dot at shares of the width and height, from below.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn dot(&mut self, across: f64, up: f64, series: usize) {
        let column = (across.clamp(0.0, 1.0) * (CANVAS_WIDTH * 2 - 1) as f64).round() as usize;
        let row = ((1.0 - up.clamp(0.0, 1.0)) * (CANVAS_HEIGHT * 4 - 1) as f64).round() as usize;
        let cell = &mut self.cells[row / 4 * CANVAS_WIDTH + column / 2];
        *cell = (cell.0 | DOTS[row % 4][column % 2], series);
    }

    #[allow(clippy::cast_precision_loss)]
    fn line(&mut self, from: (f64, f64), to: (f64, f64), series: usize) {
        let steps = CANVAS_WIDTH * 2 + CANVAS_HEIGHT * 4;
        for step in 0..=steps {
            let share = step as f64 / steps as f64;
            self.dot(from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share, series);
        }
    }

    fn lines(&self, color: bool) -> impl Iterator<Item = String> {
        self.cells.chunks(CANVAS_WIDTH).map(move |row| {
            let letter =
                |dots: u32| char::from_u32(0x2800 + dots).filter(|_| dots > 0).unwrap_or(' ').to_string();
            let drawn: String = row
                .iter()
                .map(|(dots, series)| colored(&letter(*dots), *series, color && *dots > 0))
                .collect();
            drawn.trim_end().to_owned()
        })
    }
}

fn points(kind: ChartKind, x: &ResultValues, series: &[ResultValues], color: bool) -> Vec<String> {
    let numeric = x.values.iter().all(|value| value.is_number() || value.is_null());
    #[allow(clippy::cast_precision_loss)]
    let place = |at: usize| if numeric { x.values[at].as_f64() } else { Some(at as f64) };
    let every = || {
        series
            .iter()
            .flat_map(|one| one.values.iter().enumerate())
            .filter_map(|(at, value)| Some((place(at)?, value.as_f64()?)))
    };
    let Some((low_x, high_x)) = range(every().map(|(across, _)| across)) else { return Vec::new() };
    let Some((low, high)) = range(every().map(|(_, up)| up)) else { return Vec::new() };
    let share = |value: f64, low: f64, high: f64| if high > low { (value - low) / (high - low) } else { 0.5 };
    let mut canvas = Canvas::new();
    for (number, one) in series.iter().enumerate() {
        let mut before: Option<(f64, f64)> = None;
        for (at, value) in one.values.iter().enumerate() {
            let Some((across, up)) = place(at).zip(value.as_f64()) else {
                before = None;
                continue;
            };
            let here = (share(across, low_x, high_x), share(up, low, high));
            match before.filter(|_| kind == ChartKind::Line) {
                Some(before) => canvas.line(before, here, number),
                None => canvas.dot(here.0, here.1, number),
            }
            before = Some(here);
        }
    }
    let (top, bottom) = (float(high), float(low));
    let width = top.width().max(bottom.width());
    let mut lines: Vec<String> = canvas
        .lines(color)
        .enumerate()
        .map(|(row, drawn)| {
            let mark = if row == 0 {
                top.as_str()
            } else if row == CANVAS_HEIGHT - 1 {
                bottom.as_str()
            } else {
                ""
            };
            format!("{} │{drawn}", padded(mark, width, true))
        })
        .collect();
    lines.push(format!("{} └{}", " ".repeat(width), "─".repeat(CANVAS_WIDTH)));
    let (first, last) = if numeric {
        (float(low_x), float(high_x))
    } else {
        let name = |value: Option<&Value>| {
            value.map(|value| cut(&shown(value, None), NAME_WIDTH_MAX)).unwrap_or_default()
        };
        (name(x.values.first()), name(x.values.last()))
    };
    let gap = CANVAS_WIDTH.saturating_sub(first.width() + last.width()).max(1);
    lines.push(format!("{}  {first}{}{last}", " ".repeat(width), " ".repeat(gap)));
    if series.len() > 1 {
        let names =
            series.iter().enumerate().map(|(number, one)| colored(&format!("● {}", one.name), number, color));
        lines.push(names.collect::<Vec<_>>().join("  "));
    }
    lines
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        Some(range.map_or((value, value), |(low, high): (f64, f64)| (low.min(value), high.max(value))))
    })
}

/// A line for each box: from minimum to maximum, with the quartiles and the median.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn boxes(x: &ResultValues, series: &[ResultValues]) -> Vec<String> {
    let figures = |at: usize| -> Option<Vec<f64>> {
        series
            .iter()
            .map(|one| one.values.get(at).and_then(Value::as_f64))
            .collect::<Option<Vec<f64>>>()
            .filter(|five| five.len() == 5)
    };
    let all: Vec<(String, Vec<f64>)> = (0..x.values.len().min(BARS_PRINTED_MAX))
        .filter_map(|at| Some((cut(&shown(&x.values[at], None), NAME_WIDTH_MAX), figures(at)?)))
        .collect();
    let Some((low, high)) = range(all.iter().flat_map(|(_, five)| five.iter().copied())) else {
        return Vec::new();
    };
    let width = all.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let place = |value: f64| {
        if high > low {
            ((value - low) / (high - low) * (CANVAS_WIDTH - 1) as f64).round() as usize
        } else {
            0
        }
    };
    let line = |(name, five): &(String, Vec<f64>)| {
        let at: Vec<usize> = five.iter().map(|value| place(*value)).collect();
        let drawn: String = (0..CANVAS_WIDTH)
            .map(|column| match column {
                _ if column == at[2] => '┃',
                _ if column == at[0] => '├',
                _ if column == at[4] => '┤',
                _ if column >= at[1] && column <= at[3] => '█',
                _ if column > at[0] && column < at[4] => '─',
                _ => ' ',
            })
            .collect();
        format!("{} {} median {}", padded(name, width, false), drawn.trim_end(), float(five[2]))
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    let (first, last) = (float(low), float(high));
    let gap = CANVAS_WIDTH.saturating_sub(first.width() + last.width()).max(1);
    lines.push(format!("{} {first}{}{last}", " ".repeat(width), " ".repeat(gap)));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(name: &str, values: Value) -> ResultValues {
        let Value::Array(values) = values else { panic!("a list") };
        ResultValues { name: name.to_owned(), values }
    }

    fn drawn(kind: ChartKind, x: Value, series: Vec<ResultValues>) -> String {
        let x = values("x", x);
        result(
            &RunResult::Chart { kind, label: Some("T".to_owned()), x, series, truncated: false, file: None },
            false,
        )
    }

    #[test]
    fn columns_are_aligned_and_numbers_have_units() {
        let column = |name: &str, kind, unit: Option<&str>| ResultColumn {
            name: name.to_owned(),
            kind,
            unit: unit.map(str::to_owned),
        };
        let table = RunResult::Table {
            label: Some("Sales".to_owned()),
            columns: vec![
                column("region", ResultKind::Text, None),
                column("amount", ResultKind::Number, Some("EUR")),
                column("n", ResultKind::Integer, None),
            ],
            rows: vec![
                vec![json!("日本"), json!(1234.5), json!(3)],
                vec![json!("south"), json!(null), json!(12000)],
            ],
            total_rows: 5,
            truncated: true,
        };
        let lines = result(&table, false);
        assert_eq!(
            lines,
            "Sales\nregion  amount (EUR)       n\n──────  ────────────  ──────\n日本         1,234.5       3\nsouth                 12,000\n… 3 more rows"
        );
    }

    #[test]
    fn numbers_are_as_people_write_them() {
        let told = |value: Value, unit: Option<&str>| {
            let Value::Number(value) = value else { panic!("a number") };
            number(&value, unit)
        };
        assert_eq!(told(json!(2024), None), "2024");
        assert_eq!(told(json!(1_234_567), Some("EUR")), "1,234,567 EUR");
        assert_eq!(told(json!(-1234.5), Some("$")), "-$1,234.5");
        assert_eq!(told(json!(12.0), Some("%")), "12%");
        assert_eq!(told(json!(0.000_001), None), "1.00000e-6");
        assert_eq!(told(json!(u64::MAX), None), "18,446,744,073,709,551,615");
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let chart = drawn(ChartKind::Bar, json!(["a", "bb", null]), vec![values("v", json!([2, 1, -1]))]);
        let lines: Vec<&str> = chart.lines().collect();
        assert_eq!(lines[0], "T");
        assert_eq!(lines[1].matches('█').count(), BAR_WIDTH);
        assert_eq!(lines[2].matches('█').count(), BAR_WIDTH / 2);
        assert_eq!(lines[3].matches('░').count(), BAR_WIDTH / 2);
        assert!(lines[3].ends_with("-1"));
    }

    #[test]
    fn a_line_rises_from_left_to_right() {
        let chart =
            drawn(ChartKind::Line, json!(["jan", "feb", "mar"]), vec![values("v", json!([0, 5, 10]))]);
        let lines: Vec<&str> = chart.lines().collect();
        assert_eq!(lines.len(), CANVAS_HEIGHT + 3);
        assert!(lines[1].starts_with("10 │ ") && !lines[CANVAS_HEIGHT].starts_with(" 0 │ "), "{chart}");
        assert!(lines[CANVAS_HEIGHT + 2].contains("jan") && lines[CANVAS_HEIGHT + 2].ends_with("mar"));
    }

    #[test]
    fn whatever_a_chart_holds_is_drawn_without_a_panic() {
        for kind in [
            ChartKind::Line,
            ChartKind::Scatter,
            ChartKind::Bar,
            ChartKind::Pie,
            ChartKind::Histogram,
            ChartKind::Box,
            ChartKind::Image,
        ] {
            for (x, series) in [
                (json!([]), vec![]),
                (json!([null]), vec![values("v", json!([null]))]),
                (json!([1, 1]), vec![values("v", json!([1e308, -1e308]))]),
                (json!(["a"]), (0..5).map(|_| values("v", json!([3]))).collect()),
                (json!([1, "b", true]), vec![values("v", json!([0, 0, 0])), values("w", json!([1]))]),
            ] {
                drawn(kind, x, series);
            }
        }
    }
}
