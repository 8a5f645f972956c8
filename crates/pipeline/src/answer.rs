//! The answer object: one shape for the API, for `--json` and for tests.

use base64::{Engine, engine::general_purpose::STANDARD};
use ringfence_job::{
    DeniedSyscall, Isolation, Language, LimitHit, LimitKind, Limits, Outcome, OutputFile, Status, Usage,
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    cost::Cost,
    ports::{Record, StoreError},
    results::{RunResult, Shown},
    run::{Execution, RunId},
};

/// Exit code reported for a run that the wall-clock or cpu limit ended, as `timeout` does.
pub const EXIT_TIMED_OUT: i32 = 124;
/// Exit code reported for a run that the memory limit ended: 128 + SIGKILL.
pub const EXIT_OUT_OF_MEMORY: i32 = 137;
/// Exit code reported for a run that was cancelled: 128 + SIGINT.
pub const EXIT_CANCELLED: i32 = 130;
/// Added to the number of the signal that ended a program, as shells do.
const EXIT_SIGNAL_BASE: i32 = 128;

/// Largest file that is given with its content over HTTP, in bytes; larger ones are fetched by their link.
pub const INLINE_FILE_BYTES_MAX: u64 = 256 * 1024;
/// Most bytes of files that are given with their content in one answer over HTTP.
pub const INLINE_BYTES_MAX: u64 = 1024 * 1024;

/// What came of an execution.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The run's identity.
    pub id: RunId,
    /// The program's language.
    pub language: Language,
    /// How the run ended.
    pub status: Status,
    /// The program's exit code; 128 + signal, 124 (timed out), 137 (out of memory) or 130 (cancelled)
    /// if it had none.
    pub exit_code: i32,
    /// The signal that ended the program.
    #[cfg_attr(feature = "schema", schema(required))]
    pub signal: Option<i32>,
    /// Standard output; null if it was erased since.
    #[cfg_attr(feature = "schema", schema(nullable))]
    pub stdout: String,
    /// How `stdout` holds its bytes.
    pub stdout_encoding: Encoding,
    /// Standard error; null if it was erased since.
    #[cfg_attr(feature = "schema", schema(nullable))]
    pub stderr: String,
    /// How `stderr` holds its bytes.
    pub stderr_encoding: Encoding,
    /// What there was more of than the answer holds.
    pub truncated: Truncated,
    /// Wall-clock time of the program in milliseconds.
    pub duration: u64,
    /// True if a time limit ended the run.
    pub timed_out: bool,
    /// Limits that fired.
    pub limits_hit: Vec<Hit>,
    /// System calls that the jail refused.
    pub denied_syscalls: Vec<DeniedSyscall>,
    /// What was used.
    pub usage: Usage,
    /// The limits that were in force.
    pub limits: Limits,
    /// What the run has cost when the program had ended; absent from answers of earlier versions.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub cost: Cost,
    /// The least money that any of those who pay has left, in nano-dollars; none if nobody has a limit in
    /// money. Known only when the run ends.
    #[serde(skip)]
    pub left_nano_usd: Option<i64>,
    /// What the program showed, in its order; absent from answers of earlier versions, and where an answer to a
    /// question has it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub results: Option<Vec<RunResult>>,
    /// What of that could not be read, if anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub notes: Vec<String>,
    /// Files the program left behind.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<LinkedFile>))]
    pub files: Vec<AnswerFile>,
    /// Each layer of the jail, in force or not.
    #[serde(serialize_with = "layers")]
    #[cfg_attr(feature = "schema", schema(schema_with = layers_schema))]
    pub isolation: Isolation,
}

/// How text in an answer holds bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Encoding {
    /// The text is the content.
    #[serde(rename = "utf-8")]
    Utf8,
    /// The text is the content in base64 with padding.
    #[serde(rename = "base64")]
    Base64,
}

/// What there was more of than the answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Truncated {
    /// Standard output had.
    pub stdout: bool,
    /// Standard error had.
    pub stderr: bool,
    /// More system calls were refused than are counted.
    pub denied_syscalls: bool,
}

/// A limit that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Hit {
    /// Which one.
    pub limit: LimitKind,
    /// What that did, such as `out_of_memory`.
    pub event: &'static str,
    /// The value that was in force.
    pub value: u64,
    /// The request's field that moves it.
    pub setting: String,
}

/// A file that the program left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerFile {
    /// Path below the working directory.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content.
    pub sha256: String,
    /// Media type, guessed from the name.
    pub mime: String,
    /// How `content` holds its bytes.
    pub encoding: Encoding,
    /// The content.
    pub content: String,
}

