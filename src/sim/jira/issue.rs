//! Reading one issue and what hangs on it.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::call::parts;
use super::super::data::PROJECTS;
use super::super::data::TYPES;
use super::super::world::Issue;
use super::super::world::World;
use super::fields;
use super::fields::Wanted;
use super::is_version_3;
use super::list;
use super::page;
use super::refusal;
use super::render;
use super::visible;

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        ["createmeta", project, "issuetypes", rest @ ..] => create_meta(world, call, project, rest),
        [key] => Ok(Answer::json(&one(world, call, visible(world, call, key)?))),
        [key, "comment"] => comments(call, visible(world, call, key)?),
        [key, "comment", id] => {
            let issue = visible(world, call, key)?;
            let comment = issue.comments.iter().find(|item| item.id.to_string() == *id);
            let comment = comment.filter(|item| item.is_visible_to(call.user));
            let missing = || refusal(404, &format!("Can not find a comment for the id: {id}."));
            Ok(Answer::json(&render::comment(call, issue, comment.ok_or_else(missing)?)))
        }
        [key, "worklog"] => {
            let issue = visible(world, call, key)?;
            let all: Vec<Value> =
                issue.worklogs.iter().map(|log| render::worklog(call, issue, log)).collect();
            let count = all.len();
            Ok(Answer::json(&json!({"startAt": 0, "maxResults": count, "total": count, "worklogs": all})))
        }
        [key, "remotelink"] => {
            let issue = visible(world, call, key)?;
            let links = issue.remote_links.iter().map(|(id, link)| {
                let address = format!("{}/rest/api/2/issue/{}/remotelink/{id}", call.base, issue.key);
                let mut shown = json!({"id": id, "self": address});
                render::extend(&mut shown, link.clone());
                shown
            });
            Ok(Answer::json(&links.collect()))
        }
        [key, "transitions"] => {
            let transitions = list::transitions(call, visible(world, call, key)?);
            Ok(Answer::json(&json!({"expand": "transitions", "transitions": transitions})))
        }
        [key, "watchers"] => {
            let issue = visible(world, call, key)?;
            let watchers: Vec<Value> = issue.watchers.iter().map(|user| render::user(call, user)).collect();
            let watching = issue.watchers.iter().any(|user| user.name == call.user.name);
            Ok(Answer::json(
                &json!({"self": format!("{}/rest/api/2/issue/{}/watchers", call.base, issue.key),
                "isWatching": watching, "watchCount": watchers.len(), "watchers": watchers}),
            ))
        }
        [key, "changelog"] => {
            let issue = visible(world, call, key)?;
            let (start, limit, some) = page(call, &issue.history, 100);
            let values: Vec<Value> = some.iter().map(|entry| list::change(call, entry)).collect();
            let last = start + values.len() >= issue.history.len();
            Ok(Answer::json(&json!({"startAt": start, "maxResults": limit, "total": issue.history.len(),
                "isLast": last, "values": values})))
        }
        [key, "editmeta"] => {
            let project = visible(world, call, key)?.project;
            let fields = create_fields(world, call, project).into_iter().filter_map(|field| {
                let id = field.get("fieldId").and_then(Value::as_str)?.to_owned();
                (!matches!(id.as_str(), "project" | "attachment")).then_some((id, field))
            });
            Ok(Answer::json(&json!({"fields": fields.collect::<serde_json::Map<_, _>>()})))
        }
        [key, "properties"] => {
            let keys = visible(world, call, key)?.properties.keys().map(|name| json!({"key": name}));
            Ok(Answer::json(&json!({"keys": keys.collect::<Vec<_>>()})))
        }
        [key, "properties", name] => {
            let value = visible(world, call, key)?.properties.get(*name);
            let missing = || refusal(404, &format!("The property with key '{name}' does not exist."));
            Ok(Answer::json(&json!({"key": name, "value": value.ok_or_else(missing)?})))
        }
        _ => Err(super::not_found()),
    }
}

fn one(world: &World, call: &Call, issue: &Issue) -> Value {
    let wanted = Wanted::from_call(call, "*all");
    let mut shown = render::issue(world, call, issue, &wanted);
    for part in parts(call.parameter("expand")) {
        let more = match part {
            "names" => json!({"names": wanted.names()}),
            "changelog" => json!({"changelog": list::changes(call, issue)}),
            "transitions" => json!({"transitions": list::transitions(call, issue)}),
            "renderedFields" => {
                let html = issue.description.as_ref().map(super::super::world::Text::html);
                json!({"renderedFields": {"description": html}})
            }
            _ => continue,
        };
        render::extend(&mut shown, more);
    }
    let asked = parts(call.parameter("properties"));
    if !asked.is_empty() {
        let all = asked.contains(&"*all");
        let found = issue.properties.iter().filter(|(name, _)| all || asked.contains(&name.as_str()));
        let found: serde_json::Map<_, _> = found.map(|(name, value)| (name.clone(), value.clone())).collect();
        render::extend(&mut shown, json!({"properties": found}));
    }
    shown
}

