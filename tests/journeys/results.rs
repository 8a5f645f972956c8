//! What programs show: typed, however they show it, and in whatever they may write.

use std::fs;

use ringfence_tests::{Installation, Server, agent};
use serde_json::{Value, json};

fn run(server: &Server, language: &str, code: &str) -> Value {
    let body = json!({ "language": language, "code": code, "limits": { "wallMs": 30000, "cpuMs": 30000 } });
    let (status, answer) = server.post("/v1/execute", &body);
    assert_eq!(status, 200, "{answer:#}");
    answer
}

fn results(answer: &Value) -> &[Value] {
    answer["results"].as_array().unwrap_or_else(|| panic!("{answer:#}"))
}

fn file_names(answer: &Value) -> Vec<&str> {
    answer["files"].as_array().expect("files").iter().filter_map(|file| file["name"].as_str()).collect()
}

#[test]
fn python_shows_charts_and_saves() {
    let house = Installation::new();
    let server = house.serve();
    let answer = run(
        &server,
        "python",
        "import datetime, decimal, pandas as pd, ringfence\n\
         from ringfence import show, chart, save\n\
         show(1234.5, 'Total', 'EUR')\nshow(7)\nshow('text')\nshow(True)\nshow(datetime.date(2024, 1, 31))\n\
         df = pd.DataFrame({'region': ['north', '=south'], 'amount': [2.5, None], 'n': [1, 2],\n\
         'day': pd.to_datetime(['2024-01-01', None]), 'price': [decimal.Decimal('1.10'), pd.NA]})\n\
         show(df, 'Sales', {'amount': 'EUR'})\n\
         chart('bar', df, 'region', 'n', 'Sales')\nsave(df, 'out.csv')\nsave({'a': df, 'b': df}, 'out.xlsx')",
    );
    assert_eq!(answer["status"], "succeeded", "{answer:#}");
    let shown = results(&answer);
    assert_eq!(shown[0], json!({ "type": "number", "value": 1234.5, "label": "Total", "unit": "EUR" }));
    assert_eq!(shown[1], json!({ "type": "number", "value": 7 }));
    assert_eq!(shown[2], json!({ "type": "text", "value": "text" }));
    assert_eq!(shown[3], json!({ "type": "boolean", "value": true }));
    assert_eq!(shown[4], json!({ "type": "date", "value": "2024-01-31" }));
    let kinds: Vec<&Value> =
        shown[5]["columns"].as_array().unwrap().iter().map(|column| &column["kind"]).collect();
    assert_eq!(kinds, ["text", "number", "integer", "date", "number"]);
    assert_eq!(
        shown[5]["rows"],
        json!([["north", 2.5, 1, "2024-01-01", 1.1], ["=south", null, 2, null, null]])
    );
    assert_eq!(shown[5]["columns"][1]["unit"], "EUR");
    assert_eq!((&shown[6]["kind"], &shown[6]["file"]), (&json!("bar"), &json!("chart-1.png")));
    assert_eq!(shown[6]["x"], json!({ "name": "region", "values": ["north", "=south"] }));
    assert_eq!(shown[6]["series"], json!([{ "name": "n", "values": [1, 2] }]));
    assert_eq!((&shown[7]["type"], &shown[7]["name"]), (&json!("file"), &json!("out.csv")));
    assert_eq!(file_names(&answer), ["chart-1.png", "out.csv", "out.xlsx"]);
    let csv = answer["files"][1]["content"].as_str().unwrap();
    assert!(csv.contains("'=south") && csv.contains("north,2.5,1"), "{csv}");
    let printed = answer["stdout"].as_str().unwrap();
    assert!(printed.starts_with("Total: 1,234.5 EUR\n7\ntext\nyes\n"), "{printed}");
}

