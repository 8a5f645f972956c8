//! Answers to what is not a request: hyper sends a bare status there, and this is the problem in its place.

use axum::{body::Bytes, http::StatusCode};
use metrics::counter;

use crate::{problem::Problem, routes::request_id};

/// The answer, head included, to what made hyper answer with `said`.
pub(crate) fn problem(said: &[u8]) -> Bytes {
    // "HTTP/1.1 400 Bad Request"
    let status = said.get(9..12).and_then(|status| StatusCode::from_bytes(status).ok());
    let status = status.unwrap_or(StatusCode::BAD_REQUEST);
    let (code, detail) = match status {
        StatusCode::URI_TOO_LONG => ("path_too_long", "the path is too long, send what is long in the body"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("head_too_large", "the head of the request is larger than 64 KiB or has more than 100 fields")
        }
        _ => ("not_http", "this is not a request of HTTP/1.1, or its length cannot be told for certain"),
    };
    counter!("ringfence_refusals_total", "reason" => code).increment(1);
    let id = request_id();
    tracing::info!(request_id = id, status = status.as_u16(), code, "request could not be read");
    let body = Problem::new(status, code, detail).body(&id);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\nx-request-id: {id}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat().into()
}
