//! Settings, read once: defaults, then one TOML file, then environment and flags.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use ringfence_job::{Layer, LimitsPolicy, Runtime};
use ringfence_pipeline::{
    Policy,
    budget::{DefaultBudget, Period, Prices, TokenPrices, nano_usd},
    keys::KEY_LIFETIME_MS_MAX,
};
use ringfence_sandbox::{Pool, SandboxConfig, Waiting};
use ringfence_server::{IpNet, RateLimits};
use ringfence_store::{DAY_MS, Keeping};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer as _, Unexpected},
};
use sha2::{Digest, Sha256};

use crate::args::Settings;

/// Where the API listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8787";

/// Runs that may wait for a slot.
const QUEUE: usize = 256;

/// Environment variable that holds the model endpoint's key.
const MODEL_KEY_VARIABLE: &str = "RINGFENCE_MODEL_API_KEY";

/// Environment variable that says where the Postgres is, with its password.
const DATABASE_URL_VARIABLE: &str = "RINGFENCE_DATABASE_URL";

/// Seconds the model may take.
const MODEL_TIMEOUT_SECONDS: u64 = 60;

/// Tokens the model may write.
const MODEL_OUTPUT_TOKENS_MAX: u32 = 4096;

/// The configuration file, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    runtimes_dir: Option<PathBuf>,
    listen: Option<SocketAddr>,
    metrics_listen: Option<SocketAddr>,
    slots: Option<u16>,
    queue: Option<usize>,
    #[serde(default, deserialize_with = "networks")]
    trusted_proxies: Vec<IpNet>,
    #[serde(default)]
    rate_limits: RateLimits,
    #[serde(default, deserialize_with = "layers")]
    accept_missing: Vec<Layer>,
    policy: Option<PathBuf>,
    #[serde(default)]
    limits: LimitsPolicy,
    #[serde(default)]
    model: ModelFile,
    #[serde(default)]
    self_service: SelfService,
    #[serde(default)]
    store: StoreFile,
    #[serde(default)]
    files: FilesFile,
    #[serde(default)]
    retention: RetentionFile,
    #[serde(default)]
    budget: BudgetFile,
    #[serde(default)]
    pool: PoolFile,
}

/// The table `[pool]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolFile {
    jails: Option<usize>,
    interpreters: Option<usize>,
    memory_mib: Option<u64>,
    zygotes: Option<bool>,
    #[serde(default)]
    python: WaitingFile,
    #[serde(default)]
    javascript: WaitingFile,
    #[serde(default)]
    typescript: WaitingFile,
    #[serde(default)]
    bash: WaitingFile,
    #[serde(default)]
    reader: WaitingFile,
}

/// The table `[pool.RUNTIME]`: what holds for one runtime instead.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitingFile {
    interpreters: Option<usize>,
    memory_mib: Option<u64>,
}

impl PoolFile {
    /// What a server keeps ready: unless the file says otherwise, for as many runs as can begin at once.
    fn pool(&self) -> anyhow::Result<Pool> {
        let usual = std::thread::available_parallelism().map_or(1, usize::from).min(POOL_USUAL_MAX);
        let count = |name: &str, value: Option<usize>, usual| match value {
            Some(value) if value > POOL_MAX => bail!("pool.{name} is above {POOL_MAX}, set it lower"),
            value => Ok(value.unwrap_or(usual)),
        };
        let interpreters = count("interpreters", self.interpreters, usual)?;
        let memory_mib = self.memory_mib.unwrap_or(POOL_USUAL_MIB);
        let runtimes = [
            (Runtime::Python, "python.interpreters", &self.python),
            (Runtime::JavaScript, "javascript.interpreters", &self.javascript),
            (Runtime::TypeScript, "typescript.interpreters", &self.typescript),
            (Runtime::Bash, "bash.interpreters", &self.bash),
            (Runtime::Reader, "reader.interpreters", &self.reader),
        ];
        let waiting = runtimes.map(|(runtime, name, own)| {
            let interpreters = count(name, own.interpreters, interpreters)?;
            let memory_bytes = own.memory_mib.unwrap_or(memory_mib).saturating_mul(1 << 20);
            anyhow::Ok((runtime, Waiting { interpreters, memory_bytes }))
        });
        Ok(Pool {
            jails: count("jails", self.jails, usual)?,
            waiting: waiting.into_iter().collect::<anyhow::Result<_>>()?,
            zygotes: self.zygotes.unwrap_or(true),
            insist: false,
        })
    }
}

