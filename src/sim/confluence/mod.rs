//! The sample Confluence: version 1 on both deployments, version 2 on Cloud.

mod attached;
mod body;
mod comments;
mod content;
mod create;
mod moved;
mod order;
mod property;
mod render;
mod rights;
mod search;
mod space;
mod v2;

use serde_json::Value;
use serde_json::json;

use super::answer::Answer;
use super::answer::Reply;
use super::call::Call;
use super::world::Page;
use super::world::World;

/// Whether the path belongs to Confluence: Jira's has a version digit, or another interface.
pub(crate) fn is_addressed(call: &Call) -> bool {
    let (_, path) = call.route();
    match path.as_slice() {
        ["wiki", ..] => true,
        ["pages", "movepage.action"] => !call.is_cloud(),
        ["rest", "api", "2" | "3" | "latest", ..] => false,
        ["rest", "api", ..] | ["download", ..] => !call.is_cloud(),
        _ => false,
    }
}

/// Answers what changes nothing.
pub(crate) fn read(world: &World, call: &Call) -> Reply {
    let (_, path) = call.route();
    match path.as_slice() {
        ["wiki", "api", "v2", rest @ ..] if call.is_cloud() => v2::read(world, call, rest),
        ["wiki", "rest", "api", rest @ ..] if call.is_cloud() => read_v1(world, call, rest),
        ["rest", "api", rest @ ..] => read_v1(world, call, rest),
        ["wiki", rest @ ..] if call.is_cloud() => download(world, call, rest),
        rest => download(world, call, rest),
    }
}

/// Answers what may change the world.
pub(crate) fn write(world: &mut World, call: &Call) -> Reply {
    let (_, path) = call.route();
    match path.as_slice() {
        ["wiki", "api", "v2", rest @ ..] if call.is_cloud() => v2::write(world, call, rest),
        ["wiki", "rest", "api", rest @ ..] if call.is_cloud() => write_v1(world, call, rest),
        ["rest", "api", rest @ ..] => write_v1(world, call, rest),
        ["pages", "movepage.action"] => Ok(moved::by_action(world, call)),
        _ => Err(failure(404, "null for uri")),
    }
}

fn read_v1(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        ["group", "picker"] if call.is_cloud() => rights::picked(call),
        ["user" | "group", ..] => space::people(call, path),
        ["template", rest @ ..] if call.is_cloud() => rights::templates(call, rest),
        ["analytics", "content", id, "views"] if call.is_cloud() => rights::views(world, call, id),
        ["content", id, "restriction", rest @ ..] => rights::read(world, call, id, rest),
        ["space", rest @ ..] => space::read(world, call, rest),
        ["search", ..] | ["content", "search"] => search::answer(world, call),
        ["content"] => content::list(world, call),
        ["content", id, "property", rest @ ..] => property::read(world, call, id, rest),
        ["content", id, rest @ ..] => content::read(world, call, id, rest),
        _ => Err(failure(404, "null for uri")),
    }
}

fn write_v1(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    match (call.method.as_str(), path) {
        ("PUT", ["content", id, "move", position, target]) if call.is_cloud() => {
            moved::by_rest(world, call, (id, position, target))
        }
        ("POST", ["content", id, "copy"]) if call.is_cloud() => moved::copy(world, call, id),
        ("POST", ["content"]) => create::create(world, call),
        ("POST", ["content", id, "permission", "check"]) if call.is_cloud() => rights::check(world, call, id),
        ("PUT", ["content", id, "restriction"]) => rights::write(world, call, id),
        ("DELETE", ["content", id, "restriction"]) if call.is_cloud() => rights::write(world, call, id),
        ("PUT", ["content", id]) => create::update(world, call, id),
        ("DELETE", ["content", id]) => create::delete(world, call, id),
        ("POST", ["content", id, "child", "attachment", rest @ ..]) => attached::write(world, call, id, rest),
        ("PUT", ["content", id, "child", "attachment"]) if call.is_cloud() => {
            attached::write(world, call, id, &[])
        }
        ("POST" | "DELETE", ["content", id, "label", rest @ ..]) => create::label(world, call, id, rest),
        (_, ["content", id, "property", rest @ ..]) => property::write(world, call, id, rest),
        _ => Err(failure(405, "HTTP 405 Method Not Allowed")),
    }
}

/// The bytes of a page's attachment.
fn download(world: &World, call: &Call, path: &[&str]) -> Reply {
    let ["download", "attachments", page, name] = path else { return Err(failure(404, "null for uri")) };
    let page = visible(world, call, page)?;
    let found = page.attachments.iter().find(|attachment| attachment.name == *name);
    let attachment = found.ok_or_else(|| failure(404, "The attachment was not found."))?;
    Ok(Answer::bytes(&attachment.kind, &attachment.bytes))
}

fn failure(status: u16, message: &str) -> Answer {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let data = json!({"authorized": status != 403, "valid": status != 400, "allowedInReadOnlyMode": true,
        "errors": [], "successful": false});
    Answer::status(status, &json!({"statusCode": status, "data": data, "message": message, "reason": reason}))
}

/// What Confluence says of content that is not there and of content that the account may not see.
fn no_content(id: &str) -> Answer {
    failure(404, &format!("No content found with id: ContentId{{id={id}}}"))
}

fn visible<'a>(world: &'a World, call: &Call, id: &str) -> Result<&'a Page, Answer> {
    world.page(call.user, id).ok_or_else(|| no_content(id))
}

fn json_body(call: &Call) -> Result<Value, Answer> {
    call.json().filter(Value::is_object).ok_or_else(|| failure(400, "The request body is not valid JSON."))
}
