//! Request bodies: read within bounds of size and time, parsed strictly, errors with a pointer.

use std::{
    collections::BTreeMap,
    fmt, iter,
    marker::PhantomData,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{Stream, StreamExt, stream};
use ringfence_job::InputFile;
use ringfence_pipeline::{Place, files::UploadRef, policy::ITEMS_MAX};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, Error, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
        value::MapAccessDeserializer,
    },
};
use serde_path_to_error::{Path, Segment};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use utoipa::ToSchema;

use crate::{App, ServerOptions, multipart, problem::Problem};

/// The share of the memory for bodies that is kept for keys with few runs: one in so many parts. A flood of
/// large bodies by one key does not shut another out.
const BODIES_PER_FEW: usize = 4;

/// Largest body that is parsed as it is, in bytes: an error in it has little to quote.
const OUTLINED_BYTES_MIN: usize = 64 * 1024;

/// Longest string that an error in a larger body may quote, in bytes.
const QUOTED_BYTES_MAX: usize = 1024;

/// Memory set aside for a body before any of it has come, in bytes at most.
const BODY_RESERVE_BYTES: usize = 64 * 1024;

/// Reads a JSON body. Unknown and doubled fields are errors.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request, app: &App) -> Result<T, Problem> {
    check_media_type(media_type(request.headers()))?;
    check_length(request.headers())?;
    parse(&read_body(request, app, &Room::of(app, true)).await?.0)
}

/// Reads a JSON body that may be left out.
pub(crate) async fn read_json_if_any<T: DeserializeOwned + Default>(
    request: Request,
    app: &App,
) -> Result<T, Problem> {
    let typed = check_media_type(media_type(request.headers()));
    let (body, _) = read_body(request, app, &Room::of(app, true)).await?;
    if body.is_empty() {
        return Ok(T::default());
    }
    typed?;
    parse(&body)
}

/// Reads the body of a run: a JSON document, by itself or as the part `request` of a form with the files
/// beside it. Unknown and doubled fields are errors. The place keeps the body's share of the memory.
pub(crate) async fn read_request<T: DeserializeOwned>(
    request: Request,
    app: &App,
    place: &mut Place,
) -> Result<(T, Vec<InputFile>), Problem> {
    if !multipart::is_form(request.headers()) {
        check_media_type(media_type(request.headers()))?;
    }
    check_length(request.headers())?;
    let room = Room::of(app, place.is_one_of_few());
    let (json, files) = read_body(request, app, &room).await?;
    place.keep(room);
    Ok((parse(&json)?, files))
}

/// Reads the JSON body of a run that has no files.
pub(crate) async fn read_json_of_run<T: DeserializeOwned>(
    request: Request,
    app: &App,
    place: &mut Place,
) -> Result<T, Problem> {
    check_media_type(media_type(request.headers()))?;
    Ok(read_request(request, app, place).await?.0)
}

async fn read_body(request: Request, app: &App, room: &Room) -> Result<(Vec<u8>, Vec<InputFile>), Problem> {
    let options = &app.options;
    check_encoding(request.headers())?;
    let announced = content_length(request.headers());
    if announced.is_some_and(|bytes| bytes > options.body_bytes_max as u64) {
        return Err(too_large(options));
    }
    let headers = request.headers().clone();
    let reading = async {
        let pieces = limited(request.into_body(), options, announced.unwrap_or(0), room.clone())?;
        if multipart::is_form(&headers) {
            return multipart::read_request(&headers, pieces).await;
        }
        Ok((read_bytes(pieces, announced.unwrap_or(0)).await?, Vec::new()))
    };
    tokio::time::timeout(options.body_wait_max, reading).await.map_err(|_| {
        let detail = format!("the body took longer than {} s to arrive", options.body_wait_max.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail)
    })?
}

