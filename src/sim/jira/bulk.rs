//! Many issues at once: creating them, and on Cloud moving them to another project in the background.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Project;
use super::super::world::World;
use super::edit;
use super::issue::types_of;
use super::refusal;
use super::visible;
use super::write::body;

/// Creates what can be created, and says of the others why not.
pub(crate) fn create(world: &mut World, call: &Call) -> Reply {
    let given = body(call)?;
    let Some(updates) = given.get("issueUpdates").and_then(Value::as_array) else {
        return Err(refusal(400, "issueUpdates must be given."));
    };
    let (mut issues, mut errors) = (Vec::new(), Vec::new());
    for (place, update) in updates.iter().enumerate() {
        match edit::create(world, call, update) {
            Ok(created) => issues.extend(created.value()),
            Err(refused) => errors.push(json!({"status": refused.status, "elementErrors": refused.value(),
                "failedElementNumber": place})),
        }
    }
    let status = if issues.is_empty() { 400 } else { 201 };
    Ok(Answer::status(status, &json!({"issues": issues, "errors": errors})))
}

/// Moves issues at once, and keeps the answer for whoever asks how far it is.
pub(crate) fn move_issues(world: &mut World, call: &Call) -> Reply {
    let given = body(call)?;
    let Some(mapping) = given.get("targetToSourcesMapping").and_then(Value::as_object) else {
        return Err(refusal(400, "targetToSourcesMapping must be given."));
    };
    let (mut moved, mut failed) = (Vec::new(), serde_json::Map::new());
    for (target, sources) in mapping {
        let mut parts = target.split(',');
        let project = parts.next().and_then(|key| Project::find(call.user, key));
        let project = project.ok_or_else(|| refusal(400, "The target project does not exist."))?;
        let kind = parts.next().and_then(|id| data::TYPES.iter().find(|kind| kind.id == id));
        let kind = kind.filter(|kind| types_of(project).any(|known| known == *kind));
        for name in sources.get("issueIdsOrKeys").and_then(Value::as_array).into_iter().flatten() {
            let id = visible(world, call, name.as_str().unwrap_or_default())?.id;
            let (Some(kind), number, now) = (kind, world.next_number(project), world.tick()) else {
                failed.insert(id.to_string(), json!(["The issue type selected is invalid."]));
                continue;
            };
            if let Some(issue) = world.issues.get_mut(&id) {
                (issue.project, issue.kind, issue.number) = (project, kind, number);
                issue.key = format!("{}-{number}", project.key);
                issue.updated = now;
                // The old key still finds it.
                let key = issue.key.clone();
                world.keys.insert(key, id);
                moved.push(id);
            }
        }
    }
    let task = world.next_id().to_string();
    let done = json!({"taskId": task, "status": "COMPLETE", "progressPercent": 100, "totalIssueCount": moved.len(),
        "processedAccessibleIssues": moved, "failedAccessibleIssues": failed, "invalidOrInaccessibleIssueCount": 0});
    world.tasks.insert(task.clone(), done);
    Ok(Answer::status(201, &json!({"taskId": task})))
}

/// How far a move is: it is done.
pub(crate) fn progress(world: &World, id: &str) -> Reply {
    let task = world.tasks.get(id).ok_or_else(|| refusal(404, "The task does not exist."))?;
    Ok(Answer::json(task))
}
