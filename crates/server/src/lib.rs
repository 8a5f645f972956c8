//! The HTTP API: turns requests into values for the pipeline, and its answers into responses.
//!
//! [`Server::serve`] takes the socket and the stop signal from outside, so that tests own both.

mod auth;
mod body;
mod multipart;
mod problem;
mod routes;
mod serve;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use ringfence_pipeline::{Pipeline, ports::StoreError, run::Principal};
use serde::Serialize;
use tokio::sync::Semaphore;

/// Tells who shows a key.
#[async_trait]
pub trait Authenticate: Send + Sync {
    /// The principal of a valid key; none if the key is unknown, wrong, expired or revoked.
    async fn authenticate(&self, key: &str) -> Result<Option<Principal>, StoreError>;
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
    /// Uploads being taken in at once; more are answered 429. They do not count as requests being worked on.
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
            connections_max: 512,
            in_flight_max: 64,
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
    pub fn new(pipeline: Arc<Pipeline>, keys: Arc<dyn Authenticate>, options: ServerOptions) -> Server {
        let in_flight = Arc::new(Semaphore::new(options.in_flight_max));
        let uploads = Arc::new(Semaphore::new(options.uploads_max));
        Server { app: App { pipeline, keys, options, in_flight, uploads, ailments: Box::new(Vec::new) } }
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
    keys: Arc<dyn Authenticate>,
    options: ServerOptions,
    in_flight: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    ailments: Box<Ailments>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("options", &self.options).finish_non_exhaustive()
    }
}
