//! Projects and issues that a caller's query names, and that the policies hide.
//!
//! Jira refuses a query that names what does not exist, which is told as a search that finds nothing. A query that names
//! what is hidden is to find nothing either, also where it asks for something else besides: `project in (OPS, SECRET)`
//! or `project != SECRET` would tell a hidden project from none.

use serde_json::Value;

use super::Jira;
use super::lists;
use crate::atlassian::Deployment;
use crate::atlassian::query::Clause;
use crate::atlassian::query::clauses;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Narrowing;
use crate::policy::Read;

/// Fields whose values are issues.
const OF_ISSUES: &[&str] = &["key", "issuekey", "issue", "id", "parent", "epic link", "parent link"];

impl Jira<'_> {
    /// Whether a query names a project, or an issue of one, in which the caller may see nothing.
    ///
    /// Former keys of issues that were moved out of such a project are among them, and an issue by its number is not.
    pub(super) async fn names_hidden(
        &self,
        permit: &Permit<Read>,
        jql: &str,
        narrowing: &Narrowing,
    ) -> Result<bool, UpstreamError> {
        let hides = |key: &ProjectKey| narrowing.within(key) == Narrowing::Nothing;
        for Clause { field, values } in clauses(jql) {
            for value in &values {
                if OF_ISSUES.contains(&field.as_str())
                    && IssueKey::parse(value).is_ok_and(|key| hides(&key.project()))
                {
                    return Ok(true);
                }
                if field != "project" || ProjectKey::parse(value).is_ok_and(|key| !hides(&key)) {
                    continue;
                }
                // It may be the name or the number of a project.
                if self.project_called(permit, value).await?.is_none_or(|key| hides(&key)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The key of a project that the account sees, by its key, its name or its number.
    async fn project_called(
        &self,
        permit: &Permit<Read>,
        called: &str,
    ) -> Result<Option<ProjectKey>, UpstreamError> {
        let is_number = called.bytes().all(|byte| byte.is_ascii_digit());
        let request = match self.deployment() {
            Deployment::DataCenter => Request::get(Path::of(["rest", "api", "2", "project"])),
            Deployment::Cloud => Request::get(Path::of(["rest", "api", "3", "project", "search"]))
                .with(if is_number { "id" } else { "query" }, called),
        };
        let answer =
            self.recall(permit, request, |answer| answer.is_array() || lists(&["values"])(answer)).await?;
        let listed = answer.as_array().or_else(|| answer.get("values")?.as_array());
        let is_it = |project: &&Value| {
            ["key", "name", "id"].iter().any(|name| {
                let value = project.get(*name).and_then(Value::as_str);
                value.is_some_and(|value| value.eq_ignore_ascii_case(called))
            })
        };
        let project = listed.into_iter().flatten().find(is_it);
        Ok(project.and_then(|project| ProjectKey::parse(project.get("key")?.as_str()?).ok()))
    }
}