/// A file that the program left behind.
#[cfg(feature = "schema")]
#[derive(utoipa::ToSchema)]
#[schema(as = AnswerFile)]
#[allow(dead_code)]
struct LinkedFile {
    /// Path below the working directory.
    name: String,
    /// Size in bytes.
    size: u64,
    /// SHA-256 of the content.
    sha256: String,
    /// Media type, guessed from the name.
    mime: String,
    /// Where the content is, as long as it is kept.
    #[schema(format = "uri-reference")]
    url: String,
    /// How `content` holds its bytes, if it does.
    #[schema(nullable = false)]
    encoding: Option<Encoding>,
    /// The content; null if it is large, or was erased since.
    #[schema(required)]
    content: Option<String>,
}

impl Answer {
    /// The bytes of standard output as they were kept.
    pub fn stdout_bytes(&self) -> Vec<u8> {
        decode(self.stdout_encoding, &self.stdout)
    }

    /// The bytes of standard error as they were kept.
    pub fn stderr_bytes(&self) -> Vec<u8> {
        decode(self.stderr_encoding, &self.stderr)
    }

    /// The answer as it is given over HTTP: every file with its link, and with its content if that is
    /// small, see [`INLINE_FILE_BYTES_MAX`] and [`INLINE_BYTES_MAX`].
    pub fn linked(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        let inline = inline(self.files.iter().map(|file| file.size));
        for (file, inline) in json[FILES].as_array_mut().into_iter().flatten().zip(inline) {
            link(file, &self.id.to_string());
            if !inline {
                leave_out(file);
            }
        }
        json
    }

    /// The answer as JSON without the contents that the record keeps by their hashes.
    pub(crate) fn outline(&self) -> serde_json::Value {
        let mut outline = serde_json::to_value(self).unwrap_or_default();
        for content in [STDOUT, STDERR] {
            outline[content].take();
        }
        for file in outline[FILES].as_array_mut().into_iter().flatten() {
            file[CONTENT].take();
        }
        outline
    }

    /// Puts an answer together; `hashes` are those of the outcome's files, in their order.
    pub(crate) fn new(
        id: RunId,
        language: Language,
        outcome: Outcome,
        hashes: Vec<String>,
        shown: Shown,
        cost: Cost,
    ) -> Answer {
        let exit_code = exit_code(&outcome);
        let (stdout, stdout_encoding) = encode(outcome.stdout, outcome.stdout_truncated);
        let (stderr, stderr_encoding) = encode(outcome.stderr, outcome.stderr_truncated);
        Answer {
            id,
            language,
            status: outcome.status,
            exit_code,
            signal: outcome.signal,
            stdout,
            stdout_encoding,
            stderr,
            stderr_encoding,
            truncated: Truncated {
                stdout: outcome.stdout_truncated,
                stderr: outcome.stderr_truncated,
                denied_syscalls: outcome.denied_truncated,
            },
            duration: outcome.usage.wall_ms,
            timed_out: outcome.status == Status::TimedOut,
            limits_hit: outcome.limits_hit.into_iter().map(Hit::from).collect(),
            denied_syscalls: outcome.denied_syscalls,
            usage: outcome.usage,
            limits: outcome.limits,
            cost,
            left_nano_usd: None,
            results: Some(shown.results),
            notes: shown.notes,
            files: outcome.files.into_iter().zip(hashes).map(AnswerFile::from).collect(),
            isolation: outcome.isolation,
        }
    }
}

/// Fields of an answer that hold what a program printed and left behind.
const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";
const FILES: &str = "files";

/// Fields of a file in an answer.
const CONTENT: &str = "content";
const ENCODING: &str = "encoding";

/// Which files of these sizes are given with their content: in their order, as long as there is room.
fn inline(sizes: impl Iterator<Item = u64>) -> Vec<bool> {
    let mut left = INLINE_BYTES_MAX;
    sizes
        .map(|size| {
            let fits = size <= INLINE_FILE_BYTES_MAX && size <= left;
            left -= if fits { size } else { 0 };
            fits
        })
        .collect()
}

/// Says where a file's content can be fetched.
fn link(file: &mut serde_json::Value, run: &str) {
    let name = file["name"].as_str().unwrap_or_default();
    let path: Vec<String> = name.split('/').map(percent_encoded).collect();
    file["url"] = format!("/v1/runs/{run}/files/{}", path.join("/")).into();
}

/// Gives a file without its content.
fn leave_out(file: &mut serde_json::Value) {
    file[CONTENT].take();
    if let Some(fields) = file.as_object_mut() {
        fields.remove(ENCODING);
    }
}

