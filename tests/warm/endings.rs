//! How programs end, and what of them is written by then: as where nobody waited for them.

use ringfence_tests::Installation;
use serde_json::{Value, json};

/// Programs whose ends have tempted others to leave too early, or too late.
const PYTHON: &[&str] = &[
    "print('before')\nimport io, sys\nsys.stdout = io.StringIO()",
    "import sys\nprint('x')\nsys.stdout = None",
    "import sys\nclass Tee:\n    def __init__(self): self.file = open('o.txt', 'w')\n    def write(self, text):\n        \
     self.file.write(text); sys.__stdout__.write(text)\n    def flush(self): pass\nsys.stdout = Tee()\nprint('tee')",
    "def f():\n    file = open('o.txt', 'w')\n    file.write('part')\n    raise ValueError('x')\nf()",
    "import json\njson.file = open('o.txt', 'w')\njson.file.write('module')",
    "class A: pass\na = A()\na.a = a\na.file = open('o.txt', 'w')\na.file.write('cycle')",
    "file = open('o.txt', 'w')\nfile.write('global')",
    "import gzip\nfile = gzip.open('o.gz', 'wt', )\nfile.write('x' * 9)\nprint('gz')\nfile.close()",
    "import multiprocessing\ndef f(): print('child')\nif __name__ == '__main__':\n    print('x')\n    \
     multiprocessing.get_context('fork').Process(target=f).start()",
    "import os\nclass D:\n    def __del__(self): print('closing', os.path.basename('/a/b'))\nd = D()",
    "import sys\nsys.exit(2**70)",
    "import sys\nsys.exit(-1)",
    "import sys\nsys.exit('said')",
    "import sys\nsys.stderr = None\nsys.exit('m')",
    "raise SystemExit(7)",
    "raise KeyboardInterrupt",
    "import threading, time\ndef f():\n    time.sleep(.1)\n    print('thread')\nthreading.Thread(target=f).start()\nprint('main')",
    "import atexit\natexit.register(print, 'at exit')\n1 / 0",
    "x = = 3",
    "import os\nif os.fork() == 0:\n    print('child')\nelse:\n    os.wait()\n    print('parent')",
    "try:\n    1 / 0\nexcept Exception as error:\n    raise ValueError('b') from error",
    "import sys\ndef hook(*_): raise RuntimeError('hook')\nsys.excepthook = hook\n1 / 0",
    "import asyncio\nasync def main(): print('async')\nasyncio.run(main())",
    "import pickle\nclass C: pass\nprint(pickle.loads(pickle.dumps(C())).__class__.__module__)",
    "import sys\nsys.stdout.write('a')\nsys.stdout.close()",
    "import os\nos.write(1, b'first')\nos._exit(3)",
    "import os\nos.kill(os.getpid(), 9)",
    "import subprocess\nsubprocess.Popen(['sleep', '60'])\nprint('left it')",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('daemon')",
    "import os\nos.kill(0x52460005, 0)\nprint('not reached')",
    // What is noted of a program that shows nothing.
    "1 + 1",
    "'a text'",
    "x = [1, 2]\nx",
    "from __future__ import annotations\ndef f(a: int): pass\nf.__annotations__",
    "import sys\nprint('seen')\nsys.getrecursionlimit()",
    "class D:\n    def __del__(self): print('gone')\nD()",
    "import atexit\natexit.register(print, 'at exit')\n[1 / 0]",
    "import pandas\nframe = pandas.DataFrame({'a': [1, 2]})\nframe",
    "import pandas\nframe = pandas.DataFrame({'a': [1, 2]})\nprint(frame)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('t')",
    "import matplotlib.pyplot as plt\nplt.bar(['a', 'b'], [1, 2])\nplt.savefig('own.png')",
    "import matplotlib.pyplot as plt\nplt.plot([1])\nraise SystemExit(3)",
    "import sys\nsys.modules['ringfence'] = None\n7",
    "import ringfence\nringfence.show(3, 'three')\n4",
    "import os, threading\ndef f():\n    try: os.kill(0x52460005, 0)\n    except OSError as e: print(type(e).__name__)\n\
     t = threading.Thread(target=f); t.start(); t.join()\nprint('reached')",
];

const JAVASCRIPT: &[&str] = &[
    "process.exitCode = 3; console.log('a')",
    "console.log('a'); process.exit(4)",
    "process.on('exit', (code) => console.log('exit', code)); throw new Error('x')",
    "process.on('exit', () => { process.exitCode = 9 })",
    "setTimeout(() => console.log('later'), 20)",
    "Promise.reject(new Error('no'))",
    "await new Promise(() => {})",
    "process.emit('exit', 0); console.log('goes on')",
    "const { emit } = process; process.emit = function (...all) { const heard = emit.apply(this, all); \
     if (all[0] === 'exit') console.log('after'); return heard }",
    "process.on('uncaughtException', () => console.log('caught')); setTimeout(() => console.log('still'), 20); throw 1",
    "process.on('beforeExit', () => { if (!globalThis.x) { globalThis.x = 1; setTimeout(() => { throw new Error('y') }, 5) } })",
    "require('fs').createWriteStream('o.txt').write('streamed')",
    "process.stdout.write('x'.repeat(30000)); process.exit(0)",
    "x = = 3",
    "new (require('worker_threads').Worker)('process.exit(5)', { eval: true }).on('exit', (code) => console.log(code))",
    "process.kill(process.pid, 'SIGKILL'); for (;;);",
    "process.abort()",
];

/// How often a program is tried whose two runs differ: each time they do.
const TRIES: usize = 3;

/// What of an answer must not depend on how the run was had.
fn outcome(answer: &Value) -> Value {
    let kept = [
        "status",
        "exitCode",
        "signal",
        "stdout",
        "stderr",
        "deniedSyscalls",
        "truncated",
        "limitsHit",
        "results",
        "notes",
    ];
    let mut kept: serde_json::Map<String, Value> =
        kept.iter().map(|name| ((*name).to_owned(), answer[name].clone())).collect();
    let files = answer["files"].as_array().expect("files").iter();
    kept.insert(
        "files".to_owned(),
        files.map(|file| json!([file["name"], file["content"], file["size"]])).collect(),
    );
    Value::Object(kept)
}

#[test]
fn a_program_ends_as_where_nobody_waited_for_it() {
    let house = Installation::new();
    let server = house.serve();
    let mut wrong = Vec::new();
    for (language, programs) in [("python", PYTHON), ("javascript", JAVASCRIPT)] {
        for code in programs {
            let run = |fresh: bool| {
                let limits = json!({ "wallMs": 30000, "cpuMs": 30000 });
                let body = json!({ "language": language, "code": code, "fresh": fresh, "limits": limits });
                let (status, answer) = server.post("/v1/execute", &body);
                assert_eq!(status, 200, "{code}: {answer:#}");
                outcome(&answer)
            };
            let pairs = (0..TRIES).map(|_| (run(false), run(true)));
            // What two processes print at once comes in an order of its own.
            let Some((warm, fresh)) = pairs.take_while(|(warm, fresh)| warm != fresh).nth(TRIES - 1) else {
                continue;
            };
            wrong.push(format!("{code}\nwarm {warm}\nfresh {fresh}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
