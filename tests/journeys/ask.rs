//! `ringfence ask`: words in, a value out, computed in the jail.

use std::fs;

use ringfence_tests::{Installation, ScriptedEndpoint, rows};
use serde_json::{Value, json};

fn ask(house: &Installation, question: &str, csv: Option<&[u8]>) -> Result<Value, String> {
    let mut words = vec!["ask", question, "--json"];
    let path = house.path().join("books.csv");
    if let Some(csv) = csv {
        fs::write(&path, csv).unwrap();
        words.extend(["--file", path.to_str().unwrap()]);
    }
    let output = house.output(&words);
    if output.status.code() == Some(125) {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

fn close(value: &Value, expected: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-6 * expected.abs().max(1.0))
}

#[test]
fn a_net_present_value_however_it_is_phrased() {
    let house = Installation::new();
    let npv = -1000.0 + 300.0 / 1.05 + 400.0 / 1.05_f64.powi(2) + 500.0 / 1.05_f64.powi(3);
    for question in [
        "What is the NPV of -1000, 300, 400, 500 at 5%?",
        "net present value with a discount rate of 5 percent: initial outlay of 1000, then 300, 400 and 500",
        "I invest $1,000 today and get 300, 400 and 500 over the next three years. NPV at 5 percent?",
    ] {
        let answer = ask(&house, question, None).unwrap();
        assert!(close(&answer["value"], npv), "{question}: {answer}");
        assert!(answer["code"].as_str().unwrap().contains("npv") && answer["run"]["status"] == "succeeded");
    }
}

#[test]
fn columns_it_has_never_seen() {
    let house = Installation::new();
    let csv = "Zweig,Fläche qm,Mieter\nOst,10.5,3\nWest,20,4\nOst,30,5\n".as_bytes();
    for (question, expected) in [
        ("how many rows are there", 3.0),
        ("total Fläche qm", 60.5),
        ("average mieter", 4.0),
        ("what is the smallest mieter", 3.0),
        ("max of Fläche qm", 30.0),
    ] {
        let answer = ask(&house, question, Some(csv)).unwrap();
        assert!(close(&answer["value"], expected), "{question}: {}", answer["value"]);
    }
    let grouped = ask(&house, "sum of mieter by zweig", Some(csv)).unwrap();
    let grouped = rows(&grouped);
    let of = |zweig: &str| grouped.iter().find(|row| row["Zweig"] == zweig).unwrap().to_string();
    assert!(of("Ost").contains(":8") && of("West").contains(":4"), "{grouped:?}");
    let top = ask(&house, "top 1 zweig by mieter", Some(csv)).unwrap();
    assert!(rows(&top)[0].to_string().contains("Ost"), "{top}");
}

#[test]
fn european_files_and_hostile_ones() {
    let house = Installation::new();
    // Windows-1252, semicolons, decimal commas.
    let csv = b"Stra\xdfe;Betrag\nA;1.234,50\nB;0,50\n";
    assert!(close(&ask(&house, "sum of betrag", Some(csv)).unwrap()["value"], 1235.0));
    let hostile = b"\"a'); import os; os.system('x\",\"=cmd()\"\n1,2\n3,4\n";
    assert!(close(&ask(&house, "how many rows", Some(hostile)).unwrap()["value"], 2.0));
    for bytes in [&b""[..], b"\x00\x01\x02\x7fELF\x00\x00"] {
        let error = ask(&house, "how many rows", Some(bytes)).unwrap_err();
        assert!(error.contains("books.csv"), "{error}");
    }
}

#[test]
fn what_is_not_understood_is_said_with_what_can_be_asked() {
    let house = Installation::new();
    let error = ask(&house, "please write a poem", None).unwrap_err();
    assert!(error.contains("NPV") && error.trim().lines().count() == 1, "{error}");
}

#[test]
fn a_model_endpoint_is_asked_and_its_code_runs_in_the_jail() {
    let house = Installation::new();
    let program = json!({
        "language": "python",
        "code": "import socket\ntry:\n    socket.socket()\nexcept PermissionError:\n    print('sealed')\nprint(open('books.csv').read().count('CANARY'))",
        "explanation": "counts",
    });
    let endpoint = ScriptedEndpoint::start(&json!([program.to_string()]));
    let csv = house.path().join("books.csv");
    fs::write(&csv, "name,x\nCANARY,1\nCANARY,2\n").unwrap();
    let words = ["ask", "count the birds", "--json", "--file", csv.to_str().unwrap()];
    let url = endpoint.url.clone();
    let words = [&words[..], &["--model-base-url", &url, "--model", "m"]].concat();
    // Nobody is asked at an unknown price.
    let output = house.command(&words).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(125) && error.contains("has no price"), "{error}");
    let words = [&words[..], &["--model-input-usd", "2", "--model-output-usd", "8.5"]].concat();
    let output = house.command(&words).env("RINGFENCE_MODEL_API_KEY", "k").output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((&answer["author"], &answer["answer"]), (&"openai:m".into(), &"sealed\n2".into()));
    let requests = Value::from(endpoint.requests()).to_string();
    assert!(requests.contains("count the birds") && !requests.contains("CANARY"), "{requests}");
    // With the endpoint gone, the built-in analyst still answers.
    let output = house.command(&[&["ask", "how many rows"][..], &words[2..]].concat()).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["author"], answer["value"].as_f64()), (&"analyst".into(), Some(2.0)));
}
