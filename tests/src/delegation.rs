//! Control groups that an ordinary user may divide, made by root as a host's administrator makes them.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
};

/// Uid and gid of the ordinary user: nobody's on this machine, and above what tools give out.
pub const ORDINARY_ID: u32 = 64_123;

/// Controllers whose v1 groups the ordinary user may divide.
const CONTROLLERS: [&str; 4] = ["memory", "pids", "cpu", "cpuacct"];

/// Control groups of the ordinary user, removed when dropped.
#[derive(Debug)]
pub struct Delegation {
    groups: Vec<PathBuf>,
}

impl Delegation {
    /// Groups with room for so much memory and so many tasks, all together; only root can make them.
    pub fn new(name: &str, memory_bytes: u64, tasks: u64) -> Delegation {
        let own = fs::read_to_string("/proc/self/cgroup").expect("control groups");
        let is_v1 = own.lines().any(|line| line.split(':').nth(1) == Some("memory"));
        let groups = if is_v1 {
            CONTROLLERS.iter().filter_map(|controller| v1_group(&own, controller, name)).collect()
        } else {
            vec![v2_group(name)]
        };
        let files: &[&str] =
            if is_v1 { &["cgroup.procs", "tasks"] } else { &["cgroup.procs", "cgroup.subtree_control"] };
        for group in &groups {
            for path in files.iter().map(|file| group.join(file)).chain([group.clone()]) {
                chown(path, Some(ORDINARY_ID), Some(ORDINARY_ID)).expect("a group for the ordinary user");
            }
            let bounds =
                [("memory.limit_in_bytes", memory_bytes), ("memory.max", memory_bytes), ("pids.max", tasks)];
            for (file, bound) in bounds.into_iter().filter(|(file, _)| group.join(file).exists()) {
                fs::write(group.join(file), bound.to_string()).expect("a limit around the user");
            }
        }
        Delegation { groups }
    }

    /// Lines by which a shell enters the groups.
    pub fn entered(&self) -> String {
        self.groups.iter().map(|group| format!("echo $$ > {}/cgroup.procs\n", group.display())).collect()
    }
}

impl Drop for Delegation {
    fn drop(&mut self) {
        self.groups.iter().for_each(|group| remove(group));
    }
}

/// Removes a group with all that supervisors left in it.
fn remove(group: &Path) {
    for inner in fs::read_dir(group).into_iter().flatten().flatten() {
        if inner.path().is_dir() {
            remove(&inner.path());
        }
    }
    drop(fs::remove_dir(group));
}

/// A group of our own group of a v1 controller; none without the controller.
fn v1_group(own: &str, controller: &str, name: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        fields.next()?.split(',').any(|one| one == controller).then(|| fields.next())?
    })?;
    let group = Path::new("/sys/fs/cgroup").join(controller).join(path.trim_start_matches('/')).join(name);
    fs::create_dir(&group).ok()?;
    Some(group)
}

/// A group directly below the topmost one of v2.
fn v2_group(name: &str) -> PathBuf {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    let point =
        mounts.lines().find(|line| line.contains(" - cgroup2 ")).and_then(|line| line.split(' ').nth(4));
    let top = Path::new(point.expect("cgroup v2 is mounted"));
    fs::write(top.join("cgroup.subtree_control"), "+memory +pids +cpu").expect("controllers of v2");
    let group = top.join(name);
    fs::create_dir(&group).expect("a group");
    group
}
