//! Asking Atlassian where a target lies.

use serde_json::Map;
use serde_json::Value;

use super::Lookup;
use super::LookupError;
use super::Target;
use super::ask;
use super::cost::Cost;
use super::found::Brought;
use super::issue_place;
use crate::atlassian::Instance;
use crate::atlassian::jira::Catalogue;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueQuery;
use crate::audit::Trail;
use crate::ids::BoardId;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::ids::SpaceName;
use crate::ids::SprintId;
use crate::ids::VersionId;
use crate::net::Credential;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Resource;

/// Where a target lies, and the object if it came along.
pub(super) type Place = (Vec<Resource>, Option<Brought>);

/// Whom to ask, and where it is written down.
pub(super) struct There<'a> {
    pub(super) instance: &'a Instance,
    pub(super) credential: &'a Credential,
    pub(super) trail: &'a Trail,
    /// What it takes.
    pub(super) cost: &'a Cost,
}

impl There<'_> {
    /// The issues, sprints and projects that fields name, each where it lies.
    async fn in_fields(&self, fields: &Map<String, Value>) -> Result<Place, LookupError> {
        let lookup = Lookup::Fields;
        let permit = self.trail.resolve(lookup.name(), &lookup.resources()).await?;
        let (upstream, request) = (&self.instance.upstream, lookup.request(self.instance.deployment));
        let answer = upstream.recall(&permit, self.credential, request, Value::is_array).await;
        let catalogue = answer.map_err(|error| lookup.failed(error))?;
        let named = Catalogue::read(catalogue).ok_or_else(Self::no_catalogue)?.named_in(fields);
        let issues = named.issues.iter().map(|key| Target::Issue(key.clone(), None));
        let sprints = named.sprints.into_iter().map(|id| Target::Part(Part::Sprint(id)));
        let projects = named.projects.into_iter().map(Target::Project);
        let mut located = Vec::new();
        for target in issues.chain(sprints).chain(projects) {
            located.push(Box::pin(self.locate(&target)).await);
        }
        // All of them are looked for, whatever the first is.
        let places: Vec<Place> = located.into_iter().collect::<Result<_, _>>()?;
        let places: Vec<Resource> = places.into_iter().flat_map(|(places, _)| places).collect();
        // The issues come first, one place each.
        let renamed = named.issues.into_iter().zip(&places).filter_map(|(key, place)| match place {
            Resource::Issue { key: present, .. } if *present != key => Some((key, present.clone())),
            _ => None,
        });
        let renamed = Brought::Renamed(renamed.collect());
        Ok((places, Some(renamed)))
    }

    fn no_catalogue() -> LookupError {
        LookupError::Upstream(UpstreamError::malformed(Product::Jira, "the fields are not a list"))
    }

    pub(super) async fn ask(&self, lookup: &Lookup<'_>) -> Result<Value, LookupError> {
        self.cost.sent(1);
        ask(lookup, self.instance, self.credential, self.trail).await
    }

    /// Finds out where a target lies.
    pub(super) async fn locate(&self, target: &Target) -> Result<Place, LookupError> {
        let needs = self.trail.needed(self.instance.upstream.product());
        self.cost.sought(target, self.instance.deployment, needs);
        match target {
            Target::Issue(key, query) => {
                let issue = self.ask(&Lookup::Issue { key, query: query.as_ref() }).await?;
                let place = issue_place(&issue).ok_or(LookupError::NotVisible)?;
                Ok((vec![place], query.is_some().then(|| Brought::Issue(key.clone(), issue))))
            }
            Target::Part(part) => Box::pin(self.part(part)).await,
            Target::Page(id, with) => Box::pin(self.page(id, *with)).await,
            Target::PageTitled(space, title) => Box::pin(self.titled(space, title)).await,
            Target::SpaceNamed(name) => Box::pin(self.space_named(name)).await,
            Target::WithSubtasks(key) => {
                let query = IssueQuery { fields: Fields::parse("subtasks"), ..IssueQuery::default() };
                let issue = self.ask(&Lookup::Issue { key, query: Some(&query) }).await?;
                let subtasks = issue.pointer("/fields/subtasks").and_then(Value::as_array);
                let subtasks = subtasks.into_iter().flatten().map(issue_named);
                let place = issue_place(&issue).ok_or(LookupError::NotVisible);
                Ok((std::iter::once(place).chain(subtasks).collect::<Result<_, _>>()?, None))
            }
            Target::Project(key) => {
                let project = self.ask(&Lookup::Project(key)).await?;
                // Jira answers to a key that a project had before as well: policies do not know it.
                let place = project_at(&project, "/key")?;
                if place != Resource::Project(key.clone()) {
                    return Err(LookupError::NotVisible);
                }
                Ok((vec![place], None))
            }
            Target::InFields(fields) => Box::pin(self.in_fields(fields)).await,
            Target::Space(key) => Box::pin(self.space_named(&SpaceName::Key(key.clone()))).await,
            Target::Instance(_) => Ok((target.unresolved().into_iter().collect(), None)),
        }
    }
}

