//! What the answers to the TypeScript programs must say.

use crate::{Attack, MIB, attack};

/// A memory limit that is quickly reached, and in which the compiler works.
const SMALL: &[(&str, u64)] = &[("memoryBytes", 96 * MIB)];

/// A program that must run out of [`SMALL`].
const fn exhausting(program: &'static str, outcome: &'static str) -> Attack {
    attack(program, outcome).under(SMALL).out_of_memory().hits(&["memoryBytes"])
}

/// A program that must be ended by its limit on cpu time.
const fn busy(program: &'static str, outcome: &'static str) -> Attack {
    attack(program, outcome).under(&[("cpuMs", 1200)]).out_of_time().hits(&["cpuMs"])
}

/// Programs that run alone.
pub(crate) const ATTACKS: &[Attack] = &[
    attack("01_nested_expressions", "8 of 8 came back: SyntaxError"),
    attack("02_nested_types", "9 of 9 came back"),
    busy("03_syntax_that_is_tried_again", "trying again and again"),
    exhausting("04_a_program_of_many_megabytes", "one line of many megabytes"),
    attack("05_enumerations", "large 1, chain 1, spaces 1, merged 2"),
    attack("06_encodings", "not told as errors of syntax: []"),
    attack("07_lying_source_maps", "3 traces, of the file itself: 3, secrets: false"),
    attack("08_references", "undefined, MODULE_NOT_FOUND,MODULE_NOT_FOUND,MODULE_NOT_FOUND"),
    attack("09_shadowed_compiler", "another compiler was used: false"),
    attack("10_compiler_itself", "asked 12 times, secrets: false"),
    exhausting("11_endless_modules", "reading without end"),
    attack("12_odd_modules", "forbidden EACCES"),
    busy("13_patterns_of_the_loader", "a long look for imports"),
    attack("14_escapes_in_errors", "quoted").ends("failed", 1),
    attack(
        "15_remote_modules",
        "loaded: [data:text/javascript,export default 1 default] of 15, secrets: false",
    ),
    attack("16_syntax_of_others", "8 of 8: SyntaxError,Error"),
    attack("17_host_files", "0 of 108 attempts found something []"),
    attack("18_sockets", "reached: []").denied(&["socket"]),
    attack("19_daemon", "a daemon of TypeScript is left").files(&["alive"]),
    attack("20_waiting_for_ever", "waiting for ever")
        .under(&[("wallMs", 1000)])
        .out_of_time()
        .hits(&["wallMs"]),
    exhausting("21_memory_of_types", "growing"),
    attack("22_threads_of_typescript", "a compiler each").under(&[("tasks", 24)]).hits(&["tasks"]),
    // What it set last is a multiple of 256.
    attack("23_exit_codes", "an error while exiting"),
    attack("24_forged_answer", "forged").ends("failed", 3).files(&["answer.json", "outcome"]),
    attack("25_links_in_outputs", "changing"),
    attack("27_native_by_import", "the call's error is 1 null, the addon: ERR_DLOPEN_FAILED")
        .denied(&["unshare"]),
    attack("28_kernel_by_tools", "worked: [], priority: ERR_SYSTEM_ERROR").denied(&["clock_settime"]),
    busy("29_processor_in_the_compiler", "compiling"),
    attack("30_output_flood", "flood").ends("failed", 4).hits(&["stdoutBytes", "stderrBytes"]),
    attack("31_files_that_come_and_go", "ENOSPC with 1048576 bytes in files without a name")
        .under(&[("scratchBytes", MIB)])
        .hits(&["scratchBytes"]),
    attack("32_globals_of_the_program", "ends with 1").ends("failed", 1),
    attack("33_refused_calls", "killed while they call: true").denied_and_more(&["inotify_init1", "socket"]),
];

/// Programs that are run twice at once.
pub(crate) const IN_COMPANY: &[Attack] =
    &[attack("26_another_runs_cache", "of another run found: [], left true, place is new: true")];
