//! What may be asked of Atlassian before a decision: a closed list of reads, each written down as `resolve`.
//!
//! A look-up uses the caller's own credential; its answer never reaches the caller before a permit. The object it
//! brought is handed to the tool, so that nothing is fetched twice.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use moka::future::Cache;
use serde_json::Value;

use crate::atlassian::Instance;
use crate::atlassian::confluence;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::gateway;
use crate::atlassian::jira::IssueQuery;
use crate::audit::AuditError;
use crate::audit::Trail;
use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::net::Credential;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Access;
use crate::policy::Product;
use crate::policy::Resource;

/// How long a place is believed before Atlassian is asked again.
const PLACE_LIFETIME: Duration = Duration::from_mins(1);

/// How many places are remembered at most.
const PLACES: u64 = 10_000;

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
    /// Which site of Cloud a configured one is. No credential is shown for it.
    SiteId(Product),
    /// Which project an issue is in; with a query, the issue itself.
    Issue {
        /// The issue.
        key: &'a IssueKey,
        /// What the tool will want of it.
        query: Option<&'a IssueQuery>,
    },
    /// Which space a page is in, and the page itself.
    Page {
        /// The page.
        id: &'a PageId,
    },
    /// A page through the gateway, which names its space by an id alone.
    GatewayPage {
        /// The page.
        id: &'a PageId,
    },
    /// The space of that id.
    GatewaySpace {
        /// The page that is in it, or the space's own key.
        of: Resource,
        /// What is asked.
        request: Request,
    },
    /// The page of a title in a space, through the gateway.
    GatewayTitled {
        /// The space.
        space: &'a SpaceKey,
        /// Its id.
        id: &'a str,
        /// The title.
        title: &'a str,
    },
    /// The page of a title in a space.
    PageTitled {
        /// The space.
        space: &'a SpaceKey,
        /// The title.
        title: &'a str,
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
            Self::SiteId(_) => "site id",
            Self::Issue { .. } => "issue -> project",
            Self::Page { .. } | Self::GatewayPage { .. } => "page -> space",
            Self::GatewaySpace { .. } => "space",
            Self::PageTitled { .. } | Self::GatewayTitled { .. } => "title -> page",
        }
    }

    fn resource(&self) -> Resource {
        match self {
            Self::SiteId(product) => Resource::Instance(*product),
            Self::JiraAccount { .. } => Resource::Instance(Product::Jira),
            Self::ConfluenceAccount | Self::ConfluenceGroups { .. } => {
                Resource::Instance(Product::Confluence)
            }
            Self::Issue { key, .. } => Resource::Issue { key: (*key).clone(), project: None },
            Self::Page { id } | Self::GatewayPage { id } => Resource::Page { id: (*id).clone(), space: None },
            Self::GatewaySpace { of, .. } => of.clone(),
            Self::PageTitled { space, .. } | Self::GatewayTitled { space, .. } => {
                Resource::Space((*space).clone())
            }
        }
    }

    /// An account is no object that could be hidden: what its product said stays as it is, so that a wrong address
    /// does not look like a wrong token.
    fn failed(&self, error: UpstreamError) -> LookupError {
        match self {
            Self::SiteId(_)
            | Self::JiraAccount { .. }
            | Self::ConfluenceAccount
            | Self::ConfluenceGroups { .. } => LookupError::Upstream(error),
            Self::Issue { .. }
            | Self::Page { .. }
            | Self::GatewayPage { .. }
            | Self::GatewaySpace { .. }
            | Self::GatewayTitled { .. }
            | Self::PageTitled { .. } => error.into(),
        }
    }

    fn request(&self) -> Request {
        match self {
            Self::JiraAccount { groups } => {
                let request = Request::get(Path::of(["rest", "api", "2", "myself"]));
                if *groups { request.with("expand", "groups") } else { request }
            }
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
                    query.request(key, false)
                }
                None => Request::get(Path::of(["rest", "api", "2", "issue", key.as_str()]))
                    .with("fields", "project"),
            },
            Self::Page { id } => Confluence::page_request(id),
            Self::GatewayPage { id } => Confluence::gateway_page(id),
            Self::GatewaySpace { request, .. } => request.clone(),
            Self::GatewayTitled { id, title, .. } => Confluence::gateway_titled(id, title),
            Self::PageTitled { space, title } => Confluence::titled_request(space, title),
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