#[test]
fn what_python_does_not_show_is_noted_all_the_same() {
    let house = Installation::new();
    let server = house.serve();
    let only = |code: &str| {
        let answer = run(&server, "python", code);
        assert_eq!(
            (&answer["status"], results(&answer).len()),
            (&json!("succeeded"), 1),
            "{code}: {answer:#}"
        );
        (results(&answer)[0].clone(), file_names(&answer).join(" "))
    };
    assert_eq!(only("x = 6\nx * 7").0, json!({ "type": "number", "value": 42 }));
    let (table, _) = only("import pandas as pd\npd.DataFrame({'a': [1, 2]}).sum()");
    assert_eq!(table["rows"], json!([["a", 3]]));
    let (table, _) = only("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nprint(df)");
    assert_eq!((&table["totalRows"], &table["label"]), (&json!(2), &json!("df")));

    let drawn = |code: &str| only(&format!("import matplotlib.pyplot as plt\n{code}"));
    let (line, files) = drawn("plt.plot([1, 2, 3], [4, 5, 6], label='up')\nplt.title('T')");
    assert_eq!((&line["kind"], &line["label"], files.as_str()), (&json!("line"), &json!("T"), "chart-1.png"));
    assert_eq!(
        (&line["x"]["values"], &line["series"][0]),
        (&json!([1, 2, 3]), &json!({ "name": "up", "values": [4, 5, 6] }))
    );
    let (bar, files) = drawn("plt.bar(['a', 'b'], [1, 2])\nplt.savefig('own.png')");
    assert_eq!(
        (&bar["x"]["values"], &bar["file"], files.as_str()),
        (&json!(["a", "b"]), &json!("own.png"), "own.png")
    );
    let (scatter, _) = drawn("plt.scatter([1, 2], [3, 4])");
    assert_eq!((&scatter["kind"], &scatter["series"][0]["values"]), (&json!("scatter"), &json!([3.0, 4.0])));
    let (pie, _) = drawn("plt.pie([1, 3], labels=['a', 'b'])");
    assert_eq!(
        (&pie["x"]["values"], &pie["series"][0]["values"]),
        (&json!(["a", "b"]), &json!([25.0, 75.0]))
    );
    let (histogram, _) = drawn("plt.hist([1, 1, 2, 5], bins=4)");
    assert_eq!(
        (&histogram["kind"], &histogram["series"][0]["values"]),
        (&json!("histogram"), &json!([2.0, 1.0, 0.0, 1.0]))
    );
    let (boxes, _) = drawn("plt.boxplot([[1, 2, 3, 4, 5], [2, 3, 4, 5, 6]])");
    assert_eq!((&boxes["kind"], &boxes["series"][2]["values"]), (&json!("box"), &json!([3.0, 4.0])));

    for code in [
        "import sys\nprint('x')\nsys.getrecursionlimit()",
        "x = 3",
        "None",
        "'what it is'",
        "5\nraise SystemExit(0)",
    ] {
        assert_eq!(results(&run(&server, "python", code)), [] as [Value; 0], "{code}");
    }
    // Nothing of the program is called once it has ended.
    let loud = "class Loud:\n    def __str__(self): print('told')\n    __repr__ = __str__\n";
    let alone = run(&server, "python", &format!("{loud}Loud()"));
    assert_eq!((results(&alone), &alone["stdout"]), (&[][..], &json!("")));
    let listed = run(&server, "python", &format!("import pandas\n{loud}pandas.DataFrame({{'a': [Loud()]}})"));
    assert_eq!((&results(&listed)[0]["rows"], &listed["stdout"]), (&json!([["<Loud>"]]), &json!("")));
    let long = only("list(range(3_000_000))").0;
    assert_eq!((&long["totalRows"], long["rows"].as_array().map(Vec::len)), (&json!(3_000_000), Some(1000)));
    let failed = run(&server, "python", "import matplotlib.pyplot as plt\nplt.plot([1])\n1 / 0");
    let why = json!({ "type": "error", "message": "ZeroDivisionError: division by zero" });
    assert_eq!((results(&failed), file_names(&failed).len()), (&[why][..], 0));
}

