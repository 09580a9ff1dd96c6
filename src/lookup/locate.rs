//! Asking Atlassian where a target lies.

use serde_json::Value;

use super::Lookup;
use super::LookupError;
use super::Target;
use super::ask;
use super::found::Brought;
use super::issue_place;
use crate::atlassian::Deployment;
use crate::atlassian::Instance;
use crate::audit::Trail;
use crate::ids::BoardId;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Credential;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Resource;

/// Where a target lies, and the object if it came along.
pub(super) type Place = (Vec<Resource>, Option<Brought>);

/// Whom to ask, and where it is written down.
pub(super) struct There<'a> {
    pub(super) instance: &'a Instance,
    credential: &'a Credential,
    trail: &'a Trail,
}

impl There<'_> {
    pub(super) async fn ask(&self, lookup: &Lookup<'_>) -> Result<Value, LookupError> {
        ask(lookup, self.instance, self.credential, self.trail).await
    }
}

pub(super) async fn locate(
    target: &Target,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
) -> Result<Place, LookupError> {
    let there = There { instance, credential, trail };
    match target {
        Target::Issue(key, query) => {
            let issue = there.ask(&Lookup::Issue { key, query: query.as_ref() }).await?;
            let place = issue_place(&issue).ok_or(LookupError::NotVisible)?;
            Ok((vec![place], query.is_some().then(|| Brought::Issue(key.clone(), issue))))
        }
        Target::Part(Part::Comment(id)) => Box::pin(there.comment(id)).await,
        Target::Part(Part::Attachment(id)) => Box::pin(there.attachment(id)).await,
        Target::Part(Part::Template(id)) => Box::pin(there.template(id)).await,
        Target::Part(part) => Box::pin(there.part(part)).await,
        Target::Page(id, with) => Box::pin(there.page(id, *with)).await,
        Target::PageTitled(space, title) => Box::pin(there.titled(space, title)).await,
        Target::SpaceNamed(name) => Box::pin(there.space_named(name)).await,
        Target::Instance(_) | Target::Project(_) | Target::Space(_) => Ok((vec![target.unresolved()], None)),
    }
}

impl There<'_> {
    async fn part(&self, part: &Part) -> Result<Place, LookupError> {
        let object = self.ask(&Lookup::Part { part }).await?;
        let places = match part {
            Part::Board(id) => self.board(id, &object).await?,
            Part::Sprint(_) => {
                let board = object.get("originBoardId").and_then(Value::as_u64);
                let board = board.and_then(|id| BoardId::parse(&id.to_string()).ok());
                let board = board.ok_or(LookupError::NotVisible)?;
                let shown = self.ask(&Lookup::Part { part: &Part::Board(board.clone()) }).await?;
                self.board(&board, &shown).await?
            }
            Part::ServiceDesk(_) => vec![project_at(&object, "/projectKey")?],
            Part::Version(_) => match object.get("projectId").and_then(Value::as_u64) {
                Some(id) => {
                    let of = part.clone();
                    vec![project_at(&self.ask(&Lookup::ProjectOf { part: of, id }).await?, "/key")?]
                }
                None => vec![project_at(&object, "/project")?],
            },
            Part::Link(_) => {
                vec![linked_issue(&object, "inwardIssue")?, linked_issue(&object, "outwardIssue")?]
            }
            // What is in Confluence has ways of its own.
            Part::Comment(_) | Part::Attachment(_) | Part::Template(_) => {
                return Err(LookupError::NotVisible);
            }
        };
        let places = places.into_iter().map(|place| Resource::part(part.clone(), place)).collect();
        Ok((places, Some(Brought::Part(part.clone(), object))))
    }

    /// The projects of a board. Cloud names the one it stands in; Data Center those it shows, and all of them decide.
    async fn board(&self, id: &BoardId, board: &Value) -> Result<Vec<Resource>, LookupError> {
        if let Some(key) = board.pointer("/location/projectKey").and_then(Value::as_str) {
            let key = ProjectKey::parse(key).map_err(|_| LookupError::NotVisible)?;
            return Ok(vec![Resource::Project(key)]);
        }
        let whole = || vec![Resource::Instance(Product::Jira)];
        if self.instance.deployment == Deployment::Cloud {
            return Ok(whole());
        }
        let answer = self.ask(&Lookup::BoardProjects { id }).await?;
        // A list that is cut would leave projects out of the decision.
        if answer.get("isLast").and_then(Value::as_bool) != Some(true) {
            return Err(LookupError::NotVisible);
        }
        let listed = answer.get("values").and_then(Value::as_array).ok_or(LookupError::NotVisible)?;
        let projects: Vec<Resource> =
            listed.iter().map(|project| project_at(project, "/key")).collect::<Result<_, _>>()?;
        Ok(if projects.is_empty() { whole() } else { projects })
    }
}

fn project_at(object: &Value, pointer: &str) -> Result<Resource, LookupError> {
    let key = object.pointer(pointer).and_then(Value::as_str).and_then(|key| ProjectKey::parse(key).ok());
    key.map(Resource::Project).ok_or(LookupError::NotVisible)
}

/// One end of a link, by the key that Jira gives it now.
fn linked_issue(link: &Value, end: &str) -> Result<Resource, LookupError> {
    let key = link.get(end).and_then(|issue| issue.get("key")?.as_str());
    let key = key.and_then(|key| IssueKey::parse(key).ok()).ok_or(LookupError::NotVisible)?;
    let project = Some(key.project());
    Ok(Resource::Issue { key, project })
}
