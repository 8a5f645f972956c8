//! Memory of the whole tree: within 4 MiB of the limit, whoever uses it and however.

use ringfence_tests::Installation;
use serde_json::Value;

use crate::{MIB, PATIENCE_MS, assert_hit, assert_status, number, run, run_with};

/// The limit under test in bytes.
const LIMIT: u64 = 96 * MIB;

/// It alone is in the way.
const LIMITS: [(&str, u64); 3] = [("memoryBytes", LIMIT), ("wallMs", PATIENCE_MS), ("cpuMs", PATIENCE_MS)];

/// How far from the limit the kernel's count may be in bytes.
const SLACK: u64 = 4 * MIB;

/// Touches as many bytes as its argument says, in pages of one private mapping.
const TOUCH: &str = "
import mmap, sys
count = int(sys.argv[1])
if count:
    memory = mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, count, 4096):
        memory[at] = 1
";

/// The same in four children at once, none of which is large.
const TOUCH_IN_CHILDREN: &str = "
import mmap, os, sys
share = int(sys.argv[1]) // 4
for _ in range(4):
    go, ready = os.pipe(), os.pipe()
    if os.fork() == 0:
        memory = mmap.mmap(-1, share, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) if share else []
        for at in range(0, share, 4096):
            memory[at] = 1
        os.write(ready[1], b'.')
        os.read(go[0], 1)
    os.read(ready[0], 1)
";

/// The same in a memory file.
const TOUCH_MEMORY_FILE: &str = "
import os, sys
file = os.memfd_create('memory')
for _ in range(int(sys.argv[1]) // 4096):
    os.write(file, b'x' * 4096)
";

fn touch(code: &str, count: u64) -> Value {
    run_with(&Installation::new(), "python", code, &LIMITS, &["--", &count.to_string()])
}

#[test]
fn memory_is_within_4_mib() {
    for code in [TOUCH, TOUCH_IN_CHILDREN, TOUCH_MEMORY_FILE] {
        let nothing = touch(code, 0);
        assert_status(&nothing, "succeeded");
        let base = number(&nothing, "/usage/memoryPeakBytes");
        assert!(base < 48 * MIB, "the interpreter alone takes {base} bytes");
        let count = (LIMIT - SLACK - base) / MIB * MIB;
        let fits = touch(code, count);
        assert_status(&fits, "succeeded");
        // What the interpreter itself takes differs from run to run; what was touched does not.
        assert!(number(&fits, "/usage/memoryPeakBytes") >= count + base / 2, "{base} alone, {fits:#}");
        let beyond = touch(code, LIMIT + SLACK - base);
        assert_status(&beyond, "out_of_memory");
        assert_hit(&beyond, "memoryBytes", "out_of_memory", LIMIT);
        assert_eq!(beyond["exitCode"], 137);
        assert!(number(&beyond, "/usage/memoryPeakBytes") <= LIMIT, "{beyond:#}");
    }
}

#[test]
fn scratch_is_memory() {
    let code = "
import mmap
open('/work/file', 'wb').write(b'x' * (40 << 20))
memory = mmap.mmap(-1, 60 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(memory), 4096):
    memory[at] = 1
";
    let answer = run("python", code, &LIMITS);
    assert_status(&answer, "out_of_memory");
}

#[test]
fn a_child_without_memory_decides_whatever_main_makes_of_it() {
    let code = "
import os
child = os.fork()
if child == 0:
    memory = bytearray(200 << 20)
    os._exit(0)
os.waitpid(child, 0)
print('fine')
";
    let answer = run("python", code, &LIMITS);
    assert_status(&answer, "out_of_memory");
    assert_hit(&answer, "memoryBytes", "out_of_memory", LIMIT);
    let answer = run("bash", "(x=$(head -c 200M /dev/zero | tr '\\0' a)); exit 0", &LIMITS);
    assert_status(&answer, "out_of_memory");
}