#[test]
fn charts_are_saved_as_svg_where_that_is_asked_for() {
    let house = Installation::new();
    let server = house.serve();
    let code = "import pandas as pd\nfrom matplotlib.figure import Figure\nfrom ringfence import chart, save\n\
                df = pd.DataFrame({'k': ['a', 'b'], 'v': [1, 2]})\nchart('bar', df, file='named.svg')\n\
                chart('bar', df)\nfigure = Figure()\nfigure.add_subplot().plot([1, 2])\nsave(figure, 'own.svg')";
    let asked = |env: Value| {
        let body = json!({ "language": "python", "code": code, "env": env, "limits": { "wallMs": 30000, "cpuMs": 30000 } });
        server.post("/v1/execute", &body).1
    };
    let plain = asked(json!({}));
    assert_eq!(file_names(&plain), ["chart-1.png", "named.svg", "own.svg"], "{plain:#}");
    let all = asked(json!({ "CHART_FORMAT": "svg" }));
    assert_eq!(file_names(&all), ["chart-1.svg", "named.svg", "own.svg"], "{all:#}");
    assert_eq!(
        (&results(&all)[0]["file"], &results(&all)[2]["name"]),
        (&json!("named.svg"), &json!("own.svg"))
    );
    let picture = |answer: &Value, at: usize| answer["files"][at]["content"].as_str().unwrap().to_owned();
    assert!(picture(&plain, 1).contains("<svg") && !picture(&plain, 1).contains("<dc:date>"));
    assert_eq!((picture(&plain, 1), picture(&plain, 2)), (picture(&all, 1), picture(&all, 2)));
    let wrong = run(&server, "python", "from ringfence import chart\nchart('bar', {'a': [1]}, file='a.gif')");
    assert!(wrong["stderr"].as_str().unwrap().contains("a picture is saved as .png or .svg, not as 'a.gif'"));
}

#[test]
fn no_svg_of_a_stranger_is_a_page_of_ours() {
    let house = Installation::new();
    let server = house.serve();
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let left = run(&server, "bash", &format!("echo \"{svg}\" > a.svg; echo \"{svg}\" > a.html"));
    let send = |method: &str, path: &str, body: &str| {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", server.url))
            .header("authorization", format!("Bearer {}", server.key))
            .header("accept", "text/html,image/svg+xml");
        agent().run(request.body(body.to_owned()).unwrap()).unwrap()
    };
    let sent: Value = send("POST", "/v1/files?name=a.svg", svg).body_mut().read_json().unwrap();
    let left = left["files"].as_array().unwrap().iter().map(|file| file["url"].as_str().unwrap().to_owned());
    for path in left.chain([format!("/v1/files/{}/content", sent["id"].as_str().unwrap())]) {
        let response = send("GET", &path, "");
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert!(header("content-disposition").starts_with("attachment; "), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox", "{path}");
    }
}

#[test]
fn the_chart_of_an_answer_is_saved_by_the_name_that_is_said() {
    let house = Installation::new();
    let path = house.path().join("books.csv");
    fs::write(&path, "zweig,mieter\nOst,3\nWest,4\n").unwrap();
    let ask = |question: &str, chart: &str| {
        let to = house.path().join("charts").join(chart);
        let words = ["ask", question, "--file", path.to_str().unwrap(), "--chart", to.to_str().unwrap()];
        let output = house.output(&words);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), fs::read(to).ok())
    };
    let (code, told, svg) = ask("bar chart of mieter by zweig", "a.svg");
    assert!(code == Some(0) && !told.contains("left behind"), "{told}");
    assert!(String::from_utf8(svg.unwrap()).unwrap().contains("<svg"));
    let (_, _, png) = ask("bar chart of mieter by zweig", "a.png");
    assert!(png.unwrap().starts_with(b"\x89PNG"));
    let (code, told, none) = ask("total mieter", "b.svg");
    assert_eq!((code, none), (Some(125), None));
    assert!(
        told.lines().last().unwrap().ends_with("b.svg is not written: no such chart was drawn, ask for one"),
        "{told}"
    );
    let (code, told, _) = ask("total mieter", "b.gif");
    assert!(code == Some(2) && told.contains("a chart is saved as .png or .svg"), "{told}");
}

