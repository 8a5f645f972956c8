//! `ringfence serve`: the HTTP API.

use std::{
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use async_trait::async_trait;
use metrics::{counter, gauge};
use ringfence_pipeline::{
    Pipeline,
    budget::Caps,
    keys::{Given, IdentityError, IssuedKey, Key, KeyRequest, Scope, Scopes},
    ports::StoreError,
    run::Principal,
};
use ringfence_sandbox::{
    KindFigures, PoolFigures, Sandbox, Times,
    doctor::{self, CheckState},
};
use ringfence_server::{Keys, Metrics, Server, ServerOptions};
use ringfence_store::{DAY_MS, KeyError, Reservation, SELF_SERVICE_TENANT, Store};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    args, clock,
    config::{Config, SelfService},
    health,
    house::{self, House},
};

/// Organisation of the first key.
const FIRST_TENANT: &str = "default";

/// User of the first key.
const FIRST_USER: &str = "admin";

/// Descriptors that a server wants to have: most are connections.
const OPEN_FILES_WANTED: u64 = 4096;

/// Connections that may wait to be accepted: a burst of them waits here, and is not sent away.
const BACKLOG: i32 = 1024;

/// Time between two looks for runs that crashed processes left, and for contents that nobody holds.
const RECOVER_EVERY: Duration = Duration::from_secs(60);

/// Longest time for which what was recorded is not in `audit.head`: what is cut off the record within it is
/// not noticed.
const SEAL_EVERY: Duration = Duration::from_secs(10);

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
    let listener = bind(listen)?;
    let figures_at = command.metrics_listen.or(config.metrics_listen).map(bind).transpose()?;
    let entrance = house::enter(config, config.sandbox.pool.clone())?;
    ringfence_sandbox::return_freed_memory();
    log_panics();
    let metrics = Metrics::record(clock::now_ms())?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(ringfence_sandbox::take_short_turns)
        .build()?;
    entrance.live(config, &runtime, async |house| {
        self_test(config, house).await?;
        show_first_key(&house.store).await?;
        let listener = TcpListener::from_std(listener)?;
        let figures_at = figures_at.map(TcpListener::from_std).transpose()?;
        if let Some(listener) = &figures_at {
            println!("ringfence: metrics on http://{}/metrics", listener.local_addr()?);
        }
        println!("ringfence: listening on http://{}", listener.local_addr()?);
        tokio::spawn(recover_now_and_then(house.store.clone(), house.pipeline.clone()));
        tokio::spawn(seal_now_and_then(house.store.clone()));
        tokio::spawn(metrics.clone().sum_up());
        let keys = Arc::new(StoredKeys { store: house.store.clone(), self_service: config.self_service });
        let (store, sandbox) = (house.store.clone(), house.sandbox.clone());
        let (measured, limits) = (house.pipeline.clone(), config.sandbox.limits);
        let (examined_store, examined, pooled) = (store.clone(), sandbox.clone(), sandbox.clone());
        let server = Server::new(
            Arc::new(house.pipeline.clone()),
            keys,
            Arc::new(store.clone()),
            server_options(config),
        )
        .watched_by(move || health::ailments(&store, &sandbox))
        .examined_by(move || health::examine(examined_store.clone(), examined.clone(), limits))
        .measured_by(move || figures(&metrics, &measured, &pooled), figures_at);
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

/// The server's bounds, as far as they depend on the configuration and on what the system allows.
fn server_options(config: &Config) -> ServerOptions {
    let mut options = ServerOptions::default();
    options.rate_limits = config.rate_limits;
    options.trusted_proxies.clone_from(&config.trusted_proxies);
    // Half of the descriptors are for runs, contents and the database.
    let half = usize::try_from(open_files() / 2).unwrap_or(usize::MAX);
    options.connections_max = options.connections_max.min(half.max(1));
    options.connections_per_address_max = options.connections_per_address_max.min(half.div_ceil(2));
    options
}

/// Descriptors that this process may have, after it has asked for as many as it wants.
fn open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(OPEN_FILES_WANTED, |most| most.min(OPEN_FILES_WANTED));
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

fn bind(address: SocketAddr) -> anyhow::Result<std::net::TcpListener> {
    let listener =
        std::net::TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    // It listens already; this only makes the standard library's backlog longer.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// Has panics logged like everything else, with the request they happen in. What they say may quote what
/// was being worked on, so only the place is told.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked");
    }));
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
    let now_ms = clock::now_ms();
    if store.list_keys(FIRST_TENANT, now_ms).await?.is_empty() {
        let request = KeyRequest {
            label: "first start".to_owned(),
            scopes: Scopes::ALL,
            ..KeyRequest::new(FIRST_USER)
        };
        let key = store.create_key(FIRST_TENANT, &request, now_ms).await?;
        println!("ringfence: your API key, shown only this once: {}", key.text);
    }
    Ok(())
}

