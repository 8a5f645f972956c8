//! A local endpoint that speaks the wire format of chat completions from a script, for tests.
//!
//! It listens on the loopback, gives each request the next reply of its script (the last one again
//! once the script is at its end), and remembers what it was asked.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use serde_json::{Value, json};

/// What the endpoint answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A completion whose message has this content.
    Content(String),
    /// A completion that calls a tool: its name and its arguments.
    ToolCall(String, Value),
    /// A completion that was cut off for want of tokens.
    Cut(String),
    /// Any status and body.
    Raw(u16, String),
}

/// A running endpoint; its thread ends with the process.
#[derive(Debug)]
pub struct ScriptedEndpoint {
    url: String,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl ScriptedEndpoint {
    /// Starts an endpoint on a free port.
    ///
    /// # Errors
    /// The loopback has no free port.
    pub fn start(script: Vec<Reply>) -> io::Result<ScriptedEndpoint> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in the middle is its own loss.
                let _ = answer(stream, &script, &remembered);
            }
        });
        Ok(ScriptedEndpoint { url, requests })
    }

    /// The base URL, with its version.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bodies of all requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(stream: TcpStream, script: &[Reply], remembered: &Mutex<Vec<Value>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut first = String::new();
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    // Not held while writing: a client that stops reading may be waiting for it.
    let reply = {
        let mut remembered = remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.push(serde_json::from_slice(&body).unwrap_or_default());
        script.get(remembered.len() - 1).or_else(|| script.last())
    };
    let (status, body) = match reply {
        _ if !first.starts_with("POST /v1/chat/completions ") => (404, "no such route".to_owned()),
        Some(Reply::Content(content)) => (200, completion(&json!({ "content": content }), "stop")),
        Some(Reply::Cut(content)) => (200, completion(&json!({ "content": content }), "length")),
        Some(Reply::ToolCall(name, arguments)) => {
            (200, completion(&tool_call(name, arguments), "tool_calls"))
        }
        Some(Reply::Raw(status, body)) => (*status, body.clone()),
        None => (500, "the script is empty".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = reader.into_inner();
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// A message that calls a tool, as OpenAI's API reference shows it.
fn tool_call(name: &str, arguments: &Value) -> Value {
    let function = json!({ "name": name, "arguments": arguments.to_string() });
    json!({ "content": null, "tool_calls": [{ "id": "call_scripted", "type": "function", "function": function }] })
}

/// A chat completion with this message, as OpenAI's API reference shows it.
fn completion(said: &Value, finish_reason: &str) -> String {
    let mut message = json!({ "role": "assistant", "refusal": null });
    for (field, value) in said.as_object().into_iter().flatten() {
        message[field] = value.clone();
    }
    json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "scripted",
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason,
        }],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    })
    .to_string()
}
