//! The API and its description (OpenAPI): each is tried against the other.

mod description;
mod pages;
mod routes;
mod server;
mod tenants;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use ringfence_tests::{Installation, Server, root};
use serde_json::{Map, Value};

/// The Python environment of `scripts/contract.sh`; none where it could not be made.
struct Tools(PathBuf);

impl Tools {
    fn find() -> Option<Tools> {
        let directory = std::env::var_os("RINGFENCE_CONTRACT_DIR")
            .map_or_else(|| root().join(".ringfence/contract"), PathBuf::from);
        let found = directory.join("requirements.lock").exists().then_some(Tools(directory));
        if found.is_none() {
            eprintln!("skipped: schemathesis is not installed; make contract says why");
        }
        found
    }

    /// A program of the environment that works in `directory`.
    fn command(&self, name: &str, directory: &Path) -> Command {
        let mut command = Command::new(self.0.join("bin").join(name));
        command.current_dir(directory).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", directory);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The description that a server serves to anyone.
fn served(server: &Server) -> Value {
    let (status, description) = server.get("/openapi.json");
    assert_eq!(status, 200);
    description
}

/// One thing that can be asked of the API.
struct Operation<'a> {
    path: &'a str,
    method: String,
    told: &'a Map<String, Value>,
}

/// Every operation of a description.
fn operations(description: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, told) in item.as_object().expect("a path item") {
            let told = told.as_object().expect("an operation");
            found.push(Operation { path, method: method.to_uppercase(), told });
        }
    }
    found
}

/// A new key of a tenant of its own.
fn key_of(house: &Installation, tenant: &str) -> String {
    let amounts = ["--runs", "1000000", "--sandbox-seconds", "1000000"];
    let words = ["keys", "create", "--user", tenant, "--tenant", tenant, "--admin"];
    let output = house.output(&[&words[..], &amounts[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
