//! What forks share by accident: random numbers, names, what was printed, what lies about.

use std::{collections::BTreeSet, thread};

use ringfence_tests::Installation;

use super::{ask, stdout};

/// One value in each line that must be another in each run.
const RANDOM: &str = "
import os, random, secrets, ssl, tempfile, uuid, hashlib
import numpy, pandas
print(numpy.random.rand())
print(numpy.random.default_rng().random())
print(pandas.Series(range(10**6)).sample(3).tolist())
print(random.random())
print(random.SystemRandom().random())
print(secrets.token_hex())
print(uuid.uuid4())
print(tempfile.mktemp())
print(next(tempfile._get_candidate_names()))
print(ssl.RAND_bytes(8).hex())
print(os.urandom(8).hex())
";

const RANDOM_IN_NODE: &str = "
console.log(Math.random());
console.log(require('crypto').randomUUID());
console.log(require('fs').mkdtempSync('/tmp/x'));
";

const RANDOM_IN_BASH: &str = "echo $RANDOM$RANDOM$RANDOM\necho $SRANDOM\nmktemp\n";

/// Runs that are looked at, half of them after each other and half at once.
const RUNS: usize = 8;

#[test]
fn no_two_runs_have_the_same_random_numbers() {
    let house = Installation::new();
    let server = house.serve();
    for (language, code) in [("python", RANDOM), ("javascript", RANDOM_IN_NODE), ("bash", RANDOM_IN_BASH)] {
        let mut answers: Vec<_> = (0..RUNS / 2).map(|_| ask(&server, language, code, false)).collect();
        thread::scope(|scope| {
            let more: Vec<_> =
                (0..RUNS / 2).map(|_| scope.spawn(|| ask(&server, language, code, false))).collect();
            answers.extend(more.into_iter().map(|run| run.join().expect("a run")));
        });
        let lines = stdout(&answers[0]).lines().count();
        assert!(lines >= 3, "{:#}", answers[0]);
        for line in 0..lines {
            let values: BTreeSet<&str> =
                answers.iter().filter_map(|answer| stdout(answer).lines().nth(line)).collect();
            assert_eq!(values.len(), RUNS, "line {line} in {language}: {values:?}");
        }
    }
}

/// Leaves whatever a process can leave, and prints what it finds of the like.
const TRACES: &str = "
import atexit, builtins, ctypes, json, os, socket, sys, threading
libc = ctypes.CDLL(None)
found = []
def look(what, there):
    if there:
        found.append(what)
look('module', 'trace' in sys.modules and hasattr(sys.modules['trace'], 'left'))
look('builtin', hasattr(builtins, 'left'))
look('attribute', hasattr(json, 'left'))
look('variable', 'LEFT' in os.environ)
look('variable of C', bool(libc.getenv(b'LEFT')))
for place in ('/work', '/tmp', '/dev/shm', '/job'):
    look(place, os.path.exists(place + '/left'))
look('shared memory', libc.shmget(77, 4096, 0o666) != -1)
look('semaphore', libc.semget(77, 1, 0o666) != -1)
peer = socket.socket(socket.AF_UNIX)
try:
    peer.connect('\\0left')
    look('socket', True)
except OSError:
    pass
look('directory', os.getcwd() != '/work')
look('mask', os.umask(0o077) != 0o022)
look('path', '/left' in sys.path)
look('limit of recursion', sys.getrecursionlimit() != 1000)
look('argument', 'left' in sys.argv)
import trace
trace.left = builtins.left = json.left = True
os.environ['LEFT'] = 'x'
for place in ('/work', '/tmp', '/dev/shm'):
    open(place + '/left', 'w').write('x')
libc.shmget(77, 4096, 0o1666), libc.semget(77, 1, 0o1666)
server = socket.socket(socket.AF_UNIX); server.bind('\\0left'); server.listen()
os.chdir('/tmp'); sys.path.append('/left'); sys.setrecursionlimit(5000); sys.argv.append('left')
print(found, flush=True)
sys.stdout.write('left in the buffer')
if os.fork() == 0:
    os.setsid()
    import time
    time.sleep(60)
os._exit(0)
";

#[test]
fn no_run_finds_what_another_left() {
    let house = Installation::new();
    let server = house.serve();
    for imports in ["", "import numpy\n", "import pandas\n", "import matplotlib.pyplot\n"] {
        let code = format!("{imports}{TRACES}");
        for _ in 0..3 {
            assert_eq!(stdout(&ask(&server, "python", &code, false)), "[]\n", "{imports}");
        }
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(stdout(&ask(&server, "python", &code, false)), "[]\n"));
            }
        });
    }
}
