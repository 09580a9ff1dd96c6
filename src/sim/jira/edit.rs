//! Creating, changing, assigning and deleting issues.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Issue;
use super::super::world::Named;
use super::super::world::Project;
use super::super::world::User;
use super::super::world::World;
use super::field_error;
use super::issue::text;
use super::issue::types_of;
use super::no_issue;
use super::refusal;
use super::visible;
use super::write::body;
use super::write::said_along;
use super::write::say;

const NOT_A_DOCUMENT: &str =
    "Operation value must be an Atlassian Document (see the Atlassian Document Format)";

pub(crate) fn create(world: &mut World, call: &Call, given: &Value) -> Reply {
    let fields =
        given.get("fields").and_then(Value::as_object).ok_or_else(|| refusal(400, "fields is required"))?;
    let key = ["key", "id"].into_iter().find_map(|name| fields.get("project")?.get(name)?.as_str());
    let no_project = || field_error("project", "valid project is required");
    let project = Project::find(call.user, key.ok_or_else(no_project)?).ok_or_else(no_project)?;
    let kind = fields.get("issuetype").and_then(|kind| named(&data::TYPES, kind));
    let kind = kind.filter(|kind| types_of(project).any(|known| known == *kind));
    let kind = kind.ok_or_else(|| field_error("issuetype", "valid issue type is required"))?;
    if fields.get("summary").and_then(Value::as_str).is_none_or(|summary| summary.trim().is_empty()) {
        return Err(field_error("summary", "You must specify a summary of the issue."));
    }
    if kind.name == "Sub-task" && fields.get("parent").is_none() {
        return Err(field_error(
            "parent",
            "Issue type is a sub-task but parent issue key or id not specified.",
        ));
    }
    if kind.name == "Epic" && !call.is_cloud() && fields.get(data::EPIC_NAME).is_none_or(Value::is_null) {
        return Err(field_error(data::EPIC_NAME, "Epic Name is required."));
    }
    let (now, id, number) = (world.tick(), world.next_id(), world.next_number(project));
    let mut issue = blank(call, project, kind, (id, number), now);
    for (name, value) in fields.iter().filter(|(name, _)| !matches!(name.as_str(), "project" | "issuetype")) {
        set(world, call, &mut issue, name, value)?;
    }
    let key = issue.key.clone();
    world.insert_issue(issue);
    let address = format!("{}/rest/api/2/issue/{id}", call.base);
    Ok(Answer::status(201, &json!({"id": id.to_string(), "key": key, "self": address})))
}

/// Applies `fields` and the `set`, `add` and `remove` of `update`, all or nothing.
pub(crate) fn update(world: &mut World, call: &Call, key: &str) -> Reply {
    let id = visible(world, call, key)?.id;
    let given = body(call)?;
    let empty = Map::new();
    let fields = given.get("fields").and_then(Value::as_object).unwrap_or(&empty);
    let updates = given.get("update").and_then(Value::as_object).unwrap_or(&empty);
    let said = said_along(call, &given)?;
    apply(world, call, id, fields)?;
    let now = world.tick();
    let mut issue = world.issues.remove(&id).ok_or_else(|| no_issue(call))?;
    for operation in updates.get("labels").and_then(Value::as_array).into_iter().flatten() {
        let label = |name: &str| operation.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(removed) = label("remove") {
            issue.labels.retain(|present| *present != removed);
        }
        issue.labels.extend(label("add"));
    }
    for operation in updates.get("timetracking").and_then(Value::as_array).into_iter().flatten() {
        if operation.get("edit").and_then(|edit| set_estimates(&mut issue, edit)).is_none() {
            world.issues.insert(id, issue);
            return Err(field_error("timetracking", "Invalid time tracking operation."));
        }
    }
    issue.updated = now;
    world.issues.insert(id, issue);
    say(world, call, id, said);
    Ok(Answer::empty(204))
}

/// Sets fields of an issue, all or none.
pub(crate) fn apply(
    world: &mut World,
    call: &Call,
    id: u64,
    fields: &Map<String, Value>,
) -> Result<(), Answer> {
    let now = world.tick();
    let mut issue = world.issues.remove(&id).ok_or_else(|| no_issue(call))?;
    // Checked on a copy of what may change first, so that a refused update leaves nothing behind.
    let mut trial = blank(call, issue.project, issue.kind, (issue.id, issue.number), now);
    let checked = fields.iter().try_for_each(|(name, value)| set(world, call, &mut trial, name, value));
    let applied = checked
        .and_then(|()| fields.iter().try_for_each(|(name, value)| set(world, call, &mut issue, name, value)));
    world.issues.insert(id, issue);
    applied
}

pub(crate) fn assign(world: &mut World, call: &Call, key: &str) -> Reply {
    visible(world, call, key)?;
    let given = body(call)?;
    let user = account(call, "assignee", &given)?;
    let now = world.tick();
    let issue = world.issue_mut(call.user, key).ok_or_else(|| no_issue(call))?;
    issue.assignee = user;
    issue.updated = now;
    Ok(Answer::empty(204))
}

