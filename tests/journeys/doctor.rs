//! `ringfence doctor`: each condition made true where that can be done, and what it says then.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ringfence_tests::{Installation, ORDINARY_ID, is_root, weakened_program, wrapped};
use serde_json::Value;

/// What a doctor said.
struct Diagnosis {
    ready: bool,
    exit_code: Option<i32>,
    checks: Vec<Value>,
}

impl Diagnosis {
    fn of(output: &Output) -> Diagnosis {
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("no diagnosis ({error}): {}", String::from_utf8_lossy(&output.stderr))
        });
        Diagnosis {
            ready: said["ready"] == true,
            exit_code: output.status.code(),
            checks: said["checks"].as_array().expect("checks").clone(),
        }
    }

    fn check(&self, name: &str) -> &Value {
        let found = self.checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no check {name:?} in {:#?}", self.checks))
    }

    /// That a check is missing for a reason and says what mends it, each in part.
    fn misses(&self, name: &str, why: &str, fix: &str) {
        let check = self.check(name);
        let says = |field: &str, part: &str| check[field].as_str().is_some_and(|text| text.contains(part));
        assert!(check["state"] == "missing" && says("detail", why) && says("fix", fix), "{check:#}");
        assert!(!self.ready && self.exit_code == Some(1));
    }
}

fn diagnose(house: &Installation) -> Diagnosis {
    Diagnosis::of(&house.output(&["doctor", "--json"]))
}

/// A doctor at the end of a shell script, as `"$@"`, which makes a condition true before.
fn diagnose_after(house: &Installation, wrapper: &[&str], script: &str) -> Diagnosis {
    let wrapper = [wrapper, &["sh", "-ec", script, "sh"]].concat();
    let mut command = wrapped(&house.command(&["doctor", "--json"]), &wrapper);
    Diagnosis::of(&command.output().expect("a shell"))
}

#[test]
fn a_host_that_can_run_guests_is_ready() {
    let diagnosis = diagnose(&Installation::new());
    assert!(diagnosis.ready && diagnosis.exit_code == Some(0), "{:#?}", diagnosis.checks);
    for name in ["kernel", "namespaces", "control groups", "crash dumps", "layer seccomp", "runtime python"] {
        assert_eq!(diagnosis.check(name)["state"], "ok");
    }
    for name in ["layer cgroupMemory", "self-test: memory limit", "data directory"] {
        assert_eq!(diagnosis.check(name)["state"], "ok");
    }
    let pool = diagnosis.check("pool");
    let says = |part: &str| pool["detail"].as_str().is_some_and(|detail| detail.contains(part));
    assert!(pool["state"] == "ok" && says("1 hits, 0 misses"), "{pool:#}");
}

#[test]
fn a_pool_that_is_turned_off_is_not_tried() {
    let house = Installation::new();
    let config = house.path().join("r.toml");
    fs::write(&config, "[pool]\njails = 0\ninterpreters = 0\nzygotes = false\n").unwrap();
    let mut command = house.command(&["--config", config.to_str().unwrap(), "doctor", "--json"]);
    assert_eq!(Diagnosis::of(&command.output().unwrap()).check("pool")["state"], "skipped");
}

