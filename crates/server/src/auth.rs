//! Who is asking: the key in a request's headers, and the principal it stands for.

use axum::http::{Extensions, HeaderMap, header::AUTHORIZATION};
use ringfence_pipeline::{keys::Scope, run::Principal};

use crate::{App, problem::Problem};

/// Longest key looked at, in bytes; longer ones are not keys.
const KEY_BYTES_MAX: usize = 512;

impl App {
    /// The principal whose key the request shows, if that key may come as often and may do what the request
    /// is for.
    pub(crate) async fn principal(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        needs: Scope,
    ) -> Result<Principal, Problem> {
        let key = key_in(headers).ok_or_else(|| {
            Problem::unauthenticated(
                "a key is needed: send it as Authorization: Bearer KEY or x-api-key: KEY",
            )
        })?;
        self.gates.before_look_up(key, extensions)?;
        match self.keys.authenticate(key).await {
            Ok(Some(principal)) => {
                self.gates.found(key, &principal, extensions)?;
                if !principal.scopes.contains(needs) {
                    return Err(Problem::insufficient_scope(needs));
                }
                Ok(principal)
            }
            Ok(None) => {
                self.gates.not_found(key);
                Err(Problem::unauthenticated("the key is unknown, expired or revoked"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The key, from `Authorization: Bearer` or else from `x-api-key`.
fn key_in(headers: &HeaderMap) -> Option<&str> {
    let bearer = || {
        let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    };
    let key = match headers.contains_key(AUTHORIZATION) {
        true => bearer()?,
        false => headers.get("x-api-key")?.to_str().ok()?,
    };
    let key = key.trim();
    (!key.is_empty() && key.len() <= KEY_BYTES_MAX).then_some(key)
}
