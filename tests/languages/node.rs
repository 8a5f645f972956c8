//! What Node promises works, without a refused call; what is refused fails clearly and is named.

use crate::{lines, run};

#[test]
fn nodes_library_works() {
    let answer = run("javascript", include_str!("library.cjs"));
    let lines = lines(&answer);
    let failed: Vec<_> = lines.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(lines.len() > 40, "{lines:#?}");
}

/// Each says what it met; the refused call is named in the answer.
#[test]
fn what_is_refused_is_named() {
    for (code, said, call) in [
        ("await fetch('http://example.com').catch((e) => console.log(e.cause.code))", "ENOTFOUND", "socket"),
        ("require('dns').resolve('a.example', (e) => console.log(e.code))", "ECONNREFUSED", "socket"),
        ("require('http').get('http://1.1.1.1').on('error', (e) => console.log(e.code))", "EPERM", "socket"),
        (
            "require('net').createServer().on('error', (e) => console.log(e.code)).listen(0)",
            "EPERM",
            "socket",
        ),
        ("try { require('fs').watch('.') } catch (e) { console.log(e.code) }", "EPERM", "inotify_init1"),
        (
            "try { require('os').networkInterfaces() } catch (e) { console.log(e.code) }",
            "ERR_SYSTEM_ERROR",
            "socket",
        ),
        ("require('inspector').open(9229); console.log('on')", "on", "socket"),
        (
            "process.on('exit', () => console.log('alive')); process.kill(process.pid, 'SIGUSR1'); setTimeout(() => {}, 200)",
            "alive",
            "socket",
        ),
    ] {
        let answer = run("javascript", code);
        assert_eq!(answer["stdout"].as_str().map(str::trim), Some(said), "{code}: {answer:#}");
        assert_eq!(answer["deniedSyscalls"][0]["name"], call, "{code}: {answer:#}");
    }
}
