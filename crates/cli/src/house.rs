//! Puts the parts together: supervisor, privileges, store, pipeline, in the only safe order.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use async_trait::async_trait;
use ringfence_authors::{Analyst, Endpoint, OpenAiCompatible};
use ringfence_job::{Job, Outcome, Progress};
use ringfence_pipeline::{
    Control, NoOriginal, Original, Pipeline, PipelineConfig, Ports,
    ports::{CodeAuthor, Executor, ExecutorError, Prepared},
    run::{Cleared, Principal, RunId},
};
use ringfence_sandbox::{Pool, Sandbox, SandboxConfig, SandboxError, Started, SupervisorProcess};
use ringfence_store::Store;
use tokio::runtime::Runtime;

use crate::{
    clock,
    config::{Config, Model},
};

/// Bytes of uploads in memory, for all runs together; as much again is for the bodies of requests.
const UPLOADED_BYTES_MAX: usize = 512 * 1024 * 1024;

/// A process whose supervisor is forked and that has given up its privileges; no thread exists yet.
pub(crate) struct Entrance {
    started: Started,
    data_dir: PathBuf,
}

/// Everything a command works with.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: Store,
    pub(crate) pipeline: Pipeline,
}

/// Forks the supervisor, then gives up every privilege. Whatever needs the caller's own rights, such
/// as reading the caller's files, comes before. `pool` is kept ready.
pub(crate) fn enter(config: &Config, pool: Pool) -> anyhow::Result<Entrance> {
    let started = ringfence_sandbox::start(SandboxConfig { pool, ..config.sandbox.clone() })?;
    Ok(Entrance { started, data_dir: give_up_privileges(config)? })
}

/// Gives up every privilege without a supervisor, for commands that only look at the data.
pub(crate) fn give_up_privileges(config: &Config) -> anyhow::Result<PathBuf> {
    ringfence_sandbox::give_up_privileges(&config.data_dir)
        .with_context(|| format!("cannot use the data directory {}", config.data_dir.display()))
}

/// Opens the store, settles what crashed processes left, and deletes what nobody wants any more.
pub(crate) async fn open_store(config: &Config, data_dir: &std::path::Path) -> anyhow::Result<Store> {
    let store = Store::open(data_dir, config.database_url.as_deref()).await?;
    let store = store.keeping(config.keeping).default_budget(config.default_budget);
    // A full disk is no reason not to start: it may take a start to mend it.
    if let Err(error) = store.sweep(clock::now_ms()).await {
        tracing::warn!(%error, "cannot delete contents that nobody holds");
    }
    let recovered = store.recover(clock::now_ms()).await?;
    if !(recovered.ended.is_empty() && recovered.runs.is_empty()) {
        let (steps, runs) = (recovered.ended.len(), recovered.runs.len());
        tracing::warn!(steps, runs, "ended what a crash had interrupted");
    }
    Ok(store)
}

impl Entrance {
    /// Opens the house, does `work` in it, and closes it: runs are ended, the supervisor has cleaned
    /// up, the database is closed.
    pub(crate) fn live<F>(self, config: &Config, runtime: &Runtime, work: F) -> anyhow::Result<ExitCode>
    where
        F: AsyncFnOnce(&House) -> anyhow::Result<ExitCode>,
    {
        let ready = self.started.ready()?;
        let (result, process): (_, SupervisorProcess) = runtime.block_on(async {
            let (sandbox, process) = ready.connect()?;
            let store = open_store(config, &self.data_dir).await?;
            let pipeline = pipeline(config, &sandbox, &store)?;
            let house = House { sandbox, store, pipeline };
            let result = work(&house).await;
            house.pipeline.idle().await;
            house.store.close().await;
            house.sandbox.close();
            anyhow::Ok((result, process))
        })?;
        process.wait();
        result
    }
}

