//! Keys: what each may do and use, and how one is asked for. Who holds the secret is the store's to tell.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    budget::{Budget, Caps},
    ports::StoreError,
};

/// Longest life of a key that does not last for ever: ten years, in milliseconds.
pub const KEY_LIFETIME_MS_MAX: i64 = 10 * 365 * 24 * 3_600 * 1_000;
/// Longest time for which a replaced secret goes on being accepted: a week, in milliseconds.
pub const KEY_OVERLAP_MS_MAX: i64 = 7 * 24 * 3_600 * 1_000;
/// Length of a tenant's, user's or label's text, in bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// One thing that a key may do. None implies another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Run code, and stop runs.
    Execute,
    /// Ask questions, and delete sessions.
    Ask,
    /// Look at the tenant's runs, their events and files, and at the user's sessions.
    Read,
    /// Decide what waits for a person's consent.
    Approve,
    /// Manage the tenant's keys, and grant what this key itself may do.
    Admin,
}

impl Scope {
    /// Every scope, in the order of the documentation.
    pub const ALL: [Scope; 5] = [Scope::Execute, Scope::Ask, Scope::Read, Scope::Approve, Scope::Admin];

    /// Its name in requests, answers and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Execute => "execute",
            Scope::Ask => "ask",
            Scope::Read => "read",
            Scope::Approve => "approve",
            Scope::Admin => "admin",
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Scope, String> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| format!("{text:?} is not a scope, name some of {}", Scopes::ALL))
    }
}

/// What a key may do. As JSON it is a list of names, as text they stand between commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Nothing.
    pub const NONE: Scopes = Scopes(0);
    /// Everything.
    pub const ALL: Scopes = Scopes(0b1_1111);
    /// What a key may do unless its creator says otherwise: execute, ask, read.
    pub const DEFAULT: Scopes = Scopes(0b0_0111);

    /// True if it may do this.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// What it may do, in the order of the documentation.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// The first thing that `other` may do and this may not.
    pub fn lacks(self, other: Scopes) -> Option<Scope> {
        other.iter().find(|scope| !self.contains(*scope))
    }
}

fn bit(scope: Scope) -> u8 {
    1 << scope as u8
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | bit(scope)))
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.iter().map(Scope::name).collect::<Vec<_>>().join(","))
    }
}

impl std::str::FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Scopes, String> {
        text.split(',').map(str::parse::<Scope>).collect()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        let named = Vec::<Scope>::deserialize(deserializer)?;
        let scopes: Scopes = named.iter().copied().collect();
        if named.is_empty() || named.len() != scopes.iter().count() {
            return Err(D::Error::custom("name at least one scope, and each once"));
        }
        Ok(scopes)
    }
}

/// A key as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// Who will hold it.
    pub user: String,
    /// What it is for, in its creator's words; may be empty.
    pub label: String,
    /// What it may do.
    pub scopes: Scopes,
    /// How long it is accepted, in milliseconds; for ever if that is not said.
    pub lifetime_ms: Option<i64>,
    /// What it may use in all; others who pay with it have limits of their own.
    pub limit: Caps,
}

impl KeyRequest {
    /// An ordinary key for `user`: [`Scopes::DEFAULT`], without limits of its own, for ever.
    pub fn new(user: impl Into<String>) -> KeyRequest {
        KeyRequest {
            user: user.into(),
            label: String::new(),
            scopes: Scopes::DEFAULT,
            lifetime_ms: None,
            limit: Caps::default(),
        }
    }
}

/// A key as it is now. Its secret is nowhere to be found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Its public id.
    pub id: String,
    /// Who holds it.
    pub user: String,
    /// What it is for, in its creator's words.
    pub label: String,
    /// What it may do.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Scope>))]
    pub scopes: Scopes,
    /// Whether it is accepted.
    pub state: KeyState,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ends by itself; null if it does not.
    #[cfg_attr(feature = "schema", schema(required))]
    pub expires_ms: Option<i64>,
    /// When it was last shown, to the minute; null if it never was.
    #[cfg_attr(feature = "schema", schema(required))]
    pub last_used_ms: Option<i64>,
    /// When it was revoked; null if it was not.
    #[cfg_attr(feature = "schema", schema(required))]
    pub revoked_ms: Option<i64>,
    /// What it may use, has used and holds in all.
    #[serde(flatten)]
    pub budget: Budget,
}

