//! Power cuts: a machine is switched off under load, and what its disk holds is served again.
//!
//! The machine has the data on a disk of its own. Whatever its kernel had not written there is lost when
//! QEMU is killed. Clients inside say on the console what they were told, so that it is known outside.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::AtomicBool,
    time::Duration,
};

use ringfence_tests::{Machine, Server, postgres::Cluster, processes::eventually};
use serde_json::json;

use crate::{
    clients::{Notes, Tally, Told, press},
    database::Database,
    dice::Dice,
    house::House,
};

/// Cuts unless `RINGFENCE_SOAK_CUTS` says otherwise.
const CUTS: u64 = 1;

/// What pid 1 of the machine does.
const START: &str = include_str!("cuts.sh");

/// The clients in the machine say this before what they were told.
const TOLD: &str = "TOLD ";

/// They say this before they begin.
const BEGUN: &str = "BEGUN";

/// In the machine, where the number of the first request is: no request before has had it.
const FIRST_NUMBER: &str = "RINGFENCE_SOAK_FIRST";

/// Requests of one machine, at most.
const NUMBERS: u64 = 100_000;

/// When the machine says what it was answered. By then it is on disk: within 5 ms on SQLite, and this one is slow.
const ON_DISK_AFTER: Duration = Duration::from_millis(500);

/// Size of the disk with the data.
const DISK_SIZE: &str = "512M";

/// What all users may spend before a cut, in nano-dollars.
const CUT_NANO_USD: i64 = 40_000_000;

/// Things that clients are told before the power fails.
const TOLD_BEFORE: std::ops::Range<u64> = 1..40;

/// Time after the last of them, in milliseconds.
const AND_MS: std::ops::Range<u64> = 0..300;

/// The disk with the data, and how it is used outside the machine.
struct Disk<'a> {
    machine: &'a Machine,
    image: PathBuf,
}

impl Disk<'_> {
    /// Puts a house's data there, with all that clients need.
    fn write(&self, house: &House, directory: &Path, first: u64) {
        let tree = directory.join("data-tree");
        drop(fs::remove_dir_all(&tree));
        fs::create_dir(&tree).expect("a directory");
        fs::write(tree.join("keys"), house.keys.join("\n")).expect("keys");
        fs::write(tree.join("first"), first.to_string()).expect("a number");
        house.write_config(&tree);
        copy(&house.data(), &tree.join("data"));
        if let Some(cluster) = house.database().cluster() {
            cluster.stop();
            copy(cluster.dir(), &tree.join("cluster"));
        }
        drop(fs::remove_file(&self.image));
        self.machine.format(&tree, &self.image, DISK_SIZE, &[]);
    }

    /// Mends the file system as a start does, and takes the data back into the house.
    fn read(&self, house: &House) {
        let mut check = self.machine.command("e2fsck");
        let checked = check.arg("-fy").arg(&self.image).output().expect("e2fsck runs");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(matches!(checked.status.code(), Some(0 | 1)), "{said}");
        self.take_out("/data", &house.data());
        if let Some(cluster) = house.database().cluster() {
            self.take_out("/cluster/data", &cluster.dir().join("data"));
            cluster.start_again();
        }
    }

    /// Replaces a private directory by that of the same name on the disk.
    fn take_out(&self, on_disk: &str, directory: &Path) {
        fs::remove_dir_all(directory).expect("the old data");
        let to = directory.parent().expect("a directory");
        let mut dump = self.machine.command("debugfs");
        dump.args(["-R", &format!("rdump {on_disk} {}", to.display())]).arg(&self.image);
        assert!(dump.output().expect("debugfs runs").status.success());
        assert_eq!(fs::metadata(directory).expect("the data").permissions().mode() & 0o777, 0o700);
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().expect("cp").success());
}

/// A machine that is switched on; it is switched off when dropped.
struct On {
    qemu: Child,
    console: BufReader<ChildStdout>,
}

impl On {
    fn power(disk: &Disk<'_>, root: &Path) -> On {
        let mut command = disk.machine.power(root);
        let drive = format!("if=none,id=data,format=raw,cache=writeback,file={}", disk.image.display());
        command.args(["-drive", &drive, "-device", "nvme,drive=data,serial=data"]);
        let mut qemu = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("QEMU starts");
        let console = BufReader::new(qemu.stdout.take().expect("a pipe"));
        On { qemu, console }
    }