/// The table `[budget]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetFile {
    default_usd: Option<f64>,
    default_period: Option<Period>,
    sandbox_usd_per_second: Option<f64>,
}

/// The table `[store]` of the configuration file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreFile {
    database_url: Option<String>,
}

// There may be a password in it.
impl std::fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreFile").finish_non_exhaustive()
    }
}

/// The table `[files]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesFile {
    file_bytes_max: Option<u64>,
    key_bytes_max: Option<u64>,
    key_files_max: Option<u64>,
    tenant_bytes_max: Option<u64>,
    tenant_files_max: Option<u64>,
    retention_days: Option<u32>,
}

/// The table `[retention]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionFile {
    run_days: Option<u32>,
    key_bytes_max: Option<u64>,
    tenant_bytes_max: Option<u64>,
}

/// Most jails or interpreters of each kind that a server keeps ready unless it is told to: an empty jail takes
/// about a megabyte, a Node of those that wait about 15.
const POOL_USUAL_MAX: usize = 4;

/// Most that it can be told to.
const POOL_MAX: usize = 64;

/// Memory at which nothing more of a runtime is made ready unless the file says otherwise, in mebibytes: two of the
/// largest zygotes, or a dozen Nodes.
const POOL_USUAL_MIB: u64 = 512;

/// Names all layers of control groups at once: a host has all of them or none.
const CONTROL_GROUPS: &str = "cgroup";

/// Layers by the names that answers give them.
fn layers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Layer>, D::Error> {
    let mut layers = Vec::new();
    for name in Vec::<String>::deserialize(deserializer)? {
        if name == CONTROL_GROUPS {
            layers.extend([Layer::CgroupMemory, Layer::CgroupTasks, Layer::CgroupCpu]);
        } else {
            layers.push(Layer::deserialize(name.into_deserializer())?);
        }
    }
    Ok(layers)
}

/// Addresses, and networks such as `10.0.0.0/8`.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: String| {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        address.or_else(|_| text.parse()).map_err(|_| {
            let expected = "an address or a network, such as 192.0.2.1 or 10.0.0.0/8";
            D::Error::invalid_value(Unexpected::Str(&text), &expected)
        })
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(network).collect()
}

/// The table `[model]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    base_url: Option<String>,
    name: Option<String>,
    key_file: Option<PathBuf>,
    timeout_seconds: Option<u64>,
    output_tokens_max: Option<u32>,
    input_usd_per_million: Option<f64>,
    output_usd_per_million: Option<f64>,
}

/// Keys for whoever asks; the table `[self_service]` of the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SelfService {
    pub(crate) enabled: bool,
    /// Runs of each key.
    pub(crate) credits: u32,
    /// Sandbox time of each key.
    pub(crate) sandbox_seconds: u32,
    /// Keys that an address gets in a day.
    pub(crate) keys_per_address_per_day: u32,
    /// Days for which each key is accepted.
    pub(crate) key_days: u16,
}

impl Default for SelfService {
    fn default() -> Self {
        SelfService {
            enabled: false,
            credits: 200,
            sandbox_seconds: 2000,
            keys_per_address_per_day: 3,
            key_days: 30,
        }
    }
}

/// A model endpoint to ask.
pub(crate) struct Model {
    pub(crate) base_url: String,
    pub(crate) name: String,
    pub(crate) key: Option<String>,
    pub(crate) timeout_seconds: u64,
    pub(crate) output_tokens_max: u32,
    pub(crate) prices: TokenPrices,
}

