//! What the description says: valid, complete, and the one in the tree.

use std::collections::BTreeSet;

use ringfence_tests::{Installation, root};
use serde_json::Value;

use crate::{Tools, operations};

/// What `ringfence openapi` prints.
fn printed() -> Value {
    let output = Installation::new().output(&["openapi"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_one_in_the_tree_is_up_to_date() {
    let kept = std::fs::read(root().join("docs/openapi.json")).expect("docs/openapi.json");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert!(kept == printed(), "docs/openapi.json is out of date, run: make openapi");
}

#[test]
fn it_is_valid() {
    let Some(tools) = Tools::find() else { return };
    let directory = tempfile::tempdir().unwrap();
    let check = |description: &Value| {
        std::fs::write(directory.path().join("openapi.json"), description.to_string()).unwrap();
        tools.command("openapi-spec-validator", directory.path()).arg("openapi.json").output().unwrap()
    };
    let mut description = printed();
    assert_eq!(description["openapi"], "3.1.0");
    let output = check(&description);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    description["paths"]["/health"]["get"]["responses"] = Value::Null;
    assert!(!check(&description).status.success(), "the validator finds what is wrong");
}

#[test]
fn every_operation_says_what_a_client_needs() {
    let description = printed();
    let tags: Vec<&Value> = description["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for operation in operations(&description) {
        let (told, name) = (operation.told, format!("{} {}", operation.method, operation.path));
        assert!(ids.insert(told["operationId"].as_str().unwrap()), "{name}: an operationId of its own");
        assert!(told["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{name}: a sentence");
        let of = told["tags"].as_array().unwrap();
        assert!(!of.is_empty() && of.iter().all(|tag| tags.contains(&tag)), "{name}: known tags, {of:?}");
        let responses = told["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}: a success");
        for (status, response) in responses {
            let response = resolved(&description, response);
            assert!(!response["headers"]["X-Request-Id"].is_null(), "{name}: {status} without X-Request-Id");
            let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
            // Whether the service works is no problem of a request.
            let health = ["/health", "/health/deep", "/readyz"].contains(&operation.path) && status == "503";
            if status.starts_with(['4', '5']) && !health {
                assert_eq!(problem, "#/components/schemas/Problem", "{name}: {status}");
            }
        }
        let answers = |status: &str| responses.contains_key(status);
        // Without a word of its own, an operation needs what all need: a key.
        let keyed = !told.contains_key("security") && !description["security"].is_null();
        let needs_key = operation.path.starts_with("/v1/") || operation.path == "/metrics";
        assert_eq!(keyed, needs_key, "{name}: security");
        assert!(answers("500") && answers("401") == keyed, "{name}: failures");
        if let Some(body) = told.get("requestBody") {
            assert!(["400", "408", "411", "413", "415"].iter().all(|status| answers(status)), "{name}");
            for (media_type, content) in body["content"].as_object().unwrap() {
                if media_type != "application/json" {
                    continue;
                }
                let example = content.get("example").or_else(|| content.get("examples"));
                assert!(example.is_some(), "{name}: an example of {media_type}");
                let schema = resolved(&description, &content["schema"]);
                assert_eq!(schema["additionalProperties"], false, "{name}: unknown fields are refused");
            }
        }
        if operation.path.contains('{') {
            assert!(answers("404"), "{name}: what is not there");
        }
    }
    for (name, schema) in description["components"]["schemas"].as_object().unwrap() {
        for required in schema["required"].as_array().into_iter().flatten() {
            let told = schema["properties"].get(required.as_str().unwrap());
            assert!(told.is_some(), "{name} requires {required} and does not say what it is");
        }
    }
}

/// What a reference stands for.
fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => description.pointer(reference.trim_start_matches('#')).expect("a referent"),
        None => value,
    }
}
