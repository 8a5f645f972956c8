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

use crate::processes::eventually;

/// Where Debian puts the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Where it puts what they read, and where all programs find the zones of time.
const SHARED: [&str; 2] = ["/usr/share/postgresql", "/usr/share/zoneinfo"];
/// Why there is no server.
const NOT_INSTALLED: &str = "Postgres is not installed, run: apt-get install postgresql";
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
    dir: PathBuf,
    /// The same directory if it ends with the test.
    temporary: Option<TempDir>,
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
        let programs = programs().ok_or(NOT_INSTALLED)?;
        let dir = tempfile::tempdir_in(PLACE).expect("a temporary directory");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("a mode");
        give_to_owner(dir.path());
        copy(&template(&programs), &dir.path().join("data"));
        Ok(Self::started(dir.path().to_owned(), Some(dir), programs, settings))
    }

    /// The one that was stopped in this directory, or has crashed there, with these settings.
    ///
    /// # Errors
    /// Why there is none: the package is not installed.
    pub fn start_in(dir: &Path, settings: &[&'static str]) -> Result<Self, String> {
        let programs = programs().ok_or(NOT_INSTALLED)?;
        Ok(Self::started(dir.to_owned(), None, programs, settings))
    }

    fn started(
        dir: PathBuf,
        temporary: Option<TempDir>,
        programs: PathBuf,
        settings: &[&'static str],
    ) -> Self {
        let (settings, server) = (settings.to_vec(), Mutex::new(None));
        let cluster = Self { dir, temporary, programs, settings, server, databases: AtomicU32::new(0) };
        cluster.start_again();
        cluster
    }

    /// Makes an empty database and says where it is.
    pub fn new_database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.run("createdb", &["-h", &self.socket(), "-U", USER, &name]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.url(&name)
    }

    /// Where one of its databases is. From the start there is `postgres`, which is empty.
    pub fn url(&self, database: &str) -> String {
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

    /// Its directory: `data`, and a socket while it runs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Files and directories that a server needs beside its data, without the libraries it is linked with.
    pub fn parts(&self) -> Vec<PathBuf> {
        let version = self.programs.parent().expect("a version");
        let own = ["bin/postgres", "lib/plpgsql.so"].map(|part| version.join(part));
        own.into_iter().chain(SHARED.map(PathBuf::from)).collect()
    }

    /// Ends it in good order.
    pub fn stop(&self) {
        self.end(Signal::INT);
    }

    /// Kills it, as if its process had crashed.
    pub fn kill(&self) {
        self.end(Signal::KILL);
        // Whoever it serves may be served for a moment more.
        eventually("its processes are gone", || self.processes().is_empty());
    }

    /// Has all of it stand still, as if its machine hung.
    pub fn hang(&self) {
        self.signal(Signal::STOP);
    }

    /// Has it go on where it stood still.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        for process in self.processes() {
            // The error would be that it has ended.
            let _ = kill_process(process, signal);
        }
    }

    /// Its processes: their working directory is its data.
    fn processes(&self) -> Vec<Pid> {
        let (data, processes) = (self.data(), fs::read_dir("/proc").expect("processes"));
        let own = processes
            .flatten()
            .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == data));
        own.filter_map(|process| Pid::from_raw(process.file_name().to_str()?.parse().ok()?)).collect()
    }

    fn end(&self, signal: Signal) {
        if let Some(mut server) = self.server.lock().expect("no panic").take() {
            let pid = Pid::from_child(&server);
            let _ = kill_process(pid, signal);
            let _ = server.wait();
        }
    }

    /// Whether it was started and neither stopped nor killed since.
    pub fn is_running(&self) -> bool {
        self.server.lock().expect("no panic").is_some()
    }

    /// Starts it after it was stopped or killed; it answers when this returns.
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
        let mut command = as_owner(&self.data(), &self.programs.join("postgres"), &["--pdeathsig", "INT"]);
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.dir).args(["-c", "listen_addresses="]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        let log = File::create(self.dir.join("log")).expect("a log");
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
        self.dir.join("data")
    }

    fn socket(&self) -> String {
        self.dir.to_str().expect("text").to_owned()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.go_on();
        // At once, without writing down what nobody will read.
        self.end(Signal::QUIT);
        if self.temporary.is_none() {
            return;
        }
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
    versions.filter(|bin| bin.join("postgres").exists()).max()
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
    give_to_owner(place.path());
    let data = place.path().join("data");
    let made = as_owner(place.path(), &programs.join("initdb"), &[])
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

/// Runs a program as the owner of a directory, who is not root.
fn as_owner(dir: &Path, program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        let owner = fs::metadata(dir).expect("a directory");
        command.args([format!("--reuid={}", owner.uid()), format!("--regid={}", owner.gid())]);
        command.arg("--clear-groups");
    }
    command.args(arguments).arg("--").arg(program);
    command
}

/// Gives a directory of root's to the user of the package.
fn give_to_owner(dir: &Path) {
    if geteuid().is_root() {
        let home = fs::metadata("/var/lib/postgresql").expect("the package makes it");
        chown(dir, Some(home.uid()), Some(home.gid())).expect("an owner");
    }
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
