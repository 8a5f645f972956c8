//! Readers of tables wait as interpreters do: confined before they have seen a byte, used once, and not missed when
//! they die.

use std::{thread, time::Duration};

use ringfence_tests::{Installation, Server, processes};
use serde_json::{Value, json};

use super::death::kill_what_waits;

/// The readers that wait, each a child of its jail's init.
fn waiting(server: &Server) -> Vec<u32> {
    let inits = processes::children(server.supervisor()).into_iter();
    let guests = inits.flat_map(processes::children);
    guests.filter(|pid| processes::command_line(*pid).contains("__waiting-reader")).collect()
}

/// The sum of a small table, which a reader has to read first.
fn sum(server: &Server) -> Value {
    let table = json!({ "name": "t.csv", "content": "place,amount\nnorth,40\nsouth,2\n" });
    let (status, answer) = server.post("/v1/ask", &json!({ "question": "total amount", "files": [table] }));
    assert_eq!(status, 200, "{answer:#}");
    answer["value"].clone()
}

#[test]
fn a_reader_that_waits_is_confined_and_reads_one_table() {
    let house = Installation::new();
    let server = house.serve();
    processes::eventually("a reader waits", || !waiting(&server).is_empty());
    let first = waiting(&server)[0];
    for (field, value) in [("NoNewPrivs", "1"), ("Seccomp", "2"), ("CapEff", "0000000000000000")] {
        assert_eq!(processes::status(first, field), value, "{field}");
    }
    let ids = processes::status(first, "Uid");
    assert!(ids.split_whitespace().all(|id| id != "0"), "{ids}");
    assert_eq!(sum(&server), json!(42));
    processes::eventually("the one that has read is gone", || processes::gone(first));
    processes::eventually("another waits", || !waiting(&server).is_empty());
    assert!(server.stop(), "the server ends well");
}

#[test]
fn a_table_is_read_after_all_that_waited_is_dead() {
    let house = Installation::new();
    let server = house.serve();
    for round in 0..4 {
        thread::sleep(Duration::from_millis(150));
        kill_what_waits(&server, round % 2 == 0);
        assert_eq!(sum(&server), json!(42));
    }
    assert!(server.stop(), "the server ends well");
}
