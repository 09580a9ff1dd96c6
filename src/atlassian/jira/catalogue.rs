//! The fields of a site, `/rest/api/2/field`: by which name people know them, and what Jira wants in them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use serde_json::Map;
use serde_json::Value;

use super::Jira;
use super::called::is_scoped;
use super::malformed;
use crate::audit::Permit;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Narrowing;
use crate::policy::Sight;

/// How the ids of fields begin that are not Jira's own.
pub(super) const CUSTOM: &str = "customfield_";

/// How many names that lead to no field are compared with all that there are; to the others nothing is suggested.
const MOST_SUGGESTIONS: usize = 20;

/// How long a name may be to be compared so.
const LONGEST_COMPARED: usize = 100;

/// All fields of a site that the caller may see.
#[derive(Debug)]
pub struct Catalogue {
    fields: Arc<Value>,
    places: OnceLock<Places>,
    suggested: AtomicUsize,
}

/// Where in the list a field stands.
#[derive(Debug, Default)]
struct Places {
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The id, as requests name it.
    pub id: &'a str,
    /// The name that people see.
    pub name: &'a str,
    /// What Jira says of its values; null for a few system fields.
    pub schema: &'a Value,
}

/// Why a name leads to no field; the text is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownField {
    /// No field has the name.
    #[error("there is no field `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    None {
        /// The name as given.
        name: String,
        /// The field whose name is most like it.
        nearest: Option<String>,
    },
    /// Several fields have it.
    #[error("there are several fields `{name}`; name one by its id: {}", ids.join(", "))]
    Several {
        /// The name as given.
        name: String,
        /// Their ids.
        ids: Vec<String>,
    },
}

impl Jira<'_> {
    /// The fields of the site.
    pub async fn catalogue<E: Effect>(&self, permit: &Permit<E>) -> Result<Catalogue, UpstreamError> {
        self.catalogue_anew(permit, false).await
    }

    /// The fields of the site without those that only projects have of which the caller may see nothing.
    pub async fn catalogue_seen<E: Effect>(
        &self,
        permit: &Permit<E>,
        sight: &Sight<'_>,
    ) -> Result<Catalogue, UpstreamError> {
        let catalogue = self.catalogue(permit).await?;
        if sight.narrowing == Narrowing::Everything || !catalogue.listed().iter().any(is_scoped) {
            return Ok(catalogue);
        }
        let shown = self.fields_shown(permit, sight, catalogue.listed().to_vec()).await?;
        Catalogue::read(Arc::new(shown.into())).ok_or_else(|| malformed("the fields are not a list"))
    }

    /// The fields of the site; `anew` asks Jira in any case.
    pub async fn catalogue_anew<E: Effect>(
        &self,
        permit: &Permit<E>,
        anew: bool,
    ) -> Result<Catalogue, UpstreamError> {
        let request = Catalogue::request();
        let fields = if anew {
            Arc::new(self.get(permit, request).await?)
        } else {
            self.recall(permit, request, super::lists(&[])).await?
        };
        Catalogue::read(fields).ok_or_else(|| malformed("the fields are not a list"))
    }
}

impl Catalogue {
    /// The request that brings it, for look-ups.
    pub fn request() -> Request {
        Request::get(Path::of(["rest", "api", "2", "field"]))
    }

    /// Reads an answer to that request.
    pub fn read(answer: Arc<Value>) -> Option<Self> {
        answer.is_array().then(|| Self {
            fields: answer,
            places: OnceLock::new(),
            suggested: AtomicUsize::new(0),
        })
    }

    /// The fields as Jira lists them whose name, id or name in JQL has a text in it.
    pub fn search(&self, text: &str) -> Vec<&Value> {
        let wanted = folded(text);
        let has = |value: &Value| value.as_str().is_some_and(|found| folded(found).contains(&wanted));
        let fits = |field: &&Value| {
            let clauses = field.get("clauseNames").and_then(Value::as_array).into_iter().flatten();
            ["name", "id"].iter().filter_map(|name| field.get(*name)).chain(clauses).any(has)
        };
        self.listed().iter().filter(fits).collect()
    }

