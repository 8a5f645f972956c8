//! The HTTP API: turns requests into values for the pipeline, and its answers into responses.
//!
//! [`Server::serve`] takes the socket and the stop signal from outside, so that tests own both.

mod address;
mod auth;
mod body;
mod problem;
mod routes;
mod serve;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use ringfence_pipeline::{
    Pipeline,
    keys::{Given, IdentityError, IssuedKey, Key, KeyRequest},
    ports::StoreError,
    run::Principal,
};
use serde::Serialize;
use tokio::sync::Semaphore;

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
    /// Connections open at once; more wait to be accepted.
    pub connections_max: usize,
    /// Requests being worked on at once; more are answered 429.
    pub in_flight_max: usize,
    /// Longest wait for the whole head of a request, and for the next request of an open connection.
    pub header_wait_max: Duration,
    /// Longest wait for the whole body of a request.
    pub body_wait_max: Duration,
    /// Longest time in which a client takes nothing of what is written to it.
    pub write_wait_max: Duration,
    /// Longest wait for requests in progress when the server stops; then they are cancelled.
    pub stop_wait_max: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        ServerOptions {
            body_bytes_max: 32 * 1024 * 1024,
            connections_max: 512,
            in_flight_max: 64,
            header_wait_max: Duration::from_secs(10),
            body_wait_max: Duration::from_secs(30),
            write_wait_max: Duration::from_secs(30),
            stop_wait_max: Duration::from_secs(10),
        }
    }
}

/// Something that keeps the service from working, as `GET /health` tells it to anyone.
#[derive(Debug, Clone, Serialize)]
pub struct Ailment {
    /// Its name, such as `store_full`.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

/// Tells what is wrong at the moment. It is asked at every `GET /health`, so it is cheap.
pub type Ailments = dyn Fn() -> Vec<Ailment> + Send + Sync;

/// The HTTP server.
#[derive(Debug)]
pub struct Server {
    app: App,
}

impl Server {
    /// A server that hands requests to `pipeline` for whoever `keys` knows.
    pub fn new(pipeline: Arc<Pipeline>, keys: Arc<dyn Keys>, options: ServerOptions) -> Server {
        let in_flight = Arc::new(Semaphore::new(options.in_flight_max));
        Server { app: App { pipeline, keys, options, in_flight, ailments: Box::new(Vec::new) } }
    }

    /// Has `GET /health` answer 503 while `ailments` tells any.
    #[must_use]
    pub fn watched_by(mut self, ailments: impl Fn() -> Vec<Ailment> + Send + Sync + 'static) -> Server {
        self.app.ailments = Box::new(ailments);
        self
    }
}

/// What every handler works with.
struct App {
    pipeline: Arc<Pipeline>,
    keys: Arc<dyn Keys>,
    options: ServerOptions,
    in_flight: Arc<Semaphore>,
    ailments: Box<Ailments>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("options", &self.options).finish_non_exhaustive()
    }
}
