//! CommonJS, ES modules, and TypeScript that is more than types; each module is evaluated once.

use crate::{lines, run, run_with};

const HELPER_JS: (&str, &str) = ("helper.js", "console.log('helper'); exports.from = __filename;");
const HELPER_TS: (&str, &str) =
    ("typed.ts", "console.log('typed'); export let n: number = 1; export const next = (): void => { n++; };");

#[test]
fn commonjs_is_what_node_makes_of_it() {
    let code = "
        const { from } = require('./helper');
        require('./helper.js');
        console.log(from, __filename, __dirname, require.main === module, process.argv.slice(1).join());
        if (module.children.length !== 1) throw new Error('the helper was loaded twice');
        import('./helper.js').then((it) => console.log(it.default.from));
        return;
    ";
    let answer = run_with("javascript", code, &[HELPER_JS], &["--", "a b", "-c"]);
    let expected =
        ["helper", "/work/helper.js /work/main.js /work true /work/main.js,a b,-c", "/work/helper.js"];
    assert_eq!(lines(&answer), expected);
}

#[test]
fn es_modules_import_and_await() {
    let code = "#!/usr/bin/env node\n
        import fs, { readFileSync } from 'node:fs';
        import helper from './helper.js';
        import data from './data.json' with { type: 'json' };
        import path from 'node:path';
        const late = await import('./helper.js');
        console.log(late.default === helper, readFileSync === fs.readFileSync, data.a);
        console.log(import.meta.url, import.meta.filename, import.meta.dirname, process.argv[1]);
        console.log(import.meta.resolve('./x.js'), path.basename(import.meta.filename));
    ";
    let answer = run_with("javascript", code, &[HELPER_JS, ("data.json", "{\"a\": 7}")], &[]);
    let expected = [
        "helper",
        "true true 7",
        "file:///work/main.js /work/main.js /work /work/main.js",
        "file:///work/x.js main.js",
    ];
    assert_eq!(lines(&answer), expected);
}

#[test]
fn both_ways_mix() {
    let code = "
        const fs = require('fs');
        const { from } = require('./helper.js');
        await (async () => console.log(fs.existsSync(from)))();
        if (require.main === module) console.log(__dirname);
    ";
    assert_eq!(lines(&run_with("javascript", code, &[HELPER_JS], &[])), ["helper", "true", "/work"]);
    let code = "
        import { n, next } from './typed.ts';
        import * as again from './typed';
        const late = await import('./typed.js');
        next();
        console.log(n, again === late, require('./typed.ts').n);
    ";
    for language in ["javascript", "typescript"] {
        let answer = run_with(language, code, &[HELPER_TS], &[]);
        assert_eq!(lines(&answer), ["typed", "2 true 2"], "{language}");
    }
}

#[test]
fn modules_that_import_each_other_meet() {
    let even = (
        "even.ts",
        "import { odd } from './odd.ts';\nexport const even = (n: number): boolean => n === 0 || odd(n - 1);",
    );
    let odd = (
        "odd.ts",
        "import { even } from './even.ts';\nexport const odd = (n: number): boolean => n !== 0 && even(n - 1);",
    );
    let code = "import { even } from './even.ts'; console.log(even(10), even(7));";
    assert_eq!(lines(&run_with("typescript", code, &[even, odd], &[])), ["true false"]);
}

