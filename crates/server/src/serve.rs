//! Connections: accepted within a limit, read within time limits, closed in order at the end.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{Server, routes};

/// Largest head of a request in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Longest pause after the system refused to accept a connection.
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

impl Server {
    /// Serves until `stop` resolves; then takes no more connections, waits for requests in progress
    /// within a bound, cancels the rest, and waits until the pipeline has recorded them.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let router = routes::router(Arc::clone(&self.app));
        let places = Arc::new(Semaphore::new(self.app.options.connections_max));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let next = async {
                // The semaphore is never closed, so a place always comes.
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (place, accept(&listener).await)
            };
            let (place, socket) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            while connections.try_join_next().is_some() {}
            let connection = graceful.watch(self.connection(socket, router.clone()));
            connections.spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection ended early");
                }
            });
        }
        drop(listener);
        self.end(graceful, connections).await;
    }

    fn connection(
        &self,
        socket: TcpStream,
        router: Router,
    ) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
        http1::Builder::new()
            // Without a timer hyper silently has no header timeout.
            .timer(TokioTimer::new())
            .header_read_timeout(self.app.options.header_wait_max)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router))
    }

    async fn end(&self, graceful: GracefulShutdown, mut connections: JoinSet<()>) {
        let wait = self.app.options.stop_wait_max;
        if timeout(wait, graceful.shutdown()).await.is_err() {
            tracing::warn!(open = connections.len(), "cancelling requests that did not end in time");
        }
        connections.shutdown().await;
        if timeout(wait, self.app.pipeline.idle()).await.is_err() {
            tracing::warn!("runs are still in progress and will be found interrupted at the next start");
        }
    }
}

/// Accepts a connection. Errors here are the system's (out of descriptors, a client already gone):
/// they pass, so it tries again with growing pauses.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // Answers are written at once and small; waiting to fill a packet only delays them.
                let _ = socket.set_nodelay(true);
                return socket;
            }
            Err(error) => {
                tracing::warn!(%error, "connection could not be accepted");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
            }
        }
    }
}
