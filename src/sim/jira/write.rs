//! What changes issues: comments, work logs, transitions, watchers, links, and issues themselves.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Attachment;
use super::super::world::Change;
use super::super::world::Comment;
use super::super::world::Link;
use super::super::world::User;
use super::super::world::Worklog;
use super::super::world::World;
use super::bulk;
use super::edit;
use super::field_error;
use super::is_version_3;
use super::issue::text;
use super::no_issue;
use super::refusal;
use super::render;
use super::visible;

pub(crate) fn answer(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    match (call.method.as_str(), path) {
        ("POST", ["issue"]) => edit::create(world, call, &body(call)?),
        ("PUT", ["issue", key]) => edit::update(world, call, key),
        ("DELETE", ["issue", key]) => edit::delete(world, call, key),
        ("PUT", ["issue", key, "assignee"]) => edit::assign(world, call, key),
        ("POST", ["issue", key, "comment"]) => add_comment(world, call, key),
        ("PUT", ["issue", key, "comment", id]) => edit_comment(world, call, key, id),
        ("POST", ["issue", key, "worklog"]) => add_worklog(world, call, key),
        ("POST", ["issue", key, "transitions"]) => transition(world, call, key),
        ("POST" | "DELETE", ["issue", key, "watchers"]) => watch(world, call, key),
        ("POST", ["issue", key, "remotelink"]) => add_remote_link(world, call, key),
        ("PUT", ["issue", key, "properties", name]) => set_property(world, call, key, name),
        ("POST", ["issueLink"]) => add_link(world, call),
        ("DELETE", ["issueLink", id]) => remove_link(world, call, id),
        ("POST", ["issue", "bulk"]) => bulk::create(world, call),
        ("POST", ["bulk", "issues", "move"]) if call.is_cloud() => bulk::move_issues(world, call),
        ("POST", ["issue", key, "attachments"]) => attach(world, call, key),
        ("POST", ["version"]) => add_version(world, call),
        ("PUT", ["version", id]) => change_version(world, call, id),
        _ => Err(super::not_found()),
    }
}

pub(crate) fn body(call: &Call) -> Result<Value, Answer> {
    let unreadable = || refusal(400, "Unexpected character ('<' (code 60)): expected a valid value");
    call.json().ok_or_else(unreadable)
}

/// A comment's text, or Jira's refusal of it.
fn comment_text(call: &Call, value: &Value) -> Result<super::super::world::Text, Answer> {
    let given = value.get("body").unwrap_or(&Value::Null);
    let Some(text) = text(call, given) else {
        return Err(if is_version_3(call) {
            field_error("comment", "Comment body is not valid!")
        } else if given.is_null() {
            field_error("comment", "Comment body can not be empty!")
        } else {
            refusal(400, "Can not deserialize instance of java.lang.String out of START_OBJECT token")
        });
    };
    if text.wiki.trim().is_empty() {
        return Err(field_error("comment", "Comment body can not be empty!"));
    }
    Ok(text)
}

fn visibility(call: &Call, value: &Value) -> Result<Option<(String, String)>, Answer> {
    let Some(given) = value.get("visibility").filter(|given| !given.is_null()) else { return Ok(None) };
    let part = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name) = (part("type"), part("value"));
    match kind.as_str() {
        "group" if call.user.is_in(&name) => Ok(Some((kind, name))),
        "group" => {
            Err(field_error("commentLevel", &format!("You are currently not a member of the group: {name}.")))
        }
        "role" if matches!(name.as_str(), "Administrators" | "Developers" | "Users") => {
            Ok(Some((kind, name)))
        }
        _ => Err(field_error(
            "commentLevel",
            &format!("You are currently not a member of the project role: {name}."),
        )),
    }
}

fn add_comment(world: &mut World, call: &Call, key: &str) -> Reply {
    let id = visible(world, call, key)?.id;
    let given = body(call)?;
    let (text, visibility) = (comment_text(call, &given)?, visibility(call, &given)?);
    let properties = given.get("properties").and_then(Value::as_array).into_iter().flatten();
    let internal = properties
        .filter(|property| property.get("key").and_then(Value::as_str) == Some("sd.public.comment"))
        .any(|property| property.pointer("/value/internal").and_then(Value::as_bool) == Some(true));
    let (now, comment_id) = (world.tick(), world.next_id());
    let comment = Comment {
        id: comment_id,
        author: call.user,
        body: text,
        created: now,
        updated: now,
        visibility,
        public: !internal,
    };
    let issue = world.issues.get_mut(&id).ok_or_else(|| no_issue(call))?;
    issue.comments.push(comment);
    issue.updated = now;
    let shown = issue.comments.last().map(|comment| render::comment(call, issue, comment));
    Ok(Answer::status(201, &shown.unwrap_or_default()))
}

