//! What the answers to the JavaScript programs must say.

use crate::{Attack, MIB, attack};

/// A memory limit that is quickly reached, and in which Node starts.
const SMALL: &[(&str, u64)] = &[("memoryBytes", 96 * MIB)];

/// A wall clock that is up soon.
const SHORT: &[(&str, u64)] = &[("wallMs", 1000)];

/// A program that must run out of [`SMALL`].
const fn exhausting(program: &'static str, outcome: &'static str) -> Attack {
    attack(program, outcome).under(SMALL).out_of_memory().hits(&["memoryBytes"])
}

/// A program that must be ended by its wall clock.
const fn endless(program: &'static str, outcome: &'static str) -> Attack {
    attack(program, outcome).under(SHORT).out_of_time().hits(&["wallMs"])
}

/// Programs that run alone.
pub(crate) const ATTACKS: &[Attack] = &[
    attack("01_host_files", "0 of 25 host paths found []"),
    attack("02_roads_to_another_root", "other roots: []"),
    attack("03_internal_bindings", "pipes are there: true, got through them: []")
        .denied(&["setgroups", "socket"]),
    attack("04_forged_frames", "sockets: [] strange: []").ends("failed", 7),
    attack("05_links_in_outputs", "hard links made: []").files(&["honest.txt"]),
    attack("06_secrets_of_init", "of init seen: [] signals taken: [] other processes: 0"),
    // The report looks at the network's interfaces.
    attack("07_environment", "HOME,LC_CTYPE,PATH,TMPDIR,TZ host: ringfence tokens: [] host paths: []")
        .denied(&["socket"]),
    attack("10_network", "reached: [] interfaces: ERR_SYSTEM_ERROR").denied(&["socket"]),
    attack("11_host_unix_sockets", "reached: [] abstract names: []"),
    attack("12_inspector", "ports opened: [] url: undefined with itself: 42").denied(&["socket"]),
    attack("13_cluster", "workers' ports: [EPERM,EPERM]").denied(&["socket"]),
    attack("14_daemon", "daemons are left").files(&["alive"]),
    endless("15_stopped", "everything stops"),
    endless("16_deaf", "the exit never ends"),
    endless("17_deadlock", "nobody will wake anybody"),
    endless("18_starved_loop", "starving"),
    attack("19_fork_bomb", "some refused: true").hits(&["tasks"]),
    attack("20_kill_everything", "harmed: [] and still here as 2"),
    exhausting("21_memory_in_compressors", "memory outside of the heap"),
    exhausting("22_memory_in_threads", "many threads"),
    // Addresses are not memory; the kernel has them to give.
    attack("23_reserved_addresses", "reserved more than a terabyte: true"),
    exhausting("24_heap_flags", "a heap of 64 GiB"),
    attack("25_pretended_out_of_memory", "pretends").ends("signaled", 134),
    attack("26_diagnostics_in_scratch", "snapshots until: ENOSPC")
        .under(&[("scratchBytes", 8 * MIB)])
        .hits(&["scratchBytes"])
        .denied(&["socket"]),
    attack("27_output_flood", "flood").hits(&["stdoutBytes", "stderrBytes"]),
    attack("28_output_in_single_bytes", "byte by byte").hits(&["stdoutBytes", "stderrBytes"]),
    // The kernel refused the greater ones and told only the program.
    attack("29_sizes_that_lie", "sparse made, terabyte EFBIG, far EFBIG, negative made")
        .hits(&["outputBytes"]),
    attack("30_open_files", "fewer than the limit: true, EMFILE, then EMFILE"),
    attack("31_many_processors", "busy everywhere").under(&[("cpuMs", 800)]).out_of_time().hits(&["cpuMs"]),
    attack("32_exit_codes", "-1 is 255").ends("failed", 255),
    attack("33_swallowed_errors", "nothing is reported").ends("signaled", 132),
    attack("34_forged_answer", "forged").ends("failed", 9),
    attack("35_hostile_names", "12 names left, 4 were impossible").files(&[
        "%2e%2e%2f",
        "-rf",
        "...",
        ".hidden",
        "C:\\x",
        "\u{1b}[2J",
        "__proto__",
        "con",
        "constructor",
        "line\nend",
        "toString/..x",
        "~",
        "\u{202e}txt",
    ]),
    attack("36_odd_outputs", "a socket is left: true").files(&["closed", "dark/inside", "future"]),
    attack("37_race_the_collector", "exchanging"),
    attack("38_deep_directories", "deep: 2000, wide until ENOSPC").hits(&[
        "outputFiles",
        "outputNameBytes",
        "scratchInodes",
    ]),
    attack("39_native_code", "user 1000, of 27 calls let through: []").denied(&[
        "bpf",
        "clone",
        "init_module",
        "ioctl",
        "keyctl",
        "mount",
        "open_by_handle_at",
        "perf_event_open",
        "pidfd_getfd",
        "ptrace",
        "setns",
        "socket",
        "swapon",
        "unshare",
        "userfaultfd",
        "x32:mount",
        "x32:socket",
        "x32:syscall_521",
    ]),
    attack("40_own_memory", "opened for writing: []"),
    // Its code ran when it was loaded: the call is its.
    attack("41_native_addon", "user 1000").denied(&["unshare"]),
    attack("42_write_outside", "written: []"),
    attack("43_poison_the_preload", "replaced: true, it runs as user 1000, sees of the host: []"),
    attack("44_become_root", "got: [] a set-user-id program is 1000, capabilities 0000000000000000")
        .denied(&["setgroups"]),
    // It works: the kernel charges locks to nobody.
    attack("45_file_locks", "400000 locks of 73 MiB in a limit of 64 MiB")
        .under(&[("memoryBytes", 64 * MIB)]),
    attack("46_refused_call_flood", "refused: 800").denied_and_more(&["socket"]),
    attack("47_crash_storm", "crashed: 96, left: []"),
    attack("48_engine_crash", "dumps of at most 1,1 bytes").ends("signaled", 133).files(&[]),
    attack("49_module_paths", "quoted a secret: false, loaded: [imported 1]"),
    attack("50_source_maps", "15 traces, secrets in them: false"),
    attack("51_flood_of_watches", "watches: 0, changes seen: 0").denied(&["inotify_init1"]),
    attack("52_facts_of_the_host", "ringfence /work unknown ERR_SYSTEM_ERROR").denied(&["socket"]),
    attack("53_shadowing_inputs", "as itself: true").files(&[]).beside(&[
        ("amaro", "console.log('OUTCOME: the input runs')"),
        ("fs.js", "console.log('OUTCOME: the input runs')"),
        ("index.js", "console.log('OUTCOME: the input runs')"),
        ("main", "console.log('OUTCOME: the input runs')"),
        ("main.js", "console.log('OUTCOME: the input runs')"),
        ("main.ts", "console.log('OUTCOME: the input runs')"),
        ("node_modules", "console.log('OUTCOME: the input runs')"),
        (
            "package.json",
            r##"{"type":"module","main":"index.js","imports":{"#x":"./main"},"exports":"./fs.js"}"##,
        ),
    ]),
];

/// Programs that are run twice at once.
pub(crate) const IN_COMPANY: &[Attack] = &[
    attack("08_meet_another_run", "of another run found: [] processes: []"),
    attack("09_access_times", "access time changed: false"),
    // It works: the runtime is shared, and its files' locks with it.
    attack("54_locks_on_the_runtime", "opening takes"),
];
