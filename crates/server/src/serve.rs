//! Connections: accepted within a limit, read within time limits, closed in order at the end.

use std::{
    net::IpAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::Router;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
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

use crate::{
    App, Server,
    address::{ClientAddress, holder, is_among},
    exchange::{Exchange, Socket},
    places::{Crowds, Seat},
    routes,
};

/// Largest head of a request in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Connections open at once to the listener of the figures.
const FIGURES_CONNECTIONS_MAX: usize = 16;

/// Longest pause after the system refused to accept a connection.
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Time between two words in the log about what a stop waits for.
const STOP_WORD_EVERY: Duration = Duration::from_secs(2);

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
        // Ends with this function.
        let mut aside = JoinSet::new();
        if let Some(listener) = self.figures_at {
            aside.spawn(serve_figures(Arc::clone(&app), listener));
        }
        let router = routes::router(Arc::clone(&app));
        let places = Arc::new(Semaphore::new(app.options.connections_max));
        let crowds = Arc::<Crowds<IpAddr>>::default();
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
            let Some(seat) = crowds.connect(peer, &app) else {
                tracing::debug!(%peer, "connection closed: its address has too many");
                continue;
            };
            let served = graceful.watch(connection(&app, socket, peer, router.clone()));
            connections.spawn(async move {
                let _seat = (place, seat);
                if let Err(error) = served.await {
                    tracing::debug!(%error, "connection ended early");
                }
            });
        }
        app.stopping.store(true, Ordering::Relaxed);
        drop(listener);
        end(&app, graceful, connections, hurry).await;
    }
}

/// Open connections by the holder of their address, so that one cannot take all there are.
impl Crowds<IpAddr> {
    /// A seat for one more connection; none if its address has as many as it may. Proxies that the
    /// operator trusts speak for many.
    fn connect(self: &Arc<Self>, peer: IpAddr, app: &App) -> Option<Seat<IpAddr>> {
        let trusted = is_among(&app.options.trusted_proxies, peer.to_canonical());
        self.enter(holder(peer), |here| trusted || here < app.options.connections_per_address_max)
    }
}

/// Serves the figures to whoever connects, until it is dropped.
async fn serve_figures(app: Arc<App>, listener: TcpListener) {
    let router = routes::figures::router(Arc::clone(&app));
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= FIGURES_CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let (socket, peer) = accept(&listener).await;
        while connections.try_join_next().is_some() {}
        let served = connection(&app, socket, peer, router.clone());
        // Whatever becomes of it is the client's affair.
        connections.spawn(async { drop(served.await) });
    }
}

fn connection(
    app: &Arc<App>,
    socket: TcpStream,
    peer: IpAddr,
    router: Router,
) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
    // Hyper has no bound of its own for a client that never reads, whose answer would stay in memory.
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(app.options.write_wait_max));
    let exchange = Exchange::default();
    let socket = Socket::new(Box::pin(socket), exchange.clone());
    let (app_of_requests, router) = (Arc::clone(app), TowerToHyperService::new(router));
    let respond = service_fn(move |mut request: hyper::Request<Incoming>| {
        let client = ClientAddress::of(peer, request.headers(), &app_of_requests.options.trusted_proxies);
        request.extensions_mut().insert(client);
        let (exchange, response) = (exchange.clone(), router.call(exchange.request(request)));
        async move { response.await.map(|response| exchange.answer(response)) }
    });
    http1::Builder::new()
        // Without a timer hyper silently has no header timeout.
        .timer(TokioTimer::new())
        .header_read_timeout(app.options.header_wait_max)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), respond)
}

/// Waits for what is in progress, says so, and cancels what takes too long.
async fn end(
    app: &App,
    graceful: GracefulShutdown,
    mut connections: JoinSet<()>,
    hurry: impl Future<Output = ()>,
) {
    // Connections without a request end at once. Some runs go on without theirs.
    let mut done = pin!(async {
        graceful.shutdown().await;
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
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                // Answers are written at once and small; waiting to fill a packet only delays them.
                let _ = socket.set_nodelay(true);
                return (socket, peer.ip());
            }
            Err(error) => {
                tracing::warn!(%error, "connection could not be accepted");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
            }
        }
    }
}