/// Something a call names, before it is known where it lies.
#[derive(Debug, Clone)]
pub enum Target {
    /// The whole of a product.
    Instance(Product),
    /// An issue; with a query, a look-up brings the issue along.
    Issue(IssueKey, Option<IssueQuery>),
    /// A project.
    Project(ProjectKey),
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
            Self::Space(key) | Self::PageTitled(key, _) => Resource::Space(key.clone()),
            Self::Page(id) => Resource::Page { id: id.clone(), space: None },
        }
    }
}

/// What look-ups brought along, so that the tool need not ask again.
#[derive(Debug, Default)]
pub struct Found {
    issue: Option<(IssueKey, Value)>,
    page: Option<(PageId, Value)>,
    /// The page that a title named.
    pub titled: Option<PageId>,
    /// What was located just now.
    located: Vec<(PlaceKey, Resource)>,
    /// The present key of an issue that was named by an old one.
    renamed: Option<(IssueKey, IssueKey)>,
}

impl Found {
    /// The issue a caller named by this key, if a look-up brought it whole.
    pub fn take_issue(&mut self, key: &IssueKey) -> Option<Value> {
        self.issue.take_if(|(named, _)| named == key).map(|(_, issue)| issue)
    }

    /// The present key of an issue: issues that moved to another project still answer to their old keys.
    pub fn present_key(&self, named: IssueKey) -> IssueKey {
        match &self.renamed {
            Some((old, present)) if *old == named => present.clone(),
            _ => named,
        }
    }

    /// Notes what a name led to.
    fn note(&mut self, target: &Target, place: &Resource) {
        match (target, place) {
            (Target::PageTitled(..), Resource::Page { id, .. }) => self.titled = Some(id.clone()),
            (Target::Issue(named, _), Resource::Issue { key, .. }) if named != key => {
                self.renamed = Some((named.clone(), key.clone()));
            }
            _ => {}
        }
    }

    /// The page of this id, if a look-up brought it.
    pub fn take_page(&mut self, id: &PageId) -> Option<Value> {
        self.page.take_if(|(named, _)| named == id).map(|(_, page)| page)
    }
}

/// Product, instance, fingerprint of the credential, and the hash of how the caller named it: titles may be long.
type PlaceKey = (Product, InstanceName, [u8; 32], String);

/// Where things lie, remembered for a short time per credential.
#[derive(Debug, Clone)]
pub struct Lookups {
    places: Cache<PlaceKey, Arc<Resource>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { places: Cache::builder().max_capacity(PLACES).time_to_live(PLACE_LIFETIME).build() }
    }
}

impl Lookups {
    /// Remembers what was found, once the caller may know of it. Absence is not remembered, so what is hidden must not
    /// be either: the time of the answer would tell them apart.
    pub async fn remember(&self, found: &mut Found) {
        for (key, place) in found.located.drain(..) {
            self.places.insert(key, Arc::new(place)).await;
        }
    }

    /// Finds out where a target lies: now, or for a `Read` some time ago.
    pub async fn resolve(
        &self,
        target: &Target,
        access: Access,
        (instance, credential): (&Instance, &Credential),
        trail: &Trail,
        found: &mut Found,
    ) -> Result<Resource, LookupError> {
        if !matches!(target, Target::Issue(..) | Target::Page(_) | Target::PageTitled(..)) {
            return Ok(target.unresolved());
        }
        let product = target.unresolved().product();
        let named = hex::encode(digest::digest(&digest::SHA256, target.named().as_bytes()));
        let key = (product, instance.name.clone(), credential.fingerprint(), named);
        // What is changed is decided on where it lies now, not where it lay a minute ago.
        if access == Access::Read
            && let Some(place) = self.places.get(&key).await
        {
            found.note(target, &place);
            return Ok(place.as_ref().clone());
        }
        let place = locate(target, instance, credential, trail, found).await?;
        found.note(target, &place);
        found.located.push((key, place.clone()));
        Ok(place)
    }
}

