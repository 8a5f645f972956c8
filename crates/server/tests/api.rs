//! The HTTP API over a loopback socket: shapes, errors, hostile bodies, clients that go away. The
//! jail is played by an executor of this test; the real one is tried from outside in `tests/`.

use std::{
    future::pending,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ringfence_job::{Isolation, Job, Language, LimitsPolicy, Outcome, Status, Usage};
use ringfence_pipeline::{
    Clock, Control, Pipeline, PipelineConfig, Policy, Ports,
    audit::AuditEntry,
    budget::{Amount, BudgetScope, Caps, Period, Prices, Shortfall, Unit},
    budgets::{BudgetError, Budgets, Standing, UsageQuery, UsageRow},
    files::{FileCursor, FileInfo, Files, FilesError, Incoming},
    keys::{Given, IdentityError, IssuedKey, Key, KeyRequest, Scopes},
    ports::{
        Admitted, AppendError, Assignment, AuthorError, Charge, Claim, Claimed, CodeAuthor, Draft, Executor,
        ExecutorError, Kept, Ledger, LedgerError, Part, Prepared, Put, Receipt, Record, StoreError, Written,
    },
    run::{Cleared, Principal, Recorded, RunId},
    sessions::{Opened, Removal, Session, SessionInfo, SessionView, Sessions},
};
use ringfence_server::{Ailment, Check, CheckStatus, Examination, Keys, Server, ServerOptions};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, oneshot},
    task::JoinHandle,
    time::{sleep, timeout},
};
use uuid::Uuid;

const KEY: &str = "rf_live_test";
const ADMIN_KEY: &str = "rf_live_operator";

/// Longest wait for anything in this file.
const WAIT: Duration = Duration::from_secs(10);

/// Plays jail, store, ledger, author and key ring. What code does is written in the code.
#[derive(Default)]
struct World {
    events: Mutex<Vec<Recorded>>,
    running: AtomicUsize,
    settled: AtomicUsize,
    revoked: AtomicBool,
}

/// Counts a running job down, however it ends.
struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Executor for World {
    fn prepare(self: Arc<Self>, _: &Job) -> Box<dyn Prepared> {
        Box::new(Awaited(self))
    }
}

/// A job that the world is to run.
struct Awaited(Arc<World>);

#[async_trait]
impl Prepared for Awaited {
    fn load(&self) {}

    async fn execute(self: Box<Self>, cleared: Cleared, control: Control) -> Result<Outcome, ExecutorError> {
        let job = cleared.into_job();
        self.0.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(&self.0.running);
        let mut status = Status::Succeeded;
        match job.code.as_str() {
            "missing" => return Err(ExecutorError::RuntimeMissing("python".to_owned())),
            "broken" => return Err(ExecutorError::Sandbox("secret detail of the host".to_owned())),
            "hang" => {
                control.stopped().await;
                status = Status::Cancelled;
            }
            "slow" => sleep(Duration::from_millis(200)).await,
            _ => {}
        }
        Ok(Outcome {
            status,
            exit_code: Some(0),
            signal: None,
            stdout: [job.stdin, job.args.join(",").into_bytes()].concat(),
            stderr: Vec::new(),
            stdout_truncated: false,
            stderr_truncated: false,
            limits_hit: Vec::new(),
            denied_syscalls: Vec::new(),
            denied_truncated: false,
            usage: Usage { wall_ms: 3, ..Usage::default() },
            limits: job.limits,
            files: Vec::new(),
            isolation: Isolation::default(),
            runtime_id: None,
        })
    }
}