/// Where a part lies, and the part itself if it came along.
pub(super) type PartPlace = (Vec<Resource>, Option<Value>);

impl There<'_> {
    async fn part(&self, part: &Part) -> Result<Place, LookupError> {
        let (places, object) = match part {
            Part::Issue(id) => {
                let issue = self.ask(&Lookup::IssueNumbered(id)).await?;
                (vec![issue_place(&issue).ok_or(LookupError::NotVisible)?], Some(issue))
            }
            Part::Board(id) => self.board(id).await?,
            Part::Sprint(id) => self.sprint(id).await?,
            Part::ServiceDesk(id) => {
                let desk = self.ask(&Lookup::ServiceDesk(id)).await?;
                (vec![project_at(&desk, "/projectKey")?], Some(desk))
            }
            Part::Version(id) => self.version(id).await?,
            Part::Link(id) => {
                let link = self.ask(&Lookup::Link(id)).await?;
                let issues = vec![linked_issue(&link, "inwardIssue")?, linked_issue(&link, "outwardIssue")?];
                (issues, Some(link))
            }
            Part::Comment(id) => self.comment(id).await?,
            Part::Attachment(id) => self.attachment(id).await?,
            Part::Template(id) => self.template(id).await?,
        };
        let places = places.into_iter().map(|place| Resource::part(part.clone(), place)).collect();
        Ok((places, object.map(|object| Brought::Part(part.clone(), object))))
    }

    /// The projects of a board: the one it stands in, else those it shows, and all of them decide. A board of Cloud may
    /// stand in a person's profile and show any project.
    async fn board(&self, id: &BoardId) -> Result<PartPlace, LookupError> {
        let board = self.ask(&Lookup::Board(id)).await?;
        let projects = match board.pointer("/location/projectKey").and_then(Value::as_str) {
            Some(key) => {
                vec![Resource::Project(ProjectKey::parse(key).map_err(|_| LookupError::NotVisible)?)]
            }
            None => self.shown_on(id).await?,
        };
        let whole = || vec![Resource::Instance(Product::Jira)];
        Ok((if projects.is_empty() { whole() } else { projects }, Some(board)))
    }

    async fn shown_on(&self, board: &BoardId) -> Result<Vec<Resource>, LookupError> {
        let answer = self.ask(&Lookup::BoardProjects(board)).await?;
        // A list that is cut would leave projects out of the decision.
        if answer.get("isLast").and_then(Value::as_bool) != Some(true) {
            return Err(LookupError::NotVisible);
        }
        let listed = answer.get("values").and_then(Value::as_array).ok_or(LookupError::NotVisible)?;
        listed.iter().map(|project| project_at(project, "/key")).collect()
    }

    /// A sprint lies where its board does.
    async fn sprint(&self, id: &SprintId) -> Result<PartPlace, LookupError> {
        let sprint = self.ask(&Lookup::Sprint(id)).await?;
        let board = sprint.get("originBoardId").and_then(Value::as_u64);
        let board = board.and_then(|id| BoardId::parse(&id.to_string()).ok());
        let (places, _) = self.board(&board.ok_or(LookupError::NotVisible)?).await?;
        Ok((places, Some(sprint)))
    }

    async fn version(&self, id: &VersionId) -> Result<PartPlace, LookupError> {
        let version = self.ask(&Lookup::Version(id)).await?;
        let project = match version.get("projectId").and_then(Value::as_u64) {
            Some(project) => project_at(&self.ask(&Lookup::VersionProject(id, project)).await?, "/key")?,
            None => project_at(&version, "/project")?,
        };
        Ok((vec![project], Some(version)))
    }
}

fn project_at(object: &Value, pointer: &str) -> Result<Resource, LookupError> {
    let key = object.pointer(pointer).and_then(Value::as_str).and_then(|key| ProjectKey::parse(key).ok());
    key.map(Resource::Project).ok_or(LookupError::NotVisible)
}

/// One end of a link, by the key that Jira gives it now.
fn linked_issue(link: &Value, end: &str) -> Result<Resource, LookupError> {
    issue_named(link.get(end).unwrap_or(&Value::Null))
}

fn issue_named(issue: &Value) -> Result<Resource, LookupError> {
    let key = issue.get("key").and_then(Value::as_str);
    let key = key.and_then(|key| IssueKey::parse(key).ok()).ok_or(LookupError::NotVisible)?;
    let project = Some(key.project());
    Ok(Resource::Issue { key, project })
}
