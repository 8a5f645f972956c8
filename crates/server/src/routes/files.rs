//! `/v1/files`: contents that are uploaded once and used by name of their hash.

use std::{pin::pin, sync::Arc};

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::StreamExt;
use ringfence_job::check_file_name;
use ringfence_pipeline::{
    answer::media_type,
    files::{FileCursor, FileInfo, Incoming, is_file_id},
    keys::Scope,
    run::Principal,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::Array};

use super::{
    Named, download,
    pages::{Page, PageQuery},
};
use crate::{
    App,
    body::{check_encoding, check_length, content_length, paced},
    multipart::{Form, contents, is_form},
    openapi::{BadRequest, Busy, Erased, NotFound, QuotaExceeded, Refused},
    problem::Problem,
};

/// Name of an upload that was given none.
const UNNAMED: &str = "file";

/// Most files of one upload.
const FILES_MAX: usize = 32;

/// The hash of a body, for us to compare (RFC 9530).
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameQuery {
    /// The file's name, plain and of at most 200 bytes; `file` if it is not said.
    #[param(min_length = 1, max_length = 200, pattern = r"^(?!\.{1,2}$)[^/\\\x00-\x1f\x7f-\x9f]+$")]
    name: Option<String>,
}

/// A file, and the type that its name says.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadedFile)]
pub(crate) struct FileBody {
    #[serde(flatten)]
    file: FileInfo,
    /// The media type that its name says.
    mime: String,
}

impl From<FileInfo> for FileBody {
    fn from(file: FileInfo) -> FileBody {
        let mime = media_type(&file.name);
        FileBody { file, mime }
    }
}

/// The files of a form.
#[derive(ToSchema)]
#[schema(as = UploadForm)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(crate) struct UploadForm {
    #[schema(schema_with = parts_schema)]
    file: Vec<Vec<u8>>,
}

fn parts_schema() -> Array {
    let description = "Each has its name; all are kept or none.";
    contents().description(Some(description)).min_items(Some(1)).max_items(Some(FILES_MAX)).build()
}

/// What an upload is answered with: one file, or those of a form.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Uploaded {
    /// The body.
    One(FileBody),
    /// The files of a form.
    Form {
        /// In their order.
        data: Vec<FileBody>,
    },
}

/// Keeps a body, or the files of a form, for runs to use.
///
/// The same content again is the same file, with the last name and a new time.
#[utoipa::path(
    post,
    path = "/v1/files",
    operation_id = "upload",
    tag = "files",
    params(
        NameQuery,
        ("Content-Digest" = Option<String>, Header, pattern = "^sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:$",
            description = "The hash of the body, compared (RFC 9530)."),
    ),
    request_body(
        description = "The content; or a form whose parts `file` are kept, all or none.",
        content((String = "application/octet-stream"), (UploadForm = "multipart/form-data")),
    ),
    responses(
        (status = 201, description = "What was kept.", body = Uploaded, links(
            ("getFile" = (operation_id = "getFile", parameters(("id" = "$response.body#/id")))),
            ("getFileContent" = (operation_id = "getFileContent", parameters(("id" = "$response.body#/id")))),
            ("deleteFile" = (operation_id = "deleteFile", parameters(("id" = "$response.body#/id")))),
        )),
        BadRequest, Refused, Busy, QuotaExceeded,
    ),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    query: Result<Query<NameQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Execute).await?;
    let _place = app.enter_upload(&principal)?;
    let Query(query) = query.map_err(|error| Problem::bad_request("invalid_query", error.body_text()))?;
    check_encoding(request.headers())?;
    check_length(request.headers())?;
    let digest = content_digest(request.headers())?;
    if !is_form(request.headers()) {
        let name = query.name.unwrap_or_else(|| UNNAMED.to_owned());
        check_name(&name, 0)?;
        return app.keep_one(&principal, request, name, digest).await;
    }
    let once = "the files of a form have their names and no digest: leave out name and Content-Digest";
    if query.name.is_some() || digest.is_some() {
        return Err(Problem::bad_request("invalid_request", once));
    }
    app.keep_form(&principal, request).await
}

/// Lists the organisation's files, the newest first.
#[utoipa::path(
    get,
    path = "/v1/files",
    operation_id = "listFiles",
    tag = "files",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of files.", body = Page<FileBody>, links(
            ("nextPage" = (operation_id = "listFiles", parameters(("cursor" = "$response.body#/nextCursor")))),
        )),
        BadRequest,
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<FileBody>>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let query = PageQuery::read(query)?;
    let cursor: Option<FileCursor> = match query.cursor() {
        Some(cursor) => Some(cursor.parse().map_err(|()| query.wrong_cursor())?),
        None => None,
    };
    let files = app.pipeline.files().files(&principal, cursor.as_ref(), query.limit()).await?;
    let files = files.into_iter().map(FileBody::from).collect();
    Ok(Json(Page::new(files, query.limit(), |file| FileCursor::from(&file.file).to_string())))
}

/// Tells what is known of a file.
#[utoipa::path(
    get,
    path = "/v1/files/{id}",
    operation_id = "getFile",
    tag = "files",
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "The hash of its content.")),
    responses((status = 200, description = "The file.", body = FileBody), NotFound),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Json<FileBody>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    Ok(Json(app.file(&principal, &id).await?.into()))
}

