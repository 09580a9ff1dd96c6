//! What a tool found, before the policy has sifted it.

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;

use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::Resource;

/// One item of a result.
#[derive(Debug)]
pub struct Item {
    /// What it is, as policies see it, in every place it lies in: it is shown to who may view all of them, and left out
    /// where there is none.
    pub resources: Vec<Resource>,
    /// What is shown of it.
    pub value: Value,
}

/// A part of a result that is not its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Another JSON.
    Json(Value),
    /// An image to look at.
    Image {
        /// What is in it.
        bytes: Bytes,
        /// Its media type, one that clients show.
        media_type: &'static str,
    },
    /// A file.
    File {
        /// What it is called in the result.
        uri: String,
        /// What is in it.
        bytes: Bytes,
        /// Its media type, as whoever attached it said.
        media_type: String,
    },
}

/// Adds a key to an object.
pub(super) fn add(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Value::Object(object) = object {
        object.insert(key.to_owned(), value.into());
    }
}

impl Block {
    /// How long it is, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Json(value) => value.to_string().len(),
            Self::Image { bytes, .. } | Self::File { bytes, .. } => bytes.len(),
        }
    }
}

/// How many items there are in all, as Atlassian says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// The number.
    pub count: u64,
    /// Whether only what the caller may see was counted, because nothing else was asked for.
    pub own: bool,
}

/// Which of the items that are left are shown, where more were asked for: with a page of all that Atlassian found, its end
/// would tell whether something hidden was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// How many are left out at the start.
    pub start: usize,
    /// How many are shown at most.
    pub most: usize,
    /// How to get those beyond.
    pub next: String,
}

impl Window {
    /// A part of a list that goes on by number.
    pub(super) fn of(start_at: u64, limit: u64) -> Self {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let reached = start_at.saturating_add(limit);
        let next = format!("call again with start_at = {reached}");
        Self { start: number(start_at), most: number(limit), next }
    }

    /// Leaves those that are shown; says how to get more, if there are any.
    pub fn cut<T>(self, items: &mut Vec<T>) -> Option<String> {
        let end = self.start.saturating_add(self.most);
        let more = items.len() > end;
        items.truncate(end);
        items.drain(..self.start.min(items.len()));
        more.then_some(self.next)
    }
}

/// The result of a tool.
#[derive(Debug)]
pub enum Output {
    /// Files of the object the call was about.
    Files {
        /// What is said of them together; null where there is nothing to say.
        summary: Value,
        /// The files.
        blocks: Vec<Block>,
    },
    /// The object the call was about; `actual` is what Atlassian says it is, which is decided on once more.
    Object {
        /// What came back, as policies see it.
        actual: Option<Resource>,
        /// The result.
        value: Value,
    },
    /// Things that lie in no project and no space, such as fields: a bare list.
    List {
        /// The things.
        items: Vec<Value>,
        /// Whether these are all there are.
        complete: bool,
        /// How to get the rest, when it is not complete.
        next: Option<String>,
    },
    /// A result that is made of what is left of its items.
    Derived {
        /// The items, each to be sifted.
        items: Vec<Item>,
        /// What is said besides.
        envelope: Map<String, Value>,
        /// Puts what is left into the envelope.
        derive: fn(Vec<Value>, &mut Map<String, Value>),
    },
    /// Items found on the way, each to be sifted.
    Items {
        /// The items.
        items: Vec<Item>,
        /// The keys around them; the items go under `field`. Without a field, the result is a bare list.
        envelope: Map<String, Value>,
        /// The key of the list, if there is one.
        field: Option<&'static str>,
        /// Whether these are all there are.
        complete: bool,
        /// How many there are in all, if Atlassian said so.
        total: Option<Total>,
        /// How to get the rest, when it is not complete.
        next: Option<String>,
        /// Whether words of the caller's chose them. Then it is not told how many were withheld: that would tell which
        /// words lead to something hidden.
        sought: bool,
        /// Which of those that are left are shown; all, where there is none.
        window: Option<Window>,
        /// How many were left out before, as they may not be seen.
        left_out: u64,
    },
}