fn edit_comment(world: &mut World, call: &Call, key: &str, id: &str) -> Reply {
    visible(world, call, key)?;
    let given = body(call)?;
    let text = comment_text(call, &given)?;
    let now = world.tick();
    let issue = world.issue_mut(call.user, key).ok_or_else(|| no_issue(call))?;
    let found = issue.comments.iter_mut().filter(|item| item.is_visible_to(call.user));
    let missing = || refusal(404, &format!("Can not find a comment for the id: {id}."));
    let comment = found.into_iter().find(|item| item.id.to_string() == id).ok_or_else(missing)?;
    comment.body = text;
    comment.updated = now;
    let shown = issue.comments.iter().find(|item| item.id.to_string() == id);
    Ok(Answer::json(&shown.map(|comment| render::comment(call, issue, comment)).unwrap_or_default()))
}

fn add_worklog(world: &mut World, call: &Call, key: &str) -> Reply {
    visible(world, call, key)?;
    let given = body(call)?;
    let spent = given.get("timeSpent").and_then(Value::as_str).map(seconds);
    let Some(seconds) = spent.unwrap_or_else(|| given.get("timeSpentSeconds").and_then(Value::as_u64)) else {
        return Err(field_error("timeLogged", "Invalid time duration entered."));
    };
    let comment = match given.get("comment") {
        Some(comment) => {
            text(call, comment).ok_or_else(|| field_error("comment", "Comment body is not valid!"))?
        }
        None => super::super::world::Text::default(),
    };
    let started = given.get("started").and_then(Value::as_str).map(|text| text.replace("+0000", "Z").parse());
    let started = started.transpose().map_err(|_| field_error("started", "Invalid date format."))?;
    let remaining = call.parameter("newEstimate").map(str::to_owned);
    let (now, id) = (world.tick(), world.next_id());
    let log =
        Worklog { id, author: call.user, comment, started: started.unwrap_or(now), created: now, seconds };
    let issue = world.issue_mut(call.user, key).ok_or_else(|| no_issue(call))?;
    let shown = render::worklog(call, issue, &log);
    issue.worklogs.push(log);
    if let Some(left) = remaining {
        issue.estimates.1 = Some(left);
    }
    issue.updated = now;
    Ok(Answer::status(201, &shown))
}

/// `1d 2h 30m`, in weeks of five days of eight hours.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0;
    for part in text.split_whitespace() {
        let unit = part.chars().last()?;
        let number: f64 = part.strip_suffix(unit)?.parse().ok()?;
        let size = match unit {
            'm' => 60.0,
            'h' => 3_600.0,
            'd' => 28_800.0,
            'w' => 144_000.0,
            _ => return None,
        };
        let part = std::time::Duration::try_from_secs_f64(number * size).ok()?;
        total += part.as_secs();
    }
    (total > 0).then_some(total)
}

fn transition(world: &mut World, call: &Call, key: &str) -> Reply {
    let id = visible(world, call, key)?.id;
    let given = body(call)?;
    let wanted = given
        .pointer("/transition/id")
        .and_then(|id| id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string())));
    let Some(wanted) = wanted else { return Err(refusal(400, "Missing 'transition' identifier")) };
    let said = said_along(call, &given)?;
    let present = visible(world, call, key)?.status;
    let step = data::TRANSITIONS.iter().find(|step| step.id == wanted && step.to != present);
    let Some(step) = step else {
        let text = "It seems that you have tried to perform a workflow operation (transition) that is not valid for \
            the current state of this issue.";
        return Err(refusal(400, text));
    };
    let mut fields = given.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let resolution = fields.remove("resolution").map(|value| {
        let unknown = || field_error("resolution", "The resolution is not valid.");
        edit::named(&data::RESOLUTIONS, &value).ok_or_else(unknown)
    });
    let resolution = resolution.transpose()?;
    edit::apply(world, call, id, &fields)?;
    let (now, change_id) = (world.tick(), world.next_id());
    let issue = world.issues.get_mut(&id).ok_or_else(|| no_issue(call))?;
    let pair = |status: &super::super::world::Status| Some((status.id.to_owned(), status.name.to_owned()));
    let (from, to) = (pair(issue.status), pair(step.to));
    issue.history.push(Change { id: change_id, author: call.user, created: now, field: "status", from, to });
    issue.status = step.to;
    issue.resolved = (step.to.category.key == "done").then_some(now);
    issue.resolution = resolution.filter(|_| issue.resolved.is_some());
    issue.updated = now;
    say(world, call, id, said);
    Ok(Answer::empty(204))
}