/// Gives a file's content.
#[utoipa::path(
    get,
    path = "/v1/files/{id}/content",
    operation_id = "getFileContent",
    tag = "files",
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "The hash of its content.")),
    responses(
        (status = 200, description = "The content, byte for byte, as the type that its name suggests.",
            content_type = "*/*",
            headers(
                ("ETag" = String, description = "SHA-256 of the content."),
                ("Content-Disposition" = String, description = "`attachment`."),
                ("Content-Security-Policy" = String, description = "A page or picture that is shown all the same may do nothing."),
            )),
        NotFound, Erased,
    ),
)]
pub(crate) async fn content(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let file = app.file(&principal, &id).await?;
    let content = app.pipeline.open(&file.id).await?.ok_or_else(Problem::erased)?;
    Ok(download::response(&file.name, &file.id, content))
}

/// Forgets a file. Runs that use it go on.
#[utoipa::path(
    delete,
    path = "/v1/files/{id}",
    operation_id = "deleteFile",
    tag = "files",
    params(("id" = String, Path, pattern = "^[0-9a-f]{64}$", description = "The hash of its content.")),
    responses((status = 204, description = "It is forgotten."), NotFound),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Execute).await?;
    let removed = is_file_id(&id) && app.pipeline.files().remove_file(&principal, &id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::no_such_file()) }
}

impl App {
    async fn file(&self, principal: &Principal, id: &str) -> Result<FileInfo, Problem> {
        if !is_file_id(id) {
            return Err(Problem::no_such_file());
        }
        self.pipeline.files().file(principal, id).await?.ok_or_else(Problem::no_such_file)
    }

    async fn keep_one(
        &self,
        principal: &Principal,
        request: Request,
        name: String,
        digest: Option<Vec<u8>>,
    ) -> Result<Response, Problem> {
        let announced = content_length(request.headers());
        let mut incoming = self.pipeline.files().receive(principal, announced).await?;
        let mut pieces = pin!(paced(request.into_body(), &self.options));
        while let Some(piece) = pieces.next().await {
            incoming.write(&piece?).await?;
        }
        let found = incoming.end_file(name).await?;
        if digest.is_some_and(|digest| digest != found) {
            let detail =
                format!("the body's hash is sha-256=:{}:, not Content-Digest", STANDARD.encode(found));
            return Err(Problem::bad_request("digest_mismatch", detail));
        }
        let file = FileBody::from(incoming.keep().await?.remove(0));
        let location = format!("/v1/files/{}", file.file.id);
        Ok((StatusCode::CREATED, [(LOCATION, location)], Json(Uploaded::One(file))).into_response())
    }

    async fn keep_form(&self, principal: &Principal, request: Request) -> Result<Response, Problem> {
        // What the boundaries take is unknown, so the length of the form says nothing about its files.
        let mut incoming = self.pipeline.files().receive(principal, None).await?;
        let headers = request.headers().clone();
        let mut form = Form::new(&headers, paced(request.into_body(), &self.options)).await?;
        let mut files = 0;
        while let Some(part) = form.next().await? {
            if files == FILES_MAX {
                let detail = format!("one upload has at most {FILES_MAX} files");
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_files", detail));
            }
            receive_part(incoming.as_mut(), part, files).await?;
            files += 1;
        }
        if files == 0 {
            return Err(Problem::bad_request("invalid_multipart", "the form has no part `file`"));
        }
        let files: Vec<FileBody> = incoming.keep().await?.into_iter().map(FileBody::from).collect();
        Ok((StatusCode::CREATED, Json(Uploaded::Form { data: files })).into_response())
    }
}

async fn receive_part(
    incoming: &mut dyn Incoming,
    mut part: crate::multipart::Part<'_>,
    at: usize,
) -> Result<(), Problem> {
    let name = part.file_name(at)?;
    check_name(&name, at)?;
    while let Some(piece) = part.piece().await? {
        incoming.write(&piece).await?;
    }
    incoming.end_file(name).await?;
    Ok(())
}

fn check_name(name: &str, at: usize) -> Result<(), Problem> {
    check_file_name(name).map_err(|error| {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "file_name_invalid", error.to_string());
        problem.at(format!("/files/{at}/name"))
    })
}

/// The SHA-256 that a request says its body has; other hashes are not looked at.
fn content_digest(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Problem> {
    let values = headers.get_all(CONTENT_DIGEST).iter().filter_map(|value| value.to_str().ok());
    let Some(given) = values.flat_map(|value| value.split(',')).find_map(|item| {
        let (algorithm, value) = item.trim().split_once('=')?;
        (algorithm == "sha-256").then_some(value)
    }) else {
        return Ok(None);
    };
    let bytes = given.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
    let digest = bytes.and_then(|bytes| STANDARD.decode(bytes).ok()).filter(|digest| digest.len() == 32);
    digest.map(Some).ok_or_else(|| {
        let detail = "Content-Digest is not written as sha-256=:BASE64: with 32 bytes";
        Problem::bad_request("invalid_digest", detail)
    })
}
