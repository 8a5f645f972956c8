//! What each runtime is made of: the declarations under `runtimes/`, compiled into the binary.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Names one runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// `runtimes/python`.
    Python,
    /// `runtimes/javascript`.
    JavaScript,
    /// `runtimes/shell`.
    Shell,
}

impl Name {
    /// Every runtime, the quickest to build first.
    pub const ALL: [Name; 3] = [Name::Shell, Name::JavaScript, Name::Python];

    /// The name of its directory.
    pub fn as_str(self) -> &'static str {
        match self {
            Name::Python => "python",
            Name::JavaScript => "javascript",
            Name::Shell => "shell",
        }
    }

    fn declaration(self) -> &'static str {
        match self {
            Name::Python => include_str!("../../../../runtimes/python/runtime.toml"),
            Name::JavaScript => include_str!("../../../../runtimes/javascript/runtime.toml"),
            Name::Shell => include_str!("../../../../runtimes/shell/runtime.toml"),
        }
    }

    /// The files that decide what a build of this runtime produces.
    pub(super) fn inputs(self) -> Vec<&'static str> {
        match self {
            Name::Python => {
                vec![
                    self.declaration(),
                    REQUIREMENTS,
                    INSTALLER,
                    QUERY,
                    BAKE,
                    CHECK,
                    PYTHON_START,
                    PYTHON_SCRIPT,
                    PYTHON_ZYGOTE,
                    PYTHON_RESULTS,
                ]
            }
            Name::JavaScript => {
                vec![
                    self.declaration(),
                    NODE_PACKAGE,
                    NODE_LOCK,
                    NODE_START,
                    NODE_WARM,
                    NODE_PRACTICE,
                    NODE_RESULTS,
                    NODE_BAKE,
                    NODE_CHECK,
                ]
            }
            Name::Shell => vec![self.declaration(), SHELL_START],
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Name::ALL.into_iter().find(|name| name.as_str() == text);
        known.ok_or_else(|| {
            let names = Name::ALL.map(Name::as_str).join(", ");
            format!("unknown runtime {text:?}, use one of: {names}")
        })
    }
}

/// The libraries of the Python runtime, each file with its hash.
pub(super) const REQUIREMENTS: &str = include_str!("../../../../runtimes/python/requirements.lock");
/// The program that installs them, each file with its hash.
pub(super) const INSTALLER: &str = include_str!("../../../../runtimes/python/uv.lock");
/// The module by which a program shows what it came to.
pub(super) const NODE_RESULTS: &str = include_str!("../../../../runtimes/javascript/ringfence.cjs");
/// Asks an interpreter where its parts are.
pub(super) const QUERY: &str = include_str!("../../../../runtimes/python/query.py");
/// Prepares what a read-only tree cannot prepare for itself.
pub(super) const BAKE: &str = include_str!("../../../../runtimes/python/bake.py");
/// Imports what is promised.
pub(super) const CHECK: &str = include_str!("../../../../runtimes/python/check.py");

/// Has a Python started ahead wait for its program.
pub(super) const PYTHON_START: &str = include_str!("../../../../runtimes/python/start.py");
/// Starts a Python with its program.
pub(super) const PYTHON_SCRIPT: &str = include_str!("../../../../runtimes/python/script.py");
/// The module by which a program shows what it came to.
pub(super) const PYTHON_RESULTS: &str = include_str!("../../../../runtimes/python/ringfence.py");
/// Has a Python fork guests.
pub(super) const PYTHON_ZYGOTE: &str = include_str!("../../../../runtimes/python/zygote.py");
/// Has a Bash started ahead wait for its program.
pub(super) const SHELL_START: &str = include_str!("../../../../runtimes/shell/start.sh");

/// The package that compiles TypeScript.
pub(super) const NODE_PACKAGE: &str = include_str!("../../../../runtimes/javascript/package.json");
/// Its version and hash.
pub(super) const NODE_LOCK: &str = include_str!("../../../../runtimes/javascript/package-lock.json");
/// What a jail's Node loads before the program.
pub(super) const NODE_START: &str = include_str!("../../../../runtimes/javascript/start.cjs");
/// What a Node started ahead of its program loads.
pub(super) const NODE_WARM: &str = include_str!("../../../../runtimes/javascript/warm.cjs");
/// A program that it compiles and runs for practice.
pub(super) const NODE_PRACTICE: &str = include_str!("../../../../runtimes/javascript/practice.ts");
/// Puts the compiler into the tree.
pub(super) const NODE_BAKE: &str = include_str!("../../../../runtimes/javascript/bake.cjs");
/// A program that needs what is promised.
pub(super) const NODE_CHECK: &str = include_str!("../../../../runtimes/javascript/check.ts");

