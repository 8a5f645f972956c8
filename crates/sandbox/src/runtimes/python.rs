//! The Python part of a tree: an interpreter of the host, its standard library and the locked wheels.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use super::{
    build::{BuildError, Progress, warn_of_missing},
    libraries::{self, Completed},
    spec::{BAKE, CHECK, PYTHON_RESULTS, PYTHON_SCRIPT, PYTHON_START, PYTHON_ZYGOTE, Python, QUERY},
    tree::{OURS, Tree, failed},
    wheels,
};

/// Lines of a failed program's output that an error quotes.
const OUTPUT_LINES_MAX: usize = 15;

/// What the manifest says of the interpreter and its libraries.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) libraries: Vec<String>,
    pub(super) versions: BTreeMap<String, String>,
}

/// An interpreter of the host, as it describes itself.
#[derive(Debug, Deserialize)]
pub(super) struct Interpreter {
    /// The program itself, whatever link or shim led to it.
    pub(super) binary: PathBuf,
    implementation: String,
    version: (u32, u32, u32),
    prefix: String,
    platlibdir: String,
    stdlib: PathBuf,
    /// Where it looks for libraries when its prefix is `/usr`.
    site_dirs: Vec<PathBuf>,
}

impl Interpreter {
    /// The name of its program and of its library directory.
    fn versioned_name(&self) -> String {
        format!("python{}.{}", self.version.0, self.version.1)
    }

    fn version_text(&self) -> String {
        format!("{}.{}.{}", self.version.0, self.version.1, self.version.2)
    }

    /// The standard library, inside.
    fn library_dir(&self) -> PathBuf {
        Path::new("usr").join(&self.platlibdir).join(self.versioned_name())
    }
}

/// Puts Python into the tree, with every shared library that anything in the tree needs.
pub(super) fn install(
    tree: &mut Tree,
    wanted: &Python,
    asked: Option<&Path>,
    cache: &Path,
    progress: &mut Progress<'_>,
) -> Result<Parts, BuildError> {
    let python = locate(wanted, asked)?;
    progress.say(format_args!("copying CPython {} from {}", python.version_text(), python.binary.display()));
    copy_interpreter(tree, &python, wanted)?;
    tree.write(&Path::new(OURS).join("start.py"), PYTHON_START.as_bytes())?;
    tree.write(&Path::new(OURS).join("script.py"), PYTHON_SCRIPT.as_bytes())?;
    tree.write(&Path::new(OURS).join("zygote.py"), PYTHON_ZYGOTE.as_bytes())?;

    let site = python.library_dir().join("site-packages");
    wheels::install(tree, &python, &site, cache, progress)?;
    tree.write(&site.join("ringfence.py"), PYTHON_RESULTS.as_bytes())?;
    link_site_dir(tree, &python, &site)?;
    link_zone_info(tree, &site)?;

    progress.say("copying shared libraries");
    let program = Path::new("usr/bin").join(python.versioned_name());
    let completed = libraries::complete(tree, &program)?;
    warn_of_missing(&completed, progress);

    let inside = Inside { tree, completed: &completed, program: &program };
    progress.say("baking matplotlib's font list");
    inside.run("prepare matplotlib", BAKE, &[])?;
    progress.say("compiling modules");
    compile(tree, &python)?;
    progress.say("importing every library");
    inside.run("import what the runtime promises", CHECK, &wanted.imports)?;

    let libraries = wheels::installed(&tree.host_path(&site))?;
    Ok(Parts { libraries, versions: BTreeMap::from([("python".to_owned(), python.version_text())]) })
}

/// Finds an interpreter of an accepted version.
fn locate(wanted: &Python, asked: Option<&Path>) -> Result<Interpreter, BuildError> {
    let candidates = asked.map_or_else(
        || vec![PathBuf::from("/usr/bin/python3"), PathBuf::from("python3")],
        |path| vec![path.to_owned()],
    );
    first_fit(candidates, query, |python| {
        let (name, version) = (&python.implementation, python.version_text());
        if accepts(wanted, python) { Ok(()) } else { Err(format!("{name} {version}")) }
    })
    .map_err(|tried| {
        let ((major, minor), below) = (wanted.min, wanted.below);
        let accepted = format!(">= {major}.{minor}, < {}.{}", below.0, below.1);
        BuildError::NoPython { accepted, tried }
    })
}

