//! Connections: accepted within a limit, read within time limits, closed in order at the end.

use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;

use crate::{App, Server, address::ClientAddress, routes};

/// Largest head of a request in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Longest pause after the system refused to accept a connection.
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Time between two words in the log about what a stop waits for.
const STOP_WORD_EVERY: Duration = Duration::from_secs(2);

/// Time between two looks whether requests are in progress that have no connection any more.
const STOP_LOOK_EVERY: Duration = Duration::from_millis(10);

/// Longest wait for cancelled requests to be recorded and answered.
const CANCEL_WAIT_MAX: Duration = Duration::from_secs(5);

impl Server {
    /// Serves until `stop` resolves; then takes no more connections, waits for requests in progress
    /// within a bound and until `hurry` resolves, cancels the rest, and waits until they are recorded.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) {
        let app = Arc::new(self.app);
        let router = routes::router(Arc::clone(&app));
        let places = Arc::new(Semaphore::new(app.options.connections_max));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let next = async {
                // The semaphore is never closed, so a place always comes.
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (place, accept(&listener).await)
            };
            let (place, (socket, peer)) = tokio::select! {
                () = &mut stop => break,
                next = next => next,
            };
            while connections.try_join_next().is_some() {}
            let served = graceful.watch(connection(&app, socket, peer.ip(), router.clone()));
            connections.spawn(async move {
                let _place = place;
                if let Err(error) = served.await {
                    tracing::debug!(%error, "connection ended early");
                }
            });
        }
        drop(listener);
        end(&app, graceful, connections, hurry).await;
    }
}

fn connection(
    app: &App,
    socket: TcpStream,
    peer: IpAddr,
    router: Router,
) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
    // Hyper has no bound of its own for a client that never reads, whose answer would stay in memory.
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(app.options.write_wait_max));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ClientAddress(peer));
        router.call(request)
    });
    http1::Builder::new()
        // Without a timer hyper silently has no header timeout.
        .timer(TokioTimer::new())
        .header_read_timeout(app.options.header_wait_max)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(socket)), service)
}

/// Waits for what is in progress, says so, and cancels what takes too long.
async fn end(
    app: &App,
    graceful: GracefulShutdown,
    mut connections: JoinSet<()>,
    hurry: impl Future<Output = ()>,
) {
    // Connections without a request end at once. Some requests go on without their connection, and one
    // of these may not have come to the pipeline yet.
    let mut done = pin!(async {
        graceful.shutdown().await;
        while app.in_progress() > 0 {
            sleep(STOP_LOOK_EVERY).await;
        }
        app.pipeline.idle().await;
    });
    let waited = tokio::select! {
        biased;
        () = &mut done => true,
        () = sleep(app.options.stop_wait_max) => false,
        () = hurry => false,
        () = say_what_is_waited_for(app) => false,
    };
    if !waited {
        tracing::warn!(requests = app.in_progress(), "stopping: requests in progress are cancelled");
        app.pipeline.stop();
        if timeout(CANCEL_WAIT_MAX, &mut done).await.is_err() {
            let requests = app.in_progress();
            tracing::error!(
                requests,
                "stopping: requests are given up, the next start finds them interrupted"
            );
        }
    }
    connections.shutdown().await;
    tracing::info!("stopped");
}

/// Says it at once and again and again; never ends by itself.
async fn say_what_is_waited_for(app: &App) {
    let began = Instant::now();
    loop {
        let left = app.options.stop_wait_max.saturating_sub(began.elapsed());
        tracing::info!(
            requests = app.in_progress(),
            seconds_at_most = left.as_secs_f32().ceil(),
            "stopping: waiting for requests in progress, a second signal cancels them"
        );
        sleep(STOP_WORD_EVERY).await;
    }
}

/// Accepts a connection. Errors here are the system's (out of descriptors, a client already gone):
/// they pass, so it tries again with growing pauses.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                // Answers are written at once and small; waiting to fill a packet only delays them.
                let _ = socket.set_nodelay(true);
                return (socket, peer);
            }
            Err(error) => {
                tracing::warn!(%error, "connection could not be accepted");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
            }
        }
    }
}