    /// Every field.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.listed().iter().filter_map(Field::read)
    }

    /// The fields that queries mean by a name in small letters, as Jira lists them: `cf[7]`, an id, a name, or another
    /// that Jira says.
    pub(super) fn meant_by<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Value> {
        let number = name.strip_prefix("cf[").and_then(|number| number.strip_suffix(']'));
        let id = number.map_or_else(|| name.to_owned(), |number| format!("{CUSTOM}{number}"));
        let name = name.to_owned();
        let is_it = move |field: &&Value| {
            let text = |value: &Value| value.as_str().map(str::to_lowercase).unwrap_or_default();
            let clauses = field.get("clauseNames").and_then(Value::as_array);
            field.get("id").is_some_and(|value| text(value) == id)
                || field.get("name").is_some_and(|value| text(value) == name)
                || clauses.is_some_and(|clauses| clauses.iter().any(|clause| text(clause) == name))
        };
        self.listed().iter().filter(is_it)
    }

    /// Every field as Jira lists it.
    pub(super) fn listed(&self) -> &[Value] {
        self.fields.as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let mut places = Places::default();
            for (place, field) in self.listed().iter().enumerate() {
                if let Some(field) = Field::read(field) {
                    places.by_id.entry(field.id.to_owned()).or_insert(place);
                    places.by_name.entry(folded(field.name)).or_default().push(place);
                }
            }
            places
        })
    }

    fn at(&self, place: usize) -> Option<Field<'_>> {
        self.listed().get(place).and_then(Field::read)
    }

    /// The names of fields by their ids, as `expand=names` gives them.
    pub fn names(&self) -> Value {
        self.fields()
            .map(|field| (field.id.to_owned(), Value::from(field.name)))
            .collect::<Map<_, _>>()
            .into()
    }

    /// The field of this id, or of this name in any case.
    pub fn find(&self, name: &str) -> Result<Field<'_>, UnknownField> {
        let places = self.places();
        if let Some(field) = places.by_id.get(name).and_then(|place| self.at(*place)) {
            return Ok(field);
        }
        let wanted = folded(name);
        let named = places.by_name.get(&wanted).map(Vec::as_slice).unwrap_or_default();
        let named: Vec<Field<'_>> = named.iter().filter_map(|place| self.at(*place)).collect();
        match named.as_slice() {
            [field] => Ok(*field),
            [] => Err(UnknownField::None { name: shown(name), nearest: self.nearest(&wanted) }),
            several => Err(UnknownField::Several {
                name: shown(name),
                ids: several.iter().map(|field| field.id.to_owned()).collect(),
            }),
        }
    }

    /// The first field of a kind that an app brings, such as `gh-epic-link`.
    pub fn of_kind(&self, kind: &str) -> Option<Field<'_>> {
        self.fields().find(|field| field.kind().is_some_and(|found| found == kind))
    }

    /// The field whose name is most like this one. Comparing is dear, and names are the caller's: it is done for the first.
    fn nearest(&self, wanted: &str) -> Option<String> {
        if wanted.len() > LONGEST_COMPARED
            || self.suggested.fetch_add(1, Ordering::Relaxed) >= MOST_SUGGESTIONS
        {
            return None;
        }
        let likeness = |field: &Field<'_>| strsim::jaro_winkler(&folded(field.name), wanted);
        let nearest = self.fields().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(&nearest) > 0.8).then(|| format!("`{}` ({})", nearest.name, nearest.id))
    }
}

impl<'a> Field<'a> {
    pub(super) fn read(field: &'a Value) -> Option<Self> {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        Some(Field {
            id: text("id")?,
            name: text("name")?,
            schema: field.get("schema").unwrap_or(&Value::Null),
        })
    }
}

impl Field<'_> {
    /// Whether its value is another issue, or several.
    pub fn names_issues(&self) -> bool {
        let text = |name: &str| self.schema.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = self.kind().unwrap_or_default();
        self.id == "parent"
            || matches!(kind, "gh-epic-link" | "jpo-custom-field-parent")
            || kind.ends_with("issue-picker-cf")
            || ["type", "items"].iter().any(|name| matches!(text(name), "issuelink" | "issuelinks"))
    }

    /// Whether its value is another project, or several.
    pub fn names_projects(&self) -> bool {
        let is = |name: &str| self.schema.get(name).and_then(Value::as_str) == Some("project");
        self.id != "project" && (is("type") || is("items"))
    }

    /// The last part of the type that an app gives it: `textarea`, `gh-sprint`.
    pub fn kind(&self) -> Option<&str> {
        self.schema.get("custom").and_then(Value::as_str)?.rsplit(':').next()
    }
}

/// Names as people write them: `story_points` is `Story Points`.
fn folded(name: &str) -> String {
    name.trim().replace(['_', '-'], " ").to_lowercase()
}

/// A caller's word as messages have it.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(60).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_by_id_and_by_name_and_never_guessed() {
        let catalogue = Catalogue::read(Arc::new(json!([
            {"id": "summary", "name": "Summary"},
            {"id": "customfield_1", "name": "Story Points", "schema": {"custom": "a:float"}},
            {"id": "customfield_2", "name": "Team"},
            {"id": "customfield_3", "name": "team"},
        ])))
        .unwrap();
        let table = [
            ("summary", Ok("summary")),
            ("Summary", Ok("summary")),
            ("story_points", Ok("customfield_1")),
            ("customfield_3", Ok("customfield_3")),
            (
                "Team",
                Err("there are several fields `Team`; name one by its id: customfield_2, customfield_3"),
            ),
            (
                "Storypoints",
                Err("there is no field `Storypoints`; did you mean `Story Points` (customfield_1)?"),
            ),
            ("zzz", Err("there is no field `zzz`")),
        ];
        for (name, wanted) in table {
            let found = catalogue.find(name).map(|field| field.id).map_err(|error| error.to_string());
            assert_eq!(found, wanted.map_err(str::to_owned), "{name}");
        }
        assert_eq!(catalogue.of_kind("float").unwrap().id, "customfield_1");
    }

    #[test]
    fn nothing_is_suggested_to_more_names_than_people_write() {
        let catalogue = Catalogue::read(Arc::new(json!([{"id": "customfield_1", "name": "Story Points"}])));
        let catalogue = catalogue.unwrap();
        let told = |name: &str| catalogue.find(name).unwrap_err().to_string();
        let suggested =
            (0..100).filter(|number| told(&format!("Story Point{number}")).contains("mean")).count();
        assert_eq!(suggested, MOST_SUGGESTIONS);
        let long = Catalogue::read(Arc::clone(&catalogue.fields)).unwrap();
        let name = format!("story points{}", " of a long name".repeat(20));
        assert!(!long.find(&name).unwrap_err().to_string().contains("mean"));
    }
}