/// Whether a key is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum KeyState {
    /// It is.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

impl KeyState {
    /// The state at `now_ms` of a key that ends and was revoked at these times, if at all.
    pub fn at(now_ms: i64, expires_ms: Option<i64>, revoked_ms: Option<i64>) -> KeyState {
        match (revoked_ms, expires_ms) {
            (Some(_), _) => KeyState::Revoked,
            (None, Some(end_ms)) if end_ms <= now_ms => KeyState::Expired,
            (None, _) => KeyState::Active,
        }
    }
}

impl std::fmt::Display for KeyState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            KeyState::Active => "active",
            KeyState::Expired => "expired",
            KeyState::Revoked => "revoked",
        })
    }
}

/// A key just made, or with a new secret. Its text exists here only: it is shown once and cannot be found
/// again.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct IssuedKey {
    /// What its holder sends.
    #[serde(rename = "key")]
    pub text: String,
    /// The rest of it.
    #[serde(flatten)]
    pub info: Key,
}

// The text is a secret, so it is kept out of logs.
impl std::fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedKey").field("info", &self.info).finish_non_exhaustive()
    }
}

/// What comes of asking for a key without showing one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A key.
    Key(Box<IssuedKey>),
    /// The address has had its keys for now.
    NotNow {
        /// Time until it gets another, in milliseconds.
        wait_ms: i64,
    },
}

/// Why an identity cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A name cannot be used.
    #[error("{what} {name:?} cannot be used, give 1 to {NAME_BYTES_MAX} bytes without control characters")]
    BadName {
        /// `tenant`, `user` or `label`.
        what: &'static str,
        /// The name, shortened.
        name: String,
    },
    /// A number is out of its range.
    #[error("{what} is {value}, give {least} to {most}")]
    OutOfRange {
        /// Which, with its unit: `runs`, `sandbox_ms`, `lifetime_ms` or `overlap_ms`.
        what: &'static str,
        /// The number.
        value: i64,
        /// The least there may be.
        least: i64,
        /// The most there may be.
        most: i64,
    },
    /// The tenant has no key with this id.
    #[error("there is no key {0}, list them with: ringfence keys list")]
    NoSuchKey(String),
    /// It is revoked or expired, so a new secret would be of no use.
    #[error("key {id} is {state}, make a new one")]
    Ended {
        /// Its id.
        id: String,
        /// How it ended.
        state: KeyState,
    },
    /// Nobody could manage the tenant's keys any more.
    #[error("key {0} is the organisation's last active key with the scope admin, make another one first")]
    LastAdmin(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_and_read_in_one_way() {
        assert_eq!(Scopes::ALL.to_string(), "execute,ask,read,approve,admin");
        assert_eq!(Scopes::DEFAULT.to_string(), "execute,ask,read");
        for bits in 1..=Scopes::ALL.0 {
            let scopes = Scopes(bits);
            assert_eq!(scopes.to_string().parse(), Ok(scopes));
            let json = serde_json::to_value(scopes).unwrap();
            assert_eq!(serde_json::from_value::<Scopes>(json).unwrap(), scopes);
        }
        for wrong in ["", "Execute", "execute,", "all", "execute ask"] {
            assert!(wrong.parse::<Scopes>().is_err(), "{wrong}");
        }
        for wrong in ["[]", r#"["ask","ask"]"#, r#"["root"]"#, r#""ask""#, "7"] {
            assert!(serde_json::from_str::<Scopes>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_scope_implies_another() {
        for scope in Scope::ALL {
            let only: Scopes = [scope].into_iter().collect();
            assert!(Scope::ALL.into_iter().all(|other| only.contains(other) == (other == scope)));
        }
        assert_eq!(Scopes::DEFAULT.lacks(Scopes::ALL), Some(Scope::Approve));
        assert_eq!(Scopes::ALL.lacks(Scopes::DEFAULT), None);
    }

    #[test]
    fn a_key_ends_at_the_moment_it_was_to() {
        assert_eq!(KeyState::at(9, Some(10), None), KeyState::Active);
        assert_eq!(KeyState::at(10, Some(10), None), KeyState::Expired);
        assert_eq!(KeyState::at(10, Some(10), Some(3)), KeyState::Revoked);
        assert_eq!(KeyState::at(i64::MAX, None, None), KeyState::Active);
    }
}
