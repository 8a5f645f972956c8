//! The HTTP API: turns requests into values for the pipeline, and its answers into responses.
//!
//! [`Server::serve`] takes the socket and the stop signal from outside, so that tests own both.

mod address;
mod auth;
mod body;
mod exchange;
mod metrics;
mod multipart;
mod openapi;
mod places;
mod problem;
mod rate;
mod routes;
mod serve;
mod unparsed;

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use async_trait::async_trait;
use ringfence_job::LimitsPolicy;
use ringfence_pipeline::{
    Pipeline,
    budgets::Budgets,
    keys::{Given, IdentityError, IssuedKey, Key, KeyRequest},
    ports::StoreError,
    run::Principal,
};
use serde::Serialize;
use tokio::{net::TcpListener, sync::Semaphore};
use utoipa::ToSchema;

pub use ipnet::IpNet;
pub use metrics::{Metrics, MetricsError};
pub use rate::RateLimits;
pub use routes::{
    budgets::{BudgetAnswer, csv as usage_csv},
    health::{Check, CheckStatus, Examination},
    paths,
};

use crate::{
    places::Places,
    rate::Gates,
    routes::{docs::Documents, health::Deep},
};

/// Keeps the keys. Whether a principal may do what is asked is decided before; each sees the keys of its own
/// tenant only.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The principal of a valid key; none if the key is unknown, wrong, expired or revoked.
    async fn authenticate(&self, key: &str) -> Result<Option<Principal>, StoreError>;

    /// Makes a key.
    async fn create(&self, principal: &Principal, request: &KeyRequest) -> Result<IssuedKey, IdentityError>;

    /// The keys, newest first: at most `limit` of those that are older than the key `before`.
    async fn list(
        &self,
        principal: &Principal,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Key>, IdentityError>;

    /// A key.
    async fn find(&self, principal: &Principal, id: &str) -> Result<Key, IdentityError>;

    /// Revokes a key, unless nobody could manage the tenant's keys without it.
    async fn revoke(&self, principal: &Principal, id: &str) -> Result<Key, IdentityError>;

    /// Gives a key a new secret; the one it replaces is accepted for another `overlap_ms`.
    async fn rotate(
        &self,
        principal: &Principal,
        id: &str,
        overlap_ms: i64,
    ) -> Result<IssuedKey, IdentityError>;

    /// Makes a key for whoever asks from `address`; none if the operator does not want that.
    async fn give(&self, address: IpAddr) -> Result<Option<Given>, IdentityError>;
}

/// Bounds of the server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerOptions {
    /// Largest request body in bytes.
    pub body_bytes_max: usize,
    /// Bytes of all request bodies in memory, from their arrival to the end of their runs; beyond it
    /// requests are answered 429.
    pub bodies_bytes_max: usize,
    /// Connections open at once; more wait to be accepted.
    pub connections_max: usize,
    /// Connections open at once from one address that is no trusted proxy; more are closed.
    pub connections_per_address_max: usize,
    /// Requests being worked on at once that are no runs, such as readers of events; more are answered
    /// 429. Runs have the places of the pipeline. The last quarter is for keys that have none yet.
    pub in_flight_max: usize,
    /// How often keys and addresses may come.
    pub rate_limits: RateLimits,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Longest wait for the whole head of a request, and for the next request of an open connection.
    pub header_wait_max: Duration,
    /// Longest wait for the whole body of a request.
    pub body_wait_max: Duration,
    /// Uploads being taken in at once; more are answered 429. They do not count as requests being worked on.
    /// The last quarter is for keys that have none yet.
    pub uploads_max: usize,
    /// Longest wait for the whole of an upload.
    pub upload_wait_max: Duration,
    /// Time in which an upload brings at least `upload_bytes_min`, or is given up.
    pub upload_pace: Duration,
    /// Bytes that an upload brings in each `upload_pace`.
    pub upload_bytes_min: usize,
    /// Longest time in which a client takes nothing of what is written to it.
    pub write_wait_max: Duration,
    /// Longest wait for requests in progress when the server stops; then they are cancelled.
    pub stop_wait_max: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        ServerOptions {
            body_bytes_max: 32 * 1024 * 1024,
            bodies_bytes_max: 512 * 1024 * 1024,
            connections_max: 1024,
            connections_per_address_max: 512,
            in_flight_max: 64,
            rate_limits: RateLimits::default(),
            trusted_proxies: Vec::new(),
            header_wait_max: Duration::from_secs(10),
            body_wait_max: Duration::from_secs(30),
            uploads_max: 16,
            upload_wait_max: Duration::from_secs(30 * 60),
            upload_pace: Duration::from_secs(30),
            upload_bytes_min: 64 * 1024,
            write_wait_max: Duration::from_secs(30),
            stop_wait_max: Duration::from_secs(10),
        }
    }
}

