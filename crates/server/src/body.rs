//! Request bodies: read within bounds of size and time, parsed strictly, errors with a pointer.

use std::{collections::BTreeMap, fmt, marker::PhantomData, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::StreamExt;
use ringfence_job::InputFile;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, Error, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor,
        value::MapAccessDeserializer,
    },
};
use serde_path_to_error::{Path, Segment};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;

use crate::{App, ServerOptions, problem::Problem};

/// The share of the memory for bodies that is kept for keys with few runs: one in so many parts. A flood of
/// large bodies by one key does not shut another out.
const BODIES_PER_FEW: usize = 4;

/// Memory set aside for a body before any of it has come, in bytes at most.
const BODY_RESERVE_BYTES: usize = 64 * 1024;

/// A body, and the share of the memory for bodies that it takes.
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    /// To be dropped with the last of what the body said.
    pub(crate) room: OwnedSemaphorePermit,
}

/// Reads a JSON body. Unknown and doubled fields are errors.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request, app: &App) -> Result<T, Problem> {
    parse(&read_json_bytes(request, app, true).await?.bytes)
}

/// Reads a JSON body that may be left out.
pub(crate) async fn read_json_if_any<T: DeserializeOwned + Default>(
    request: Request,
    app: &App,
) -> Result<T, Problem> {
    let framed = is_framed(&request);
    let typed = check_media_type(&request);
    let body = read_body(request, app, true).await?;
    if !framed || body.bytes.is_empty() {
        return Ok(T::default());
    }
    typed?;
    parse(&body.bytes)
}

/// Reads a JSON body without a look at it. The last of the memory for bodies is for those `one_of_few`.
pub(crate) async fn read_json_bytes(request: Request, app: &App, one_of_few: bool) -> Result<Held, Problem> {
    check_media_type(&request)?;
    if !is_framed(&request) {
        let detail = "send a body with Content-Length or Transfer-Encoding: chunked";
        return Err(Problem::new(StatusCode::LENGTH_REQUIRED, "length_required", detail));
    }
    read_body(request, app, one_of_few).await
}

async fn read_body(request: Request, app: &App, one_of_few: bool) -> Result<Held, Problem> {
    let options = &app.options;
    check_encoding(&request)?;
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > options.body_bytes_max) {
        return Err(too_large(options));
    }
    let kept_free = if one_of_few { 0 } else { options.bodies_bytes_max / BODIES_PER_FEW };
    let room = Room { all: &app.bodies, kept_free };
    let reading = read_bytes(request.into_body(), options, announced.unwrap_or(0), &room);
    tokio::time::timeout(options.body_wait_max, reading).await.map_err(|_| {
        let detail = format!("the body took longer than {} s to arrive", options.body_wait_max.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    })?
}

/// The memory for bodies, as far as a request may have it.
struct Room<'a> {
    all: &'a Arc<Semaphore>,
    kept_free: usize,
}

impl Room<'_> {
    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let permits =
            u32::try_from(bytes).ok().filter(|_| self.all.available_permits() >= bytes + self.kept_free);
        permits
            .and_then(|permits| Arc::clone(self.all).try_acquire_many_owned(permits).ok())
            .ok_or_else(|| Problem::busy("the memory for request bodies is taken, try again later"))
    }
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

/// True if the request says how long its body is, or that it says so as it comes.
fn is_framed(request: &Request) -> bool {
    let headers = request.headers();
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

/// Refuses a body that is packed, for nothing here unpacks.
fn check_encoding(request: &Request) -> Result<(), Problem> {
    let packed = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(CONTENT_ENCODING).iter().any(packed) {
        let detail = "send the body as it is, without Content-Encoding";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", detail));
    }
    Ok(())
}

async fn read_bytes(
    body: Body,
    options: &ServerOptions,
    announced: usize,
    room: &Room<'_>,
) -> Result<Held, Problem> {
    let reserve = announced.min(BODY_RESERVE_BYTES);
    let mut held = Held { bytes: Vec::with_capacity(reserve), room: room.take(reserve)? };
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("body_unreadable", "the body broke off"))?;
        let bytes = held.bytes.len() + chunk.len();
        if bytes > options.body_bytes_max {
            return Err(too_large(options));
        }
        if bytes > held.bytes.capacity() {
            // What is set aside is what is counted.
            let capacity = (2 * held.bytes.capacity()).clamp(bytes, options.body_bytes_max.max(bytes));
            held.room.merge(room.take(capacity - held.bytes.capacity())?);
            held.bytes.reserve_exact(capacity - held.bytes.len());
        }
        held.bytes.extend_from_slice(&chunk);
    }
    Ok(held)
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
    let Object(value) = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        // Some values of a wrong type are told as wrong syntax, so it is looked at by itself.
        let is_json = error.is_data() || serde_json::from_str::<IgnoredAny>(text).is_ok();
        let code = if is_json { "invalid_request" } else { "invalid_json" };
        Problem::bad_request(code, error.to_string()).at(pointer)
    })?;
    parser.end().map_err(|error| Problem::bad_request("invalid_json", error.to_string()))?;
    Ok(value)
}

/// A field that is one word of several. By itself a derived type also takes `{"word": null}`.
pub(crate) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(deserializer)?.into_deserializer())
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
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[schema(as = Encoding)]
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
#[derive(Deserialize, ToSchema)]
#[schema(as = InputFile)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileBody {
    /// A plain name of at most 200 bytes, used once.
    #[schema(min_length = 1, max_length = 200, pattern = r"^(?!\.{1,2}$)[^/\\\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    /// The content, as `encoding` says.
    content: String,
    /// How `content` holds the file's bytes.
    #[serde(default, deserialize_with = "word")]
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

/// A value that is written as a JSON object. A derived [`Deserialize`] takes an array of its fields too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(access))
            }
        }

        deserializer.deserialize_map(Only(PhantomData)).map(Object)
    }
}

/// A field that is a JSON object.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// A field that is a list of JSON objects.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let values = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|Object(value)| value).collect())
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
