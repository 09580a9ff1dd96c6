//! Boards and sprints: agile 1.0.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Board;
use super::super::world::Sprint;
use super::super::world::World;
use super::directory::paged;
use super::no_issue;
use super::refusal;
use super::render;
use super::search;

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        ["board"] => {
            let wanted = |board: &&Board| {
                let key = call.parameter("projectKeyOrId");
                let name = call.parameter("name").unwrap_or_default().to_lowercase();
                call.user.may_browse(board.project)
                    && key.is_none_or(|key| board.project.key == key || board.project.id.to_string() == key)
                    && call.parameter("type").is_none_or(|kind| board.kind == kind)
                    && board.name.to_lowercase().contains(&name)
            };
            let boards: Vec<Value> =
                data::BOARDS.iter().filter(wanted).map(|board| shown(call, board)).collect();
            Ok(paged(call, &boards))
        }
        ["board", id] => Ok(Answer::json(&shown(call, board(call, id)?))),
        ["board", id, "project"] => Ok(paged(call, &[render::project(call, board(call, id)?.project)])),
        ["board", id, "issue"] => {
            let project = board(call, id)?.project.key;
            let jql = match call.parameter("jql") {
                Some(jql) => {
                    // Read on its own first: a parenthesis too many must not leave the board.
                    search::find(world, call, jql)?;
                    restricted(&format!("project = {project}"), jql)
                }
                None => format!("project = {project} ORDER BY key"),
            };
            search::listed(world, call, &jql)
        }
        ["board", id, "sprint"] => {
            let board = board(call, id)?;
            if board.kind != "scrum" {
                return Err(refusal(400, "The board does not support sprints"));
            }
            let states: Vec<&str> = super::super::call::parts(call.parameter("state"));
            let sprints = data::SPRINTS.iter().filter(|sprint| sprint.board == board.id);
            let sprints = sprints.filter(|sprint| states.is_empty() || states.contains(&sprint.state));
            Ok(paged(call, &sprints.map(|sprint| shown_sprint(call, sprint)).collect::<Vec<_>>()))
        }
        ["sprint", id] => Ok(Answer::json(&shown_sprint(call, sprint(call, id)?))),
        ["sprint", id, "issue"] => {
            let id = sprint(call, id)?.id;
            search::listed(world, call, &format!("sprint = {id} ORDER BY key"))
        }
        _ => Err(super::not_found()),
    }
}

/// Moves issues into a sprint or out of all.
pub(crate) fn write(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    let target = match (call.method.as_str(), path) {
        ("POST", ["sprint", id, "issue"]) => Some(sprint(call, id)?),
        ("POST", ["backlog", "issue"]) => None,
        _ => return Err(super::not_found()),
    };
    let body = call.json().unwrap_or_default();
    let keys: Vec<&str> = body
        .get("issues")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if keys.is_empty() {
        return Err(refusal(400, "issues: must not be empty"));
    }
    if keys.iter().any(|key| world.issue(call.user, key).is_none()) {
        return Err(no_issue(call));
    }
    let now = world.tick();
    for key in keys {
        if let Some(issue) = world.issue_mut(call.user, key) {
            issue.sprint = target;
            issue.updated = now;
        }
    }
    Ok(Answer::empty(204))
}

/// The filter and the caller's query, which may only have an order.
fn restricted(filter: &str, jql: &str) -> String {
    let order = jql.to_ascii_lowercase().find("order by");
    let (condition, order) = order.and_then(|at| jql.split_at_checked(at)).unwrap_or((jql, "ORDER BY key"));
    if condition.trim().is_empty() {
        return format!("{filter} {order}");
    }
    format!("{filter} AND ({condition}) {order}")
}

fn board(call: &Call, id: &str) -> Result<&'static Board, Answer> {
    let found = data::BOARDS.iter().find(|board| board.id.to_string() == id);
    let missing = || {
        refusal(
            404,
            "The requested board cannot be viewed because it either does not exist or you do \
        not have permission to view it.",
        )
    };
    found.filter(|board| call.user.may_browse(board.project)).ok_or_else(missing)
}

fn sprint(call: &Call, id: &str) -> Result<&'static Sprint, Answer> {
    let found = data::SPRINTS.iter().find(|sprint| sprint.id.to_string() == id);
    found
        .filter(|sprint| board(call, &sprint.board.to_string()).is_ok())
        .ok_or_else(|| refusal(404, "Sprint does not exist"))
}

fn shown(call: &Call, board: &Board) -> Value {
    let mut shown = json!({"id": board.id, "self": format!("{}/rest/agile/1.0/board/{}", call.base, board.id),
        "name": board.name, "type": board.kind});
    if call.is_cloud() {
        let project = board.project;
        let location = json!({"projectId": project.id, "projectKey": project.key, "projectName": project.name,
            "displayName": format!("{} ({})", project.name, project.key), "projectTypeKey": project.kind});
        render::extend(&mut shown, json!({"location": location}));
    }
    shown
}

fn shown_sprint(call: &Call, sprint: &Sprint) -> Value {
    json!({"id": sprint.id, "self": format!("{}/rest/agile/1.0/sprint/{}", call.base, sprint.id),
        "state": sprint.state, "name": sprint.name, "startDate": sprint.start, "endDate": sprint.end,
        "originBoardId": sprint.board, "goal": sprint.goal})
}