/// One `runtime.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) language: String,
    /// The program and its first arguments; the script's path follows.
    pub(super) command: Vec<String>,
    /// The file name the script gets.
    pub(super) code_name: String,
    pub(super) warm: Warm,
    pub(super) env: BTreeMap<String, String>,
    /// By the Debian package that holds the commands.
    pub(super) packages: BTreeMap<String, Package>,
    pub(super) python: Option<Python>,
    pub(super) node: Option<Node>,
}

/// How a runtime's program is started before there is one, to wait for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warm {
    /// The program and its first arguments; the script's path follows.
    pub command: Vec<String>,
    /// Added to the environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Whether a script's arguments can be told later.
    #[serde(default)]
    pub takes_args: bool,
}

/// Commands that come together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    #[serde(default)]
    pub(super) commands: Vec<String>,
    /// Files and directories beside the commands, taken where the host has them.
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// Whether the tree is complete without it.
    #[serde(default)]
    pub(super) optional: bool,
}

/// The interpreter and what is left out of its standard library.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Python {
    /// The first version accepted, as major and minor.
    pub(super) min: (u32, u32),
    /// The first version no longer accepted.
    pub(super) below: (u32, u32),
    /// Patterns relative to the standard library; one `*` matches within a name.
    pub(super) without: Vec<String>,
    /// Modules that must import.
    pub(super) imports: Vec<String>,
}

/// Which Node is copied.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    /// The first release accepted of a major version, as major and minor, in order; those after the last are.
    pub(super) min: Vec<(u32, u32)>,
}

/// Reads the declaration of a runtime.
pub(super) fn spec(name: Name) -> Spec {
    toml::from_str(name.declaration()).expect("a unit test reads every runtime.toml of this build")
}

/// The installer's pinned version, for the name of its directory.
pub(super) fn installer_version() -> &'static str {
    let pinned = INSTALLER.lines().find_map(|line| line.strip_prefix("uv=="));
    pinned.and_then(|rest| rest.split_whitespace().next()).expect("uv.lock pins uv, a unit test reads it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declaration_is_complete() {
        for name in Name::ALL {
            let spec = spec(name);
            assert_eq!(spec.name, name.as_str());
            assert_eq!(name.as_str().parse(), Ok(name));
            assert!(spec.command[0].starts_with("/usr/bin/"), "{name}");
            assert!(spec.env.contains_key("PATH"), "{name}");
            assert_eq!(spec.python.is_some(), name == Name::Python);
            assert_eq!(spec.node.is_some(), name == Name::JavaScript);
        }
        assert!(installer_version().starts_with(|c: char| c.is_ascii_digit()));
    }

    #[test]
    fn every_library_is_locked_by_hash_and_names_no_index() {
        for line in REQUIREMENTS.lines().chain(INSTALLER.lines()).map(str::trim) {
            let requirement = line.split_once("==").is_some_and(|(name, _)| !name.contains(' '));
            assert!(requirement || line.starts_with("--hash=sha256:"), "unexpected line {line:?}");
        }
    }

    #[test]
    fn every_package_is_locked_by_hash_and_names_no_registry() {
        let lock: serde_json::Value = serde_json::from_str(NODE_LOCK).unwrap();
        let asked: serde_json::Value = serde_json::from_str(NODE_PACKAGE).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert_eq!(packages[""]["dependencies"], asked["dependencies"]);
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")), "{name}");
            assert!(package["resolved"].is_null(), "{name}");
        }
        assert!(!NODE_LOCK.contains("://"));
    }

    #[test]
    fn every_library_asked_for_is_locked() {
        let asked = include_str!("../../../../runtimes/python/requirements.in");
        for name in asked.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            assert!(REQUIREMENTS.lines().any(|line| line.starts_with(&format!("{name}=="))), "{name}");
        }
    }
}
