//! What policies name of pages and blog posts: asked for by itself, for several at once.
//!
//! The search of the first API is on both deployments, and gives what it found as content. Data Center is asked for a
//! single page by its id, which also finds what is not in the index yet.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pages::id_text;
use crate::atlassian::Deployment;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::policy::Attribute;
use crate::policy::Known;
use crate::policy::Needs;
use crate::policy::Observed;
use crate::policy::Resource;

/// The request for what pages are.
pub fn request(ids: &[PageId], needs: Needs, deployment: Deployment) -> Request {
    let mut parts = vec!["space"];
    if needs.contains(Attribute::PageLabels) {
        parts.push("metadata.labels");
    }
    if needs.contains(Attribute::Restricted) {
        parts.extend(["restrictions.read.restrictions.user", "restrictions.read.restrictions.group"]);
    }
    // Who is kept from a page is kept from those below it.
    if needs.contains(Attribute::Ancestors) || needs.contains(Attribute::Restricted) {
        parts.push("ancestors");
    }
    if let (Deployment::DataCenter, [id]) = (deployment, ids) {
        return Request::get(Path::of(["rest", "api", "content"]).value("id", id.as_str()))
            .with("expand", parts.join(","));
    }
    let ids: Vec<&str> = ids.iter().map(PageId::as_str).collect();
    let parts: Vec<String> = parts.iter().map(|part| format!("content.{part}")).collect();
    Request::get(Path::of(["rest", "api", "search"]))
        .with("start", "0")
        .with("limit", ids.len().to_string())
        .with("cql", format!("id in ({})", ids.join(",")))
        .with("expand", parts.join(","))
}

/// What answers say of pages, before it is known whether a page above one is restricted.
#[derive(Debug, Default)]
pub struct Pages {
    pages: Vec<Page>,
}

#[derive(Debug)]
struct Page {
    id: String,
    above: Option<BTreeSet<String>>,
    restricted: Option<bool>,
    labels: Option<BTreeSet<String>>,
}

impl Pages {
    /// Reads an answer to [`request`].
    pub fn read(&mut self, answer: &Value) {
        let listed = answer.get("results").and_then(Value::as_array).into_iter().flatten();
        let listed = listed.filter_map(|hit| hit.get("content"));
        self.pages.extend(listed.chain([answer]).filter_map(page));
    }

    /// The pages above these that were not asked for yet, and that have to be to know who may read these.
    pub fn above(&self) -> BTreeSet<PageId> {
        let above = self.pages.iter().filter_map(|page| page.above.as_ref()).flatten();
        let unknown = above.filter(|id| !self.pages.iter().any(|page| page.id == **id));
        unknown.filter_map(|id| PageId::parse(id).ok()).collect()
    }

    /// What is known of the pages.
    pub fn observed(&self) -> Observed {
        let mut observed = Observed::default();
        for page in &self.pages {
            let Ok(id) = PageId::parse(&page.id) else { continue };
            let resource = Resource::Page { id, space: None };
            let known = [
                (Attribute::PageLabels, page.labels.clone().map(Known::Texts)),
                (Attribute::Ancestors, page.above.clone().map(Known::Texts)),
                (Attribute::Restricted, self.is_restricted(page).map(Known::Flag)),
            ];
            for (attribute, value) in known {
                if let Some(value) = value {
                    observed.note(&resource, attribute, value);
                }
            }
        }
        observed
    }

    /// By itself, or by a page above it.
    fn is_restricted(&self, page: &Page) -> Option<bool> {
        let own = |id: &str| self.pages.iter().find(|page| page.id == id)?.restricted;
        let above: Option<Vec<bool>> = page.above.as_ref()?.iter().map(|id| own(id)).collect();
        Some(page.restricted? || above?.contains(&true))
    }
}

fn page(content: &Value) -> Option<Page> {
    let ids = |list: &Value| -> Option<BTreeSet<String>> {
        list.as_array()?.iter().map(|one| one.get("id").map(id_text)).collect()
    };
    Some(Page {
        id: content.get("id").map(id_text)?,
        above: content.get("ancestors").and_then(ids),
        restricted: content.pointer("/restrictions/read/restrictions").and_then(is_restricted),
        labels: content.pointer("/metadata/labels").and_then(labels),
    })
}

