//! Files of results as no helper would write them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn file(name: &str, content: &[u8]) -> OutputFile {
    OutputFile { name: name.to_owned(), content: content.to_vec() }
}

fn lines(results: &[Value]) -> Vec<u8> {
    results.iter().flat_map(|result| format!("{result}\n").into_bytes()).collect()
}

fn told(result: &Value) -> Option<Value> {
    let shown =
        read(&lines(std::slice::from_ref(result)), &[file("a.png", b"png"), file("t.csv", b"a,b")], false);
    assert_eq!(shown.results.is_empty(), !shown.notes.is_empty() || result["type"] == "nothing", "{result}");
    shown.results.first().map(|result| serde_json::to_value(result).unwrap())
}

#[test]
fn what_is_well_formed_is_passed_on() {
    for result in [
        json!({ "type": "number", "value": 3, "label": "rows", "unit": "m" }),
        json!({ "type": "number", "value": 0.5 }),
        json!({ "type": "number", "value": 9_223_372_036_854_775_807_i64 }),
        json!({ "type": "number", "value": null }),
        json!({ "type": "text", "value": "a\nb", "label": "x" }),
        json!({ "type": "boolean", "value": false }),
        json!({ "type": "date", "value": "2024-01-31" }),
        json!({ "type": "file", "name": "t.csv", "bytes": 3 }),
        json!({ "type": "table", "label": "t", "totalRows": 7, "truncated": true,
            "columns": [{ "name": "a", "kind": "integer", "unit": "EUR" }, { "name": "b", "kind": "mixed" }],
            "rows": [[1, "x"], [null, true]] }),
        json!({ "type": "chart", "kind": "bar", "label": "c", "truncated": false, "file": "a.png",
            "x": { "name": "x", "values": ["a", 2, null] }, "series": [{ "name": "y", "values": [1, null, 2.5] }] }),
        json!({ "type": "chart", "kind": "image", "truncated": false, "file": "a.png",
            "x": { "name": "", "values": [] }, "series": [] }),
    ] {
        assert_eq!(told(&result).as_ref(), Some(&result));
    }
}

#[test]
fn what_has_another_shape_is_left_out_with_a_note() {
    let column = |kind: &str| json!({ "name": "a", "kind": kind });
    let deep = (0..2000).fold(json!(1), |inner, _| json!([inner]));
    for result in [
        json!({}),
        json!({ "type": 5 }),
        json!({ "type": "html", "value": "<b>" }),
        json!({ "type": "number", "value": "3" }),
        json!({ "type": "number" }),
        json!({ "type": "number", "value": 1, "label": ["x"] }),
        json!({ "type": "text", "value": { "a": 1 } }),
        json!({ "type": "boolean", "value": null }),
        json!({ "type": "table", "columns": [column("integer")], "rows": [[1, 2]] }),
        json!({ "type": "table", "columns": [column("integer")], "rows": [[[1]]] }),
        json!({ "type": "table", "columns": [column("blob")], "rows": [] }),
        json!({ "type": "table", "columns": [{ "kind": "text" }], "rows": [] }),
        json!({ "type": "table", "columns": vec![column("text"); COLUMNS_MAX + 1], "rows": [] }),
        json!({ "type": "chart", "kind": "spiral", "x": { "name": "", "values": [] }, "series": [] }),
        json!({ "type": "chart", "kind": "bar", "x": { "name": "", "values": [1] },
            "series": [{ "name": "y", "values": ["high"] }] }),
        json!({ "type": "chart", "kind": "image", "file": "../../etc/passwd", "x": { "name": "", "values": [] }, "series": [] }),
        json!({ "type": "file", "name": "/etc/passwd", "bytes": 12 }),
        json!({ "type": "error", "message": "ours failed" }),
        json!({ "type": "text", "value": deep }),
    ] {
        assert_eq!(told(&result), None, "{}", &result.to_string()[..result.to_string().len().min(200)]);
    }
}

