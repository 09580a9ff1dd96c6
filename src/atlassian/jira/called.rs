//! Projects as a query calls them: by key, by name or by number.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Jira;
use super::category;
use super::hidden::is_number;
use super::lists;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Narrowing;
use crate::policy::Observed;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Sight;

/// Where a field says which project alone it is of.
const SCOPE: &str = "/scope/project";

/// How many projects Cloud lists at once.
const AT_ONCE: usize = 50;

/// How many lists of Cloud are read at most. Projects beyond are looked for one by one.
const MOST_LISTS: usize = 20;

impl Jira<'_> {
    /// Whether none of what may be the key of a project, or its name, means a hidden one. Of projects by other keys than
    /// the policies name it is known without a request whether they are hidden.
    pub(super) async fn shows_keys(
        &self,
        permit: &Permit<Read>,
        keys: &BTreeSet<ProjectKey>,
        sight: &Sight<'_>,
    ) -> Result<bool, UpstreamError> {
        let lists = match &sight.narrowing {
            Narrowing::Condition(condition) if !keys.is_empty() && !condition.places().is_empty() => {
                self.project_lists(permit, condition).await?
            }
            _ => Vec::new(),
        };
        let lists: Vec<&Value> = lists.iter().map(|list| &**list).collect();
        Ok(keys.iter().all(|key| {
            let meant = project_called(&lists, key.as_str());
            !sight.shows_nothing_in(meant.as_ref().unwrap_or(key))
        }))
    }

    /// Whether the caller may see a project, by its key, its name or its number.
    pub(super) async fn sees_project(
        &self,
        permit: &Permit<Read>,
        called: &str,
        hides: &(dyn Fn(&ProjectKey) -> bool + Sync),
    ) -> Result<bool, UpstreamError> {
        let is_seen = |answer: &Value| project_called(&[answer], called).is_some_and(|key| !hides(&key));
        let answer = match self.deployment() {
            // One list for whatever is asked about: that it is remembered tells nothing.
            Deployment::DataCenter => self.recall(permit, list_of_data_center(), Value::is_array).await,
            Deployment::Cloud => {
                let request = Request::get(Path::of(["rest", "api", "3", "project", "search"]))
                    .with(if is_number(called) { "id" } else { "query" }, called);
                self.recall(permit, request, is_seen).await
            }
        };
        match answer {
            Err(error) if matches!(error.status(), Some(400 | 404)) => Ok(false),
            answer => Ok(is_seen(&*answer?)),
        }
    }

    /// Finds projects by part of a name or key among those that the account sees, and says whether these are all. Jira is
    /// asked for the same whatever is looked for.
    pub async fn projects_like(
        &self,
        permit: &Permit<Read>,
        text: &str,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        permit.whole(Product::Jira)?;
        let lists = self.all_projects(permit).await?;
        let is_cut = self.deployment() == Deployment::Cloud
            && lists.len() == MOST_LISTS
            && lists.last().is_some_and(|list| projects(list).count() >= AT_ONCE);
        let wanted = text.to_lowercase();
        let has = |value: &Value| value.as_str().is_some_and(|value| value.to_lowercase().contains(&wanted));
        let fits = |project: &&Value| ["key", "name"].iter().any(|name| project.get(*name).is_some_and(has));
        let found = lists.iter().flat_map(|list| projects(list)).filter(fits).cloned();
        Ok((found.collect(), !is_cut))
    }

    /// Those of the fields that belong to no project alone, or to one that may be seen.
    pub async fn fields_shown<E: Effect>(
        &self,
        permit: &Permit<E>,
        sight: &Sight<'_>,
        mut fields: Vec<Value>,
    ) -> Result<Vec<Value>, UpstreamError> {
        let scopes = self.scopes(permit, &fields).await?;
        fields.retain(|field| scopes.shows(field, sight));
        Ok(fields)
    }

    /// Which projects fields are of. Jira may say the id alone of them.
    pub(super) async fn scopes<E: Effect>(
        &self,
        permit: &Permit<E>,
        fields: &[Value],
    ) -> Result<Scopes, UpstreamError> {
        if !fields.iter().any(is_scoped) {
            return Ok(Scopes::default());
        }
        let lists = self.all_projects(permit).await?;
        let known = categories(&lists.iter().map(|list| &**list).collect::<Vec<_>>());
        Ok(Scopes { lists, known })
    }

    /// The projects that the account sees. They are asked for whatever is named, and remembered.
    pub(super) async fn all_projects<E: Effect>(
        &self,
        permit: &Permit<E>,
    ) -> Result<Vec<Arc<Value>>, UpstreamError> {
        if self.deployment() == Deployment::DataCenter {
            return Ok(vec![self.recall(permit, list_of_data_center(), Value::is_array).await?]);
        }
        let mut found = Vec::new();
        for start in (0..MOST_LISTS).map(|list| list * AT_ONCE) {
            let request = Request::get(Path::of(["rest", "api", "3", "project", "search"]))
                .with("startAt", start.to_string())
                .with("maxResults", AT_ONCE.to_string());
            let list = self.recall(permit, request, lists(&["values"])).await?;
            let is_last = projects(&list).count() < AT_ONCE;
            found.push(list);
            if is_last {
                break;
            }
        }
        Ok(found)
    }
}

/// The projects that fields are of.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    lists: Vec<Arc<Value>>,
    known: Observed,
}

impl Scopes {
    /// Whether a field belongs to no project alone, or to one that may be seen.
    pub(super) fn shows(&self, field: &Value, sight: &Sight<'_>) -> bool {
        let Some(project) = field.pointer(SCOPE) else { return true };
        let lists: Vec<&Value> = self.lists.iter().map(|list| &**list).collect();
        let named = ["key", "id"].iter().find_map(|name| project.get(*name)?.as_str());
        let key = named.and_then(|name| project_called(&lists, name));
        key.is_some_and(|key| sight.may_view(&Resource::Project(key), &self.known))
    }
}

/// Whether a field is of one project alone.
pub(super) fn is_scoped(field: &Value) -> bool {
    field.pointer(SCOPE).is_some()
}

fn list_of_data_center() -> Request {
    Request::get(Path::of(["rest", "api", "2", "project"]))
}

fn projects(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().or_else(|| list.get("values")?.as_array()).into_iter().flatten()
}

/// What lists say of the categories of projects. It is no more than a hint: what is shown is decided on by the project
/// itself.
pub(super) fn categories(lists: &[&Value]) -> Observed {
    let mut known = Observed::default();
    for project in lists.iter().flat_map(|list| projects(list)) {
        let key = project.get("key").and_then(Value::as_str).and_then(|key| ProjectKey::parse(key).ok());
        if let Some(key) = key {
            known.update(category(&key, project));
        }
    }
    known
}

/// The key of the project in lists that is called so: Jira takes a key before a name.
pub(super) fn project_called(lists: &[&Value], called: &str) -> Option<ProjectKey> {
    let by = |name: &str| {
        lists.iter().flat_map(|list| projects(list)).find(|project| {
            let value = project.get(name).and_then(Value::as_str);
            value.is_some_and(|value| value.to_lowercase() == called.to_lowercase())
        })
    };
    let project = ["key", "id", "name"].into_iter().find_map(by)?;
    ProjectKey::parse(project.get("key")?.as_str()?).ok()
}
