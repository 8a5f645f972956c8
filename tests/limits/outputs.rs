//! The files a run returns: number, size, depth and length of name.

use serde_json::Value;

use crate::{assert_hit, assert_status, hits, run};

fn names(answer: &Value) -> Vec<&str> {
    let files = answer["files"].as_array().expect("files is a list");
    files.iter().map(|file| file["name"].as_str().expect("a file has a name")).collect()
}

/// `at_limit` stays within `limit = value`; `beyond` does not, and then only `kept` are returned.
fn check((limit, value): (&str, u64), at_limit: &str, beyond: &str, kept: &[&str]) {
    let answer = run("bash", at_limit, &[(limit, value)]);
    assert_status(&answer, "succeeded");
    assert!(hits(&answer).is_empty(), "{limit}: {answer:#}");
    let answer = run("bash", beyond, &[(limit, value)]);
    assert_status(&answer, "succeeded");
    assert_hit(&answer, limit, "truncated", value);
    assert_eq!(names(&answer), kept, "{limit}");
}

#[test]
fn number() {
    check(("outputFiles", 3), "touch a b c", "touch a b c d", &["a", "b", "c"]);
    check(("outputFiles", 0), "true", "touch a", &[]);
}

#[test]
fn bytes() {
    let make = |count| format!("head -c 600 /dev/zero > a; head -c {count} /dev/zero > b");
    check(("outputBytes", 1000), &make(400), &make(401), &["a"]);
}

#[test]
fn depth() {
    let within = "mkdir -p a/b; touch top a/mid";
    let beyond = "mkdir -p a/b; touch top a/mid a/b/low";
    let answer = run("bash", "mkdir a; touch top a/mid", &[("outputDepth", 2)]);
    assert_eq!(names(&answer), ["a/mid", "top"]);
    // An empty directory one level too deep is not searched either, so it cannot be told from a full one.
    assert_eq!(names(&run("bash", within, &[("outputDepth", 2)])), ["a/mid", "top"]);
    check(("outputDepth", 2), "mkdir a; touch a/mid", beyond, &["a/mid", "top"]);
}

#[test]
fn length_of_name() {
    let make = |count: usize| format!("mkdir d; touch d/{}", "x".repeat(count));
    check(("outputNameBytes", 20), &make(18), &make(19), &[]);
}

#[test]
fn what_is_returned_is_what_was_written() {
    let answer = run("python", "open('b.bin', 'wb').write(bytes(range(256)))", &[]);
    let file = &answer["files"][0];
    assert_eq!(
        (&file["name"], &file["size"], &file["encoding"]),
        (&"b.bin".into(), &256.into(), &"base64".into())
    );
    assert_eq!(file["sha256"], "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
}
