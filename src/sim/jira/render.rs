//! Accounts and issues as Jira's JSON has them. Only the fields asked for are made.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

pub(crate) use super::super::answer::extend;
use super::super::call::Call;
use super::super::data;
use super::super::world::Attachment;
use super::super::world::Comment;
use super::super::world::Issue;
use super::super::world::Link;
use super::super::world::Named;
use super::super::world::Project;
use super::super::world::Sprint;
use super::super::world::Status;
use super::super::world::User;
use super::super::world::Worklog;
use super::super::world::World;
use super::fields::Wanted;
use super::is_version_3;

/// `2026-11-02T09:00:00.000+0000`.
pub(crate) fn time(when: Timestamp) -> String {
    when.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

pub(crate) fn user(call: &Call, user: &User) -> Value {
    let (base, name) = (&call.base, user.name);
    let avatars =
        json!({"48x48": format!("{base}/avatar/{name}48"), "16x16": format!("{base}/avatar/{name}16")});
    let mut out = if call.is_cloud() {
        json!({"self": format!("{base}/rest/api/2/user?accountId={}", user.account_id),
            "accountId": user.account_id, "accountType": if user.token == Some("svc-token") { "app" } else { "atlassian" }})
    } else {
        json!({"self": format!("{base}/rest/api/2/user?username={name}"), "name": name, "key": user.key})
    };
    extend(
        &mut out,
        json!({"emailAddress": user.email(), "avatarUrls": avatars, "displayName": user.display,
        "active": true, "timeZone": "Etc/UTC"}),
    );
    out
}

pub(crate) fn status(call: &Call, status: &Status) -> Value {
    let (base, category) = (&call.base, status.category);
    json!({"self": format!("{base}/rest/api/2/status/{}", status.id), "description": "",
        "iconUrl": format!("{base}/images/icons/statuses/{}.png", category.key), "name": status.name, "id": status.id,
        "statusCategory": {"self": format!("{base}/rest/api/2/statuscategory/{}", category.id), "id": category.id,
            "key": category.key, "colorName": category.color, "name": category.name}})
}

pub(crate) fn issue_type(call: &Call, kind: &Named) -> Value {
    let mut out = json!({"self": format!("{}/rest/api/2/issuetype/{}", call.base, kind.id), "id": kind.id,
        "description": "", "iconUrl": format!("{}/images/icons/issuetypes/{}.svg", call.base, kind.id),
        "name": kind.name, "subtask": kind.name == "Sub-task", "avatarId": 10318});
    if call.is_cloud() {
        let level = match kind.name {
            "Epic" => 1,
            "Sub-task" => -1,
            _ => 0,
        };
        extend(&mut out, json!({"hierarchyLevel": level}));
    }
    out
}

pub(crate) fn project(call: &Call, project: &Project) -> Value {
    let base = &call.base;
    let mut out = json!({"self": format!("{base}/rest/api/2/project/{}", project.id), "id": project.id.to_string(),
        "key": project.key, "name": project.name, "projectTypeKey": project.kind,
        "avatarUrls": {"48x48": format!("{base}/secure/projectavatar?pid={}", project.id)}});
    if call.is_cloud() {
        extend(&mut out, json!({"simplified": false, "style": "classic", "isPrivate": false}));
    }
    out
}

pub(crate) fn component(call: &Call, project: &Project, name: &str) -> Value {
    let place = project.components.iter().position(|component| *component == name).unwrap_or(0);
    let id = format!("{}{place}", project.id);
    json!({"self": format!("{}/rest/api/2/component/{id}", call.base), "id": id, "name": name})
}

pub(crate) fn version(call: &Call, version: &Map<String, Value>) -> Value {
    let id = version.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut shown = json!({"self": format!("{}/rest/api/2/version/{id}", call.base)});
    extend(&mut shown, Value::Object(version.clone()));
    shown
}

/// The versions of a project.
pub(crate) fn versions(world: &World, call: &Call, project: &Project) -> Vec<Value> {
    let own =
        |shown: &&Map<String, Value>| shown.get("projectId").and_then(Value::as_u64) == Some(project.id);
    world.versions.iter().filter(own).map(|shown| version(call, shown)).collect()
}

pub(crate) fn comment(call: &Call, issue: &Issue, comment: &Comment) -> Value {
    let mut out = json!({"self": format!("{}/rest/api/2/issue/{}/comment/{}", call.base, issue.id, comment.id),
        "id": comment.id.to_string(), "author": user(call, comment.author),
        "body": comment.body.rendered(is_version_3(call)), "updateAuthor": user(call, comment.author),
        "created": time(comment.created), "updated": time(comment.updated)});
    if issue.project.kind == "service_desk" || call.is_cloud() {
        extend(&mut out, json!({"jsdPublic": comment.public}));
    }
    if let Some((kind, value)) = &comment.visibility {
        extend(&mut out, json!({"visibility": {"type": kind, "value": value}}));
    }
    out
}

pub(crate) fn worklog(call: &Call, issue: &Issue, log: &Worklog) -> Value {
    json!({"self": format!("{}/rest/api/2/issue/{}/worklog/{}", call.base, issue.id, log.id),
        "author": user(call, log.author), "updateAuthor": user(call, log.author),
        "comment": log.comment.rendered(is_version_3(call)), "created": time(log.created),
        "updated": time(log.created), "started": time(log.started), "timeSpent": duration(log.seconds),
        "timeSpentSeconds": log.seconds, "id": log.id.to_string(), "issueId": issue.id.to_string()})
}

pub(crate) fn attachment(call: &Call, attachment: &Attachment) -> Value {
    let (base, id, name) = (&call.base, attachment.id, &attachment.name);
    let content = if call.is_cloud() {
        format!("{base}/rest/api/2/attachment/content/{id}")
    } else {
        format!("{base}/secure/attachment/{id}/{name}")
    };
    json!({"self": format!("{base}/rest/api/2/attachment/{id}"), "id": id.to_string(), "filename": name,
        "author": user(call, attachment.author), "created": time(attachment.created),
        "size": attachment.bytes.len(), "mimeType": attachment.kind, "content": content})
}

pub(crate) fn link_type(call: &Call, kind: &super::super::world::LinkKind) -> Value {
    json!({"id": kind.id, "name": kind.name, "inward": kind.inward, "outward": kind.outward,
        "self": format!("{}/rest/api/2/issueLinkType/{}", call.base, kind.id)})
}

/// An issue as other issues mention it.
pub(crate) fn brief(call: &Call, issue: &Issue) -> Value {
    json!({"id": issue.id.to_string(), "key": issue.key,
        "self": format!("{}/rest/api/2/issue/{}", call.base, issue.id),
        "fields": {"summary": issue.summary, "status": status(call, issue.status),
            "priority": priority(call, issue.priority), "issuetype": issue_type(call, issue.kind)}})
}

pub(crate) fn priority(call: &Call, priority: &Named) -> Value {
    json!({"self": format!("{}/rest/api/2/priority/{}", call.base, priority.id),
        "iconUrl": format!("{}/images/icons/priorities/{}.svg", call.base, priority.id), "name": priority.name,
        "id": priority.id})
}

pub(crate) fn resolution(call: &Call, resolution: &Named) -> Value {
    json!({"self": format!("{}/rest/api/2/resolution/{}", call.base, resolution.id), "id": resolution.id,
        "name": resolution.name, "description": ""})
}

/// The sprint field: an object on Cloud, the famous string on Data Center.
fn sprint_field(call: &Call, sprint: &Sprint) -> Value {
    if call.is_cloud() {
        return json!([{"id": sprint.id, "name": sprint.name, "state": sprint.state, "boardId": sprint.board,
            "goal": sprint.goal, "startDate": sprint.start, "endDate": sprint.end}]);
    }
    json!([format!(
        "com.atlassian.greenhopper.service.sprint.Sprint@1f[id={},rapidViewId={},state={},name={},startDate={},\
         endDate={},completeDate=<null>,activatedDate=<null>,sequence={},goal={}]",
        sprint.id,
        sprint.board,
        sprint.state.to_uppercase(),
        sprint.name,
        sprint.start,
        sprint.end,
        sprint.id,
        sprint.goal
    )])
}

/// The issue with the fields wanted.
pub(crate) fn issue(world: &World, call: &Call, issue: &Issue, wanted: &Wanted) -> Value {
    let mut fields = Map::with_capacity(wanted.list().len());
    for field in wanted.list() {
        if let Some(value) = value_of(world, call, issue, field.0) {
            fields.insert(field.0.to_owned(), value);
        }
    }
    json!({"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
        "id": issue.id.to_string(), "self": format!("{}/rest/api/2/issue/{}", call.base, issue.id),
        "key": issue.key, "fields": fields})
}

/// One field; `None` where the issue's answer has no such field.
fn value_of(world: &World, call: &Call, issue: &Issue, field: &str) -> Option<Value> {
    let optional = |value: Option<Value>| Some(value.unwrap_or(Value::Null));
    match field {
        "summary" => Some(Value::from(issue.summary.as_str())),
        "issuetype" => Some(issue_type(call, issue.kind)),
        "project" => Some(project(call, issue.project)),
        "status" => Some(status(call, issue.status)),
        "priority" => Some(priority(call, issue.priority)),
        "assignee" => optional(issue.assignee.map(|account| user(call, account))),
        "reporter" | "creator" => Some(user(call, issue.reporter)),
        "labels" => Some(Value::from(issue.labels.clone())),
        "components" => Some(issue.components.iter().map(|name| component(call, issue.project, name)).collect()),
        "fixVersions" => {
            let mut all = versions(world, call, issue.project);
            all.retain(|version| version.get("name").and_then(Value::as_str) == issue.version.as_deref());
            Some(all.into())
        }
        "versions" => Some(json!([])),
        "created" => Some(Value::from(time(issue.created))),
        "updated" => Some(Value::from(time(issue.updated))),
        "resolutiondate" => optional(issue.resolved.map(|when| Value::from(time(when)))),
        "resolution" => {
            let named = issue.resolution.unwrap_or(&data::RESOLUTIONS[0]);
            optional(issue.resolved.map(|_| resolution(call, named)))
        }
        "duedate" => optional(issue.due.map(|date| Value::from(date.to_string()))),
        "description" => optional(issue.description.as_ref().map(|text| text.rendered(is_version_3(call)))),
        "environment" => optional(issue.environment.as_ref().map(|text| text.rendered(is_version_3(call)))),
        "watches" => Some(json!({"self": format!("{}/rest/api/2/issue/{}/watchers", call.base, issue.key),
            "watchCount": issue.watchers.len(),
            "isWatching": issue.watchers.iter().any(|watcher| watcher.name == call.user.name)})),
        "votes" => Some(json!({"self": format!("{}/rest/api/2/issue/{}/votes", call.base, issue.key), "votes": 0,
            "hasVoted": false})),
        data::EPIC_NAME => optional((issue.kind.name == "Epic").then(|| {
            Value::from(issue.epic_name.as_deref().unwrap_or(&issue.summary))
        })),
        data::EPIC_LINK => optional(issue.epic.as_deref().map(Value::from)),
        data::STORY_POINTS => optional(issue.points.map(Value::from)),
        data::SPRINT => {
            let sprint = world.sprints.iter().find(|sprint| Some(sprint.id) == issue.sprint);
            optional(sprint.map(|sprint| sprint_field(call, sprint)))
        }
        data::TEAM => optional(issue.team.map(|name| {
            let id = data::TEAMS.iter().find(|team| team.name == name).map_or("", |team| team.id);
            json!({"self": format!("{}/rest/api/2/customFieldOption/{id}", call.base), "value": name, "id": id})
        })),
        "security" => Some(issue.security.as_ref().map_or(Value::Null, |level| {
            json!({"self": format!("{}/rest/api/2/securitylevel/10000", call.base), "id": "10000", "name": level})
        })),
        _ => related(world, call, issue, field),
    }
}

/// The fields that hold other objects.
fn related(world: &World, call: &Call, issue: &Issue, field: &str) -> Option<Value> {
    match field {
        "parent" => {
            let above = issue.parent.as_ref().or(issue.epic.as_ref().filter(|_| call.is_cloud()))?;
            Some(brief(call, world.issue(call.user, above)?))
        }
        "subtasks" => Some(
            world
                .issues
                .values()
                .filter(|other| other.parent.as_deref() == Some(issue.key.as_str()))
                .map(|other| brief(call, other))
                .collect(),
        ),
        "issuelinks" => Some(world.links.iter().filter_map(|item| link(world, call, item, issue)).collect()),
        "attachment" => Some(issue.attachments.iter().map(|item| attachment(call, item)).collect()),
        "comment" => {
            let all: Vec<Value> = issue
                .comments
                .iter()
                .filter(|item| item.is_visible_to(call.user))
                .map(|item| comment(call, issue, item))
                .collect();
            Some(json!({"maxResults": all.len(), "total": all.len(), "startAt": 0, "comments": all}))
        }
        "worklog" => {
            let all: Vec<Value> =
                issue.worklogs.iter().take(20).map(|item| worklog(call, issue, item)).collect();
            Some(json!({"startAt": 0, "maxResults": 20, "total": issue.worklogs.len(), "worklogs": all}))
        }
        "timetracking" => {
            let spent: u64 = issue.worklogs.iter().map(|log| log.seconds).sum();
            let mut shown = Map::new();
            if spent > 0 {
                shown.insert("timeSpent".into(), duration(spent).into());
                shown.insert("timeSpentSeconds".into(), spent.into());
            }
            let (original, remaining) = &issue.estimates;
            for (name, text) in [("originalEstimate", original), ("remainingEstimate", remaining)] {
                if let Some(text) = text {
                    shown.insert(name.into(), text.as_str().into());
                }
            }
            Some(Value::Object(shown))
        }
        _ => None,
    }
}

/// A link as one of its ends has it; an end the account may not see hides the link.
fn link(world: &World, call: &Call, link: &Link, issue: &Issue) -> Option<Value> {
    let (side, other) = if link.from == issue.key {
        ("outwardIssue", &link.to)
    } else if link.to == issue.key {
        ("inwardIssue", &link.from)
    } else {
        return None;
    };
    let mut out = json!({"id": link.id.to_string(), "self": format!("{}/rest/api/2/issueLink/{}", call.base, link.id),
        "type": link_type(call, link.kind)});
    let mut end = Map::new();
    end.insert(side.to_owned(), brief(call, world.issue(call.user, other)?));
    extend(&mut out, Value::from(end));
    Some(out)
}

/// `1h 30m`, in days of eight hours.
pub(crate) fn duration(seconds: u64) -> String {
    let minutes = seconds / 60;
    let parts = [(minutes / 480, 'd'), (minutes % 480 / 60, 'h'), (minutes % 60, 'm')];
    let shown: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if shown.is_empty() { "0m".to_owned() } else { shown.join(" ") }
}