#[test]
fn it_tells_a_person_the_same() {
    let house = Installation::new();
    let mut command = house.command(&["doctor"]);
    command.env("RINGFENCE_RUNTIMES_DIR", house.path().join("none"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("-> ringfence runtimes build"), "{text}");
    assert!(text.ends_with("not ready: see the lines marked MISSING\n"), "{text}");
}

#[test]
fn namespaces_turned_off() {
    let house = Installation::new();
    for kind in ["user", "pid"] {
        let script = format!("echo 0 > /proc/sys/user/max_{kind}_namespaces; exec \"$@\"");
        let diagnosis = diagnose_after(&house, &["unshare", "-Ur"], &script);
        let setting = format!("user.max_{kind}_namespaces");
        diagnosis.misses("namespaces", &format!("{setting} is 0"), &format!("sysctl -w {setting}=10000"));
    }
    let script = "echo 0 > /proc/sys/user/max_net_namespaces; exec \"$@\"";
    let diagnosis = diagnose_after(&house, &["unshare", "-Ur"], script);
    diagnosis.misses("layer networkNamespace", "network", "sysctl -w user.max_net_namespaces");
}

/// A program that installs the filter most container engines install: no new namespaces, no mounts.
const FILTERED: &str = r#"
import ctypes, os, struct, sys
def step(code, true, false, value): return struct.pack("<HBBI", code, true, false, value)
refused, allow, errno = [165, 272, 308, 435], 0x7fff0000, 0x00050000
program = step(0x20, 0, 0, 0)
for index, call in enumerate(refused):
    program += step(0x15, len(refused) - index, 0, call)
program += step(0x06, 0, 0, allow) + step(0x06, 0, 0, errno | 1)
code = ctypes.create_string_buffer(program)
class Filter(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(len(program) // 8, ctypes.addressof(code)))) == 0
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn a_containers_system_call_filter() {
    let house = Installation::new();
    let script = house.path().join("filtered.py");
    fs::write(&script, FILTERED).unwrap();
    let script = script.display().to_string();
    let diagnosis = diagnose_after(&house, &["env"], &format!("exec python3 {script} \"$@\""));
    diagnosis.misses("namespaces", "system call filter", "--security-opt seccomp=unconfined");
    diagnosis.misses("supervisor", "cannot start the supervisor", "above");
}

#[test]
fn a_container_that_hides_parts_of_proc() {
    let house = Installation::new();
    // Covering a part is what engines do; the kernel then refuses to show all of it again.
    let script = "mount -t tmpfs none /proc/sys; exec unshare -Ur \"$@\"";
    let diagnosis = diagnose_after(&house, &["unshare", "-m"], script);
    diagnosis.misses("namespaces", "hides parts of /proc", "--security-opt systempaths=unconfined");
}

#[test]
fn files_of_a_runtime_that_are_gone() {
    let house = Installation::with_own_runtimes();
    let runtimes = house.runtimes_dir();
    let library = first_file(&runtimes.join("python/root"), "numpy");
    fs::remove_file(&library).unwrap();
    fs::remove_file(runtimes.join("shell/root/usr/bin/bash")).unwrap();
    let diagnosis = diagnose(&house);
    diagnosis.misses("runtime python", "numpy", "ringfence runtimes build --force");
    diagnosis.misses("runtime shell", "usr/bin/bash", "ringfence runtimes build --force");
}

/// `__init__.py` of a library, wherever the runtime keeps its libraries.
fn first_file(tree: &Path, library: &str) -> PathBuf {
    let found = Command::new("find").arg(tree).args(["-path", &format!("*/{library}/__init__.py")]).output();
    let text = String::from_utf8(found.expect("find").stdout).unwrap();
    text.lines().next().expect("the library is there").into()
}

#[test]
fn a_clock_behind_the_data() {
    let house = Installation::new();
    assert!(diagnose(&house).ready);
    let dated = Command::new("touch").args(["-d", "+2 hours"]).arg(house.path().join("data/later")).status();
    assert!(dated.unwrap().success());
    diagnose(&house).misses("clock", "s behind the data", "timedatectl");
}

#[test]
fn a_data_directory_that_is_open_or_anothers() {
    let house = Installation::new();
    let data = house.path().join("data");
    assert!(diagnose(&house).ready);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    diagnose(&house).misses("data directory", "open to others (mode 755)", "700");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&data, Some(12345), Some(12345)).unwrap();
    diagnose(&house).misses("data directory", "belongs to user 12345", "700");
}

#[test]
fn a_layer_that_the_kernel_lacks() {
    let house = Installation::of(weakened_program());
    let mut command = house.command(&["doctor", "--json"]);
    command.env("RINGFENCE_WEAKEN", "landlock");
    let diagnosis = Diagnosis::of(&command.output().unwrap());
    diagnosis.misses("layer landlock", "", "lsm=landlock");
    let config = house.path().join("ringfence.toml");
    fs::write(&config, "accept_missing = [\"landlock\"]\n").unwrap();
    let mut command = house.command(&["--config", config.to_str().unwrap(), "doctor", "--json"]);
    command.env("RINGFENCE_WEAKEN", "landlock");
    assert!(Diagnosis::of(&command.output().unwrap()).ready, "the configuration accepts it");
}

#[test]
fn an_ordinary_user_without_a_control_group() {
    if !is_root() {
        eprintln!("skipped: only root can become somebody else");
        return;
    }
    let house = Installation::new();
    fs::set_permissions(house.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let data = house.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&data, Some(ORDINARY_ID), Some(ORDINARY_ID)).unwrap();
    let become_user = format!(
        "exec setpriv --reuid {ORDINARY_ID} --regid {ORDINARY_ID} --clear-groups \
         --inh-caps=-all --bounding-set=-all \"$@\""
    );
    let diagnosis = diagnose_after(&house, &["env"], &become_user);
    diagnosis.misses("layer cgroupMemory", "control group", "systemd-run --user --scope -p Delegate=yes");
    let own = diagnosis.check("layer userNamespace");
    assert!(own["state"] == "degraded" && own["detail"].as_str().unwrap().contains("own uid"), "{own:#}");
}
