//! What the answers to the Bash programs must say.

use crate::{Attack, MIB, attack};

/// Programs that run alone.
pub(crate) const ATTACKS: &[Attack] = &[
    attack("01_host_files", "host files found: 0 strange directories: []"),
    attack("02_climb", "still the same root: yes, init's root: hidden"),
    attack("03_descriptors", "descriptors of others: []"),
    attack("04_links_left_behind", "hard links to the runtime: 0").files(&["honest.txt"]),
    attack("05_init", "of init seen: []"),
    attack("06_environment", "suspicious lines: 0"),
    attack("08_dev_tcp", "reached: []").denied(&["socket"]),
    attack("09_network_view", "devices: lo  routes: 0 sockets: 0 abstract: 0"),
    attack("10_awk_and_sqlite", "tools that reached out: []"),
    attack("11_daemon", "daemons are left"),
    attack("12_open_pipes", "three sleepers hold the outputs"),
    attack("13_stopped", "stopped").under(&[("wallMs", 1000)]).out_of_time().hits(&["wallMs"]),
    attack("14_deaf", "deaf").under(&[("wallMs", 1000)]).out_of_time().hits(&["wallMs"]),
    attack("15_fork_bomb", "bomb").hits(&["tasks"]),
    attack("16_kill_everything", "harmed: [] and still here"),
    // Scratch is half of the memory, so it is full first.
    attack("17_memory_in_scratch", "files hold 33554432 bytes")
        .under(&[("memoryBytes", 64 * MIB)])
        .hits(&["scratchBytes"]),
    attack("18_memory_in_variables", "doubling")
        .under(&[("memoryBytes", 64 * MIB)])
        .out_of_memory()
        .hits(&["memoryBytes"]),
    attack("19_memory_in_children", "many small ones")
        .under(&[("memoryBytes", 64 * MIB), ("tasks", 1000)])
        .out_of_memory()
        .hits(&["memoryBytes"]),
    // A file of 200 MiB is more than may be returned.
    attack("20_sparse_and_preallocated", "1G: refused, 200M sparse: 0 KiB taken").hits(&["outputBytes"]),
    attack("21_inode_flood", "made 100, one more after removing one: yes")
        .under(&[("scratchInodes", 100)])
        .hits(&["scratchInodes"]),
    attack("22_deep_directories", "deep: 300").hits(&["outputDepth"]),
    attack("23_processor_time", "busy").under(&[("cpuMs", 600)]).out_of_time().hits(&["cpuMs"]),
    attack("24_raise_limits", "raised: []").denied(&["prlimit64"]),
    attack("25_output_flood", "flood").ends("failed", 3).hits(&["stdoutBytes", "stderrBytes"]),
    attack("26_streams_by_name", "written by name:"),
    attack("27_exit_codes", "256 is 0, -1 is 255").ends("failed", 255),
    attack("28_pretended_timeout", "pretends").ends("failed", 124),
    attack("29_signals_to_itself", "XFSZ=153").ends("signaled", 159),
    attack("30_terminal_escapes", "escapes printed").ends("failed", 9),
    attack("31_bytes_that_are_not_text", "bytes that are no text"),
    attack("32_hostile_names", "8 files by lines").files(&[
        "\u{1b}[2Jescape",
        "-rf",
        "...",
        "..x/..y",
        "a b/.hidden",
        "line\nend",
    ]),
    attack("33_pipes_and_devices", "device refused").files(&["closed", "dark/inside"]),
    attack("34_race_the_collector", "exchanging"),
    // What a program sets for its own children is its own affair; it brings no privilege.
    attack("35_library_injection", "injected: [BASH_ENV] user: 1000"),
    attack("36_set_user_id", "user 1000 owner own set-user-id files 0 capabilities 0000000000000000"),
    attack("37_write_outside", "written: [] program intact: 1"),
    attack("38_core_dump", "raised no, left: 0 files").denied(&["prlimit64"]),
    attack("39_open_files", "opened fewer than the limit: 1").hits_vary(),
    attack("40_host_devices", "changed: [] usable: yes"),
    attack("41_long_arguments", "long lists started: 30, beyond: refused"),
    attack("42_zombies", "few processes left: 1").hits_vary(),
    attack("43_sync_flood", "flood of sync"),
    attack("44_control_group", "control groups seen: /  files: 0"),
];

/// Programs that are run twice at once.
pub(crate) const IN_COMPANY: &[Attack] = &[attack("07_what_a_run_left", "of another run found: []")];