#[async_trait]
impl Record for World {
    async fn append(&self, _: &Principal, _: RunId, events: &[Recorded]) -> Result<(), AppendError> {
        self.events.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    async fn put_blob(&self, _: &Principal, _: RunId, _: Part, content: &[u8]) -> Result<Put, StoreError> {
        if content == b"store down" {
            return Err(StoreError::new("keeping content", "secret path"));
        }
        if content == b"store full" {
            let reason = "secret path".to_owned();
            return Err(StoreError { doing: "keeping content", reason, full: true, gone: false });
        }
        Ok(Put::Kept(Kept { sha256: "0".repeat(64), size: content.len() as u64, unwritten: None }))
    }

    async fn give_up(&self, _: &Principal, _: RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get_blob(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    async fn claim(&self, _: &Principal, claim: &Claim) -> Result<Claimed, StoreError> {
        if claim.name == "full" {
            let reason = "secret path".to_owned();
            return Err(StoreError { doing: "claiming a request", reason, full: true, gone: false });
        }
        Ok(Claimed::New)
    }

    async fn take_over(&self, _: &Principal, _: &Claim, _: RunId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn release(&self, _: &Principal, _: RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn runs(&self, _: &Principal, _: Option<RunId>, _: u32) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }

    async fn audit(&self, _: &Principal, _: Option<i64>, _: u32) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn history(&self, _: &Principal, _: RunId) -> Result<Vec<Recorded>, StoreError> {
        Ok(self.events.lock().unwrap().clone())
    }
}

#[async_trait]
impl Ledger for World {
    async fn reserve_and_tell(
        &self,
        charge: Charge<'_>,
        amount: Amount,
        _: &[Recorded],
        _: Admitted<'_>,
    ) -> Result<(), LedgerError> {
        // One limit in this world: nobody may reserve more than a minute.
        let missing = amount.sandbox_ms - 60_000;
        if missing > 0 {
            let scope = BudgetScope::key(&charge.principal.tenant, &charge.principal.key_id);
            let (period, unit, limit) = (Period::Total, Unit::SandboxMs, 60_000);
            return Err(LedgerError::Exhausted(vec![Shortfall { scope, period, unit, missing, limit }]));
        }
        Ok(())
    }

    async fn settle(
        &self,
        _: &Principal,
        _: RunId,
        _: u32,
        _: Amount,
        _: &[Recorded],
    ) -> Result<Receipt, LedgerError> {
        self.settled.fetch_add(1, Ordering::SeqCst);
        Ok(Receipt { left_nano_usd: Some(1_500_000_000), crossed: Vec::new() })
    }

    async fn start(&self, _: &Principal, _: RunId, _: u32, _: &[Recorded]) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn adopt(&self, _: &Principal, _: RunId, _: u32) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn check_key(&self, _: &Principal) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// Uploads are not kept in this world; what they come to is counted.
struct Counted(usize);

#[async_trait]
impl Incoming for Counted {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.0 += bytes.len();
        Ok(())
    }

    async fn end_file(&mut self, _: String) -> Result<[u8; 32], FilesError> {
        Ok([0; 32])
    }

    async fn keep(self: Box<Self>) -> Result<Vec<FileInfo>, FilesError> {
        let (id, name, size) = ("0".repeat(64), "f".to_owned(), self.0 as u64);
        Ok(vec![FileInfo { id, name, size, created_ms: 1, expires_ms: 2 }])
    }
}

#[async_trait]
impl Sessions for World {
    async fn open_session(&self, _: &Principal, id: &str) -> Result<Opened, StoreError> {
        let busy = id == Uuid::max().to_string();
        Ok(if busy { Opened::Busy } else { Opened::Missing })
    }

    async fn put_session(&self, _: &Principal, _: &Session) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn close_session(&self, _: &Principal, _: &Session) -> Result<(), StoreError> {
        Ok(())
    }

    async fn sessions(&self, _: &Principal, _: Option<&str>, _: u32) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(Vec::new())
    }

    async fn session(&self, _: &Principal, _: &str) -> Result<Option<SessionView>, StoreError> {
        Ok(None)
    }

    async fn remove_session(&self, _: &Principal, id: &str) -> Result<Removal, StoreError> {
        let busy = id == Uuid::max().to_string();
        Ok(if busy { Removal::Busy } else { Removal::Missing })
    }
}

#[async_trait]
impl Files for World {
    async fn receive(&self, _: &Principal, _: Option<u64>) -> Result<Box<dyn Incoming>, FilesError> {
        Ok(Box::new(Counted(0)))
    }

    async fn files(
        &self,
        _: &Principal,
        _: Option<&FileCursor>,
        _: u32,
    ) -> Result<Vec<FileInfo>, StoreError> {
        Ok(Vec::new())
    }

    async fn file(&self, _: &Principal, _: &str) -> Result<Option<FileInfo>, StoreError> {
        Ok(None)
    }

    async fn remove_file(&self, _: &Principal, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[async_trait]
impl CodeAuthor for World {
    fn name(&self) -> String {
        "echo".to_owned()
    }

    async fn write(&self, assignment: &Assignment) -> Written {
        Written::free(match assignment.question.as_str() {
            "?" => Err(AuthorError::NotUnderstood("ask for a sum".to_owned())),
            "unclear" => Err(AuthorError::unclear("Which column?".to_owned())),
            "thinking" => pending().await,
            "offline" => Err(AuthorError::Unavailable("connection refused".to_owned())),
            code => {
                let (code, explanation) = (code.to_owned(), "Does as told.".to_owned());
                Ok(Draft { language: Language::Python, code, explanation, confidence: None, memory: None })
            }
        })
    }
}

/// Budgets are the store's own; they are tried from outside.
#[async_trait]
impl Budgets for World {
    async fn set_budget(
        &self,
        _: &str,
        scope: &BudgetScope,
        _: &[(Period, Caps)],
        _: Option<&str>,
    ) -> Result<Standing, BudgetError> {
        Err(BudgetError::NoSuchScope(scope.clone()))
    }

    async fn remove_budget(&self, _: &str, scope: &BudgetScope, _: Option<&str>) -> Result<(), BudgetError> {
        Err(BudgetError::NoBudget(scope.clone()))
    }

    async fn budget(&self, scope: &BudgetScope) -> Result<Standing, BudgetError> {
        Err(BudgetError::NoBudget(scope.clone()))
    }

    async fn budgets(
        &self,
        _: Option<&str>,
        _: Option<&BudgetScope>,
        _: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        Ok(Vec::new())
    }

    async fn usage(&self, _: UsageQuery<'_>) -> Result<Vec<UsageRow>, StoreError> {
        Ok(Vec::new())
    }
}

/// One key, which cannot be managed; the store's own are tried from outside.
#[async_trait]
impl Keys for World {
    async fn authenticate(&self, key: &str) -> Result<Option<Principal>, StoreError> {
        let text = str::to_owned;
        let scopes = if key == ADMIN_KEY { Scopes::ALL } else { Scopes::DEFAULT };
        let who = Principal { tenant: text("t"), user: text("u"), scopes, key_id: text("k1") };
        let known = [KEY, ADMIN_KEY].contains(&key) && !self.revoked.load(Ordering::SeqCst);
        Ok(known.then_some(who))
    }

    async fn create(&self, _: &Principal, _: &KeyRequest) -> Result<IssuedKey, IdentityError> {
        Err(StoreError::new("creating a key", "secret path").into())
    }

    async fn list(&self, _: &Principal, _: Option<&str>, _: u32) -> Result<Vec<Key>, IdentityError> {
        Ok(Vec::new())
    }

    async fn find(&self, _: &Principal, id: &str) -> Result<Key, IdentityError> {
        Err(IdentityError::NoSuchKey(id.to_owned()))
    }

    async fn revoke(&self, _: &Principal, id: &str) -> Result<Key, IdentityError> {
        Err(IdentityError::NoSuchKey(id.to_owned()))
    }

    async fn rotate(&self, _: &Principal, id: &str, _: i64) -> Result<IssuedKey, IdentityError> {
        Err(IdentityError::NoSuchKey(id.to_owned()))
    }

    async fn give(&self, _: IpAddr) -> Result<Option<Given>, IdentityError> {
        Ok(None)
    }
}

/// A server on a port of its own, stopped when dropped.
struct TestServer {
    world: Arc<World>,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    hurry: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl TestServer {
    async fn start() -> TestServer {
        TestServer::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut ServerOptions)) -> TestServer {
        TestServer::start_changed(|options, _| change(options), |server| server).await
    }

    async fn start_changed(
        change: impl FnOnce(&mut ServerOptions, &mut PipelineConfig),
        finish: impl FnOnce(Server) -> Server,
    ) -> TestServer {
        let world = Arc::new(World::default());
        let ports = Ports {
            executor: world.clone(),
            record: world.clone(),
            ledger: world.clone(),
            files: world.clone(),
            sessions: world.clone(),
            authors: vec![world.clone()],
        };
        let clock = Clock::new(|| 1, || RunId(Uuid::nil()));
        let mut options = ServerOptions::default();
        let mut config = PipelineConfig {
            policy: Policy::default(),
            limits: LimitsPolicy::default(),
            prices: Prices::default(),
            clock,
            slots: 4,
            queue: 4,
            processors: 2,
            uploaded_bytes_max: 1 << 20,
        };
        change(&mut options, &mut config);
        let server = finish(Server::new(
            Arc::new(Pipeline::new(ports, config)),
            world.clone(),
            world.clone(),
            options,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let (hurry, hurried) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let hurried = async {
            // A test that never hurries drops its end only when it has stopped already.
            let _ = hurried.await;
        };
        let served = tokio::spawn(server.serve(listener, stopped, hurried));
        TestServer { world, port, stop: Some(stop), hurry: Some(hurry), served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    /// Sends raw bytes and reads until the server closes.
    async fn raw(&self, bytes: &[u8]) -> Reply {
        let mut socket = self.connect().await;
        socket.write_all(bytes).await.unwrap();
        Reply::read(socket).await
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
        let mut bytes = request(method, path, headers, body.len());
        bytes.extend_from_slice(body);
        self.raw(&bytes).await
    }

    async fn post(&self, path: &str, body: &[u8]) -> Reply {
        let headers = format!("authorization: Bearer {KEY}\r\ncontent-type: application/json\r\n");
        self.send("POST", path, &headers, body).await
    }

    async fn execute(&self, body: Value) -> Reply {
        self.post("/v1/execute", body.to_string().as_bytes()).await
    }

    async fn until(&self, what: &str, holds: impl Fn(&World) -> bool) {
        let wait = async {
            while !holds(&self.world) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(WAIT, wait).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
    }
}

fn request(method: &str, path: &str, headers: &str, length: usize) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n")
        .into_bytes()
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Reply {
    async fn read(mut socket: TcpStream) -> Reply {
        let mut bytes = Vec::new();
        timeout(WAIT, socket.read_to_end(&mut bytes)).await.expect("an answer in time").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Reply {
            status,
            head: head.to_ascii_lowercase(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    /// Checks that this is a problem with all that a problem has.
    #[track_caller]
    fn is_problem(&self, status: u16, code: &str) -> &Reply {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("/problems/{}", code.replace('_', "-")));
        let id = self.body["request_id"].as_str().unwrap();
        assert!(self.head.contains(&format!("x-request-id: {id}")), "{}", self.head);
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        self
    }

    #[track_caller]
    fn points_at(&self, pointer: &str) {
        assert_eq!(self.body["errors"][0]["pointer"], pointer, "{self:?}");
    }
}

#[tokio::test]
async fn health_is_open_and_cheap() {
    let server = TestServer::start().await;
    let reply = server.send("GET", "/health", "", b"").await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!("ok")));
    assert!(reply.body["version"].is_string());
    for path in ["/livez", "/readyz", "/startupz"] {
        let reply = server.send("GET", path, "", b"").await;
        assert_eq!((reply.status, &reply.body["status"]), (200, &json!("ok")), "{path}");
    }
}

fn found(status: CheckStatus) -> Examination {
    let check = Check { status, detail: None, duration_ms: 1 };
    Examination { checks: [("python", check)].into(), checked_ms: 7 }
}

#[tokio::test]
async fn a_deep_look_is_made_once_for_all_who_ask_and_for_those_who_leave() {
    let looks = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let server = {
        let (looks, gate) = (looks.clone(), gate.clone());
        TestServer::start_changed(
            |_, _| {},
            |server| {
                server.examined_by(move || {
                    let (looks, gate) = (looks.clone(), gate.clone());
                    async move {
                        looks.fetch_add(1, Ordering::SeqCst);
                        gate.acquire().await.unwrap().forget();
                        found(CheckStatus::Ok)
                    }
                })
            },
        )
        .await
    };
    let first = async {
        let mut socket = server.connect().await;
        socket.write_all(&request("GET", "/health/deep", "", 0)).await.unwrap();
        server.until("a look begins", |_| looks.load(Ordering::SeqCst) == 1).await;
    };
    first.await;
    let callers: Vec<_> = (0..100).map(|_| server.send("GET", "/health/deep", "", b"")).collect();
    let (replies, ()) = tokio::join!(futures::future::join_all(callers), async {
        sleep(Duration::from_millis(50)).await;
        gate.add_permits(1);
    });
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body["status"] == "ok"));
    let expected = json!({ "status": "ok", "durationMs": 1 });
    assert_eq!((&replies[0].body["checks"]["python"], &replies[0].body["checkedMs"]), (&expected, &json!(7)));
    assert_eq!(server.send("GET", "/health/deep", "", b"").await.status, 200);
    assert_eq!(looks.load(Ordering::SeqCst), 1, "each look is for everybody");
}

#[tokio::test]
async fn a_deep_look_tells_what_fails_from_what_is_busy() {
    for (status, expected, word) in [
        (CheckStatus::Failing, 503, "failing"),
        (CheckStatus::Busy, 200, "busy"),
        (CheckStatus::Ok, 200, "ok"),
    ] {
        let examined = |server: Server| server.examined_by(move || async move { found(status) });
        let server = TestServer::start_changed(|_, _| {}, examined).await;
        let reply = server.send("GET", "/health/deep", "", b"").await;
        assert_eq!((reply.status, &reply.body["status"]), (expected, &json!(word)), "{reply:?}");
        assert_eq!(reply.body["checks"]["python"]["status"], word);
    }
}

#[tokio::test]
async fn a_server_that_stops_is_alive_and_not_ready() {
    let mut server = TestServer::start().await;
    // Their requests are on the way when the stop comes.
    let head = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    let mut sockets = Vec::new();
    for path in ["/livez", "/readyz"] {
        let mut socket = server.connect().await;
        socket.write_all(head(path).as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    // Answered after both were accepted, as connections are in their order.
    assert_eq!(server.send("GET", "/readyz", "", b"").await.status, 200);
    sleep(Duration::from_millis(50)).await;
    drop(server.stop.take());
    while TcpStream::connect(("127.0.0.1", server.port)).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    let mut replies = Vec::new();
    for mut socket in sockets {
        socket.write_all(b"\r\n").await.unwrap();
        replies.push(Reply::read(socket).await);
    }
    assert_eq!(replies[0].status, 200, "{:?}", replies[0]);
    assert_eq!((replies[1].status, &replies[1].body["problems"][0]["code"]), (503, &json!("stopping")));
}

#[tokio::test]
async fn figures_are_for_operators_or_on_a_listener_of_their_own() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let measured = |server: Server| server.measured_by(|| "up 1\n".to_owned(), Some(listener));
    let server = TestServer::start_changed(|_, _| {}, measured).await;
    server.send("GET", "/metrics", "", b"").await.is_problem(401, "unauthenticated");
    let key = format!("x-api-key: {KEY}\r\n");
    server.send("GET", "/metrics", &key, b"").await.is_problem(403, "insufficient_scope");
    let key = format!("x-api-key: {ADMIN_KEY}\r\n");
    let text = "content-type: text/plain; version=0.0.4";
    let reply = server.send("GET", "/metrics", &key, b"").await;
    assert!(reply.status == 200 && reply.head.contains(text), "{reply:?}");
    for (path, status) in [("/metrics", 200), ("/health", 404), ("/v1/runs", 404)] {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.write_all(&request("GET", path, "", 0)).await.unwrap();
        assert_eq!(Reply::read(socket).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn code_is_executed_and_answered() {
    let server = TestServer::start().await;
    let body = json!({ "language": "python", "code": "print(1)", "args": ["a", "b"], "env": { "A": "1" },
        "stdin": "aGk=", "stdinEncoding": "base64", "limits": { "wallMs": 500 }, "fresh": true,
        "files": [{ "name": "a.csv", "content": "a\n1\n" }, { "name": "b", "content": "/wA=", "encoding": "base64" }] });
    let reply = server.execute(body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body["stdout"], "hia,b");
    assert_eq!((&reply.body["exitCode"], &reply.body["timedOut"]), (&json!(0), &json!(false)));
    assert_eq!(reply.body["limits"]["wallMs"], 500);
    assert!(reply.head.contains("cache-control: no-store") && reply.head.contains("x-request-id"));
}

#[tokio::test]
async fn a_question_is_answered() {
    let server = TestServer::start().await;
    let reply = server.post("/v1/ask", br#"{"question":"print(1)"}"#).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!((&reply.body["author"], &reply.body["code"]), (&json!("echo"), &json!("print(1)")));
    assert_eq!(reply.body["run"]["status"], "succeeded");
}

#[tokio::test]
async fn a_key_is_needed() {
    let server = TestServer::start().await;
    let json = "content-type: application/json\r\n";
    let body = br#"{"language":"bash","code":"1"}"#;
    for headers in [
        "",
        "authorization: Bearer wrong\r\n",
        "authorization: Basic rf_live_test\r\n",
        "authorization: Bearer \r\n",
        "x-api-key: \r\n",
        "x-api-key: \u{e9}\r\n",
        "x-tenant: t\r\n",
    ] {
        let reply = server.send("POST", "/v1/execute", &format!("{json}{headers}"), body).await;
        reply.is_problem(401, "unauthenticated");
        assert!(reply.head.contains("www-authenticate: bearer"), "{headers}");
    }
    let twice = "authorization: Bearer rf_live_test\r\nauthorization: Bearer rf_live_test\r\n";
    for headers in [
        twice,
        "authorization: Bearer wrong\r\nx-api-key: rf_live_test\r\n",
        "authorization: Bearer rf_live_test\r\nx-api-key: wrong\r\n",
        "authorization: Basic rf_live_test\r\nx-api-key: rf_live_test\r\n",
        "x-api-key: wrong\r\nx-api-key: rf_live_test\r\n",
    ] {
        let reply = server.send("POST", "/v1/execute", &format!("{json}{headers}"), body).await;
        reply.is_problem(400, "ambiguous_key");
    }
    for headers in [
        "x-api-key: rf_live_test\r\n",
        "authorization: bearer  rf_live_test\r\n",
        "authorization: Bearer rf_live_test\r\nx-api-key: rf_live_test\r\n",
    ] {
        let reply = server.send("POST", "/v1/execute", &format!("{json}{headers}"), body).await;
        assert_eq!(reply.status, 200, "{headers}");
    }
}

/// Time goes on by itself as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn a_silent_stream_beats_until_its_key_has_ended() {
    let server = TestServer::start().await;
    let body = br#"{"language":"bash","code":"hang"}"#;
    let with = |headers: &str| format!("authorization: Bearer {KEY}\r\n{headers}");
    let json = with("content-type: application/json\r\nprefer: respond-async\r\n");
    let run = server.send("POST", "/v1/execute", &json, body).await.body;
    let mut stream = server.connect().await;
    stream.write_all(&request("GET", run["events"].as_str().unwrap(), &with(""), 0)).await.unwrap();
    let mut told = String::new();
    while told.matches("\n:").count() < 2 {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).await.unwrap();
        told += std::str::from_utf8(&piece[..count]).unwrap();
    }
    assert!(!told.contains("event: error"), "{told}");
    server.world.revoked.store(true, Ordering::SeqCst);
    told.clear();
    stream.read_to_string(&mut told).await.unwrap();
    assert!(told.contains("event: error") && told.contains("unauthenticated"), "{told}");
}

#[tokio::test]
async fn a_request_says_once_for_which_host_it_is() {
    let server = TestServer::start().await;
    for (version, hosts, status) in [
        ("1.1", "", 400),
        ("1.1", "host: a\r\nhost: a\r\n", 400),
        ("1.1", "host: a b\r\n", 400),
        ("1.1", "host: user@a\r\n", 400),
        ("1.0", "host: a\r\nhost: b\r\n", 400),
        ("1.0", "", 200),
        ("1.1", "host:\r\n", 200),
        ("1.1", "host: [::1]:8787\r\n", 200),
    ] {
        let head = format!("GET /health HTTP/{version}\r\n{hosts}connection: close\r\n\r\n");
        let reply = server.raw(head.as_bytes()).await;
        if status == 400 {
            reply.is_problem(400, "invalid_host");
        }
        assert_eq!(reply.status, status, "{hosts}: {reply:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let server = TestServer::start().await;
    server.send("GET", "/nothing", "", b"").await.is_problem(404, "not_found");
    server.send("GET", "/v1/execute/", "", b"").await.is_problem(404, "not_found");
    // Names that are no text are no names.
    for path in ["/v1/runs/%ff", "/v1/runs/a/files/%ff", "/docs/%ff", "/%00"] {
        server.send("GET", path, "", b"").await.is_problem(404, "not_found");
    }
    let reply = server.send("GET", "/v1/execute", "", b"").await;
    reply.is_problem(405, "method_not_allowed");
    assert!(reply.head.contains("allow: post"), "{}", reply.head);
}

#[tokio::test]
async fn errors_of_the_pipeline_have_their_own_status() {
    let server = TestServer::start().await;
    let code = |code: &str| json!({ "language": "python", "code": code });
    let denied = server.execute(code(" ")).await;
    denied.is_problem(422, "policy_denied").points_at("/code");
    assert_eq!(denied.body["errors"][0]["code"], "code_empty");
    assert!(denied.body["run_id"].is_string());
    let long = json!({ "language": "python", "code": "1", "limits": { "wallMs": 999_999 } });
    server.execute(long).await.is_problem(422, "policy_denied").points_at("/limits/wallMs");
    let dear = json!({ "language": "python", "code": "1", "limits": { "wallMs": 70_000 } });
    server.execute(dear).await.is_problem(402, "budget_exhausted");
    server.execute(code("missing")).await.is_problem(503, "runtime_missing");
    for (code, problem) in [(code("broken"), "sandbox_failed"), (code("store down"), "store_failed")] {
        let reply = server.execute(code).await;
        reply.is_problem(500, problem);
        assert!(!reply.body.to_string().contains("secret"), "{reply:?}");
    }
    let full = server.execute(code("store full")).await;
    full.is_problem(507, "store_full");
    assert!(full.body["detail"].to_string().contains("free space"), "{full:?}");
    assert!(!full.body.to_string().contains("secret"), "{full:?}");
    let named =
        format!("authorization: Bearer {KEY}\r\ncontent-type: application/json\r\nidempotency-key: full\r\n");
    let body = code("1").to_string();
    server.send("POST", "/v1/execute", &named, body.as_bytes()).await.is_problem(507, "store_full");
    let ask = async |question: &str| {
        server.post("/v1/ask", json!({ "question": question }).to_string().as_bytes()).await
    };
    let refused = ask("?").await;
    refused.is_problem(422, "question_not_understood");
    let refused = &refused.body;
    assert_eq!((&refused["decision"], &refused["clarification"]), (&json!("refused"), &Value::Null));
    let unclear = ask("unclear").await;
    unclear.is_problem(422, "clarification_required");
    let unclear = &unclear.body;
    assert_eq!(unclear["decision"], "clarify");
    let asked = json!({ "id": unclear["run_id"], "question": "Which column?", "options": [] });
    assert_eq!(unclear["clarification"], asked);
    assert!(unclear["sessionId"].is_string(), "{unclear}");
    ask("offline").await.is_problem(503, "authors_failed");
    ask(" ").await.is_problem(422, "policy_denied").points_at("/question");
}

#[tokio::test]
async fn hostile_bodies_are_refused_with_the_place() {
    let server = TestServer::start().await;
    let deep = |open: &str, close: &str| {
        format!("{{\"language\":\"bash\",\"code\":{}{}}}", open.repeat(100_000), close.repeat(100_000))
    };
    let cases: [(&str, &str, &str); 22] = [
        ("", "invalid_json", ""),
        ("null", "invalid_request", ""),
        ("[]", "invalid_request", ""),
        ("{", "invalid_json", ""),
        (r#"{"language":"bash"}"#, "invalid_request", ""),
        (r#"{"language":"bash","code":"1","tenant":"x"}"#, "invalid_request", "/tenant"),
        (r#"{"language":"bash","code":"1","code":"2"}"#, "invalid_request", ""),
        (r#"{"language":"perl","code":"1"}"#, "invalid_request", "/language"),
        (r#"{"language":"bash","code":1}"#, "invalid_request", "/code"),
        (r#"{"language":"bash","code":null}"#, "invalid_request", "/code"),
        (r#"{"language":"bash","code":"1","env":{"A":"1","A":"2"}}"#, "invalid_request", "/env"),
        (r#"{"language":"bash","code":"1","limits":{"wallMs":NaN}}"#, "invalid_json", "/limits/wallMs"),
        (r#"{"language":"bash","code":"1","limits":{"wallMs":-1}}"#, "invalid_request", "/limits/wallMs"),
        (r#"{"language":"bash","code":"1","limits":{"wallMs":1e3}}"#, "invalid_request", "/limits/wallMs"),
        // A list of the fields' values is no object.
        (r#"["bash","1"]"#, "invalid_request", ""),
        (r#"{"language":"bash","code":"1","limits":[10,10]}"#, "invalid_request", "/limits"),
        (r#"{"language":"bash","code":"1","files":[["a",""]]}"#, "invalid_request", "/files/0"),
        (r#"{"language":"bash","code":"1","limits":{"x":1}}"#, "invalid_request", "/limits/x"),
        (r#"{"language":"bash","code":"1","files":[{"name":"a"}]}"#, "invalid_request", "/files/0"),
        (r#"{"language":"bash","code":"\ud800"}"#, "invalid_request", "/code"),
        ("\u{feff}{\"language\":\"bash\",\"code\":\"1\"}", "invalid_json", ""),
        (r#"{"language":"bash","code":"1"} {}"#, "invalid_json", ""),
    ];
    for (body, code, pointer) in cases {
        let reply = server.post("/v1/execute", body.as_bytes()).await;
        assert_eq!((reply.status, reply.body["code"].as_str()), (400, Some(code)), "{body}: {reply:?}");
        let found = reply.body["errors"][0]["pointer"].as_str().unwrap_or("");
        assert_eq!(found, pointer, "{body}: {reply:?}");
    }
    for body in [deep("[", "]"), deep("{\"a\":", "}")] {
        assert_eq!(server.post("/v1/execute", body.as_bytes()).await.status, 400);
    }
    server
        .post("/v1/execute", b"{\"language\":\"bash\",\"code\":\"\xff\"}")
        .await
        .is_problem(400, "invalid_json");
    let base64 =
        br#"{"language":"bash","code":"1","files":[{"name":"a","content":"?","encoding":"base64"}]}"#;
    server.post("/v1/execute", base64).await.is_problem(400, "invalid_request").points_at("/files/0/content");
    // A parser quotes what it was given; an answer quotes a bounded part of it.
    let long = format!("{{\"language\":\"{}\",\"code\":\"1\"}}", "x".repeat(100_000));
    let reply = server.post("/v1/execute", long.as_bytes()).await;
    assert!(reply.body.to_string().len() < 4000);
    assert_eq!(server.world.running.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_json_in_utf8_is_read() {
    let server = TestServer::start().await;
    let body = br#"{"language":"bash","code":"1"}"#;
    for (media_type, status) in [
        ("", 415),
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/jsonp\r\n", 415),
        ("content-type: application/json; charset=latin1\r\n", 415),
        ("content-type: Application/JSON; charset=\"UTF-8\"\r\n", 200),
    ] {
        let headers = format!("x-api-key: {KEY}\r\n{media_type}");
        let reply = server.send("POST", "/v1/execute", &headers, body).await;
        assert_eq!(reply.status, status, "{media_type}");
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_before_and_while_it_comes() {
    let server = TestServer::start_with(|options| options.body_bytes_max = 1000).await;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let announced = server.raw(&request("POST", "/v1/execute", &headers, 1001)).await;
    announced.is_problem(413, "body_too_large");
    assert!(announced.body["detail"].as_str().unwrap().contains("bodyBytesMax = 1000"));
    let chunked = format!(
        "POST /v1/execute HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}transfer-encoding: chunked\r\n\r\n\
         3e9\r\n{}\r\n",
        " ".repeat(1001)
    );
    server.raw(chunked.as_bytes()).await.is_problem(413, "body_too_large");
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let server = TestServer::start_with(|options| {
        options.header_wait_max = Duration::from_millis(100);
        options.body_wait_max = Duration::from_millis(100);
    })
    .await;
    // Half a head, no head at all, and an open connection without a next request.
    for bytes in [&b"POST /v1/execute HTTP/1.1\r\nhost:"[..], b"", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"]
    {
        let reply = server.raw(bytes).await;
        assert!(matches!(reply.status, 0 | 200 | 408), "{reply:?}");
    }
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    server.raw(&request("POST", "/v1/execute", &headers, 10)).await.is_problem(408, "body_timeout");
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_run() {
    let server = TestServer::start().await;
    let body = br#"{"language":"python","code":"hang"}"#;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut socket = server.connect().await;
    socket.write_all(&request("POST", "/v1/execute", &headers, body.len())).await.unwrap();
    socket.write_all(body).await.unwrap();
    server.until("the run is on", |world| world.running.load(Ordering::SeqCst) == 1).await;
    drop(socket);
    server.until("the run is gone", |world| world.running.load(Ordering::SeqCst) == 0).await;
    server.until("it is settled", |world| world.settled.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_question_goes_on_without_its_client() {
    let server = TestServer::start().await;
    let body = br#"{"question":"slow"}"#;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut socket = server.connect().await;
    socket.write_all(&request("POST", "/v1/ask", &headers, body.len())).await.unwrap();
    socket.write_all(body).await.unwrap();
    server.until("the run is on", |world| world.running.load(Ordering::SeqCst) == 1).await;
    drop(socket);
    let ended = |world: &World| world.events.lock().unwrap().iter().any(|event| event.kind == "run.settled");
    server.until("the answer is recorded", ended).await;
}

#[tokio::test]
async fn more_requests_than_allowed_are_told_to_come_back() {
    let one = |_: &mut ServerOptions, config: &mut PipelineConfig| (config.slots, config.queue) = (1, 0);
    let server = TestServer::start_changed(one, |server| server).await;
    let body = br#"{"language":"python","code":"hang"}"#;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut socket = server.connect().await;
    socket.write_all(&request("POST", "/v1/execute", &headers, body.len())).await.unwrap();
    socket.write_all(body).await.unwrap();
    server.until("the run is on", |world| world.running.load(Ordering::SeqCst) == 1).await;
    let busy = server.execute(json!({ "language": "bash", "code": "1" })).await;
    busy.is_problem(429, "busy");
    assert!(busy.head.contains("retry-after: 1"), "{}", busy.head);
    assert!(busy.body.get("run_id").is_none(), "{busy:?}");
    assert_eq!(server.send("GET", "/health", "", b"").await.status, 200);
    drop(socket);
    server.until("the place is free", |world| world.running.load(Ordering::SeqCst) == 0).await;
    assert_eq!(server.execute(json!({ "language": "bash", "code": "1" })).await.status, 200);
}

#[tokio::test]
async fn bodies_have_a_bounded_memory_until_their_runs_end() {
    let server = TestServer::start_with(|options| options.bodies_bytes_max = 4000).await;
    let body = json!({ "language": "python", "code": "hang", "stdin": "x".repeat(2500) }).to_string();
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut socket = server.connect().await;
    socket.write_all(&request("POST", "/v1/execute", &headers, body.len())).await.unwrap();
    socket.write_all(body.as_bytes()).await.unwrap();
    server.until("the run is on", |world| world.running.load(Ordering::SeqCst) == 1).await;
    let second = json!({ "language": "bash", "code": "1", "stdin": "x".repeat(2000) });
    let chunked = format!(
        "POST /v1/execute HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}transfer-encoding: chunked\r\n\r\n\
         7d0\r\n{}\r\n",
        " ".repeat(2000)
    );
    server.execute(second.clone()).await.is_problem(429, "busy");
    server.raw(chunked.as_bytes()).await.is_problem(429, "busy");
    assert_eq!(server.execute(json!({ "language": "bash", "code": "1" })).await.status, 200);
    drop(socket);
    server.until("the run is gone", |world| world.settled.load(Ordering::SeqCst) == 2).await;
    assert_eq!(server.execute(second).await.status, 200);
}

#[tokio::test]
async fn the_last_memory_for_bodies_is_for_keys_with_few_runs() {
    let server = TestServer::start_with(|options| options.bodies_bytes_max = 10_000).await;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut flood = Vec::new();
    // Each begins to send, and sends no more: whichever is the fifth has not few runs any more.
    for _ in 0..5 {
        let mut socket = server.connect().await;
        socket.write_all(&request("POST", "/v1/execute", &headers, 1900)).await.unwrap();
        flood.push(Box::pin(Reply::read(socket)));
    }
    let (first, _, _) = futures::future::select_all(flood).await;
    first.is_problem(429, "busy");
}

#[tokio::test]
async fn more_connections_than_allowed_wait() {
    let server = TestServer::start_with(|options| options.connections_max = 1).await;
    let first = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(&request("GET", "/health", "", 0)).await.unwrap();
    let mut byte = [0];
    let answered = timeout(Duration::from_millis(200), second.read(&mut byte)).await;
    assert!(answered.is_err(), "a second connection was served");
    drop(first);
    assert_eq!(Reply::read(second).await.status, 200);
}

#[tokio::test]
async fn stopping_finishes_what_is_quick_and_cancels_what_is_not() {
    let mut server = TestServer::start_with(|options| options.stop_wait_max = Duration::from_secs(1)).await;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut sockets = Vec::new();
    for code in ["slow", "hang"] {
        let body = json!({ "language": "python", "code": code }).to_string();
        let mut socket = server.connect().await;
        socket.write_all(&request("POST", "/v1/execute", &headers, body.len())).await.unwrap();
        socket.write_all(body.as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    server.until("both run", |world| world.running.load(Ordering::SeqCst) == 2).await;
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(Reply::read(sockets.remove(0)).await.status, 200);
    timeout(WAIT, &mut server.served).await.expect("the server stops in time").unwrap();
    Reply::read(sockets.remove(0)).await.is_problem(503, "stopping");
    assert_eq!(server.world.running.load(Ordering::SeqCst), 0);
    assert_eq!(server.world.settled.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn stopping_in_a_hurry_waits_for_nothing() {
    let mut server = TestServer::start_with(|options| options.stop_wait_max = WAIT * 10).await;
    let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
    let mut sockets = Vec::new();
    for (path, body) in [
        ("/v1/execute", r#"{"language":"python","code":"hang"}"#),
        ("/v1/ask", r#"{"question":"hang"}"#),
        ("/v1/ask", r#"{"question":"thinking"}"#),
    ] {
        let mut socket = server.connect().await;
        socket.write_all(&request("POST", path, &headers, body.len())).await.unwrap();
        socket.write_all(body.as_bytes()).await.unwrap();
        sockets.push(socket);
    }
    server.until("two run", |world| world.running.load(Ordering::SeqCst) == 2).await;
    server.stop.take().unwrap().send(()).unwrap();
    sleep(Duration::from_millis(100)).await;
    assert!(!server.served.is_finished(), "it waits for requests in progress");
    server.hurry.take().unwrap().send(()).unwrap();
    timeout(WAIT, &mut server.served).await.expect("the server stops at once").unwrap();
    for socket in sockets {
        Reply::read(socket).await.is_problem(503, "stopping");
    }
    assert_eq!(server.world.running.load(Ordering::SeqCst), 0);
    let events = server.world.events.lock().unwrap();
    let failed =
        |event: &&Recorded| event.kind == "run.failed" && event.body["reason"].to_string().contains("stops");
    assert_eq!(events.iter().filter(failed).count(), 1, "the question that had no program yet: {events:?}");
}

#[tokio::test]
async fn what_is_wrong_shows_in_health() {
    let ailing = |server: Server| {
        server.watched_by(|| vec![Ailment { code: "store_full", detail: "free space".to_owned() }])
    };
    let server = TestServer::start_changed(|_, _| {}, ailing).await;
    let reply = server.send("GET", "/health", "", b"").await;
    assert_eq!((reply.status, &reply.body["status"]), (503, &json!("failing")));
    assert_eq!(reply.body["problems"][0], json!({ "code": "store_full", "detail": "free space" }));
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    let server = TestServer::start_with(|options| options.write_wait_max = Duration::from_millis(300)).await;
    // More than the sockets of both ends hold.
    const ANSWER_BYTES: usize = 8_000_000;
    let body = serde_json::json!({ "language": "python", "code": "echo", "stdin": "x".repeat(ANSWER_BYTES) })
        .to_string();
    let headers = format!("authorization: Bearer {KEY}\r\ncontent-type: application/json\r\n");
    let mut bytes = request("POST", "/v1/execute", &headers, body.len());
    bytes.extend_from_slice(body.as_bytes());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(([127, 0, 0, 1], server.port).into()).await.unwrap();
    socket.write_all(&bytes).await.unwrap();
    sleep(Duration::from_millis(1500)).await;
    let mut answer = Vec::new();
    let read = timeout(WAIT, socket.read_to_end(&mut answer)).await.expect("an end");
    assert!(read.is_err() || (1000..ANSWER_BYTES).contains(&answer.len()), "{} bytes came", answer.len());
    assert_eq!(server.post("/v1/execute", br#"{"language":"python","code":"fine"}"#).await.status, 200);
}

/// A part of a form: its head beside the name, and its content.
type FormPart<'a> = (&'a str, &'a str, &'a [u8]);

fn form(parts: &[FormPart<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, head, content) in parts {
        body.extend(format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"{head}\r\n\r\n").bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--b--\r\n");
    body
}

impl TestServer {
    async fn post_form(&self, path: &str, body: &[u8]) -> Reply {
        let headers =
            format!("authorization: Bearer {KEY}\r\ncontent-type: multipart/form-data; boundary=b\r\n");
        self.send("POST", path, &headers, body).await
    }
}

const REQUEST: FormPart<'_> = ("request", "", br#"{"language":"bash","code":"1","stdin":"hi"}"#);

#[tokio::test]
async fn a_form_holds_a_request_and_its_files() {
    let server = TestServer::start().await;
    let file: FormPart<'_> = ("file", "; filename=\"a b.txt\"\r\ncontent-type: text/plain", b"a\r\n--c\r");
    let typed: FormPart<'_> = ("request", "\r\ncontent-type: application/json", REQUEST.2);
    for parts in [&[REQUEST][..], &[typed, file], &[file, REQUEST]] {
        let reply = server.post_form("/v1/execute", &form(parts)).await;
        assert_eq!((reply.status, &reply.body["stdout"]), (200, &json!("hi")), "{reply:?}");
    }
    let question: FormPart<'_> = ("request", "", br#"{"question":"print(1)"}"#);
    assert_eq!(server.post_form("/v1/ask", &form(&[question, file])).await.status, 200);
}

#[tokio::test]
async fn a_form_is_read_as_strictly_as_json() {
    let server = TestServer::start().await;
    let file = |head: &'static str| ("file", head, b"x".as_slice());
    let named = |name: &'static str| file(name);
    for (parts, code) in [
        (vec![], "invalid_multipart"),
        (vec![named("; filename=\"a\"")], "invalid_multipart"),
        (vec![REQUEST, REQUEST], "invalid_multipart"),
        (vec![REQUEST, ("other", "; filename=\"a\"", b"")], "invalid_multipart"),
        (vec![REQUEST, file("")], "invalid_multipart"),
        (vec![("request", "", b"{")], "invalid_json"),
        (vec![("request", "", br#"{"language":"bash","code":"1","colour":1}"#)], "invalid_request"),
        (vec![("request", "\r\ncontent-type: text/xml", REQUEST.2)], "unsupported_media_type"),
    ] {
        let reply = server.post_form("/v1/execute", &form(&parts)).await;
        assert_eq!(reply.body["code"], code, "{parts:?} {reply:?}");
    }
    for name in ["/etc/passwd", "..", "a/../b", "a\tb", "", &"x".repeat(300)] {
        let head = format!("; filename=\"{name}\"");
        let reply = server.post_form("/v1/execute", &form(&[REQUEST, ("file", &head, b"x")])).await;
        reply.is_problem(422, "policy_denied").points_at("/files/0/name");
    }
    let twice = [REQUEST, named("; filename=\"a\""), named("; filename=\"a\"")];
    server
        .post_form("/v1/execute", &form(&twice))
        .await
        .is_problem(422, "policy_denied")
        .points_at("/files/1/name");
    let headers = format!("authorization: Bearer {KEY}\r\ncontent-type: multipart/form-data\r\n");
    let reply = server.send("POST", "/v1/execute", &headers, &form(&[REQUEST])).await;
    reply.is_problem(400, "invalid_multipart");
    // A name that is not UTF-8.
    let mut latin1 = form(&[REQUEST, named("; filename=\"?\"")]);
    let at = latin1.iter().position(|byte| *byte == b'?').unwrap();
    latin1[at] = 0xff;
    server.post_form("/v1/execute", &latin1).await.is_problem(400, "invalid_multipart");
    // Cut short, and with a head that never ends.
    let whole = form(&[REQUEST]);
    server.post_form("/v1/execute", &whole[..whole.len() - 9]).await.is_problem(400, "invalid_multipart");
    let endless = [b"--b\r\nx: ".to_vec(), vec![b'x'; 2 << 20]].concat();
    let reply = server.post_form("/v1/execute", &endless).await;
    assert_eq!(reply.is_problem(400, "invalid_multipart").body["detail"], "the head of a part is too long");
    let many: Vec<FormPart<'_>> = (0..257).map(|_| file("; filename=\"a\"")).collect();
    server.post_form("/v1/files", &form(&many)).await.is_problem(413, "too_many_files");
    server.post_form("/v1/execute", &form(&many)).await.is_problem(400, "invalid_multipart");
    assert!(server.world.settled.load(Ordering::SeqCst) == 0);
}

#[tokio::test]
async fn a_form_has_the_limits_of_a_body() {
    let server = TestServer::start_with(|options| options.body_bytes_max = 1000).await;
    let head = "; filename=\"a\"";
    let large = form(&[REQUEST, ("file", head, &[b'x'; 2000])]);
    server.post_form("/v1/execute", &large).await.is_problem(413, "body_too_large");
    // The same without a length.
    let mut chunked = format!(
        "POST /v1/execute HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
         authorization: Bearer {KEY}\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n{:x}\r\n",
        large.len()
    )
    .into_bytes();
    chunked.extend([&large[..], b"\r\n0\r\n\r\n"].concat());
    server.raw(&chunked).await.is_problem(413, "body_too_large");
}

#[tokio::test]
async fn a_file_has_content_or_is_an_upload() {
    let server = TestServer::start().await;
    let execute =
        async |file: Value| server.execute(json!({ "language": "bash", "code": "1", "files": [file] })).await;
    let id = "0".repeat(64);
    let reply = execute(json!({ "name": "a", "upload": id })).await;
    reply.is_problem(422, "policy_denied").points_at("/files/0/upload");
    assert_eq!(reply.body["errors"][0]["code"], "upload_unknown");
    for wrong in [
        json!({ "name": "a" }),
        json!({ "name": "a", "content": "", "upload": id }),
        json!({ "name": "a", "encoding": "utf-8", "upload": id }),
    ] {
        execute(wrong).await.is_problem(400, "invalid_request").points_at("/files/0");
    }
    for (field, wrong) in [("content", json!(null)), ("upload", json!(7)), ("encoding", json!("latin1"))] {
        let reply = execute(json!({ "name": "a", "content": "", field: wrong })).await;
        reply.is_problem(400, "invalid_request").points_at(&format!("/files/0/{field}"));
    }
}

#[tokio::test]
async fn uploads_are_refused_before_they_are_read() {
    let server = TestServer::start_with(|options| options.uploads_max = 1).await;
    let upload = async |query: &str, headers: &str| {
        let headers = format!("authorization: Bearer {KEY}\r\n{headers}");
        server.send("POST", &format!("/v1/files{query}"), &headers, b"abc").await
    };
    let reply = upload("", "").await;
    assert_eq!((reply.status, &reply.body["size"]), (201, &json!(3)), "{reply:?}");
    assert!(reply.head.contains(&format!("location: /v1/files/{}", "0".repeat(64))));
    upload("?colour=red", "").await.is_problem(400, "invalid_query");
    for name in ["..", "a%2Fb", "a%00b", "%0A", "", &"x".repeat(201)] {
        upload(&format!("?name={name}"), "").await.is_problem(422, "file_name_invalid");
    }
    upload("", "content-encoding: gzip\r\n").await.is_problem(415, "unsupported_content_encoding");
    for digest in ["sha-256=abc", "sha-256=:YWJj:", "sha-256=:!:"] {
        upload("", &format!("content-digest: {digest}\r\n")).await.is_problem(400, "invalid_digest");
    }
    let other = "content-digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=:\r\n";
    upload("", other).await.is_problem(400, "digest_mismatch");
    assert_eq!(upload("", "content-digest: sha-512=:YWJj:\r\n").await.status, 201);
    assert_eq!(server.send("POST", "/v1/files", "", b"abc").await.status, 401);

    // One that takes its time takes the only place.
    let mut slow = server.connect().await;
    slow.write_all(
        &[&request("POST", "/v1/files", &format!("x-api-key: {KEY}\r\n"), 9)[..], b"abc"].concat(),
    )
    .await
    .unwrap();
    let busy = async {
        while upload("", "").await.status != 429 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(WAIT, busy).await.unwrap();
    drop(slow);
    let free = async {
        while upload("", "").await.status != 201 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(WAIT, free).await.unwrap();
}

/// Uploads `times` pieces of some bytes, one every so many milliseconds.
async fn upload_slowly(server: &TestServer, bytes: usize, every_ms: u64, times: usize) -> Reply {
    let mut socket = server.connect().await;
    let head = request("POST", "/v1/files", &format!("x-api-key: {KEY}\r\n"), bytes * times);
    socket.write_all(&head).await.unwrap();
    for _ in 0..times {
        if socket.write_all(&vec![b'x'; bytes]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(every_ms)).await;
    }
    Reply::read(socket).await
}

#[tokio::test]
async fn an_upload_that_crawls_is_given_up_and_one_that_walks_is_not() {
    let server = TestServer::start_with(|options| {
        options.upload_pace = Duration::from_millis(300);
        options.upload_bytes_min = 8;
    })
    .await;
    upload_slowly(&server, 1, 100, 20).await.is_problem(408, "body_timeout");
    assert_eq!(upload_slowly(&server, 10, 50, 20).await.status, 201);
}

#[tokio::test]
async fn an_upload_that_never_ends_is_given_up() {
    let server = TestServer::start_with(|options| options.upload_wait_max = Duration::from_millis(500)).await;
    upload_slowly(&server, 10, 50, 20).await.is_problem(408, "body_timeout");
}