/// What this process was told, complete.
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    /// Where the Postgres is, with its password; the database is a file in `data_dir` if there is none.
    pub(crate) database_url: Option<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) sandbox: SandboxConfig,
    pub(crate) queue: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) rate_limits: RateLimits,
    pub(crate) policy: Policy,
    pub(crate) model: Option<Model>,
    pub(crate) self_service: SelfService,
    pub(crate) keeping: Keeping,
    pub(crate) default_budget: DefaultBudget,
    pub(crate) prices: Prices,
}

/// Reads the configuration.
pub(crate) fn load(flags: &Settings) -> anyhow::Result<Config> {
    let file = read_file(flags.config.as_deref())?;
    let home = home();
    let absolute = |path: PathBuf| {
        std::path::absolute(&path).with_context(|| format!("cannot resolve {}", path.display()))
    };
    let data_dir = flags.data_dir.clone().or(file.data_dir).unwrap_or_else(|| home.join("data"));
    let runtimes_dir =
        flags.runtimes_dir.clone().or(file.runtimes_dir).unwrap_or_else(|| home.join("runtimes"));
    let data_dir = absolute(data_dir)?;
    let slots = flags.slots.or(file.slots).unwrap_or_else(default_slots);
    if slots == 0 {
        bail!("slots is 0: nothing could run, set it to 1 or more");
    }
    let policy = match &file.policy {
        Some(path) => {
            let text =
                fs::read_to_string(path).with_context(|| format!("cannot read policy {}", path.display()))?;
            Policy::parse(&text).with_context(|| format!("policy {}", path.display()))?
        }
        None => Policy::default(),
    };
    Ok(Config {
        listen: match file.listen {
            Some(listen) => listen,
            None => LISTEN.parse()?,
        },
        metrics_listen: file.metrics_listen,
        sandbox: SandboxConfig {
            instance: instance(&data_dir),
            runtimes_dir: absolute(runtimes_dir)?,
            slots,
            pool: file.pool.pool()?,
            limits: file.limits,
            accept_missing: file.accept_missing,
        },
        queue: file.queue.unwrap_or(QUEUE),
        trusted_proxies: file.trusted_proxies,
        rate_limits: file.rate_limits,
        model: model(flags, file.model)?,
        self_service: self_service(file.self_service)?,
        keeping: keeping(&file.files, &file.retention)?,
        default_budget: DefaultBudget {
            nano_usd: dollars("budget.default_usd", file.budget.default_usd)?
                .unwrap_or_else(|| DefaultBudget::default().nano_usd),
            period: file.budget.default_period.unwrap_or_else(|| DefaultBudget::default().period),
        },
        prices: Prices {
            sandbox_second: dollars("budget.sandbox_usd_per_second", file.budget.sandbox_usd_per_second)?
                .unwrap_or_else(|| Prices::default().sandbox_second),
        },
        database_url: std::env::var(DATABASE_URL_VARIABLE).ok().or(file.store.database_url),
        data_dir,
        policy,
    })
}

fn keeping(files: &FilesFile, retention: &RetentionFile) -> anyhow::Result<Keeping> {
    let standard = Keeping::default();
    let ms = |name: &str, days: Option<u32>, standard: i64| match days {
        Some(0) => bail!("{name} is 0: nothing would be kept, set it to 1 or more"),
        Some(days) => Ok(i64::from(days) * DAY_MS),
        None => Ok(standard),
    };
    Ok(Keeping {
        file_bytes_max: files.file_bytes_max.unwrap_or(standard.file_bytes_max),
        key_bytes_max: files.key_bytes_max.unwrap_or(standard.key_bytes_max),
        key_files_max: files.key_files_max.unwrap_or(standard.key_files_max),
        tenant_bytes_max: files.tenant_bytes_max.unwrap_or(standard.tenant_bytes_max),
        tenant_files_max: files.tenant_files_max.unwrap_or(standard.tenant_files_max),
        file_ms: ms("files.retention_days", files.retention_days, standard.file_ms)?,
        run_key_bytes_max: retention.key_bytes_max.unwrap_or(standard.run_key_bytes_max),
        run_tenant_bytes_max: retention.tenant_bytes_max.unwrap_or(standard.run_tenant_bytes_max),
        run_ms: ms("retention.run_days", retention.run_days, standard.run_ms)?,
    })
}

