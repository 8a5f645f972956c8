//! The database of a house: in its data directory, or a Postgres of its own.

use std::{path::Path, process::Command};

use ringfence_tests::postgres::Cluster;

/// The database that every Postgres has from the start.
const NAME: &str = "postgres";

/// Where a house has its record.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite,
    /// It forgets nothing in a power cut.
    Postgres(Cluster),
}

impl Database {
    /// A new Postgres; none, with a word, where it is not installed.
    pub(crate) fn postgres() -> Option<Database> {
        Cluster::start(&[]).map(Database::Postgres).map_err(|reason| eprintln!("skipped: {reason}")).ok()
    }

    /// The Postgres of this directory, or SQLite if there is no such directory.
    pub(crate) fn of(cluster: &Path) -> Database {
        if cluster.exists() {
            Database::Postgres(Cluster::start_in(cluster, &[]).expect("it is installed"))
        } else {
            Database::Sqlite
        }
    }

    /// The server that is not ours, if it has one.
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        match self {
            Database::Sqlite => None,
            Database::Postgres(cluster) => Some(cluster),
        }
    }

    /// Has the program use it.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(cluster) = self.cluster() {
            command.env("RINGFENCE_DATABASE_URL", cluster.url(NAME));
        }
    }

    /// Tables as they are at one moment, in JSON: by its name, the columns of each and its rows. None are in a file.
    pub(crate) fn tables(&self, names: &[&str]) -> String {
        let Some(cluster) = self.cluster() else { return "{}".to_owned() };
        let table = |name: &&str| {
            format!(
                "'{name}', json_build_array(
                   ARRAY(SELECT column_name::TEXT FROM information_schema.columns WHERE table_name = '{name}'
                         AND table_schema = 'public' ORDER BY ordinal_position),
                   ARRAY(SELECT row_to_json(t) FROM {name} AS t))"
            )
        };
        let tables: Vec<String> = names.iter().map(table).collect();
        cluster.sql(&cluster.url(NAME), &format!("SELECT json_build_object({})", tables.join(", ")))
    }
}