#[test]
fn javascript_shows_as_well() {
    let house = Installation::new();
    let server = house.serve();
    for code in [
        "const { show, chart, save } = require('ringfence');",
        "import { show, chart, save } from 'ringfence';",
    ] {
        let answer = run(
            &server,
            "javascript",
            &format!(
                "{code}\nconst rows = [{{ k: 'a', v: 1 }}, {{ k: '=b', v: 2.5 }}];\n\
                 show(3, 'three', 'm'); show(rows); chart('bar', rows, 'k', 'v', 'T'); save(rows, 'out.csv');"
            ),
        );
        let shown = results(&answer);
        assert_eq!(shown[0], json!({ "type": "number", "value": 3, "label": "three", "unit": "m" }));
        assert_eq!(shown[1]["rows"], json!([["a", 1], ["=b", 2.5]]));
        assert_eq!(shown[2]["series"], json!([{ "name": "v", "values": [1, 2.5] }]));
        assert_eq!(shown[3]["name"], "out.csv");
        assert_eq!(answer["files"][0]["content"], "k,v\r\na,1\r\n'=b,2.5\r\n");
    }
}

#[test]
fn whatever_is_written_instead_is_no_error_of_ours() {
    let house = Installation::new();
    let server = house.serve();
    let name = ".ringfence-results.jsonl";
    for (code, notes) in [
        ("open(NAME, 'wb').write(bytes(range(256)) * 100)", true),
        ("open(NAME, 'w').write('[' * 500000)", true),
        ("open(NAME, 'w').write('{\"type\":\"number\",\"value\":1}\\n' * 40000)", true),
        ("open(NAME, 'w').write('{\"type\":\"text\",\"value\":\"\\\\u001b[2J\"}')", false),
        ("import os\nos.mkdir(NAME)", false),
        ("import os\nos.symlink('/etc/passwd', NAME)", false),
    ] {
        let answer = run(&server, "python", &format!("NAME = '{name}'\n{code}\nNone"));
        assert_eq!(answer["status"], "succeeded", "{answer:#}");
        assert_eq!(answer.get("notes").is_some(), notes, "{code}: {:?}", answer.get("notes"));
        assert!(results(&answer).len() <= 50 && !answer["results"].to_string().contains("\\u001b"), "{code}");
        assert!(!file_names(&answer).contains(&name), "{code}");
    }
}

#[test]
fn a_conversation_goes_on_with_its_file() {
    let house = Installation::new();
    let path = house.path().join("books.csv");
    fs::write(&path, "zweig,mieter\nOst,3\nWest,4\n").unwrap();
    let first = house.output(&["ask", "total mieter", "--json", "--file", path.to_str().unwrap()]);
    let first: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!((&first["decision"], first["value"].as_f64()), (&json!("answered"), Some(7.0)));
    let session = first["sessionId"].as_str().unwrap();
    let next = house.output(&["ask", "how many rows are there", "--json", "--session", session]);
    let next: Value = serde_json::from_slice(&next.stdout).unwrap();
    assert_eq!((&next["sessionId"], next["value"].as_f64()), (&first["sessionId"], Some(2.0)));
    let refused = house.output(&["ask", "please write a poem", "--json", "--session", session]);
    let told: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&told["decision"], &told["sessionId"]), (&json!("refused"), &first["sessionId"]));
    let nobody = "01890000-0000-7000-8000-000000000000";
    let missing = house.output(&["ask", "total mieter", "--session", nobody]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no such session"));
}

