//! Stable codes of records, for rules in a SIEM: a code never changes its meaning.

use std::fmt::Write;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The server started.
    Start,
    /// The server stopped.
    Stop,
    /// A key for the values of arguments was made.
    KeyCreated,
    /// The certificates of a product are not checked.
    TlsRelaxed,
    /// Other policies came into force while the server ran.
    PoliciesLoaded,
    /// The policies in the files are not in order and were refused; those of `policy_hash` stay in force.
    PoliciesRefused,
    /// An administrator froze what writes, or everything.
    Frozen,
    /// An administrator thawed what was frozen.
    Thawed,
    /// Another version of a secret in Vault came into use.
    SecretChanged,
    /// Vault does not answer, and the last good version of a secret goes on for now.
    SecretStale,
    /// A version of a secret in Vault is of no use and was refused; the last good one goes on for now.
    SecretRefused,
    /// A secret in Vault is no longer used.
    SecretClosed,
    /// What Vault answered may be somebody's attack.
    VaultSuspicious,
    /// Something is asked of Atlassian to decide on a call.
    Resolve,
    /// A call is about to be carried out.
    Intent,
    /// A call succeeded.
    Success,
    /// A call was denied by policy.
    Denied,
    /// A call failed.
    Failure,
    /// A call was abandoned: its client went away, or the server ended it.
    Abandoned,
    /// What a call changed lies elsewhere than where it was decided on.
    Misplaced,
    /// A request was refused before dispatch.
    Refused,
    /// A tool was called that is not offered.
    UnknownTool,
}

impl Code {
    /// All of them, in the order of their numbers.
    pub const ALL: &[Self] = &[
        Self::Start,
        Self::Stop,
        Self::KeyCreated,
        Self::TlsRelaxed,
        Self::PoliciesLoaded,
        Self::PoliciesRefused,
        Self::Frozen,
        Self::Thawed,
        Self::SecretChanged,
        Self::SecretStale,
        Self::SecretRefused,
        Self::SecretClosed,
        Self::VaultSuspicious,
        Self::Resolve,
        Self::Intent,
        Self::Success,
        Self::Denied,
        Self::Failure,
        Self::Abandoned,
        Self::Misplaced,
        Self::Refused,
        Self::UnknownTool,
    ];