pub(crate) fn delete(world: &mut World, call: &Call, key: &str) -> Reply {
    let (id, key) = visible(world, call, key).map(|issue| (issue.id, issue.key.clone()))?;
    let subtasks: Vec<u64> = world
        .issues
        .values()
        .filter(|issue| issue.parent.as_ref() == Some(&key))
        .map(|issue| issue.id)
        .collect();
    if !subtasks.is_empty() && call.parameter("deleteSubtasks") != Some("true") {
        let text = format!(
            "The issue '{key}' has subtasks.  You must specify the 'deleteSubtasks' parameter to delete this issue \
             and all its subtasks."
        );
        return Err(refusal(400, &text));
    }
    for gone in subtasks.into_iter().chain([id]) {
        if let Some(issue) = world.issues.remove(&gone) {
            world.links.retain(|link| link.from != issue.key && link.to != issue.key);
        }
        world.keys.retain(|_, id| *id != gone);
    }
    Ok(Answer::empty(204))
}

fn blank(
    call: &Call,
    project: &'static Project,
    kind: &'static Named,
    (id, number): (u64, u64),
    now: jiff::Timestamp,
) -> Issue {
    Issue {
        id,
        key: format!("{}-{number}", project.key),
        number,
        project,
        kind,
        status: &data::STATUSES[0],
        priority: &data::PRIORITIES[2],
        summary: String::new(),
        description: None,
        environment: None,
        reporter: call.user,
        assignee: None,
        labels: Vec::new(),
        security: None,
        components: Vec::new(),
        version: None,
        created: now,
        updated: now,
        resolved: None,
        resolution: None,
        due: None,
        epic: None,
        epic_name: None,
        parent: None,
        points: None,
        team: None,
        sprint: None,
        estimates: (None, None),
        comments: Vec::new(),
        worklogs: Vec::new(),
        attachments: Vec::new(),
        history: Vec::new(),
        watchers: vec![call.user],
        remote_links: Vec::new(),
        properties: std::collections::BTreeMap::new(),
    }
}

/// Sets one field, or says why not.
fn set(world: &World, call: &Call, issue: &mut Issue, name: &str, value: &Value) -> Result<(), Answer> {
    let unknown = || {
        let text = format!("Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.");
        field_error(name, &text)
    };
    let wrong = || field_error(name, &format!("The value of '{name}' is not valid."));
    let other = |value: &Value| {
        let key = value.get("key").or_else(|| value.get("id")).unwrap_or(value).as_str().unwrap_or_default();
        let found = world.issue(call.user, key).map(|issue| issue.key.clone());
        found.ok_or_else(|| field_error(name, "Could not find issue by id or key."))
    };
    let epic = |value: &Value| epic_of(world, call, name, other(value)?);
    match name {
        "summary" => value.as_str().ok_or_else(wrong)?.clone_into(&mut issue.summary),
        "description" | "environment" => {
            let text = match value {
                Value::Null => None,
                value => Some(text(call, value).ok_or_else(|| field_error(name, NOT_A_DOCUMENT))?),
            };
            let place = if name == "description" { &mut issue.description } else { &mut issue.environment };
            *place = text;
        }
        "labels" => issue.labels = labels_of(name, value).ok_or_else(wrong)??,
        "security" if value.is_null() => issue.security = None,
        "security" => {
            let level = value.get("name").and_then(Value::as_str).ok_or_else(wrong)?;
            issue.security = Some(level.to_owned());
        }
        "priority" => issue.priority = named(&data::PRIORITIES, value).ok_or_else(wrong)?,
        "issuetype" => issue.kind = named(&data::TYPES, value).ok_or_else(wrong)?,
        "assignee" => issue.assignee = account(call, name, value)?,
        "reporter" => issue.reporter = account(call, name, value)?.ok_or_else(wrong)?,
        "components" => issue.components = all_of(issue.project.components, value).ok_or_else(wrong)?,
        "fixVersions" => issue.version = version_of(world, issue.project, value).map_err(|()| wrong())?,
        "timetracking" => set_estimates(issue, value).ok_or_else(wrong)?,
        "duedate" => issue.due = value.as_str().map(str::parse).transpose().map_err(|_| wrong())?,
        "parent" if issue.kind.name == "Sub-task" => issue.parent = Some(other(value)?),
        "parent" if call.is_cloud() && value.is_null() => issue.epic = None,
        "parent" if call.is_cloud() => issue.epic = Some(epic(value)?),
        data::EPIC_LINK if value.is_null() => issue.epic = None,
        data::EPIC_LINK => issue.epic = Some(epic(value)?),
        data::EPIC_NAME if issue.kind.name == "Epic" => issue.epic_name = value.as_str().map(str::to_owned),
        data::STORY_POINTS if value.is_null() => issue.points = None,
        data::STORY_POINTS => issue.points = Some(value.as_f64().ok_or_else(wrong)?),
        data::SPRINT => issue.sprint = sprint_of(world, name, value)?,
        data::TEAM => issue.team = team_of(name, value)?,
        _ => return Err(unknown()),
    }
    Ok(())
}

