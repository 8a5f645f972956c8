//! The audit chain as people see it: where a tenant's chain ends, and what is wrong with it.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// Length of an entry's MAC, in bytes.
pub const MAC_BYTES: usize = 32;

/// Where a tenant's chain ends. Kept elsewhere, it shows later that nothing before it was changed or cut off.
/// As text it is `TENANT:N:MAC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// Whose chain it is.
    pub tenant: String,
    /// The number of its last entry; they count from 1.
    pub n: i64,
    /// That entry's MAC.
    pub mac: [u8; MAC_BYTES],
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.tenant, self.n)?;
        self.mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for AuditHead {
    type Err = String;

    fn from_str(text: &str) -> Result<AuditHead, String> {
        let wrong = || format!("{text:?} is not a head, write TENANT:N:MAC as `ringfence audit verify` does");
        // A tenant's name may hold colons.
        let mut parts = text.rsplitn(3, ':');
        let (mac, n, tenant) = (parts.next(), parts.next(), parts.next());
        let (Some(mac), Some(n), Some(tenant)) = (mac.and_then(mac_from_hex), n, tenant) else {
            return Err(wrong());
        };
        let n = n.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
        Ok(AuditHead { tenant: tenant.to_owned(), n, mac })
    }
}

impl Serialize for AuditHead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A MAC from its 64 hex digits.
fn mac_from_hex(text: &str) -> Option<[u8; MAC_BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * MAC_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut mac = [0; MAC_BYTES];
    for (at, byte) in mac.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(mac)
}

/// How a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The entry, or the row that it vouches for, is gone.
    Missing,
    /// The row is not what was recorded.
    Changed,
    /// The entry was changed, moved or made by another: its MAC does not fit what is before it.
    Forged,
    /// The row has no entry: it was not recorded by us.
    NotChained,
    /// The chain once reached at least this entry, and ends before it.
    Truncated,
    /// The chain is whole, but the entry was once another: it was cut off or rolled back, and went on.
    RolledBack,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fault::Missing => "missing",
            Fault::Changed => "changed",
            Fault::Forged => "forged or out of order",
            Fault::NotChained => "not chained",
            Fault::Truncated => "cut off",
            Fault::RolledBack => "rolled back",
        })
    }
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How it is broken.
    pub fault: Fault,
    /// The entry's number; none for a row without an entry that is no change.
    pub n: Option<i64>,
    /// The run it is about, if it is about one.
    pub run: Option<String>,
    /// The event of that run; none for its opening.
    pub seq: Option<i64>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(n) = self.n {
            write!(f, "entry {n}")?;
            between = ", ";
        }
        match (&self.run, self.seq) {
            (Some(run), Some(seq)) => write!(f, "{between}event {seq} of run {run}")?,
            (Some(run), None) => write!(f, "{between}opening of run {run}")?,
            (None, _) => {}
        }
        write!(f, ": {}", self.fault)
    }
}

/// What was found about one tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainReport {
    /// Whose chain it is.
    pub tenant: String,
    /// Entries that are whole, from the first one on.
    pub entries: i64,
    /// Where it ends; none if it is empty or not whole.
    pub head: Option<AuditHead>,
    /// The first thing that is wrong; none if it is whole.
    pub finding: Option<Finding>,
}

/// What was found about the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// One for each tenant, in the order of their names.
    pub chains: Vec<ChainReport>,
    /// What is wrong with the file `audit.head`, if anything is.
    pub checkpoint: Option<String>,
    /// Hashes of contents that are kept and are not what they were, if that was asked.
    pub altered_contents: Vec<String>,
}

impl AuditReport {
    /// True if nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.checkpoint.is_none()
            && self.altered_contents.is_empty()
            && self.chains.iter().all(|chain| chain.finding.is_none())
    }
}

/// Something that was done: a change, or the beginning or the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its number in the organisation's chain.
    pub n: i64,
    /// When it was done, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who did it: the id of a key; `ringfence` for what it does by itself, `self-service` for a key that was
    /// given to whoever asked.
    pub actor: String,
    /// Who held the key then; null if it is not known.
    #[cfg_attr(feature = "schema", schema(required))]
    pub user: Option<String>,
    /// What it was, such as `key.revoked` or `run.settled`.
    pub kind: String,
    /// The run it is about; null for other changes.
    #[cfg_attr(feature = "schema", schema(required, value_type = Option<String>, format = Uuid))]
    pub run: Option<String>,
    /// What was changed, and how; null for runs.
    #[cfg_attr(feature = "schema", schema(required, value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>))]
    pub details: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = AuditHead { tenant: "self-service:aé 1:2".to_owned(), n: 7, mac: [0xA5; MAC_BYTES] };
        assert_eq!(head.to_string().parse(), Ok(head.clone()));
        let digits = "a5".repeat(MAC_BYTES);
        for wrong in [
            String::new(),
            "acme".to_owned(),
            format!("7:{digits}"),
            format!("acme:0:{digits}"),
            format!("acme:-1:{digits}"),
            format!("acme:7:{}", &digits[2..]),
            format!("acme:7:+{}", &digits[1..]),
            format!("acme:7:{}", "é".repeat(MAC_BYTES)),
        ] {
            assert!(wrong.parse::<AuditHead>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_finding_says_what_it_is_about() {
        let finding = |n, run: Option<&str>, seq| Finding {
            fault: Fault::Changed,
            n,
            run: run.map(str::to_owned),
            seq,
        };
        assert_eq!(finding(Some(3), Some("r"), Some(1)).to_string(), "entry 3, event 1 of run r: changed");
        assert_eq!(finding(None, Some("r"), None).to_string(), "opening of run r: changed");
        assert_eq!(finding(Some(3), None, None).to_string(), "entry 3: changed");
    }
}
