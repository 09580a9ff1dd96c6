//! What a tool works with, and what can go wrong in it.

use crate::atlassian::confluence::AccountError;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::PersonError;
use crate::audit::ErrorClass;
use crate::ids::InvalidId;
use crate::lookup::Found;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Searcher;
use crate::policy::Sight;

/// What a tool works with. It holds no way around the permit: the clients ask for one with every request.
#[derive(Debug)]
pub struct Context<'a> {
    /// Jira, if it is configured.
    pub jira: Option<Jira<'a>>,
    /// Confluence, if it is configured.
    pub confluence: Option<Confluence<'a>>,
    /// What the look-ups brought along.
    pub found: Found,
    /// Whether the policies hide anything from anybody.
    pub hides: bool,
    /// Whether an issue that is read may be noted at Jira as visited.
    pub visits: bool,
    /// How the operator wants some tools to work.
    pub options: &'a super::Options,
    /// Who asks, as policies see it, to narrow searches to what the caller may see.
    pub searcher: Searcher<'a>,
    /// What page tokens are sealed with.
    pub page_tokens: &'a super::PageTokens,
    /// The operator's boundary of spaces, as the operator spelled them; empty is none.
    pub spaces: &'a [crate::ids::SpaceKey],
}

impl<'a> Context<'a> {
    /// Jira, or why not.
    pub fn jira(&self) -> Result<Jira<'a>, ToolError> {
        self.jira.ok_or(ToolError::NotConfigured(Product::Jira))
    }

    /// What the caller may see of a product, beforehand and item by item.
    pub fn sight(&self, product: Product) -> Sight<'a> {
        self.searcher.sight(product)
    }

    /// Confluence, or why not.
    pub fn confluence(&self) -> Result<Confluence<'a>, ToolError> {
        self.confluence.ok_or(ToolError::NotConfigured(Product::Confluence))
    }
}

/// What can go wrong in a tool.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments are well-typed but make no sense together.
    #[error("{0}")]
    Arguments(String),
    /// Atlassian gave no result.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// Some of it was done before something failed.
    #[error("{done}; then it failed: {error}")]
    Partial {
        /// What was done, and stays; holds no value of an argument.
        done: String,
        /// What failed.
        error: Box<ToolError>,
    },
    /// The object does not exist, as far as the caller may know.
    #[error("does not exist or is not visible to you")]
    Absent,
    /// The product is not configured.
    #[error("{} is not configured", .0.title())]
    NotConfigured(Product),
    /// The permit is for another effect; a fault of ours.
    #[error("the permit does not fit the tool; nothing was sent")]
    WrongPermit,
}

impl ToolError {
    /// Whether what was to be changed may be changed all the same.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Upstream(error) => error.is_in_doubt(),
            Self::Partial { error, .. } => error.is_in_doubt(),
            Self::Arguments(_) | Self::Absent | Self::NotConfigured(_) | Self::WrongPermit => false,
        }
    }

    /// What went wrong, in the word of records.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Arguments(_) => ErrorClass::InvalidArguments,
            Self::Upstream(error) => error.class(),
            Self::Partial { .. } => ErrorClass::Partial,
            Self::Absent => ErrorClass::NotVisible,
            Self::NotConfigured(_) => ErrorClass::NotConfigured,
            Self::WrongPermit => ErrorClass::Fault,
        }
    }
}

impl From<PersonError> for ToolError {
    fn from(error: PersonError) -> Self {
        match error {
            PersonError::Upstream(error) => Self::Upstream(error),
            other => Self::Arguments(other.to_string()),
        }
    }
}

impl From<AccountError> for ToolError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Upstream(error) => Self::Upstream(error),
            other => Self::Arguments(other.to_string()),
        }
    }
}

impl From<InvalidId> for ToolError {
    fn from(error: InvalidId) -> Self {
        Self::Arguments(error.to_string())
    }
}
