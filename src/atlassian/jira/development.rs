//! Branches, commits and pull requests of an issue: `/rest/dev-status/1.0`, which Atlassian does not document and its
//! own development panel uses.

use futures::StreamExt;
use futures::TryStreamExt;
use futures::future::BoxFuture;
use serde_json::Map;
use serde_json::Value;

use super::Jira;
use super::issues::issue_path;
use super::malformed;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Read;

/// What is asked of each application.
const KINDS: [&str; 3] = ["pullrequest", "branch", "repository"];

/// How many questions are under way at once.
const AT_ONCE: usize = 4;

fn path(what: &'static str) -> Path {
    Path::of(["rest", "dev-status", "1.0", "issue", what])
}

impl Jira<'_> {
    /// Reads the id of an issue, by which its development is asked for.
    pub async fn issue_number(&self, permit: &Permit<Read>, key: &IssueKey) -> Result<String, UpstreamError> {
        let request = Request::get(issue_path(permit.issue(key)?, None)).with("fields", "id");
        let issue = self.get(permit, request.with("updateHistory", "false")).await?;
        let id = issue.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| malformed("the issue has no id"))
    }

    /// Reads the development of an issue, which is named by its id too: of one application or all, of one kind or all.
    pub async fn development(
        &self,
        permit: &Permit<Read>,
        (key, id): (&IssueKey, &str),
        (application, kind): (Option<&str>, Option<&str>),
    ) -> Result<Value, UpstreamError> {
        permit.issue(key)?;
        let applications = match application {
            Some(application) => vec![application.to_owned()],
            None => {
                let summary = self.get(permit, Request::get(path("summary")).with("issueId", id)).await?;
                applications(&summary)
                    .ok_or_else(|| malformed("the summary of the development has no kinds"))?
            }
        };
        let kinds: Vec<&str> = match (application, kind) {
            (_, Some(kind)) => vec![kind],
            // One application gives all of its kinds at once.
            (Some(_), None) => vec![""],
            (None, None) => KINDS.to_vec(),
        };
        let mut asked: Vec<BoxFuture<'_, Result<Value, UpstreamError>>> = Vec::new();
        for application in &applications {
            for kind in &kinds {
                let mut request = Request::get(path("detail"))
                    .with("issueId", id)
                    .with("applicationType", application.as_str());
                if !kind.is_empty() {
                    request = request.with("dataType", *kind);
                }
                asked.push(Box::pin(self.get(permit, request)));
            }
        }
        let answers: Vec<Value> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        if answers.iter().any(|answer| !answer.get("detail").is_some_and(Value::is_array)) {
            return Err(malformed("the development has no details"));
        }
        let mut shown = Map::new();
        shown.insert("issue_key".into(), key.as_str().into());
        let lists = |name: &str| {
            let lists = answers.iter().filter_map(|answer| answer.get(name)?.as_array());
            let mut found: Vec<Value> = Vec::new();
            for value in lists.flatten() {
                if !found.contains(value) {
                    found.push(value.clone());
                }
            }
            found
        };
        let detail = lists("detail");
        for (name, found) in flattened(&detail) {
            shown.insert(name.into(), found.into());
        }
        shown.insert("detail".into(), detail.into());
        let errors = lists("errors");
        if !errors.is_empty() {
            shown.insert("errors".into(), errors.into());
        }
        Ok(Value::Object(shown))
    }
}

