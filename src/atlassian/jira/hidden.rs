//! Whether the policies hide something of what a caller's query names.
//!
//! Jira refuses a query that names what does not exist, which is told as a search that finds nothing. A query that names
//! what is hidden is to find nothing either, also where it asks for something else besides: `project in (OPS, SECRET)`,
//! `key != OPS-7` or `fixVersion != "Secret 1.0"` would tell what is hidden from what does not exist.
//!
//! A key alone does not say it: Jira knows an issue that was moved by its former key as well. What is looked up is asked for
//! alike whether it is hidden or absent, and only what the caller may see is remembered: so the number of requests tells
//! nothing either.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Jira;
use super::called::categories;
use super::called::project_called;
use super::issue_place;
use super::names::MOST_ISSUES;
use super::names::Names;
use crate::atlassian::Deployment;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::audit::Warrant as _;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Attribute;
use crate::policy::Narrowing;
use crate::policy::Observed;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Sight;

impl Jira<'_> {
    /// Whether a query names a project, an issue, or something that projects have, of which the caller may see nothing.
    ///
    /// Former keys of issues that were moved out of a hidden project are among them.
    pub(super) async fn names_hidden(
        &self,
        permit: &Permit<Read>,
        jql: &str,
        sight: &Sight<'_>,
    ) -> Result<bool, UpstreamError> {
        let hides = |key: &ProjectKey| sight.shows_nothing_in(key);
        let mut names = self.names(permit, jql).await?;
        if names.are_too_many() {
            return Ok(true);
        }
        self.look_up_what_tells(permit, &mut names, &sight.narrowing).await?;
        // What policies look at besides the project is looked up with each thing.
        if !sight.narrowing.is_exact() {
            return Ok(!self.sees_all(permit, &names, sight).await?);
        }
        let shows_projects = self.shows_keys(permit, &names.project_keys, sight).await?;
        for name in &names.projects {
            if !self.sees_project(permit, name, &hides).await? {
                return Ok(true);
            }
        }
        // Each is looked up whatever the others say: policies know the keys of projects, and what is absent has none.
        let known = Observed::default();
        let sees_issues = self.sees_issues(permit, &names, (sight, &known)).await?;
        let sees_owned = self.sees_owned(permit, &names, (sight, &known)).await?;
        Ok(!(shows_projects && sees_issues && sees_owned))
    }

    /// Leaves issues by their keys alone, `key = OPS-1`, out of what is looked up where the search itself tells nothing:
    /// of one in a hidden project it finds nothing, and nothing is what is said of one that is absent. Which projects the
    /// account sees is asked beforehand, as Jira refuses a query with an absent key and not one with a hidden one.
    async fn look_up_what_tells(
        &self,
        permit: &Permit<Read>,
        names: &mut Names,
        narrowing: &Narrowing,
    ) -> Result<(), UpstreamError> {
        match narrowing {
            _ if names.sought.is_empty() => {}
            Narrowing::Condition(condition)
                if narrowing.is_of_places() && query::jql(condition).is_some() =>
            {
                self.projects_visible(permit, condition).await?;
            }
            _ => names.keys.append(&mut names.sought),
        }
        Ok(())
    }

    /// Whether the caller may see everything that a query names, where not all can be said beforehand.
    async fn sees_all(
        &self,
        permit: &Permit<Read>,
        names: &Names,
        sight: &Sight<'_>,
    ) -> Result<bool, UpstreamError> {
        let projects = names.project_keys.iter().map(ProjectKey::as_str);
        let projects: Vec<&str> = projects.chain(names.projects.iter().map(String::as_str)).collect();
        let named = projects.len() + names.owned.len() + names.keys.len() + names.numbers.len();
        let is_of_use = !projects.is_empty() || (permit.needs().contains(Attribute::Category) && named > 0);
        let lists = if is_of_use { self.all_projects(permit).await? } else { Vec::new() };
        let lists: Vec<&Value> = lists.iter().map(|list| &**list).collect();
        let known = categories(&lists);
        for name in projects {
            let project = project_called(&lists, name).map(Resource::Project);
            let is_seen = project.is_some_and(|project| sight.may_view(&project, &known));
            let jql = format!("project = {}", value(name));
            if !is_seen && !self.sees(permit, &jql, (sight, &known), |found| !found.is_empty()).await? {
                return Ok(false);
            }
        }
        Ok(self.sees_issues(permit, names, (sight, &known)).await?
            && self.sees_owned(permit, names, (sight, &known)).await?)
    }

    /// Whether the caller may see each of these issues. One by a key of a hidden project is hidden, wherever it lies now.
    async fn sees_issues(
        &self,
        permit: &Permit<Read>,
        names: &Names,
        (sight, known): (&Sight<'_>, &Observed),
    ) -> Result<bool, UpstreamError> {
        let is_hidden = |key: &IssueKey| sight.shows_nothing_in(&key.project());
        let is_shown = !names.keys.iter().chain(&names.sought).any(is_hidden);
        let keys = names.keys.iter().map(IssueKey::as_str);
        let named: BTreeSet<&str> = keys.chain(names.numbers.iter().map(String::as_str)).collect();
        if named.is_empty() {
            return Ok(is_shown);
        }
        let listed = named.iter().copied().collect::<Vec<_>>().join(", ");
        let is_whole = |found: &[Value]| is_shown && names_all(found, &named);
        self.sees(permit, &format!("key in ({listed})"), (sight, known), is_whole).await
    }

    /// Whether the caller may see something of whatever a query names that projects have, such as a version: an issue that
    /// has it.
    async fn sees_owned(
        &self,
        permit: &Permit<Read>,
        names: &Names,
        sight: (&Sight<'_>, &Observed),
    ) -> Result<bool, UpstreamError> {
        for (field, called) in &names.owned {
            let field = if is_numbered(field) { field.clone() } else { query::quoted(field) };
            let jql = format!("{field} = {}", value(called));
            if !self.sees(permit, &jql, sight, |found| !found.is_empty()).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether enough of what a query finds may be seen. What Jira refuses names what is not there.
    async fn sees(
        &self,
        permit: &Permit<Read>,
        jql: &str,
        (sight, known): (&Sight<'_>, &Observed),
        is_enough: impl Fn(&[Value]) -> bool,
    ) -> Result<bool, UpstreamError> {
        let narrowing = match &sight.narrowing {
            // Jira refuses a query that names a project which the account does not see.
            Narrowing::Condition(condition) if !condition.places().is_empty() => {
                sight.narrowing.among(&self.projects_visible(permit, condition).await?)
            }
            other => other.clone(),
        };
        let condition = match &narrowing {
            Narrowing::Nothing => return Ok(false),
            Narrowing::Condition(condition) => query::jql(condition),
            Narrowing::Everything | Narrowing::Unknown => None,
        };
        let is_exact = match &narrowing {
            Narrowing::Condition(_) => narrowing.is_exact() && condition.is_some(),
            other => other.is_exact(),
        };
        let jql = query::restrict(jql, &condition.into_iter().collect::<Vec<_>>())
            .map_err(|error| UpstreamError::NotPermitted(error.to_string()))?;
        let path = match self.deployment() {
            Deployment::DataCenter => Path::of(["rest", "api", "2", "search"]),
            Deployment::Cloud => Path::of(["rest", "api", "3", "search", "jql"]),
        };
        let request = Request::get(path)
            .with("jql", jql)
            .with("fields", "project")
            .with("maxResults", MOST_ISSUES.to_string());
        let issues = |page: &Value| page.get("issues").and_then(Value::as_array).cloned().unwrap_or_default();
        let answer = if is_exact {
            let found = self.recall(permit, request, |page| is_enough(&issues(page))).await;
            found.map(|page| is_enough(&issues(&page)))
        } else {
            // What the policies look at besides the project may be another thing by now: it is asked for anew.
            self.get(permit, request).await.map(|page| {
                let mut observed = known.clone();
                observed.update(permit.observed());
                let mut found = issues(&page);
                found.retain(|issue| {
                    issue_place(issue).is_some_and(|place| sight.may_view(&place, &observed))
                });
                is_enough(&found)
            })
        };
        match answer {
            Err(error) if error.status() == Some(400) => Ok(false),
            answer => answer,
        }
    }
}

/// Whether issues are all of these, by key or number. An issue that was found by none of its names now was found by a
/// former key. One that is named by both keys was found but once: nobody could say that the other was not another issue.
fn names_all(found: &[Value], named: &BTreeSet<&str>) -> bool {
    let own = |issue: &Value| -> Vec<String> {
        let names = ["key", "id"].iter().filter_map(|name| issue.get(*name)?.as_str());
        names.filter(|name| named.contains(name)).map(str::to_owned).collect()
    };
    let by_name: Vec<Vec<String>> = found.iter().map(own).collect();
    let former = by_name.iter().filter(|names| names.is_empty()).count();
    by_name.iter().map(Vec::len).sum::<usize>() + former >= named.len()
}

/// A name or a number as a value.
fn value(called: &str) -> String {
    if is_number(called) { called.to_owned() } else { query::quoted(called) }
}

/// `cf[10020]`, which stands for a field without quotes alone.
fn is_numbered(field: &str) -> bool {
    let number = field.strip_prefix("cf[").and_then(|number| number.strip_suffix(']'));
    number.is_some_and(is_number)
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_are_found_by_their_names_or_by_former_ones() {
        let issue = |key: &str, id: &str| json!({"key": key, "id": id});
        let (one, two) = (issue("OPS-1", "1"), issue("OPS-2", "2"));
        let table = [
            (vec![one.clone(), two.clone()], vec!["OPS-1", "2"], true),
            (vec![one.clone()], vec!["OPS-1", "1"], true),
            (vec![one.clone()], vec!["OPS-1", "OPS-2"], false),
            (vec![one.clone(), two.clone()], vec!["OPS-1", "OLD-7"], true),
            (vec![one, two], vec!["OPS-1", "OLD-7", "OLD-8"], false),
            (vec![], vec!["OPS-1"], false),
        ];
        for (found, named, wanted) in table {
            let named: BTreeSet<&str> = named.into_iter().collect();
            assert_eq!(names_all(&found, &named), wanted, "{named:?} {found:?}");
        }
    }
}
