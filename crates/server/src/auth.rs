//! Who is asking: the key in a request's headers, and the principal it stands for.

use std::{sync::Arc, time::Duration};

use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use ringfence_pipeline::{keys::Scope, run::Principal};
use tokio::time::Instant;

use crate::{App, problem::Problem};

/// Longest key looked at, in bytes; longer ones are not keys.
const KEY_BYTES_MAX: usize = 512;

/// Time for which a stream goes on telling before its key is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl App {
    /// The principal whose key the request shows, if that key may come as often and may do what the request
    /// is for.
    pub(crate) async fn principal(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        needs: Scope,
    ) -> Result<Principal, Problem> {
        let key = key_in(headers)?;
        self.gates.before_look_up(key, extensions)?;
        let Some(principal) = self.holder_of(key).await? else {
            self.gates.not_found(key);
            return Err(ended());
        };
        self.gates.found(key, &principal, extensions)?;
        if !principal.scopes.contains(needs) {
            return Err(Problem::insufficient_scope(needs));
        }
        Ok(principal)
    }

    /// Looks from now on whether the request's key, which was good a moment ago, still is.
    pub(crate) fn watch_key(self: &Arc<Self>, headers: &HeaderMap) -> Result<KeyWatch, Problem> {
        let key = key_in(headers)?.to_owned();
        Ok(KeyWatch { app: Arc::clone(self), key, looked: Instant::now() })
    }

    async fn holder_of(&self, key: &str) -> Result<Option<Principal>, Problem> {
        Ok(self.keys.authenticate(key).await?)
    }
}

/// The key of a stream, which may be revoked, replaced or expire while the stream lasts. What it may do never
/// changes.
pub(crate) struct KeyWatch {
    app: Arc<App>,
    key: String,
    looked: Instant,
}

impl KeyWatch {
    /// Fails once the key has ended, within [`LOOK_EVERY`].
    pub(crate) async fn check(&mut self) -> Result<(), Problem> {
        if self.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        self.app.holder_of(&self.key).await?.ok_or_else(ended)?;
        self.looked = Instant::now();
        Ok(())
    }
}

fn ended() -> Problem {
    Problem::unauthenticated("the key is unknown, expired or revoked")
}

/// The one key that the headers show, as `Authorization: Bearer` or as `x-api-key`. Of two, somebody on the
/// way may have looked at the other.
fn key_in(headers: &HeaderMap) -> Result<&str, Problem> {
    if let Some(twice) =
        [AUTHORIZATION, X_API_KEY].iter().find(|name| headers.get_all(*name).iter().count() > 1)
    {
        let detail = format!("the header {twice} is there twice, send one key once");
        return Err(Problem::bad_request("ambiguous_key", detail));
    }
    let key = match (headers.get(AUTHORIZATION).map(bearer), headers.get(X_API_KEY).map(plain)) {
        (Some(one), Some(other)) if one != other => {
            let detail = "Authorization and x-api-key differ, send one key in one of them";
            return Err(Problem::bad_request("ambiguous_key", detail));
        }
        (Some(key), _) | (None, Some(key)) => key,
        (None, None) => None,
    };
    key.filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX).ok_or_else(|| {
        Problem::unauthenticated("a key is needed: send it as Authorization: Bearer KEY or x-api-key: KEY")
    })
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn plain(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}
