//! The store from outside, on real files: what it keeps, what it refuses, and how long it takes.

mod audit;
mod backup;
mod budgets;
mod claims;
mod common;
mod database;
mod files;
mod identities;
mod kept;
mod keys;
mod latency;
mod ledger;
mod ledger_model;
mod migrations;
mod promises;
mod record;
mod recovery;
mod sessions;