/// Text of which everything but unreserved characters (RFC 3986) is percent-encoded.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Makes an answer as it is given over HTTP of its outline: contents are put back, each by its hash.
/// What was erased since stays null.
pub(crate) async fn fill(
    outline: &mut serde_json::Value,
    execution: &Execution,
    record: &dyn Record,
) -> Result<(), StoreError> {
    for (field, hash) in [(STDOUT, &execution.stdout), (STDERR, &execution.stderr)] {
        let bytes = match hash {
            Some(hash) => record.get_blob(hash).await?,
            None => Some(Vec::new()),
        };
        let truncated = outline["truncated"][field] == true;
        outline[field] = bytes.map(|bytes| encode(bytes, truncated).0).into();
    }
    let run = outline["id"].as_str().unwrap_or_default().to_owned();
    let files = outline[FILES].as_array_mut().map_or(&mut [][..], Vec::as_mut_slice);
    let inline = inline(files.iter().map(|file| file["size"].as_u64().unwrap_or(u64::MAX)));
    for (file, inline) in files.iter_mut().zip(inline) {
        link(file, &run);
        let content = match file["sha256"].as_str() {
            Some(hash) if inline => record.get_blob(hash).await?,
            _ => None,
        };
        match content {
            Some(bytes) => file[CONTENT] = encode(bytes, false).0.into(),
            None => leave_out(file),
        }
    }
    Ok(())
}

impl AnswerFile {
    /// The content, byte for byte.
    pub fn bytes(&self) -> Vec<u8> {
        decode(self.encoding, &self.content)
    }
}

impl From<(OutputFile, String)> for AnswerFile {
    fn from((file, sha256): (OutputFile, String)) -> Self {
        let mime = media_type(&file.name);
        let size = file.content.len() as u64;
        let (content, encoding) = encode(file.content, false);
        AnswerFile { name: file.name, size, sha256, mime, encoding, content }
    }
}

impl From<LimitHit> for Hit {
    fn from(hit: LimitHit) -> Self {
        Hit {
            limit: hit.limit,
            event: hit.limit.event(),
            value: hit.value,
            setting: format!("limits.{}", hit.limit),
        }
    }
}

fn exit_code(outcome: &Outcome) -> i32 {
    match outcome.status {
        Status::TimedOut => EXIT_TIMED_OUT,
        Status::OutOfMemory => EXIT_OUT_OF_MEMORY,
        Status::Cancelled => EXIT_CANCELLED,
        Status::Succeeded => outcome.exit_code.unwrap_or(0),
        Status::Failed | Status::Signaled => {
            let signal = || outcome.signal.map(|signal| EXIT_SIGNAL_BASE.saturating_add(signal));
            outcome.exit_code.or_else(signal).unwrap_or(1)
        }
    }
}

/// The media type of a file, guessed from its name.
pub fn media_type(name: &str) -> String {
    mime_guess::from_path(name).first_or_octet_stream().to_string()
}

/// Bytes as text, and how it holds them.
pub fn text_of(bytes: Vec<u8>) -> (String, Encoding) {
    encode(bytes, false)
}

/// Text if the bytes are text. A character that the limit cut in two does not make text binary: the
/// half is left out.
fn encode(mut bytes: Vec<u8>, truncated: bool) -> (String, Encoding) {
    if truncated
        && let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, Encoding::Utf8),
        Err(error) => (STANDARD.encode(error.as_bytes()), Encoding::Base64),
    }
}

fn decode(encoding: Encoding, text: &str) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        // Only `encode` makes such text, so it is always valid.
        Encoding::Base64 => STANDARD.decode(text).unwrap_or_default(),
    }
}

/// Whether a layer held for the whole run, and in which form.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
struct InForce<'a> {
    in_force: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
}

fn layers<S: Serializer>(isolation: &Isolation, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(isolation.0.len() + 1))?;
    for state in &isolation.0 {
        let in_force = InForce { in_force: state.in_force, detail: &state.detail };
        map.serialize_entry(state.layer.name(), &in_force)?;
    }
    map.serialize_entry("complete", &isolation.is_complete())?;
    map.end()
}

