//! Serves a script of contents, given as a JSON list in a file, and prints its base URL.

#![allow(clippy::print_stdout)]

use std::{env, error::Error, fs, io};

use ringfence_authors::scripted::{Reply, ScriptedEndpoint};

fn main() -> Result<(), Box<dyn Error>> {
    let script = env::args().nth(1).ok_or("usage: scripted_endpoint SCRIPT.json")?;
    let contents: Vec<String> = serde_json::from_str(&fs::read_to_string(script)?)?;
    let endpoint = ScriptedEndpoint::start(contents.into_iter().map(Reply::Content).collect())?;
    println!("{}", endpoint.url());
    // Until whoever started it closes its standard input.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    println!("{}", serde_json::to_string(&endpoint.requests())?);
    Ok(())
}
