//! What may be executed: pure decisions on a request, the operator's policy and facts about the code.
//!
//! The jail is the boundary; the policy is consent. It decides in two steps, because facts about
//! code cost a jailed reader: [`Policy::examine`] looks at what lies open, [`Examined::decide`] at
//! the facts, if the policy needs any. Only that makes a [`Checked`] job.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ringfence_job::{
    InputFile, Job, Language, LimitKind, Limits, LimitsPatch, LimitsPolicy, Runtime, check_file_name,
};
use serde::Deserialize;

use crate::{ask::AskRequest, facts::CodeFacts, files::UploadRef};

/// Most bytes of code that any policy may allow: what the facts reader is made for.
pub const CODE_BYTES_MAX: u64 = 256 * 1024;

/// Most arguments, variables or files that any policy may allow, of each: so many are taken in before the
/// policy is asked.
pub const ITEMS_MAX: usize = 16 * 1024;

/// Longest question in bytes.
pub const QUESTION_BYTES_MAX: usize = 8 * 1024;

/// Longest name of an environment variable in bytes.
const ENV_NAME_BYTES_MAX: usize = 256;

/// Most violations named in one answer; the first ones are enough to mend.
const VIOLATIONS_MAX: usize = 16;

/// Scratch is counted in whole pages of this size, in bytes.
const PAGE_BYTES: u64 = 4096;

const VERSION: u32 = 1;

/// What a program is asked to do, before anybody consented.
#[derive(Clone)]
pub struct ExecuteRequest {
    /// The program's language.
    pub language: Language,
    /// The program text.
    pub code: String,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// Environment variables added to the runtime's own.
    pub env: BTreeMap<String, String>,
    /// Bytes on standard input.
    pub stdin: Vec<u8>,
    /// Files in the working directory.
    pub files: Vec<InputFile>,
    /// Files that were uploaded before, to join the others.
    pub uploads: Vec<UploadRef>,
    /// Limits asked for.
    pub limits: LimitsPatch,
    /// Ask for a newly executed interpreter rather than a warm one.
    pub fresh: bool,
    /// It is answered later: a crash before it begins does not end it.
    pub later: bool,
}

impl ExecuteRequest {
    /// A program without arguments, input or files, within the default limits.
    pub fn new(language: Language, code: impl Into<String>) -> ExecuteRequest {
        ExecuteRequest {
            language,
            code: code.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            stdin: Vec::new(),
            files: Vec::new(),
            uploads: Vec::new(),
            limits: LimitsPatch::default(),
            fresh: false,
            later: false,
        }
    }
}

// Code, environment and input are people's data: they stay out of logs and panics.
impl fmt::Debug for ExecuteRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecuteRequest({}, {} bytes, {:?})", self.language, self.code.len(), self.files)
    }
}

/// What the operator allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    version: u32,
    languages: BTreeSet<Language>,
    max_code_bytes: u64,
    max_stdin_bytes: u64,
    max_args: usize,
    max_args_bytes: u64,
    max_env: usize,
    max_env_bytes: u64,
    max_files: usize,
    max_files_bytes: u64,
    #[serde(default)]
    allowed_libraries: Option<BTreeSet<String>>,
}

/// Why a policy file is refused.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It is not TOML, or a key is missing, unknown or of the wrong type.
    #[error("policy file is not valid: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It is written for another version.
    #[error("policy file has version {0}, this program reads version {VERSION}")]
    Version(u32),
    /// It allows more code than can be inspected.
    #[error("policy file sets max_code_bytes to {0}, set at most {CODE_BYTES_MAX}")]
    CodeBytes(u64),
    /// It allows more arguments, variables or files than are taken in.
    #[error("policy file sets {0} to {1}, set at most {ITEMS_MAX}")]
    Items(&'static str, usize),
}

/// One reason to refuse, fit for the person who sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// A stable name, such as `library_not_allowed`.
    pub code: &'static str,
    /// JSON pointer to what is refused in the request.
    pub pointer: String,
    /// What is refused and what would be allowed.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// A request on which only facts about its code may still be missing.
#[derive(Debug)]
pub struct Examined<'a> {
    policy: &'a Policy,
    job: Job,
}

/// A job that passed the policy. Only the policy makes one.
#[derive(Debug)]
pub struct Checked {
    job: Job,
}

impl Checked {
    /// The limits the job will run within.
    pub fn limits(&self) -> &Limits {
        &self.job.limits
    }

    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    pub(crate) fn into_job(self) -> Job {
        self.job
    }
}