/// What the applications say, as flat lists in which everything stands once.
fn flattened(detail: &[Value]) -> [(&'static str, Vec<Value>); 4] {
    let mut lists =
        [("pullRequests", vec![]), ("branches", vec![]), ("commits", vec![]), ("repositories", vec![])];
    let mut add = |list: usize, value: Value| {
        if let Some((_, list)) = lists.get_mut(list)
            && !list.contains(&value)
        {
            list.push(value);
        }
    };
    for one in detail {
        let instance = one.pointer("/_instance/name").cloned().unwrap_or_default();
        for request in entries(one, "pullRequests") {
            let mut shown = picked(request, &PULL_REQUEST);
            let reviewers = entries(request, "reviewers").filter_map(|person| person.get("name").cloned());
            shown.insert("reviewers".into(), reviewers.collect());
            shown.insert("instance".into(), instance.clone());
            add(0, Value::Object(shown));
        }
        for branch in entries(one, "branches") {
            let mut shown = picked(branch, &BRANCH);
            shown.insert("instance".into(), instance.clone());
            add(1, Value::Object(shown));
        }
        for repository in entries(one, "repositories") {
            for commit in entries(repository, "commits") {
                let mut shown = picked(commit, &COMMIT);
                shown.insert("repository".into(), repository.get("name").cloned().unwrap_or_default());
                shown.insert("repositoryUrl".into(), repository.get("url").cloned().unwrap_or_default());
                add(2, Value::Object(shown));
            }
            add(3, Value::Object(picked(repository, &REPOSITORY)));
        }
    }
    lists
}

/// Where things stand, and the key they are shown under.
type Picks<const N: usize> = [(&'static str, &'static str); N];

const PULL_REQUEST: Picks<10> = [
    ("/id", "id"),
    ("/name", "name"),
    ("/status", "status"),
    ("/url", "url"),
    ("/source/branch", "source"),
    ("/destination/branch", "destination"),
    ("/author/name", "author"),
    ("/lastUpdate", "lastUpdate"),
    ("/source/repository/name", "repository"),
    ("/source/repository/url", "repositoryUrl"),
];
const BRANCH: Picks<3> =
    [("/name", "name"), ("/url", "url"), ("/createPullRequestUrl", "createPullRequestUrl")];
const COMMIT: Picks<6> = [
    ("/id", "id"),
    ("/displayId", "displayId"),
    ("/message", "message"),
    ("/author/name", "author"),
    ("/authorTimestamp", "authorTimestamp"),
    ("/url", "url"),
];
const REPOSITORY: Picks<3> = [("/name", "name"), ("/url", "url"), ("/avatar", "avatar")];

fn picked<const N: usize>(value: &Value, picks: &Picks<N>) -> Map<String, Value> {
    let kept = picks.iter();
    kept.filter_map(|(pointer, key)| Some(((*key).to_owned(), value.pointer(pointer)?.clone()))).collect()
}

fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// The applications that a summary counts anything of.
fn applications(summary: &Value) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let kinds = summary.get("summary")?.as_object()?.values();
    for kind in kinds {
        let names =
            kind.get("byInstanceType").and_then(Value::as_object).into_iter().flat_map(|names| names.keys());
        for name in names {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_applications_say_stands_once_in_flat_lists() {
        let one = json!({
            "_instance": {"name": "GitHub"},
            "pullRequests": [{
                "id": "#1", "source": {"branch": "x", "repository": {"name": "r"}}, "reviewers": [{"name": "Bob"}]
            }],
            "repositories": [{"name": "r", "commits": [{"id": "a", "author": {"name": "Ann"}}]}],
        });
        let lists = flattened(&[one.clone(), one]);
        let counts: Vec<_> = lists.iter().map(|(name, list)| (*name, list.len())).collect();
        assert_eq!(counts, [("pullRequests", 1), ("branches", 0), ("commits", 1), ("repositories", 1)]);
        let request =
            json!({"id": "#1", "source": "x", "repository": "r", "reviewers": ["Bob"], "instance": "GitHub"});
        assert_eq!(lists[0].1, [request]);
        assert_eq!(
            lists[2].1,
            [json!({"id": "a", "author": "Ann", "repository": "r"})].map(|mut commit| {
                commit["repositoryUrl"] = Value::Null;
                commit
            })
        );
    }

    #[test]
    fn every_application_is_named_once() {
        let summary = json!({"summary": {
            "pullrequest": {"byInstanceType": {"GitHub": {"count": 1}}},
            "branch": {"byInstanceType": {"GitHub": {"count": 1}, "stash": {"count": 2}}},
        }});
        assert_eq!(applications(&summary).unwrap(), ["GitHub", "stash"]);
        assert!(applications(&json!({"summary": {}})).unwrap().is_empty());
        assert!(applications(&json!({})).is_none());
    }
}
