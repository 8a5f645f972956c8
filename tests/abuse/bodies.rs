//! Bodies that are not what they should be, each refused with the place that is wrong.

use serde_json::{Value, json};

use super::House;

/// A request of one file of this name.
fn with_names(names: &[&str]) -> Vec<u8> {
    let file = |name: &&str| json!({ "name": name, "content": "x" });
    let files: Vec<Value> = names.iter().map(file).collect();
    json!({ "language": "bash", "code": "true", "files": files }).to_string().into_bytes()
}

fn with(field: &str, value: &Value) -> Vec<u8> {
    let mut body = json!({ "language": "bash", "code": "true" });
    body[field] = value.clone();
    body.to_string().into_bytes()
}

/// More variables than any policy allows.
fn many_variables() -> Value {
    (0..1_000_000).map(|number| (format!("V{number}"), json!(""))).collect()
}

/// A body with this text in place of the value of `wallMs`.
fn with_wall_ms(text: &str) -> Vec<u8> {
    format!(r#"{{"language":"bash","code":"true","limits":{{"wallMs":{text}}}}}"#).into_bytes()
}

#[test]
fn what_is_not_json_or_not_the_request_is_refused_with_its_place() {
    let house = House::open();
    let nested = |open: &str, close: &str, times: usize| {
        let deep = [open.repeat(times), close.repeat(times)].concat();
        format!(r#"{{"language":"bash","code":"true","files":{deep}}}"#).into_bytes()
    };
    let valid = br#"{"language":"bash","code":"true"}"#;
    let file = json!({ "name": "", "content": "" });
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("nothing", vec![], "invalid_json", ""),
        ("blanks", b" \n\t ".to_vec(), "invalid_json", ""),
        ("a byte order mark", [b"\xef\xbb\xbf", &valid[..]].concat(), "invalid_json", ""),
        (
            "utf-16",
            String::from_utf8_lossy(valid).encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "invalid_json",
            "",
        ),
        ("a lone byte", b"{\"language\":\"bash\",\"code\":\"\xff\"}".to_vec(), "invalid_json", ""),
        ("an overlong form", b"{\"language\":\"bash\",\"code\":\"\xc0\xaf\"}".to_vec(), "invalid_json", ""),
        (
            "a coded surrogate",
            b"{\"language\":\"bash\",\"code\":\"\xed\xa0\x80\"}".to_vec(),
            "invalid_json",
            "",
        ),
        (
            "an escaped surrogate",
            br#"{"language":"bash","code":"\udc00"}"#.to_vec(),
            "invalid_request",
            "/code",
        ),
        (
            "a control character",
            b"{\"language\":\"bash\",\"code\":\"a\x01\"}".to_vec(),
            "invalid_json",
            "/code",
        ),
        ("single quotes", b"{'language':'bash','code':'true'}".to_vec(), "invalid_json", ""),
        ("a comment", [&valid[..], b" // fine"].concat(), "invalid_json", ""),
        ("two values", [&valid[..], valid].concat(), "invalid_json", ""),
        ("a cut", valid[..20].to_vec(), "invalid_json", ""),
        ("a list", b"[]".to_vec(), "invalid_request", ""),
        ("fields in a list", br#"["bash", "true"]"#.to_vec(), "invalid_request", ""),
        ("a file in a list", with("files", &json!([["a", "x"]])), "invalid_request", "/files/0"),
        ("limits in a list", with("limits", &json!([1])), "invalid_request", "/limits"),
        ("a word as an object", with("language", &json!({ "bash": null })), "invalid_request", "/language"),
        ("a text", br#""bash""#.to_vec(), "invalid_request", ""),
        ("an unknown field", with("colour", &json!("red")), "invalid_request", "/colour"),
        ("a field of a prototype", with("__proto__", &json!({})), "invalid_request", "/__proto__"),
        (
            "a field twice",
            br#"{"language":"bash","code":"true","code":"true"}"#.to_vec(),
            "invalid_request",
            "",
        ),
        (
            "a limit twice",
            br#"{"language":"bash","code":"true","limits":{"tasks":1,"tasks":2}}"#.to_vec(),
            "invalid_request",
            "/limits",
        ),
        (
            "a variable twice",
            br#"{"language":"bash","code":"true","env":{"A":"1","A":"2"}}"#.to_vec(),
            "invalid_request",
            "/env",
        ),
        (
            "a name twice in a file",
            br#"{"language":"bash","code":"true","files":[{"name":"a","name":"b","content":""}]}"#.to_vec(),
            "invalid_request",
            "/files/0",
        ),
        ("no code", br#"{"language":"bash"}"#.to_vec(), "invalid_request", ""),
        ("code that is a number", with("code", &json!(5)), "invalid_request", "/code"),
        ("a language that is null", with("language", &Value::Null), "invalid_request", "/language"),
        ("an unknown language", with("language", &json!("cobol")), "invalid_request", "/language"),
        ("another case", with("language", &json!("Python")), "invalid_request", "/language"),
        ("args that are a text", with("args", &json!("x")), "invalid_request", "/args"),
        ("an argument that is a number", with("args", &json!(["a", 1])), "invalid_request", "/args/1"),
        ("a variable that is a number", with("env", &json!({ "A": 1 })), "invalid_request", "/env/A"),
        ("files that are an object", with("files", &json!({ "name": "a" })), "invalid_request", "/files"),
        (
            "a file with more",
            with("files", &json!([{ "name": "a", "content": "", "mode": 511 }])),
            "invalid_request",
            "/files/0/mode",
        ),
        (
            "an unknown encoding",
            with("files", &json!([{ "name": "a", "content": "", "encoding": "hex" }])),
            "invalid_request",
            "/files/0/encoding",
        ),
        (
            "no base64 in a file",
            with("files", &json!([{ "name": "a", "content": "*", "encoding": "base64" }])),
            "invalid_request",
            "/files/0/content",
        ),
        ("a million arguments", with("args", &json!(vec![""; 1_000_000])), "invalid_request", "/args"),
        ("a million variables", with("env", &many_variables()), "invalid_request", "/env"),
        ("a million files", with("files", &json!(vec![file; 1_000_000])), "invalid_request", "/files"),
        ("fresh as a text", with("fresh", &json!("yes")), "invalid_request", "/fresh"),
        ("an unknown limit", with("limits", &json!({ "money": 1 })), "invalid_request", "/limits/money"),
        (
            "thirty digits",
            with_wall_ms("123456789012345678901234567890"),
            "invalid_request",
            "/limits/wallMs",
        ),
        ("a negative number", with_wall_ms("-1"), "invalid_request", "/limits/wallMs"),
        ("a fraction", with_wall_ms("10.5"), "invalid_request", "/limits/wallMs"),
        ("an exponent", with_wall_ms("1e3"), "invalid_request", "/limits/wallMs"),
        ("a huge exponent", with_wall_ms("1e999999"), "invalid_request", "/limits/wallMs"),
        ("not a number", with_wall_ms("NaN"), "invalid_json", "/limits/wallMs"),
        ("infinity", with_wall_ms("Infinity"), "invalid_json", "/limits/wallMs"),
        ("a leading zero", with_wall_ms("0100"), "invalid_json", "/limits/wallMs"),
        ("a number as text", with_wall_ms("\"100\""), "invalid_request", "/limits/wallMs"),
        ("nested arrays", nested("[", "]", 100_000), "invalid_request", "/files/0"),
        ("nested objects", nested("{\"a\":", "}", 100_000), "invalid_request", "/files"),
        ("arrays without end", nested("[", "", 100_000), "invalid_request", "/files/0"),
        ("arrays from the start", "[".repeat(100_000).into_bytes(), "invalid_request", ""),
    ];
    for (what, body, code, pointer) in &cases {
        let reply = house.post("/v1/execute", body);
        reply.is_problem(what, 400, code);
        let found = reply.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert_eq!(found, *pointer, "{what}: {reply:?}");
    }
    for body in [&b"{\"question\":1}"[..], b"{\"question\":\"a\",\"question\":\"b\"}", b"{}", b"["] {
        assert_eq!(house.post("/v1/ask", body).status, 400);
    }
    house.nothing_happened();
}

#[test]
fn what_no_policy_allows_is_refused_with_its_place() {
    let house = House::open();
    let long = "n".repeat(300);
    let many: Vec<String> = (0..10_000).map(|number| format!("f{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("empty code", with("code", &json!("")), "code_empty", "/code"),
        ("oversized code", with("code", &json!("#".repeat(300 * 1024))), "code_too_large", "/code"),
        ("a name twice", with_names(&["a", "b", "a"]), "file_name_twice", "/files/2/name"),
        ("ten thousand files", with_names(&many), "too_many_files", "/files"),
        ("an argument with NUL", with("args", &json!(["a", "b\0c"])), "arg_invalid", "/args/1"),
        ("ten thousand arguments", with("args", &json!(vec!["a"; 10_000])), "too_many_args", "/args"),
        ("a variable without a name", with("env", &json!({ "": "x" })), "variable_not_allowed", "/env/"),
        ("a variable with =", with("env", &json!({ "A=B": "x" })), "variable_not_allowed", "/env/A=B"),
        (
            "a limit above its ceiling",
            with_wall_ms("18446744073709551615"),
            "limit_out_of_range",
            "/limits/wallMs",
        ),
        ("a limit of nothing", with_wall_ms("0"), "limit_out_of_range", "/limits/wallMs"),
    ];
    for name in [
        "",
        ".",
        "..",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "./x",
        "a//b",
        "a/",
        "nul\0",
        "line\nend",
        "\r\n",
        "\u{1b}[2J",
        "\u{7f}",
        &long,
        &"d/".repeat(200),
    ] {
        cases.push(("a file's name", with_names(&[name]), "file_name_invalid", "/files/0/name"));
    }
    for (what, body, code, pointer) in &cases {
        let reply = house.post("/v1/execute", body);
        reply.is_problem(what, 422, "policy_denied");
        let error = &reply.json()["errors"][0];
        assert_eq!(
            (error["code"].as_str(), error["pointer"].as_str()),
            (Some(*code), Some(*pointer)),
            "{what}: {reply:?}"
        );
    }
    house.nothing_happened();
}