/// Something that keeps the service from working, as `GET /health` tells it to anyone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Ailment {
    /// Its name, such as `store_full`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

/// Tells what is wrong at the moment. It is asked at every `GET /health`, so it is cheap.
pub type Ailments = dyn Fn() -> Vec<Ailment> + Send + Sync;

/// The figures of the process, as text.
type Figures = dyn Fn() -> String + Send + Sync;

/// The HTTP server.
#[derive(Debug)]
pub struct Server {
    app: App,
    /// Where figures are given without a key.
    figures_at: Option<TcpListener>,
}

impl Server {
    /// A server that hands requests to `pipeline` for whoever `keys` knows, and tells of `budgets`.
    pub fn new(
        pipeline: Arc<Pipeline>,
        keys: Arc<dyn Keys>,
        budgets: Arc<dyn Budgets>,
        options: ServerOptions,
    ) -> Server {
        let in_flight = Places::new(options.in_flight_max);
        let uploads = Places::new(options.uploads_max);
        let bodies = Arc::new(Semaphore::new(options.bodies_bytes_max));
        let gates = Gates::new(&options.rate_limits);
        let documents = Documents::new(description(pipeline.limits()));
        let nothing = || async { Examination { checks: BTreeMap::new(), checked_ms: 0 } };
        let app = App {
            pipeline,
            keys,
            budgets,
            options,
            in_flight,
            uploads,
            bodies,
            gates,
            documents,
            stopping: AtomicBool::new(false),
            ailments: Box::new(Vec::new),
            deep: Deep::new(Box::new(move || Box::pin(nothing()))),
            figures: Box::new(String::new),
        };
        Server { app, figures_at: None }
    }

    /// Has `GET /health` and `GET /readyz` answer 503 while `ailments` tells any.
    #[must_use]
    pub fn watched_by(mut self, ailments: impl Fn() -> Vec<Ailment> + Send + Sync + 'static) -> Server {
        self.app.ailments = Box::new(ailments);
        self
    }

    /// Has `GET /health/deep` tell what `examine` found, which is called when its last result is old.
    #[must_use]
    pub fn examined_by<F>(mut self, examine: impl Fn() -> F + Send + Sync + 'static) -> Server
    where
        F: Future<Output = Examination> + Send + 'static,
    {
        self.app.deep = Deep::new(Box::new(move || Box::pin(examine())));
        self
    }

    /// Has `GET /metrics` answer with `figures`: to an administrator's key, and to whoever connects to
    /// `listener`, if there is one.
    #[must_use]
    pub fn measured_by(
        mut self,
        figures: impl Fn() -> String + Send + Sync + 'static,
        listener: Option<TcpListener>,
    ) -> Server {
        self.app.figures = Box::new(figures);
        self.figures_at = listener;
        self
    }
}

/// The description of the API (OpenAPI 3.1) of a service with these limits, as JSON text.
pub fn description(limits: &LimitsPolicy) -> String {
    // Only maps with keys that are not text cannot be JSON, and there are none.
    openapi::text(&routes::described().1, limits)
        .unwrap_or_else(|error| unreachable!("the description is JSON: {error}"))
}

/// What every handler works with.
struct App {
    pipeline: Arc<Pipeline>,
    keys: Arc<dyn Keys>,
    budgets: Arc<dyn Budgets>,
    options: ServerOptions,
    in_flight: Places,
    uploads: Places,
    documents: Documents,
    /// Bytes of bodies that may still come.
    bodies: Arc<Semaphore>,
    gates: Gates,
    stopping: AtomicBool,
    ailments: Box<Ailments>,
    deep: Deep,
    figures: Box<Figures>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("options", &self.options).finish_non_exhaustive()
    }
}
