//! Who the guest is: an unprivileged user without capabilities or supplementary groups.

use std::{fs, io};

use crate::sys;

/// User and group id of the guest as it sees itself.
pub(crate) const GUEST_ID: u32 = 1000;

/// User and group id of a run's init inside its user namespace when the supervisor is root.
pub(crate) const INIT_ID: u32 = 0;

/// First host uid of the range that a privileged installation uses: above systemd's container ranges
/// (which end at 0x6FFF_FFFF) and below the sign bit.
const HOST_ID_BASE: u32 = 0x7000_0000;

/// Host uid and gid of the server's side of a privileged installation; it owns the data directory.
pub(crate) const SERVICE_HOST_ID: u32 = HOST_ID_BASE;

/// The ids a seat uses on the host, so that no two live runs share a uid and its kernel quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeatIds {
    /// Host id of the run's init.
    pub(crate) init: u32,
    /// Host id of the guest.
    pub(crate) guest: u32,
}

/// The host ids of seat `index`.
pub(crate) fn seat_ids(index: u16) -> SeatIds {
    let init = HOST_ID_BASE + 2 + 2 * u32::from(index);
    SeatIds { init, guest: init + 1 }
}

/// True if this process is root, and of a user namespace that has the ids above: root of a container
/// with few ids is an ordinary user to us.
pub(crate) fn is_privileged() -> bool {
    let holds_ours = |map: &str| fs::read_to_string(map).is_ok_and(|map| maps(&map, SERVICE_HOST_ID));
    rustix::process::geteuid().is_root()
        && holds_ours("/proc/self/uid_map")
        && holds_ours("/proc/self/gid_map")
}

/// True if `map`, lines of "first-inside first-outside count" (user_namespaces(7)), has room for every
/// seat above `first`.
fn maps(map: &str, first: u32) -> bool {
    let last = u64::from(seat_ids(u16::MAX).guest);
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(|number| number.parse::<u64>().unwrap_or(0));
        let (inside, _, count) = (numbers.next(), numbers.next(), numbers.next());
        inside.zip(count).is_some_and(|(inside, count)| inside <= u64::from(first) && last < inside + count)
    })
}

/// What to write to uid_map and gid_map of a run's user namespace.
pub(crate) fn id_map(privileged: bool, index: u16) -> String {
    if privileged {
        let ids = seat_ids(index);
        format!("{INIT_ID} {} 1\n{GUEST_ID} {} 1\n", ids.init, ids.guest)
    } else {
        // One id is all an ordinary user may map: the supervisor is 0 in its own user namespace.
        format!("{GUEST_ID} 0 1\n")
    }
}

/// What to write to uid_map and gid_map of a privileged supervisor's own user namespace: root, to whom
/// control groups and devices belong, and every seat.
pub(crate) fn supervisors_map() -> String {
    let (first, last) = (seat_ids(0).init, seat_ids(u16::MAX).guest);
    format!("0 0 1\n{first} {first} {}\n", last - first + 1)
}

/// What a supervisor that root started keeps, by number (linux/capability.h): to collect files and to
/// remove control groups whatever the modes, to kill, to map ids, to make namespaces and mounts, and to
/// pass on fewer rights: all of it in its own user namespace only.
const SUPERVISOR_CAPABILITIES: [u32; 7] =
    [CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SYS_CHROOT, CAP_SYS_ADMIN];
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_KILL: u32 = 5;
const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;
const CAP_SETPCAP: u32 = 8;
const CAP_SYS_CHROOT: u32 = 18;
const CAP_SYS_ADMIN: u32 = 21;

/// What it takes to join the namespaces of jails.
const ZYGOTE_CAPABILITIES: [u32; 2] = [CAP_SYS_CHROOT, CAP_SYS_ADMIN];

/// Gives up what a supervisor does not need. A run's init has its own set, in its own user namespace.
pub(crate) fn trim_supervisor() -> io::Result<()> {
    sys::keep_capabilities(&SUPERVISOR_CAPABILITIES)
}

/// Gives up what a zygote does not need, for good.
pub(crate) fn become_zygote() -> io::Result<()> {
    sys::drop_bounding_set_but(&ZYGOTE_CAPABILITIES)?;
    sys::keep_capabilities(&ZYGOTE_CAPABILITIES)
}

/// Becomes the guest's user for good: afterwards nothing brings a capability back.
pub(crate) fn become_guest() -> io::Result<()> {
    sys::drop_bounding_set_but(&[])?;
    sys::set_gid(GUEST_ID)?;
    sys::set_uid(GUEST_ID)?;
    sys::drop_capabilities()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_of_a_few_ids_is_no_root_to_us() {
        assert!(maps("         0          0 4294967295\n", SERVICE_HOST_ID));
        assert!(!maps("         0       1000          1\n", SERVICE_HOST_ID));
        assert!(!maps("0 1000 1\n1 100000 65536\n", SERVICE_HOST_ID));
        assert!(!maps("", SERVICE_HOST_ID));
    }

    #[test]
    fn seats_share_no_id_with_each_other_or_the_server() {
        let mut ids: Vec<u32> = (0..=u16::MAX)
            .flat_map(|index| {
                let SeatIds { init, guest } = seat_ids(index);
                [init, guest]
            })
            .collect();
        ids.push(SERVICE_HOST_ID);
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(ids.iter().all(|id| i32::try_from(*id).is_ok()));
    }
}
