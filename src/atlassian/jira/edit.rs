//! Creating, changing, assigning, moving through the workflow, and deleting issues.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Fields;
use super::Jira;
use super::NewComment;
use super::Person;
use super::issues::issue_path;
use super::issues::text_path;
use super::malformed;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Write;

/// What to write into an issue.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Fields by id, as Jira takes them.
    pub fields: Map<String, Value>,
    /// Whether a text among them is a document, which version 3 of Cloud's API takes.
    pub has_documents: bool,
}

/// A step through the workflow.
#[derive(Debug, Clone)]
pub struct Transition {
    /// Its number among those that the issue offers.
    pub id: String,
    /// Fields that its screen asks for.
    pub edit: Edit,
    /// A comment to add with it.
    pub comment: Option<NewComment>,
}

impl Jira<'_> {
    /// Creates an issue in a project and brings its key.
    pub async fn create(
        &self,
        permit: &Permit<Write>,
        project: &ProjectKey,
        edit: &Edit,
    ) -> Result<IssueKey, UpstreamError> {
        let mut fields = edit.fields.clone();
        fields.insert("project".into(), json!({"key": permit.project(project)?.as_str()}));
        let path = Path::of(["rest", "api", self.version_for(edit), "issue"]);
        let key = |created: &Value| IssueKey::parse(created.get("key")?.as_str()?).ok();
        let is_whole = |created: &Value| key(created).is_some();
        let problem = "it does not say the key of the new issue";
        let created =
            self.store(permit, Request::post(path, json!({"fields": fields})), is_whole, problem).await?;
        key(&created).ok_or_else(|| malformed(problem))
    }

    /// Creates several issues at once; the answer is Jira's, with `issues` and `errors`.
    pub async fn create_all(
        &self,
        permit: &Permit<Write>,
        edits: &[(ProjectKey, Edit)],
    ) -> Result<Value, UpstreamError> {
        let mut updates = Vec::with_capacity(edits.len());
        for (project, edit) in edits {
            let mut fields = edit.fields.clone();
            fields.insert("project".into(), json!({"key": permit.project(project)?.as_str()}));
            updates.push(json!({"fields": fields}));
        }
        let has_documents = edits.iter().any(|(_, edit)| edit.has_documents);
        let version = if has_documents { self.version() } else { "2" };
        let path = Path::of(["rest", "api", version, "issue", "bulk"]);
        let request = Request::post(path, json!({"issueUpdates": updates}));
        let is_whole = |answer: &Value| answer.get("issues").is_some_and(Value::is_array);
        self.store(permit, request, is_whole, "it does not say which issues were created").await
    }

    /// Reads an issue after it was written, all of it or the fields named.
    pub async fn written(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        fields: Option<&str>,
    ) -> Result<Value, UpstreamError> {
        let mut request = Request::get(text_path(self.deployment(), permit.written(key)?, None));
        if let Some(fields) = fields {
            request = request.with("fields", fields);
        }
        let mut issue = self.get(permit, request.with("updateHistory", "true")).await?;
        if issue.get("key").and_then(Value::as_str).is_none() {
            return Err(malformed("the issue has no key"));
        }
        let fields = Fields::parse(fields.unwrap_or("*all"));
        self.name_epics(permit, &fields, std::slice::from_mut(&mut issue)).await?;
        Ok(issue)
    }

    /// Changes fields of an issue.
    pub async fn update(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        edit: &Edit,
    ) -> Result<(), UpstreamError> {
        let key = permit.written(key)?.as_str();
        let path = Path::of(["rest", "api", self.version_for(edit), "issue"]).value("key", key);
        self.send(permit, Request::put(path, json!({"fields": edit.fields}))).await.map(|_| ())
    }

    /// Sets how long the work on an issue is thought to take, in Jira's notation such as `3d 4h`.
    pub async fn estimate(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        original: &str,
    ) -> Result<(), UpstreamError> {
        let path = issue_path(permit.issue(key)?, None);
        let operation = json!([{"edit": {"originalEstimate": original}}]);
        let body = json!({"update": {"timetracking": operation}});
        self.send(permit, Request::put(path, body)).await.map(|_| ())
    }

    /// Gives an issue to a person.
    pub async fn assign(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        to: &Person,
    ) -> Result<(), UpstreamError> {
        let path = issue_path(permit.written(key)?, Some("assignee"));
        self.send(permit, Request::put(path, to.to_value())).await.map(|_| ())
    }

    /// Takes an issue one step through the workflow.
    pub async fn transition(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        step: &Transition,
    ) -> Result<(), UpstreamError> {
        let key = permit.issue(key)?.as_str();
        let mut body = Map::new();
        body.insert("transition".into(), json!({"id": step.id}));
        if !step.edit.fields.is_empty() {
            body.insert("fields".into(), Value::Object(step.edit.fields.clone()));
        }
        if let Some(comment) = &step.comment {
            body.insert("update".into(), json!({"comment": [{"add": comment.to_body()}]}));
        }
        let path = Path::of(["rest", "api", self.version(), "issue"]).value("key", key).then(["transitions"]);
        self.send(permit, Request::post(path, Value::Object(body))).await.map(|_| ())
    }

    /// Reads the name of the status that an issue has now.
    pub async fn present_status(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
    ) -> Result<Option<String>, UpstreamError> {
        let path = issue_path(permit.issue(key)?, None);
        let request = Request::get(path).with("fields", "status").with("updateHistory", "false");
        let issue = self.get(permit, request).await?;
        Ok(issue.pointer("/fields/status/name").and_then(Value::as_str).map(str::to_owned))
    }

    /// Deletes an issue and its subtasks.
    pub async fn delete(&self, permit: &Permit<Write>, key: &IssueKey) -> Result<(), UpstreamError> {
        let path = issue_path(permit.issue(key)?, None);
        self.send(permit, Request::delete(path).with("deleteSubtasks", "true")).await.map(|_| ())
    }

    /// Whether texts are documents: ADF, on Cloud.
    pub fn has_documents(&self) -> bool {
        self.deployment() == Deployment::Cloud
    }

    /// Reads the description of an issue that is about to be written; null if there is none.
    pub async fn description(&self, permit: &Permit<Write>, key: &IssueKey) -> Result<Value, UpstreamError> {
        let request = Request::get(text_path(self.deployment(), permit.issue(key)?, None))
            .with("fields", "description")
            .with("updateHistory", "false");
        let mut issue = self.get(permit, request).await?;
        Ok(issue.pointer_mut("/fields/description").map(Value::take).unwrap_or_default())
    }

    /// Only version 3 takes documents, and only Cloud has it.
    fn version_for(&self, edit: &Edit) -> &'static str {
        match self.deployment() {
            Deployment::Cloud if edit.has_documents => "3",
            _ => "2",
        }
    }
}