impl Default for Policy {
    fn default() -> Self {
        // The text is part of the program, and a test parses it.
        Policy::parse(include_str!("../../../policies/default.toml")).unwrap_or_else(|error| {
            unreachable!("the embedded policy is valid: {error}");
        })
    }
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// Names the line and the key that is wrong; an unknown key is an error.
    pub fn parse(text: &str) -> Result<Policy, PolicyFileError> {
        let policy: Policy = toml::from_str(text)?;
        if policy.version != VERSION {
            return Err(PolicyFileError::Version(policy.version));
        }
        if policy.max_code_bytes > CODE_BYTES_MAX {
            return Err(PolicyFileError::CodeBytes(policy.max_code_bytes));
        }
        let items =
            [("max_args", policy.max_args), ("max_env", policy.max_env), ("max_files", policy.max_files)];
        if let Some((name, most)) = items.into_iter().find(|(_, most)| *most > ITEMS_MAX) {
            return Err(PolicyFileError::Items(name, most));
        }
        Ok(policy)
    }

    /// True if code of this size may be kept at all.
    pub(crate) fn keeps_code(&self, code: &str) -> bool {
        code.len() as u64 <= self.max_code_bytes
    }

    /// Decides on all that lies open in the request, and resolves its limits.
    ///
    /// # Errors
    /// Every reason to refuse, up to a bound.
    pub fn examine(
        &self,
        request: ExecuteRequest,
        limits: &LimitsPolicy,
    ) -> Result<Examined<'_>, Vec<Violation>> {
        let mut found = Violations::default();
        self.check_code(&request, &mut found);
        self.check_call(&request, &mut found);
        self.check_env(&request.env, &mut found);
        let limits = resolve_limits(limits, &request.limits, &mut found);
        self.check_files(&request.files, limits.as_ref(), &mut found);
        let limits = found.none_or(limits)?;
        Ok(Examined { policy: self, job: into_job(request, limits) })
    }

    /// Decides again on a request that has passed before, and has not begun since. What facts about its code
    /// were needed was known then.
    ///
    /// # Errors
    /// Every reason to refuse, up to a bound.
    pub(crate) fn pass_again(
        &self,
        request: ExecuteRequest,
        limits: &LimitsPolicy,
    ) -> Result<Checked, Vec<Violation>> {
        Ok(Checked { job: self.examine(request, limits)?.job })
    }

    /// Decides on a question and its files; the code that answers it is decided on later.
    ///
    /// # Errors
    /// Every reason to refuse, up to a bound.
    pub fn examine_question(
        &self,
        request: &AskRequest,
        limits: &LimitsPolicy,
    ) -> Result<(), Vec<Violation>> {
        let mut found = Violations::default();
        if request.question.trim().is_empty() {
            found.add("question_empty", "/question", "question is empty");
        }
        if request.question.len() > QUESTION_BYTES_MAX {
            found.too_much("question_too_large", "/question", "question", QUESTION_BYTES_MAX as u64, "bytes");
        }
        let limits = resolve_limits(limits, &request.limits, &mut found);
        self.check_files(&request.files, limits.as_ref(), &mut found);
        found.none_or(limits).map(drop)
    }

    fn check_code(&self, request: &ExecuteRequest, found: &mut Violations) {
        if !self.languages.contains(&request.language) {
            let allowed: Vec<&str> = self.languages.iter().map(|language| language.name()).collect();
            found.add(
                "language_not_allowed",
                "/language",
                format!("language {} is not allowed, use one of: {}", request.language, allowed.join(", ")),
            );
        }
        if request.code.trim().is_empty() {
            found.add("code_empty", "/code", "code is empty");
        }
        if !self.keeps_code(&request.code) {
            found.too_much("code_too_large", "/code", "code", self.max_code_bytes, "bytes");
        }
    }

    fn check_call(&self, request: &ExecuteRequest, found: &mut Violations) {
        if request.stdin.len() as u64 > self.max_stdin_bytes {
            found.too_much("stdin_too_large", "/stdin", "standard input", self.max_stdin_bytes, "bytes");
        }
        if request.args.len() > self.max_args {
            found.too_much("too_many_args", "/args", "args", self.max_args as u64, "arguments");
        }
        if total(request.args.iter().map(String::len)) > self.max_args_bytes {
            found.too_much("args_too_large", "/args", "args", self.max_args_bytes, "bytes together");
        }
        for (at, _) in request.args.iter().enumerate().filter(|(_, arg)| arg.contains('\0')) {
            found.add("arg_invalid", format!("/args/{at}"), "argument contains a NUL character");
        }
    }

    fn check_env(&self, env: &BTreeMap<String, String>, found: &mut Violations) {
        if env.len() > self.max_env {
            found.too_much("too_many_variables", "/env", "env", self.max_env as u64, "variables");
        }
        if total(env.iter().map(|(name, value)| name.len() + value.len())) > self.max_env_bytes {
            found.too_much("env_too_large", "/env", "env", self.max_env_bytes, "bytes together");
        }
        for (name, value) in env {
            if let Err(detail) = check_variable(name, value) {
                found.add("variable_not_allowed", format!("/env/{}", pointer_part(name)), detail);
            }
        }
    }

    /// Decides on the number and the bytes of a request's files, before they are read.
    ///
    /// # Errors
    /// Every reason to refuse.
    pub(crate) fn admit_files(&self, files: usize, bytes: u64) -> Result<(), Vec<Violation>> {
        let mut found = Violations::default();
        self.check_amount_of_files(files, bytes, &mut found);
        found.none_or(Some(()))
    }

    fn check_amount_of_files(&self, files: usize, bytes: u64, found: &mut Violations) {
        if files > self.max_files {
            found.too_much("too_many_files", "/files", "files", self.max_files as u64, "files");
        }
        if bytes > self.max_files_bytes {
            found.too_much("files_too_large", "/files", "files", self.max_files_bytes, "bytes together");
        }
    }

    fn check_files(&self, files: &[InputFile], limits: Option<&Limits>, found: &mut Violations) {
        let bytes = total(files.iter().map(|file| file.content.len()));
        self.check_amount_of_files(files.len(), bytes, found);
        let mut names = BTreeSet::new();
        for (at, file) in files.iter().enumerate() {
            let pointer = || format!("/files/{at}/name");
            if let Err(error) = check_file_name(&file.name) {
                found.add("file_name_invalid", pointer(), error.to_string());
            } else if !names.insert(file.name.as_str()) {
                found.add("file_name_twice", pointer(), "file name is used twice");
            }
        }
        if let Some(limits) = limits {
            check_files_fit(files, limits, found);
        }
    }
}