/// The first of several programs that describes itself and is accepted. Otherwise what was tried and what
/// each turned out to be, which `accept` says of one it refuses.
pub(super) fn first_fit<T>(
    candidates: Vec<PathBuf>,
    query: impl Fn(&Path) -> Result<T, String>,
    accept: impl Fn(&T) -> Result<(), String>,
) -> Result<T, Vec<String>> {
    let mut tried = Vec::new();
    for candidate in candidates {
        let name = candidate.display();
        match query(&candidate) {
            Ok(found) => match accept(&found) {
                Ok(()) => return Ok(found),
                Err(what) => tried.push(format!("{name} is {what}")),
            },
            Err(why) => tried.push(format!("{name} {why}")),
        }
    }
    Err(tried)
}

fn accepts(wanted: &Python, python: &Interpreter) -> bool {
    let version = (python.version.0, python.version.1);
    python.implementation == "cpython" && version >= wanted.min && version < wanted.below
}

fn query(program: &Path) -> Result<Interpreter, String> {
    let output = Command::new(program).args(["-I", "-S", "-c", QUERY]).output();
    let output = output.map_err(|error| format!("cannot be run ({error})"))?;
    serde_json::from_slice(&output.stdout).map_err(|_| "does not say what it is".to_owned())
}

fn copy_interpreter(tree: &mut Tree, python: &Interpreter, wanted: &Python) -> Result<(), BuildError> {
    let name = python.versioned_name();
    tree.copy(&python.binary, &Path::new("usr/bin").join(&name))?;
    tree.link(Path::new("usr/bin/python3"), Path::new(&name))?;
    tree.link(Path::new("usr/bin/python"), Path::new("python3"))?;
    let skip = |relative: &Path| {
        relative.ends_with("__pycache__")
            || wanted.without.iter().any(|pattern| matches(pattern, &relative.to_string_lossy()))
    };
    tree.copy_dir(&python.stdlib, &python.library_dir(), &skip)?;
    hide_prefix(tree, python)
}

/// Whether a path fits a pattern in which one `*` stands for any characters of a name.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, end)) => {
            let middle = path.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
            middle.is_some_and(|middle| !middle.contains('/'))
        }
    }
}

/// The record of how Python was compiled names directories of the host.
fn hide_prefix(tree: &Tree, python: &Interpreter) -> Result<(), BuildError> {
    let dir = tree.host_path(&python.library_dir());
    for entry in fs::read_dir(&dir).map_err(failed("list", &dir))? {
        let path = entry.map_err(failed("list", &dir))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("_sysconfigdata_")) {
            let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
            fs::write(&path, text.replace(&python.prefix, "/usr")).map_err(failed("write", &path))?;
        }
    }
    Ok(())
}

/// Debian's Python looks for libraries in `dist-packages`: a link costs no start time, a setting would.
fn link_site_dir(tree: &Tree, python: &Interpreter, site: &Path) -> Result<(), BuildError> {
    let looks_in = |inside: &Path| python.site_dirs.contains(&Path::new("/").join(inside));
    let other = python.library_dir().join("dist-packages");
    if looks_in(site) {
        return Ok(());
    }
    if looks_in(&other) {
        return tree.link(&other, Path::new("site-packages"));
    }
    Err(BuildError::Unfit { path: python.binary.clone(), why: "looks for libraries in an unknown directory" })
}

/// Libraries that do not come with time zones read them where a system has them.
fn link_zone_info(tree: &Tree, site: &Path) -> Result<(), BuildError> {
    let zones = site.join("tzdata/zoneinfo");
    if !tree.holds(&zones) {
        return Ok(());
    }
    tree.link(Path::new("usr/share/zoneinfo"), &Path::new("../..").join(&zones))
}

