//! Lists in pages: what a client asks for, and what it gets.

use axum::extract::{Query, rejection::QueryRejection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Items in one page of a list, unless a client asks for fewer or more.
const PAGE: u32 = 20;

/// Most items in one page of a list.
const PAGE_MAX: u32 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Items in the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

impl PageQuery {
    pub(super) fn read(query: Result<Query<PageQuery>, QueryRejection>) -> Result<PageQuery, Problem> {
        let Query(query) = query.map_err(|error| Problem::bad_request("invalid_query", error.body_text()))?;
        if (1..=PAGE_MAX).contains(&query.limit()) {
            return Ok(query);
        }
        let detail = format!("limit is {}, send 1 to {PAGE_MAX}", query.limit());
        Err(Problem::bad_request("invalid_query", detail))
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE)
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub(super) fn wrong_cursor(&self) -> Problem {
        let cursor = self.cursor().unwrap_or_default();
        let detail = format!("cursor {cursor:?} is not one of ours, take nextCursor of a page");
        Problem::bad_request("invalid_query", detail)
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T: ToSchema> {
    /// The newest first.
    data: Vec<T>,
    /// Send it as `cursor` for the next page; null if this is the last.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// A page that was to hold `limit` things; `cursor` names one. A full one may have a next one.
    pub(super) fn new(data: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Page<T> {
        let full = data.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next_cursor = data.last().filter(|_| full).map(cursor);
        Page { data, next_cursor }
    }
}