#[test]
fn a_conversation_is_listed_and_deleted_by_its_owner() {
    let house = Installation::new();
    let server = house.serve();
    let key = |user: &str| {
        let made = house.output(&["keys", "create", "--user", user, "--tenant", "acme"]);
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (ana, ben) = (key("ana"), key("ben"));
    let send = |key: &str, method: &str, path: &str, body: &Value| {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", server.url))
            .header("x-api-key", key)
            .header("content-type", "application/json");
        let mut response = agent().run(request.body(body.to_string()).unwrap()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    };
    let get = |key: &str, path: &str| send(key, "GET", path, &json!({}));
    let question =
        json!({ "question": "total mieter", "files": [{ "name": "b.csv", "content": "mieter\n3\n4\n" }] });
    let (_, first) = send(&ana, "POST", "/v1/ask", &question);
    let (session, run) = (first["sessionId"].as_str().unwrap(), first["id"].as_str().unwrap());
    let (_, next) =
        send(&ana, "POST", "/v1/ask", &json!({ "question": "how many rows", "sessionId": session }));
    assert_eq!(next["value"].as_f64(), Some(2.0), "{next:#}");
    let listed = get(&ana, "/v1/sessions").1;
    let entry = &listed["data"][0];
    assert_eq!((&entry["id"], &entry["title"]), (&json!(session), &json!("total mieter")));
    assert_eq!((&entry["questions"], listed["data"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    let path = format!("/v1/sessions/{session}");
    let shown = get(&ana, &path).1;
    assert_eq!(
        (&shown["turns"][0]["run"], &shown["turns"][1]["question"]),
        (&json!(run), &json!("how many rows"))
    );
    // Nobody else's: as if there were none.
    assert_eq!(get(&ben, "/v1/sessions").1["data"], json!([]));
    for (key, method) in [(&ben, "GET"), (&ben, "DELETE")] {
        let (status, problem) = send(key, method, &path, &json!({}));
        assert_eq!((status, &problem["code"]), (404, &json!("session_not_found")), "{method}");
    }
    let delete = || send(&ana, "DELETE", &path, &json!({})).0;
    assert!(get(&ana, &format!("/v1/runs/{run}")).1["answer"].is_object());
    assert_eq!((delete(), delete(), get(&ana, &path).0), (204, 404, 404));
    let after = get(&ana, &format!("/v1/runs/{run}")).1;
    assert_eq!((&after["status"], &after["answer"]), (&json!("succeeded"), &json!(null)), "{after:#}");
    let (status, problem) =
        send(&ana, "POST", "/v1/ask", &json!({ "question": "total", "sessionId": session }));
    assert_eq!((status, &problem["code"]), (404, &json!("session_not_found")));

    // The same on the command line, for an owner that is named.
    let (_, again) = send(&ben, "POST", "/v1/ask", &question);
    let session = again["sessionId"].as_str().unwrap();
    let sessions = |words: &[&str]| {
        let output = house.output(&[&["sessions"], words, &["--user", "ben", "--tenant", "acme"]].concat());
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let table = sessions(&["list"]).1;
    assert!(table.lines().nth(1).unwrap().starts_with(session) && table.contains("total mieter"), "{table}");
    assert_eq!(sessions(&["delete", session]).0, Some(0));
    let (code, told) = sessions(&["delete", session]);
    assert!(code == Some(125) && told.starts_with("ringfence: there is no session"), "{told}");
    assert_eq!(sessions(&["list", "--json"]).1.trim(), "[]");
}

#[test]
fn a_conversation_has_a_budget_of_its_own() {
    let house = Installation::new();
    let path = house.path().join("books.csv");
    fs::write(&path, "zweig,mieter\nOst,3\nWest,4\n").unwrap();
    let ask = |more: &[&str]| {
        let output = house.output(&[&["ask", "total mieter", "--json"], more].concat());
        (
            serde_json::from_slice::<Value>(&output.stdout),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let first = ask(&["--file", path.to_str().unwrap()]).0.unwrap();
    let session = first["sessionId"].as_str().unwrap();
    let scope = format!("session:{session}");
    let ours = ["--tenant", "local"];
    let limit = [&["budget", "set", &scope, "--period", "total", "--runs", "1"], &ours[..]].concat();
    assert!(house.output(&limit).status.success());
    let usage = house.output(&[&["budget", "usage", "--by", "session", "--json"], &ours[..]].concat());
    let usage = String::from_utf8_lossy(&usage.stdout);
    assert!(usage.contains(session), "{usage}");
    // The first question was the run that it may cost; another conversation has its own.
    let (_, refused) = ask(&["--session", session]);
    assert!(refused.contains(&scope), "{refused}");
    assert_eq!(ask(&["--file", path.to_str().unwrap()]).0.unwrap()["decision"], "answered");
}
