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
            let sprints = world.sprints.iter().filter(|sprint| sprint.board == board.id);
            let sprints = sprints.filter(|sprint| states.is_empty() || states.contains(&&*sprint.state));
            Ok(paged(call, &sprints.map(|sprint| shown_sprint(call, sprint)).collect::<Vec<_>>()))
        }
        ["sprint", id] => Ok(Answer::json(&shown_sprint(call, sprint(world, call, id)?))),
        ["sprint", id, "issue"] => {
            let id = sprint(world, call, id)?.id;
            search::listed(world, call, &format!("sprint = {id} ORDER BY key"))
        }
        _ => Err(super::not_found()),
    }
}

/// Makes and changes sprints, and moves issues into one or out of all.
pub(crate) fn write(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    let target = match (call.method.as_str(), path) {
        ("POST", ["sprint"]) => return create_sprint(world, call),
        ("POST", ["sprint", id]) => return update_sprint(world, call, id),
        ("POST", ["sprint", id, "issue"]) => {
            let sprint = sprint(world, call, id)?;
            if sprint.state == "closed" {
                return Err(refusal(400, "Issues can only be moved to sprints that are not completed."));
            }
            Some(sprint.id)
        }
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

fn create_sprint(world: &mut World, call: &Call) -> Reply {
    let given = call.json().unwrap_or_default();
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(board_id) = given.get("originBoardId").and_then(Value::as_u64) else {
        return Err(refusal(400, "originBoardId: must be a number"));
    };
    if board(call, &board_id.to_string())?.kind != "scrum" {
        return Err(refusal(400, "The board does not support sprints"));
    }
    if text("name").is_empty() {
        return Err(refusal(400, "name: The sprint name must not be empty"));
    }
    let sprint = Sprint {
        id: world.next_id(),
        board: board_id,
        name: text("name").into(),
        state: "future".into(),
        start: text("startDate").into(),
        end: text("endDate").into(),
        goal: text("goal").into(),
    };
    let shown = shown_sprint(call, &sprint);
    world.sprints.push(sprint);
    Ok(Answer::status(201, &shown))
}

/// A part of a sprint is changed by POST; a sprint goes from future to active to closed and never back.
fn update_sprint(world: &mut World, call: &Call, id: &str) -> Reply {
    let present = sprint(world, call, id)?.clone();
    let given = call.json().unwrap_or_default();
    let text = |name: &str| given.get(name).and_then(Value::as_str).map(|text| text.to_owned().into());
    let states = ["future", "active", "closed"];
    let place = |state: &str| states.iter().position(|known| *known == state);
    let state = text("state").unwrap_or_else(|| present.state.clone());
    if place(&state).is_none() || place(&state) < place(&present.state) {
        return Err(refusal(400, &format!("The sprint cannot go from {} to {state}", present.state)));
    }
    let changed = Sprint {
        name: text("name").unwrap_or(present.name),
        start: text("startDate").unwrap_or(present.start),
        end: text("endDate").unwrap_or(present.end),
        goal: text("goal").unwrap_or(present.goal),
        state,
        ..present
    };
    let shown = shown_sprint(call, &changed);
    if let Some(place) = world.sprints.iter_mut().find(|sprint| sprint.id == changed.id) {
        *place = changed;
    }
    Ok(Answer::json(&shown))
}

fn sprint<'a>(world: &'a World, call: &Call, id: &str) -> Result<&'a Sprint, Answer> {
    let found = world.sprints.iter().find(|sprint| sprint.id.to_string() == id);
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
