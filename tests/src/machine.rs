//! A machine of its own for tests: Debian's cloud kernel in QEMU, and disks that hold what a test needs.

use std::{
    env, fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::{program, root, runtimes_dir};

/// Memory of the machine.
const MEMORY: &str = "2G";

/// Size of the disk that it starts from, of which most is a hole.
const DISK_SIZE: &str = "1500M";

/// Libraries that the tests do not import, most of the Python runtime.
const LEFT_OUT: &str = "site-packages";

/// What `scripts/guest.sh` has fetched.
#[derive(Debug)]
pub struct Machine(PathBuf);

impl Machine {
    /// `None` where it could not be fetched; says so.
    pub fn find() -> Option<Machine> {
        let directory =
            env::var_os("RINGFENCE_GUEST_DIR").map_or_else(|| root().join(".ringfence/guest"), PathBuf::from);
        let found = directory.join("fetched-1").exists().then_some(Machine(directory));
        if found.is_none() {
            eprintln!("skipped: no QEMU and no kernel for it; sh scripts/guest.sh .ringfence/guest says why");
        }
        found
    }

    /// A command that may be among what was fetched, with its libraries.
    pub fn command(&self, name: &str) -> Command {
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

    /// Makes the disk that the machine starts from in `directory` and returns its path. It holds the running
    /// test program, the built program and the runtimes, and `parts` of this machine at their own paths; `start`
    /// is the script that its pid 1 runs.
    pub fn make_disk(&self, directory: &Path, start: &str, parts: &[PathBuf]) -> PathBuf {
        let tree = directory.join("tree");
        for name in ["bin", "data", "dev", "proc", "run", "runtimes", "sys", "tmp", "var/tmp"] {
            fs::create_dir_all(tree.join(name)).expect("a directory");
        }
        fs::write(tree.join("start"), start).expect("a script");
        fs::set_permissions(tree.join("start"), fs::Permissions::from_mode(0o755)).expect("a mode");
        let busybox = self.0.join("root/bin/busybox");
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
            link_tree(&runtimes_dir().join(runtime), &tree.join("runtimes").join(runtime))
                .expect("a runtime");
        }
        for part in parts {
            let to = below(&tree, part);
            assert!(Command::new("cp").arg("-a").args([part, &to]).status().expect("cp runs").success());
            if part.is_file() {
                copy_libraries(part, &tree);
            }
        }
        let disk = directory.join("disk");
        self.format(&tree, &disk, DISK_SIZE, &["-O", "^has_journal"]);
        disk
    }

    /// Makes an image of an ext4 file system that holds a directory.
    pub fn format(&self, directory: &Path, image: &Path, size: &str, options: &[&str]) {
        let mut command = self.command("mkfs.ext4");
        command.arg("-qF").args(options).arg("-d").args([directory, image]).arg(size);
        let made = command.output().expect("mkfs.ext4 runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// The command that switches the machine on, with its console on standard output.
    pub fn power(&self, disk: &Path) -> Command {
        let processors = thread::available_parallelism().map_or(1, usize::from).min(4).to_string();
        let mut command = self.command("qemu-system-x86_64");
        for data in ["qemu", "seabios"].map(|name| self.0.join("root/usr/share").join(name)) {
            command.arg("-L").arg(data);
        }
        command
            .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"])
            // Its processors take turns: with a thread for each, the emulated kernel locks up once in a dozen starts.
            .args(["-accel", "tcg,thread=single", "-cpu", "max", "-smp", &processors, "-m", MEMORY])
            .arg("-kernel")
            .arg(self.0.join("kernel"))
            .args(["-append", "console=ttyS0 quiet loglevel=2 panic=-1 root=/dev/nvme0n1 rw init=/start"])
            .arg("-drive")
            // Nothing that is written there is looked at later.
            .arg(format!("if=none,id=disk,format=raw,cache=unsafe,snapshot=on,file={}", disk.display()))
            .args(["-device", "nvme,drive=disk,serial=disk"]);
        command
    }
}

/// Copies the libraries that a program is linked with.
fn copy_libraries(program: &Path, tree: &Path) {
    let listed = Command::new("ldd").arg(program).output().expect("ldd runs").stdout;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    for path in listed.split_whitespace().filter(|word| word.starts_with('/')) {
        fs::copy(path, below(tree, Path::new(path))).expect("a library");
    }
}

/// Where a path of this machine is in a tree; the directory for it is there.
fn below(tree: &Path, path: &Path) -> PathBuf {
    let to = tree.join(path.strip_prefix("/").expect("a path from the root"));
    fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
    to
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
