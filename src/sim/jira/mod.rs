//! The sample Jira: platform versions 2 and 3, agile 1.0 and service desk.

mod agile;
mod bulk;
mod desk;
mod development;
mod directory;
mod edit;
mod fields;
mod forms;
mod issue;
mod list;
mod render;
mod search;
mod write;

use serde_json::Value;
use serde_json::json;

use super::answer::Answer;
use super::answer::Reply;
use super::call::Call;
use super::world::Issue;
use super::world::World;

/// Whether a request that is not a GET only reads.
pub(crate) fn is_read(call: &Call) -> bool {
    let (method, path) = call.route();
    let reads = ["rest", "api"];
    method == "POST"
        && path.starts_with(&reads)
        && matches!(path.get(3..), Some(["search" | "changelog" | "jql", ..]))
}

/// Answers what changes nothing.
pub(crate) fn read(world: &World, call: &Call) -> Reply {
    let (method, path) = call.route();
    match path.as_slice() {
        ["rest", "api", "3", ..] if !call.is_cloud() => Err(not_found()),
        ["rest", "api", "2" | "3" | "latest", "search", ..] => search::answer(world, call),
        ["rest", "api", "2" | "3" | "latest", "issue", rest @ ..] => issue::read(world, call, rest),
        ["rest", "api", "2" | "3" | "latest", rest @ ..] => match (method, rest) {
            ("POST", ["changelog", "bulkfetch"]) => list::bulk_changes(world, call),
            ("GET", ["attachment", "content", id]) => issue::download(world, call, id),
            ("GET", ["attachment", id]) => issue::attachment(world, call, id),
            ("GET", ["issueLink", id]) => issue::link(world, call, id),
            ("GET", ["bulk", "queue", id]) if call.is_cloud() => bulk::progress(world, id),
            ("GET", _) => directory::read(world, call, rest),
            _ => Err(Answer::empty(405)),
        },
        ["secure", "attachment", id, _name] if !call.is_cloud() => issue::download(world, call, id),
        ["rest", "agile", "1.0", rest @ ..] => agile::read(world, call, rest),
        ["rest", "servicedeskapi", rest @ ..] => desk::read(world, call, rest),
        ["rest", "dev-status", "1.0", "issue", what] => development::read(world, call, what),
        ["jira", "forms", "cloud", _, "issue", rest @ ..] if call.is_cloud() => {
            forms::read(world, call, rest)
        }
        _ => Err(not_found()),
    }
}

/// Answers what may change the world.
pub(crate) fn write(world: &mut World, call: &Call) -> Reply {
    let (_, path) = call.route();
    match path.as_slice() {
        ["rest", "api", "3", ..] if !call.is_cloud() => Err(not_found()),
        ["rest", "api", "2" | "3" | "latest", rest @ ..] => write::answer(world, call, rest),
        ["rest", "agile", "1.0", rest @ ..] => agile::write(world, call, rest),
        ["rest", "servicedeskapi", rest @ ..] => desk::write(world, call, rest),
        ["jira", "forms", "cloud", _, "issue", rest @ ..] if call.is_cloud() => {
            forms::write(world, call, rest)
        }
        _ => Err(not_found()),
    }
}

fn is_version_3(call: &Call) -> bool {
    call.segments.get(2).is_some_and(|version| version == "3")
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::status(status, &json!({"errorMessages": [message], "errors": {}}))
}

fn field_error(field: &str, message: &str) -> Answer {
    let mut errors = serde_json::Map::new();
    errors.insert(field.to_owned(), Value::from(message));
    Answer::status(400, &json!({"errorMessages": [], "errors": errors}))
}

fn not_found() -> Answer {
    Answer::status(404, &json!({"message": "null for uri", "status-code": 404}))
}

/// What Jira says of an issue that is not there and of one that the account may not see.
fn no_issue(call: &Call) -> Answer {
    let cloud = "Issue does not exist or you do not have permission to see it.";
    refusal(404, if call.is_cloud() { cloud } else { "Issue Does Not Exist" })
}

fn visible<'a>(world: &'a World, call: &Call, key: &str) -> Result<&'a Issue, Answer> {
    world.issue(call.user, key).ok_or_else(|| no_issue(call))
}

/// A page of `list` by `startAt` and `maxResults`.
fn page<'a, T>(call: &Call, list: &'a [T], most: usize) -> (usize, usize, &'a [T]) {
    let start = call.number("startAt", 0);
    let limit = call.number("maxResults", most).min(most);
    let rest = list.get(start..).unwrap_or_default();
    (start, limit, rest.get(..limit).unwrap_or(rest))
}
