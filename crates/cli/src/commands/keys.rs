//! `ringfence keys`: makes and manages API keys, whether a server is running or not.

use std::process::ExitCode;

use ringfence_pipeline::keys::{IssuedKey, Key, KeyRequest, Scopes};
use ringfence_store::Store;

use super::{budget::caps, print_json, print_line, with_store};
use crate::{args::Keys, clock, config::Config, house};

/// Manages keys.
pub(crate) fn keys(config: &Config, command: Keys) -> anyhow::Result<ExitCode> {
    with_store(config, async |store| carry_out(&store.on_behalf_of(&house::local_key()), command).await)
}

async fn carry_out(store: &Store, command: Keys) -> anyhow::Result<()> {
    let now_ms = clock::now_ms();
    match command {
        Keys::Create { user, tenant, label, scopes, admin, expires, limits, json } => {
            let request = KeyRequest {
                user,
                label,
                scopes: match (admin, scopes.is_empty()) {
                    (true, _) => Scopes::ALL,
                    (false, true) => Scopes::DEFAULT,
                    (false, false) => scopes.into_iter().collect(),
                },
                lifetime_ms: expires.seconds.map(|seconds| i64::from(seconds) * 1000),
                limit: caps(&limits),
            };
            print_issued(&store.create_key(&tenant, &request, now_ms).await?, json)
        }
        Keys::List { tenant, json } => {
            let keys = store.list_keys(&tenant, now_ms).await?;
            if json { print_json(&keys) } else { print_table(&keys, now_ms) }
        }
        Keys::Show(one) => {
            let key = store.key(&one.tenant, &one.id, now_ms).await?;
            if one.json { print_json(&key) } else { print_table(&[key], now_ms) }
        }
        Keys::Rotate { key: one, overlap } => {
            let overlap_ms = i64::from(overlap) * 1000;
            print_issued(&store.rotate_key(&one.tenant, &one.id, overlap_ms, now_ms).await?, one.json)
        }
        Keys::Revoke(one) => {
            // Whoever holds the data directory can always make another administrator's key.
            let key = store.revoke_key(&one.tenant, &one.id, false, now_ms).await?;
            if one.json {
                return print_json(&key);
            }
            eprintln!("ringfence: key {} is revoked", one.id);
            Ok(())
        }
    }
}

fn print_issued(key: &IssuedKey, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(key);
    }
    print_line(&key.text)?;
    eprintln!("ringfence: this is the only time the key is shown; its id is {}", key.info.id);
    Ok(())
}

fn print_table(keys: &[Key], now_ms: i64) -> anyhow::Result<()> {
    print_line(format_args!(
        "{:<10} {:<16} {:<8} {:<8} {:>10} {:>14} {:<30} LABEL",
        "ID", "USER", "STATE", "EXPIRES", "RUNS", "SANDBOX s", "SCOPES"
    ))?;
    for key in keys {
        print_line(format_args!(
            "{:<10} {:<16} {:<8} {:<8} {:>10} {:>14} {:<30} {}",
            key.id,
            key.user,
            key.state,
            key.expires_ms.map_or_else(|| "never".to_owned(), |end_ms| from_now(end_ms - now_ms)),
            key.budget.spent.runs,
            key.budget.spent.sandbox_ms / 1000,
            key.scopes,
            key.label,
        ))?;
    }
    Ok(())
}

/// A distance in time as people say it, in its largest unit: `in 29d`, `3h ago`.
pub(super) fn from_now(ms: i64) -> String {
    let seconds = ms.unsigned_abs() / 1000;
    let (number, unit) = match seconds {
        86_400.. => (seconds / 86_400, 'd'),
        3_600.. => (seconds / 3_600, 'h'),
        60.. => (seconds / 60, 'm'),
        _ => (seconds, 's'),
    };
    if ms > 0 { format!("in {number}{unit}") } else { format!("{number}{unit} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_in_time_are_said_in_their_largest_unit() {
        assert_eq!(from_now(2_591_999_999), "in 29d");
        assert_eq!((from_now(5_400_000), from_now(59_999)), ("in 1h".to_owned(), "in 59s".to_owned()));
        assert_eq!((from_now(-60_000), from_now(0)), ("1m ago".to_owned(), "0s ago".to_owned()));
    }
}
