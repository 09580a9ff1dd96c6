//! What a call touches, as policies see it.

use std::borrow::Cow;

use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;

/// One of the two products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    /// Jira.
    Jira,
    /// Confluence.
    Confluence,
}

impl Product {
    /// `jira` or `confluence`, as in tool names, settings, records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Confluence => "confluence",
        }
    }

    /// The product's name in prose.
    pub fn title(self) -> &'static str {
        match self {
            Self::Jira => "Jira",
            Self::Confluence => "Confluence",
        }
    }
}

/// A real object of Jira or Confluence that a call touches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The whole of a product: searches, lists.
    Instance(Product),
    /// A Jira project.
    Project(ProjectKey),
    /// A Jira issue in its project; `None` while the project is not known.
    Issue {
        /// The issue's key.
        key: IssueKey,
        /// The project Jira says it is in.
        project: Option<ProjectKey>,
    },
    /// A Confluence space.
    Space(SpaceKey),
    /// A Confluence page in its space; `None` while the space is not known.
    Page {
        /// The page's id.
        id: PageId,
        /// The space Confluence says it is in.
        space: Option<SpaceKey>,
    },
}

/// The type of a [`Resource`], as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// `Jira::Instance` or `Confluence::Instance`.
    Instance(Product),
    /// `Jira::Project`
    Project,
    /// `Jira::Issue`
    Issue,
    /// `Confluence::Space`
    Space,
    /// `Confluence::Page`
    Page,
}

impl ResourceKind {
    /// The entity type's full name in the schema.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Instance(Product::Jira) => "Jira::Instance",
            Self::Instance(Product::Confluence) => "Confluence::Instance",
            Self::Project => "Jira::Project",
            Self::Issue => "Jira::Issue",
            Self::Space => "Confluence::Space",
            Self::Page => "Confluence::Page",
        }
    }
}

impl Resource {
    /// The resource's type.
    pub fn kind(&self) -> ResourceKind {
        match self {
            Self::Instance(product) => ResourceKind::Instance(*product),
            Self::Project(_) => ResourceKind::Project,
            Self::Issue { .. } => ResourceKind::Issue,
            Self::Space(_) => ResourceKind::Space,
            Self::Page { .. } => ResourceKind::Page,
        }
    }

    /// The product it belongs to.
    pub fn product(&self) -> Product {
        match self {
            Self::Instance(product) => *product,
            Self::Project(_) | Self::Issue { .. } => Product::Jira,
            Self::Space(_) | Self::Page { .. } => Product::Confluence,
        }
    }

    /// The id of its entity, within its instance.
    pub fn id(&self) -> &str {
        match self {
            Self::Instance(_) => InstanceName::DEFAULT,
            Self::Project(key) => key.as_str(),
            Self::Issue { key, .. } => key.as_str(),
            Self::Space(key) => key.as_str(),
            Self::Page { id, .. } => id.as_str(),
        }
    }

    /// True when the project or space it lies in is known, so that a policy can be asked about it.
    pub fn is_resolved(&self) -> bool {
        !matches!(self, Self::Issue { project: None, .. } | Self::Page { space: None, .. })
    }
}

impl Resource {
    /// The id of its entity: bare in the default instance, after the instance's name in any other.
    pub fn id_in<'a>(&'a self, instance: &'a InstanceName) -> Cow<'a, str> {
        match self {
            Self::Instance(_) => Cow::Borrowed(instance.as_str()),
            other => instance.qualify(other.id()),
        }
    }

    /// As Cedar writes it, for example `Jira::Issue::"lab/OPS-1"`.
    pub fn named_in(&self, instance: &InstanceName) -> String {
        format!("{}::\"{}\"", self.kind().type_name(), self.id_in(instance))
    }
}

/// As Cedar writes it in the default instance, for example `Jira::Issue::"OPS-1"`.
impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}::\"{}\"", self.kind().type_name(), self.id())
    }
}
