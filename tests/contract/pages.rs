//! The description and its viewer as a browser gets them.

use ringfence_tests::{Installation, Server, agent};

/// Headers and text of an answer to a request that shows no key.
fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> (u16, ureq::http::HeaderMap, String) {
    let mut request = agent().get(format!("{}{path}", server.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().unwrap();
    let text = response.body_mut().with_config().limit(16 * 1024 * 1024).read_to_string().unwrap();
    (response.status().as_u16(), response.headers().clone(), text)
}

#[test]
fn the_viewer_asks_nobody_else() {
    let server = Installation::new().serve();
    let (status, headers, page) = get(&server, "/docs", &[]);
    assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    let policy = headers["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("://") && !policy.contains('*'), "{policy}");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert!(!page.contains("//") && !page.contains("<script>") && !page.contains("style="), "{page}");
    let quoted: Vec<&str> = page.split('"').filter(|text| text.starts_with("docs/")).collect();
    assert_eq!(quoted, ["docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/start.js"]);
    for name in quoted {
        let (status, headers, text) = get(&server, &format!("/{name}"), &[]);
        assert_eq!((status, headers["content-security-policy"].to_str().unwrap()), (200, policy), "{name}");
        let kind = if name.ends_with(".css") { "text/css" } else { "text/javascript" };
        assert!(headers["content-type"].to_str().unwrap().starts_with(kind), "{name}");
        assert!(text.len() > 100, "{name}");
        // The bundle names namespaces; that it loads nothing is up to the policy of the page.
        let loads = ["url(http", "url(//", "@import", "importScripts("];
        assert!(loads.iter().all(|load| !text.contains(load)), "{name}");
    }
    let (_, _, start) = get(&server, "/docs/start.js", &[]);
    for setting in ["persistAuthorization: false", "validatorUrl: null", "queryConfigEnabled: false"] {
        assert!(start.contains(setting), "{start}");
    }
    for other in ["/docs/", "/docs/index.html", "/docs/swagger-ui.css.map", "/docs/..%2Fopenapi.json"] {
        assert_eq!(get(&server, other, &[]).0, 404, "{other}");
    }
}

#[test]
fn what_a_client_has_is_not_sent_again() {
    let server = Installation::new().serve();
    for path in ["/openapi.json", "/docs", "/docs/swagger-ui.css"] {
        let (status, headers, text) = get(&server, path, &[]);
        assert_eq!((status, &headers["cache-control"]), (200, &"no-cache".parse().unwrap()), "{path}");
        assert!(!text.is_empty());
        let tag = headers["etag"].to_str().unwrap();
        let weak = format!("\"other\", W/{tag}");
        for (had, expected) in [(tag, 304), (&weak, 304), ("*", 304), ("\"other\"", 200)] {
            let (status, headers, text) = get(&server, path, &[("if-none-match", had)]);
            assert_eq!((status, headers["etag"].to_str().unwrap()), (expected, tag), "{path} {had}");
            assert_eq!(text.is_empty(), expected == 304);
        }
    }
    let (_, headers, _) = get(&server, "/health", &[]);
    assert_eq!(headers["cache-control"], "no-store");
}
