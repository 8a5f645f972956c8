//! Request bodies: read within bounds of size and time, parsed strictly, errors with a pointer.

use std::{collections::BTreeMap, fmt};

use axum::{
    body::Body,
    extract::Request,
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::StreamExt;
use ringfence_job::InputFile;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_path_to_error::{Path, Segment};

use crate::{ServerOptions, problem::Problem};

/// Memory set aside for a body before any of it has come, in bytes at most.
const BODY_RESERVE_BYTES: usize = 64 * 1024;

/// Reads a JSON body. Unknown and doubled fields are errors.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request,
    options: &ServerOptions,
) -> Result<T, Problem> {
    parse(&read_json_bytes(request, options).await?)
}

/// Reads a JSON body that may be left out.
pub(crate) async fn read_json_if_any<T: DeserializeOwned + Default>(
    request: Request,
    options: &ServerOptions,
) -> Result<T, Problem> {
    let typed = check_media_type(&request);
    let bytes = read_body(request, options).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    typed?;
    parse(&bytes)
}

/// Reads a JSON body without a look at it.
pub(crate) async fn read_json_bytes(request: Request, options: &ServerOptions) -> Result<Vec<u8>, Problem> {
    check_media_type(&request)?;
    read_body(request, options).await
}

async fn read_body(request: Request, options: &ServerOptions) -> Result<Vec<u8>, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > options.body_bytes_max) {
        return Err(too_large(options));
    }
    let reading = read_bytes(request.into_body(), options, announced.unwrap_or(0));
    tokio::time::timeout(options.body_wait_max, reading).await.map_err(|_| {
        let detail = format!("the body took longer than {} s to arrive", options.body_wait_max.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    })?
}

fn check_media_type(request: &Request) -> Result<(), Problem> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
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

async fn read_bytes(body: Body, options: &ServerOptions, announced: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(announced.min(BODY_RESERVE_BYTES));
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("body_unreadable", "the body broke off"))?;
        if bytes.len() + chunk.len() > options.body_bytes_max {
            return Err(too_large(options));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
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
    content: String,
    #[serde(default)]
    encoding: Encoding,
}

/// The files of a request, decoded.
pub(crate) fn input_files(files: Vec<FileBody>) -> Result<Vec<InputFile>, Problem> {
    let decode = |(at, file): (usize, FileBody)| {
        let content = file.encoding.decode(file.content, || format!("/files/{at}/content"))?;
        Ok(InputFile { name: file.name, content })
    };
    files.into_iter().enumerate().map(decode).collect()
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