/// The labels of a list; none where it holds something else.
fn labels_of(name: &str, value: &Value) -> Option<Result<Vec<String>, Answer>> {
    let labels: Vec<String> =
        value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    let spaced = labels.iter().find(|label| label.contains(' '));
    let refused = spaced.map(|label| format!("The label '{label}' contains spaces which is invalid."));
    Some(refused.map_or(Ok(labels), |text| Err(field_error(name, &text))))
}

fn team_of(name: &str, value: &Value) -> Result<Option<&'static str>, Answer> {
    if value.is_null() {
        return Ok(None);
    }
    let wanted = value.get("value").or_else(|| value.get("id")).unwrap_or(value).as_str();
    let found = data::TEAMS.iter().find(|team| Some(team.name) == wanted || Some(team.id) == wanted);
    let text = format!("Option value '{}' is not valid", wanted.unwrap_or_default());
    found.map(|team| Some(team.name)).ok_or_else(|| field_error(name, &text))
}

/// The key of an issue that has to be an epic.
fn epic_of(world: &World, call: &Call, name: &str, key: String) -> Result<String, Answer> {
    let is_epic = world.issue(call.user, &key).is_some_and(|issue| issue.kind.name == "Epic");
    let text = if call.is_cloud() {
        "Given parent work item does not belong to appropriate hierarchy.".to_owned()
    } else {
        format!("Issue '{key}' isn't an epic.")
    };
    if is_epic { Ok(key) } else { Err(field_error(name, &text)) }
}

fn sprint_of(world: &World, name: &str, value: &Value) -> Result<Option<u64>, Answer> {
    if value.is_null() {
        return Ok(None);
    }
    let id = value.as_u64().ok_or_else(|| field_error(name, "Number value expected as the Sprint id."))?;
    let is_open = world.sprints.iter().any(|sprint| sprint.id == id && sprint.state != "closed");
    if is_open { Ok(Some(id)) } else { Err(field_error(name, "The sprint is closed or does not exist.")) }
}

pub(crate) fn named(table: &'static [Named], value: &Value) -> Option<&'static Named> {
    let part = |name: &str| value.get(name).and_then(Value::as_str);
    let (id, name) = (part("id"), part("name"));
    table
        .iter()
        .find(|item| Some(item.id) == id || name.is_some_and(|name| item.name.eq_ignore_ascii_case(name)))
}

/// The entries of a list of `{name}`, if all of them are known.
fn all_of(table: &'static [&'static str], value: &Value) -> Option<Vec<&'static str>> {
    let known = |entry: &Value| {
        let name = entry.get("name")?.as_str()?;
        table.iter().find(|known| **known == name).copied()
    };
    value.as_array()?.iter().map(known).collect()
}

/// The first of a list of versions by `{name}` or `{id}`.
fn version_of(world: &World, project: &Project, value: &Value) -> Result<Option<String>, ()> {
    let Some(first) = value.as_array().ok_or(())?.first() else { return Ok(None) };
    let same = |version: &&Map<String, Value>| {
        let is = |name: &str| first.get(name).is_some() && version.get(name) == first.get(name);
        version.get("projectId").and_then(Value::as_u64) == Some(project.id) && (is("name") || is("id"))
    };
    let found =
        world.versions.iter().find(same).and_then(|version| version.get("name")?.as_str()).ok_or(())?;
    Ok(Some(found.to_owned()))
}

/// Sets the estimates that an operation or the field itself has.
pub(crate) fn set_estimates(issue: &mut Issue, value: &Value) -> Option<()> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (original, remaining) = (text("originalEstimate"), text("remainingEstimate"));
    if original.is_none() && remaining.is_none() {
        return None;
    }
    // As Jira has it: what is left is all of it until work is logged.
    issue.estimates.1 = remaining.or_else(|| issue.estimates.1.take()).or_else(|| original.clone());
    issue.estimates.0 = original.or_else(|| issue.estimates.0.take());
    Some(())
}

/// `{name}` on Data Center, `{accountId}` or `{id}` on Cloud; null is nobody.
fn account(call: &Call, field: &str, value: &Value) -> Result<Option<&'static User>, Answer> {
    let names: &[&str] = if call.is_cloud() { &["accountId", "id"] } else { &["name"] };
    let given = names.iter().find_map(|name| value.get(name));
    let Some(given) = given.or(value.is_null().then_some(value)) else {
        return Err(field_error(field, "data was not an object"));
    };
    let Some(wanted) = given.as_str() else { return Ok(None) };
    let same = |user: &&User| if call.is_cloud() { user.account_id == wanted } else { user.name == wanted };
    let missing = || field_error(field, &format!("User '{wanted}' does not exist."));
    data::USERS.iter().find(same).map(Some).ok_or_else(missing)
}
