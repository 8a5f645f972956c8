//! `ringfence probes`: files that have Kubernetes, systemd or Docker watch a server, for the routes it
//! really serves.
//!
//! Every file is made of typed values: a name that is no label, or a time that is no second, is refused
//! before anything is written, so that nothing can be slipped in between the lines.

mod docker;
mod kubernetes;
mod systemd;

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    str::FromStr,
};

use anyhow::{Context, bail};

use super::{health::local_url, print_line};
use crate::{
    args::{ProbeOptions, Probes},
    config::Config,
};

/// Longest time until a server has tried its limits and listens, in seconds.
const START_SECONDS: u32 = 60;

/// Failures in a row before anything is done about them.
const FAILURES: u32 = 3;

/// Time for requests in progress to end, in seconds; a server takes about 15 at most.
const STOP_SECONDS: u32 = 30;

/// Where an image or a host has the data, unless told otherwise.
const DATA_DIR: &str = "/var/lib/ringfence/data";

/// Container engines mount control groups read-only; the entry point needs to make groups there.
const ENTRY_POINT: [&str; 3] = ["sh", "-c", "mount -o remount,rw /sys/fs/cgroup && exec ringfence serve"];

/// A file and where it belongs.
struct File {
    path: String,
    content: String,
}

/// What every file is made of.
struct Plan {
    name: Label,
    listen: SocketAddr,
    period_seconds: u32,
    timeout_seconds: u32,
}

impl Plan {
    fn new(config: &Config, options: &ProbeOptions, period: u32, timeout: u32) -> anyhow::Result<Plan> {
        let port = options.port.map_or_else(|| config.listen.port(), u16::from);
        let period_seconds = options.period.unwrap_or(period);
        let timeout_seconds = options.timeout.unwrap_or_else(|| timeout.min(period_seconds));
        if timeout_seconds > period_seconds {
            bail!(
                "a probe of {timeout_seconds} s every {period_seconds} s overtakes itself, make --timeout \
                 shorter or --period longer"
            );
        }
        let listen = SocketAddr::new(config.listen.ip(), port);
        Ok(Plan { name: options.name.clone(), listen, period_seconds, timeout_seconds })
    }

    fn port(&self) -> u16 {
        self.listen.port()
    }

    fn url(&self) -> String {
        local_url(self.listen)
    }
}

/// Prints the files, or puts them into a directory.
pub(crate) fn probes(config: &Config, command: &Probes) -> anyhow::Result<ExitCode> {
    let (files, options) = match command {
        Probes::Kubernetes { image, options } => {
            let plan = Plan::new(config, options, 10, 5)?;
            (kubernetes::files(&plan, image, &config.sandbox)?, options)
        }
        Probes::Docker { image, options } => {
            (docker::files(&Plan::new(config, options, 30, 5)?, image)?, options)
        }
        Probes::Systemd { options } => (systemd::files(&Plan::new(config, options, 60, 30)?)?, options),
    };
    for file in &files {
        match &options.out {
            None if files.len() == 1 => print_line(file.content.trim_end())?,
            None => print_line(format_args!("# {}\n{}", file.path, file.content))?,
            Some(directory) => {
                let path = directory.join(&file.path);
                put(&path, &file.content).with_context(|| format!("cannot make {}", path.display()))?;
                eprintln!("ringfence: made {}", path.display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a file that is not there yet: one that somebody has changed is not lost.
fn put(path: &Path, content: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
}

/// A DNS label (RFC 1123): what Kubernetes, systemd and Compose all take for a name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Label(String);

/// Longest label in bytes; what is added to it must fit into the 63 of a DNS label.
const LABEL_BYTES_MAX: usize = 50;

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let good = !text.is_empty()
            && text.len() <= LABEL_BYTES_MAX
            && text.bytes().all(plain)
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-');
        good.then(|| Label(text.to_owned())).ok_or_else(|| {
            format!("use 1 to {LABEL_BYTES_MAX} of a-z, 0-9 and -, beginning with a letter, not {text:?}")
        })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reference to a container image, such as `registry.example/ringfence:0.1.0`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Image(String);

/// Longest reference to an image in bytes.
const IMAGE_BYTES_MAX: usize = 512;

impl FromStr for Image {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
        let good = (1..=IMAGE_BYTES_MAX).contains(&text.len())
            && text.bytes().all(plain)
            && text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let hint = || format!("write an image such as ringfence:0.1.0, not {text:?}");
        good.then(|| Image(text.to_owned())).ok_or_else(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels() {
        for good in ["r", "ringfence", "ring-fence-2"] {
            assert!(good.parse::<Label>().is_ok(), "{good}");
        }
        let long = "a".repeat(51);
        let hostile =
            ["", "-a", "a-", "2a", "A", "a b", "a\nb: c", "a\0", "a/../b", "a%n", "a:b", "\"", "é", &long];
        for bad in hostile {
            assert!(bad.parse::<Label>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn images_are_references() {
        for good in ["ringfence", "registry.example:5000/team/ringfence:0.1.0", "a@sha256:0123"] {
            assert!(good.parse::<Image>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\n  privileged: true", "-v", "a\"", "a#b", "${X}", "a\\b"] {
            assert!(bad.parse::<Image>().is_err(), "{bad:?}");
        }
    }
}
