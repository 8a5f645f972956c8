//! `ringfence audit`: who did what, and whether the record of it is whole; beside a running server or without.

use std::process::ExitCode;

use ringfence_pipeline::audit::{AuditEntry, AuditReport};
use ringfence_store::Store;

use super::{keys::from_now, one_shot_runtime, print_json, print_line};
use crate::{args::Audit, clock, config::Config, house};

/// Exit code when something is wrong with the record.
const EXIT_NOT_WHOLE: u8 = 1;

/// Looks at the record.
pub(crate) fn audit(config: &Config, command: Audit) -> anyhow::Result<ExitCode> {
    let data_dir = house::give_up_privileges(config)?;
    one_shot_runtime()?.block_on(async {
        // Nothing is settled or swept: this only looks.
        let store = Store::open(&data_dir, config.database_url.as_deref()).await?;
        let done = carry_out(&store, command).await;
        store.close().await;
        done
    })
}

async fn carry_out(store: &Store, command: Audit) -> anyhow::Result<ExitCode> {
    match command {
        Audit::Verify { tenant, expect, contents, json } => {
            let mut report = store.verify_audit(tenant.as_deref(), &expect).await?;
            if contents {
                report.altered_contents = store.altered_contents().await?;
            }
            if json {
                print_json(&report)?
            } else {
                print_report(&report)?
            }
            Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_NOT_WHOLE) })
        }
        Audit::Accept => {
            store.on_behalf_of(&house::local_key()).accept_audit().await?;
            eprintln!("ringfence: audit.head says what is recorded now");
            Ok(ExitCode::SUCCESS)
        }
        Audit::List { tenant, since, limit, json } => {
            let since_ms = since.map_or(i64::MIN, |seconds| clock::now_ms() - i64::from(seconds) * 1000);
            let entries = store.audit_entries(&tenant, None, since_ms, limit).await?;
            if json {
                print_json(&entries)?
            } else {
                print_entries(&entries, clock::now_ms())?
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print_report(report: &AuditReport) -> anyhow::Result<()> {
    if let Some(wrong) = &report.checkpoint {
        print_line(wrong)?;
    }
    for hash in &report.altered_contents {
        print_plain(format!("content {hash}: changed"))?;
    }
    for chain in &report.chains {
        let tenant = &chain.tenant;
        print_plain(match (&chain.finding, &chain.head) {
            (Some(finding), _) => format!("{tenant}: {finding}"),
            (None, Some(head)) => format!("{tenant}: whole, {} entries, head {head}", chain.entries),
            (None, None) => format!("{tenant}: nothing is recorded"),
        })?;
    }
    let entries: i64 = report.chains.iter().map(|chain| chain.entries).sum();
    let verdict = if report.is_whole() { "is whole" } else { "is not whole" };
    eprintln!("ringfence: the record {verdict}: {} chains, {entries} entries", report.chains.len());
    Ok(())
}

fn print_entries(entries: &[AuditEntry], now_ms: i64) -> anyhow::Result<()> {
    print_line(format_args!("{:>8} {:<9} {:<16} {:<16} {:<16} ABOUT", "N", "WHEN", "KEY", "USER", "WHAT"))?;
    for entry in entries {
        let about = match (&entry.run, &entry.details) {
            (Some(run), _) => run.clone(),
            (None, Some(details)) => details.to_string(),
            (None, None) => String::new(),
        };
        let (when, user) = (from_now(entry.at_ms - now_ms), entry.user.as_deref().unwrap_or("-"));
        let (n, actor, kind) = (entry.n, &entry.actor, &entry.kind);
        print_plain(format!("{n:>8} {when:<9} {actor:<16} {user:<16} {kind:<16} {about}"))?;
    }
    Ok(())
}

/// Prints what stands in a database that others may have written: nothing in it reaches the terminal as a
/// command.
fn print_plain(line: String) -> anyhow::Result<()> {
    print_line(line.replace(char::is_control, "?"))
}
