//! The service desk: one desk, its queue, and comments that customers see or do not see.

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Comment;
use super::super::world::Issue;
use super::super::world::Text;
use super::super::world::World;
use super::render;

const DESK: &str = "4";
const QUEUE: &str = "47";

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        ["servicedesk"] => Ok(paged(call, vec![desk(call)])),
        ["servicedesk", DESK] => Ok(Answer::json(&desk(call))),
        ["servicedesk", DESK, "queue"] => Ok(paged(call, vec![queue(world, call)])),
        ["servicedesk", DESK, "queue", QUEUE] => Ok(Answer::json(&queue(world, call))),
        ["servicedesk", DESK, "queue", QUEUE, "issue"] => {
            let wanted = super::fields::Wanted::parse(
                &["summary", "status", "created", "reporter", "issuetype"],
                "*all",
            );
            let issues = requests(world).map(|issue| render::issue(world, call, issue, &wanted));
            Ok(paged(call, issues.collect()))
        }
        ["servicedesk", DESK, "requesttype"] => Ok(paged(
            call,
            vec![json!({"id": "10", "name": "Get help",
            "description": "Ask the operations team", "helpText": "", "issueTypeId": "10005", "serviceDeskId": DESK,
            "groupIds": ["1"], "_links": {"self": format!("{}/rest/servicedeskapi/servicedesk/4/requesttype/10",
            call.base)}})],
        )),
        ["request", key] => Ok(Answer::json(&request(call, find(world, call, key)?))),
        ["request", key, "comment"] => {
            let issue = find(world, call, key)?;
            let comments = issue.comments.iter().filter(|comment| comment.is_visible_to(call.user));
            Ok(paged(call, comments.map(|item| comment(call, item)).collect()))
        }
        _ => Err(missing()),
    }
}

/// Adds a comment: the one write a request takes here.
pub(crate) fn write(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    let ("POST", ["request", key, "comment"]) = (call.method.as_str(), path) else { return Err(missing()) };
    find(world, call, key)?;
    let body = call.json().unwrap_or_default();
    let Some(text) = body.get("body").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) else {
        return Err(refusal(400, "The comment body must not be empty.", "sd.comment.body.empty"));
    };
    let public = body.get("public").and_then(Value::as_bool).unwrap_or(true);
    let (now, id) = (world.tick(), world.next_id());
    let added = Comment {
        id,
        author: call.user,
        body: Text::from_wiki(text),
        created: now,
        updated: now,
        visibility: None,
        public,
    };
    let shown = comment(call, &added);
    if let Some(issue) = world.issue_mut(call.user, key) {
        issue.comments.push(added);
        issue.updated = now;
    }
    Ok(Answer::status(201, &shown))
}

fn refusal(status: u16, message: &str, key: &str) -> Answer {
    let internal = json!({"i18nKey": key, "parameters": []});
    Answer::status(status, &json!({"errorMessage": message, "i18nErrorMessage": internal}))
}

fn missing() -> Answer {
    let message = "The customer request does not exist, or you do not have permission to view it.";
    refusal(404, message, "sd.request.not.found")
}

fn requests(world: &World) -> impl Iterator<Item = &Issue> {
    world.issues.values().filter(|issue| issue.project.kind == "service_desk")
}

fn find<'a>(world: &'a World, call: &Call, key: &str) -> Result<&'a Issue, Answer> {
    world.issue(call.user, key).filter(|issue| issue.project.kind == "service_desk").ok_or_else(missing)
}

fn desk(call: &Call) -> Value {
    json!({"id": DESK, "projectId": "10003", "projectName": "Service Desk", "projectKey": "SD",
        "_links": {"self": format!("{}/rest/servicedeskapi/servicedesk/4", call.base)}})
}

fn queue(world: &World, call: &Call) -> Value {
    json!({"id": QUEUE, "name": "All open", "jql": "project = SD", "fields": ["issuekey", "summary"],
        "issueCount": requests(world).count(),
        "_links": {"self": format!("{}/rest/servicedeskapi/servicedesk/4/queue/47", call.base)}})
}

fn date(when: Timestamp) -> Value {
    let shown = render::time(when);
    json!({"iso8601": shown.replace(".000", ""), "jira": shown, "friendly": "today",
        "epochMillis": when.as_millisecond()})
}

fn comment(call: &Call, comment: &Comment) -> Value {
    json!({"id": comment.id.to_string(), "body": comment.body.wiki, "public": comment.public,
        "author": render::user(call, comment.author), "created": date(comment.created)})
}

fn request(call: &Call, issue: &Issue) -> Value {
    let value = json!({"fieldId": "summary", "label": "Summary", "value": issue.summary});
    json!({"issueId": issue.id.to_string(), "issueKey": issue.key, "requestTypeId": "10", "serviceDeskId": DESK,
        "createdDate": date(issue.created), "reporter": render::user(call, issue.reporter),
        "requestFieldValues": [value],
        "currentStatus": {"status": issue.status.name, "statusDate": date(issue.updated)},
        "_links": {"jiraRest": format!("{}/rest/api/2/issue/{}", call.base, issue.id),
            "web": format!("{}/servicedesk/customer/portal/4/{}", call.base, issue.key),
            "self": format!("{}/rest/servicedeskapi/request/{}", call.base, issue.id)}})
}

fn paged(call: &Call, values: Vec<Value>) -> Answer {
    let (start, limit) = (call.number("start", 0), call.number("limit", 50).min(100));
    let total = values.len();
    let some: Vec<Value> = values.into_iter().skip(start).take(limit).collect();
    Answer::json(&json!({"size": some.len(), "start": start, "limit": limit,
        "isLastPage": start + some.len() >= total, "_links": {"base": call.base, "context": ""}, "values": some}))
}
