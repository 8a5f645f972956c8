//! A Postgres of a test's own, from the system's package: on a socket in a temporary directory, gone with the
//! test.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// Where Debian puts the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// The user that the package makes; a server refuses to run as root.
const USER: &str = "postgres";
/// Where its sockets are: a server of ours that root starts does not see /tmp, and a socket's path is short.
const PLACE: &str = "/var/tmp";
/// Longest wait for what a killed server has left to end.
const END_MAX: Duration = Duration::from_secs(5);
/// Longest wait for a server to answer.
const START_MAX: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    dir: TempDir,
    programs: PathBuf,
    settings: Vec<&'static str>,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The one that the tests of this process share while any of them uses it. It forgets all in a power cut.
    ///
    /// # Errors
    /// Why there is none: the package is not installed.
    pub fn shared() -> Result<Arc<Self>, String> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().expect("no test panics here");
        if let Some(cluster) = shared.upgrade() {
            return Ok(cluster);
        }
        let cluster = Arc::new(Self::start(&["fsync=off", "full_page_writes=off"])?);
        *shared = Arc::downgrade(&cluster);
        Ok(cluster)
    }

    /// A new one with these settings.
    ///
    /// # Errors
    /// Why there is none: the package is not installed.
    pub fn start(settings: &[&'static str]) -> Result<Self, String> {
        let programs = programs().ok_or("Postgres is not installed, run: apt-get install postgresql")?;
        let dir = tempfile::tempdir_in(PLACE).expect("a temporary directory");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("a mode");
        if geteuid().is_root() {
            let (uid, gid) = owner();
            chown(dir.path(), Some(uid), Some(gid)).expect("an owner");
        }
        let settings = settings.to_vec();
        let cluster =
            Self { dir, programs, settings, server: Mutex::new(None), databases: AtomicU32::new(0) };
        copy(&template(&cluster.programs), &cluster.data());
        cluster.start_again();
        Ok(cluster)
    }

    /// Makes an empty database and says where it is.
    pub fn new_database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.run("createdb", &["-h", &self.socket(), "-U", USER, &name]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.socket().replace('/', "%2F"))
    }

    /// Makes the database `to`, or makes it anew, as `from` is now; nobody is connected to either.
    pub fn copy_database(&self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|url| url.rsplit('/').next().expect("a name"));
        for (program, arguments) in [("dropdb", vec!["--if-exists", to]), ("createdb", vec!["-T", from, to])]
        {
            let done = self.run(program, &[&["-h", &self.socket(), "-U", USER], &arguments[..]].concat());
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }

    /// Carries out statements in the database at `url` as its owner, and gives what is selected, a row a line.
    pub fn sql(&self, url: &str, sql: &str) -> String {
        let name = url.rsplit('/').next().expect("a name");
        let done = self.run("psql", &["-h", &self.socket(), "-U", USER, "-d", name, "-qAtc", sql]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("text").trim_end().to_owned()
    }

    /// Kills it, as if its process had crashed.
    pub fn kill(&self) {
        self.stop(Signal::KILL);
    }

    fn stop(&self, signal: Signal) {
        if let Some(mut server) = self.server.lock().expect("no panic").take() {
            let pid = Pid::from_child(&server);
            let _ = kill_process(pid, signal);
            let _ = server.wait();
        }
    }

    /// Starts it after it was killed; it answers when this returns.
    pub fn start_again(&self) {
        let began = Instant::now();
        // What a crash has left may go on for a moment, and then nothing starts beside it.
        while !self.try_start() {
            assert!(began.elapsed() < START_MAX, "{}", self.log());
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn try_start(&self) -> bool {
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
        let mut command = as_server(&self.programs.join("postgres"), &["--pdeathsig", "INT"]);
        command.arg("-D").arg(self.data()).arg("-k").arg(self.dir.path()).args(["-c", "listen_addresses="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = File::create(self.dir.path().join("log")).expect("a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let mut server = spawn_for_good(command).expect("setpriv runs");
        let began = Instant::now();
        // Its last line says so.
        let ready = || {
            let said = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            said.lines().last().is_some_and(|line| line.trim() == "ready")
        };
        while !ready() {
            if server.try_wait().expect("a child").is_some() {
                return false;
            }
            assert!(began.elapsed() < START_MAX, "{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
        *self.server.lock().expect("no panic") = Some(server);
        true
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(self.programs.join(program)).args(arguments).output().expect("it runs")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn socket(&self) -> String {
        self.dir.path().to_str().expect("text").to_owned()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At once, without writing down what nobody will read.
        self.stop(Signal::QUIT);
        // What was killed before may write for a moment longer.
        let began = Instant::now();
        while fs::remove_dir_all(self.data()).is_err() && self.data().exists() && began.elapsed() < END_MAX {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The programs of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.flatten().map(|entry| entry.path().join("bin"));
    versions.filter(|bin| bin.join("initdb").exists()).max()
}

/// An empty cluster to copy: making one takes longer than most tests.
fn template(programs: &Path) -> PathBuf {
    let target = crate::root().join("target");
    let version = programs.parent().and_then(Path::file_name).expect("a version").to_string_lossy();
    let template = target.join(format!("postgres-{version}-{}", geteuid().as_raw()));
    let lock = File::create(target.join("postgres.lock")).expect("a lock");
    lock.lock().expect("a lock");
    if template.exists() {
        return template;
    }
    let place = tempfile::tempdir().expect("a temporary directory");
    if geteuid().is_root() {
        let (uid, gid) = owner();
        chown(place.path(), Some(uid), Some(gid)).expect("an owner");
    }
    let data = place.path().join("data");
    let made = as_server(&programs.join("initdb"), &[])
        .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--wal-segsize=1"])
        .args(["--username", USER, "-D"])
        .arg(&data)
        .output()
        .expect("setpriv runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let unfinished = template.with_extension("new");
    let _ = fs::remove_dir_all(&unfinished);
    copy(&data, &unfinished);
    fs::rename(&unfinished, &template).expect("a name");
    template
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status();
    assert!(copied.expect("cp runs").success(), "{} to {}", from.display(), to.display());
}

/// Runs a program as the user that a server may be.
fn as_server(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        let (uid, gid) = owner();
        command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]);
    }
    command.args(arguments).arg("--").arg(program);
    command
}

/// The user and group of the package.
fn owner() -> (u32, u32) {
    let home = fs::metadata("/var/lib/postgresql").expect("the package makes it");
    (home.uid(), home.gid())
}

/// Starts what is to end with this process: it is told when the thread that started it is gone.
fn spawn_for_good(mut command: Command) -> io::Result<Child> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let _ = tell.send(command.spawn());
        loop {
            thread::park();
        }
    });
    told.recv().expect("the thread goes on")
}