/// The comments that an update or transition adds; anything else in `update` but labels is refused, not lost.
pub(crate) fn said_along(call: &Call, given: &Value) -> Result<Vec<super::super::world::Text>, Answer> {
    let mut texts = Vec::new();
    for (name, operations) in given.get("update").and_then(Value::as_object).into_iter().flatten() {
        for operation in operations.as_array().into_iter().flatten() {
            match (name.as_str(), operation.get("add")) {
                ("comment", Some(comment)) => texts.push(comment_text(call, comment)?),
                ("labels" | "timetracking", _) => {}
                _ => return Err(field_error(name, &format!("Field '{name}' cannot be set."))),
            }
        }
    }
    Ok(texts)
}

/// Adds comments that came along with another change.
pub(crate) fn say(world: &mut World, call: &Call, issue: u64, texts: Vec<super::super::world::Text>) {
    for body in texts {
        let (now, id) = (world.tick(), world.next_id());
        let comment = Comment {
            id,
            author: call.user,
            body,
            created: now,
            updated: now,
            visibility: None,
            public: true,
        };
        if let Some(issue) = world.issues.get_mut(&issue) {
            issue.comments.push(comment);
        }
    }
}

fn watch(world: &mut World, call: &Call, key: &str) -> Reply {
    visible(world, call, key)?;
    let given = call.json();
    let named = given
        .as_ref()
        .and_then(Value::as_str)
        .or_else(|| ["username", "accountId"].into_iter().find_map(|name| call.parameter(name)));
    let missing = || refusal(404, "The user does not exist or you do not have permission to view it.");
    let user = named.map_or(Some(call.user), User::named).ok_or_else(missing)?;
    let issue = world.issue_mut(call.user, key).ok_or_else(|| no_issue(call))?;
    issue.watchers.retain(|watcher| watcher.name != user.name);
    if call.method == http::Method::POST {
        issue.watchers.push(user);
    }
    Ok(Answer::empty(204))
}

fn add_remote_link(world: &mut World, call: &Call, key: &str) -> Reply {
    visible(world, call, key)?;
    let given = body(call)?;
    for field in ["url", "title"] {
        if given.pointer(&format!("/object/{field}")).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(field_error(field, &format!("'{field}' is required.")));
        }
    }
    let id = world.next_id();
    let issue = world.issue_mut(call.user, key).ok_or_else(|| no_issue(call))?;
    issue.remote_links.push((id, given));
    let address = format!("{}/rest/api/2/issue/{}/remotelink/{id}", call.base, issue.key);
    Ok(Answer::status(201, &json!({"id": id, "self": address})))
}

fn set_property(world: &mut World, call: &Call, key: &str, name: &str) -> Reply {
    let value = body(call)?;
    let issue = world.issue_mut(call.user, key).ok_or_else(|| no_issue(call))?;
    let existed = issue.properties.insert(name.to_owned(), value).is_some();
    Ok(Answer::empty(if existed { 200 } else { 201 }))
}

