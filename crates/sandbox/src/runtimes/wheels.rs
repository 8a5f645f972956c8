//! Installs the locked libraries into a tree: pip fetches a pinned uv, uv fetches and unpacks the wheels.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    build::{BuildError, Progress, remove},
    python::{Interpreter, output, run},
    spec::{INSTALLER, REQUIREMENTS, installer_version},
    tree::{Tree, failed, walk},
};

/// Sources and headers of compiled modules: nothing in the tree could compile them.
const SOURCE_EXTENSIONS: [&str; 14] =
    ["a", "build", "c", "cc", "cpp", "f", "f90", "h", "hpp", "lib", "pxd", "pxi", "pyx", "tp"];

/// Records of the installation that nothing reads at run time.
const RECORDS: [&str; 3] = ["INSTALLER", "RECORD", "REQUESTED"];

/// Installs the wheels of `requirements.lock` into `site` and removes what no job needs.
pub(super) fn install(
    tree: &Tree,
    python: &Interpreter,
    site: &Path,
    cache: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), BuildError> {
    let pip = Pip::find(python)?;
    let uv = installer(&pip, cache, progress)?;
    let lock = cache.join("requirements.lock");
    fs::write(&lock, REQUIREMENTS).map_err(failed("write", &lock))?;
    let count = REQUIREMENTS.lines().filter(|line| line.contains("==")).count();
    progress.say(format_args!("downloading and unpacking {count} libraries"));
    let mut command = Command::new(uv);
    command
        .args(["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"])
        .args(["--no-python-downloads", "--no-progress"])
        .arg("--python")
        .arg(&python.binary)
        .arg("--target")
        .arg(tree.host_path(site))
        .arg("--requirements")
        .arg(&lock)
        .env("UV_CACHE_DIR", cache.join("uv"))
        .current_dir(cache);
    pip.pass_on_settings(&mut command);
    run("install the libraries", &mut command)?;

    let before = size(&tree.host_path(site))?;
    strip(&tree.host_path(site))?;
    let after = size(&tree.host_path(site))?;
    progress.say(format_args!("removed tests and sources, {} MiB became {} MiB", before >> 20, after >> 20));
    Ok(())
}

/// The pinned uv, installed by pip on first use.
fn installer(pip: &Pip, cache: &Path, progress: &mut Progress<'_>) -> Result<PathBuf, BuildError> {
    let home = cache.join(format!("uv-{}", installer_version()));
    let program = home.join("bin/uv");
    if program.exists() {
        return Ok(program);
    }
    progress.say(format_args!("downloading uv {}", installer_version()));
    let unfinished = cache.join("uv-unfinished");
    remove(&unfinished)?;
    fs::create_dir_all(cache).map_err(failed("create", cache))?;
    let lock = cache.join("uv.lock");
    fs::write(&lock, INSTALLER).map_err(failed("write", &lock))?;
    let mut command = Command::new(&pip.python);
    command
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"])
        .args(["--no-compile", "--require-hashes", "--only-binary", ":all:", "--target"])
        .arg(&unfinished)
        .arg("--requirement")
        .arg(&lock);
    run("install uv with pip", &mut command)?;
    fs::rename(&unfinished, &home).map_err(failed("move into place", &unfinished))?;
    Ok(program)
}

/// The host's pip: installs uv, and knows where this machine may download from.
struct Pip {
    python: PathBuf,
    /// Name and value of every setting, from its files and the environment, the strongest last.
    settings: Vec<(String, String)>,
}

impl Pip {
    /// The pip of the interpreter that is copied, or else of the one on PATH.
    fn find(python: &Interpreter) -> Result<Pip, BuildError> {
        let candidates = [python.binary.clone(), PathBuf::from("python3"), PathBuf::from("/usr/bin/python3")];
        for python in &candidates {
            let mut command = Command::new(python);
            command.args(["-m", "pip", "config", "list"]);
            if let Ok(listed) = output("read pip's settings", &mut command) {
                return Ok(Pip { python: python.clone(), settings: parse_settings(&listed) });
            }
        }
        Err(BuildError::NoPip { tried: candidates.iter().map(|path| path.display().to_string()).collect() })
    }

    /// Makes uv download from where pip would, trusting whom pip would. What is set for uv itself stays.
    fn pass_on_settings(&self, uv: &mut Command) {
        let unset = |names: &[&str]| names.iter().all(|name| std::env::var_os(name).is_none());
        for (name, value) in &self.settings {
            match name.as_str() {
                "index-url" if unset(&["UV_DEFAULT_INDEX", "UV_INDEX_URL"]) => {
                    uv.env("UV_DEFAULT_INDEX", value);
                }
                "cert" if unset(&["SSL_CERT_FILE"]) => {
                    uv.env("SSL_CERT_FILE", value);
                }
                "extra-index-url" => pass_each(uv, "--index", value),
                "find-links" => pass_each(uv, "--find-links", value),
                "trusted-host" => pass_each(uv, "--allow-insecure-host", value),
                _ => {}
            }
        }
        // As Debian's pip does: a certificate authority added to the machine is trusted.
        if unset(&["UV_SYSTEM_CERTS", "SSL_CERT_FILE"]) {
            uv.env("UV_SYSTEM_CERTS", "true");
        }
    }
}