/// The schema of what [`layers`] writes.
#[cfg(feature = "schema")]
fn layers_schema() -> utoipa::openapi::Object {
    use utoipa::openapi::{Object, ObjectBuilder, Type};

    let boolean = || Object::with_type(Type::Boolean);
    ringfence_job::Layer::ALL
        .iter()
        .fold(ObjectBuilder::new().description(Some("Each layer of the jail.")), |schema, of| {
            schema.property(of.name(), <InForce<'_> as utoipa::PartialSchema>::schema())
        })
        .property("complete", boolean())
        .required("complete")
        .build()
}

#[cfg(test)]
mod tests {
    use ringfence_job::{Layer, LayerState, LimitsPatch, LimitsPolicy};
    use uuid::Uuid;

    use super::*;

    fn outcome(status: Status) -> Outcome {
        Outcome {
            status,
            exit_code: None,
            signal: None,
            stdout: Vec::new(),
            stderr: Vec::new(),
            stdout_truncated: false,
            stderr_truncated: false,
            limits_hit: Vec::new(),
            denied_syscalls: Vec::new(),
            denied_truncated: false,
            usage: Usage::default(),
            limits: LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap(),
            files: Vec::new(),
            isolation: Isolation::default(),
            runtime_id: None,
        }
    }

    fn answer(outcome: Outcome) -> Answer {
        let hashes = outcome.files.iter().map(|_| "hash".to_owned()).collect();
        Answer::new(RunId(Uuid::nil()), Language::Python, outcome, hashes, Shown::default(), Cost::default())
    }

    #[test]
    fn there_is_always_an_exit_code() {
        let code =
            |status, exit_code, signal| answer(Outcome { exit_code, signal, ..outcome(status) }).exit_code;
        assert_eq!(code(Status::Succeeded, Some(0), None), 0);
        assert_eq!(code(Status::Failed, Some(3), None), 3);
        assert_eq!(code(Status::Failed, None, None), 1);
        assert_eq!(code(Status::Signaled, None, Some(11)), 139);
        assert_eq!(code(Status::TimedOut, None, Some(9)), 124);
        assert_eq!(code(Status::OutOfMemory, Some(1), Some(9)), 137);
        assert_eq!(code(Status::Cancelled, None, Some(9)), 130);
    }

    #[test]
    fn the_object_has_the_promised_fields() {
        let mut done = outcome(Status::TimedOut);
        done.limits_hit = vec![LimitHit { limit: LimitKind::WallMs, value: 10_000 }];
        done.denied_syscalls = vec![DeniedSyscall { name: "ptrace".to_owned(), count: 2 }];
        done.files = vec![OutputFile { name: "a/chart.png".to_owned(), content: vec![0xff, 0x00] }];
        let layer = |layer| LayerState { layer, in_force: true, detail: String::new() };
        done.isolation = Isolation(Layer::ALL.map(layer).to_vec());
        done.isolation.0[8].detail = "v1".to_owned();
        let json = serde_json::to_value(answer(done)).unwrap();
        for field in "id language exitCode stdout stdoutEncoding stderr stderrEncoding truncated duration \
            timedOut status signal limitsHit deniedSyscalls usage limits results files isolation"
            .split_whitespace()
        {
            assert!(json.get(field).is_some(), "{field}");
        }
        assert_eq!(json["status"], "timed_out");
        assert_eq!(json["timedOut"], true);
        let hit = serde_json::json!({
            "limit": "wallMs", "event": "timed_out", "value": 10_000, "setting": "limits.wallMs" });
        assert_eq!(json["limitsHit"], serde_json::json!([hit]));
        assert_eq!(json["deniedSyscalls"], serde_json::json!([{ "name": "ptrace", "count": 2 }]));
        let file = serde_json::json!({ "name": "a/chart.png", "size": 2, "sha256": "hash",
            "mime": "image/png", "encoding": "base64", "content": "/wA=" });
        assert_eq!(json["files"], serde_json::json!([file]));
        assert_eq!(json["isolation"]["complete"], true);
        assert_eq!(json["isolation"]["seccomp"], serde_json::json!({ "inForce": true }));
        assert_eq!(json["isolation"]["cgroupMemory"]["detail"], "v1");
    }

    #[test]
    fn text_stays_text_where_the_limit_cuts_a_character() {
        let mut cut = outcome(Status::Succeeded);
        cut.stdout = "a€".as_bytes()[..3].to_vec();
        let whole = answer(cut.clone());
        assert_eq!(whole.stdout_encoding, Encoding::Base64);
        assert_eq!(whole.stdout_bytes(), cut.stdout);
        cut.stdout_truncated = true;
        let whole = answer(cut);
        assert_eq!((whole.stdout.as_str(), whole.stdout_encoding), ("a", Encoding::Utf8));
        assert!(whole.truncated.stdout);
    }

    #[test]
    fn output_that_is_not_text_survives_as_it_is() {
        let bytes: Vec<u8> = (0..=255).collect();
        let binary = answer(Outcome { stderr: bytes.clone(), ..outcome(Status::Failed) });
        assert_eq!(binary.stderr_encoding, Encoding::Base64);
        assert_eq!(binary.stderr_bytes(), bytes);
    }
}
