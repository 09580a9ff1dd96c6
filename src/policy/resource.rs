//! What a call touches, as policies see it.

use std::borrow::Cow;
use std::fmt;

use crate::ids::AttachmentId;
use crate::ids::BoardId;
use crate::ids::InstanceName;
use crate::ids::IssueId;
use crate::ids::IssueKey;
use crate::ids::LinkId;
use crate::ids::PageCommentId;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::ServiceDeskId;
use crate::ids::SpaceKey;
use crate::ids::SprintId;
use crate::ids::TemplateId;
use crate::ids::VersionId;

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
    /// What lies in a project, on an issue, in a space or on a page or, where Atlassian names none of them, in the
    /// whole of its product, and is decided on by that; `None` while it is not known.
    Part {
        /// The thing itself.
        part: Part,
        /// What it lies in.
        of: Option<Box<Resource>>,
    },
}

/// Something that policies do not name: they see what it lies in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// An issue that is named by its id: on the issue of that id.
    Issue(IssueId),
    /// A board: in the projects it shows, or in the whole of Jira.
    Board(BoardId),
    /// A sprint: where its board is.
    Sprint(SprintId),
    /// A service desk: in its project.
    ServiceDesk(ServiceDeskId),
    /// A version: in its project.
    Version(VersionId),
    /// A link: on both of its issues.
    Link(LinkId),
    /// A comment on a page or blog post: on that.
    Comment(PageCommentId),
    /// A file attached to a page or blog post: on that.
    Attachment(AttachmentId),
    /// A template of pages: in its space, or in the whole of Confluence.
    Template(TemplateId),
}

impl Part {
    /// The product it belongs to.
    pub fn product(&self) -> Product {
        match self {
            Self::Issue(_)
            | Self::Board(_)
            | Self::Sprint(_)
            | Self::ServiceDesk(_)
            | Self::Version(_)
            | Self::Link(_) => Product::Jira,
            Self::Comment(_) | Self::Attachment(_) | Self::Template(_) => Product::Confluence,
        }
    }

    /// The name of its kind, and its id.
    fn kind_and_id(&self) -> (&'static str, &str) {
        match self {
            Self::Issue(id) => ("IssueId", id.as_str()),
            Self::Board(id) => ("Board", id.as_str()),
            Self::Sprint(id) => ("Sprint", id.as_str()),
            Self::ServiceDesk(id) => ("ServiceDesk", id.as_str()),
            Self::Version(id) => ("Version", id.as_str()),
            Self::Link(id) => ("IssueLink", id.as_str()),
            Self::Comment(id) => ("Comment", id.as_str()),
            Self::Attachment(id) => ("Attachment", id.as_str()),
            Self::Template(id) => ("Template", id.as_str()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issue(id) => write!(f, "issue {id}"),
            Self::Board(id) => write!(f, "board {id}"),
            Self::Sprint(id) => write!(f, "sprint {id}"),
            Self::ServiceDesk(id) => write!(f, "service desk {id}"),
            Self::Version(id) => write!(f, "version {id}"),
            Self::Link(id) => write!(f, "issue link {id}"),
            Self::Comment(id) => write!(f, "comment {id}"),
            Self::Attachment(id) => write!(f, "attachment {id}"),
            Self::Template(id) => write!(f, "template {id}"),
        }
    }
}

/// What kind of space has this key: no key but that of a personal space begins so.
pub(super) fn space_kind(key: &str) -> &'static str {
    if key.starts_with('~') { "personal" } else { "global" }
}

/// What a part of unknown place is named by.
static WHOLE_OF_JIRA: Resource = Resource::Instance(Product::Jira);
static WHOLE_OF_CONFLUENCE: Resource = Resource::Instance(Product::Confluence);

/// The type of a [`Resource`], as the schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// A part in what it lies in.
    pub fn part(part: Part, of: Resource) -> Self {
        Self::Part { part, of: Some(Box::new(of)) }
    }

    /// What policies are asked about: the resource itself, or what a part lies in.
    pub fn place(&self) -> &Self {
        match self {
            Self::Part { of: Some(of), .. } => of.place(),
            Self::Part { part, of: None } => match part.product() {
                Product::Jira => &WHOLE_OF_JIRA,
                Product::Confluence => &WHOLE_OF_CONFLUENCE,
            },
            itself => itself,
        }
    }

    /// The resource's type.
    pub fn kind(&self) -> ResourceKind {
        match self.place() {
            Self::Part { part, .. } => ResourceKind::Instance(part.product()),
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
            Self::Part { part, .. } => part.product(),
            Self::Project(_) | Self::Issue { .. } => Product::Jira,
            Self::Space(_) | Self::Page { .. } => Product::Confluence,
        }
    }

    /// The id of its entity, within its instance.
    pub fn id(&self) -> &str {
        match self.place() {
            Self::Instance(_) | Self::Part { .. } => InstanceName::DEFAULT,
            Self::Project(key) => key.as_str(),
            Self::Issue { key, .. } => key.as_str(),
            Self::Space(key) => key.as_str(),
            Self::Page { id, .. } => id.as_str(),
        }
    }

    /// The project or space that this is, or lies in, where that is known.
    pub fn enclosing(&self) -> Option<Resource> {
        match self.place() {
            Self::Project(key) => Some(Self::Project(key.clone())),
            Self::Issue { project, .. } => project.clone().map(Self::Project),
            Self::Space(key) => Some(Self::Space(key.clone())),
            Self::Page { space, .. } => space.clone().map(Self::Space),
            Self::Instance(_) | Self::Part { .. } => None,
        }
    }

    /// The project or space around it, if it is known; nothing for a project or space itself.
    pub fn around(&self) -> Option<Resource> {
        self.enclosing().filter(|place| place.kind() != self.kind())
    }

    /// Whether another object lies in the same project or space as this one. What is not known is not told apart.
    pub fn shares_place(&self, other: &Resource) -> bool {
        match (self.enclosing(), other.enclosing()) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    }

    /// True when the project or space it lies in is known, so that a policy can be asked about it.
    pub fn is_resolved(&self) -> bool {
        match self {
            Self::Issue { project, .. } => project.is_some(),
            Self::Page { space, .. } => space.is_some(),
            Self::Part { of, .. } => of.as_ref().is_some_and(|of| of.is_resolved()),
            Self::Instance(_) | Self::Project(_) | Self::Space(_) => true,
        }
    }
}

impl Resource {
    /// The id of its entity: bare in the default instance, after the instance's name in any other.
    pub fn id_in<'a>(&'a self, instance: &'a InstanceName) -> Cow<'a, str> {
        match self.place() {
            Self::Instance(_) => Cow::Borrowed(instance.as_str()),
            other => instance.qualify(other.id()),
        }
    }

    /// As Cedar writes it, for example `Jira::Issue::"lab/OPS-1"`.
    pub fn named_in(&self, instance: &InstanceName) -> String {
        format!("{}::\"{}\"", self.kind().type_name(), self.id_in(instance))
    }

    /// A part as records name it beside what it lies in, for example `Confluence::Comment::"80001"`; nothing for what
    /// is no part.
    pub fn part_named_in(&self, instance: &InstanceName) -> Option<String> {
        let Self::Part { part, .. } = self else { return None };
        let (kind, id) = part.kind_and_id();
        Some(format!("{}::{kind}::\"{}\"", part.product().title(), instance.qualify(id)))
    }
}

/// As Cedar writes it in the default instance, for example `Jira::Issue::"OPS-1"`.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::\"{}\"", self.kind().type_name(), self.id())
    }
}
