//! The fields of an issue that a caller asked for, as Jira's `fields` takes them.

use std::collections::HashSet;

use crate::atlassian::query;

/// The fields a caller asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

/// The short set that is given when no fields are named.
const DEFAULT: [&str; 11] = [
    "assignee",
    "created",
    "description",
    "issuetype",
    "labels",
    "priority",
    "reporter",
    "status",
    "summary",
    "updated",
    "versions",
];

/// Every field of Jira's own, by its id: nobody has to be asked for these.
///
/// <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/#api-rest-api-3-field-get>
const SYSTEM: &str = "\
    aggregateprogress aggregatetimeestimate aggregatetimeoriginalestimate aggregatetimespent archivedby archiveddate \
    assignee attachment comment components created creator description duedate environment fixVersions id issuekey \
    issuelinks issuerestriction issuetype key labels lastViewed parent priority progress project reporter resolution \
    resolutiondate security status statusCategory statuscategorychangedate subtasks summary thumbnail timeestimate \
    timeoriginalestimate timespent timetracking updated versions votes watches worklog workratio";

impl Fields {
    /// The default as the contract writes it: one comma-separated text.
    pub fn default_text() -> String {
        DEFAULT.join(",")
    }

    /// Reads a list of names; an empty one is the default.
    pub fn parse(text: &str) -> Self {
        let mut seen = HashSet::new();
        let mut names = query::listed(text);
        names.retain(|name| seen.insert(name.clone()));
        if names.is_empty() { Self::default() } else { Self(names) }
    }

    /// Whether a field was asked for: by its name, or by `*all` and its kin without being left out as in `-comment`.
    pub fn wants(&self, field: &str) -> bool {
        let left_out = |name: &String| name.strip_prefix('-') == Some(field);
        (self.open() && !self.0.iter().any(left_out)) || self.named(field)
    }

    /// Whether a field was asked for by its name.
    pub fn named(&self, field: &str) -> bool {
        self.0.iter().any(|name| name == field)
    }

    /// Whether everything was asked for.
    pub fn all(&self) -> bool {
        self.named("*all")
    }

    /// Whether this is the short default set, in any order.
    pub fn is_default(&self) -> bool {
        self.0.len() == DEFAULT.len() && DEFAULT.iter().all(|name| self.named(name))
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, field: &str) -> Self {
        if self.wants(field) {
            return self;
        }
        self.0.retain(|name| name.strip_prefix('-') != Some(field));
        if self.0.is_empty() {
            // There was nothing but this exception.
            self.0.push("*all".to_owned());
        } else if !self.wants(field) {
            self.0.push(field.to_owned());
        }
        self
    }

    /// The names among these that are no ids: only the list of all fields says what they mean.
    pub fn unresolved(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|name| !is_id(name))
    }

    /// The same with ids in the place of names, and without those that lead to no field.
    #[must_use]
    pub fn resolved(&self, id_of: impl Fn(&str) -> Option<String>) -> Self {
        let mut seen = HashSet::new();
        let ids = self.0.iter().filter_map(|name| if is_id(name) { Some(name.clone()) } else { id_of(name) });
        let mut ids: Vec<String> = ids.filter(|id| seen.insert(id.clone())).collect();
        // To ask for nothing would be to ask for everything.
        if ids.is_empty() && !self.0.is_empty() {
            ids.push("issuekey".to_owned());
        }
        Self(ids)
    }

    /// As a query value.
    pub fn to_query(&self) -> String {
        self.0.join(",")
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether Jira chooses the fields: `*all`, `*navigable`, or nothing but exceptions.
    fn open(&self) -> bool {
        self.0.iter().any(|name| name.starts_with('*')) || self.0.iter().all(|name| name.starts_with('-'))
    }
}

/// Whether requests take a name as it is: the id of a field, a group of them, or an exception.
fn is_id(name: &str) -> bool {
    let number = name.strip_prefix("customfield_").unwrap_or_default();
    let is_custom = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_custom || name.starts_with(['*', '-']) || SYSTEM.split_ascii_whitespace().any(|id| id == name)
}

impl Default for Fields {
    fn default() -> Self {
        Self(DEFAULT.iter().map(|name| (*name).to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_field_is_asked_for_without_asking_for_less() {
        let table = [
            ("summary, status", false, "summary,status,project"),
            (" ,", false, ""),
            ("*all", true, "*all"),
            ("*navigable", true, "*navigable"),
            ("-comment", true, "-comment"),
            ("*all,-project", false, "*all"),
            ("-project,-comment", false, "-comment"),
            ("-project", false, "*all"),
            ("project", true, "project"),
        ];
        for (given, wanted, asked) in table {
            let fields = Fields::parse(given);
            assert_eq!(fields.wants("project"), wanted, "{given}");
            let asked =
                if asked.is_empty() { format!("{},project", Fields::default_text()) } else { asked.into() };
            assert_eq!(fields.with("project").to_query(), asked, "{given}");
        }
        assert!(!Fields::parse("*all,-comment").wants("comment"));
        assert!(Fields::parse("").is_default());
    }

    #[test]
    fn names_are_told_from_ids_and_ids_take_their_place() {
        let id_of = |name: &str| (name == "Story Points").then(|| "customfield_1".to_owned());
        let table = [
            (
                "summary,*all,-comment,customfield_7,fixVersions",
                "",
                "summary,*all,-comment,customfield_7,fixVersions",
            ),
            ("summary,Story Points,customfield_1", "Story Points", "summary,customfield_1"),
            ("Summary,customfield_x", "Summary,customfield_x", "issuekey"),
        ];
        for (given, unresolved, resolved) in table {
            let fields = Fields::parse(given);
            assert_eq!(fields.unresolved().collect::<Vec<_>>().join(","), unresolved);
            assert_eq!(fields.resolved(id_of).to_query(), resolved, "{given}");
        }
        assert_eq!(Fields::default().unresolved().count(), 0);
    }
}
