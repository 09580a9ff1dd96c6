//! The histories of several issues at once: `/rest/api/2/changelog/bulkfetch`, which Cloud alone has.

use serde_json::Value;
use serde_json::json;

use super::Fields;
use super::Jira;
use super::SearchQuery;
use super::malformed;
use crate::atlassian::Position;
use crate::audit::Permit;
use crate::ids::IssueId;
use crate::ids::IssueKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Read;

/// An issue as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueName {
    /// By its key.
    Key(IssueKey),
    /// By its id.
    Id(IssueId),
}

impl IssueName {
    /// The name, if the permit is for the issue.
    fn permitted(&self, permit: &Permit<Read>) -> Result<&str, UpstreamError> {
        match self {
            Self::Key(key) => permit.issue(key).map(IssueKey::as_str),
            Self::Id(id) => permit.part(&Part::Issue(id.clone())).map(|()| id.as_str()),
        }
    }
}

impl Jira<'_> {
    /// Reads the history of several issues, the id of each and its changes, and whether these are all.
    pub async fn changelogs(
        &self,
        permit: &Permit<Read>,
        issues: &[IssueName],
        fields: Option<&[String]>,
    ) -> Result<(Vec<(String, Vec<Value>)>, bool), UpstreamError> {
        const MOST_PAGES: usize = 50;
        let names: Vec<&str> =
            issues.iter().map(|issue| issue.permitted(permit)).collect::<Result<_, _>>()?;
        let mut found: Vec<(String, Vec<Value>)> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut body = json!({"issueIdsOrKeys": names});
            if let Value::Object(body) = &mut body {
                if let Some(fields) = fields {
                    body.insert("fieldIds".into(), json!(fields));
                }
                if let Some(token) = &token {
                    body.insert("nextPageToken".into(), token.as_str().into());
                }
            }
            let path = Path::of(["rest", "api", "2", "changelog", "bulkfetch"]);
            let answer = self.get(permit, Request::post(path, body)).await?;
            let page = answer.get("issueChangeLogs").and_then(Value::as_array);
            for issue in page.ok_or_else(|| malformed("no changelogs"))? {
                let id = issue.get("issueId").and_then(Value::as_str).unwrap_or_default();
                let changes =
                    issue.get("changeHistories").and_then(Value::as_array).cloned().unwrap_or_default();
                match found.iter_mut().find(|(known, _)| known == id) {
                    // It may be named twice: by its key and by its id.
                    Some((_, known)) => {
                        let is_new = |change: &Value| !known.contains(change);
                        let more: Vec<Value> = changes.into_iter().filter(is_new).collect();
                        known.extend(more);
                    }
                    None => found.push((id.to_owned(), changes)),
                }
            }
            let next = answer.get("nextPageToken").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() {
                return Ok((found, true));
            }
            token = next;
        }
        Ok((found, false))
    }

    /// Reads which key each of these ids has: histories come with the ids of their issues alone.
    pub async fn keys_of(
        &self,
        permit: &Permit<Read>,
        ids: &[&str],
    ) -> Result<Vec<(String, IssueKey)>, UpstreamError> {
        if ids.iter().any(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(malformed("the id of an issue is no number"));
        }
        let query = SearchQuery {
            jql: format!("id IN ({})", ids.join(", ")),
            fields: Fields::parse("project"),
            expand: Vec::new(),
            limit: ids.len() as u64,
            start_at: 0,
            from: Position::default(),
        };
        let page = self.page(permit, &query).await?;
        let named = |issue: &Value| {
            let key = IssueKey::parse(issue.get("key")?.as_str()?).ok()?;
            Some((issue.get("id")?.as_str()?.to_owned(), key))
        };
        Ok(page.issues.iter().filter_map(named).collect())
    }

    /// Reads the id of an issue that is named by its key; nothing where Jira does not show it.
    pub async fn id_of(
        &self,
        permit: &Permit<Read>,
        key: &IssueKey,
    ) -> Result<Option<String>, UpstreamError> {
        let path = super::issues::issue_path(permit.issue(key)?, None);
        let request = Request::get(path).with("fields", "project").with("updateHistory", "false");
        match self.get(permit, request).await {
            Ok(issue) => Ok(issue.get("id").and_then(Value::as_str).map(str::to_owned)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
