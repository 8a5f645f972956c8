//! A model endpoint that answers from a script, as a process of its own.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use tempfile::NamedTempFile;

/// A running endpoint.
#[derive(Debug)]
pub struct ScriptedEndpoint {
    child: Child,
    stdout: BufReader<ChildStdout>,
    _script: NamedTempFile,
    /// Its base URL, with the version.
    pub url: String,
}

impl ScriptedEndpoint {
    /// Starts an endpoint that gives these answers in turn: a text, or `{"tool": …, "arguments": …}`.
    pub fn start(script: &Value) -> ScriptedEndpoint {
        let program = crate::program().parent().expect("a directory").join("examples/scripted_endpoint");
        assert!(program.exists(), "{} is not built, run: make build-for-tests", program.display());
        let mut file = NamedTempFile::new().expect("a temporary file");
        file.write_all(script.to_string().as_bytes()).expect("a script");
        let mut command = Command::new(program);
        command.arg(file.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the endpoint starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut url = String::new();
        stdout.read_line(&mut url).expect("the endpoint prints");
        ScriptedEndpoint { child, stdout, _script: file, url: url.trim().to_owned() }
    }

    /// Ends it: the bodies of all requests it was sent.
    pub fn requests(mut self) -> Vec<Value> {
        drop(self.child.stdin.take());
        let mut requests = String::new();
        self.stdout.read_line(&mut requests).expect("the endpoint prints");
        serde_json::from_str(&requests).expect("a list of requests")
    }
}

impl Drop for ScriptedEndpoint {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
