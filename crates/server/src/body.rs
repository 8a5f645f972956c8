//! Request bodies: read within bounds of size and time, parsed strictly, errors with a pointer.

use std::{collections::BTreeMap, fmt, pin::pin};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{Stream, StreamExt, stream};
use ringfence_job::InputFile;
use ringfence_pipeline::files::UploadRef;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_path_to_error::{Path, Segment};
use tokio::time::{Instant, timeout_at};

use crate::{ServerOptions, multipart, problem::Problem};

/// Memory set aside for a body before any of it has come, in bytes at most.
const BODY_RESERVE_BYTES: usize = 64 * 1024;

/// Reads a body: a JSON document, by itself or as the part `request` of a form with the files beside it.
/// Unknown and doubled fields are errors.
pub(crate) async fn read_request<T: DeserializeOwned>(
    request: Request,
    options: &ServerOptions,
) -> Result<(T, Vec<InputFile>), Problem> {
    let announced = content_length(request.headers());
    if announced.is_some_and(|bytes| bytes > options.body_bytes_max as u64) {
        return Err(too_large(options));
    }
    let headers = request.headers().clone();
    let reading = async {
        let body = request.into_body();
        if multipart::is_form(&headers) {
            return multipart::read_request(&headers, limited(body, options)).await;
        }
        check_media_type(headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(""))?;
        Ok((read_bytes(body, options, announced.unwrap_or(0)).await?, Vec::new()))
    };
    let (json, files) = tokio::time::timeout(options.body_wait_max, reading).await.map_err(|_| {
        let detail = format!("the body took longer than {} s to arrive", options.body_wait_max.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    })??;
    Ok((parse(&json)?, files))
}

/// The length of a body, if it is announced.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Fails unless it is that of JSON.
pub(crate) fn check_media_type(given: &str) -> Result<(), Problem> {
    let mut parts = given.split(';').map(str::trim);
    let json = parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        !name.trim().eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if json && utf8 {
        return Ok(());
    }
    let detail = "send the body as Content-Type: application/json in UTF-8";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

async fn read_bytes(body: Body, options: &ServerOptions, announced: u64) -> Result<Vec<u8>, Problem> {
    let reserve = usize::try_from(announced).unwrap_or(usize::MAX).min(BODY_RESERVE_BYTES);
    let mut bytes = Vec::with_capacity(reserve);
    let mut chunks = pin!(limited(body, options));
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// The pieces of a body, up to its limit.
fn limited(body: Body, options: &ServerOptions) -> impl Stream<Item = Result<Bytes, Problem>> + Send + use<> {
    let (mut left, too_large) = (options.body_bytes_max, too_large(options));
    body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(|_| broke_off())?;
        left = left.checked_sub(chunk.len()).ok_or_else(|| too_large.clone())?;
        Ok(chunk)
    })
}

/// The pieces of an upload, as long as they come quickly enough.
pub(crate) fn paced(
    body: Body,
    options: &ServerOptions,
) -> impl Stream<Item = Result<Bytes, Problem>> + Send + use<> {
    let (pace, bytes_min, wait_max) =
        (options.upload_pace, options.upload_bytes_min, options.upload_wait_max);
    let end = Instant::now() + wait_max;
    let late = move || {
        let (pace, wait) = (pace.as_secs(), wait_max.as_secs());
        let detail = format!("an upload brings {bytes_min} bytes every {pace} s and takes at most {wait} s");
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    };
    // What has come since the last look at the pace, and when the next one is due.
    let state = (body.into_data_stream(), 0, Instant::now() + pace);
    stream::try_unfold(state, move |(mut chunks, mut brought, mut look)| async move {
        while Instant::now() < end {
            match timeout_at(look.min(end), chunks.next()).await {
                Ok(None) => return Ok(None),
                Ok(Some(chunk)) => {
                    let chunk = chunk.map_err(|_| broke_off())?;
                    brought += chunk.len();
                    return Ok(Some((chunk, (chunks, brought, look))));
                }
                Err(_) if brought < bytes_min => break,
                Err(_) => (brought, look) = (0, Instant::now() + pace),
            }
        }
        Err(late())
    })
}

fn broke_off() -> Problem {
    Problem::bad_request("body_unreadable", "the body broke off")
}

fn too_large(options: &ServerOptions) -> Problem {
    let detail = format!("the body is above the limit bodyBytesMax = {}", options.body_bytes_max);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// Parses a JSON body.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::bad_request("invalid_json", "the body is not UTF-8"))?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        let code = if error.is_data() { "invalid_request" } else { "invalid_json" };
        Problem::bad_request(code, error.to_string()).at(pointer)
    })?;
    parser.end().map_err(|error| Problem::bad_request("invalid_json", error.to_string()))?;
    Ok(value)
}

/// The JSON pointer (RFC 6901) of a place in the body.
fn pointer(path: &Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// How a text field holds bytes.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) enum Encoding {
    /// The text is the content.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// The text is the content in base64 with padding.
    #[serde(rename = "base64")]
    Base64,
}

impl Encoding {
    /// The bytes that `text` holds; `pointer` names it if it holds none.
    pub(crate) fn decode(self, text: String, pointer: impl FnOnce() -> String) -> Result<Vec<u8>, Problem> {
        match self {
            Encoding::Utf8 => Ok(text.into_bytes()),
            Encoding::Base64 => STANDARD.decode(text).map_err(|error| {
                let detail = format!("content is not base64: {error}").to_lowercase();
                Problem::bad_request("invalid_request", detail).at(pointer())
            }),
        }
    }
}

/// An input file in a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileBody {
    name: String,
    #[serde(default, deserialize_with = "given")]
    content: Option<String>,
    #[serde(default, deserialize_with = "given")]
    encoding: Option<Encoding>,
    /// The id of an upload, instead of content.
    #[serde(default, deserialize_with = "given")]
    upload: Option<String>,
}

/// A field that may be left out, but is not null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The files of a request: those of its document, then those beside it. Contents are decoded, uploads are
/// named with their places.
pub(crate) fn input_files(
    files: Vec<FileBody>,
    beside: Vec<InputFile>,
) -> Result<(Vec<InputFile>, Vec<UploadRef>), Problem> {
    let (mut contents, mut uploads) = (Vec::with_capacity(files.len() + beside.len()), Vec::new());
    for (at, FileBody { name, content, encoding, upload }) in files.into_iter().enumerate() {
        match (content, upload) {
            (Some(content), None) => {
                let encoding = encoding.unwrap_or_default();
                let content = encoding.decode(content, || format!("/files/{at}/content"))?;
                contents.push(InputFile { name, content });
            }
            (None, Some(id)) if encoding.is_none() => uploads.push(UploadRef { at, name, id }),
            _ => {
                let detail = "a file has either content, and then it may have an encoding, or upload";
                return Err(Problem::bad_request("invalid_request", detail).at(format!("/files/{at}")));
            }
        }
    }
    contents.extend(beside);
    Ok((contents, uploads))
}

/// A JSON object of strings in which no name stands twice.
pub(crate) fn unique_map<'de, D>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    struct UniqueMap;

    impl<'de> Visitor<'de> for UniqueMap {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, value)) = access.next_entry::<String, String>()? {
                if map.contains_key(&name) {
                    return Err(A::Error::custom(format!("duplicate name `{name}`")));
                }
                map.insert(name, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(UniqueMap)
}
