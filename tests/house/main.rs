//! The house rules, as tests: who may depend on whom, and where the sharp tools are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// What each crate may depend on among ours: `job <- sandbox, tables, facts, pipeline <- authors, store
/// <- server <- cli`.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("job", &[]),
    ("sandbox", &["job"]),
    ("tables", &["job"]),
    ("facts", &[]),
    ("pipeline", &["job"]),
    ("authors", &["job", "pipeline"]),
    ("store", &["job", "pipeline"]),
    ("server", &["job", "pipeline", "store"]),
    ("cli", &["job", "sandbox", "tables", "facts", "pipeline", "authors", "store", "server"]),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(ringfence_tests::root())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// Our crates and their ordinary dependencies among ours, without the common prefix.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let ours = |name: &str| name.strip_prefix("ringfence-").map(str::to_owned);
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .filter_map(|package| {
            let dependencies = package["dependencies"].as_array()?;
            let ordinary = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
            let names = ordinary.filter_map(|dependency| ours(dependency["name"].as_str()?)).collect();
            Some((ours(package["name"].as_str()?)?, names))
        })
        .collect()
}

#[test]
fn dependencies_run_one_way() {
    let edges = edges();
    for (name, allowed) in ALLOWED {
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let extra: Vec<_> = edges[name].difference(&allowed).collect();
        assert!(extra.is_empty(), "{name} may not depend on {extra:?}");
    }
    let outside = ["tests", "benches"];
    let unknown: Vec<_> = edges
        .keys()
        .filter(|name| !outside.contains(&name.as_str()) && !ALLOWED.iter().any(|(known, _)| known == name))
        .collect();
    assert!(unknown.is_empty(), "say in this test where {unknown:?} belongs");
}

#[test]
fn only_the_binary_links_pipeline_and_sandbox() {
    let both: Vec<String> = edges()
        .into_iter()
        .filter(|(_, uses)| uses.contains("pipeline") && uses.contains("sandbox"))
        .map(|(name, _)| name)
        .collect();
    // The record is measured with real runs; nothing of that is shipped.
    assert_eq!(both, ["benches", "cli"]);
}

#[test]
fn no_default_feature_weakens_the_jail() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let default = &package["features"]["default"];
        assert!(!default.to_string().contains("weaken"), "{}", package["name"]);
    }
}

fn sources() -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for directory in ["crates", "tests", "benches"] {
        walk(&ringfence_tests::root().join(directory), &mut found);
    }
    found
}

#[test]
fn unsafe_code_is_in_one_file() {
    let keyword = format!("{} {{", "unsafe");
    let function = format!("{} fn", "unsafe");
    // The second is no part of the product: it attacks it.
    let exempt = ["crates/sandbox/src/sys.rs", "tests/src/bin/ringfence-probe.rs"];
    let others = |path: &PathBuf| !exempt.iter().any(|exempt| path.ends_with(exempt));
    for path in sources().into_iter().filter(others) {
        let text = fs::read_to_string(&path).expect("a source file");
        let sharp = text.lines().find(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains(&keyword) || code.contains(&function)
        });
        assert!(sharp.is_none(), "{}: {sharp:?}", path.display());
    }
}

#[test]
fn every_file_opens_with_a_sentence() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source file");
        assert!(text.starts_with("//! "), "{} does not say what it is", path.display());
    }
}

#[test]
fn every_crate_follows_the_lints() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let text = fs::read_to_string(manifest).expect("a manifest");
        assert!(text.contains("[lints]\nworkspace = true"), "{manifest}");
    }
}
