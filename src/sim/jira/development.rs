//! What code was written for an issue: Jira's own development panel asks for it. One issue in three has some.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Issue;
use super::super::world::World;
use super::no_issue;
use super::refusal;

const APPLICATION: &str = "GitHub";

pub(crate) fn read(world: &World, call: &Call, what: &str) -> Reply {
    let id = call.parameter("issueId").ok_or_else(|| refusal(400, "issueId is required."))?;
    // It takes ids alone, not keys.
    let issue = id.parse::<u64>().ok().and_then(|id| world.issue(call.user, &id.to_string()));
    let issue = issue.ok_or_else(|| no_issue(call))?;
    match what {
        "summary" => Ok(Answer::json(&summary(issue))),
        "detail" => {
            let kind = call
                .parameter("applicationType")
                .ok_or_else(|| refusal(400, "applicationType is required."))?;
            Ok(Answer::json(&detail(issue, kind, call.parameter("dataType"))))
        }
        _ => Err(super::not_found()),
    }
}

fn has_code(issue: &Issue) -> bool {
    issue.number.is_multiple_of(3)
}

fn summary(issue: &Issue) -> Value {
    let kind = |count: u64| {
        let names =
            if count > 0 { json!({APPLICATION: {"count": count, "name": APPLICATION}}) } else { json!({}) };
        json!({"overall": {"count": count}, "byInstanceType": names})
    };
    let count = u64::from(has_code(issue));
    json!({"errors": [], "configErrors": [],
        "summary": {"pullrequest": kind(count), "branch": kind(count), "repository": kind(count), "build": kind(0)}})
}

fn detail(issue: &Issue, application: &str, kind: Option<&str>) -> Value {
    if !has_code(issue) || application != APPLICATION {
        return json!({"errors": [], "detail": []});
    }
    let wants = |name: &str| kind.is_none_or(|kind| kind == name);
    let (key, base) = (&issue.key, "https://github.example.com/sample/code");
    let author = json!({"name": "Alice Operations"});
    let request = json!({"id": "#7", "name": format!("{key}: {}", issue.summary), "status": "OPEN",
        "url": format!("{base}/pull/7"), "author": author, "reviewers": [{"name": "Bob Development"}],
        "source": {"branch": key, "repository": {"name": "sample/code", "url": base}},
        "destination": {"branch": "main"}, "lastUpdate": "2026-10-30T09:00:00.000+0000"});
    let branch = json!({"name": key, "url": format!("{base}/tree/{key}")});
    let commit = json!({"id": "0a1b2c3d4e5f", "displayId": "0a1b2c3", "message": format!("{key} first step"),
        "author": author, "authorTimestamp": "2026-10-29T09:00:00.000+0000", "url": format!("{base}/commit/0a1b2c3")});
    let repository = json!({"name": "sample/code", "url": base, "commits": [commit]});
    let list = |wanted: bool, value: Value| if wanted { json!([value]) } else { json!([]) };
    json!({"errors": [], "detail": [{"_instance": {"name": APPLICATION},
        "pullRequests": list(wants("pullrequest"), request), "branches": list(wants("branch"), branch),
        "repositories": list(wants("repository"), repository)}]})
}
