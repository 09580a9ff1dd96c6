//! The fields that a caller wants to see, by the names that people know them by.

use std::collections::HashMap;

use serde_json::Map;
use serde_json::Value;

use crate::atlassian::jira::Fields;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Product;
use crate::policy::Searcher;

/// Fields by id, with what became of those that were named otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What to ask for.
    pub(super) fields: Fields,
    /// The names that callers used, by id: what was asked for by name is shown under it.
    names: Map<String, Value>,
    /// The names that lead to no field, with the reason and the nearest field.
    unknown: Map<String, Value>,
}

impl From<Fields> for Wanted {
    fn from(fields: Fields) -> Self {
        Self { fields, ..Self::default() }
    }
}

impl Wanted {
    /// Finds out which fields are meant, among those that the caller may see where that is said. Jira is asked only where a
    /// name is no id, and seldom even then.
    pub(super) async fn find<E: Effect>(
        jira: &Jira<'_>,
        permit: &Permit<E>,
        (fields, searcher): (Fields, Option<Searcher<'_>>),
    ) -> Result<Self, UpstreamError> {
        if fields.unresolved().next().is_none() {
            return Ok(fields.into());
        }
        let catalogue = match searcher {
            Some(searcher) => jira.catalogue_seen(permit, &searcher.sight(Product::Jira)).await?,
            None => jira.catalogue(permit).await?,
        };
        let (mut names, mut ids, mut unknown) = (Map::new(), HashMap::new(), Map::new());
        for name in fields.unresolved() {
            match catalogue.find(name) {
                Ok(field) => {
                    ids.insert(name, field.id);
                    names.insert(field.id.to_owned(), name.into());
                }
                Err(problem) => drop(unknown.insert(name.to_owned(), problem.to_string().into())),
            }
        }
        let fields = fields.resolved(|name| ids.get(name).map(|id| (*id).to_owned()));
        Ok(Self { fields, names, unknown })
    }

    /// What is left where the list of fields cannot be had: those that are named by their ids.
    pub(super) fn unlisted(fields: &Fields, error: &UpstreamError) -> Self {
        let problem = format!("the fields could not be listed: {error}");
        let unknown = fields.unresolved().map(|name| (name.to_owned(), problem.as_str().into())).collect();
        Self { fields: fields.resolved(|_| None), names: Map::new(), unknown }
    }

    /// The names under which fields are shown: all of Jira's where the caller wants that, else those that were used.
    pub(super) fn names<'a>(&'a self, all: Option<&'a Value>) -> Option<&'a Map<String, Value>> {
        all.and_then(Value::as_object).or((!self.names.is_empty()).then_some(&self.names))
    }

    /// Says which names lead to no field.
    pub(super) fn tell(self, shown: &mut Map<String, Value>) {
        if !self.unknown.is_empty() {
            shown.insert("unknown_fields".into(), Value::Object(self.unknown));
        }
    }
}
