//! What a call names.

use crate::atlassian::jira::IssueQuery;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Resource;

/// Something a call names, before it is known where it lies.
#[derive(Debug, Clone)]
pub enum Target {
    /// The whole of a product.
    Instance(Product),
    /// An issue; with a query, a look-up brings the issue along.
    Issue(IssueKey, Option<IssueQuery>),
    /// A project.
    Project(ProjectKey),
    /// A board, a sprint, a service desk, a version or an issue link.
    Part(Part),
    /// A space.
    Space(SpaceKey),
    /// A page.
    Page(PageId),
    /// The page of a title in a space.
    PageTitled(SpaceKey, String),
}

impl Target {
    /// How the caller named it, for messages.
    pub fn named(&self) -> String {
        match self {
            Self::Instance(product) => product.title().to_owned(),
            Self::Issue(key, _) => format!("issue {key}"),
            Self::Project(key) => format!("project {key}"),
            Self::Part(part) => part.to_string(),
            Self::Space(key) => format!("space {key}"),
            Self::Page(id) => format!("page {id}"),
            Self::PageTitled(space, title) => format!("a page with the title `{title}` in space {space}"),
        }
    }

    /// The target as a resource whose place is not known.
    pub fn unresolved(&self) -> Resource {
        match self {
            Self::Instance(product) => Resource::Instance(*product),
            Self::Issue(key, _) => Resource::Issue { key: key.clone(), project: None },
            Self::Project(key) => Resource::Project(key.clone()),
            Self::Part(part) => Resource::Part { part: part.clone(), of: None },
            Self::Space(key) | Self::PageTitled(key, _) => Resource::Space(key.clone()),
            Self::Page(id) => Resource::Page { id: id.clone(), space: None },
        }
    }

    /// Whether Atlassian has to be asked where it lies.
    pub(super) fn is_located(&self) -> bool {
        matches!(self, Self::Issue(..) | Self::Part(_) | Self::Page(_) | Self::PageTitled(..))
    }
}