/// Asks one thing of Atlassian, after writing down that it is asked.
pub async fn ask(
    lookup: &Lookup<'_>,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
) -> Result<Value, LookupError> {
    let permit = trail.resolve(lookup.name(), &[lookup.resource()]).await?;
    let answer = instance.upstream.execute(&permit, credential, lookup.request()).await;
    answer.map(|reply| reply.body).map_err(|error| lookup.failed(error))
}

async fn locate(
    target: &Target,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
    found: &mut Found,
) -> Result<Resource, LookupError> {
    match target {
        Target::Issue(key, query) => {
            let lookup = Lookup::Issue { key, query: query.as_ref() };
            let issue = ask(&lookup, instance, credential, trail).await?;
            let place = issue_place(&issue).ok_or(LookupError::NotVisible)?;
            if query.is_some() {
                found.issue = Some((key.clone(), issue));
            }
            Ok(place)
        }
        Target::Page(id) => {
            let page = if instance.gateway {
                Box::pin(page_of_gateway(id, instance, credential, trail)).await?
            } else {
                ask(&Lookup::Page { id }, instance, credential, trail).await?
            };
            let place = page_place(&page).ok_or(LookupError::NotVisible)?;
            found.page = Some((id.clone(), page));
            Ok(place)
        }
        Target::PageTitled(space, title) => {
            let page = if instance.gateway {
                Box::pin(titled_of_gateway(space, title, instance, credential, trail)).await?
            } else {
                let answer = ask(&Lookup::PageTitled { space, title }, instance, credential, trail).await?;
                confluence::first_titled(&answer, space)?.ok_or(LookupError::NotVisible)?
            };
            let place = page_place(&page).ok_or(LookupError::NotVisible)?;
            if let Resource::Page { id, .. } = &place {
                found.page = Some((id.clone(), page));
            }
            Ok(place)
        }
        Target::Instance(_) | Target::Project(_) | Target::Space(_) => Ok(target.unresolved()),
    }
}

/// A page and its space, which the gateway gives apart.
async fn page_of_gateway(
    id: &PageId,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
) -> Result<Value, LookupError> {
    let page = ask(&Lookup::GatewayPage { id }, instance, credential, trail).await?;
    let request = Confluence::gateway_space(&gateway::space_id(&page)?);
    let of = Resource::Page { id: id.clone(), space: None };
    let space = ask(&Lookup::GatewaySpace { of, request }, instance, credential, trail).await?;
    Ok(gateway::as_first(page, &space))
}

async fn titled_of_gateway(
    space: &SpaceKey,
    title: &str,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
) -> Result<Value, LookupError> {
    let of = Resource::Space(space.clone());
    let request = Confluence::gateway_space_of_key(space);
    let answer = ask(&Lookup::GatewaySpace { of, request }, instance, credential, trail).await?;
    let found = gateway::space_of_key(&answer, space).ok_or(LookupError::NotVisible)?;
    let id = found.get("id").and_then(Value::as_str).ok_or(LookupError::NotVisible)?;
    let answer = ask(&Lookup::GatewayTitled { space, id, title }, instance, credential, trail).await?;
    let page = answer.pointer("/results/0").cloned().ok_or(LookupError::NotVisible)?;
    if gateway::space_id(&page)? != id {
        return Err(LookupError::NotVisible);
    }
    Ok(gateway::as_first(page, &found))
}

/// Where Jira says an issue lies: its present key and project. An old key of a moved issue leads to its new place.
pub fn issue_place(issue: &Value) -> Option<Resource> {
    let key = IssueKey::parse(issue.get("key")?.as_str()?).ok()?;
    let project = match issue.pointer("/fields/project/key") {
        Some(project) => ProjectKey::parse(project.as_str()?).ok()?,
        None => key.project(),
    };
    Some(Resource::Issue { key, project: Some(project) })
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