    /// Waits for the next line that begins with a word: the rest of it.
    fn next(&mut self, word: &str) -> String {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            let count = self.console.read_line(&mut line).expect("text");
            assert!(count > 0, "the machine ended: {before}");
            if let Some(rest) = line.trim_end().strip_prefix(word) {
                return rest.to_owned();
            }
            before.push_str(&line);
        }
    }

    /// Cuts the power: what the machine had still said.
    fn cut(mut self) -> String {
        self.qemu.kill().expect("a signal");
        let mut rest = String::new();
        self.console.read_to_string(&mut rest).expect("text");
        rest
    }
}

impl Drop for On {
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

/// What a client said on the console; none if the power failed within the line.
fn heard(line: &str) -> Option<Told> {
    serde_json::from_str(line).ok()
}

#[test]
fn whenever_the_power_fails_what_was_answered_is_in_the_record() {
    cut_under_load(Database::Sqlite);
}

#[test]
fn whenever_the_power_fails_what_was_answered_is_in_the_record_on_postgres() {
    if let Some(postgres) = Database::postgres() {
        cut_under_load(postgres);
    }
}

/// The cuts.
fn cut_under_load(database: Database) {
    let cuts = env::var("RINGFENCE_SOAK_CUTS").map_or(CUTS, |text| text.parse().expect("a number"));
    let Some(machine) = Machine::find().filter(|_| cuts > 0) else { return };
    let mut dice = Dice::new();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let root =
        machine.make_disk(directory.path(), START, &database.cluster().map_or_else(Vec::new, Cluster::parts));
    let disk = Disk { machine: &machine, image: directory.path().join("data") };
    let house = House::new(database);
    let books = house.books();
    let mut tally = Tally::default();
    for cut in 0..cuts {
        house.allow(CUT_NANO_USD);
        disk.write(&house, directory.path(), cut * NUMBERS);

        let mut on = On::power(&disk, &root);
        on.next(BEGUN);
        let mut told = Vec::new();
        for _ in 0..dice.between(TOLD_BEFORE.start, TOLD_BEFORE.end) {
            told.extend(heard(&on.next(TOLD)));
        }
        std::thread::sleep(dice.time(AND_MS.start, AND_MS.end));
        told.extend(on.cut().lines().filter_map(|line| heard(line.strip_prefix(TOLD)?)));
        told.iter().for_each(|told| tally.told(told));

        disk.read(&house);
        let server = house.serve();
        eventually(&format!("cut {cut}: all has come to its end"), || books.open() == 0);
        books.check_at_rest(&told, &[]);
        house.verify();
        assert!(server.stop(), "the server ends well");
    }
    let ends = books.ask(&[("SELECT kind, count(*) FROM events GROUP BY kind", json!([]))]);
    eprintln!("{cuts} cuts: {tally:?}, in the record {}", json!(ends[0]));
}

/// The clients in the machine; outside of it, nothing.
#[test]
fn clients_in_the_machine() {
    let Ok(first) = env::var(FIRST_NUMBER) else { return };
    let first = fs::read_to_string(first).expect("a number");
    let keys: Vec<String> =
        fs::read_to_string("/data/keys").expect("keys").lines().map(str::to_owned).collect();
    let mut serve = Command::new("ringfence");
    serve.args(["--config", "/data/ringfence.toml", "serve", "--listen", "127.0.0.1:0"]);
    let database = Database::of(Path::new("/data/cluster"));
    database.tell(&mut serve);
    serve.env("RINGFENCE_DATA_DIR", "/data/data").env("RINGFENCE_RUNTIMES_DIR", "/runtimes");
    let server = Server::start(serve);
    let say = |words: &str| writeln!(io::stdout().lock(), "{words}").expect("a console");
    say(BEGUN);
    let notes = Notes::beginning_at(first.trim().parse().expect("a number"));
    let hear = |_: &_, told: &Told| {
        let line = format!("{TOLD}{}", json!(told));
        std::thread::spawn(move || {
            std::thread::sleep(ON_DISK_AFTER);
            say(&line);
        });
    };
    press(&server.url, &keys, Vec::new(), &notes, &mut Dice::new(), &AtomicBool::new(false), &hear);
    std::thread::sleep(Duration::from_secs(1));
}