    /// The code as it stands in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "PC0001",
            Self::Stop => "PC0002",
            Self::KeyCreated => "PC0003",
            Self::TlsRelaxed => "PC0004",
            Self::PoliciesLoaded => "PC0005",
            Self::PoliciesRefused => "PC0006",
            Self::Frozen => "PC0007",
            Self::Thawed => "PC0008",
            Self::SecretChanged => "PC0040",
            Self::SecretStale => "PC0041",
            Self::SecretRefused => "PC0042",
            Self::SecretClosed => "PC0043",
            Self::VaultSuspicious => "PC0044",
            Self::Resolve => "PC1001",
            Self::Intent => "PC1002",
            Self::Success => "PC1003",
            Self::Denied => "PC1004",
            Self::Failure => "PC1005",
            Self::Abandoned => "PC1006",
            Self::Misplaced => "PC1007",
            Self::Refused => "PC2001",
            Self::UnknownTool => "PC2002",
        }
    }

    fn stage(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::KeyCreated
            | Self::TlsRelaxed
            | Self::PoliciesLoaded
            | Self::PoliciesRefused
            | Self::Frozen
            | Self::Thawed
            | Self::SecretChanged
            | Self::SecretStale
            | Self::SecretRefused
            | Self::SecretClosed
            | Self::VaultSuspicious
            | Self::Misplaced => "event",
            Self::Resolve => "resolve",
            Self::Intent => "intent",
            Self::Success | Self::Denied | Self::Failure | Self::Abandoned => "outcome",
            Self::Refused | Self::UnknownTool => "refusal",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Start => "The server started.",
            Self::Stop => "The server stopped.",
            Self::KeyCreated => "A key for the values of arguments was made.",
            Self::TlsRelaxed => "The certificates of a product are not checked.",
            Self::PoliciesLoaded => "Other policies came into force while the server ran.",
            Self::PoliciesRefused => {
                "The policies in the files are not in order and were refused; those of `policy_hash` stay in force."
            }
            Self::Frozen => "An administrator froze what writes, or everything.",
            Self::Thawed => "An administrator thawed what was frozen.",
            Self::SecretChanged => "Another version of a secret in Vault came into use.",
            Self::SecretStale => {
                "Vault does not answer, and the last good version of a secret goes on for now."
            }
            Self::SecretRefused => {
                "A version of a secret in Vault is of no use and was refused; the last good one goes on for now."
            }
            Self::SecretClosed => {
                "A secret in Vault is no longer used: it was withdrawn, or Vault was silent for too long."
            }
            Self::VaultSuspicious => {
                "What Vault answered may be somebody's attack: a redirect, another certificate, a secret id that was opened."
            }
            Self::Resolve => "Something is asked of Atlassian to decide on a call.",
            Self::Intent => "A call is about to be carried out.",
            Self::Success => "A call succeeded.",
            Self::Denied => "A call was denied by policy.",
            Self::Failure => "A call failed.",
            Self::Abandoned => "A call was abandoned: its client went away, or the server ended it.",
            Self::Misplaced => "What a call changed lies elsewhere than where it was decided on.",
            Self::Refused => "A request was refused before dispatch.",
            Self::UnknownTool => "A tool was called that is not offered.",
        }
    }

    /// The fields that its records have besides those that all have.
    fn fields(self) -> &'static str {
        match self {
            Self::Start => "`version`, `policy_hash`, `schema_hash`, `read_only`",
            Self::Stop => "-",
            Self::KeyCreated => "`key_id`",
            Self::TlsRelaxed => "`product`",
            Self::PoliciesLoaded => {
                "`reason` (`files` or `signal`), `policy_hash`, `policy_hash_before`, `schema_hash`"
            }
            Self::PoliciesRefused => "`reason`, `policy_hash`, `problems`",
            Self::Frozen => "`frozen` (`writes` or `all`), `os_user`, `reason`",
            Self::Thawed => "`was`, `os_user`, `reason`",
            Self::SecretChanged => {
                "`secret` (its name in the configuration), `number` (of the versions since the start)"
            }
            Self::SecretStale | Self::SecretRefused | Self::SecretClosed => "`secret`, `problem`",
            Self::VaultSuspicious => "`problem`",
            Self::Resolve => "`lookup`, `resources`",
            Self::Intent => "`decision`, `resources`, `groups`, `arguments` as hashes",
            Self::Success => "`outcome`, `bytes`, `duration_ms`, `upstream`, `search`, `shadow`",
            Self::Denied => "`decision` with `reason`, `resources`, `groups`, `arguments` as hashes",
            Self::Failure => {
                "`outcome`, `status` or `problem`, `in_doubt` (`true` where a write may have been carried out all the same)"
            }
            Self::Abandoned => "`duration_ms`, `upstream`, `in_doubt` as above",
            Self::Misplaced => "`resources`, `actual`, `actual_place`",
            Self::Refused => "`status`, `reason`, `address`",
            Self::UnknownTool => "`tool`, `address`",
        }
    }
}

/// `docs/AUDIT-EVENTS.md`.
pub fn documentation() -> String {
    let mut text = String::from(HEAD);
    for code in Code::ALL {
        let (name, stage) = (code.as_str(), code.stage());
        let _ = writeln!(text, "| {name} | {stage} | {} | {} |", code.meaning(), code.fields());
    }
    text
}

const HEAD: &str = "\
# Codes of audit records

Each record is a line of JSON with `v`, `seq`, `time`, `stage`, `code` and `instance`. Records of a call also have `call`,
`tool`, `product`, `access`, `principal`, `method`, `client`, `address` and `transport`. A code never changes its meaning.
This list is printed by `portcullis audit events`.

| code | stage | meaning | besides |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let sorted: Vec<&str> = codes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(codes, sorted);
    }
}
