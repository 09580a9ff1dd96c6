//! Issues, sprints and projects that the values of fields name: each of them has to be decided on before it is written.

use serde_json::Map;
use serde_json::Value;

use super::Catalogue;
use super::Field;
use super::UnknownField;
use super::system_field;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::ids::SprintId;

/// What values name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Issues by key.
    pub issues: Vec<IssueKey>,
    /// Sprints by id.
    pub sprints: Vec<SprintId>,
    /// Projects by key.
    pub projects: Vec<ProjectKey>,
    /// Whether something is named in a way that cannot be decided on, such as an issue or a project by its id.
    pub odd: bool,
}

impl Catalogue {
    /// The field that a name means: `epic_link` and its kin, one of Jira's own, or a name or id of the site.
    pub fn meant<'a>(&'a self, name: &'a str) -> Result<Field<'a>, UnknownField> {
        match special(name) {
            // Cloud has the epic of an issue as its parent.
            Some("gh-epic-link") => self.of_kind("gh-epic-link").or_else(|| system_field("parent")),
            Some(kind) => self.of_kind(kind),
            None => system_field(name),
        }
        .map_or_else(|| self.find(name), Ok)
    }

    /// What these values, by the names of their fields, name. A field that does not exist names nothing.
    pub fn named_in(&self, fields: &Map<String, Value>) -> Named {
        let mut named = Named::default();
        for (name, value) in fields {
            if let Ok(field) = self.meant(name) {
                named.add(field, value);
            }
        }
        named
    }
}

impl Field<'_> {
    /// What a value of this field names.
    pub fn named_in(self, value: &Value) -> Named {
        let mut named = Named::default();
        named.add(self, value);
        named
    }
}

/// The kind of field that a name of ours stands for.
fn special(name: &str) -> Option<&'static str> {
    match name {
        "epic_link" => Some("gh-epic-link"),
        "epic_name" => Some("gh-epic-label"),
        "epic_color" | "epic_colour" => Some("gh-epic-color"),
        _ => None,
    }
}

impl Named {
    fn add(&mut self, field: Field<'_>, value: &Value) {
        if field.names_issues() {
            self.issues_of(value);
        } else if field.kind() == Some("gh-sprint") {
            self.sprints_of(value);
        } else if field.names_projects() {
            self.projects_of(value);
        }
    }

    fn projects_of(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Array(values) => values.iter().for_each(|value| self.projects_of(value)),
            Value::String(text) => {
                for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                    match ProjectKey::parse(part) {
                        Ok(key) if self.projects.contains(&key) => {}
                        Ok(key) => self.projects.push(key),
                        Err(_) => self.odd = true,
                    }
                }
            }
            Value::Object(object) if object.len() == 1 && object.get("key").is_some_and(Value::is_string) => {
                self.projects_of(object.get("key").unwrap_or(&Value::Null));
            }
            _ => self.odd = true,
        }
    }

    fn issues_of(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Array(values) => values.iter().for_each(|value| self.issues_of(value)),
            Value::String(text) => {
                for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                    match IssueKey::parse(part) {
                        Ok(key) if self.issues.contains(&key) => {}
                        Ok(key) => self.issues.push(key),
                        Err(_) => self.odd = true,
                    }
                }
            }
            Value::Object(object) if object.len() == 1 && object.get("key").is_some_and(Value::is_string) => {
                self.issues_of(object.get("key").unwrap_or(&Value::Null));
            }
            _ => self.odd = true,
        }
    }

    fn sprints_of(&mut self, value: &Value) {
        let mut one = |text: &str| match SprintId::parse(text.trim()) {
            Ok(id) if self.sprints.contains(&id) => {}
            Ok(id) => self.sprints.push(id),
            Err(_) => self.odd = true,
        };
        match value {
            Value::Null => {}
            Value::Number(number) => one(&number.to_string()),
            Value::String(text) => text.split(',').filter(|part| !part.trim().is_empty()).for_each(one),
            Value::Array(values) => values.iter().for_each(|value| self.sprints_of(value)),
            Value::Object(object) if object.len() == 1 && object.contains_key("id") => {
                self.sprints_of(object.get("id").unwrap_or(&Value::Null));
            }
            _ => self.odd = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn catalogue() -> Catalogue {
        let custom =
            |kind: &str, type_name: &str| json!({"type": type_name, "custom": format!("com.x:{kind}")});
        Catalogue::read(Arc::new(json!([
            {"id": "customfield_1", "name": "Sprint", "schema": custom("gh-sprint", "array")},
            {"id": "customfield_2", "name": "Epic Link", "schema": custom("gh-epic-link", "any")},
            {"id": "customfield_3", "name": "Related", "schema": custom("mlcs-issue-picker-cf", "array")},
            {"id": "customfield_4", "name": "Algorithm", "schema": custom("textfield", "string")},
            {"id": "customfield_5", "name": "Origin", "schema": custom("project", "project")},
            {"id": "customfield_6", "name": "Origins", "schema": {"type": "array", "items": "project"}},
            {"id": "project", "name": "Project", "schema": {"type": "project"}},
        ])))
        .unwrap()
    }

    #[test]
    fn whatever_the_form_the_projects_are_found() {
        let table = [
            (
                json!({"Origin": "ops", "Origins": ["DEV", {"key": "OPS"}], "project": {"key": "SD"}}),
                "OPS,DEV",
                false,
            ),
            (json!({"Origin": null, "Algorithm": "OPS"}), "", false),
            (json!({"Origin": {"id": "10000"}}), "", true),
            (json!({"Origin": {"key": "OPS", "id": "10001"}}), "OPS", true),
            (json!({"Origins": ["Human Resources"]}), "", true),
            (json!({"Origin": 10001}), "", true),
        ];
        for (fields, projects, odd) in table {
            let named = catalogue().named_in(fields.as_object().unwrap());
            let found: Vec<&str> = named.projects.iter().map(ProjectKey::as_str).collect();
            assert_eq!(named.odd, odd, "{fields}");
            assert!(odd || found.join(",") == projects, "{fields}: {found:?}");
        }
    }

    #[test]
    fn whatever_the_form_the_issues_and_sprints_are_found() {
        let table = [
            (json!({"Sprint": 37, "customfield_1": ["38", {"id": 39}]}), "", "37,38,39", false),
            (json!({"epic_link": "ops-1"}), "OPS-1", "", false),
            (json!({"Related": "OPS-1, SECRET-1"}), "OPS-1,SECRET-1", "", false),
            (json!({"Related": [["OPS-1"], {"key": "OPS-2"}]}), "OPS-1,OPS-2", "", false),
            (json!({"Related": {"id": "10001"}}), "", "", true),
            (json!({"Related": {"key": "OPS-1", "id": "10001"}}), "", "", true),
            (json!({"Related": 10001}), "", "", true),
            (json!({"Sprint": "next"}), "", "", true),
            (json!({"Algorithm": "SHA-2", "labels": ["UTF-8"], "nowhere": "OPS-1"}), "", "", false),
            (json!({"Related": null, "Sprint": null}), "", "", false),
        ];
        for (fields, issues, sprints, odd) in table {
            let named = catalogue().named_in(fields.as_object().unwrap());
            let found: Vec<&str> = named.issues.iter().map(IssueKey::as_str).collect();
            assert_eq!(found.join(","), issues, "{fields}");
            let found: Vec<&str> = named.sprints.iter().map(SprintId::as_str).collect();
            assert_eq!(found.join(","), sprints, "{fields}");
            assert_eq!(named.odd, odd, "{fields}");
        }
    }
}
