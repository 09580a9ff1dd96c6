//! Why a caller could not be identified, or not be brought to where the call goes.

use crate::audit::ErrorClass;
use crate::lookup::LookupError;
use crate::net::CredentialError;
use crate::net::GuardError;
use crate::net::NoUserCredential;
use crate::net::UpstreamError;
use crate::policy::Product;

/// Why a caller could not be identified.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdentityError {
    /// Atlassian does not accept the credential.
    #[error("{} does not accept the credential (401); check the token", .0.title())]
    Rejected(Product),
    /// Atlassian does not accept the credential that is stored for the caller.
    #[error("{} does not accept the credential that is stored for you (401); store a new one", .0.title())]
    StoredRejected(Product),
    /// No credential is stored for the caller, whose name is known.
    #[error(transparent)]
    NotStored(CredentialError),
    /// The credentials are those of users, and nobody said which user this is.
    #[error(
        "nobody says who you are, so there is no credential for {}: connect with a client certificate that names you, or send \
         `Authorization`",
        .0.title()
    )]
    Unnamed(Product),
    /// There is no credential to use.
    #[error("no credential for {} is configured; set {}", .0.title(), variables(*.0))]
    NoCredential(Product),
    /// The caller brought a credential for another product only.
    #[error(
        "no credential for {} came with the request; send `Authorization`, or `X-Atlassian-{}-Personal-Token`",
        .0.title(), .0.title()
    )]
    NoOwn(Product),
    /// None of the headers that carry the caller's session came.
    #[error("no session for {} came with the request: none of the headers that are passed on is in it", .0.title())]
    NotPassed(Product),
    /// An OAuth token of Cloud without the site it is for.
    #[error(
        "{} is on Cloud, where a bearer token is an OAuth token for one site: send `X-Atlassian-Cloud-Id` with it, or \
         `Basic` with e-mail address and API token",
        .0.title()
    )]
    NoSite(Product),
    /// The caller named a site, and the configuration does not serve other sites.
    #[error(
        "`X-Atlassian-Cloud-Id` names a site that is not configured; ask the administrator to set \
         ATLASSIAN_OAUTH_ENABLE=true"
    )]
    SitesOff,
    /// It cannot be told whether the caller named the configured site by its id.
    #[error(
        "{} did not say which site it is, so the policies for it could be passed by; ask the administrator to set \
         ATLASSIAN_OAUTH_CLOUD_ID",
        .0.title()
    )]
    SiteUnknown(Product),
    /// The address the caller chose is refused.
    #[error("`X-Atlassian-{}-Url`: {error}", .product.title())]
    Address {
        /// The product it was for.
        product: Product,
        /// Why.
        error: GuardError,
    },
    /// The caller named an address, and the configuration does not serve other addresses.
    #[error("`X-Atlassian-{}-Url` is not the configured address, and no other is served here", .0.title())]
    AddressesOff(Product),
    /// There is no such instance, or none at all.
    #[error("{}", unknown_instance(*.product, .known))]
    NoInstance {
        /// The product.
        product: Product,
        /// The names there are.
        known: Vec<String>,
    },
    /// The configured credential could not be had.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The account's groups, which a policy names, could not be had whole.
    #[error("{} did not give the account's groups, which the policies need; the call was refused", .0.title())]
    Groups(Product),
    /// The account could not be asked for.
    #[error(transparent)]
    Lookup(LookupError),
}

impl From<NoUserCredential> for IdentityError {
    fn from(why: NoUserCredential) -> Self {
        match why {
            NoUserCredential::NotStored(error) => Self::NotStored(error),
            NoUserCredential::Unavailable(error) => Self::Credential(error),
        }
    }
}

impl IdentityError {
    /// What the product answered instead of an account, or that it did not answer.
    pub fn upstream(&self) -> Option<&UpstreamError> {
        match self {
            Self::Lookup(LookupError::Upstream(error)) => Some(error),
            _ => None,
        }
    }

    /// What went wrong, in the word of records.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Rejected(_) | Self::StoredRejected(_) => ErrorClass::CredentialRejected,
            Self::NoCredential(_)
            | Self::NoOwn(_)
            | Self::NotPassed(_)
            | Self::NotStored(_)
            | Self::Unnamed(_) => ErrorClass::NoCredential,
            Self::NoSite(_)
            | Self::SitesOff
            | Self::SiteUnknown(_)
            | Self::Address { .. }
            | Self::AddressesOff(_) => ErrorClass::SiteRefused,
            Self::NoInstance { .. } => ErrorClass::NoInstance,
            Self::Credential(_) => ErrorClass::CredentialUnavailable,
            Self::Groups(_) => ErrorClass::GroupsIncomplete,
            Self::Lookup(LookupError::Upstream(error)) => error.class(),
            Self::Lookup(LookupError::NotVisible) => ErrorClass::NotVisible,
            Self::Lookup(LookupError::Audit(_)) => ErrorClass::Audit,
        }
    }

    /// The text for the operator's log.
    pub fn operator(&self) -> String {
        match self {
            Self::Lookup(LookupError::Upstream(error)) => error.operator(),
            Self::Credential(error) | Self::NotStored(error) => error.detail.clone(),
            other => other.to_string(),
        }
    }

    /// Whether it is about what the caller brought, and known without asking anybody. Of a site only Atlassian knows whether
    /// the caller may choose it.
    pub fn is_refused_unasked(&self) -> bool {
        self.is_unauthenticated() && !matches!(self, Self::SiteUnknown(_))
    }

    /// Whether it is about what the caller brought: over HTTP such a request ends in 401.
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Self::Rejected(_)
            | Self::StoredRejected(_)
            | Self::NotStored(_)
            | Self::Unnamed(_)
            | Self::NoOwn(_)
            | Self::NotPassed(_)
            | Self::NoSite(_)
            | Self::SitesOff
            | Self::SiteUnknown(_)
            | Self::AddressesOff(_)
            | Self::Address { .. } => true,
            Self::NoCredential(_)
            | Self::NoInstance { .. }
            | Self::Credential(_)
            | Self::Groups(_)
            | Self::Lookup(_) => false,
        }
    }
}

fn variables(product: Product) -> &'static str {
    match product {
        Product::Jira => "JIRA_PERSONAL_TOKEN, or JIRA_USERNAME and JIRA_API_TOKEN",
        Product::Confluence => "CONFLUENCE_PERSONAL_TOKEN, or CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN",
    }
}

fn unknown_instance(product: Product, known: &[String]) -> String {
    match known {
        [] => format!(
            "no {title} is configured, and the request names none; send `X-Atlassian-{title}-Url` with \
             `X-Atlassian-{title}-Personal-Token`, or ask the administrator to set {}_URL",
            product.as_str().to_ascii_uppercase(),
            title = product.title()
        ),
        known => format!("`instance` must be one of {}", known.join(", ")),
    }
}
