//! Moving issues to other projects, which Cloud does in the background: `/rest/api/3/bulk`.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::malformed;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Write;

/// How long to wait before looking again; the call's own deadline ends it.
const PATIENCE: [u64; 5] = [0, 200, 500, 1000, 2000];

impl Jira<'_> {
    /// The id that the type of an issue has in another project; or a text that says which types there are.
    pub async fn type_in(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        project: &ProjectKey,
    ) -> Result<Result<String, String>, UpstreamError> {
        let issue =
            Request::get(Path::of(["rest", "api", "2", "issue"]).value("key", permit.issue(key)?.as_str()))
                .with("fields", "issuetype")
                .with("updateHistory", "false");
        let (issue, listed) = futures::try_join!(self.get(permit, issue), self.issue_types(permit, project))?;
        let name = issue.pointer("/fields/issuetype/name").and_then(Value::as_str);
        let name = name.ok_or_else(|| malformed("the issue has no type"))?;
        let named = |kind: &&Value| kind.get("name").and_then(Value::as_str) == Some(name);
        let id = listed.iter().find(named).and_then(|kind| kind.get("id")?.as_str());
        Ok(id.map(str::to_owned).ok_or_else(|| {
            let names: Vec<&str> = listed.iter().filter_map(|kind| kind.get("name")?.as_str()).collect();
            format!("project {project} takes no issue of type `{name}`; it takes {}", names.join(", "))
        }))
    }

    /// Moves an issue, and waits until it is done.
    pub async fn move_to(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        project: &ProjectKey,
        kind: &str,
    ) -> Result<(), UpstreamError> {
        let target = format!("{},{kind}", permit.project(project)?);
        let sources = json!({
            "issueIdsOrKeys": [permit.issue(key)?.as_str()],
            "inferClassificationDefaults": true,
            "inferFieldDefaults": true,
            "inferStatusDefaults": true,
            "inferSubtaskTypeDefault": true,
        });
        let mut mapping = serde_json::Map::new();
        mapping.insert(target, sources);
        let body = json!({"sendBulkNotification": false, "targetToSourcesMapping": mapping});
        let path = Path::of(["rest", "api", "3", "bulk", "issues", "move"]);
        let task = |answer: &Value| answer.get("taskId").and_then(Value::as_str).map(str::to_owned);
        let is_whole = |answer: &Value| task(answer).is_some();
        let answer = self.store(permit, Request::post(path, body), is_whole, "the move has no task").await?;
        let task = task(&answer).unwrap_or_default();
        let mut waits = PATIENCE.iter().chain(std::iter::repeat(&2000));
        loop {
            tokio::time::sleep(Duration::from_millis(waits.next().copied().unwrap_or(2000))).await;
            let path = Path::of(["rest", "api", "3", "bulk", "queue"]).value("task", task.as_str());
            let progress = self.get(permit, Request::get(path)).await?;
            match progress.get("status").and_then(Value::as_str) {
                Some("COMPLETE") => return moved(&progress),
                Some("ENQUEUED" | "RUNNING") => {}
                other => {
                    let status = other.unwrap_or("nothing");
                    return Err(malformed(&format!(
                        "the move ended as {status}; the issue may not have been moved"
                    )));
                }
            }
        }
    }
}

/// A task that is complete may have moved nothing.
fn moved(progress: &Value) -> Result<(), UpstreamError> {
    let failed = progress.get("failedAccessibleIssues").and_then(Value::as_object);
    let reasons: Vec<&str> = failed
        .into_iter()
        .flat_map(|failed| failed.values())
        .flat_map(|reasons| reasons.as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    let unseen = progress.get("invalidOrInaccessibleIssueCount").and_then(Value::as_u64).unwrap_or(0);
    match (reasons.as_slice(), unseen) {
        ([], 0) => Ok(()),
        ([], _) => Err(malformed("the issue was not moved: Jira says that it is invalid or not accessible")),
        (reasons, _) => Err(malformed(&format!("the issue was not moved: {}", reasons.join("; ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_is_complete_may_have_moved_nothing() {
        let table = [
            (json!({"status": "COMPLETE", "processedAccessibleIssues": [10001]}), None),
            (
                json!({"failedAccessibleIssues": {"10001": ["no field"]}}),
                Some("the issue was not moved: no field"),
            ),
            (json!({"invalidOrInaccessibleIssueCount": 1}), Some("invalid or not accessible")),
        ];
        for (progress, wanted) in table {
            let problem = moved(&progress).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{progress}");
            assert!(problem.unwrap_or_default().contains(wanted.unwrap_or_default()), "{progress}");
        }
    }
}