/// What bodies take of the memory for them, given back when the last copy is dropped.
#[derive(Clone)]
struct Room {
    all: Arc<Semaphore>,
    kept_free: usize,
    taken: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Room {
    /// None yet, of all there is; the last of it is for those `one_of_few`.
    fn of(app: &App, one_of_few: bool) -> Room {
        let kept_free = if one_of_few { 0 } else { app.options.bodies_bytes_max / BODIES_PER_FEW };
        Room { all: Arc::clone(&app.bodies), kept_free, taken: Arc::default() }
    }

    fn take(&self, bytes: usize) -> Result<(), Problem> {
        let permits = u32::try_from(bytes).ok();
        let more = permits
            .and_then(|permits| Arc::clone(&self.all).try_acquire_many_owned(permits).ok())
            // Looked at after it is taken: two at once cannot both have the last that is not kept.
            .filter(|_| self.all.available_permits() >= self.kept_free)
            .ok_or_else(|| Problem::busy("the memory for request bodies is taken, try again later"))?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.as_mut() {
            Some(taken) => taken.merge(more),
            None => *taken = Some(more),
        }
        Ok(())
    }
}

/// The length of a body, if it is announced.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn media_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// Fails unless the request says how long its body is, or that it says so as it comes.
pub(crate) fn check_length(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    let detail = "send a body with Content-Length or Transfer-Encoding: chunked";
    Err(Problem::new(StatusCode::LENGTH_REQUIRED, "length_required", detail))
}

/// Refuses a body that is packed, for nothing here unpacks.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let packed = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(packed) {
        let detail = "send the body as it is, without Content-Encoding";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", detail));
    }
    Ok(())
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

async fn read_bytes(
    pieces: impl Stream<Item = Result<Bytes, Problem>>,
    announced: u64,
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(reserve_for(announced));
    let mut pieces = pin!(pieces);
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// The pieces of a body, up to its limit. Some of what is announced is counted before it comes.
fn limited(
    body: Body,
    options: &ServerOptions,
    announced: u64,
    room: Room,
) -> Result<impl Stream<Item = Result<Bytes, Problem>> + Send + use<>, Problem> {
    let mut ahead = reserve_for(announced);
    room.take(ahead)?;
    let (mut left, too_large) = (options.body_bytes_max, too_large(options));
    Ok(body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(|_| broke_off())?;
        left = left.checked_sub(chunk.len()).ok_or_else(|| too_large.clone())?;
        let counted = ahead.min(chunk.len());
        ahead -= counted;
        room.take(chunk.len() - counted)?;
        Ok(chunk)
    }))
}

fn reserve_for(announced: u64) -> usize {
    usize::try_from(announced).unwrap_or(usize::MAX).min(BODY_RESERVE_BYTES)
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
    // An error quotes what is wrong, and takes many times its length to do so. So the shape of a large body
    // is looked at first, without what is long; where in the text that would be, it cannot say.
    if text.len() > OUTLINED_BYTES_MIN && outline_length(text) < text.len() {
        parse_text::<T>(&outline(text), false)?;
    }
    parse_text(text, true)
}

/// The text with its long strings cut.
fn outline(text: &str) -> String {
    let mut outline = String::with_capacity(outline_length(text));
    outline.extend(pieces(text));
    outline
}

fn outline_length(text: &str) -> usize {
    pieces(text).map(str::len).sum()
}

/// The pieces of a JSON text, its long strings cut.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    let pieces = iter::from_fn(move || {
        let begin = text.find('"').map_or(text.len(), |quote| quote + 1);
        let (before, string) = text.split_at(begin);
        let (string, after) = string.split_at(string_length(string));
        let (quote, after) = after.split_at(after.len().min(1));
        text = after;
        (!before.is_empty()).then(|| [before, cut(string), quote])
    });
    pieces.flatten()
}

/// A string or, if it is long, its beginning; no escape is cut in two.
fn cut(string: &str) -> &str {
    if string.len() <= QUOTED_BYTES_MAX {
        return string;
    }
    let begin = &string[..string.floor_char_boundary(QUOTED_BYTES_MAX)];
    &begin[..begin.find('\\').unwrap_or(begin.len())]
}

/// Bytes until the quote that ends a string; all if none does.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        at += next;
        if bytes[at] == b'"' {
            return at;
        }
        // What is escaped may be a quote.
        at = bytes.len().min(at + 2);
    }
    bytes.len()
}

fn parse_text<T: DeserializeOwned>(text: &str, is_whole: bool) -> Result<T, Problem> {
    let told = |error: serde_json::Error| {
        let (text, place) =
            (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
        if is_whole { text } else { text.replace(&place, "") }
    };
    let mut parser = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        // Some values of a wrong type are told as wrong syntax, so it is looked at by itself.
        let is_json = error.is_data() || serde_json::from_str::<IgnoredAny>(text).is_ok();
        let code = if is_json { "invalid_request" } else { "invalid_json" };
        Problem::bad_request(code, told(error)).at(pointer)
    })?;
    parser.end().map_err(|error| Problem::bad_request("invalid_json", told(error)))?;
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