impl House {
    /// Who uses this machine's command line.
    pub(crate) async fn local_principal(&self) -> anyhow::Result<Principal> {
        Ok(self.store.local_principal(&local_user(), clock::now_ms()).await?)
    }

    /// What a run executed, whatever its tenant: whoever holds the data directory may look at all of it.
    pub(crate) async fn original(&self, reader: &Principal, run: RunId) -> anyhow::Result<Original> {
        let tenant = self.store.tenant_of(run).await?.ok_or(NoOriginal::Unknown(run))?;
        let within = Principal { tenant, ..reader.clone() };
        Ok(self.pipeline.original(&within, run).await?)
    }
}

/// Who uses this machine's command line, by name.
pub(crate) fn local_user() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    user.unwrap_or_else(|| "local".to_owned())
}

/// Who uses this machine's command line, by the id of their key.
pub(crate) fn local_key() -> String {
    ringfence_store::local_key_id(&local_user())
}

fn pipeline(config: &Config, sandbox: &Sandbox, store: &Store) -> anyhow::Result<Pipeline> {
    let ports = Ports {
        executor: Arc::new(Jail(sandbox.clone())),
        record: Arc::new(store.clone()),
        ledger: Arc::new(store.clone()),
        files: Arc::new(store.clone()),
        sessions: Arc::new(store.clone()),
        authors: authors(config.model.as_ref())?,
    };
    let settings = PipelineConfig {
        policy: config.policy.clone(),
        limits: config.sandbox.limits,
        prices: config.prices,
        clock: clock::system(),
        slots: usize::from(config.sandbox.slots),
        queue: config.queue,
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        uploaded_bytes_max: UPLOADED_BYTES_MAX,
    };
    Ok(Pipeline::new(ports, settings))
}

/// With an endpoint configured the question goes there first; the built-in analyst needs no key and
/// is there when the endpoint is not.
fn authors(model: Option<&Model>) -> anyhow::Result<Vec<Arc<dyn CodeAuthor>>> {
    let mut authors: Vec<Arc<dyn CodeAuthor>> = Vec::new();
    if let Some(model) = model {
        let endpoint = Endpoint {
            base_url: model.base_url.clone(),
            key: model.key.clone(),
            model: model.name.clone(),
            timeout: std::time::Duration::from_secs(model.timeout_seconds),
            output_tokens_max: model.output_tokens_max,
            prices: model.prices,
        };
        authors.push(Arc::new(OpenAiCompatible::new(endpoint)?));
    }
    authors.push(Arc::new(Analyst));
    Ok(authors)
}

/// The sandbox as the pipeline's executor: the only place that knows both.
struct Jail(Sandbox);

impl Executor for Jail {
    fn prepare(self: Arc<Self>, job: &Job) -> Box<dyn Prepared> {
        Box::new(Jailed(self.0.prepare(job)))
    }
}

/// A job for the sandbox, or why there is none.
struct Jailed(Result<ringfence_sandbox::Prepared, SandboxError>);

#[async_trait]
impl Prepared for Jailed {
    fn load(&self) {
        self.0.iter().for_each(ringfence_sandbox::Prepared::load);
    }

    // It is the job that was prepared: only for that the pipeline has a clearance.
    async fn execute(self: Box<Self>, _: Cleared, control: Control) -> Result<Outcome, ExecutorError> {
        let told = control.clone();
        let watcher = move |progress: Progress<'_>| told.note(&progress);
        let outcome = async { self.0?.run(watcher, control.stopped()).await }.await;
        outcome.map_err(|error| match error {
            SandboxError::Stopped => ExecutorError::Stopped,
            SandboxError::RuntimeMissing(runtime) => {
                ExecutorError::RuntimeMissing(format!("{runtime:?}").to_lowercase())
            }
            SandboxError::RuntimeDamaged(reason) => ExecutorError::RuntimeDamaged(reason),
            other => ExecutorError::Sandbox(other.to_string()),
        })
    }
}