impl Examined<'_> {
    /// True if the policy cannot decide without facts about the code.
    pub fn needs_facts(&self) -> bool {
        self.policy.allowed_libraries.is_some() && self.job.runtime == Runtime::Python
    }

    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// Decides. Facts that are needed and missing refuse.
    ///
    /// # Errors
    /// Every reason to refuse, up to a bound.
    pub fn decide(self, facts: Option<&CodeFacts>) -> Result<Checked, Vec<Violation>> {
        let mut found = Violations::default();
        if self.needs_facts()
            && let Some(allowed) = &self.policy.allowed_libraries
        {
            match facts {
                Some(facts) => check_libraries(allowed, facts, &mut found),
                None => found.add("code_not_inspected", "/code", "the code was not inspected"),
            }
        }
        found.none_or(Some(()))?;
        Ok(Checked { job: self.job })
    }
}

/// A job for our own reader: constant limits, one input, nothing of the client's but its content.
pub(crate) fn reader_job(args: Vec<String>, stdin: Vec<u8>, files: Vec<InputFile>) -> Checked {
    Checked {
        job: Job {
            runtime: Runtime::Reader,
            code: String::new(),
            args,
            stdin,
            env: BTreeMap::new(),
            files,
            limits: READER_LIMITS,
            fresh: false,
        },
    }
}

const MIB: u64 = 1024 * 1024;

/// Limits of our own readers, whatever the operator allows to others.
const READER_LIMITS: Limits = Limits {
    wall_ms: 10_000,
    cpu_ms: 10_000,
    memory_bytes: 512 * MIB,
    tasks: 16,
    open_files: 64,
    file_bytes: 256 * MIB,
    scratch_bytes: 256 * MIB,
    scratch_inodes: 64,
    stdout_bytes: 2 * MIB,
    stderr_bytes: 4096,
    output_files: 0,
    output_bytes: 0,
    output_depth: 1,
    output_name_bytes: 255,
};

#[derive(Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, code: &'static str, pointer: impl Into<String>, detail: impl Into<String>) {
        if self.0.len() < VIOLATIONS_MAX {
            self.0.push(Violation { code, pointer: pointer.into(), detail: detail.into() });
        }
    }

    fn too_much(&mut self, code: &'static str, pointer: &str, what: &str, most: u64, unit: &str) {
        self.add(code, pointer, format!("{what} is above the limit of {most} {unit}"));
    }

    /// The value, if nothing was found; a value is missing only if something was found.
    fn none_or<T>(self, value: Option<T>) -> Result<T, Vec<Violation>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}

