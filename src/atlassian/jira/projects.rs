//! Projects, and what lies in them: versions, components, issue types and the fields of new issues.

use serde_json::Map;
use serde_json::Value;

use super::Jira;
use super::has_id;
use super::lists;
use super::malformed;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::ids::VersionId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Sight;
use crate::policy::Write;

/// A version to create.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// Its name.
    pub name: String,
    /// The day it begins, `2024-02-01`.
    pub start_date: Option<String>,
    /// The day it is out.
    pub release_date: Option<String>,
    /// What it is.
    pub description: Option<String>,
}

/// How many pages of a list are read at most.
const MOST_PAGES: usize = 40;

impl Jira<'_> {
    /// Reads the names of the statuses in which work goes on, lower case: those of the category In Progress.
    pub async fn statuses_in_progress(&self, permit: &Permit<Read>) -> Result<Vec<String>, UpstreamError> {
        let request = Request::get(Path::of(["rest", "api", "2", "status"]));
        let answer = self.recall(permit, request, lists(&[])).await?;
        let statuses = answer.as_array().ok_or_else(|| malformed("the statuses are not a list"))?;
        let working = statuses.iter().filter(|status| {
            let category = status.pointer("/statusCategory/key").and_then(Value::as_str);
            category == Some("indeterminate")
        });
        Ok(working.filter_map(|status| Some(status.get("name")?.as_str()?.to_lowercase())).collect())
    }

    /// Reads every project, and whether these are all.
    pub async fn projects(
        &self,
        permit: &Permit<Read>,
        archived: bool,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        permit.whole(Product::Jira)?;
        if self.deployment() == Deployment::DataCenter {
            let mut request =
                Request::get(Path::of(["rest", "api", "2", "project"])).with("expand", "description");
            if archived {
                request = request.with("includeArchived", "true");
            }
            return match self.get(permit, request).await? {
                Value::Array(projects) => Ok((projects, true)),
                _ => Err(malformed("the projects are not a list")),
            };
        }
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut request = Request::get(Path::of(["rest", "api", "2", "project", "search"]))
                .with("expand", "description,lead");
            if !found.is_empty() {
                request = request.with("startAt", found.len().to_string());
            }
            let answer = self.get(permit, request).await?;
            let page =
                answer.get("values").and_then(Value::as_array).ok_or_else(|| malformed("no projects"))?;
            found.extend(page.iter().cloned());
            let is_last = answer.get("isLast").and_then(Value::as_bool).unwrap_or(true);
            if is_last || page.is_empty() {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// Finds projects by part of a name or key, and whether these are all.
    pub async fn search_projects(
        &self,
        permit: &Permit<Read>,
        text: &str,
        limit: u64,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        permit.whole(Product::Jira)?;
        // One more than wanted: the picker of Data Center does not say how many there are in all.
        let asked = limit + u64::from(self.deployment() == Deployment::DataCenter);
        let (path, field) = match self.deployment() {
            Deployment::DataCenter => (Path::of(["rest", "api", "2", "projects", "picker"]), "projects"),
            Deployment::Cloud => (Path::of(["rest", "api", "3", "project", "search"]), "values"),
        };
        let request = Request::get(path).with("query", text).with("maxResults", asked.to_string());
        let answer = self.get(permit, request).await?;
        let Some(Value::Array(mut found)) = answer.get(field).cloned() else {
            return Err(malformed("no projects"));
        };
        let total = answer.get("total").and_then(Value::as_u64).unwrap_or(0).max(found.len() as u64);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let is_all = total <= found.len() as u64;
        Ok((found, is_all))
    }

    /// Reads the versions of a project.
    pub async fn versions(
        &self,
        permit: &Permit<Read>,
        key: &ProjectKey,
    ) -> Result<Vec<Value>, UpstreamError> {
        self.of_project(permit, key, "versions").await
    }

    /// Reads the components of a project.
    pub async fn components(
        &self,
        permit: &Permit<Read>,
        key: &ProjectKey,
    ) -> Result<Vec<Value>, UpstreamError> {
        self.of_project(permit, key, "components").await
    }

    async fn of_project(
        &self,
        permit: &Permit<Read>,
        key: &ProjectKey,
        what: &'static str,
    ) -> Result<Vec<Value>, UpstreamError> {
        let path = Path::of(["rest", "api", "2", "project"])
            .value("key", permit.project(key)?.as_str())
            .then([what]);
        match self.get(permit, Request::get(path)).await? {
            Value::Array(found) => Ok(found),
            _ => Err(malformed("what lies in the project is not a list")),
        }
    }

    /// Reads the types of issues that can be created in a project.
    pub async fn issue_types<E: Effect>(
        &self,
        permit: &Permit<E>,
        key: &ProjectKey,
    ) -> Result<Vec<Value>, UpstreamError> {
        let path = Path::of(["rest", "api", "2", "issue", "createmeta"])
            .value("key", permit.project(key)?.as_str())
            .then(["issuetypes"]);
        self.meta(permit, path, &["issueTypes", "values"]).await
    }

    /// Reads the fields that an issue of a type is created with.
    pub async fn create_fields<E: Effect>(
        &self,
        permit: &Permit<E>,
        key: &ProjectKey,
        kind: &str,
    ) -> Result<Vec<Value>, UpstreamError> {
        let key = permit.project(key)?.as_str();
        let path = Path::of(["rest", "api", "2", "issue", "createmeta"])
            .value("key", key)
            .then(["issuetypes"])
            .value("type", kind);
        self.meta(permit, path, &["fields", "values"]).await
    }

    /// All pages of a list of createmeta, whose name differs between Cloud and Data Center.
    async fn meta<E: Effect>(
        &self,
        permit: &Permit<E>,
        path: Path,
        names: &[&str],
    ) -> Result<Vec<Value>, UpstreamError> {
        const PAGE: &str = "50";
        let mut found: Vec<Value> = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut request = Request::get(path.clone()).with("maxResults", PAGE);
            if !found.is_empty() {
                request = request.with("startAt", found.len().to_string());
            }
            let answer = self.recall(permit, request, lists(names)).await?;
            let page = names.iter().find_map(|name| answer.get(*name)?.as_array());
            let page = page.ok_or_else(|| malformed("what issues are created with is not a list"))?;
            found.extend(page.iter().cloned());
            let total = answer.get("total").and_then(Value::as_u64);
            let is_last = answer.get("isLast").and_then(Value::as_bool);
            let is_last = is_last.unwrap_or(total.is_none_or(|total| found.len() as u64 >= total));
            if is_last || page.is_empty() {
                return Ok(found);
            }
        }
        Err(malformed("what issues are created with has no end"))
    }

    /// Reads what can be chosen in a field of Jira's own; nothing where it is none of these, or where only a project
    /// could tell and none is named.
    pub async fn system_options(
        &self,
        permit: &Permit<Read>,
        field: &str,
        project: Option<&ProjectKey>,
    ) -> Result<Option<Vec<Value>>, UpstreamError> {
        let everywhere = async |what: &'static str| {
            let request = Request::get(Path::of(["rest", "api", "2", what]));
            let answer = self.recall(permit, request, lists(&[])).await?;
            let listed = answer.as_array().ok_or_else(|| malformed("the choices are not a list"))?;
            Ok(Some(listed.clone()))
        };
        match (field, project) {
            ("priority", _) => everywhere("priority").await,
            ("resolution", _) => everywhere("resolution").await,
            ("status", _) => everywhere("status").await,
            ("issuetype", None) => everywhere("issuetype").await,
            ("issuetype", Some(project)) => self.issue_types(permit, project).await.map(Some),
            ("components", Some(project)) => self.components(permit, project).await.map(Some),
            ("versions" | "fixVersions", Some(project)) => self.versions(permit, project).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the choices of a field of Cloud in one of its contexts, the first if none is named. One that only projects
    /// have of which the caller may see nothing is not there.
    pub async fn field_options(
        &self,
        permit: &Permit<Read>,
        field: &str,
        context: Option<&str>,
        sight: &Sight<'_>,
    ) -> Result<Vec<Value>, UpstreamError> {
        let masked = self.masked_field(permit, field, sight).await?;
        let options = self.options_of(permit, &masked.text, context).await;
        options.map_err(|error| masked.told(error))
    }

    async fn options_of(
        &self,
        permit: &Permit<Read>,
        field: &str,
        context: Option<&str>,
    ) -> Result<Vec<Value>, UpstreamError> {
        let contexts = || Path::of(["rest", "api", "3", "field"]).value("field", field).then(["context"]);
        let context = match context {
            Some(context) => context.to_owned(),
            None => {
                let request = Request::get(contexts()).with("maxResults", "100");
                let answer = self.recall(permit, request, lists(&["values"])).await?;
                let id = answer.pointer("/values/0/id").and_then(Value::as_str).map(str::to_owned);
                id.ok_or_else(|| malformed("the field has no context"))?
            }
        };
        let mut found: Vec<Value> = Vec::new();
        for _ in 0..MOST_PAGES {
            let request = Request::get(contexts().value("context", &context).then(["option"]))
                .with("startAt", found.len().to_string())
                .with("maxResults", "100");
            let answer = self.recall(permit, request, lists(&["values"])).await?;
            let page =
                answer.get("values").and_then(Value::as_array).ok_or_else(|| malformed("no choices"))?;
            found.extend(page.iter().cloned());
            if page.is_empty() || answer.get("isLast").and_then(Value::as_bool).unwrap_or(true) {
                return Ok(found);
            }
        }
        Err(malformed("the choices have no end"))
    }

    /// Creates a version in a project and brings what Jira stored.
    pub async fn create_version(
        &self,
        permit: &Permit<Write>,
        key: &ProjectKey,
        version: &NewVersion,
    ) -> Result<Value, UpstreamError> {
        let mut body = Map::new();
        body.insert("project".into(), permit.project(key)?.as_str().into());
        body.insert("name".into(), version.name.trim().into());
        for (name, text) in [
            ("startDate", &version.start_date),
            ("releaseDate", &version.release_date),
            ("description", &version.description),
        ] {
            if let Some(text) = text {
                body.insert(name.into(), text.as_str().into());
            }
        }
        let path = Path::of(["rest", "api", "2", "version"]);
        self.stored_version(permit, Request::post(path, Value::Object(body))).await
    }

    /// Changes a version and brings what Jira stored.
    pub async fn update_version(
        &self,
        permit: &Permit<Write>,
        id: &VersionId,
        changes: Map<String, Value>,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Version(id.clone()))?;
        let path = Path::of(["rest", "api", "2", "version"]).value("id", id.as_str());
        self.stored_version(permit, Request::put(path, Value::Object(changes))).await
    }

    async fn stored_version(&self, permit: &Permit<Write>, request: Request) -> Result<Value, UpstreamError> {
        self.store(permit, request, has_id, "the version has no id").await
    }
}