/// An input file in a request; [`InputFileSchema`] says what goes together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileBody {
    name: String,
    #[serde(default, deserialize_with = "given")]
    content: Option<String>,
    #[serde(default, deserialize_with = "given_word")]
    encoding: Option<Encoding>,
    #[serde(default, deserialize_with = "given")]
    upload: Option<String>,
}

/// An input file: its content, or an upload.
#[derive(ToSchema)]
#[schema(as = InputFile)]
#[serde(untagged)]
#[allow(dead_code)]
pub(crate) enum InputFileSchema {
    /// With its content.
    Content(ContentFile),
    /// Of an upload.
    Upload(UploadFile),
}

/// A file with its content.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(crate) struct ContentFile {
    /// A plain name of at most 200 bytes, used once.
    #[schema(min_length = 1, max_length = 200, pattern = r"^(?!\.{1,2}$)[^/\\\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    /// The content, as `encoding` says.
    content: String,
    /// How `content` holds the file's bytes.
    #[serde(default)]
    encoding: Encoding,
}

/// A file that was uploaded.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(crate) struct UploadFile {
    /// A plain name of at most 200 bytes, used once.
    #[schema(min_length = 1, max_length = 200, pattern = r"^(?!\.{1,2}$)[^/\\\x00-\x1f\x7f-\x9f]+$")]
    name: String,
    /// The id of the upload.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    upload: String,
}

/// One word of several that may be left out, but is not null.
fn given_word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

/// A field that may be left out, but is not null.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
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

/// A field that is a list of JSON objects, no longer than any policy allows.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let values: Vec<Object<T>> = items(deserializer)?;
    Ok(values.into_iter().map(|Object(value)| value).collect())
}

/// A field that is a list, no longer than any policy allows: in memory a short item takes many times the
/// bytes that it takes in the body.
pub(crate) fn items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Items<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = access.next_element()? {
                check_room(items.len())?;
                items.push(item);
            }
            Ok(items)
        }
    }

    deserializer.deserialize_seq(Items(PhantomData))
}

/// Fails if there are as many items as there may be.
fn check_room<E: Error>(items: usize) -> Result<(), E> {
    if items < ITEMS_MAX { Ok(()) } else { Err(E::custom(format!("more than {ITEMS_MAX} items"))) }
}

/// A JSON object of strings in which no name stands twice, no larger than any policy allows.
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
                check_room(map.len())?;
                map.insert(name, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(UniqueMap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_the_shape_of_its_text() {
        let long = "x".repeat(2 * QUOTED_BYTES_MAX);
        let short = &long[..QUOTED_BYTES_MAX];
        for (text, outlined) in [
            (String::new(), String::new()),
            ("12".to_owned(), "12".to_owned()),
            (r#"{"a":"b","c":[1,"\"\\"]}"#.to_owned(), r#"{"a":"b","c":[1,"\"\\"]}"#.to_owned()),
            (format!(r#"{{"{long}":["{long}",1]}}"#), format!(r#"{{"{short}":["{short}",1]}}"#)),
            (format!(r#"["a\"{long}","b"]"#), r#"["a","b"]"#.to_owned()),
            (format!(r#"["\u0041{long}\\"]"#), r#"[""]"#.to_owned()),
            (format!(r#"["{}ä{long}"]"#, &short[1..]), format!(r#"["{}"]"#, &short[1..])),
            (format!(r#"["{long}"#), format!(r#"["{short}"#)),
            (format!(r#"["{long}\"#), format!(r#"["{short}"#)),
        ] {
            assert_eq!(outline(&text), outlined, "{text:.40}");
        }
    }

    #[test]
    fn errors_in_large_bodies_quote_little_and_say_where() {
        let long = "x".repeat(OUTLINED_BYTES_MIN);
        let parse = |text: &str| parse::<BTreeMap<String, u8>>(text.as_bytes());
        assert_eq!(parse(&format!(r#"{{"{long}":1}}"#)).unwrap().len(), 1);
        let problem = parse(&format!(r#"{{"{long}":1, "b":"{long}"}}"#)).unwrap_err();
        let told: serde_json::Value = serde_json::from_slice(&problem.body("id")).unwrap();
        assert_eq!((&told["code"], &told["errors"][0]["pointer"]), (&"invalid_request".into(), &"/b".into()));
        assert!(!told["detail"].as_str().unwrap().contains("column"), "{told}");
    }
}
