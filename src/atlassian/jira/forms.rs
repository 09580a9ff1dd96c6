//! Forms of Service Management on Cloud: `/jira/forms/cloud/{cloud id}` of Atlassian's gateway. Data Center has no
//! interface for them.
//!
//! <https://developer.atlassian.com/cloud/forms/rest/>

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::malformed;
use crate::audit::Permit;
use crate::ids::FormId;
use crate::ids::IssueKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::Upstream;
use crate::net::UpstreamError;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Write;

impl Jira<'_> {
    /// The way to forms; nothing on Data Center, or where the id of the site is not known.
    pub fn forms(&self) -> Option<&Upstream> {
        self.instance.forms.as_ref()
    }

    /// Lists the forms of an issue.
    pub async fn forms_of(
        &self,
        forms: &Upstream,
        permit: &Permit<Read>,
        key: &IssueKey,
    ) -> Result<Vec<Value>, UpstreamError> {
        let request = Request::get(path(permit.issue(key)?, None));
        match forms.execute(permit, self.credential, request).await?.body {
            Value::Array(listed) => Ok(listed),
            _ => Err(malformed("the forms are not a list")),
        }
    }

    /// Reads a form: its questions and what was answered.
    pub async fn form(
        &self,
        forms: &Upstream,
        permit: &Permit<Read>,
        key: &IssueKey,
        id: &FormId,
    ) -> Result<Value, UpstreamError> {
        let request = Request::get(path(permit.issue(key)?, Some(id)));
        whole(forms.execute(permit, self.credential, request).await?.body)
    }

    /// Answers questions of a form, by their ids, and brings what is stored.
    pub async fn answer_form(
        &self,
        forms: &Upstream,
        permit: &Permit<Write>,
        key: &IssueKey,
        id: &FormId,
        answers: Map<String, Value>,
    ) -> Result<Value, UpstreamError> {
        let request = Request::put(path(permit.issue(key)?, Some(id)), json!({"answers": answers}));
        let reply = forms.execute(permit, self.credential, request).await?;
        let (status, product) = (reply.status, Product::Jira);
        whole(reply.body).map_err(|_| UpstreamError::malformed_change(product, status, "the form has no id"))
    }
}

fn path(key: &IssueKey, id: Option<&FormId>) -> Path {
    let forms = Path::of(["issue"]).value("key", key.as_str()).then(["form"]);
    match id {
        Some(id) => forms.value("form", id.as_str()),
        None => forms,
    }
}

fn whole(form: Value) -> Result<Value, UpstreamError> {
    if form.get("id").is_some_and(Value::is_string) { Ok(form) } else { Err(malformed("the form has no id")) }
}