fn comments(call: &Call, issue: &Issue) -> Reply {
    let mut visible: Vec<_> = issue.comments.iter().filter(|item| item.is_visible_to(call.user)).collect();
    match call.parameter("orderBy") {
        Some("-created") => visible.reverse(),
        None | Some("created" | "+created") => {}
        Some(other) => return Err(refusal(400, &format!("Cannot order by '{other}'."))),
    }
    let (start, limit, some) = page(call, &visible, if call.is_cloud() { 5000 } else { 1_048_576 });
    let shown: Vec<Value> = some.iter().map(|item| render::comment(call, issue, item)).collect();
    Ok(Answer::json(
        &json!({"startAt": start, "maxResults": limit, "total": visible.len(), "comments": shown}),
    ))
}

/// The bytes of an attachment of an issue that the account may see.
pub(crate) fn download(world: &World, call: &Call, id: &str) -> Reply {
    let (_, attachment) = find_attachment(world, call, id)?;
    Ok(Answer::bytes(&attachment.kind, &attachment.bytes))
}

pub(crate) fn attachment(world: &World, call: &Call, id: &str) -> Reply {
    let (_, attachment) = find_attachment(world, call, id)?;
    Ok(Answer::json(&render::attachment(call, attachment)))
}

fn find_attachment<'a>(
    world: &'a World,
    call: &Call,
    id: &str,
) -> Result<(&'a Issue, &'a super::super::world::Attachment), Answer> {
    let visible = world.issues.values().filter(|issue| call.user.may_browse(issue.project));
    visible
        .flat_map(|issue| issue.attachments.iter().map(move |attachment| (issue, attachment)))
        .find(|(_, attachment)| attachment.id.to_string() == id)
        .ok_or_else(|| refusal(404, &format!("The attachment with id '{id}' does not exist")))
}

/// A link, if the account may see both ends.
pub(crate) fn link(world: &World, call: &Call, id: &str) -> Reply {
    let missing = || refusal(404, &format!("No issue link with id '{id}' exists."));
    let link = world.links.iter().find(|link| link.id.to_string() == id).ok_or_else(missing)?;
    let end =
        |key: &str| world.issue(call.user, key).map(|issue| render::brief(call, issue)).ok_or_else(missing);
    Ok(Answer::json(&json!({"id": link.id.to_string(), "type": render::link_type(call, link.kind),
        "self": format!("{}/rest/api/2/issueLink/{}", call.base, link.id),
        "inwardIssue": end(&link.from)?, "outwardIssue": end(&link.to)?})))
}

fn create_meta(world: &World, call: &Call, project: &str, rest: &[&str]) -> Reply {
    let missing = || refusal(404, &format!("No project could be found with key or id '{project}'."));
    let project = super::super::world::Project::find(call.user, project).ok_or_else(missing)?;
    let (name, values): (&str, Vec<Value>) = match rest {
        [] => ("issueTypes", types_of(project).map(|kind| render::issue_type(call, kind)).collect()),
        [id] if TYPES.iter().any(|kind| kind.id == *id) => ("fields", create_fields(world, call, project)),
        _ => return Err(refusal(404, "The issue type does not exist.")),
    };
    let count = values.len();
    let mut out = json!({"maxResults": 50, "startAt": 0, "total": count, "isLast": true});
    let mut list = serde_json::Map::new();
    list.insert(if call.is_cloud() { name } else { "values" }.to_owned(), Value::from(values));
    render::extend(&mut out, Value::from(list));
    Ok(Answer::json(&out))
}

/// The issue types that a project takes.
pub(crate) fn types_of(
    project: &super::super::world::Project,
) -> impl Iterator<Item = &'static super::super::world::Named> {
    let desk = project.kind == PROJECTS[3].kind;
    TYPES.iter().filter(move |kind| desk == (kind.name == "Service Request"))
}

fn create_fields(world: &World, call: &Call, project: &super::super::world::Project) -> Vec<Value> {
    let required = ["summary", "project", "issuetype"];
    let made_here = [
        "created",
        "updated",
        "resolutiondate",
        "creator",
        "votes",
        "watches",
        "status",
        "comment",
        "worklog",
    ];
    fields::FIELDS
        .iter()
        .filter(|field| !made_here.contains(&field.0))
        .map(|field| {
            let mut shown = json!({"required": required.contains(&field.0), "schema": fields::schema(field), "name": field.1,
                "fieldId": field.0, "key": field.0, "hasDefaultValue": field.0 == "priority", "operations": ["set"]});
            let allowed: Option<Value> = match field.0 {
                "components" => {
                    Some(project.components.iter().map(|name| render::component(call, project, name)).collect())
                }
                "priority" => {
                    let priorities = super::super::data::PRIORITIES.iter();
                    Some(priorities.map(|item| render::priority(call, item)).collect())
                }
                "fixVersions" => Some(render::versions(world, call, project).into()),
                super::super::data::TEAM => {
                    let option = |team: &super::super::world::Named| json!({"value": team.name, "id": team.id});
                    Some(super::super::data::TEAMS.iter().map(option).collect())
                }
                _ => None,
            };
            if let Some(allowed) = allowed {
                render::extend(&mut shown, json!({"allowedValues": allowed}));
            }
            shown
        })
        .collect()
}

/// A text field of a body: wiki markup in version 2, a document in version 3.
pub(crate) fn text(call: &Call, value: &Value) -> Option<super::super::world::Text> {
    if is_version_3(call) {
        super::super::world::Text::from_adf(value)
    } else {
        value.as_str().map(super::super::world::Text::from_wiki)
    }
}