#[test]
fn bounds_hold_whatever_is_written() {
    let rows = vec![json!([1]); ROWS_MAX + 5];
    let table = json!({ "type": "table", "columns": [{ "name": "a", "kind": "integer" }], "rows": rows, "totalRows": 2 });
    let shown = told(&table).unwrap();
    assert_eq!(shown["rows"].as_array().unwrap().len(), ROWS_MAX);
    assert_eq!((&shown["totalRows"], &shown["truncated"]), (&json!(ROWS_MAX + 5), &json!(true)));

    let values = vec![1; POINTS_MAX + 500];
    let one = json!({ "name": "y", "values": values });
    let chart = json!({ "type": "chart", "kind": "line", "x": { "name": "x", "values": values },
        "series": vec![one; 4] });
    let shown = told(&chart).unwrap();
    assert_eq!(shown["x"]["values"].as_array().unwrap().len(), POINTS_MAX / 4);
    assert_eq!(shown["series"][3]["values"].as_array().unwrap().len(), POINTS_MAX / 4);
    assert_eq!(shown["truncated"], true);
    let short = json!({ "type": "chart", "kind": "line", "x": { "name": "x", "values": [1, 2] },
        "series": [{ "name": "y", "values": [1] }] });
    assert_eq!(told(&short).unwrap()["series"][0]["values"], json!([1, null]));

    let long = json!({ "type": "text", "value": "é".repeat(TEXT_BYTES_MAX), "label": "l".repeat(5000) });
    let shown = told(&long).unwrap();
    assert_eq!(shown["value"].as_str().unwrap().len(), TEXT_BYTES_MAX);
    assert_eq!(shown["label"].as_str().unwrap().len(), NAME_BYTES_MAX);
    let many = read(&lines(&vec![json!({ "type": "number", "value": 1 }); RESULTS_MAX + 9]), &[], false);
    assert_eq!((many.results.len(), many.notes.len()), (RESULTS_MAX, 1));
    let huge = read(&vec![b'\n'; ALL_BYTES_MAX + 1], &[], false);
    assert_eq!((huge.results.len(), huge.notes.len()), (0, 1));
}

#[test]
fn text_does_nothing_where_it_is_shown() {
    let shown = told(&json!({ "type": "text", "value": "a\u{1b}[31m\u{202e}b\u{85}\r\nc", "label": "x\ny" }))
        .unwrap();
    assert_eq!(shown["value"], "a\u{fffd}[31m\u{fffd}b\u{fffd}\u{fffd}\nc");
    assert_eq!(shown["label"], "x y");
    let column = json!({ "name": "a", "kind": "text" });
    let twice = json!({ "type": "table", "columns": [column, column, column], "rows": [] });
    assert_eq!(told(&twice).unwrap()["columns"][2]["name"], "a (3)");
}

#[test]
fn what_nobody_asked_for_is_not_shown_beside_output() {
    let captured = lines(&[
        json!({ "type": "number", "value": 6, "captured": true }),
        json!({ "type": "table", "columns": [], "rows": [], "captured": true }),
    ]);
    assert_eq!(read(&captured, &[], true).results.len(), 1);
    assert_eq!(read(&captured, &[], false).results.len(), 2);
    assert_eq!(read(&captured, &[], true).notes.len(), 0);
}

#[test]
fn the_first_value_is_the_answers() {
    let shown = read(
        &lines(&[
            json!({ "type": "number", "value": null, "label": "none" }),
            json!({ "type": "number", "value": 4, "label": "rows" }),
        ]),
        &[],
        false,
    );
    assert_eq!(first_value(&shown.results), (Some(json!(4)), Some("rows".to_owned())));
    assert_eq!(first_value(&[]), (None, None));
}

#[test]
fn a_traceback_is_told_by_its_last_line() {
    let stderr = b"Traceback (most recent call last):\n  File \"x\"\nValueError: \x1b[1mno\n\n";
    assert_eq!(last_line(stderr).as_deref(), Some("ValueError: \u{fffd}[1mno"));
    assert_eq!(last_line(b" \n"), None);
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        read(&bytes, &[], false);
    }

    #[test]
    fn a_result_that_is_changed_somewhere_is_read_or_left(at in 0_usize..150, byte in any::<u8>()) {
        let mut line = json!({ "type": "table", "columns": [{ "name": "a", "kind": "integer", "unit": "EUR" }],
            "rows": [[1], [2], [null]], "totalRows": 3, "truncated": false, "label": "l" }).to_string().into_bytes();
        let at = at % line.len();
        line[at] = byte;
        for result in read(&line, &[], false).results {
            if let RunResult::Table { columns, rows, .. } = result {
                prop_assert!(rows.iter().all(|row| row.len() == columns.len()));
            }
        }
    }
}
