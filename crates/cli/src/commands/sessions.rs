//! `ringfence sessions`: conversations, whether a server is running or not.

use std::process::ExitCode;

use anyhow::bail;
use ringfence_pipeline::{
    ErrorKind,
    run::Principal,
    sessions::{Removal, SessionInfo, Sessions as _},
};
use ringfence_store::Store;

use super::{keys::from_now, print_json, print_line, with_store};
use crate::{
    args::{SessionOwner, Sessions},
    clock,
    config::Config,
    house,
};

/// Lists and deletes conversations.
pub(crate) fn sessions(config: &Config, command: Sessions) -> anyhow::Result<ExitCode> {
    with_store(config, async |store| carry_out(store, command).await)
}

async fn carry_out(store: &Store, command: Sessions) -> anyhow::Result<()> {
    match command {
        Sessions::List { owner, limit, json } => {
            let listed = store.sessions(&principal(store, owner).await?, None, limit).await?;
            if json { print_json(&listed) } else { print_table(&listed) }
        }
        Sessions::Delete { id, owner } => {
            match store.remove_session(&principal(store, owner).await?, &id.to_string()).await? {
                Removal::Removed => eprintln!("ringfence: session {id} is deleted"),
                Removal::Busy => bail!(ErrorKind::SessionBusy),
                Removal::Missing => bail!("there is no session {id}, or it has expired"),
            }
            Ok(())
        }
    }
}

/// Whoever asks here in the owner's place: who holds the data directory may look at all of it.
async fn principal(store: &Store, owner: SessionOwner) -> anyhow::Result<Principal> {
    let local = store.local_principal(&house::local_user(), clock::now_ms()).await?;
    let (user, tenant) = (owner.user.unwrap_or(local.user), owner.tenant.unwrap_or(local.tenant));
    Ok(Principal { user, tenant, ..local })
}

fn print_table(sessions: &[SessionInfo]) -> anyhow::Result<()> {
    let now_ms = clock::now_ms();
    print_line(format_args!(
        "{:<36} {:>9} {:<8} {:<8} BEGAN WITH",
        "SESSION", "QUESTIONS", "LAST", "EXPIRES"
    ))?;
    for session in sessions {
        let (last, expires) = (from_now(session.last_ms - now_ms), from_now(session.expires_ms - now_ms));
        print_line(format_args!(
            "{} {:>9} {last:<8} {expires:<8} {}",
            session.id, session.questions, session.title
        ))?;
    }
    Ok(())
}
