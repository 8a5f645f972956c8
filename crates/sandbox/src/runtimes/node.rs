//! The JavaScript part of a tree: a Node of the host, what starts programs in it, and the TypeScript compiler.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use super::{
    build::{BuildError, Progress, warn_of_missing},
    libraries,
    python::{Parts, first_fit, output, run},
    spec::{
        NODE_BAKE, NODE_CHECK, NODE_LOCK, NODE_PACKAGE, NODE_PRACTICE, NODE_RESULTS, NODE_START, NODE_WARM,
        Node,
    },
    tree::{OURS, Tree, failed},
};

/// The compiler's package.
const COMPILER: &str = "amaro";

/// Prints what [`Found`] reads.
const QUERY: &str = "JSON.stringify({ binary: process.execPath, version: process.versions.node })";

/// A Node of the host, as it describes itself.
#[derive(Debug, Deserialize)]
struct Found {
    binary: PathBuf,
    version: String,
}

impl Found {
    /// Major and minor version.
    fn release(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    }
}

/// Puts Node into the tree, with every shared library that anything in the tree needs.
pub(super) fn install(
    tree: &mut Tree,
    wanted: &Node,
    asked: Option<&Path>,
    cache: &Path,
    progress: &mut Progress<'_>,
) -> Result<Parts, BuildError> {
    let node = locate(wanted, asked)?;
    progress.say(format_args!("copying Node {} from {}", node.version, node.binary.display()));
    let program = Path::new("usr/bin/node");
    tree.copy(&node.binary, program)?;
    tree.write(&Path::new(OURS).join("start.cjs"), NODE_START.as_bytes())?;
    tree.write(&Path::new(OURS).join("warm.cjs"), NODE_WARM.as_bytes())?;
    tree.write(&Path::new(OURS).join("practice.ts"), NODE_PRACTICE.as_bytes())?;
    // Where Node looks last for what a program in /work names.
    tree.write(Path::new("node_modules/ringfence/index.js"), NODE_RESULTS.as_bytes())?;

    let cache = cache.join("javascript");
    fs::create_dir_all(&cache).map_err(failed("create", &cache))?;
    let version = install_compiler(tree, &node, &cache, progress)?;

    progress.say("copying shared libraries");
    let completed = libraries::complete(tree, program)?;
    warn_of_missing(&completed, progress);

    progress.say("running a program of both languages");
    let check = cache.join("check.ts");
    fs::write(&check, NODE_CHECK).map_err(failed("write", &check))?;
    let mut command = Command::new(tree.host_path(&completed.interpreter));
    command
        .arg("--inhibit-cache")
        .arg("--library-path")
        .arg(tree.host_path(&completed.library_dir))
        .arg(tree.host_path(program))
        .args(["--expose-internals", "--preserve-symlinks-main", "--require"])
        .arg(tree.host_path(&Path::new(OURS).join("start.cjs")))
        .arg(&check)
        .env_clear();
    run("run TypeScript with this Node", &mut command)?;

    Ok(Parts {
        libraries: vec![format!("{COMPILER}=={version}")],
        versions: BTreeMap::from([("node".to_owned(), node.version)]),
    })
}

/// Downloads the locked compiler and puts it into the tree; gives its version.
fn install_compiler(
    tree: &Tree,
    node: &Found,
    cache: &Path,
    progress: &mut Progress<'_>,
) -> Result<String, BuildError> {
    progress.say("downloading the TypeScript compiler");
    for (name, text) in
        [("package.json", NODE_PACKAGE), ("package-lock.json", NODE_LOCK), ("bake.cjs", NODE_BAKE)]
    {
        let path = cache.join(name);
        fs::write(&path, text).map_err(failed("write", &path))?;
    }
    let mut command = npm(node);
    command
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(cache);
    run("install the TypeScript compiler with npm", &mut command)?;

    let package = cache.join("node_modules").join(COMPILER);
    let mut command = Command::new(&node.binary);
    command.arg(cache.join("bake.cjs")).arg(&package).arg(tree.host_path(&Path::new(OURS).join(COMPILER)));
    run("prepare the TypeScript compiler", &mut command)?;

    let about = package.join("package.json");
    let text = fs::read_to_string(&about).map_err(failed("read", &about))?;
    let about: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(about["version"].as_str().unwrap_or("unknown").to_owned())
}

/// The npm beside a Node, run by that Node; or the one on PATH.
fn npm(node: &Found) -> Command {
    let beside = node.binary.with_file_name("npm");
    if beside.exists() {
        let mut command = Command::new(&node.binary);
        command.arg(beside);
        return command;
    }
    Command::new("npm")
}

/// Finds a Node of an accepted version.
fn locate(wanted: &Node, asked: Option<&Path>) -> Result<Found, BuildError> {
    let candidates = asked.map_or_else(
        || ["/usr/bin/node", "/usr/local/bin/node", "node"].map(PathBuf::from).to_vec(),
        |path| vec![path.to_owned()],
    );
    first_fit(candidates, query, |node| {
        let fits = node.release().is_some_and(|release| accepts(wanted, release));
        if fits { Ok(()) } else { Err(format!("Node {}", node.version)) }
    })
    .map_err(|tried| {
        let accepted = wanted.min.iter().map(|(major, minor)| format!("{major}.{minor}"));
        BuildError::NoNode { accepted: accepted.collect::<Vec<_>>().join(" or "), tried }
    })
}

/// Whether a release is no older than what is named of its major version; after the last named, any is new.
fn accepts(wanted: &Node, (major, minor): (u32, u32)) -> bool {
    let last = wanted.min.last().is_some_and(|(last, _)| major > *last);
    last || wanted.min.iter().any(|(named, least)| major == *named && minor >= *least)
}

fn query(program: &Path) -> Result<Found, String> {
    let described = output("describe itself", Command::new(program).args(["-p", QUERY]));
    let described = described.map_err(|_| "cannot be run".to_owned())?;
    serde_json::from_str(&described).map_err(|_| "does not say what it is".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Node {
        Node { min: vec![(20, 19), (22, 15)] }
    }

    #[test]
    fn old_releases_of_each_major_version_are_refused() {
        for (release, accepted) in [
            ((18, 20), false),
            ((20, 18), false),
            ((20, 19), true),
            ((21, 99), false),
            ((22, 14), false),
            ((22, 15), true),
            ((24, 0), true),
        ] {
            assert_eq!(accepts(&wanted(), release), accepted, "{release:?}");
        }
    }

    #[test]
    fn other_programs_are_named_in_the_error() {
        let error = locate(&wanted(), Some(Path::new("/bin/true"))).unwrap_err().to_string();
        assert!(error.contains("20.19 or 22.15"), "{error}");
        assert!(error.contains("/bin/true does not say what it is"), "{error}");
        let error = locate(&wanted(), Some(Path::new("/no/such"))).unwrap_err().to_string();
        assert!(error.contains("/no/such cannot be run"), "{error}");
    }
}
