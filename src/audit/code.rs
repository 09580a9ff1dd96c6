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

/// What the documentation says of a code.
struct Entry {
    code: &'static str,
    stage: &'static str,
    meaning: &'static str,
    /// The fields that its records have besides those that all have.
    fields: &'static str,
}

const fn entry(
    code: &'static str,
    stage: &'static str,
    meaning: &'static str,
    fields: &'static str,
) -> Entry {
    Entry { code, stage, meaning, fields }
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
        self.entry().code
    }

    fn entry(self) -> Entry {
        match self {
            Self::Start => entry(
                "PC0001",
                "start",
                "The server started.",
                "`version`, `policy_hash`, `schema_hash`, `read_only`",
            ),
            Self::Stop => entry("PC0002", "stop", "The server stopped.", ""),
            Self::KeyCreated => {
                entry("PC0003", "event", "A key for the values of arguments was made.", "`key_id`")
            }
            Self::TlsRelaxed => {
                entry("PC0004", "event", "The certificates of a product are not checked.", "`product`")
            }
            Self::PoliciesLoaded => entry(
                "PC0005",
                "event",
                "Other policies came into force while the server ran.",
                "`reason` (`files` or `signal`), `policy_hash`, `policy_hash_before`, `schema_hash`",
            ),
            Self::PoliciesRefused => entry(
                "PC0006",
                "event",
                "The policies in the files are not in order and were refused; those of `policy_hash` stay in force.",
                "`reason`, `policy_hash`, `problems`",
            ),
            Self::Frozen => entry(
                "PC0007",
                "event",
                "An administrator froze what writes, or everything.",
                "`frozen` (`writes` or `all`), `os_user`, `reason`",
            ),
            Self::Thawed => entry(
                "PC0008",
                "event",
                "An administrator thawed what was frozen.",
                "`was`, `os_user`, `reason`",
            ),
            Self::Resolve => entry(
                "PC1001",
                "resolve",
                "Something is asked of Atlassian to decide on a call.",
                "`lookup`, `resources`",
            ),
            Self::Intent => entry(
                "PC1002",
                "intent",
                "A call is about to be carried out.",
                "`decision`, `resources`, `groups`, `arguments` as hashes",
            ),
            Self::Success => entry(
                "PC1003",
                "outcome",
                "A call succeeded.",
                "`outcome`, `bytes`, `duration_ms`, `upstream`, `search`",
            ),
            Self::Denied => entry(
                "PC1004",
                "outcome",
                "A call was denied by policy.",
                "`decision` with `reason`, `resources`, `groups`, `arguments` as hashes",
            ),
            Self::Failure => entry("PC1005", "outcome", "A call failed.", "`outcome`, `status` or `problem`"),
            Self::Abandoned => entry(
                "PC1006",
                "outcome",
                "A call was abandoned: its client went away, or the server ended it.",
                "`duration_ms`, `upstream`",
            ),
            Self::Misplaced => entry(
                "PC1007",
                "event",
                "What a call changed lies elsewhere than where it was decided on.",
                "`resources`, `actual`, `actual_place`",
            ),
            Self::Refused => entry(
                "PC2001",
                "refusal",
                "A request was refused before dispatch.",
                "`status`, `reason`, `address`",
            ),
            Self::UnknownTool => {
                entry("PC2002", "refusal", "A tool was called that is not offered.", "`tool`, `address`")
            }
        }
    }
}

/// `docs/AUDIT-EVENTS.md`.
pub fn documentation() -> String {
    let mut text = String::from(HEAD);
    for code in Code::ALL {
        let Entry { code, stage, meaning, fields } = code.entry();
        let fields = if fields.is_empty() { "-" } else { fields };
        let _ = writeln!(text, "| {code} | {stage} | {meaning} | {fields} |");
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
