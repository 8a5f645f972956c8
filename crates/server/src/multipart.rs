//! Forms (`multipart/form-data`, RFC 7578): read part by part, as strictly as JSON.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request, multipart::Field, multipart::MultipartError,
    },
    http::{HeaderMap, header::CONTENT_TYPE},
};
use futures::{Stream, StreamExt};
use ringfence_job::InputFile;
use utoipa::openapi::{Array, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::{body::check_media_type, problem::Problem};

/// Name of the part that holds the JSON document of a request.
const REQUEST: &str = "request";

/// Name of the parts that hold files.
const FILE: &str = "file";

/// Most parts of one form.
const PARTS_MAX: usize = 256;

/// Most bytes that bring neither a part nor a piece of one: boundaries and a part's head.
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// True if a request says that its body is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("multipart/form-data")
}

/// The parts with files beside a document, in a description.
pub(crate) fn files_schema() -> Array {
    let description = "Files; their file names are their names in the working directory.";
    contents().description(Some(description)).build()
}

/// Parts with contents, in a description.
pub(crate) fn contents() -> ArrayBuilder {
    let content = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .content_media_type("application/octet-stream");
    ArrayBuilder::new().items(content)
}

/// Reads a form of one part `request`, which is JSON, and any number of parts `file`.
pub(crate) async fn read_request(
    headers: &HeaderMap,
    pieces: impl Stream<Item = Result<Bytes, Problem>> + Send + 'static,
) -> Result<(Vec<u8>, Vec<InputFile>), Problem> {
    let mut form = Form::new(headers, pieces).await?;
    let (mut json, mut files) = (None, Vec::new());
    while let Some(part) = form.next().await? {
        if part.name() == REQUEST {
            if json.is_some() {
                return Err(invalid("the part `request` is there twice"));
            }
            if let Some(given) = part.field.content_type() {
                check_media_type(given)?;
            }
            json = Some(part.read().await?);
        } else {
            let name = part.file_name(files.len())?;
            files.push(InputFile { name, content: part.read().await? });
        }
    }
    let json = json.ok_or_else(|| invalid("the part `request` with the JSON document is missing"))?;
    Ok((json, files))
}

/// A form that is being read.
pub(crate) struct Form {
    inner: Multipart,
    parts: usize,
    fruitless: Arc<AtomicUsize>,
}

impl Form {
    /// The form whose body comes in `pieces`.
    pub(crate) async fn new(
        headers: &HeaderMap,
        pieces: impl Stream<Item = Result<Bytes, Problem>> + Send + 'static,
    ) -> Result<Form, Problem> {
        // The parser keeps what it has not understood yet, without a bound of its own.
        let fruitless = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&fruitless);
        let pieces = pieces.map(move |piece| {
            let piece = piece.map_err(Refused)?;
            if counted.fetch_add(piece.len(), Ordering::Relaxed) > HEAD_BYTES_MAX {
                return Err(Refused(invalid("the head of a part is too long")));
            }
            Ok(piece)
        });
        let mut request = Request::new(Body::from_stream(pieces));
        *request.headers_mut() = headers.clone();
        // The pieces have limits of their own.
        DefaultBodyLimit::disable().apply(&mut request);
        let inner =
            Multipart::from_request(request, &()).await.map_err(|error| invalid(&error.body_text()))?;
        Ok(Form { inner, parts: 0, fruitless })
    }

    /// The next part, `request` or `file`; the one before it has to be read to its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Part<'_>>, Problem> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(invalid(&format!("a form has at most {PARTS_MAX} parts")));
        }
        let Some(field) = self.inner.next_field().await.map_err(problem)? else { return Ok(None) };
        self.fruitless.store(0, Ordering::Relaxed);
        if !matches!(field.name(), Some(REQUEST | FILE)) {
            let name = field.name().unwrap_or_default();
            return Err(invalid(&format!("unknown part {name:?}, send `{REQUEST}` and `{FILE}`")));
        }
        Ok(Some(Part { field, fruitless: &self.fruitless }))
    }
}

/// A part of a form.
pub(crate) struct Part<'a> {
    field: Field<'a>,
    fruitless: &'a AtomicUsize,
}

impl Part<'_> {
    fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// The name of the file it holds, the `at`th of the form; a part of another kind is refused.
    pub(crate) fn file_name(&self, at: usize) -> Result<String, Problem> {
        if self.name() != FILE {
            return Err(invalid(&format!("part `{}` does not belong here, send `{FILE}`", self.name())));
        }
        self.field
            .file_name()
            .map(str::to_owned)
            .ok_or_else(|| invalid("a part `file` needs a filename in UTF-8").at(format!("/files/{at}/name")))
    }

    /// The next piece of its content.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        let piece = self.field.chunk().await.map_err(problem)?;
        self.fruitless.store(0, Ordering::Relaxed);
        Ok(piece)
    }

    async fn read(mut self) -> Result<Vec<u8>, Problem> {
        let mut content = Vec::new();
        while let Some(piece) = self.piece().await? {
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::bad_request("invalid_multipart", detail)
}

/// What the parser ran into: a problem of ours that came with the pieces, or one of the form.
fn problem(error: MultipartError) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(Refused(problem)) = error.downcast_ref() {
            return problem.clone();
        }
        cause = error.source();
    }
    invalid(&error.body_text())
}

/// A problem on its way through the parser.
#[derive(Debug)]
struct Refused(Problem);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {}
