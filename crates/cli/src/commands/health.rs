//! `ringfence health`: asks a running server how it is, for probes in images that have no other client.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use ringfence_server::paths;
use serde_json::Value;

use super::print_line;
use crate::{args::Health, config::Config};

/// Longest wait for an answer about what is known.
const KNOWN_MAX: Duration = Duration::from_secs(5);

/// Longest wait for an answer for which programs are run.
const DEEP_MAX: Duration = Duration::from_secs(25);

/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Says in one line how the server is: exit code 0 if it is well, 1 if it is not or does not answer.
pub(crate) fn health(config: &Config, command: &Health) -> anyhow::Result<ExitCode> {
    let base = command.url.clone().unwrap_or_else(|| local_url(config.listen));
    let (path, wait) = if command.deep { (paths::DEEP, DEEP_MAX) } else { (paths::HEALTH, KNOWN_MAX) };
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let began = Instant::now();
    loop {
        let (well, said) = ask(&url, wait).unwrap_or_else(|error| (false, format!("no answer: {error:#}")));
        if well || began.elapsed() >= Duration::from_secs(command.wait) {
            // From whoever answers there: only what is printable is printed.
            print_line(said.escape_debug())?;
            return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        thread::sleep(PAUSE);
    }
}

/// Where a server that listens there is reached from the same machine.
pub(super) fn local_url(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

fn ask(url: &str, wait: Duration) -> anyhow::Result<(bool, String)> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0);
    let agent = config.timeout_global(Some(wait)).build().new_agent();
    let mut response = agent.get(url).call().with_context(|| url.to_owned())?;
    let status = response.status();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_json::<Value>();
    let body = body.with_context(|| format!("{url} answers with {status}, which is not ours"))?;
    let word =
        body["status"].as_str().with_context(|| format!("{url} answers with {status}, which is not ours"))?;
    let faults = faults(&body);
    let said = if faults.is_empty() { word.to_owned() } else { format!("{word}: {}", faults.join("; ")) };
    Ok((status.is_success(), said))
}

/// What an answer says is wrong.
fn faults(body: &Value) -> Vec<String> {
    let known = body["problems"].as_array().into_iter().flatten();
    let known = known.map(|problem| told(problem["code"].as_str().unwrap_or("?"), problem));
    let tried = body["checks"].as_object().into_iter().flatten();
    let tried = tried.filter(|(_, check)| check["status"] != "ok");
    known.chain(tried.map(|(name, check)| told(name, check))).collect()
}

fn told(name: &str, fault: &Value) -> String {
    format!("{name} ({})", fault["detail"].as_str().unwrap_or_default())
}
