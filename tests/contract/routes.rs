//! Every route is described, and every description served.

use std::{collections::BTreeSet, fs};

use ringfence_tests::{Installation, agent, root};
use ureq::http::Request;

use crate::{operations, served};

/// Methods that are tried on every path.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

#[test]
fn paths_take_the_described_methods_and_no_others() {
    let server = Installation::new().serve();
    let description = served(&server);
    let operations = operations(&description);
    for (path, item) in description["paths"].as_object().unwrap() {
        let url = format!("{}{}", server.url, path.replace(['{', '}'], ""));
        let mut described: BTreeSet<&str> = operations
            .iter()
            .filter(|operation| operation.path == path)
            .map(|operation| operation.method.as_str())
            .collect();
        assert_eq!(described.len(), item.as_object().unwrap().len());
        if described.contains("GET") {
            described.insert("HEAD");
        }
        for method in METHODS {
            let request = Request::builder().method(method).uri(&url).body(()).unwrap();
            let mut response = agent().run(request).unwrap();
            let status = response.status().as_u16();
            let text = response.body_mut().read_to_string().unwrap();
            if described.contains(method) {
                // Without a key, or with nothing that there is; but it gets that far.
                assert!(![405, 501].contains(&status), "{method} {path}: {status}");
                // A page that is not there, and what is off unless the operator wants it.
                let absent = ["/docs/{name}", "/api/keys/create"].contains(&path.as_str());
                assert!(!text.contains("nothing at this path") || absent, "{method} {path}");
                continue;
            }
            assert_eq!(status, 405, "{method} {path} is not described");
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{method} {path}");
            let allow = response.headers()["allow"].to_str().unwrap();
            assert_eq!(allow.split(',').collect::<BTreeSet<_>>(), described, "{method} {path}");
        }
    }
}

/// The router itself does not tell its routes, so what could add one without a description is not used.
#[test]
fn routes_are_only_added_with_their_description() {
    let text = fs::read_to_string(root().join("crates/server/src/routes.rs")).unwrap();
    assert!(text.contains(".routes(routes!("));
    for way in [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge(", ".fallback_service("] {
        assert!(!text.contains(way), "routes.rs uses {way}, which adds what is not described");
    }
}