/// A setting in dollars, in nano-dollars.
fn dollars(name: &str, value: Option<f64>) -> anyhow::Result<Option<i64>> {
    let read = |value| nano_usd(value).with_context(|| format!("{name} is {value}, set it to 0 to 1000000"));
    value.map(read).transpose()
}

fn read_file(asked: Option<&Path>) -> anyhow::Result<File> {
    let path = match asked {
        Some(path) => path.to_owned(),
        None if rustix::process::geteuid().is_root() => PathBuf::from("/etc/ringfence/ringfence.toml"),
        None => user_directory("XDG_CONFIG_HOME", ".config").join("ringfence/ringfence.toml"),
    };
    if asked.is_none() && !path.exists() {
        return Ok(File::default());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        // The line itself may hold a password.
        let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
        anyhow!("configuration {} is not valid: line {line}: {}", path.display(), error.message())
    })
}

/// Where data and runtimes live unless told otherwise.
fn home() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        PathBuf::from("/var/lib/ringfence")
    } else {
        user_directory("XDG_DATA_HOME", ".local/share").join("ringfence")
    }
}

fn user_directory(variable: &str, below_home: &str) -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable)
        .unwrap_or_else(|| absolute("HOME").unwrap_or_else(|| PathBuf::from("/")).join(below_home))
}

/// Twice the processors: a run that waits for a file or a timer leaves one idle.
fn default_slots() -> u16 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(2 * processors).unwrap_or(u16::MAX)
}