#[test]
fn typescript_is_more_than_types() {
    let code = "
        import { Transform, TransformCallback } from 'node:stream';
        import type { Stats } from 'node:fs';
        enum Colour { Red = 3, Green, Blue = 'b' as any }
        namespace Space { export const deep = { v: 5 }; }
        abstract class Shape<T extends object = {}> {
            declare hidden: Stats;
            constructor(protected readonly name: string, public side?: number) {}
            abstract area(): number;
        }
        class Square extends Shape { area(): number { return this.side! ** 2; } }
        function pick<T, K extends keyof T>(from: T, key: K): T[K] { return from[key]; }
        const done: TransformCallback = () => {};
        const square = new Square('s', 4) satisfies Shape;
        console.log(Colour.Green, Colour[3], Space.deep.v, square.area(), pick({ a: 1 }, 'a'), typeof done);
        console.log(typeof Transform, <number>(2 as unknown), Object.keys(square).join());
    ";
    assert_eq!(lines(&run("typescript", code)), ["4 Red 5 16 1 function", "function 2 name,side"]);
    let code = "import fs = require('fs'); const e: string = 'x'; export = { e, f: typeof fs.statSync };";
    let main = "import it from './old.cts'; console.log(it.e, it.f, require('./old.cts').e);";
    assert_eq!(lines(&run_with("typescript", main, &[("old.cts", code)], &[])), ["x function x"]);
}

#[test]
fn anything_that_can_be_a_program_is_one() {
    for code in
        ["// nothing", "", "\u{feff}'use strict';\r\nconsole.log(1)\r\n", "#!/bin/node\nconsole.log(1)"]
    {
        for language in ["javascript", "typescript"].into_iter().filter(|_| !code.is_empty()) {
            lines(&run(language, code));
        }
    }
}

#[test]
fn workers_and_children_know_the_program() {
    let code = "
        import { fork } from 'node:child_process';
        import { once } from 'node:events';
        import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
        enum Kind { Worker = 20, Child = 30 }
        if (process.send) {
            process.send(Kind.Child);
        } else if (!isMainThread) {
            parentPort!.postMessage(Kind.Worker + workerData);
        } else {
            const worker = new Worker(new URL(import.meta.url), { workerData: 1 });
            console.log(await once(worker, 'message'));
            console.log(await once(new Worker('./typed.ts'), 'exit'));
            console.log(await once(fork(import.meta.filename), 'message').then(([it]) => it));
        }
    ";
    let answer = run_with("typescript", code, &[HELPER_TS], &[]);
    assert_eq!(lines(&answer), ["[ 21 ]", "typed", "[ 0 ]", "30"]);
}

#[test]
fn what_comes_in_arrives_and_what_is_left_goes_back() {
    let code = "
        const fs = require('fs'), path = require('path');
        process.stdin.setEncoding('utf8').on('data', (text) => {
            fs.writeFileSync(path.join(__dirname, 'out.txt'), text.toUpperCase() + process.env.TZ);
            fs.mkdirSync('deep/er', { recursive: true });
            fs.writeFileSync('deep/er/b.bin', Buffer.from([0, 255]));
        });
        console.log(fs.readdirSync('.').join());
    ";
    let installation = ringfence_tests::Installation::new();
    let server = installation.serve();
    let body = serde_json::json!({
        "language": "javascript", "code": code, "stdin": "hello ",
        "env": { "TZ": "Asia/Tokyo" }, "files": [{ "name": "in.csv", "content": "a,b\n" }],
    });
    let (status, answer) = server.post("/v1/execute", &body);
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!(lines(&answer), ["in.csv"], "the program itself is not among the files");
    let files = answer["files"].as_array().expect("a list");
    let names: Vec<_> = files.iter().map(|file| file["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["deep/er/b.bin", "out.txt"]);
    assert!(files[1].to_string().contains("HELLO Asia/Tokyo"), "{answer:#}");
}

#[test]
fn the_clients_node_options_are_the_programs_own_affair() {
    let installation = ringfence_tests::Installation::new();
    let server = installation.serve();
    for (options, status, said) in [
        ("--import=data:text/javascript,console.log(5)", "succeeded", "5\n/work/main.js\n"),
        ("--max-old-space-size=64", "succeeded", "/work/main.js\n"),
        ("--no-such-option", "failed", ""),
    ] {
        let code = "console.log(__filename)";
        let body = serde_json::json!({
            "language": "javascript", "code": code, "env": { "NODE_OPTIONS": options } });
        let (_, answer) = server.post("/v1/execute", &body);
        assert_eq!((&answer["status"], &answer["stdout"]), (&status.into(), &said.into()), "{answer:#}");
    }
}
