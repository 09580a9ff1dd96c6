//! What makes an issue an epic, and how an epic is called.

use serde_json::Value;

use super::Catalogue;
use super::Field;
use super::Fields;
use super::Jira;
use super::issues::issue_path;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Write;

/// The place for an epic's name among its fields: at Jira, it is a field of another id on every site.
pub(super) const NAME: &str = "epic_name";

impl Catalogue {
    /// The field that holds the name of an epic.
    pub fn epic_name(&self) -> Option<Field<'_>> {
        self.of_kind("gh-epic-label")
    }
}

impl Jira<'_> {
    /// Where everything was asked for, adds to epics how they are called.
    pub async fn name_epics<E: Effect>(
        &self,
        permit: &Permit<E>,
        fields: &Fields,
        issues: &mut [Value],
    ) -> Result<(), UpstreamError> {
        let is_epic = |issue: &Value| issue.pointer("/fields/issuetype").is_some_and(says_epic);
        if !fields.all() || !issues.iter().any(is_epic) {
            return Ok(());
        }
        let catalogue = self.catalogue(permit).await?;
        let Some(field) = catalogue.epic_name() else { return Ok(()) };
        for issue in issues.iter_mut().filter(|issue| is_epic(issue)) {
            let Some(Value::Object(fields)) = issue.get_mut("fields") else { continue };
            if let Some(name @ Value::String(_)) = fields.get(field.id).cloned() {
                fields.insert(NAME.to_owned(), name);
            }
        }
        Ok(())
    }

    /// Whether an issue is an epic, or stands above epics; `brought` is the issue, if it came with its type.
    pub async fn is_epic(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        brought: Option<Value>,
    ) -> Result<bool, UpstreamError> {
        let issue = match brought {
            Some(issue) => issue,
            None => self.field_of(permit, key, "issuetype").await?,
        };
        let kind = issue.pointer("/fields/issuetype").unwrap_or(&Value::Null);
        if says_epic(kind) {
            return Ok(true);
        }
        if let Some(level) = level(kind) {
            return Ok(level > 0);
        }
        // The type may be named in another language: to Data Center an epic is what has the name of one.
        let catalogue = self.catalogue(permit).await?;
        let Some(field) = catalogue.epic_name() else { return Ok(false) };
        let issue = self.field_of(permit, key, field.id).await?;
        let name = issue.get("fields").and_then(|fields| fields.get(field.id)?.as_str());
        Ok(name.is_some_and(|name| !name.is_empty()))
    }

    async fn field_of(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        field: &str,
    ) -> Result<Value, UpstreamError> {
        let request = Request::get(issue_path(permit.issue(key)?, None))
            .with("fields", field)
            .with("updateHistory", "false");
        self.get(permit, request).await
    }
}

/// Whether a type of issues says of itself that it is the epic.
pub fn says_epic(kind: &Value) -> bool {
    let named = |name: &str| name.trim().eq_ignore_ascii_case("epic");
    level(kind) == Some(1) || kind.get("name").and_then(Value::as_str).is_some_and(named)
}

/// How high issues of a type stand, which Cloud says.
fn level(kind: &Value) -> Option<i64> {
    kind.get("hierarchyLevel").and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_epic_is_known_by_its_level_and_by_its_name() {
        let table = [
            (json!({"name": "Epic"}), true),
            (json!({"name": "Feature", "hierarchyLevel": 1}), true),
            (json!({"name": "Story", "hierarchyLevel": 0}), false),
            (json!({"name": "Task"}), false),
            (Value::Null, false),
        ];
        for (kind, wanted) in table {
            assert_eq!(says_epic(&kind), wanted, "{kind}");
        }
    }
}
