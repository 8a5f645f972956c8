//! Where control groups are mounted and which of them is ours, read from what the kernel tells a process.

use std::path::{Path, PathBuf};

/// The hierarchy of cgroup v2 as this process sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unified {
    /// The topmost group that can be reached.
    pub(super) top: PathBuf,
    /// The group this process is in; the topmost one if it is in none that can be reached.
    pub(super) own: PathBuf,
}

/// Directory of our own group in the v1 hierarchy of `controller`.
pub(super) fn locate_v1(mountinfo: &str, own: &str, controller: &str) -> Option<PathBuf> {
    let names = |list: &str| list.split(',').any(|name| name == controller);
    let own = own_path(own, names)?;
    let (root, point, _) = visible(mounts(mountinfo, "cgroup").filter(|(_, _, options)| names(options)))?;
    Some(directory(root, point, own))
}

/// The hierarchy of cgroup v2, if there is one.
pub(super) fn locate_v2(mountinfo: &str, own: &str) -> Option<Unified> {
    let own = own_path(own, str::is_empty)?;
    let (root, point, _) = visible(mounts(mountinfo, "cgroup2"))?;
    Some(Unified { top: point.into(), own: directory(root, point, own) })
}

/// Our path in the hierarchy whose controllers are `wanted`, from /proc/self/cgroup.
fn own_path(own: &str, wanted: impl Fn(&str) -> bool) -> Option<&str> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        wanted(fields.next()?).then(|| fields.next())?
    })
}

/// Root, mount point and options of a mount.
type Mount<'a> = (&'a str, &'a str, &'a str);

/// Each mount of a file system, from /proc/self/mountinfo.
fn mounts<'a>(mountinfo: &'a str, file_system: &'a str) -> impl Iterator<Item = Mount<'a>> {
    mountinfo.lines().filter_map(move |line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let mut mount = mount.split(' ').skip(3);
        (kind.next()? == file_system).then_some((mount.next()?, mount.next()?, kind.nth(1)?))
    })
}

/// The mount that is seen where the first one was made: the last there covers the others.
fn visible<'a>(mut mounts: impl Iterator<Item = Mount<'a>>) -> Option<Mount<'a>> {
    let first = mounts.next()?;
    mounts.filter(|(_, point, _)| *point == first.1).last().or(Some(first))
}

/// Directory of the group `own` where a mount shows the hierarchy from `root` downwards.
///
/// Both paths begin at the root of our control group namespace, and climb with ".." to what lies
/// outside of it. There the names are hidden, so the topmost directory is all that can be told.
fn directory(root: &str, point: &str, own: &str) -> PathBuf {
    match Path::new(own).strip_prefix(root) {
        Ok(below) if below.starts_with("..") => point.into(),
        Ok(below) => Path::new(point).join(below),
        Err(_) => point.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unified(top: &str, own: &str) -> Option<Unified> {
        Some(Unified { top: top.into(), own: own.into() })
    }

    #[test]
    fn v1_controllers_are_found_where_they_are_mounted() {
        let own = "4:memory:/a/b\n2:cpu,cpuacct:/\n0::/\n";
        let mounts = "30 23 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                      31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let find = |controller| locate_v1(mounts, own, controller);
        assert_eq!(find("memory"), Some("/sys/fs/cgroup/memory/a/b".into()));
        assert_eq!(find("cpuacct"), Some("/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(find("pids"), None);
    }

    #[test]
    fn a_hybrid_host_has_both() {
        let own = "5:memory:/user.slice\n1:name=systemd:/user.slice\n0::/user.slice\n";
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n\
                      36 31 0:33 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
                      41 31 0:38 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(locate_v1(mounts, own, "memory"), Some("/sys/fs/cgroup/memory/user.slice".into()));
        let found = locate_v2(mounts, own);
        assert_eq!(found, unified("/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified/user.slice"));
    }

    /// As systemd mounts it on a host without v1.
    const V2_HOST: &str = "22 27 0:21 / /sys rw,nosuid - sysfs sysfs rw\n\
        30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";

    #[test]
    fn a_service_of_a_v2_host_is_in_its_group() {
        let own = "0::/system.slice/ringfence.service\n";
        assert_eq!(locate_v1(V2_HOST, own, "memory"), None);
        let found = locate_v2(V2_HOST, own);
        assert_eq!(found, unified("/sys/fs/cgroup", "/sys/fs/cgroup/system.slice/ringfence.service"));
    }

    #[test]
    fn a_container_with_a_namespace_of_its_own_is_at_the_top() {
        let mounts = "631 630 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n";
        assert_eq!(locate_v2(mounts, "0::/\n"), unified("/sys/fs/cgroup", "/sys/fs/cgroup"));
        let inner = locate_v2(mounts, "0::/inner\n");
        assert_eq!(inner, unified("/sys/fs/cgroup", "/sys/fs/cgroup/inner"));
    }

    #[test]
    fn a_container_without_one_sees_its_group_at_the_mount_point() {
        let mounts = "631 630 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate\n";
        assert_eq!(locate_v2(mounts, "0::/docker/abc\n"), unified("/sys/fs/cgroup", "/sys/fs/cgroup"));
        let mounts = "30 23 0:26 /a/b /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        assert_eq!(locate_v1(mounts, "4:memory:/a/b\n", "memory"), Some("/sys/fs/cgroup/memory".into()));
    }

    #[test]
    fn the_mount_on_top_is_the_one_that_is_seen() {
        let mounts = "30 22 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
                      99 30 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
                      99 30 0:26 /lxc/x /srv/x/sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(locate_v2(mounts, "0::/a\n"), unified("/sys/fs/cgroup", "/sys/fs/cgroup/a"));
    }

    #[test]
    fn what_lies_outside_of_our_namespace_has_no_names() {
        // The mount is older than the namespace, and shows more than it.
        let mounts = "30 22 0:26 /../../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(locate_v2(mounts, "0::/\n"), unified("/sys/fs/cgroup", "/sys/fs/cgroup"));
        // The process was put into the namespace and is in a group outside of it.
        let mounts = "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        assert_eq!(locate_v2(mounts, "0::/../other\n"), unified("/sys/fs/cgroup", "/sys/fs/cgroup"));
    }
}
