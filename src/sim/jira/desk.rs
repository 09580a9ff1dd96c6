//! The service desk: one desk, its queue, what can be requested, and comments that customers see or do not see.

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::answer::extend;
use super::super::call::Call;
use super::super::world::Attachment;
use super::super::world::Comment;
use super::super::world::Issue;
use super::super::world::Text;
use super::super::world::User;
use super::super::world::World;
use super::edit;
use super::render;

const DESK: &str = "4";
const QUEUE: &str = "47";
const REQUEST_TYPE: &str = "10";

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
            vec![json!({"id": REQUEST_TYPE, "name": "Get help",
            "description": "Ask the operations team", "helpText": "", "issueTypeId": "10005", "serviceDeskId": DESK,
            "groupIds": ["1"], "_links": {"self": format!("{}/rest/servicedeskapi/servicedesk/4/requesttype/10",
            call.base)}})],
        )),
        ["servicedesk", DESK, "requesttype", REQUEST_TYPE, "field"] => Ok(Answer::json(&request_fields())),
        ["request", key] => Ok(Answer::json(&request(call, find(world, call, key)?))),
        ["request", key, "comment"] => {
            let issue = find(world, call, key)?;
            let comments = issue.comments.iter().filter(|comment| comment.is_visible_to(call.user));
            Ok(paged(call, comments.map(|item| comment(call, item)).collect()))
        }
        _ => Err(missing()),
    }
}

/// Raises requests, and adds comments and files to them.
pub(crate) fn write(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    match (call.method.as_str(), path) {
        ("POST", ["request"]) => raise(world, call),
        ("POST", ["request", key, "comment"]) => add_comment(world, call, key),
        ("POST", ["servicedesk", DESK, "attachTemporaryFile"]) => upload(world, call),
        ("POST", ["request", key, "attachment"]) => attach(world, call, key),
        _ => Err(missing()),
    }
}

/// What a request of the one type asks for.
fn request_fields() -> Value {
    let field = |id: &str, name: &str, required: bool| {
        json!({"fieldId": id, "name": name, "description": "", "required": required, "visible": true,
            "defaultValues": [], "validValues": [], "jiraSchema": {"type": "string", "system": id}})
    };
    json!({"canRaiseOnBehalfOf": true, "canAddRequestParticipants": true,
        "requestTypeFields": [field("summary", "Summary", true), field("description", "Details", false)]})
}

fn raise(world: &mut World, call: &Call) -> Reply {
    let given = call.json().unwrap_or_default();
    let is = |name: &str, wanted: &str| given.get(name).and_then(Value::as_str) == Some(wanted);
    if !is("serviceDeskId", DESK) || !is("requestTypeId", REQUEST_TYPE) {
        return Err(refusal(404, "The service desk or the request type does not exist.", "sd.not.found"));
    }
    let named = given.get("raiseOnBehalfOf").and_then(Value::as_str);
    let customer = match named {
        Some(name) => User::named(name).ok_or_else(|| {
            let text = "The customer account does not exist, or cannot be raised on behalf of.";
            refusal(400, text, "sd.customer.invalid")
        })?,
        None => call.user,
    };
    let mut fields = given.get("requestFieldValues").cloned().unwrap_or_default();
    extend(&mut fields, json!({"project": {"key": "SD"}, "issuetype": {"id": "10005"}}));
    let created = edit::create(world, call, &json!({"fields": fields}))?.value().unwrap_or_default();
    let key = created.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let issue = world.issue_mut(call.user, &key).ok_or_else(missing)?;
    issue.reporter = customer;
    Ok(Answer::status(201, &request(call, issue)))
}

/// Takes a file that waits until it is attached.
fn upload(world: &mut World, call: &Call) -> Reply {
    let no_form = || refusal(400, "The body is no form with a file.", "sd.attachment.none");
    let (name, kind, bytes) = call.file().ok_or_else(no_form)?;
    let (created, id) = (world.tick(), world.next_id());
    let waiting = format!("temp{id}");
    let shown = json!({"temporaryAttachments": [{"temporaryAttachmentId": waiting, "fileName": name}]});
    world.waiting.insert(
        waiting,
        Attachment { id, name, kind, bytes, author: call.user, created, version: 1, comment: String::new() },
    );
    Ok(Answer::status(201, &shown))
}

fn attach(world: &mut World, call: &Call, key: &str) -> Reply {
    find(world, call, key)?;
    let given = call.json().unwrap_or_default();
    let ids = given.get("temporaryAttachmentIds").and_then(Value::as_array).into_iter().flatten();
    let mut files = Vec::new();
    for id in ids.filter_map(Value::as_str) {
        let gone = || refusal(400, "The temporary attachment does not exist.", "sd.attachment.gone");
        files.push(world.waiting.remove(id).ok_or_else(gone)?);
    }
    let shown: Vec<Value> =
        files.iter().map(|file| json!({"filename": file.name, "size": file.bytes.len()})).collect();
    if let Some(issue) = world.issue_mut(call.user, key) {
        issue.attachments.extend(files);
    }
    Ok(Answer::status(
        201,
        &json!({"attachments": {"values": shown, "size": shown.len(), "isLastPage": true}}),
    ))
}

fn add_comment(world: &mut World, call: &Call, key: &str) -> Reply {
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