fn add_link(world: &mut World, call: &Call) -> Reply {
    let given = body(call)?;
    let name = given.pointer("/type/name").and_then(Value::as_str).unwrap_or_default();
    let missing = || refusal(404, &format!("No issue link type with name '{name}' found."));
    let kind =
        data::LINK_KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name)).ok_or_else(missing)?;
    let end = |side: &str| {
        let key = given.pointer(&format!("/{side}/key")).and_then(Value::as_str).unwrap_or_default();
        visible(world, call, key).map(|issue| issue.key.clone())
    };
    let (from, to) = (end("inwardIssue")?, end("outwardIssue")?);
    let said = given.get("comment").map(|comment| comment_text(call, comment)).transpose()?;
    let id = world.next_id();
    let outward = world.keys.get(&to).copied();
    world.links.push(Link { id, kind, from, to });
    if let Some(outward) = outward {
        say(world, call, outward, said.into_iter().collect());
    }
    Ok(Answer::empty(201))
}

fn remove_link(world: &mut World, call: &Call, id: &str) -> Reply {
    super::issue::link(world, call, id)?;
    world.links.retain(|link| link.id.to_string() != id);
    Ok(Answer::empty(204))
}

fn add_version(world: &mut World, call: &Call) -> Reply {
    let mut given = body(call)?;
    let key = given.get("project").or_else(|| given.get("projectId"));
    let key =
        key.and_then(|key| key.as_str().map(str::to_owned).or_else(|| key.as_u64().map(|id| id.to_string())));
    let project = super::super::world::Project::find(call.user, key.as_deref().unwrap_or_default());
    let project =
        project.ok_or_else(|| field_error("project", "Project must be specified to create a version."))?;
    if given.get("name").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
        return Err(field_error("name", "You must specify a valid version name"));
    }
    unique(world, project.id, None, &given)?;
    let id = world.next_id().to_string();
    let address = format!("{}/rest/api/2/version/{id}", call.base);
    render::extend(
        &mut given,
        json!({"id": id, "archived": false, "released": false, "projectId": project.id}),
    );
    if let Value::Object(version) = &mut given {
        version.remove("project");
        world.versions.push(version.clone());
    }
    render::extend(&mut given, json!({"self": address}));
    Ok(Answer::status(201, &given))
}

/// Refuses a name that another version of the project has, in any case.
fn unique(world: &World, project: u64, own: Option<&str>, given: &Value) -> Result<(), Answer> {
    let Some(name) = given.get("name").and_then(Value::as_str) else { return Ok(()) };
    let text = |version: &serde_json::Map<String, Value>, name: &str| {
        version.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let is_taken = world.versions.iter().any(|version| {
        version.get("projectId").and_then(Value::as_u64) == Some(project)
            && text(version, "id").as_deref() != own
            && text(version, "name").is_some_and(|other| other.eq_ignore_ascii_case(name.trim()))
    });
    if !is_taken {
        return Ok(());
    }
    Err(field_error("name", "A version with this name already exists in this project."))
}

fn change_version(world: &mut World, call: &Call, id: &str) -> Reply {
    super::directory::read(world, call, &["version", id])?;
    let given = body(call)?;
    let project = world.versions.iter().find(|version| version.get("id").and_then(Value::as_str) == Some(id));
    let project = project.and_then(|version| version.get("projectId")?.as_u64()).unwrap_or_default();
    unique(world, project, Some(id), &given)?;
    let is_it =
        |version: &&mut serde_json::Map<String, Value>| version.get("id").and_then(Value::as_str) == Some(id);
    let version = world.versions.iter_mut().find(is_it).ok_or_else(super::not_found)?;
    for name in ["name", "description", "startDate", "releaseDate", "archived", "released"] {
        if let Some(value) = given.get(name) {
            version.insert(name.to_owned(), value.clone());
        }
    }
    Ok(Answer::json(&render::version(call, version)))
}

/// Attaches the file of a form, which Jira takes only from who says that it comes from no page of somebody else.
fn attach(world: &mut World, call: &Call, key: &str) -> Reply {
    let id = visible(world, call, key)?.id;
    let Some((name, kind, bytes)) = call.file() else {
        return Err(refusal(415, "The body is no form with a file."));
    };
    let (created, attachment_id) = (world.tick(), world.next_id());
    let attachment = Attachment {
        id: attachment_id,
        name,
        kind,
        bytes,
        author: call.user,
        created,
        version: 1,
        comment: String::new(),
    };
    let shown = render::attachment(call, &attachment);
    let issue = world.issues.get_mut(&id).ok_or_else(|| no_issue(call))?;
    issue.attachments.push(attachment);
    issue.updated = created;
    Ok(Answer::json(&json!([shown])))
}