/// Pip ignores directories that are not there, uv refuses them.
fn pass_each(uv: &mut Command, flag: &str, values: &str) {
    for value in values.split_whitespace() {
        if value.contains("://") || flag == "--allow-insecure-host" || Path::new(value).exists() {
            uv.args([flag, value]);
        }
    }
}

/// Reads lines such as `global.cert='/etc/ca.pem'`, the environment's (`:env:.`) last.
fn parse_settings(listed: &str) -> Vec<(String, String)> {
    let rank = |section: &str| ["global", "download", "install", ":env:"].iter().position(|s| *s == section);
    let mut settings: Vec<(usize, String, String)> = listed
        .lines()
        .filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            let (section, name) = key.rsplit_once('.')?;
            let value = value.trim().trim_matches(['\'', '"']).replace("\\n", " ");
            Some((rank(section)?, name.replace('_', "-"), value))
        })
        .collect();
    settings.sort_by_key(|(rank, ..)| *rank);
    settings.into_iter().map(|(_, name, value)| (name, value)).collect()
}

/// Removes tests, sources, scripts and records of the installation.
fn strip(site: &Path) -> Result<(), BuildError> {
    for dir in ["bin", "share"] {
        remove(&site.join(dir))?;
    }
    for (path, metadata) in walk(site)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if metadata.is_dir() && (name == "tests" || name.ends_with("-stubs")) {
            remove(&path)?;
        } else if metadata.is_file() && useless(&path, &name) && path.exists() {
            fs::remove_file(&path).map_err(failed("delete", &path))?;
        }
    }
    remove_empty_dirs(site)
}

fn useless(path: &Path, name: &str) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let record = path.parent().is_some_and(|dir| dir.extension().is_some_and(|kind| kind == "dist-info"))
        && RECORDS.contains(&name);
    record || SOURCE_EXTENSIONS.contains(&&*extension)
}

fn remove_empty_dirs(site: &Path) -> Result<(), BuildError> {
    // Children come after their parents, so the other way round empties parents too.
    for (path, metadata) in walk(site)?.into_iter().rev() {
        if metadata.is_dir() && fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none()) {
            fs::remove_dir(&path).map_err(failed("delete", &path))?;
        }
    }
    Ok(())
}

fn size(dir: &Path) -> Result<u64, BuildError> {
    Ok(walk(dir)?.iter().filter(|(_, about)| about.is_file()).map(|(_, about)| about.len()).sum())
}

/// What is installed, as `name==version`, sorted.
pub(super) fn installed(site: &Path) -> Result<Vec<String>, BuildError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(site).map_err(failed("list", site))? {
        let name = entry.map_err(failed("list", site))?.file_name().to_string_lossy().into_owned();
        found.extend(name.strip_suffix(".dist-info").and_then(library));
    }
    found.sort();
    Ok(found)
}

/// `scikit_learn-1.9.1` is `scikit-learn==1.9.1`.
fn library(name_and_version: &str) -> Option<String> {
    let (name, version) = name_and_version.split_once('-')?;
    Some(format!("{}=={version}", name.to_lowercase().replace(['_', '.'], "-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_names_are_those_of_the_lock() {
        assert_eq!(library("scikit_learn-1.9.1").as_deref(), Some("scikit-learn==1.9.1"));
        assert_eq!(library("XlsxWriter-3.3.1").as_deref(), Some("xlsxwriter==3.3.1"));
        assert_eq!(library("pandas"), None);
    }

    #[test]
    fn the_environment_overrules_pips_files() {
        let listed = "global.cert='/etc/ca.pem'\n:env:.cert='/home/ca.pem'\n\
                      install.find-links='/a /b'\nlist.format='json'\nnonsense\n";
        let settings = parse_settings(listed);
        let named = |name: &str| {
            settings
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(named("cert"), ["/etc/ca.pem", "/home/ca.pem"]);
        assert_eq!(named("find-links"), ["/a /b"]);
        assert_eq!(settings.len(), 3);
    }

    #[test]
    fn tests_and_sources_go_data_and_testing_stay() {
        let dir = tempfile::tempdir().unwrap();
        let site = dir.path();
        let keep = ["numpy/testing/__init__.py", "sklearn/datasets/data/iris.csv", "a-1.dist-info/METADATA"];
        let drop = [
            "bin/f2py",
            "pandas/tests/test_a.py",
            "numpy/core/include/a.h",
            "a-1.dist-info/RECORD",
            "x-stubs/x.pyi",
            "scipy/a.pyx",
        ];
        for path in keep.iter().chain(&drop) {
            fs::create_dir_all(site.join(path).parent().unwrap()).unwrap();
            fs::write(site.join(path), "x").unwrap();
        }
        strip(site).unwrap();
        assert!(keep.iter().all(|path| site.join(path).exists()));
        assert!(drop.iter().all(|path| !site.join(path).exists()));
        assert!(!site.join("numpy/core").exists());
        assert_eq!(size(site).unwrap(), 3);
        assert_eq!(installed(site).unwrap(), ["a==1"]);
    }
}
