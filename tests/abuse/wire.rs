//! One exchange over a plain socket: bytes out, a status, headers and a body back.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// Longest wait for an answer: above every time limit of the server.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// What came back; status 0 if nothing did.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Fails unless it is a problem of this kind in the one form that all have.
    pub(crate) fn is_problem(&self, what: &str, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{what}: {self:?}");
        assert_eq!(problem["status"], status, "{what}: {self:?}");
        let kind = format!("/problems/{}", code.replace('_', "-"));
        assert_eq!(problem["type"], kind, "{what}: {self:?}");
        for field in ["title", "detail", "request_id"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {self:?}");
        }
        assert!(self.head.contains("content-type: application/problem+json"), "{what}: {self:?}");
        assert!(self.body.len() < 8 * 1024, "{what}: a problem of {} bytes", self.body.len());
    }
}

/// Sends bytes while the server takes them, and reads what it answers.
pub(crate) fn exchange(url: &str, bytes: &[u8]) -> Reply {
    let stream = connect(url);
    finish(stream, bytes)
}

/// As [`exchange`], and then says that no more will come.
pub(crate) fn exchange_and_end(url: &str, bytes: &[u8]) -> Reply {
    let mut stream = connect(url);
    // A server that refuses early closes before it has taken all.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    read(stream)
}

pub(crate) fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    stream.set_read_timeout(Some(WAIT_MAX)).expect("a timeout");
    stream.set_write_timeout(Some(WAIT_MAX)).expect("a timeout");
    stream
}

fn finish(mut stream: TcpStream, bytes: &[u8]) -> Reply {
    let _ = stream.write_all(bytes);
    read(stream)
}

/// Reads until the server closes.
pub(crate) fn read(stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes) {
        Ok(_) => {}
        // It closed while we were still sending; what it said before may be there all the same.
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {}
        Err(error) => panic!("the server neither answered nor closed: {error}"),
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}
