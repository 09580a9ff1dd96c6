//! Projects and issues that a caller's query names, and that the policies hide.
//!
//! Jira refuses a query that names what does not exist, which is told as a search that finds nothing. A query that names
//! what is hidden is to find nothing either, also where it asks for something else besides: `project in (OPS, SECRET)`
//! or `project != SECRET` would tell a hidden project from none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Jira;
use super::SearchQuery;
use super::lists;
use crate::atlassian::Deployment;
use crate::atlassian::query;
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

/// Fields whose values are issues, also by their numbers.
const OF_ISSUES: &[&str] = &[
    "key",
    "issuekey",
    "issue",
    "id",
    "parent",
    "epic link",
    "parent link",
    "parent issue",
    "linkedissue",
    "workitem",
    "workitemkey",
];

/// Fields of Jira's own whose values may be numbers and are no issues.
const OF_OTHERS: &[&str] = &[
    "affectedversion",
    "category",
    "component",
    "created",
    "due",
    "duedate",
    "filter",
    "fixversion",
    "issuetype",
    "labels",
    "level",
    "originalestimate",
    "priority",
    "project",
    "remainingestimate",
    "resolution",
    "resolved",
    "sprint",
    "status",
    "statuscategory",
    "timespent",
    "type",
    "updated",
    "votes",
    "watchers",
    "workratio",
];

/// How many different names of projects are looked up for one query. A query that names more finds nothing.
const MOST_NAMES: usize = 20;

/// How many issues by number are looked up for one query. A query that names more finds nothing.
const MOST_NUMBERS: usize = 50;

impl Jira<'_> {
    /// Whether a query names a project, or an issue of one, in which the caller may see nothing.
    ///
    /// Keys count in whatever field they stand, but where words are looked for: a field that takes issues tells by its
    /// answer which there are. Former keys of issues that were moved out of such a project are among them. A query inside
    /// a query, as apps have them, is none that could be looked through.
    pub(super) async fn names_hidden(
        &self,
        permit: &Permit<Read>,
        query: &SearchQuery,
        narrowing: &Narrowing,
    ) -> Result<bool, UpstreamError> {
        let hides = |key: &ProjectKey| narrowing.within(key) == Narrowing::Nothing;
        let (mut projects, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for Clause { field, values, .. } in clauses(&query.jql).into_iter().filter(|clause| !clause.is_text) {
            if field == "issuefunction" {
                return Ok(true);
            }
            let has_number = values.iter().any(|value| is_number(value));
            let of_issues = OF_ISSUES.contains(&field.as_str())
                || (has_number
                    && !OF_OTHERS.contains(&field.as_str())
                    && self.takes_issues(permit, &field).await?);
            for value in values {
                // A value may be a text that a function takes.
                if IssueKey::all_in(&value).any(|key| hides(&key.project())) {
                    return Ok(true);
                }
                if of_issues && is_number(&value) {
                    numbers.insert(value);
                } else if field == "project" && ProjectKey::parse(&value).map_or(true, |key| hides(&key)) {
                    projects.insert(value.to_lowercase());
                }
            }
        }
        if projects.len() > MOST_NAMES || numbers.len() > MOST_NUMBERS {
            return Ok(true);
        }
        // What is no key of a project that may be seen may be its name or its number.
        for value in &projects {
            if self.project_called(permit, value).await?.is_none_or(|key| hides(&key)) {
                return Ok(true);
            }
        }
        Ok(!numbers.is_empty() && !self.sees_all(permit, &numbers, narrowing).await?)
    }

    /// Whether a field that a query names takes issues.
    async fn takes_issues(&self, permit: &Permit<Read>, field: &str) -> Result<bool, UpstreamError> {
        let number = field.strip_prefix("cf[").and_then(|number| number.strip_suffix(']'));
        let id = number.map_or_else(|| field.to_owned(), |number| format!("customfield_{number}"));
        let catalogue = self.catalogue(permit).await?;
        Ok(catalogue
            .fields()
            .any(|known| (known.id == id || known.name.eq_ignore_ascii_case(field)) && known.names_issues()))
    }

    /// Whether the caller may see each of these issues, which are named by their numbers.
    async fn sees_all(
        &self,
        permit: &Permit<Read>,
        numbers: &BTreeSet<String>,
        narrowing: &Narrowing,
    ) -> Result<bool, UpstreamError> {
        let listed = numbers.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let condition = match narrowing {
            Narrowing::Condition(condition) => query::jql(condition),
            _ => None,
        };
        let jql = query::restrict(&format!("id in ({listed})"), &condition.into_iter().collect::<Vec<_>>())
            .map_err(|error| UpstreamError::NotPermitted(error.to_string()))?;
        let path = match self.deployment() {
            Deployment::DataCenter => Path::of(["rest", "api", "2", "search"]),
            Deployment::Cloud => Path::of(["rest", "api", "3", "search", "jql"]),
        };
        let request = Request::get(path)
            .with("jql", jql)
            .with("fields", "project")
            .with("maxResults", MOST_NUMBERS.to_string());
        match self.recall(permit, request, lists(&["issues"])).await {
            Ok(page) => {
                let seen = page.get("issues").and_then(Value::as_array).map_or(0, Vec::len);
                Ok(seen >= numbers.len())
            }
            Err(error) if error.status() == Some(400) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The key of a project that the account sees, by its key, its name or its number.
    async fn project_called(
        &self,
        permit: &Permit<Read>,
        called: &str,
    ) -> Result<Option<ProjectKey>, UpstreamError> {
        let request = match self.deployment() {
            Deployment::DataCenter => Request::get(Path::of(["rest", "api", "2", "project"])),
            Deployment::Cloud => Request::get(Path::of(["rest", "api", "3", "project", "search"]))
                .with(if is_number(called) { "id" } else { "query" }, called),
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

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