/// Removes issues inside a result that the caller may not view, and counts them.
///
/// Parents, subtasks and linked issues come along with an issue: each is an object with an issue key and its own
/// fields. A list loses the element, an object the entry.
pub fn sift_embedded(value: &mut Value, may_view: &dyn Fn(&Resource) -> bool) -> u64 {
    match value {
        Value::Array(items) => {
            let before = items.len();
            items.retain(|item| {
                !is_hidden(item, may_view)
                    && !wraps_hidden(item, may_view)
                    && !is_hidden_change(item, may_view)
                    && !is_hidden_link(item, may_view)
                    && !is_of_hidden_project(item, may_view)
                    && !key_is_hidden(item, may_view)
            });
            let dropped = (before - items.len()) as u64;
            dropped + items.iter_mut().map(|item| sift_embedded(item, may_view)).sum::<u64>()
        }
        Value::Object(object) => {
            let before = object.len();
            object.retain(|_, entry| !is_hidden(entry, may_view) && !holds_hidden_key(entry, may_view));
            let dropped = (before - object.len()) as u64 + sift_ancestors(object, may_view);
            for name in RENDERED {
                if let Some(rendered) = object.get_mut(name) {
                    *rendered = NOT_RENDERED.into();
                }
            }
            dropped + object.values_mut().map(|entry| sift_embedded(entry, may_view)).sum::<u64>()
        }
        _ => 0,
    }
}

/// Removes the pages above a page that the caller may not view; they lie in its space.
fn sift_ancestors(page: &mut Map<String, Value>, may_view: &dyn Fn(&Resource) -> bool) -> u64 {
    let key = page.get("space").and_then(|space| space.get("key")?.as_str());
    let space = key.and_then(|key| SpaceKey::parse(key).ok());
    let Some(Value::Array(ancestors)) = page.get_mut("ancestors") else { return 0 };
    let before = ancestors.len();
    ancestors.retain(|ancestor| {
        let id = ancestor.get("id").and_then(Value::as_str).and_then(|id| PageId::parse(id).ok());
        id.is_some_and(|id| may_view(&Resource::Page { id, space: space.clone() }))
    });
    (before - ancestors.len()) as u64
}

fn is_hidden(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    embedded_issue(value).or_else(|| embedded_project(value)).is_some_and(|inside| !may_view(&inside))
}

/// A link or the like: an element whose own entries are issues.
fn wraps_hidden(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    value.as_object().is_some_and(|object| object.values().any(|entry| is_hidden(entry, may_view)))
}

/// The value of a field that is nothing but the key of an issue, such as an epic on Data Center.
fn holds_hidden_key(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    value.get("value").is_some_and(|value| key_is_hidden(value, may_view))
}

fn key_is_hidden(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    let Some(text) = value.as_str() else { return false };
    // Pickers of apps hold several in one text.
    let keys = text.split([',', ' ']).filter(|part| !part.is_empty());
    let keys = keys.map(|part| IssueKey::parse(part).ok().filter(|key| key.as_str() == part));
    keys.collect::<Option<Vec<_>>>().is_some_and(|keys| keys.into_iter().any(|key| !may_view(&issue(key))))
}

/// A link to an issue of a Jira, with the title and the summary that it had.
fn is_hidden_link(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    let url = value.pointer("/object/url").and_then(Value::as_str).unwrap_or_default();
    let Some((_, path)) = url.split_once("/browse/") else { return false };
    let key = path.split(['?', '#', '/']).next().and_then(|key| IssueKey::parse(key).ok());
    key.is_some_and(|key| !may_view(&issue(key)))
}

/// A field of one project alone.
fn is_of_hidden_project(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    let key = value.pointer("/scope/project/key").and_then(Value::as_str);
    key.is_some_and(|key| ProjectKey::parse(key).is_ok_and(|key| !may_view(&Resource::Project(key))))
}

/// A change that names an issue, such as one of the links, the epic, the parent or the key; and one of the project, which
/// is named by nothing that could be decided on. What people wrote stays as they wrote it.
fn is_hidden_change(value: &Value, may_view: &dyn Fn(&Resource) -> bool) -> bool {
    const WRITTEN: [&str; 4] = ["summary", "description", "comment", "environment"];
    let Some(field) = value.get("field").and_then(Value::as_str).map(str::to_lowercase) else { return false };
    if WRITTEN.contains(&field.as_str()) {
        return false;
    }
    if field == "project" {
        return true;
    }
    let texts = ["from_string", "to_string", "from_id", "to_id"].into_iter();
    let texts = texts.filter_map(|name| value.get(name)?.as_str());
    texts.flat_map(IssueKey::all_in).any(|key| !may_view(&issue(key)))
}

fn issue(key: IssueKey) -> Resource {
    let project = Some(key.project());
    Resource::Issue { key, project }
}

/// Text as Jira shows it has the titles of the issues that it names.
const RENDERED: [&str; 2] = ["rendered_fields", "renderedFields"];
const NOT_RENDERED: &str = "not shown: it could name issues that policies hide";

