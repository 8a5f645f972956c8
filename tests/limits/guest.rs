//! The same on a host with cgroup v2: Debian's cloud kernel in a virtual machine emulated by software.
//!
//! The guest's disk holds this test program, the built program and the runtimes; `guest.sh` is its pid 1.
//! It runs what control groups decide: for root in a session, a service with `Delegate=yes` and a
//! container, and for an ordinary user in a delegated group.

use std::{
    env, fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use ringfence_tests::{program, root, runtimes_dir};

/// What pid 1 of the guest does.
const START: &str = include_str!("guest.sh");

/// Words that the guest prints when everything in a setting has passed.
const PASSED: [&str; 4] = ["PASSED session", "PASSED service", "PASSED container", "PASSED crash dumps"];

/// Longest time from switching the machine on to its end, in seconds.
const GUEST_SECONDS_MAX: &str = "900";

/// Memory of the machine.
const GUEST_MEMORY: &str = "2G";

/// Size of the disk, of which most is a hole.
const DISK_SIZE: &str = "1500M";

/// Libraries that the tests do not import, most of the Python runtime.
const LEFT_OUT: &str = "site-packages";

/// What `scripts/guest.sh` has fetched.
struct Fetched(PathBuf);

impl Fetched {
    /// `None` where it could not be fetched.
    fn find() -> Option<Fetched> {
        let directory =
            env::var_os("RINGFENCE_GUEST_DIR").map_or_else(|| root().join(".ringfence/guest"), PathBuf::from);
        directory.join("fetched-1").exists().then_some(Fetched(directory))
    }

    /// A command that may be among what was fetched, with its libraries.
    fn command(&self, name: &str) -> Command {
        let root = self.0.join("root");
        let below = |parts: &[&str]| -> Vec<String> {
            parts.iter().map(|part| root.join(part).display().to_string()).collect()
        };
        let path = below(&["usr/bin", "usr/sbin", "sbin"]).join(":");
        let mut command = Command::new("env");
        command
            .env("PATH", format!("/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:{path}"))
            .env("LD_LIBRARY_PATH", below(&["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]).join(":"))
            .arg(name);
        command
    }

    fn file(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

#[test]
fn limits_hold_with_cgroup_v2() {
    let Some(fetched) = Fetched::find() else {
        eprintln!("skipped: no QEMU and no kernel for it; sh scripts/guest.sh .ringfence/guest says why");
        return;
    };
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let disk = make_disk(&fetched, directory.path());
    let begun = Instant::now();
    let text = boot(&fetched, &disk);
    for passed in PASSED {
        let found = text.lines().any(|line| line.trim_end() == passed);
        assert!(found, "{text}\nthe guest did not print: {passed}");
    }
    eprintln!("{} after {} s", PASSED.join(", "), begun.elapsed().as_secs());
}

/// Makes the guest's disk in `directory` and returns its path.
fn make_disk(fetched: &Fetched, directory: &Path) -> PathBuf {
    let tree = directory.join("tree");
    for name in ["bin", "dev", "proc", "run", "runtimes", "sys", "tmp", "var/tmp"] {
        fs::create_dir_all(tree.join(name)).expect("a directory");
    }
    fs::write(tree.join("start"), START).expect("a script");
    fs::set_permissions(tree.join("start"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let busybox = fetched.file("root/bin/busybox");
    fs::copy(&busybox, tree.join("bin/busybox")).expect("busybox");
    let applets = Command::new(&busybox).arg("--list").output().expect("busybox runs").stdout;
    for applet in String::from_utf8_lossy(&applets).lines().filter(|applet| *applet != "busybox") {
        symlink("busybox", tree.join("bin").join(applet)).expect("a link");
    }
    let tests = env::current_exe().expect("this program");
    for (from, name) in [
        (&*program(), "ringfence"),
        (&*tests, "tests"),
        // Those of busybox know too few options, and its shell would take them all the same.
        (Path::new("/bin/dash"), "sh"),
        (Path::new("/usr/bin/setpriv"), "setpriv"),
        (Path::new("/usr/bin/unshare"), "unshare"),
    ] {
        let to = tree.join("bin").join(name);
        drop(fs::remove_file(&to));
        fs::copy(from, to).expect("a program");
        copy_libraries(from, &tree);
    }
    for runtime in ["python", "shell", "javascript"] {
        link_tree(&runtimes_dir().join(runtime), &tree.join("runtimes").join(runtime)).expect("a runtime");
    }
    let disk = directory.join("disk");
    let made = fetched
        .command("mkfs.ext4")
        .args(["-q", "-O", "^has_journal", "-d"])
        .args([&tree, &disk])
        .arg(DISK_SIZE)
        .output()
        .expect("mkfs.ext4 runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    disk
}

/// Copies the libraries that a program is linked with.
fn copy_libraries(program: &Path, tree: &Path) {
    let listed = Command::new("ldd").arg(program).output().expect("ldd runs").stdout;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    for path in listed.split_whitespace().filter_map(|word| word.strip_prefix('/')) {
        let to = tree.join(path);
        fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
        fs::copy(Path::new("/").join(path), to).expect("a library");
    }
}

/// Repeats a directory with hard links to its files.
fn link_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if entry.file_name() == LEFT_OUT {
            continue;
        } else if kind.is_dir() {
            link_tree(&entry.path(), &to)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, to)?;
        } else if fs::hard_link(entry.path(), &to).is_err() {
            // On another file system, or not ours.
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Runs the machine to its end: everything it printed.
fn boot(fetched: &Fetched, disk: &Path) -> String {
    let processors = thread::available_parallelism().map_or(1, usize::from).min(4).to_string();
    let mut command = fetched.command("timeout");
    command.args([GUEST_SECONDS_MAX, "qemu-system-x86_64"]);
    for data in ["qemu", "seabios"].map(|name| fetched.file("root/usr/share").join(name)) {
        command.arg("-L").arg(data);
    }
    command
        .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"])
        .args(["-accel", "tcg", "-cpu", "max", "-smp", &processors, "-m", GUEST_MEMORY])
        .arg("-kernel")
        .arg(fetched.file("kernel"))
        .args(["-append", "console=ttyS0 quiet loglevel=2 panic=-1 root=/dev/nvme0n1 rw init=/start"])
        .arg("-drive")
        .arg(format!("if=none,id=disk,format=raw,cache=unsafe,file={}", disk.display()))
        .args(["-device", "nvme,drive=disk,serial=disk"]);
    let output = command.stdin(std::process::Stdio::null()).output().expect("QEMU starts");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}
