//! The same tests as of SQLite, on Postgres: the store is to do the same on both.

mod database;

#[path = "../store/audit.rs"]
mod audit;
#[path = "../store/budgets.rs"]
mod budgets;
#[path = "../store/claims.rs"]
mod claims;
#[path = "../store/common.rs"]
mod common;
#[path = "../store/files.rs"]
mod files;
#[path = "../store/identities.rs"]
mod identities;
#[path = "../store/kept.rs"]
mod kept;
#[path = "../store/keys.rs"]
mod keys;
#[path = "../store/latency.rs"]
mod latency;
#[path = "../store/ledger.rs"]
mod ledger;
#[path = "../store/ledger_model.rs"]
mod ledger_model;
mod own;
#[path = "../store/record.rs"]
mod record;
#[path = "../store/recovery.rs"]
mod recovery;
#[path = "../store/sessions.rs"]
mod sessions;
