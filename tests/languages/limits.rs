//! Node within the limits: what its engine keeps outside its heap, threads, waiting, compiling.

use serde_json::Value;

use crate::{run_with, stderr};

fn limited(language: &str, code: &str, limits: &[&str]) -> Value {
    let options: Vec<&str> = limits.iter().flat_map(|limit| ["--limit", *limit]).collect();
    run_with(language, code, &[], &options)
}

fn fires(answer: &Value, status: &str, limit: &str) {
    assert_eq!(answer["status"], status, "{answer:#}");
    let hits = answer["limitsHit"].as_array().expect("a list");
    assert!(hits.iter().any(|hit| hit["limit"] == limit), "{limit} is not named: {answer:#}");
}

#[test]
fn memory_of_any_kind_is_memory() {
    for code in [
        "const all = []; for (;;) all.push(new Array(1e5).fill({}))",
        "const all = []; for (let i = 0; ; i++) all.push(('é' + i).repeat(1e5).toUpperCase())",
        "const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))",
        "const all = []; for (;;) { const it = new WebAssembly.Memory({ initial: 99 }); new Uint8Array(it.buffer).fill(1); all.push(it) }",
        "const all = []; for (;;) all.push(new Uint8Array(new SharedArrayBuffer(1e7)).fill(1))",
        "require('child_process').spawnSync(process.execPath, ['-e', 'const a = []; for (;;) a.push(Buffer.alloc(1e7, 1))'])",
        "new (require('worker_threads').Worker)('const a = []; for (;;) a.push(Buffer.alloc(1e7, 1))', { eval: true })",
    ] {
        fires(&limited("javascript", code, &["memoryBytes=96M"]), "out_of_memory", "memoryBytes");
    }
}

#[test]
fn a_heap_may_be_as_large_as_the_limit_says() {
    let code = "const all = []; for (let i = 0; i < 4e6; i++) all.push({ i }); console.log(all.length)";
    fires(&limited("javascript", code, &["memoryBytes=64M"]), "out_of_memory", "memoryBytes");
    assert_eq!(limited("javascript", code, &["memoryBytes=400M"])["stdout"], "4000000\n");
    assert_eq!(limited("javascript", "console.log(1)", &["memoryBytes=32M"])["stdout"], "1\n");
}

#[test]
fn threads_are_tasks() {
    let code = "
        const { Worker } = require('worker_threads');
        for (let i = 0; i < 40; i++) {
            const worker = new Worker('setTimeout(() => {}, 1e6)', { eval: true });
            worker.on('error', (error) => { console.log(error.code); process.exit(7) });
        }
    ";
    let answer = limited("javascript", code, &["tasks=16", "openFiles=1K", "memoryBytes=1G"]);
    assert!(answer["status"] == "failed" || answer["status"] == "signaled", "{answer:#}");
    assert_eq!(answer["limitsHit"][0]["limit"], "tasks", "{answer:#}");
}

#[test]
fn waiting_and_computing_end() {
    let wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
    fires(&limited("javascript", wait, &["wallMs=400"]), "timed_out", "wallMs");
    fires(&limited("javascript", "setInterval(() => {}, 1e6)", &["wallMs=400"]), "timed_out", "wallMs");
    let ignored = "for (const it of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(it, () => {}); setInterval(() => {}, 9)";
    fires(&limited("javascript", ignored, &["wallMs=400"]), "timed_out", "wallMs");
    fires(&limited("javascript", "for (;;);", &["cpuMs=400"]), "timed_out", "cpuMs");
    fires(&limited("typescript", "for (;;) await (1 as any);", &["cpuMs=400"]), "timed_out", "cpuMs");
    let workers = "
        const { Worker } = require('worker_threads');
        for (let i = 0; i < 3; i++) new Worker('for (;;);', { eval: true })";
    fires(&limited("javascript", workers, &["cpuMs=600"]), "timed_out", "cpuMs");
    let pattern = "/^(a+)+$/.test('a'.repeat(40) + 'b')";
    fires(&limited("javascript", pattern, &["cpuMs=400"]), "timed_out", "cpuMs");
}

#[test]
fn output_and_files_have_their_limits() {
    let code =
        "process.stdout.write('x'.repeat(5000)); require('fs').writeFileSync('big', Buffer.alloc(2e6))";
    let answer = limited("javascript", code, &["stdoutBytes=1K", "scratchBytes=1M"]);
    assert_eq!(answer["stdout"].as_str().map(str::len), Some(1024), "{answer:#}");
    assert!(stderr(&answer).contains("ENOSPC"), "{answer:#}");
    fires(&answer, "failed", "stdoutBytes");
    fires(&answer, "failed", "scratchBytes");
}

#[test]
fn what_cannot_be_compiled_costs_the_run_only() {
    let deep = |open: &str, middle: &str, close: &str, times: usize| {
        format!("{}{middle}{}", open.repeat(times), close.repeat(times))
    };
    for code in [
        format!("type A = {};", deep("Array<", "1", ">", 30_000)),
        format!("type A = {};", deep("{a:", "1", "}", 40_000)),
        format!("let a = {};", deep("(", "1", ")", 100_000)),
        format!("let a = {};", deep("[", "1", "]", 100_000)),
        format!("let a = 1{};", " as any".repeat(30_000)),
        format!("let a = {};", "`${".repeat(60_000)),
    ] {
        let answer = limited("typescript", &code, &[]);
        let shown = &code[..20];
        assert!(
            ["succeeded", "failed"].iter().any(|status| answer["status"] == *status),
            "{shown}: {answer:#}"
        );
        if answer["status"] == "failed" {
            assert!(stderr(&answer).starts_with("/work/main.ts"), "{shown}: {answer:#}");
        }
    }
    // A file may be larger than a program: five megabytes of types, within the limits or ended by one.
    let large = format!("export const q = [{}];", "1 as number,".repeat(450_000));
    let main = "import { q } from './large.ts'; console.log(q.length)";
    let options = ["--limit", "memoryBytes=128M", "--limit", "wallMs=60000", "--limit", "cpuMs=60000"];
    fires(&run_with("typescript", main, &[("large.ts", &large)], &options), "out_of_memory", "memoryBytes");
    let options = ["--limit", "memoryBytes=1G", "--limit", "wallMs=60000", "--limit", "cpuMs=60000"];
    assert_eq!(run_with("typescript", main, &[("large.ts", &large)], &options)["stdout"], "450000\n");
}
