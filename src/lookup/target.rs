//! What a call names.

use serde_json::Map;
use serde_json::Value;

use crate::atlassian::confluence::With;
use crate::atlassian::jira::IssueQuery;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::ids::SpaceName;
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
    /// An issue and its subtasks, which go with it.
    WithSubtasks(IssueKey),
    /// Whatever issues, sprints and projects these fields of an issue name, by the names of the fields.
    InFields(Map<String, Value>),
    /// A project.
    Project(ProjectKey),
    /// A board, a sprint, a service desk, a version or an issue link; a comment, a file or a template of Confluence.
    Part(Part),
    /// A space.
    Space(SpaceKey),
    /// A space by its id or its key.
    SpaceNamed(SpaceName),
    /// A page or a blog post; with its body, a look-up brings it along.
    Page(PageId, With),
    /// The page of a title in a space.
    PageTitled(SpaceKey, String),
}

impl Target {
    /// How the caller named it, for messages.
    pub fn named(&self) -> String {
        match self {
            Self::Instance(product) => product.title().to_owned(),
            Self::Issue(key, _) | Self::WithSubtasks(key) => format!("issue {key}"),
            Self::InFields(_) => "an issue, sprint or project that the fields name".to_owned(),
            Self::Project(key) => format!("project {key}"),
            Self::Part(part) => part.to_string(),
            Self::Space(key) => format!("space {key}"),
            Self::SpaceNamed(name) => format!("space {name}"),
            Self::Page(id, _) => format!("page {id}"),
            Self::PageTitled(space, title) => format!("a page with the title `{title}` in space {space}"),
        }
    }

    /// The target as a resource whose place is not known; none where it takes a look-up to know what is named at all.
    pub fn unresolved(&self) -> Option<Resource> {
        Some(match self {
            Self::InFields(_) => return None,
            Self::Instance(product) => Resource::Instance(*product),
            Self::Issue(key, _) | Self::WithSubtasks(key) => {
                Resource::Issue { key: key.clone(), project: None }
            }
            Self::Project(key) => Resource::Project(key.clone()),
            Self::Part(part) => Resource::Part { part: part.clone(), of: None },
            Self::Space(key) | Self::PageTitled(key, _) => Resource::Space(key.clone()),
            Self::SpaceNamed(SpaceName::Key(key)) => Resource::Space(key.clone()),
            Self::SpaceNamed(SpaceName::Id(_)) => Resource::Instance(Product::Confluence),
            Self::Page(id, _) => Resource::Page { id: id.clone(), space: None },
        })
    }

    /// Whether it is known only after a look-up what it names.
    pub fn names_by_look_up(&self) -> bool {
        matches!(self, Self::PageTitled(..) | Self::SpaceNamed(_))
    }

    /// Whether Atlassian has to be asked where it lies.
    pub(super) fn is_located(&self) -> bool {
        !matches!(self, Self::Instance(_))
    }
}
