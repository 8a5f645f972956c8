//! `ringfence keys`: make, list and revoke API keys, whether a server is running or not.

use std::process::ExitCode;

use ringfence_pipeline::{ports::Amount, run::Role};
use ringfence_store::{DEFAULT_KEY_LIMIT, KeyInfo};
use serde_json::json;

use super::{one_shot_runtime, print_json, print_line};
use crate::{args::Keys, clock, config::Config, house};

/// Manages keys.
pub(crate) fn keys(config: &Config, command: Keys) -> anyhow::Result<ExitCode> {
    let data_dir = house::give_up_privileges(config)?;
    one_shot_runtime()?.block_on(async {
        let store = house::open_store(config, &data_dir).await?;
        match command {
            Keys::Create { user, tenant, label, admin, runs, sandbox_seconds, json } => {
                let limit = Amount {
                    runs: runs.unwrap_or(DEFAULT_KEY_LIMIT.runs),
                    sandbox_ms: sandbox_seconds
                        .map_or(DEFAULT_KEY_LIMIT.sandbox_ms, |seconds| seconds.saturating_mul(1000)),
                };
                let role = if admin { Role::Admin } else { Role::Member };
                let key = store.create_key(&tenant, &user, role, &label, limit, clock::now_ms()).await?;
                if json {
                    print_json(&json!({"id": key.id, "key": key.text}))?;
                } else {
                    print_line(&key.text)?;
                    eprintln!("ringfence: this is the only time the key is shown; its id is {}", key.id);
                }
            }
            Keys::List { tenant, json } => {
                let keys = store.list_keys(&tenant).await?;
                if json {
                    print_json(&keys.iter().map(describe).collect::<Vec<_>>())?;
                } else {
                    print_table(&keys)?;
                }
            }
            Keys::Revoke { id, tenant } => {
                store.revoke_key(&tenant, &id, clock::now_ms()).await?;
                eprintln!("ringfence: key {id} is revoked");
            }
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn describe(key: &KeyInfo) -> serde_json::Value {
    json!({
        "id": key.id,
        "user": key.user,
        "role": key.role,
        "label": key.label,
        "createdMs": key.created_ms,
        "lastUsedMs": key.last_used_ms,
        "revokedMs": key.revoked_ms,
        "limit": key.budget.limit,
        "spent": key.budget.spent,
        "reserved": key.budget.reserved,
    })
}

fn print_table(keys: &[KeyInfo]) -> anyhow::Result<()> {
    print_line(format_args!(
        "{:<10} {:<16} {:<8} {:>10} {:>14} {:<8} LABEL",
        "ID", "USER", "ROLE", "RUNS", "SANDBOX s", "STATE"
    ))?;
    for key in keys {
        print_line(format_args!(
            "{:<10} {:<16} {:<8} {:>10} {:>14} {:<8} {}",
            key.id,
            key.user,
            if key.role == Role::Admin { "admin" } else { "member" },
            key.budget.spent.runs,
            key.budget.spent.sandbox_ms / 1000,
            if key.revoked_ms.is_some() { "revoked" } else { "active" },
            key.label,
        ))?;
    }
    Ok(())
}
