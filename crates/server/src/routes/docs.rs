//! `/openapi.json` and `/docs`: the description of the API, and a viewer for it that asks nobody else.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
        },
    },
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::Named;
use crate::{App, openapi::NotFound, problem::Problem};

/// What the pages may do: load and ask from here, and nothing else; nobody may frame them.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Files of the viewer that come with the crate it is from.
const VIEWER_FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

/// The description and the viewer, ready to be sent.
pub(crate) struct Documents {
    description: Document,
    page: Document,
    files: Vec<(&'static str, Document)>,
}

/// Bytes that stay the same as long as the program runs.
struct Document {
    media_type: &'static str,
    body: Bytes,
    etag: HeaderValue,
}

impl Documents {
    pub(crate) fn new(description: String) -> Documents {
        // The configuration of the viewer is not used: its page and first lines are ours.
        let config = Arc::new(utoipa_swagger_ui::Config::default());
        let vendored = |name| {
            let file = utoipa_swagger_ui::serve(name, Arc::clone(&config)).ok().flatten();
            (
                name,
                Document::new(media_type(name), file.map_or_else(Vec::new, |file| file.bytes.into_owned())),
            )
        };
        let start = Document::new(media_type(".js"), include_bytes!("docs/start.js").to_vec());
        let files = VIEWER_FILES.into_iter().map(vendored).chain([("start.js", start)]).collect();
        let page = include_bytes!("docs/page.html").to_vec();
        Documents {
            description: Document::new("application/json", description.into_bytes()),
            page: Document::new("text/html; charset=utf-8", page),
            files,
        }
    }
}

impl Document {
    fn new(media_type: &'static str, body: Vec<u8>) -> Document {
        let hash: String = Sha256::digest(&body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        // Hexadecimal digits in quotes are always a header's value.
        let etag = HeaderValue::try_from(format!("\"{hash}\""));
        let etag = etag.unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Document { media_type, body: body.into(), etag }
    }

    /// The document, or that whoever asks has it already.
    fn answer(&self, asked: &HeaderMap) -> Response {
        let headers: [(HeaderName, HeaderValue); 2] =
            [(ETAG, self.etag.clone()), (CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
        if self.is_had(asked) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let more = [
            (CONTENT_TYPE, self.media_type),
            (CONTENT_SECURITY_POLICY, PAGE_POLICY),
            (REFERRER_POLICY, "no-referrer"),
        ];
        (headers, more, self.body.clone()).into_response()
    }

    fn is_had(&self, asked: &HeaderMap) -> bool {
        let values = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes())
    }
}

fn media_type(name: &str) -> &'static str {
    if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" }
}

/// Describes this API.
///
/// The same as `ringfence openapi` prints on this machine, the operator's limits included.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "describeApi",
    tag = "service",
    security(()),
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of what you have.")),
    responses(
        (status = 200, description = "An OpenAPI 3.1 description.", body = Object,
            headers(("ETag" = String, description = "Names this description."))),
        (status = 304, description = "You have it already.",
            headers(("ETag" = String, description = "Names what you have."))),
    ),
)]
pub(crate) async fn description(State(app): State<Arc<App>>, asked: HeaderMap) -> Response {
    app.documents.description.answer(&asked)
}

/// Shows the description to people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "showDescription",
    tag = "service",
    security(()),
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of what you have.")),
    responses(
        (status = 200, description = "A page that loads nothing from elsewhere.", body = String,
            content_type = "text/html", headers(("ETag" = String, description = "Names this page."))),
        (status = 304, description = "You have it already.",
            headers(("ETag" = String, description = "Names what you have."))),
    ),
)]
pub(crate) async fn page(State(app): State<Arc<App>>, asked: HeaderMap) -> Response {
    app.documents.page.answer(&asked)
}

/// Gives a file of the page.
#[utoipa::path(
    get,
    path = "/docs/{name}",
    operation_id = "showDescriptionFile",
    tag = "service",
    security(()),
    params(
        ("name" = String, Path, description = "Its name, as the page says it.", example = "start.js"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of what you have."),
    ),
    responses(
        (status = 200, description = "Style or program.",
            content((String = "text/css"), (String = "text/javascript")),
            headers(("ETag" = String, description = "Names this file."))),
        (status = 304, description = "You have it already.",
            headers(("ETag" = String, description = "Names what you have."))),
        NotFound,
    ),
)]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let file = app.documents.files.iter().find(|(known, _)| *known == name);
    file.map(|(_, document)| document.answer(&asked)).ok_or_else(super::nothing_here)
}
