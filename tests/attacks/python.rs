//! What the answers to the Python programs must say.

use crate::{Attack, MIB, attack};

/// A memory limit that is quickly reached.
const SMALL: &[(&str, u64)] = &[("memoryBytes", 64 * MIB)];

/// A program that must run out of [`SMALL`].
const fn exhausting(program: &'static str, outcome: &'static str) -> Attack {
    attack(program, outcome).under(SMALL).out_of_memory().hits(&["memoryBytes"])
}

/// Programs that run alone.
pub(crate) const ATTACKS: &[Attack] = &[
    attack("01_host_files", "0 of 29 host paths found []"),
    attack("02_roads_to_another_root", "other roots: [] | 200 levels up is our root: True"),
    attack("03_inherited_descriptors", "descriptors of others: []"),
    attack("04_links_in_outputs", "hard links made to the runtime: []").files(&["honest.txt"]),
    attack("05_secrets_of_init", "of init seen [], stolen [], read -1, attached -1, compared -1").denied(&[
        "kcmp",
        "pidfd_getfd",
        "process_vm_readv",
        "ptrace",
    ]),
    attack("06_mountinfo", "of the data directory and cgroups []"),
    attack("07_control_group_path", "control groups seen: ['/']"),
    attack("11_socket_families", "families opened: [1]").denied_and_more(&["socket"]),
    attack("12_ordinary_network", "reached: [] interfaces: ['lo']").denied(&["socket"]),
    attack("13_host_unix_sockets", "reached: [] abstract names: [] sockets in the tree: []"),
    // Libraries try it and do without: refused without a word.
    attack("14_io_uring", "io_uring answers: [(-1, 38), (-1, 38), (-1, 38)]"),
    attack("15_filters_in_the_kernel", "programs attached: []").denied(&["setsockopt"]),
    attack("16_daemon", "a daemon is left, it wrote: True").files(&["alive"]),
    attack("17_stopped", "everything stops").under(&[("wallMs", 1000)]).out_of_time().hits(&["wallMs"]),
    attack("18_deaf", "deaf and busy").under(&[("wallMs", 1000)]).out_of_time().hits(&["wallMs"]),
    attack("19_fork_bomb", "fork refused").hits(&["tasks"]),
    attack("20_siblings_of_init", "siblings made: []").denied(&["clone"]),
    attack("21_subreaper_and_tracing_options", "options taken: []").denied(&["prctl"]),
    attack("22_kill_init", "init harmed by: []").denied(&["prlimit64"]),
    exhausting("23_memory_in_memfd", "filling a memory file"),
    exhausting("24_memory_in_sysv", "filling shared memory"),
    exhausting("25_memory_in_pipes", "filling pipes and sockets"),
    exhausting("26_memory_in_page_tables", "touching one byte in each 2 MiB"),
    attack("27_memory_in_small_objects", "timers bounded: True, events bounded: True").hits_vary(),
    attack("28_disk_deleted_but_open", "wrote 1048576 then: No space left")
        .under(&[("scratchBytes", MIB)])
        .hits(&["scratchBytes"]),
    // Full for less than the time between two looks: told only by chance.
    attack("29_disk_filled_for_a_moment", "full for a moment")
        .under(&[("scratchBytes", 64 * 1024)])
        .hits_vary(),
    attack("30_inode_flood", "made 100 then: No space left")
        .under(&[("scratchInodes", 100)])
        .hits(&["scratchInodes"]),
    attack("31_extended_attributes", "attributes stored: 0").denied(&["setxattr"]),
    attack("32_many_processors", "twenty are busy").under(&[("cpuMs", 600)]).out_of_time().hits(&["cpuMs"]),
    attack("33_short_lived_processes", "children burn and vanish")
        .under(&[("cpuMs", 600)])
        .out_of_time()
        .hits_vary(),
    attack("34_open_files", "raised False, opened less than the limit True").hits_vary(),
    attack("35_file_size_in_hiding", "refused: File too large").under(&[("fileBytes", MIB)]).hits_vary(),
    attack("36_output_flood", "").hits(&["stdoutBytes", "stderrBytes"]),
    attack("37_packet_mode", "packets follow").under(&[("stdoutBytes", 1000)]).hits(&["stdoutBytes"]),
    attack("38_small_peak", "used 150 MiB and read files"),
    attack("39_forged_frames", "frames accepted by: []").ends("failed", 7),
    attack("40_exit_codes", "exits with 0x1234567").ends("failed", 0x67),
    attack("41_pretended_timeout", "pretends").ends("signaled", 152),
    attack("42_pretended_out_of_memory", "pretends").ends("signaled", 137),
    // The signal is all there is to tell a limit by.
    attack("43_pretended_file_limit", "pretends").ends("signaled", 153).hits_vary(),
    attack("44_hostile_bytes", "hostile bytes"),
    attack("45_cut_in_a_character", "cut in a character é")
        .under(&[("stdoutBytes", 1000)])
        .hits(&["stdoutBytes"]),
    attack("46_hostile_names", "hostile names left").files(&[
        "-rf",
        "...",
        ".hidden",
        "esc\u{1b}[2J",
        "line\nend",
        // 255 bytes are as many as a name may have.
        concat!(
            "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
            "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
            "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
        ),
        "\u{202e}txt",
    ]),
    attack("47_odd_outputs", "devices made: ['white']")
        .hits(&["outputBytes"])
        .files(&["closed/inside", "unreadable"]),
    attack("48_leased_outputs", "leases held:").denied(&["fcntl"]).hits(&["outputFiles"]),
    attack("49_hidden_refusals", "ptrace after 400 refused mounts").denied_and_more(&["mount"]),
    attack("50_race_the_collector", "exchanging"),
    attack("51_refused_call_flood", "more calls than are listed: True").denied_and_more(&["bpf"]),
    attack("52_tree_of_long_names", "made True No space left").hits(&[
        "scratchInodes",
        "outputFiles",
        "outputNameBytes",
    ]),
    attack("53_deep_directories", "directories deep: 3000").hits(&["outputNameBytes"]),
    attack("54_namespaces", "namespaces got: []").denied(&["clone", "setns", "unshare"]),
    attack("55_other_architectures", "i386: [-38] x32: [-1]").denied(&[
        "x32:mount",
        "x32:syscall_39",
        "x32:syscall_521",
        "x32:unshare",
    ]),
    attack("56_mounts", "calls that worked: []").denied(&[
        "chroot",
        "fsconfig",
        "fsmount",
        "fsopen",
        "fspick",
        "mount",
        "mount_setattr",
        "move_mount",
        "name_to_handle_at",
        "open_by_handle_at",
        "open_tree",
        "pivot_root",
        "quotactl",
        "swapon",
        "umount2",
    ]),
    attack("57_the_rest_of_the_kernel", "calls that worked: []").denied(&[
        "acct",
        "add_key",
        "adjtimex",
        "bpf",
        "clock_settime",
        "init_module",
        "ioperm",
        "iopl",
        "kcmp",
        "kexec_load",
        "keyctl",
        "landlock_create_ruleset",
        "lookup_dcookie",
        "memfd_secret",
        "migrate_pages",
        "modify_ldt",
        "mq_open",
        "msgget",
        "perf_event_open",
        "process_madvise",
        "process_vm_readv",
        "process_vm_writev",
        "ptrace",
        "reboot",
        "remap_file_pages",
        "request_key",
        "seccomp",
        "sethostname",
        "settimeofday",
        "syscall_453",
        "syscall_459",
        "syscall_461",
        "syslog",
        "userfaultfd",
        "vhangup",
    ]),
    attack("58_terminals", "answers: ['Operation not permitted']").denied(&["ioctl"]),
    attack("59_personality", "personalities set: [] now: 0x0").denied(&["personality"]),
    attack("60_write_outside_the_scratch", "written outside: []").files(&["x"]),
    attack("61_host_devices", "of the host's devices changed: [] usable: True"),
    attack("62_become_root", "got: [] a set-user-id program is 1000 no capabilities: True")
        .denied(&["setgroups"]),
    attack("63_core_dump", "core limit raised: False")
        .ends("signaled", 139)
        .files(&[])
        .denied(&["prlimit64"]),
    attack("64_slow_death", "busy in the kernel").under(&[("wallMs", 1500)]).out_of_time().hits(&["wallMs"]),
];

/// Programs that are run twice at once.
pub(crate) const IN_COMPANY: &[Attack] = &[
    attack("08_meet_another_run", "of another run found: [] processes: []"),
    attack("09_watch_another_run", "watched: [] bytes of events: 0")
        .denied(&["inotify_add_watch", "inotify_init1"]),
    // Both work: channels for two runs that want to talk, which a shared runtime cannot close.
    attack("10_lock_between_runs", "a lock on the runtime is"),
    attack("65_wake_another_run", "waiters of another run woken:"),
];
