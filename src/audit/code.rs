//! Stable codes of records, for rules in a SIEM: a code never changes its meaning.

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
    /// A command of an administrator began a log of its own.
    CommandStart,
    /// A command of an administrator ended its log.
    CommandStop,
    /// A log goes on in this file.
    Continue,
    /// A log goes on in the next file.
    Continued,
    /// Another process ended this file: the one that wrote it was killed.
    Recovered,
    /// A file of a killed process was ended.
    FileRecovered,
    /// A file of a killed process was not ended, because it is not as it was written.
    FileDamaged,
    /// A key that signs checkpoints was made.
    SigningKeyCreated,
    /// The log can be written again; calls were refused meanwhile.
    Resumed,
    /// A file of the log has what only another place had.
    FileBack,
    /// An administrator verified the log.
    Verified,
    /// The operator's credential for a product is another one than before.
    SecretRotated,
    /// The record of a proof of the policies was accepted.
    ProofAccepted,
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
    /// The listener shows another certificate.
    ServerCertificate,
    /// The listener takes client certificates of other authorities.
    ClientAuthorities,
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
    /// How a call ended is not known: the server was killed.
    Unknown,
    /// A request was refused before dispatch.
    Refused,
    /// A tool was called that is not offered.
    UnknownTool,
    /// More requests were refused than are written down one by one.
    RefusedAgain,
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
        Self::CommandStart,
        Self::Continue,
        Self::Continued,
        Self::Recovered,
        Self::FileRecovered,
        Self::FileDamaged,
        Self::SigningKeyCreated,
        Self::Resumed,
        Self::FileBack,
        Self::Verified,
        Self::CommandStop,
        Self::SecretRotated,
        Self::ProofAccepted,
        Self::SecretChanged,
        Self::SecretStale,
        Self::SecretRefused,
        Self::SecretClosed,
        Self::VaultSuspicious,
        Self::ServerCertificate,
        Self::ClientAuthorities,
        Self::Resolve,
        Self::Intent,
        Self::Success,
        Self::Denied,
        Self::Failure,
        Self::Abandoned,
        Self::Misplaced,
        Self::Unknown,
        Self::Refused,
        Self::UnknownTool,
        Self::RefusedAgain,
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
            Self::CommandStart => "PC0009",
            Self::Continue => "PC0010",
            Self::Continued => "PC0011",
            Self::Recovered => "PC0012",
            Self::FileRecovered => "PC0013",
            Self::FileDamaged => "PC0014",
            Self::SigningKeyCreated => "PC0015",
            Self::Resumed => "PC0016",
            Self::FileBack => "PC0017",
            Self::Verified => "PC0018",
            Self::CommandStop => "PC0019",
            Self::SecretRotated => "PC0020",
            Self::ProofAccepted => "PC0021",
            Self::SecretChanged => "PC0040",
            Self::SecretStale => "PC0041",
            Self::SecretRefused => "PC0042",
            Self::SecretClosed => "PC0043",
            Self::VaultSuspicious => "PC0044",
            Self::ServerCertificate => "PC0045",
            Self::ClientAuthorities => "PC0046",
            Self::Resolve => "PC1001",
            Self::Intent => "PC1002",
            Self::Success => "PC1003",
            Self::Denied => "PC1004",
            Self::Failure => "PC1005",
            Self::Abandoned => "PC1006",
            Self::Misplaced => "PC1007",
            Self::Unknown => "PC1008",
            Self::Refused => "PC2001",
            Self::UnknownTool => "PC2002",
            Self::RefusedAgain => "PC2003",
        }
    }

    pub(super) fn stage(self) -> &'static str {
        match self {
            Self::Start | Self::CommandStart => "start",
            Self::Continue => "continue",
            Self::Continued => "continued",
            Self::Recovered => "recovered",
            Self::Stop | Self::CommandStop => "stop",
            Self::KeyCreated
            | Self::TlsRelaxed
            | Self::PoliciesLoaded
            | Self::PoliciesRefused
            | Self::Frozen
            | Self::Thawed
            | Self::SecretRotated
            | Self::ProofAccepted
            | Self::FileRecovered
            | Self::FileDamaged
            | Self::SigningKeyCreated
            | Self::Resumed
            | Self::SecretChanged
            | Self::SecretStale
            | Self::SecretRefused
            | Self::SecretClosed
            | Self::VaultSuspicious
            | Self::ServerCertificate
            | Self::ClientAuthorities
            | Self::FileBack
            | Self::Verified
            | Self::Misplaced => "event",
            Self::Resolve => "resolve",
            Self::Intent => "intent",
            Self::Success | Self::Denied | Self::Failure | Self::Abandoned | Self::Unknown => "outcome",
            Self::Refused | Self::UnknownTool | Self::RefusedAgain => "refusal",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
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
            Self::CommandStart => "A command of an administrator began a log of its own.",
            Self::Continue => "A log goes on in this file.",
            Self::Continued => "A log goes on in the next file.",
            Self::Recovered => "Another process ended this file: the one that wrote it was killed.",
            Self::FileRecovered => "A file of a killed process was ended.",
            Self::FileDamaged => {
                "A file of a killed process was not ended, because it is not as it was written."
            }
            Self::SigningKeyCreated => "A key that signs checkpoints was made.",
            Self::Resumed => "The log can be written again; calls were refused meanwhile.",
            Self::FileBack => {
                "The file of the log has again what the HTTP sink alone had meanwhile; no call was refused for that."
            }
            Self::Verified => "An administrator verified the log.",
            Self::CommandStop => "A command of an administrator ended its log.",
            Self::SecretRotated => "The operator's credential for a product is another one than before.",
            Self::ProofAccepted => "The record of a proof of the policies was accepted.",
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
            Self::ServerCertificate => "The listener shows this certificate from now on.",
            Self::ClientAuthorities => {
                "The listener takes client certificates of these authorities from now on."
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
            Self::Unknown => "How a call ended is not known: the server was killed.",
            Self::Refused => "A request was refused before dispatch.",
            Self::UnknownTool => "A tool was called that is not offered.",
            Self::RefusedAgain => "More requests were refused than are written down one by one.",
        }
    }

    /// The fields that its records have besides those of its stage.
    pub(super) fn fields(self) -> &'static str {
        match self {
            Self::Start => {
                "`version`, `policy_hash`, `schema_hash`, `configuration_hash` (of all settings but secrets), `read_only`, `checkpoint_key`, `mac_key`, `continues`, `heads` (`file`, `records`, `root` each)"
            }
            Self::Stop | Self::CommandStop | Self::Intent | Self::Abandoned | Self::Unknown => "-",
            Self::KeyCreated => "`key_id`",
            Self::TlsRelaxed => "`product`",
            Self::PoliciesLoaded => {
                "`reason` (`files` or `signal`), `policy_hash`, `policy_hash_before`, `schema_hash`"
            }
            Self::PoliciesRefused => "`reason`, `policy_hash`, `problems`",
            Self::Frozen => "`frozen` (`writes` or `all`), `os_user`, `reason`",
            Self::Thawed => "`was`, `os_user`, `reason`",
            Self::CommandStart => {
                "`version`, `command`, and as PC0001 `checkpoint_key`, `mac_key`, `continues`, `heads`"
            }
            Self::Continue => {
                "`checkpoint_key`, `mac_key`, `continues`, `heads` (`file`, `records`, `root` each), `open` calls"
            }
            Self::Continued => "`next`",
            Self::Recovered => {
                "`cut_bytes`, `unknown` (calls), `unchecked` (records that no checkpoint covered, sealed with a key that is no longer there), `checkpoint_key` if it is another"
            }
            Self::FileRecovered => "`file`, `cut_bytes`, `unknown` (calls), `unchecked` (records)",
            Self::FileDamaged => "`file`, `problem`",
            Self::SigningKeyCreated => "`checkpoint_key`",
            Self::Resumed | Self::FileBack => "`cause`, `since`",
            Self::Verified => {
                "`good`, `records`, `files`, `findings`, `os_user`, `names` (of the newest files, at most 32), `keys` (name and id of those that checkpoints were checked with, at most 32), `keys_given` (or else the log's own), `checkpoints` (how many that were kept elsewhere)"
            }
            Self::SecretRotated => "`product`, `at`, `method`",
            Self::ProofAccepted => "`policy_hash`, `properties`",
            Self::SecretChanged => {
                "`secret` (its name in the configuration), `number` (of the versions since the start)"
            }
            Self::SecretStale | Self::SecretRefused | Self::SecretClosed => "`secret`, `problem`",
            Self::VaultSuspicious => "`problem`",
            Self::ServerCertificate => "`from` (`file`, `vault`), `fingerprint` (SHA-256), `expires`",
            Self::ClientAuthorities => {
                "`fingerprints` (SHA-256, at most 32), `required` (whether nobody is let in without one), `revokes` (whether a \
                 revocation list is looked at)"
            }
            Self::Resolve => "`lookup`, `resources`",
            Self::Success => "`result`",
            Self::Denied => "`decision` with `reason`, `resources`, `resolved`, `groups`",
            Self::Failure => "`error`, `status` or `refused_arguments`",
            Self::Misplaced => "`resources`, `actual`, `actual_place`",
            Self::Refused => "`status`",
            Self::UnknownTool => "`tool`",
            Self::RefusedAgain => "`status`, `count`, `first`, `last`, `shared`",
        }
    }
}

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

    /// Whoever changes a line here changes what somebody's alarms mean: add a code instead.
    #[test]
    fn no_code_changes_its_meaning() {
        let pinned = [
            "PC0001 start: The server started.",
            "PC0002 stop: The server stopped.",
            "PC0003 event: A key for the values of arguments was made.",
            "PC0004 event: The certificates of a product are not checked.",
            "PC0005 event: Other policies came into force while the server ran.",
            "PC0006 event: The policies in the files are not in order and were refused; those of `policy_hash` stay in force.",
            "PC0007 event: An administrator froze what writes, or everything.",
            "PC0008 event: An administrator thawed what was frozen.",
            "PC0009 start: A command of an administrator began a log of its own.",
            "PC0010 continue: A log goes on in this file.",
            "PC0011 continued: A log goes on in the next file.",
            "PC0012 recovered: Another process ended this file: the one that wrote it was killed.",
            "PC0013 event: A file of a killed process was ended.",
            "PC0014 event: A file of a killed process was not ended, because it is not as it was written.",
            "PC0015 event: A key that signs checkpoints was made.",
            "PC0016 event: The log can be written again; calls were refused meanwhile.",
            "PC0017 event: The file of the log has again what the HTTP sink alone had meanwhile; no call was refused for that.",
            "PC0018 event: An administrator verified the log.",
            "PC0019 stop: A command of an administrator ended its log.",
            "PC0020 event: The operator's credential for a product is another one than before.",
            "PC0021 event: The record of a proof of the policies was accepted.",
            "PC0040 event: Another version of a secret in Vault came into use.",
            "PC0041 event: Vault does not answer, and the last good version of a secret goes on for now.",
            "PC0042 event: A version of a secret in Vault is of no use and was refused; the last good one goes on for now.",
            "PC0043 event: A secret in Vault is no longer used: it was withdrawn, or Vault was silent for too long.",
            "PC0044 event: What Vault answered may be somebody's attack: a redirect, another certificate, a secret id that was opened.",
            "PC0045 event: The listener shows this certificate from now on.",
            "PC0046 event: The listener takes client certificates of these authorities from now on.",
            "PC1001 resolve: Something is asked of Atlassian to decide on a call.",
            "PC1002 intent: A call is about to be carried out.",
            "PC1003 outcome: A call succeeded.",
            "PC1004 outcome: A call was denied by policy.",
            "PC1005 outcome: A call failed.",
            "PC1006 outcome: A call was abandoned: its client went away, or the server ended it.",
            "PC1007 event: What a call changed lies elsewhere than where it was decided on.",
            "PC1008 outcome: How a call ended is not known: the server was killed.",
            "PC2001 refusal: A request was refused before dispatch.",
            "PC2002 refusal: A tool was called that is not offered.",
            "PC2003 refusal: More requests were refused than are written down one by one.",
        ];
        let told: Vec<String> = Code::ALL
            .iter()
            .map(|code| format!("{} {}: {}", code.as_str(), code.stage(), code.meaning()))
            .collect();
        assert_eq!(told, pinned);
    }
}
