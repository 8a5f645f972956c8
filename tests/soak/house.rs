//! A house for clients under a tight budget.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use ringfence_tests::{Installation, Server};
use serde_json::json;

use crate::{books::Books, database::Database};

/// Names of the users; the last has few runs.
const USERS: [&str; 3] = ["ana", "ben", "few"];

/// Runs that the user with few of them is allowed at once.
const FEW_RUNS: i64 = 12;

/// Name of the configuration.
const CONFIG_FILE: &str = "ringfence.toml";

/// Two slots, so that runs wait for each other.
const CONFIG: &str = "slots = 2\n";

/// An installation with a few users.
#[derive(Debug)]
pub(crate) struct House {
    installation: Installation,
    database: Database,
    /// What clients show.
    pub(crate) keys: Vec<String>,
}

impl House {
    /// A house with a key for each user.
    pub(crate) fn new(database: Database) -> House {
        let installation = Installation::new();
        fs::write(installation.path().join(CONFIG_FILE), CONFIG).expect("a configuration");
        let mut house = House { installation, database, keys: Vec::new() };
        let server = house.serve();
        let key = |user| {
            let (status, key) = server.post("/v1/keys", &json!({ "user": user }));
            assert_eq!(status, 201, "{key}");
            key["key"].as_str().expect("a key").to_owned()
        };
        house.keys = USERS.map(key).into();
        assert!(server.stop(), "the server ends well");
        house
    }

    /// Starts the server in a process group of its own.
    pub(crate) fn serve(&self) -> Server {
        let config = self.installation.path().join(CONFIG_FILE);
        let words = ["--config", config.to_str().expect("UTF-8"), "serve", "--listen", "127.0.0.1:0"];
        let mut command = self.command(&words);
        command.env("RINGFENCE_LOG", "off").process_group(0);
        Server::start(command)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.installation.command(words);
        self.database.tell(&mut command);
        command
    }

    /// Where it has its record.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Its books.
    pub(crate) fn books(&self) -> Books<'_> {
        Books { data: self.data(), database: &self.database }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.installation.path().join("data")
    }

    /// Puts the configuration into another directory.
    pub(crate) fn write_config(&self, directory: &Path) {
        fs::write(directory.join(CONFIG_FILE), CONFIG).expect("a configuration");
    }

    /// Lets everybody spend so much more than was spent until now.
    pub(crate) fn allow(&self, nano_usd: i64) {
        let spent = self.books().numbers(
            "SELECT coalesce(sum(nano_usd), 0), coalesce(sum(runs) FILTER (WHERE user = 'few'), 0) FROM usage",
        );
        let nano_usd = spent[0] + nano_usd;
        let dollars = format!("{}.{:09}", nano_usd / 1_000_000_000, nano_usd % 1_000_000_000);
        self.limit("tenant", &["--usd", &dollars]);
        self.limit("user:few", &["--runs", &(spent[1] + FEW_RUNS).to_string()]);
    }

    fn limit(&self, scope: &str, limit: &[&str]) {
        let words = [&["budget", "set", scope, "--period", "total"], limit].concat();
        self.succeed(&words);
    }

    fn succeed(&self, words: &[&str]) {
        let output = self.command(words).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }

    /// Panics if the audit chain is not whole, or a content was altered.
    pub(crate) fn verify(&self) {
        self.succeed(&["audit", "verify", "--contents"]);
    }
}
