//! Why a call failed, in a closed set of words.
//!
//! What a caller is told may repeat what they sent, or what Atlassian answered. Records hold neither.

/// The kind of a failure, `error` in outcomes. A word never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The arguments were refused.
    InvalidArguments,
    /// What was named does not exist or is not visible.
    NotVisible,
    /// Atlassian does not accept the credential.
    CredentialRejected,
    /// There is no credential for the product.
    NoCredential,
    /// The configured credential could not be had.
    CredentialUnavailable,
    /// The caller named a site or an address that is not served.
    SiteRefused,
    /// The caller named an instance that there is not.
    NoInstance,
    /// The account's groups could not be had whole.
    GroupsIncomplete,
    /// Atlassian answered with an error.
    UpstreamStatus,
    /// Atlassian says that somebody else changed it meanwhile, or that its state does not allow it.
    Conflict,
    /// Atlassian could not be reached.
    UpstreamUnreachable,
    /// Atlassian did not answer in time.
    UpstreamTimeout,
    /// Atlassian failed too often just now and was not asked.
    LeftAlone,
    /// Something else than Atlassian answered: a login page, a proxy.
    NotAtlassian,
    /// Atlassian's answer could not be read.
    BadAnswer,
    /// Atlassian's answer was too large.
    TooLarge,
    /// The call asked for too much in all.
    Exhausted,
    /// A request was not sent: the permit does not cover it.
    NotPermitted,
    /// The product is not configured.
    NotConfigured,
    /// Part of it was done before something failed.
    Partial,
    /// The call took too long.
    Deadline,
    /// A fault of ours.
    Fault,
    /// It could not be written down.
    Audit,
}

impl ErrorClass {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::InvalidArguments,
        Self::NotVisible,
        Self::CredentialRejected,
        Self::NoCredential,
        Self::CredentialUnavailable,
        Self::SiteRefused,
        Self::NoInstance,
        Self::GroupsIncomplete,
        Self::UpstreamStatus,
        Self::Conflict,
        Self::UpstreamUnreachable,
        Self::UpstreamTimeout,
        Self::LeftAlone,
        Self::NotAtlassian,
        Self::BadAnswer,
        Self::TooLarge,
        Self::Exhausted,
        Self::NotPermitted,
        Self::NotConfigured,
        Self::Partial,
        Self::Deadline,
        Self::Fault,
        Self::Audit,
    ];

    /// The word in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::NotVisible => "not_visible",
            Self::CredentialRejected => "credential_rejected",
            Self::NoCredential => "no_credential",
            Self::CredentialUnavailable => "credential_unavailable",
            Self::SiteRefused => "site_refused",
            Self::NoInstance => "no_instance",
            Self::GroupsIncomplete => "groups_incomplete",
            Self::UpstreamStatus => "upstream_status",
            Self::Conflict => "conflict",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::LeftAlone => "left_alone",
            Self::NotAtlassian => "not_atlassian",
            Self::BadAnswer => "bad_answer",
            Self::TooLarge => "too_large",
            Self::Exhausted => "exhausted",
            Self::NotPermitted => "not_permitted",
            Self::NotConfigured => "not_configured",
            Self::Partial => "partial",
            Self::Deadline => "deadline",
            Self::Fault => "fault",
            Self::Audit => "audit",
        }
    }

    /// What the word means, for the documentation.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::InvalidArguments => "The arguments were refused; `refused_arguments` names them.",
            Self::NotVisible => "What was named does not exist, or the account may not see it.",
            Self::CredentialRejected => "Atlassian does not accept the credential.",
            Self::NoCredential => "There is no credential for the product.",
            Self::CredentialUnavailable => "The configured credential could not be had.",
            Self::SiteRefused => "The caller named a site or an address that is not served.",
            Self::NoInstance => "The caller named an instance that there is not.",
            Self::GroupsIncomplete => "The account's groups, which a policy names, could not be had whole.",
            Self::UpstreamStatus => "Atlassian answered with an error; `status` says which.",
            Self::Conflict => {
                "Atlassian answered 409 or 412: somebody changed it meanwhile, or its state does not allow it."
            }
            Self::UpstreamUnreachable => "Atlassian could not be reached.",
            Self::UpstreamTimeout => "Atlassian did not answer in time.",
            Self::LeftAlone => "Atlassian failed too often just now and was not asked.",
            Self::NotAtlassian => "Something else than Atlassian answered: a login page, a proxy.",
            Self::BadAnswer => "Atlassian's answer could not be read.",
            Self::TooLarge => "Atlassian's answer was too large.",
            Self::Exhausted => "The call asked for too much in all.",
            Self::NotPermitted => "A request was not sent, because the permit does not cover it.",
            Self::NotConfigured => "The product is not configured.",
            Self::Partial => "Part of it was done before something failed.",
            Self::Deadline => "The call took too long.",
            Self::Fault => "A fault of this server.",
            Self::Audit => "It could not be written down.",
        }
    }
}
