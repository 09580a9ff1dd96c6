//! What may be asked of Atlassian before a decision: a closed list of reads, each written down as `resolve`.
//!
//! A look-up uses the caller's own credential; its answer never reaches the caller before a permit. The object it
//! brought is handed to the tool, so that nothing is fetched twice.

mod content;
mod cost;
mod found;
mod locate;
mod places;
mod target;

use serde_json::Value;
use serde_json::json;

pub use found::Found;
pub use places::Lookups;
pub use target::Target;

pub use crate::atlassian::jira::issue_place;

use crate::atlassian::Deployment;
use crate::atlassian::Instance;
use crate::atlassian::confluence::Wanted;
use crate::atlassian::confluence::attributes;
use crate::atlassian::jira;
use crate::atlassian::jira::Catalogue;
use crate::atlassian::jira::IssueQuery;
use crate::audit::AuditError;
use crate::audit::Trail;
use crate::ids::BoardId;
use crate::ids::IssueId;
use crate::ids::IssueKey;
use crate::ids::LinkId;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::ServiceDeskId;
use crate::ids::SpaceKey;
use crate::ids::SprintId;
use crate::ids::VersionId;
use crate::net::Credential;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Needs;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Resource;

/// The closed list of what may be asked before a decision.
#[derive(Debug)]
pub enum Lookup<'a> {
    /// Who the credential belongs to in Jira.
    JiraAccount {
        /// Whether the groups are asked for too.
        groups: bool,
    },
    /// Who the credential belongs to in Confluence.
    ConfluenceAccount,
    /// The groups of an account in Confluence, one page of them.
    ConfluenceGroups {
        /// `accountId` on Cloud, `username` on Data Center.
        parameter: &'static str,
        /// The account.
        account: &'a str,
        /// How many to leave out at the start.
        start: usize,
    },
    /// The fields of a site of Jira, which say what values of them name.
    Fields,
    /// Which site of Cloud a configured one is. No credential is shown for it.
    SiteId(Product),
    /// Which project an issue is in; with a query, the issue itself.
    Issue {
        /// The issue.
        key: &'a IssueKey,
        /// What the tool will want of it.
        query: Option<&'a IssueQuery>,
    },
    /// What policies name of issues that are met on the way, such as those that another is linked to.
    Issues(&'a [IssueKey]),
    /// What policies name of pages.
    Pages(&'a [PageId], Needs),
    /// Which issue has this id, and which project it is in.
    IssueNumbered(&'a IssueId),
    /// A project.
    Project(&'a ProjectKey),
    /// A board, and the project it stands in.
    Board(&'a BoardId),
    /// The projects that a board of Data Center shows.
    BoardProjects(&'a BoardId),
    /// A sprint, and which board it is on.
    Sprint(&'a SprintId),
    /// A service desk, and its project.
    ServiceDesk(&'a ServiceDeskId),
    /// A version, and the id of its project.
    Version(&'a VersionId),
    /// The project of that id, which a version is in.
    VersionProject(&'a VersionId, u64),
    /// A link, and its issues.
    Link(&'a LinkId),
    /// Where something of Confluence lies, and the thing itself.
    Content {
        /// What is asked for.
        wanted: Wanted<'a>,
    },
}

impl Lookup<'_> {
    /// How many groups are asked for at once.
    pub const GROUP_PAGE: usize = 200;

    /// The name in the audit record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::JiraAccount { .. } => "jira account",
            Self::ConfluenceAccount => "confluence account",
            Self::ConfluenceGroups { .. } => "confluence groups",
            Self::Fields => "fields",
            Self::SiteId(_) => "site id",
            Self::Issue { .. } | Self::IssueNumbered(_) => "issue -> project",
            Self::Issues(_) => "issues -> attributes",
            Self::Pages(..) => "pages -> attributes",
            Self::Project(_) => "project",
            Self::Board(_) => "board",
            Self::BoardProjects(_) => "board -> projects",
            Self::Sprint(_) => "sprint -> board",
            Self::ServiceDesk(_) => "service desk -> project",
            Self::Version(_) => "version -> project",
            Self::VersionProject(..) => "project",
            Self::Link(_) => "issue link -> issues",
            Self::Content { wanted } => wanted.name(),
        }
    }

    fn resources(&self) -> Vec<Resource> {
        let part = |part| Resource::Part { part, of: None };
        let issue = |key: &IssueKey| Resource::Issue { key: key.clone(), project: None };
        vec![match *self {
            Self::Issues(keys) => return keys.iter().map(issue).collect(),
            Self::Pages(ids, _) => {
                return ids.iter().map(|id| Resource::Page { id: id.clone(), space: None }).collect();
            }
            Self::SiteId(product) => Resource::Instance(product),
            Self::JiraAccount { .. } | Self::Fields => Resource::Instance(Product::Jira),
            Self::ConfluenceAccount | Self::ConfluenceGroups { .. } => {
                Resource::Instance(Product::Confluence)
            }
            Self::Issue { key, .. } => issue(key),
            Self::IssueNumbered(id) => part(Part::Issue(id.clone())),
            Self::Project(key) => Resource::Project(key.clone()),
            Self::Board(id) | Self::BoardProjects(id) => part(Part::Board(id.clone())),
            Self::Sprint(id) => part(Part::Sprint(id.clone())),
            Self::ServiceDesk(id) => part(Part::ServiceDesk(id.clone())),
            Self::Version(id) | Self::VersionProject(id, _) => part(Part::Version(id.clone())),
            Self::Link(id) => part(Part::Link(id.clone())),
            Self::Content { wanted } => wanted.resource(),
        }]
    }

    /// An account is no object that could be hidden: what its product said stays as it is, so that a wrong address
    /// does not look like a wrong token.
    fn failed(&self, error: UpstreamError) -> LookupError {
        match self {
            Self::SiteId(_)
            | Self::Fields
            | Self::JiraAccount { .. }
            | Self::ConfluenceAccount
            | Self::ConfluenceGroups { .. } => LookupError::Upstream(error),
            Self::Issue { .. }
            | Self::Issues(_)
            | Self::Pages(..)
            | Self::IssueNumbered(_)
            | Self::Project(_)
            | Self::Board(_)
            | Self::BoardProjects(_)
            | Self::Sprint(_)
            | Self::ServiceDesk(_)
            | Self::Version(_)
            | Self::VersionProject(..)
            | Self::Link(_)
            | Self::Content { .. } => error.into(),
        }
    }

    fn request(&self, deployment: Deployment) -> Request {
        match self {
            Self::JiraAccount { groups } => {
                let request = Request::get(Path::of(["rest", "api", "2", "myself"]));
                if *groups { request.with("expand", "groups") } else { request }
            }
            Self::Fields => Catalogue::request(),
            Self::SiteId(_) => Request::get(Path::of(["_edge", "tenant_info"])),
            Self::ConfluenceAccount => Request::get(Path::of(["rest", "api", "user", "current"])),
            Self::ConfluenceGroups { parameter, account, start } => {
                Request::get(Path::of(["rest", "api", "user", "memberof"]))
                    .with(parameter, *account)
                    .with("start", start.to_string())
                    .with("limit", Self::GROUP_PAGE.to_string())
            }
            Self::Issue { key, query } => match query {
                Some(query) => {
                    let mut query = (*query).clone();
                    query.fields = query.fields.with("project");
                    query.request(key, deployment, false)
                }
                None => Request::get(Path::of(["rest", "api", "2", "issue"]).value("key", key.as_str()))
                    .with("fields", "project"),
            },
            Self::Issues(keys) => issues(keys, deployment),
            Self::Pages(ids, needs) => attributes::request(ids, *needs, deployment),
            Self::IssueNumbered(id) => {
                Request::get(Path::of(["rest", "api", "2", "issue"]).value("id", id.as_str()))
                    .with("fields", "project")
            }
            Self::Project(key) => {
                Request::get(Path::of(["rest", "api", "2", "project"]).value("key", key.as_str()))
            }
            Self::Board(id) => {
                Request::get(Path::of(["rest", "agile", "1.0", "board"]).value("id", id.as_str()))
            }
            Self::BoardProjects(id) => Request::get(
                Path::of(["rest", "agile", "1.0", "board"]).value("id", id.as_str()).then(["project"]),
            ),
            Self::Sprint(id) => {
                Request::get(Path::of(["rest", "agile", "1.0", "sprint"]).value("id", id.as_str()))
            }
            Self::ServiceDesk(id) => {
                Request::get(Path::of(["rest", "servicedeskapi", "servicedesk"]).value("id", id.as_str()))
            }
            Self::Version(id) => {
                Request::get(Path::of(["rest", "api", "2", "version"]).value("id", id.as_str()))
            }
            Self::VersionProject(_, id) => {
                Request::get(Path::of(["rest", "api", "2", "project"]).value("id", &id.to_string()))
            }
            Self::Link(id) => {
                Request::get(Path::of(["rest", "api", "2", "issueLink"]).value("id", id.as_str()))
            }
            Self::Content { wanted } => wanted.request(deployment),
        }
    }
}

/// Why a look-up brought nothing to decide on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// Atlassian says it does not exist, or hides it, or the answer does not say where it lies.
    #[error("does not exist or is not visible to you")]
    NotVisible,
    /// Atlassian could not be asked.
    #[error(transparent)]
    Upstream(UpstreamError),
    /// The look-up could not be written down.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl From<UpstreamError> for LookupError {
    fn from(error: UpstreamError) -> Self {
        match error.status() {
            // A 400 for an object that was asked for by a checked key or id is Atlassian's way to say no as well.
            Some(400 | 403 | 404 | 410) => Self::NotVisible,
            _ => Self::Upstream(error),
        }
    }
}

/// Asks one thing of Atlassian, after writing down that it is asked.
pub async fn ask(
    lookup: &Lookup<'_>,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
) -> Result<Value, LookupError> {
    let permit = trail.resolve(lookup.name(), &lookup.resources()).await?;
    let request = lookup.request(instance.deployment);
    let answer = match instance.upstream.product() {
        Product::Jira => jira::ask(instance, &permit, credential, request).await,
        Product::Confluence => instance.upstream.execute(&permit, credential, request).await,
    };
    answer.map(|reply| reply.body).map_err(|error| lookup.failed(error))
}

/// Issues by their keys, with no field but those that policies name.
fn issues(keys: &[IssueKey], deployment: Deployment) -> Request {
    let keys: Vec<&str> = keys.iter().map(IssueKey::as_str).collect();
    let jql = format!("key IN ({})", keys.join(", "));
    match deployment {
        Deployment::DataCenter => Request::get(Path::of(["rest", "api", "2", "search"]))
            .with("startAt", "0")
            .with("maxResults", keys.len().to_string())
            .with("fields", "project")
            .with("validateQuery", "false")
            .with("jql", jql),
        Deployment::Cloud => {
            let body = json!({"jql": jql, "fields": ["project"], "maxResults": keys.len()});
            Request::post(Path::of(["rest", "api", "3", "search", "jql"]), body)
        }
    }
}

/// Where Confluence says a page lies.
pub fn page_place(page: &Value) -> Option<Resource> {
    let id = match page.get("id")? {
        Value::String(id) => PageId::parse(id).ok()?,
        Value::Number(id) => PageId::parse(&id.to_string()).ok()?,
        _ => return None,
    };
    let space = SpaceKey::parse(page.pointer("/space/key")?.as_str()?).ok()?;
    Some(Resource::Page { id, space: Some(space) })
}
