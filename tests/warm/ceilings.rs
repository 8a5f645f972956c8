//! What waits of a runtime has a count and a memory of its own.

use ringfence_tests::{Installation, Server, processes};

use super::ask;

/// How many processes in jails wait with this word in their command line.
fn waiting(server: &Server, word: &str) -> usize {
    let inits = processes::children(server.supervisor()).into_iter();
    let guests = inits.flat_map(processes::children);
    guests.filter(|pid| processes::command_line(*pid).contains(word)).count()
}

/// How many Nodes wait with this configuration, once JavaScript is in use and nothing more is made ready.
fn nodes(pool: &str) -> usize {
    let house = Installation::new();
    let server = house.serve_with(pool);
    ask(&server, "javascript", "console.log(1)", false);
    processes::ready_jails(server.supervisor());
    // TypeScript's is the same program; as it is not in use, there is one at most.
    let nodes = waiting(&server, "warm.cjs");
    assert!(server.stop(), "the server ends well");
    nodes
}

#[test]
fn each_runtime_has_as_many_as_it_is_told() {
    let typescript = "[pool.typescript]\ninterpreters = 0\n";
    assert_eq!(nodes(&format!("{typescript}[pool.javascript]\ninterpreters = 3\n")), 3);
    assert_eq!(nodes(&format!("{typescript}[pool.javascript]\ninterpreters = 0\n")), 0);
}

#[test]
fn nothing_more_waits_once_the_memory_is_taken() {
    let server = Installation::new().serve();
    if processes::groups_of(server.supervisor()).is_empty() {
        eprintln!("skipped: nobody knows the memory without control groups");
        return;
    }
    drop(server);
    // The first is made while nothing is taken.
    let typescript = "[pool.typescript]\ninterpreters = 0\n";
    assert_eq!(nodes(&format!("{typescript}[pool.javascript]\ninterpreters = 3\nmemory_mib = 1\n")), 1);
    assert_eq!(nodes(&format!("{typescript}[pool.javascript]\ninterpreters = 3\nmemory_mib = 0\n")), 0);
}