/// A name for a data directory that fits into a control group's.
fn instance(data_dir: &Path) -> String {
    let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses what would hand out keys of no use.
fn self_service(settings: SelfService) -> anyhow::Result<SelfService> {
    let days_max = u16::try_from(KEY_LIFETIME_MS_MAX / DAY_MS).unwrap_or(u16::MAX);
    if !(1..=days_max).contains(&settings.key_days) {
        bail!("self_service.key_days is {}, set it to 1 to {days_max}", settings.key_days);
    }
    Ok(settings)
}

fn model(flags: &Settings, file: ModelFile) -> anyhow::Result<Option<Model>> {
    let base_url = flags.model_base_url.clone().or(file.base_url);
    let name = flags.model.clone().or(file.name);
    let (base_url, name) = match (base_url, name) {
        (None, None) => return Ok(None),
        (Some(base_url), Some(name)) => (base_url, name),
        _ => bail!(
            "a model endpoint needs both a base URL and a model's name: set model.base_url and model.name"
        ),
    };
    let key = match (std::env::var(MODEL_KEY_VARIABLE), &file.key_file) {
        (Ok(key), _) => Some(key),
        (Err(_), Some(path)) => {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Some(text.trim().to_owned())
        }
        (Err(_), None) => None,
    };
    let input = flags.model_input_usd.or(dollars("model.input_usd_per_million", file.input_usd_per_million)?);
    let output =
        flags.model_output_usd.or(dollars("model.output_usd_per_million", file.output_usd_per_million)?);
    // A model that is asked at an unknown price is a bill without a bound.
    let (Some(input), Some(output)) = (input, output) else {
        bail!(
            "model {name} has no price: set model.input_usd_per_million and model.output_usd_per_million, \
             to 0 if it costs nothing"
        );
    };
    Ok(Some(Model {
        prices: TokenPrices { input, output },
        base_url,
        name,
        key,
        timeout_seconds: file.timeout_seconds.unwrap_or(MODEL_TIMEOUT_SECONDS),
        output_tokens_max: file.output_tokens_max.unwrap_or(MODEL_OUTPUT_TOKENS_MAX),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = toml::from_str::<File>("slot = 3").unwrap_err();
        assert!(error.to_string().contains("slot"), "{error}");
    }

    #[test]
    fn layers_and_limits_are_named_as_in_answers() {
        let file: File = toml::from_str(
            "accept_missing = [\"cgroupMemory\"]\n[limits.wallMs]\ndefault = 1000\nfloor = 10\nceiling = 5000\n",
        )
        .unwrap();
        assert_eq!(file.accept_missing, [Layer::CgroupMemory]);
        assert_eq!(file.limits.wall_ms.ceiling, 5000);
        assert_eq!(file.limits.cpu_ms, LimitsPolicy::default().cpu_ms);
    }

    #[test]
    fn control_groups_go_by_one_name() {
        let file: File = toml::from_str("accept_missing = [\"cgroup\", \"landlock\"]").unwrap();
        let groups = [Layer::CgroupMemory, Layer::CgroupTasks, Layer::CgroupCpu, Layer::Landlock];
        assert_eq!(file.accept_missing, groups);
        let error = toml::from_str::<File>("accept_missing = [\"groups\"]").unwrap_err();
        assert!(error.to_string().contains("groups"), "{error}");
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let file: File =
            toml::from_str("trusted_proxies = [\"192.0.2.1\", \"10.0.0.0/8\", \"fd00::/8\"]").unwrap();
        let proxies: Vec<String> = file.trusted_proxies.iter().map(IpNet::to_string).collect();
        assert_eq!(proxies, ["192.0.2.1/32", "10.0.0.0/8", "fd00::/8"]);
        let error = toml::from_str::<File>("trusted_proxies = [\"proxy.local\"]").unwrap_err();
        assert!(error.to_string().contains("proxy.local"), "{error}");
    }

    #[test]
    fn rate_limits_are_set_one_by_one() {
        let file: File = toml::from_str("[rate_limits]\nkey_per_minute = 0").unwrap();
        let all = RateLimits::default();
        assert_eq!((file.rate_limits.key_per_minute, file.rate_limits.key_burst), (0, all.key_burst));
        assert!(toml::from_str::<File>("[rate_limits]\nkeys = 1").is_err());
    }

    #[test]
    fn self_service_is_off_and_each_setting_has_a_default() {
        let file: File = toml::from_str("").unwrap();
        assert!(!file.self_service.enabled);
        let file: File = toml::from_str("[self_service]\nenabled = true\ncredits = 5").unwrap();
        let expected = SelfService { enabled: true, credits: 5, ..SelfService::default() };
        assert_eq!(self_service(file.self_service).unwrap(), expected);
        for days in [0, 3651] {
            let wrong = SelfService { key_days: days, ..expected };
            assert!(self_service(wrong).unwrap_err().to_string().contains("key_days"));
        }
        assert!(toml::from_str::<File>("[self_service]\nopen = true").is_err());
    }

    #[test]
    fn what_is_kept_is_said_in_bytes_and_days() {
        let file: File = toml::from_str(
            "[files]\nkey_bytes_max = 5\nretention_days = 2\n[retention]\nrun_days = 3\nkey_bytes_max = 7\n",
        )
        .unwrap();
        let read = keeping(&file.files, &file.retention).unwrap();
        let expected = Keeping {
            key_bytes_max: 5,
            run_key_bytes_max: 7,
            file_ms: 2 * DAY_MS,
            run_ms: 3 * DAY_MS,
            ..Keeping::default()
        };
        assert_eq!(read, expected);
        let never = RetentionFile { run_days: Some(0), ..RetentionFile::default() };
        assert!(keeping(&FilesFile::default(), &never).unwrap_err().to_string().contains("run_days"));
    }

    #[test]
    fn two_data_directories_have_two_names() {
        assert_ne!(instance(Path::new("/a")), instance(Path::new("/b")));
        assert_eq!(instance(Path::new("/a")).len(), 12);
    }
}
