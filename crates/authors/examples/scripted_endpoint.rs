//! Serves a script, given as a JSON list in a file, and prints its base URL. A text of the list is a
//! content; `{"tool": NAME, "arguments": {…}}` calls a tool.

#![allow(clippy::print_stdout)]

use std::{env, error::Error, fs, io};

use ringfence_authors::scripted::{Reply, ScriptedEndpoint};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let script = env::args().nth(1).ok_or("usage: scripted_endpoint SCRIPT.json")?;
    let script: Vec<Value> = serde_json::from_str(&fs::read_to_string(script)?)?;
    let reply = |said: Value| match said {
        Value::String(content) => Reply::Content(content),
        said => {
            Reply::ToolCall(said["tool"].as_str().unwrap_or_default().to_owned(), said["arguments"].clone())
        }
    };
    let endpoint = ScriptedEndpoint::start(script.into_iter().map(reply).collect())?;
    println!("{}", endpoint.url());
    // Until whoever started it closes its standard input.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    println!("{}", serde_json::to_string(&endpoint.requests())?);
    Ok(())
}
