//! `ringfence serve`: the HTTP API.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use async_trait::async_trait;
use ringfence_pipeline::{
    ports::StoreError,
    run::{Principal, Role},
};
use ringfence_sandbox::{
    Sandbox,
    doctor::{self, CheckState},
};
use ringfence_server::{Ailment, Authenticate, Server, ServerOptions};
use ringfence_store::{DEFAULT_KEY_LIMIT, KeyError, Store};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    args, clock,
    config::Config,
    house::{self, House},
};

/// Organisation of the first key.
const FIRST_TENANT: &str = "default";

/// User of the first key.
const FIRST_USER: &str = "admin";

/// Most jails that are kept ready for each runtime; each takes about a megabyte.
const SPARES_MAX: usize = 4;

/// Time between two looks for runs that crashed processes left, and for contents that nobody holds.
const RECOVER_EVERY: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT, or until the supervisor is gone.
pub(crate) fn serve(config: &Config, command: &args::Serve) -> anyhow::Result<ExitCode> {
    let listen = command.listen.unwrap_or(config.listen);
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("RINGFENCE_LOG").unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    // Bound before privileges go, so that ports below 1024 can be had.
    let listener =
        std::net::TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    listener.set_nonblocking(true)?;
    let entrance = house::enter(config, spares())?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    entrance.live(config, &runtime, async |house| {
        self_test(config, house).await?;
        show_first_key(&house.store).await?;
        let listener = TcpListener::from_std(listener)?;
        println!("ringfence: listening on http://{}", listener.local_addr()?);
        tokio::spawn(recover_now_and_then(house.store.clone()));
        let keys = Arc::new(Keys(house.store.clone()));
        let (store, sandbox) = (house.store.clone(), house.sandbox.clone());
        let server = Server::new(Arc::new(house.pipeline.clone()), keys, ServerOptions::default())
            .watched_by(move || ailments(&store, &sandbox));
        let signals = stop_signals()?;
        let supervisor_gone = house.sandbox.closed();
        let mut orderly = true;
        let stop = async {
            tokio::select! {
                () = at_least(signals.clone(), 1) => {}
                () = supervisor_gone => orderly = false,
            }
        };
        server.serve(listener, stop, at_least(signals.clone(), 2)).await;
        if !orderly {
            bail!("the supervisor is gone, start ringfence again");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Jails kept ready for each runtime's tree: as many runs as can begin at the same time.
fn spares() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(SPARES_MAX)
}

/// Tries every limit before the first request; one that does not hold stops the start.
async fn self_test(config: &Config, house: &House) -> anyhow::Result<()> {
    let checks = doctor::self_test(&house.sandbox, &config.sandbox.limits).await;
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| check.state == CheckState::Missing)
        .map(|check| format!("{} ({})", check.name, check.detail))
        .collect();
    let excused = !config.sandbox.accept_missing.is_empty();
    match (failed.is_empty(), excused) {
        (true, _) => Ok(()),
        (false, true) => {
            tracing::warn!(failed = failed.join(", "), "limits do not hold; accept_missing allows it");
            Ok(())
        }
        (false, false) => bail!("limits do not hold: {}; run: ringfence doctor", failed.join(", ")),
    }
}

/// Makes a key at the very first start, and shows it this once.
async fn show_first_key(store: &Store) -> anyhow::Result<()> {
    if store.list_keys(FIRST_TENANT).await?.is_empty() {
        let key = store
            .create_key(
                FIRST_TENANT,
                FIRST_USER,
                Role::Admin,
                "first start",
                DEFAULT_KEY_LIMIT,
                clock::now_ms(),
            )
            .await?;
        println!("ringfence: your API key, shown only this once: {}", key.text);
    }
    Ok(())
}

async fn recover_now_and_then(store: Store) {
    loop {
        tokio::time::sleep(RECOVER_EVERY).await;
        if let Err(error) = store.recover(clock::now_ms()).await {
            tracing::error!(%error, "cannot settle interrupted runs");
        }
        sweep(&store).await;
    }
}

/// Deletes what nobody wants any more, a little at a time.
async fn sweep(store: &Store) {
    loop {
        match store.sweep(clock::now_ms()).await {
            Ok(swept) if swept.more => tokio::task::yield_now().await,
            Ok(_) => return,
            Err(error) => return tracing::error!(%error, "cannot delete contents that nobody holds"),
        }
    }
}

/// What keeps runs from being carried through.
fn ailments(store: &Store, sandbox: &Sandbox) -> Vec<Ailment> {
    let store_ailment = |error: StoreError| Ailment {
        code: if error.full { "store_full" } else { "store_failed" },
        detail: error.to_string(),
    };
    let damaged = sandbox.damaged_runtimes().into_iter();
    let damaged = damaged.map(|detail| Ailment { code: "runtime_damaged", detail });
    store.check_room().err().map(store_ailment).into_iter().chain(damaged).collect()
}

/// Counts the signals that ask us to stop: the first for an orderly stop, the second to hurry.
fn stop_signals() -> anyhow::Result<watch::Receiver<u32>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            count.send_modify(|count| *count += 1);
        }
    });
    Ok(counted)
}

async fn at_least(mut signals: watch::Receiver<u32>, least: u32) {
    // The sender lives as long as the runtime.
    let _ = signals.wait_for(|count| *count >= least).await;
}

/// The store's keys as the server's.
struct Keys(Store);

#[async_trait]
impl Authenticate for Keys {
    async fn authenticate(&self, key: &str) -> Result<Option<Principal>, StoreError> {
        match self.0.authenticate(key, clock::now_ms()).await {
            Ok(principal) => Ok(Some(principal)),
            Err(KeyError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }
}