fn is_restricted(restrictions: &Value) -> Option<bool> {
    let any = |kind: &str| Some(!restrictions.get(kind)?.get("results")?.as_array()?.is_empty());
    Some(any("user")? || any("group")?)
}

/// The labels that all see: whoever sees a page may give it labels of their own.
fn labels(labels: &Value) -> Option<BTreeSet<String>> {
    let is_cut = labels.pointer("/_links/next").is_some();
    let listed = labels.get("results").and_then(Value::as_array).filter(|_| !is_cut)?;
    let shared = listed.iter().filter(|label| label.get("prefix").is_some_and(|prefix| prefix == "global"));
    shared.map(|label| label.get("name")?.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all() -> Needs {
        [Attribute::PageLabels, Attribute::Restricted, Attribute::Ancestors]
            .into_iter()
            .fold(Needs::default(), Needs::with)
    }

    fn told(answers: &[Value], id: &str) -> Value {
        let mut pages = Pages::default();
        for answer in answers {
            pages.read(answer);
        }
        let resource = Resource::Page { id: PageId::parse(id).unwrap(), space: None };
        let observed = pages.observed();
        let known = observed.of(&resource).into_iter().flatten();
        known.map(|(attribute, value)| (attribute.name().to_owned(), json!(value))).collect()
    }

    fn content(id: &str, above: &[&str], users: &[&str]) -> Value {
        let label = |prefix: &str, name: &str| json!({"prefix": prefix, "name": name});
        let above: Vec<Value> = above.iter().map(|id| json!({"id": id})).collect();
        json!({
            "id": id, "ancestors": above,
            "metadata": {"labels": {"results": [label("global", "open"), label("my", "public")]}},
            "restrictions": {"read": {"restrictions": {"user": {"results": users}, "group": {"results": []}}}},
        })
    }

    #[test]
    fn one_page_is_asked_for_by_its_id_and_more_by_a_search() {
        let ids = ["7", "8"].map(|id| PageId::parse(id).unwrap());
        let one = &ids[..1];
        let table = [
            (one, Deployment::DataCenter, "/rest/api/content/7", "space,metadata.labels,"),
            (one, Deployment::Cloud, "/rest/api/search", "content.space,content.metadata.labels,"),
            (&ids, Deployment::DataCenter, "/rest/api/search", "content.space,"),
        ];
        for (ids, deployment, path, expand) in table {
            let request = request(ids, all(), deployment);
            assert!(request.path.as_str().ends_with(path), "{request:?}");
            assert!(request.query.iter().any(|(name, value)| *name == "expand" && value.starts_with(expand)));
        }
        let labels = request(one, Needs::default().with(Attribute::PageLabels), Deployment::DataCenter);
        assert_eq!(labels.query, [("expand", "space,metadata.labels".to_owned())]);
    }

    #[test]
    fn a_page_is_restricted_with_those_above_it() {
        let open = json!({"labels": ["open"], "ancestors": ["1"], "restricted": false});
        let closed = json!({"labels": ["open"], "ancestors": ["1"], "restricted": true});
        let unknown = json!({"labels": ["open"], "ancestors": ["1"]});
        let page = content("7", &["1"], &[]);
        assert_eq!(told(std::slice::from_ref(&page), "7"), unknown, "nobody knows of the page above it");
        assert_eq!(told(&[page.clone(), content("1", &[], &[])], "7"), open);
        assert_eq!(told(&[page.clone(), content("1", &[], &["ann"])], "7"), closed);
        let hits = json!({"results": [{"content": content("7", &["1"], &["ann"])}, {"content": content("1", &[], &[])}]});
        assert_eq!(told(&[hits], "7"), closed);
        let mut pages = Pages::default();
        pages.read(&page);
        assert_eq!(pages.above(), BTreeSet::from([PageId::parse("1").unwrap()]));
    }

    #[test]
    fn what_an_answer_lacks_is_not_known() {
        assert_eq!(told(&[json!({"id": "7"})], "7"), json!({}));
        let cut = json!({"id": "7", "metadata": {"labels": {"results": [], "_links": {"next": "/x"}}},
            "ancestors": [{"title": "no id"}], "restrictions": {"read": {"restrictions": {"user": {"results": []}}}}});
        assert_eq!(told(&[cut], "7"), json!({}));
    }
}