fn resolve_limits(policy: &LimitsPolicy, asked: &LimitsPatch, found: &mut Violations) -> Option<Limits> {
    policy
        .resolve(asked)
        .inspect_err(|error| {
            found.add("limit_out_of_range", format!("/limits/{}", error.kind().name()), error.to_string());
        })
        .ok()
}

fn check_files_fit(files: &[InputFile], limits: &Limits, found: &mut Violations) {
    let pages = |bytes: usize| (bytes as u64).div_ceil(PAGE_BYTES).saturating_mul(PAGE_BYTES);
    let bytes: u64 = files.iter().map(|file| pages(file.content.len())).sum();
    if bytes > limits.scratch_bytes {
        found.add(
            "files_exceed_limit",
            "/files",
            format!(
                "files need {bytes} bytes of scratch, above the limit {} = {}",
                LimitKind::ScratchBytes,
                limits.scratch_bytes
            ),
        );
    }
    for (at, file) in files.iter().enumerate() {
        if file.content.len() as u64 > limits.file_bytes {
            found.add(
                "files_exceed_limit",
                format!("/files/{at}"),
                format!("file is above the limit {} = {}", LimitKind::FileBytes, limits.file_bytes),
            );
        }
    }
}

fn check_libraries(allowed: &BTreeSet<String>, facts: &CodeFacts, found: &mut Violations) {
    if facts.has_error || facts.incomplete {
        let detail = "code could not be read to its end, and only named libraries are allowed";
        found.add("code_unreadable", "/code", detail);
    }
    for name in facts.imports.iter().filter(|name| !allowed.contains(*name)) {
        let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let detail = format!("library {name} is not allowed, allowed are: {}", allowed.join(", "));
        found.add("library_not_allowed", "/code", detail);
    }
    for name in &facts.dynamic {
        let detail = format!("{name} could import any library, and only named ones are allowed");
        found.add("dynamic_import", "/code", detail);
    }
}

/// Variables that belong to the runtime: what loads libraries, finds programs or caps threads.
const RESERVED_VARIABLES: [&str; 20] = [
    "BASHOPTS",
    "BASH_ENV",
    "ENV",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "HOME",
    "IFS",
    "LOCPATH",
    "MKL_NUM_THREADS",
    "NLSPATH",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PATH",
    "POLARS_MAX_THREADS",
    "PROMPT_COMMAND",
    "PS4",
    "SHELLOPTS",
    "TMPDIR",
    "VECLIB_MAXIMUM_THREADS",
];

const RESERVED_PREFIXES: [&str; 5] = ["BASH_FUNC_", "LD_", "MALLOC_", "PYTHON", "RINGFENCE_"];

fn check_variable(name: &str, value: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
        return Err("variable name must consist of letters, digits and _, and not start with a digit".into());
    }
    if name.len() > ENV_NAME_BYTES_MAX {
        return Err(format!("variable name is above the limit of {ENV_NAME_BYTES_MAX} bytes"));
    }
    let reserved = RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if reserved || RESERVED_VARIABLES.contains(&name) {
        return Err(format!("variable {name} belongs to the runtime, use another name"));
    }
    if value.contains('\0') {
        return Err(format!("variable {name} contains a NUL character"));
    }
    Ok(())
}

/// The names that [`check_variable`] accepts, as a regular expression of ECMA-262.
#[cfg(feature = "schema")]
pub fn variable_name_pattern() -> String {
    let (prefixes, names) = (RESERVED_PREFIXES.join("|"), RESERVED_VARIABLES.join("|"));
    format!("^(?!{prefixes})(?!(?:{names})$)[A-Za-z_][A-Za-z0-9_]{{0,{}}}$", ENV_NAME_BYTES_MAX - 1)
}

/// A name as part of a JSON pointer, cut to a length fit for an answer.
fn pointer_part(name: &str) -> String {
    name.chars().take(ENV_NAME_BYTES_MAX).collect::<String>().replace('~', "~0").replace('/', "~1")
}

fn total(sizes: impl Iterator<Item = usize>) -> u64 {
    sizes.map(|size| size as u64).sum()
}

fn into_job(request: ExecuteRequest, limits: Limits) -> Job {
    Job {
        runtime: request.language.into(),
        code: request.code,
        args: request.args,
        stdin: request.stdin,
        env: request.env,
        files: request.files,
        limits,
        fresh: request.fresh,
    }
}

#[cfg(test)]
mod tests;
