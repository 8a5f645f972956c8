//! Contents as responses: in pieces, and never shown in a page of ours.

use std::{convert::Infallible, io::Read};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderName, HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG},
    },
    response::{IntoResponse, Response},
};
use futures::stream;
use ringfence_pipeline::{
    answer::{media_type, percent_encoded},
    budget::usd_text,
    cost::Cost,
    files::Content,
};
use serde::Serialize;

use crate::problem::Problem;

/// What a run has cost, and the least that any of those who pay has left.
const COST: HeaderName = HeaderName::from_static("x-cost-usd");
const BUDGET_REMAINING: HeaderName = HeaderName::from_static("x-budget-remaining");

/// Memory that a download takes, in bytes.
const DOWNLOAD_BUFFER_BYTES: u64 = 256 * 1024;

/// What is written of an answer at once, in bytes.
const ANSWER_PIECE_BYTES: usize = 256 * 1024;

/// What a content may do in a browser that shows it all the same, as a page or an SVG: nothing, and as nobody.
const HARMLESS: &str = "default-src 'none'; sandbox";

/// Content under a name, which says what type it is of.
pub(super) fn response(name: &str, sha256: &str, content: Content) -> Response {
    let headers: [(HeaderName, String); 5] = [
        (CONTENT_TYPE, media_type(name)),
        (CONTENT_DISPOSITION, disposition(name)),
        (CONTENT_SECURITY_POLICY, HARMLESS.to_owned()),
        (ETAG, format!("\"{sha256}\"")),
        (CONTENT_LENGTH, content.size.to_string()),
    ];
    let pieces = stream::try_unfold(content.bytes, |mut bytes| async move {
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::new();
            (&mut bytes).take(DOWNLOAD_BUFFER_BYTES).read_to_end(&mut piece)?;
            std::io::Result::Ok((Bytes::from(piece), bytes))
        });
        let (piece, bytes) = reading.await.map_err(std::io::Error::other)??;
        std::io::Result::Ok(if piece.is_empty() { None } else { Some((piece, bytes)) })
    });
    (headers, Body::from_stream(pieces)).into_response()
}

/// An answer in JSON, which keeps a `place` until a client has taken it: one that does not read shall not
/// gather answers in memory. Pieces are copies, so that none of them keeps the whole.
pub(super) fn json<T: Serialize>(value: &T, place: impl Send + 'static) -> Response {
    let text = match serde_json::to_vec(value) {
        Ok(text) => Bytes::from(text),
        Err(error) => return Problem::internal("internal", &error).into_response(),
    };
    let headers: [(HeaderName, String); 2] =
        [(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_LENGTH, text.len().to_string())];
    let pieces = stream::unfold((text, place), |(mut text, place)| async move {
        let piece = text.split_to(text.len().min(ANSWER_PIECE_BYTES));
        (!piece.is_empty()).then(|| (Ok::<_, Infallible>(Bytes::copy_from_slice(&piece)), (text, place)))
    });
    (headers, Body::from_stream(pieces)).into_response()
}

/// Says in the head of an answer what its run has cost and what is left, in dollars.
pub(super) fn priced(mut response: Response, cost: &Cost, left_nano_usd: Option<i64>) -> Response {
    let headers = response.headers_mut();
    let figures = [(COST, Some(cost.actual_usd.0)), (BUDGET_REMAINING, left_nano_usd)];
    for (name, nano_usd) in figures {
        let value = nano_usd.and_then(|nano_usd| HeaderValue::try_from(usd_text(nano_usd)).ok());
        headers.extend(value.map(|value| (name, value)));
    }
    response
}

/// Tells a browser to save it, and as what (RFC 6266, RFC 8187): the name without its directories, for
/// old ones in plain ASCII.
fn disposition(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let plain = |c: char| c == ' ' || c.is_ascii_graphic() && !"\"\\%".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", percent_encoded(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_place_in_the_header() {
        for (name, told) in [
            ("a.csv", "filename=\"a.csv\"; filename*=UTF-8''a.csv"),
            ("charts/ü 1.png", "filename=\"_ 1.png\"; filename*=UTF-8''%C3%BC%201.png"),
            ("a\"; b=\"\\%41", "filename=\"a_; b=___41\"; filename*=UTF-8''a%22%3B%20b%3D%22%5C%2541"),
            ("a\r\nx: y", "filename=\"a__x: y\"; filename*=UTF-8''a%0D%0Ax%3A%20y"),
        ] {
            assert_eq!(disposition(name), format!("attachment; {told}"));
        }
    }
}