/// A project that a field refers to. Much else has a key of the same form, so its address or its type has to say so.
fn embedded_project(value: &Value) -> Option<Resource> {
    let object = value.as_object()?;
    let address = object.get("self").and_then(Value::as_str).unwrap_or_default();
    (object.contains_key("projectTypeKey") || address.contains("/project/")).then_some(())?;
    ProjectKey::parse(object.get("key")?.as_str()?).ok().map(Resource::Project)
}

fn embedded_issue(value: &Value) -> Option<Resource> {
    let object = value.as_object()?;
    let key = ["key", "issueKey"].iter().find_map(|name| object.get(*name)?.as_str())?;
    let key = IssueKey::parse(key).ok().filter(|parsed| parsed.as_str() == key)?;
    // A user of Data Center has a key of the same form, a name to log in with and a name to show.
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    let is_person = has(&["displayName", "display_name", "emailAddress", "email"])
        && has(&["name", "accountId", "account_id"]);
    let is_bare = object.len() == 1;
    (!is_person && !is_bare).then(|| issue(key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hidden_pages_above_a_page_are_taken_out() {
        let may_view = |resource: &Resource| resource.is_resolved() && resource.id() != "2";
        let ancestors = json!([{"id": "1", "title": "a"}, {"id": "2", "title": "b"}]);
        let mut page = json!({"id": "3", "space": {"key": "DOCS"}, "ancestors": ancestors});
        assert_eq!(sift_embedded(&mut page, &may_view), 1);
        assert_eq!(page["ancestors"], json!([{"id": "1", "title": "a"}]));
        let mut lost = json!({"id": "3", "ancestors": ancestors});
        assert_eq!(sift_embedded(&mut lost, &may_view), 2, "of a page in no known space nothing is shown");
    }

    #[test]
    fn hidden_issues_are_taken_out_wherever_they_hang() {
        let may_view = |resource: &Resource| !resource.id().starts_with("SECRET");
        let mut value = json!({
            "key": "OPS-1",
            "summary": "s",
            "parent": {"key": "SECRET-1", "fields": {"summary": "no"}},
            "subtasks": [{"key": "OPS-2", "fields": {}}, {"key": "SECRET-2", "fields": {}}],
            "issuelinks": [
                {"id": "1", "outward_issue": {"key": "SECRET-3", "fields": {}}},
                {"id": "2", "inward_issue": {"key": "OPS-3", "fields": {}}},
            ],
            "assignee": {"key": "JIRAUSER-1", "name": "ann", "displayName": "Ann"},
            "customfield_1": {"value": {"id": "9", "key": "SECRET", "name": "no", "projectTypeKey": "software"}},
            "epic": {"id": "7", "key": "SECRET-7", "name": "no"},
            "customfield_2": {"value": "SECRET-8"},
            "customfield_3": {"value": ["SECRET-9", "OPS-9", "UTF-8"]},
            "customfield_4": {"value": {"key": "SECRET-10", "displayName": "no"}},
            "customfield_5": {"value": {"issueKey": "SECRET-11", "title": "no"}},
            "customfield_6": {"value": "SECRET-15, OPS-5"},
            "customfield_7": {"value": "see OPS-5, UTF-8"},
            "remote_links": [
                {"id": 1, "object": {"url": "https://jira.example.com/browse/SECRET-16", "title": "no"}},
                {"id": 2, "object": {"url": "https://jira.example.com/browse/OPS-6", "title": "yes"}},
            ],
            "rendered_fields": {"description": "<a title=\"no\">SECRET-12</a>"},
            "changelogs": [{"items": [
                {"field": "Link", "to_string": "This issue blocks SECRET-13", "to_id": "SECRET-13"},
                {"field": "Epic Link", "from_string": "SECRET-14", "to_string": "OPS-4"},
                {"field": "Key", "from_string": "SECRET-17", "to_string": "OPS-1"},
                {"field": "project", "from_id": "10002", "from_string": "No", "to_string": "Operations"},
                {"field": "RemoteIssueLink", "to_string": "This issue links to \"SECRET-18 (Jira)\""},
                {"field": "status", "to_string": "Done"},
            ]}],
        });
        assert_eq!(sift_embedded(&mut value, &may_view), 16);
        assert!(!value.to_string().contains("SECRET"), "{value}");
        assert_eq!(value["subtasks"].as_array().unwrap().len(), 1);
        assert_eq!(value["issuelinks"][0]["id"], "2");
        assert_eq!(value["assignee"]["name"], "ann");
        assert_eq!(value["customfield_3"]["value"], json!(["OPS-9", "UTF-8"]));
        assert_eq!(value["changelogs"][0]["items"], json!([{"field": "status", "to_string": "Done"}]));
    }
}