async fn seal_now_and_then(store: Store) {
    loop {
        tokio::time::sleep(SEAL_EVERY).await;
        // Nobody else may ask while we say that we are not ready.
        if store.check_database().is_err() {
            let _ = store.try_out().await;
        }
        if let Err(error) = store.seal().await {
            tracing::error!(%error, "cannot renew audit.head");
        }
    }
}

async fn recover_now_and_then(store: Store, pipeline: Pipeline) {
    loop {
        match store.recover(clock::now_ms()).await {
            Ok(recovered) => go_on(&pipeline, recovered.to_begin).await,
            Err(error) => tracing::error!(%error, "cannot settle interrupted runs"),
        }
        sweep(&store).await;
        tokio::time::sleep(RECOVER_EVERY).await;
    }
}

/// Begins what processes that are gone had accepted.
async fn go_on(pipeline: &Pipeline, to_begin: Vec<Reservation>) {
    for Reservation { run, step, principal, .. } in to_begin {
        // If there is no place, the next look finds it again.
        let Ok(place) = pipeline.enter(&principal) else { return };
        if let Err(error) = pipeline.go_on(place, run, step).await {
            tracing::error!(%run, %error, "cannot go on with an accepted run");
        }
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

/// The figures, with those that are looked up when somebody asks.
#[allow(clippy::cast_precision_loss)]
fn figures(metrics: &Metrics, pipeline: &Pipeline, sandbox: &Sandbox) -> String {
    let load = pipeline.load();
    gauge!("ringfence_queue_waiting").set(load.waiting as f64);
    gauge!("ringfence_sandbox_slots", "state" => "taken").set(load.taken as f64);
    gauge!("ringfence_sandbox_slots", "state" => "free").set((load.slots - load.taken) as f64);
    let PoolFigures { kinds, forks, takedowns } = sandbox.pool();
    for (kind, KindFigures { waiting, hits, misses }) in kinds {
        gauge!("ringfence_pool_waiting", "kind" => kind.clone()).set(waiting as f64);
        counter!("ringfence_pool_hits_total", "kind" => kind.clone()).absolute(hits);
        counter!("ringfence_pool_misses_total", "kind" => kind).absolute(misses);
    }
    for (what, Times { count, total_us }) in [("fork", forks), ("takedown", takedowns)] {
        counter!("ringfence_pool_steps_total", "step" => what).absolute(count);
        gauge!("ringfence_pool_step_seconds_total", "step" => what).set(total_us as f64 / 1e6);
    }
    metrics.render()
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
struct StoredKeys {
    store: Store,
    self_service: SelfService,
}

#[async_trait]
impl Keys for StoredKeys {
    async fn authenticate(&self, key: &str) -> Result<Option<Principal>, StoreError> {
        match self.store.authenticate(key, clock::now_ms()).await {
            Ok(principal) => Ok(Some(principal)),
            Err(KeyError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn create(&self, principal: &Principal, request: &KeyRequest) -> Result<IssuedKey, IdentityError> {
        self.store
            .on_behalf_of(&principal.key_id)
            .create_key(&principal.tenant, request, clock::now_ms())
            .await
    }

    async fn list(
        &self,
        principal: &Principal,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Key>, IdentityError> {
        self.store.keys_before(&principal.tenant, before, limit, clock::now_ms()).await
    }

    async fn find(&self, principal: &Principal, id: &str) -> Result<Key, IdentityError> {
        self.store.key(&principal.tenant, id, clock::now_ms()).await
    }

    async fn revoke(&self, principal: &Principal, id: &str) -> Result<Key, IdentityError> {
        self.store
            .on_behalf_of(&principal.key_id)
            .revoke_key(&principal.tenant, id, true, clock::now_ms())
            .await
    }

    async fn rotate(
        &self,
        principal: &Principal,
        id: &str,
        overlap_ms: i64,
    ) -> Result<IssuedKey, IdentityError> {
        self.store
            .on_behalf_of(&principal.key_id)
            .rotate_key(&principal.tenant, id, overlap_ms, clock::now_ms())
            .await
    }

    async fn give(&self, address: IpAddr) -> Result<Option<Given>, IdentityError> {
        let settings = &self.self_service;
        if !settings.enabled {
            return Ok(None);
        }
        let request = KeyRequest {
            scopes: [Scope::Execute, Scope::Read].into_iter().collect(),
            lifetime_ms: Some(i64::from(settings.key_days) * DAY_MS),
            limit: Caps {
                runs: Some(i64::from(settings.credits)),
                sandbox_ms: Some(i64::from(settings.sandbox_seconds) * 1000),
                ..Caps::default()
            },
            ..KeyRequest::new(SELF_SERVICE_TENANT)
        };
        let quota = settings.keys_per_address_per_day;
        self.store.give_key(address, quota, &request, clock::now_ms()).await.map(Some)
    }
}
