//! A traceback names the line and column that were sent, whatever was made of the program in between.

use crate::{run, run_with, stderr};

/// The program fails, and its traceback holds each of these.
fn fails_at(language: &str, code: &str, files: &[(&str, &str)], expected: &[&str]) {
    let answer = run_with(language, code, files, &[]);
    assert_eq!((&answer["status"], &answer["exitCode"]), (&"failed".into(), &1.into()), "{answer:#}");
    let text = stderr(&answer);
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    assert!(!text.contains("ringfence"), "our own files are in:\n{text}");
}

/// Line 6, column 9 in a function, called on line 8; `ENUM` is replaced by what makes lines move.
const DEEP: &str = "ENUM\ninterface Asked {\n  a: number;\n}\nfunction fail(asked: Asked): never {\n  throw new RangeError('six');\n}\nfail({ a: 1 });\n";

#[test]
fn javascript() {
    let code = "const a = 1;\nfunction f() {\n  null.x;\n}\nf();\n";
    let here = ["/work/main.js:3\n  null.x;\n       ^\n", "f (/work/main.js:3:8)", "/work/main.js:5:1"];
    fails_at("javascript", code, &[], &here);
    fails_at("javascript", &code.replace('\n', "\r\n"), &[], &["f (/work/main.js:3:8)"]);
    let module = format!("import 'node:fs';{code}await 1;");
    fails_at("javascript", &module, &[], &["main.js:3\n  null.x;\n       ^\n", "work/main.js:3:8"]);
}

#[test]
fn typescript_without_its_types() {
    let code = DEEP.replace("ENUM", "const first = 1;");
    let here =
        ["/work/main.ts:6\n  throw new RangeError('six');\n", "/work/main.ts:6:9", "/work/main.ts:8:1"];
    fails_at("typescript", &code, &[], &here);
    fails_at("typescript", &format!("{code}export {{}};"), &[], &here);
}

#[test]
fn typescript_that_is_rewritten() {
    let code = DEEP.replace("ENUM", "enum E { A, B }");
    let here =
        ["/work/main.ts:6\n  throw new RangeError('six');\n", "/work/main.ts:6:9", "/work/main.ts:8:1"];
    fails_at("typescript", &code, &[], &here);
    fails_at("typescript", &format!("{code}export {{}};"), &[], &here);
}

#[test]
fn helpers_and_what_is_awaited() {
    for first in ["const first = 1;", "enum E { A, B }"] {
        let code = DEEP.replace("ENUM", first).replace("function", "export async function");
        let code = code
            .replace("  throw", "  await 1; throw")
            .replace("fail({ a: 1 });", "")
            .replace("never", "Promise<void>");
        let main = "import { fail } from './helper.ts';\nasync function go(): Promise<void> {\n  await fail({ a: 1 });\n}\nawait go();\n";
        let here = ["fail (", "/work/helper.ts:6:18", "async go (", "/work/main.ts:3:3", "/work/main.ts:5:1"];
        fails_at("typescript", main, &[("helper.ts", &code)], &here);
    }
}

#[test]
fn programs_that_are_none() {
    let here = "/work/main.js:2\nlet b = = 3;\n        ^\n\nSyntaxError: Unexpected token '='";
    fails_at("javascript", "let a;\nlet b = = 3;\n", &[], &[here]);
    fails_at("javascript", "import 'fs';\nlet b = = 3;\n", &[], &[here]);
    let typed = ["/work/main.ts:2\nlet b: = 3;\n       ^\n\nSyntaxError: ", "    at /work/main.ts:2:8\n"];
    fails_at("typescript", "let a: number;\nlet b: = 3;\n", &[], &typed);
    fails_at("typescript", "import './helper.ts';", &[("helper.ts", "\n}")], &["/work/helper.ts:2\n}\n^\n"]);
    fails_at("typescript", "import './helper.ts';\n", &[("helper.ts", "let x: = 1;")], &["helper.ts:1:8"]);
}

#[test]
fn a_caught_syntax_error_is_an_ordinary_one() {
    let code = "try { await import('./helper.ts') } catch (error) { console.log(error.name, error instanceof SyntaxError) }";
    let answer = run_with("javascript", code, &[("helper.ts", "let x: = 1;")], &[]);
    assert_eq!(answer["stdout"], "SyntaxError true\n");
    let answer = run("javascript", "console.log(new Error('here').stack.split('\\n')[1].trim())");
    assert_eq!(answer["stdout"], "at Object.<anonymous> (/work/main.js:1:13)\n");
}
