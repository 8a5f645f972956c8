//! Schemathesis tries the server: examples, edge cases, invented requests and sequences of them, for two
//! tenants; every answer is held to the description.

use std::fs;

use ringfence_tests::{Installation, Server, agent, root};
use serde_json::{Value, json};

use crate::{Tools, key_of, served};

/// Requests that are invented for each operation, unless `RINGFENCE_CONTRACT_EXAMPLES` says how many.
const EXAMPLES: &str = "25";

/// Many requests in a row are what this is about.
const CONFIG: &str =
    "[rate_limits]\nkey_per_minute = 0\naddress_per_minute = 0\nunknown_keys_per_minute = 0\n";

/// What requests name as an upload; hooks.py knows it too.
const UPLOAD: &str = "for the contract";

/// A place where schemathesis works, with its configuration and what is tried.
struct Trial<'a> {
    tools: &'a Tools,
    server: &'a Server,
    directory: tempfile::TempDir,
}

impl<'a> Trial<'a> {
    /// The keys are those of two users who must not see each other's things.
    fn new(tools: &'a Tools, server: &'a Server, description: &Value, keys: [&str; 2]) -> Trial<'a> {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| fs::write(directory.path().join(name), content).unwrap();
        for name in ["schemathesis.toml", "hooks.py"] {
            write(name, &fs::read(root().join("tests/contract").join(name)).unwrap());
        }
        let user = |(name, key): (&str, &str)| {
            let header = json!({ "name": "Authorization", "value": format!("Bearer {key}") });
            json!({ "name": name, "fixedHeaders": [header] })
        };
        let users: Vec<Value> = ["one", "two"].into_iter().zip(keys).map(user).collect();
        write("users.json", json!({ "auth": users }).to_string().as_bytes());
        write("openapi.json", description.to_string().as_bytes());
        Trial { tools, server, directory }
    }

    /// Whether nothing was found, and the report.
    fn run(&self, more: &[&str]) -> (bool, String) {
        let output = self
            .tools
            .command("schemathesis", self.directory.path())
            .args(["run", "openapi.json", "--no-color", "--url", &self.server.url])
            .args(more)
            .output()
            .unwrap();
        let report = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&report).into_owned())
    }
}

fn serve(house: &Installation) -> Server {
    house.serve_with(CONFIG)
}

/// Two keys of tenants that both have an upload.
fn keys(house: &Installation, server: &Server) -> [String; 2] {
    ["one", "two"].map(|tenant| {
        let key = key_of(house, tenant);
        let request = agent().post(format!("{}/v1/files", server.url)).header("x-api-key", &key);
        assert_eq!(request.send(UPLOAD).unwrap().status(), 201);
        key
    })
}

/// The description with every object closed: what an answer holds and the description does not name is found.
fn closed(mut description: Value) -> Value {
    let open = description["components"]["schemas"].clone();
    close(&open, &mut description["components"]["schemas"]);
    close(&open, &mut description["paths"]);
    description
}

/// Closes the objects in a part of a description.
fn close(open: &Value, part: &mut Value) {
    // What is put together of parts becomes one object, as a closed part would refuse the others.
    if part["allOf"].is_array() {
        let mut whole = json!({ "type": "object", "properties": {}, "required": [] });
        put_together(open, part, &mut whole);
        *part = whole;
    }
    match part {
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| close(open, field));
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close(open, item)),
        _ => {}
    }
}

/// Adds what an object's parts say to `whole`.
fn put_together(open: &Value, part: &Value, whole: &mut Value) {
    let reference = part["$ref"].as_str().and_then(|text| text.rsplit('/').next());
    let part = reference.map_or(part, |name| &open[name]);
    for part in part["allOf"].as_array().into_iter().flatten() {
        put_together(open, part, whole);
    }
    let properties = part["properties"].as_object().cloned().unwrap_or_default();
    whole["properties"].as_object_mut().unwrap().extend(properties);
    let required = part["required"].as_array().cloned().unwrap_or_default();
    whole["required"].as_array_mut().unwrap().extend(required);
}

#[test]
fn keeps_to_its_description() {
    let Some(tools) = Tools::find() else { return };
    let house = Installation::new();
    let server = serve(&house);
    let keys = keys(&house, &server);
    let trial = Trial::new(&tools, &server, &closed(served(&server)), [&keys[0], &keys[1]]);
    let examples = std::env::var("RINGFENCE_CONTRACT_EXAMPLES").unwrap_or_else(|_| EXAMPLES.to_owned());
    let (clean, report) = trial.run(&["--max-examples", &examples]);
    assert!(clean, "{report}");
    for phase in ["Examples", "Coverage", "Fuzzing", "Stateful"] {
        assert!(report.contains(&format!("✅ {phase}")), "{phase} was not tried: {report}");
    }
    assert!(report.contains("Tested: "), "{report}");
    // Neither has ended its own key, after which nothing more would have been tried.
    for key in keys {
        let shown = agent().get(format!("{}/v1/runs", server.url)).header("x-api-key", key).call().unwrap();
        assert_eq!(shown.status(), 200);
    }
}

/// A description that is wrong in one place, and the name of the check that finds it.
type Wrong = (&'static str, fn(&mut Value), &'static str);

const WRONG: [Wrong; 4] = [
    (
        "a type",
        |description| {
            description["components"]["schemas"]["Answer"]["properties"]["exitCode"] =
                json!({ "type": "string" })
        },
        "Response violates schema",
    ),
    (
        "a field that is not described",
        |description| {
            let answer = &mut description["components"]["schemas"]["Answer"];
            answer["properties"].as_object_mut().unwrap().remove("duration");
            answer["required"].as_array_mut().unwrap().retain(|name| name != "duration");
        },
        "Response violates schema",
    ),
    (
        "a status",
        |description| {
            let responses = &mut description["paths"]["/v1/execute"]["post"]["responses"];
            responses.as_object_mut().unwrap().remove("400");
        },
        "Undocumented status code",
    ),
    (
        "a key that is not asked for",
        |description| {
            let operation = &mut description["paths"]["/health"]["get"];
            operation.as_object_mut().unwrap().remove("security");
        },
        "API accepts requests without authentication",
    ),
];

#[test]
fn wrong_descriptions_are_found() {
    let Some(tools) = Tools::find() else { return };
    let house = Installation::new();
    let server = serve(&house);
    let keys = keys(&house, &server);
    let only = ["--include-path", "/v1/execute", "--include-path", "/health", "--max-examples", "10"];
    for (what, spoil, finding) in WRONG {
        let mut description = served(&server);
        spoil(&mut description);
        let trial = Trial::new(&tools, &server, &closed(description), [&keys[0], &keys[1]]);
        let (clean, report) = trial.run(&[&only[..], &["--phases", "examples,fuzzing"]].concat());
        assert!(!clean && report.contains(finding), "{what} was not found: {report}");
    }
}

#[test]
fn a_thing_that_another_user_sees_is_found() {
    let Some(tools) = Tools::find() else { return };
    let house = Installation::new();
    let server = serve(&house);
    // Two users of one tenant see the same things; without a list of them that looks like a hole.
    let key = key_of(&house, "one");
    let mut description = served(&server);
    description["paths"].as_object_mut().unwrap().remove("/v1/runs");
    let trial = Trial::new(&tools, &server, &description, [&key, &key]);
    let (clean, report) = trial.run(&["--phases", "stateful", "--max-examples", "10"]);
    assert!(!clean && report.contains("received the"), "{report}");
}