/// Compiles every module for a tree that never changes: the cache is trusted without a look at the source.
fn compile(tree: &Tree, python: &Interpreter) -> Result<(), BuildError> {
    let mut command = Command::new(&python.binary);
    command
        .args(["-I", "-S", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"])
        .arg("-s")
        .arg(tree.root())
        .args(["-p", "/"])
        .arg(tree.host_path(&python.library_dir()))
        .arg(tree.host_path(Path::new(OURS)));
    run("compile the modules", &mut command)
}

/// The tree's own Python, run where it lies: with its own loader and libraries, no root needed.
struct Inside<'a> {
    tree: &'a Tree,
    completed: &'a Completed,
    program: &'a Path,
}

impl Inside<'_> {
    fn run(&self, what: &str, script: &str, args: &[String]) -> Result<(), BuildError> {
        let scratch = std::env::temp_dir();
        let mut command = Command::new(self.tree.host_path(&self.completed.interpreter));
        command
            .arg("--inhibit-cache")
            .arg("--library-path")
            .arg(self.tree.host_path(&self.completed.library_dir))
            .arg(self.tree.host_path(self.program))
            .args(["-s", "-B", "-c", script])
            .args(args)
            .env_clear()
            .env("PYTHONHOME", self.tree.host_path(Path::new("usr")))
            .env("MPLBACKEND", "Agg")
            .env("MPLCONFIGDIR", &scratch)
            .env("HOME", &scratch)
            .env("LC_CTYPE", "C.UTF-8")
            .env("OPENBLAS_NUM_THREADS", "1")
            .current_dir("/");
        run(what, &mut command)
    }
}

/// Runs a program to its end; when it fails, the error quotes the end of what it printed.
pub(super) fn run(what: &str, command: &mut Command) -> Result<(), BuildError> {
    output(what, command).map(drop)
}

/// As [`run`]; gives what the program printed on standard output.
pub(super) fn output(what: &str, command: &mut Command) -> Result<String, BuildError> {
    let failed = |output: String| BuildError::Step { what: what.to_owned(), output };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let printed = stdout + &String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = printed.lines().collect();
    let end = &lines[lines.len().saturating_sub(OUTPUT_LINES_MAX)..];
    Err(failed(format!("{} ({})", end.join("\n"), output.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(min: (u32, u32), below: (u32, u32)) -> Python {
        Python { min, below, without: Vec::new(), imports: Vec::new() }
    }

    #[test]
    fn patterns_match_within_one_name() {
        assert!(matches("test", "test"));
        assert!(!matches("test", "unittest"));
        assert!(!matches("test", "ctypes/test"));
        assert!(matches("lib-dynload/_test*", "lib-dynload/_testcapi.cpython-311-x86_64-linux-gnu.so"));
        assert!(matches("config-*", "config-3.11-x86_64-linux-gnu"));
        assert!(!matches("config-*", "config-3.11/Makefile"));
    }

    #[test]
    fn this_machine_has_a_python() {
        let python = locate(&wanted((3, 0), (4, 0)), None).unwrap();
        assert!(python.binary.is_absolute());
        assert!(python.stdlib.join("os.py").exists());
    }

    #[test]
    fn other_versions_and_other_programs_are_named_in_the_error() {
        let error = locate(&wanted((2, 6), (2, 8)), None).unwrap_err().to_string();
        assert!(error.contains(">= 2.6, < 2.8") && error.contains("is cpython 3."), "{error}");
        let error = locate(&wanted((3, 0), (4, 0)), Some(Path::new("/bin/true"))).unwrap_err().to_string();
        assert!(error.contains("/bin/true does not say what it is"), "{error}");
        let error = locate(&wanted((3, 0), (4, 0)), Some(Path::new("/no/such"))).unwrap_err().to_string();
        assert!(error.contains("cannot be run"), "{error}");
    }
}
