//! The command line.

use std::{net::SocketAddr, num::NonZeroU16, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use ringfence_job::{Language, LimitKind, LimitsPatch};
use ringfence_pipeline::{
    ask::ChartFormat,
    audit::AuditHead,
    budget::{Period, parse_usd},
    budgets::UsageGroup,
    keys::Scope,
    run::RunId,
};
use uuid::Uuid;

use crate::commands::probes::{Image, Label};

/// Exit code for our own failures and refusals, as opposed to the guest's.
pub(crate) const EXIT_OURS: u8 = 125;

/// Exit code when whoever read our output went away: as a shell shows an end by SIGPIPE.
pub(crate) const EXIT_BROKEN_PIPE: u8 = 141;

/// A safe place for generated code: jail, budget and record in one binary.
#[derive(Debug, Parser)]
#[command(name = "ringfence", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Settings of every command; each is also in the configuration file.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Configuration file (TOML).
    #[arg(long, env = "RINGFENCE_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// Directory of the database, unless that is a Postgres, and of the blobs.
    #[arg(long, env = "RINGFENCE_DATA_DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Directory of the runtimes.
    #[arg(long, env = "RINGFENCE_RUNTIMES_DIR", global = true)]
    pub(crate) runtimes_dir: Option<PathBuf>,
    /// Runs at the same time.
    #[arg(long, env = "RINGFENCE_SLOTS", global = true)]
    pub(crate) slots: Option<u16>,
    /// Base URL of an OpenAI-compatible endpoint, such as https://host/v1.
    #[arg(long, env = "RINGFENCE_MODEL_BASE_URL", global = true)]
    pub(crate) model_base_url: Option<String>,
    /// Model to ask there.
    #[arg(long, env = "RINGFENCE_MODEL", global = true)]
    pub(crate) model: Option<String>,
    /// What a million tokens that it reads cost, in dollars; 0 if nothing.
    #[arg(long, env = "RINGFENCE_MODEL_INPUT_USD", global = true, value_parser = parse_usd)]
    pub(crate) model_input_usd: Option<i64>,
    /// What a million tokens that it writes cost, in dollars; 0 if nothing.
    #[arg(long, env = "RINGFENCE_MODEL_OUTPUT_USD", global = true, value_parser = parse_usd)]
    pub(crate) model_output_usd: Option<i64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program in the jail. The exit code is the program's; 124 timed out, 137 out of memory.
    Run(Run),
    /// Ask a question in plain words, about files if you have any.
    Ask(Ask),
    /// Execute a recorded run's code on its inputs again, and say `identical` or what differs.
    Replay(Replay),
    /// Execute a recorded run's code on other files; what has changed in tables is said first.
    Rerun(Rerun),
    /// Serve the HTTP API.
    Serve(Serve),
    /// Copy everything that is remembered, also while a server runs.
    Backup(Backup),
    /// Make, list, renew and revoke API keys.
    #[command(subcommand)]
    Keys(Keys),
    /// List and delete conversations.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Set and show what may be used, and what was.
    #[command(subcommand)]
    Budget(Budget),
    /// Look at the record of who did what, and whether it is whole.
    #[command(subcommand)]
    Audit(Audit),
    /// Say which protections are in force, and what mends those that are not.
    Doctor(Doctor),
    /// Build and list what the jail holds.
    #[command(subcommand)]
    Runtimes(Runtimes),
    /// Print the description of the HTTP API (OpenAPI 3.1), as `serve` gives it at /openapi.json.
    Openapi,
    /// Ask a running server how it is: exit code 0 if it is well, 1 if not.
    Health(Health),
    /// Print files that have Kubernetes, systemd or Docker watch a server.
    #[command(subcommand)]
    Probes(Probes),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The program, or - for standard input.
    pub(crate) file: PathBuf,
    /// Its language; guessed from the file's name otherwise.
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// A file for its working directory.
    #[arg(long = "file", value_name = "NAME=PATH", value_parser = named_path)]
    pub(crate) files: Vec<NamedPath>,
    /// A limit, such as wallMs=2000 or memoryBytes=256M.
    #[arg(long = "limit", value_name = "KEY=VALUE", value_parser = limit)]
    pub(crate) limits: Vec<(LimitKind, u64)>,
    /// Where to put the files it leaves; made if missing.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Ask for a newly executed interpreter.
    #[arg(long, conflicts_with = "warm")]
    pub(crate) fresh: bool,
    /// Have the interpreter started before the program is there, as a server has some wait.
    #[arg(long)]
    pub(crate) warm: bool,
    /// Print the answer object instead of the program's output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Arguments of the program.
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The question.
    pub(crate) question: String,
    /// A file it is about.
    #[arg(long = "file", value_name = "[NAME=]PATH", value_parser = named_path)]
    pub(crate) files: Vec<NamedPath>,
    /// A limit, such as wallMs=2000.
    #[arg(long = "limit", value_name = "KEY=VALUE", value_parser = limit)]
    pub(crate) limits: Vec<(LimitKind, u64)>,
    /// Where to put the files the answer comes with, such as charts; made if missing.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Save the chart as this file, .png or .svg; further ones with a number after its name.
    #[arg(long, value_name = "FILE", value_parser = chart_path)]
    pub(crate) chart: Option<ChartPath>,
    /// The session to go on with, as the answer before named it; its files are used unless others are given.
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// Show the program that computed the answer, too.
    #[arg(long)]
    pub(crate) code: bool,
    /// Print the answer object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The run.
    #[arg(value_parser = run_id)]
    pub(crate) run: RunId,
    /// Print the answer object with the comparison instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rerun {
    /// The run.
    #[arg(value_parser = run_id)]
    pub(crate) run: RunId,
    /// A file in the place of one that the run read: of the only one, or of NAME.
    #[arg(long = "file", value_name = "[NAME=]PATH", required = true)]
    pub(crate) files: Vec<Replacement>,
    /// Execute the code even if tables have changed in ways that it was not made for.
    #[arg(long)]
    pub(crate) anyway: bool,
    /// Where to put the files it leaves; made if missing.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Print the answer object, with what has changed in tables, instead of the program's output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on.
    #[arg(long, env = "RINGFENCE_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address to give figures for Prometheus on, to whoever connects, without a key.
    #[arg(long, env = "RINGFENCE_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where: a new directory, or an empty one. It can be used as a data directory.
    pub(crate) directory: PathBuf,
    /// Print an object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key; it is shown once.
    Create {
        /// Who will use it.
        #[arg(long)]
        user: String,
        /// The organisation it belongs to.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        label: String,
        /// What it may do: execute, ask, read, approve, admin; execute, ask and read unless said.
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', conflicts_with = "admin")]
        scopes: Vec<Scope>,
        /// May do everything, managing keys included.
        #[arg(long)]
        admin: bool,
        /// How long it is accepted, such as 30d, 12h, 90m or 45s, or never to let it last.
        #[arg(long, value_name = "TIME", default_value = "never", value_parser = lifetime)]
        expires: Lifetime,
        #[command(flatten)]
        limits: BudgetLimits,
        /// Print an object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// List keys, never their secrets.
    List {
        /// The organisation.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// Print objects instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Show a key, never its secret.
    Show(OneKey),
    /// Give a key a new secret; it is shown once.
    Rotate {
        #[command(flatten)]
        key: OneKey,
        /// How long the old secret goes on being accepted, such as 1h; 7d at most.
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = seconds)]
        overlap: u32,
    },
    /// Revoke a key at once.
    Revoke(OneKey),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sessions {
    /// List conversations, the one that began last first.
    List {
        #[command(flatten)]
        owner: SessionOwner,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Print objects instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Delete a conversation, and erase what its runs have kept: questions, programs, inputs and outputs.
    Delete {
        /// The conversation, as an answer has named it.
        id: Uuid,
        #[command(flatten)]
        owner: SessionOwner,
    },
}

/// Whose conversations; those of `ringfence ask` unless said.
#[derive(Debug, Args)]
pub(crate) struct SessionOwner {
    /// Who asked; otherwise whoever asks here.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The organisation that they belong to; otherwise that of this machine's command line.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OneKey {
    /// The key's public id.
    pub(crate) id: String,
    /// The organisation.
    #[arg(long, default_value = "default")]
    pub(crate) tenant: String,
    /// Print an object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Budget {
    /// Set the limits of a scope for a period; those of its other periods stay.
    Set {
        #[command(flatten)]
        budget: OneBudget,
        /// In which time: total, month, week or day.
        #[arg(long, default_value_t = Period::Month)]
        period: Period,
        #[command(flatten)]
        limits: BudgetLimits,
    },
    /// Show a budget and how far it is used.
    Show(OneBudget),
    /// Remove the limits of a scope; what was used stays known.
    Remove {
        #[command(flatten)]
        budget: OneBudget,
        /// Only those of this period.
        #[arg(long)]
        period: Option<Period>,
    },
    /// List the budgets that were set.
    List {
        /// Only those of an organisation.
        #[arg(long)]
        tenant: Option<String>,
        /// Print objects instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Tell what was used.
    Usage {
        /// By what it is added up: user, key, session, author or day.
        #[arg(long, default_value = "day")]
        by: UsageGroup,
        /// The first day (UTC), such as 2026-11-01; 30 days before the last.
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// The last day; today unless said.
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
        /// The organisation.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// Print objects instead of a table.
        #[arg(long)]
        json: bool,
        /// Print a table for spreadsheets.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OneBudget {
    /// Whose budget: org, tenant, user:NAME, key:ID, session:ID or run:ID.
    pub(crate) scope: String,
    /// The organisation it belongs to.
    #[arg(long, default_value = "default")]
    pub(crate) tenant: String,
    /// Print an object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Limits; what is not said is not limited.
#[derive(Debug, Args)]
pub(crate) struct BudgetLimits {
    /// Money in dollars, such as 10 or 0.25.
    #[arg(long, value_name = "DOLLARS", value_parser = parse_usd)]
    pub(crate) usd: Option<i64>,
    /// Tokens that models read and write.
    #[arg(long)]
    pub(crate) tokens: Option<i64>,
    /// Runs.
    #[arg(long)]
    pub(crate) runs: Option<i64>,
    /// Sandbox time in seconds.
    #[arg(long)]
    pub(crate) sandbox_seconds: Option<i64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Look for anything that was changed, left out, added or cut off since it was recorded: exit code 0 if
    /// there is nothing, 1 if there is.
    Verify {
        /// Only this organisation's record.
        #[arg(long)]
        tenant: Option<String>,
        /// The end of a chain as this printed it earlier, TENANT:N:MAC; it must still be there.
        #[arg(long, value_name = "HEAD")]
        expect: Vec<AuditHead>,
        /// Also hash every content that is kept.
        #[arg(long)]
        contents: bool,
        /// Print an object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Take the record as it is for whole from now on, after a loss that is explained, such as a restored backup.
    Accept,
    /// List what was done, the newest first.
    List {
        /// The organisation.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// How far back, such as 7d or 12h.
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        since: Option<u32>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Print objects instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// How long a key is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// Seconds, or for ever.
    pub(crate) seconds: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print objects instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also hash every file of the runtimes.
    #[arg(long)]
    pub(crate) deep: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Runtimes {
    /// Build what is missing or out of date.
    Build {
        /// Python interpreter to copy, 3.11 or later.
        #[arg(long)]
        python: Option<PathBuf>,
        /// Node to copy, 20.19 or later.
        #[arg(long)]
        node: Option<PathBuf>,
        /// Build even what is up to date.
        #[arg(long)]
        force: bool,
    },
    /// List runtimes and their libraries.
    List,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Where the server is; otherwise where this configuration has it listen.
    #[arg(long, value_parser = http_url)]
    pub(crate) url: Option<String>,
    /// Have it run a program in every language, and look whether it can write.
    #[arg(long)]
    pub(crate) deep: bool,
    /// Seconds to ask again and again until it is well.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) wait: u64,
}

/// The beginning of a URL: this asks machines nearby, without TLS.
fn http_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").unwrap_or_default();
    let good = !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic());
    good.then(|| text.to_owned()).ok_or_else(|| "write such as http://127.0.0.1:8787".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Probes {
    /// A Deployment with its probes, a Service and a volume for the data.
    Kubernetes {
        /// The image to run.
        #[arg(long)]
        image: Image,
        #[command(flatten)]
        options: ProbeOptions,
    },
    /// Units beside the service: a start that waits until it is well, and a timer that looks deeply.
    Systemd {
        #[command(flatten)]
        options: ProbeOptions,
    },
    /// A Compose service with its health check.
    Docker {
        /// The image to run.
        #[arg(long)]
        image: Image,
        #[command(flatten)]
        options: ProbeOptions,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProbeOptions {
    /// What the service is called.
    #[arg(long, default_value = "ringfence")]
    pub(crate) name: Label,
    /// Port of the API; otherwise the configuration's.
    #[arg(long)]
    pub(crate) port: Option<NonZeroU16>,
    /// Seconds between two looks.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) period: Option<u32>,
    /// Seconds one look may take.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) timeout: Option<u32>,
    /// A directory to make the files in, rather than to print them.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// A file of the host and its name in the jail.
#[derive(Debug, Clone)]
pub(crate) struct NamedPath {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// A file that is to hold a chart, and the format that its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChartPath {
    pub(crate) path: PathBuf,
    pub(crate) format: ChartFormat,
}

/// A file of the host and the name of the file whose place it takes, if that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement {
    pub(crate) name: Option<String>,
    pub(crate) path: PathBuf,
}

impl From<&str> for Replacement {
    fn from(text: &str) -> Self {
        match text.split_once('=') {
            Some((name, path)) => Replacement { name: Some(name.to_owned()), path: path.into() },
            None => Replacement { name: None, path: text.into() },
        }
    }
}

/// A run's id.
fn run_id(text: &str) -> Result<RunId, String> {
    Uuid::parse_str(text).map(RunId).map_err(|_| "write the id of a run, as its answer has it".to_owned())
}

/// `NAME=PATH`, or a path whose last part is the name.
fn named_path(text: &str) -> Result<NamedPath, String> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) => (name.to_owned(), PathBuf::from(path)),
        None => {
            let path = PathBuf::from(text);
            let name = path.file_name().and_then(|name| name.to_str()).ok_or("give it a name: NAME=PATH")?;
            (name.to_owned(), path)
        }
    };
    ringfence_job::check_file_name(&name).map_err(|error| error.to_string())?;
    Ok(NamedPath { name, path })
}

/// A path that ends in `.png` or `.svg`.
fn chart_path(text: &str) -> Result<ChartPath, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = ChartFormat::ALL.into_iter().find(|format| ending.eq_ignore_ascii_case(format.name()));
    let format = format.ok_or("a chart is saved as .png or .svg, write such as chart.svg")?;
    Ok(ChartPath { path, format })
}

/// `KEY=VALUE`, where the value may end in K, M or G (1024, 1024², 1024³).
fn limit(text: &str) -> Result<(LimitKind, u64), String> {
    let (name, value) = text.split_once('=').ok_or("write KEY=VALUE, such as wallMs=2000")?;
    let kind: LimitKind = name.parse()?;
    let (digits, shift) = match value.as_bytes().last() {
        Some(b'K') => (&value[..value.len() - 1], 10),
        Some(b'M') => (&value[..value.len() - 1], 20),
        Some(b'G') => (&value[..value.len() - 1], 30),
        _ => (value, 0),
    };
    let number: u64 =
        digits.parse().map_err(|_| format!("{value:?} is not a number, write such as 2000 or 64M"))?;
    let bytes = number.checked_mul(1 << shift).ok_or_else(|| format!("{value} is too large"))?;
    Ok((kind, bytes))
}

/// `never`, or a time.
fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" {
        return Ok(Lifetime { seconds: None });
    }
    seconds(text).map(|seconds| Lifetime { seconds: Some(seconds) })
}

/// A time such as 30d, 12h, 90m or 45s, in seconds.
fn seconds(text: &str) -> Result<u32, String> {
    let unit = match text.as_bytes().last() {
        Some(b'd') => 24 * 3600,
        Some(b'h') => 3600,
        Some(b'm') => 60,
        Some(b's') => 1,
        _ => return Err(format!("{text:?} has no unit, write such as 30d, 12h, 90m or 45s")),
    };
    let digits = &text[..text.len() - 1];
    let number: u32 = digits.parse().map_err(|_| format!("{text:?} is not a time, write such as 30d"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{text} is too long"))
}

/// The limits of `--limit` options as a request's patch; the last of a kind counts.
pub(crate) fn limits_patch(limits: &[(LimitKind, u64)]) -> LimitsPatch {
    let mut patch = LimitsPatch::default();
    for (kind, value) in limits {
        patch.set(*kind, *value);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn limits_are_read_with_units() {
        assert_eq!(limit("memoryBytes=64M"), Ok((LimitKind::MemoryBytes, 64 << 20)));
        assert_eq!(limit("tasks=5"), Ok((LimitKind::Tasks, 5)));
        for wrong in ["tasks", "tasks=", "tasks=x", "task=1", "fileBytes=99999999999999G", "tasks=-1"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_with_units() {
        assert_eq!(seconds("30d"), Ok(30 * 24 * 3600));
        assert_eq!((seconds("12h"), seconds("90m"), seconds("45s")), (Ok(43_200), Ok(5_400), Ok(45)));
        assert_eq!(lifetime("never"), Ok(Lifetime { seconds: None }));
        for wrong in ["", "d", "30", "-1d", "1.5h", "99999d", "1w", "1d2h", "é"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_get_plain_names() {
        assert_eq!(named_path("a.csv=/x/b.csv").map(|file| file.name), Ok("a.csv".to_owned()));
        assert_eq!(named_path("/x/b.csv").map(|file| file.name), Ok("b.csv".to_owned()));
        assert!(named_path("../a=/x").is_err());
    }

    #[test]
    fn the_name_of_a_chart_says_its_format() {
        let format = |text| chart_path(text).map(|chart| chart.format).ok();
        assert_eq!((format("a/b.svg"), format("B.PNG")), (Some(ChartFormat::Svg), Some(ChartFormat::Png)));
        for wrong in ["", "svg", ".svg", "a.pdf"] {
            assert_eq!(format(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn files_take_the_place_of_a_name_or_of_the_only_one() {
        assert_eq!(Replacement::from("/x/b.csv"), Replacement { name: None, path: "/x/b.csv".into() });
        let named = Replacement { name: Some("a".to_owned()), path: "b=c".into() };
        assert_eq!(Replacement::from("a=b=c"), named);
    }
}
