//! What hostile and broken clients send: one form of refusal, nothing executed or charged, memory flat.
//!
//! Everything goes through a plain socket, for no client library would send it.

mod bodies;
mod clients;
mod framing;
mod memory;
mod wire;

use ringfence_tests::{Installation, Server};
use serde_json::Value;
use wire::Reply;

/// An installation and its server, which is asked in the end whether anything happened.
struct House {
    installation: Installation,
    server: Server,
}

impl House {
    fn open() -> House {
        House::with("")
    }

    /// Opens it with this configuration, in TOML.
    fn with(config: &str) -> House {
        let installation = Installation::new();
        let server = installation.serve_with(config);
        House { installation, server }
    }

    /// A request with the key and a JSON body.
    fn post(&self, path: &str, body: &[u8]) -> Reply {
        let head = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        self.send("POST", path, &head, body)
    }

    /// A request with the key; `head` is header lines, each with its end.
    fn send(&self, method: &str, path: &str, head: &str, body: &[u8]) -> Reply {
        wire::exchange(&self.server.url, &self.request(method, path, head, body))
    }

    fn request(&self, method: &str, path: &str, head: &str, body: &[u8]) -> Vec<u8> {
        let line = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        let head = format!("{line}authorization: Bearer {}\r\n{head}\r\n", self.server.key);
        [head.as_bytes(), body].concat()
    }

    /// Fails if anything was executed or charged, or if the server does not work any more.
    fn nothing_happened(&self) {
        let output = self.installation.output(&["keys", "list", "--json"]);
        let keys: Value = serde_json::from_slice(&output.stdout).expect("a list of keys");
        for key in keys.as_array().expect("a list") {
            for what in ["spent", "reserved"] {
                assert_eq!(key[what]["runs"], 0, "{key}");
            }
        }
        let reply = self.post("/v1/execute", br#"{"language":"bash","code":"echo sound"}"#);
        assert_eq!((reply.status, reply.json()["stdout"].as_str()), (200, Some("sound\n")), "{reply:?}");
    }
}
