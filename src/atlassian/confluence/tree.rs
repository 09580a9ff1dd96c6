//! The pages of a space as a tree: `/rest/api/content?spaceKey=` and `/api/v2/spaces/{id}/pages`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Confluence;
use super::Permitted;
use super::listing::Listing;
use super::pages::id_text;
use super::wanted;
use crate::audit::Permit;
use crate::ids::SpaceKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// What Data Center gives at once with the pages above each.
const PAGE: u64 = 200;

/// How many pages may lie above one another.
const DEEPEST: usize = 200;

/// A page in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it lies below.
    pub parent: Option<String>,
    /// Its place among its siblings.
    pub position: Option<i64>,
    /// How many lie above it, if all of them are known.
    pub depth: Option<usize>,
}

impl Confluence<'_> {
    /// The pages of a space, which may have been found before: each before what lies below it, and whether these are all.
    pub async fn page_tree<E: Effect>(
        &self,
        permit: &Permit<E>,
        (space, found): (&SpaceKey, Option<Value>),
        limit: u64,
    ) -> Result<(Vec<Branch>, bool), UpstreamError> {
        let key = permit.space(space)?;
        let Listing { items, complete } = if self.has_version_two() {
            let permitted = Permitted { confluence: self, permit };
            let found = match found {
                Some(found) => Some(found),
                None => wanted::space_of_key(&permitted, key).await?,
            };
            let id = found.and_then(|found| found.get("id").map(id_text)).ok_or_else(super::pages::absent)?;
            let request =
                Request::get(Path::of(["api", "v2", "spaces"]).value("id", id.as_str()).then(["pages"]));
            self.listed_by_cursor(permit, &request.with("status", "current"), limit).await?
        } else {
            let request = Request::get(Path::of(["rest", "api", "content"]))
                .with("spaceKey", key.spelled())
                .with("type", "page")
                .with("expand", "ancestors");
            self.listed_by_start(permit, &request, (0, limit, limit.min(PAGE))).await?
        };
        Ok((planted(items.iter().filter_map(branch).collect()), complete))
    }
}

/// A page as either API gives it.
fn branch(page: &Value) -> Option<Branch> {
    let ancestors = page.get("ancestors").and_then(Value::as_array);
    let parent = match ancestors {
        Some(ancestors) => ancestors.last().and_then(|above| above.get("id")).map(id_text),
        None => page.get("parentId").filter(|id| !id.is_null()).map(id_text),
    };
    let position = page.get("position").or_else(|| page.pointer("/extensions/position"));
    Some(Branch {
        id: id_text(page.get("id")?),
        title: page.get("title").and_then(Value::as_str).unwrap_or_default().to_owned(),
        depth: ancestors.map(Vec::len),
        parent,
        position: position.and_then(Value::as_i64),
    })
}

/// Puts every page before what lies below it, siblings by position and title; fills in the depths that follow.
fn planted(found: Vec<Branch>) -> Vec<Branch> {
    let known: BTreeSet<String> = found.iter().map(|page| page.id.clone()).collect();
    let mut below: BTreeMap<Option<String>, Vec<Branch>> = BTreeMap::new();
    for page in found {
        let above = page.parent.clone().filter(|parent| known.contains(parent) && *parent != page.id);
        below.entry(above).or_default().push(page);
    }
    for siblings in below.values_mut() {
        // The last is taken first.
        siblings.sort_by(|a, b| order(b).cmp(&order(a)));
    }
    let mut tree = Vec::with_capacity(known.len());
    let mut waiting = below.remove(&None).unwrap_or_default();
    while let Some(mut page) = waiting.pop() {
        if page.depth.is_none() && page.parent.is_none() {
            page.depth = Some(0);
        }
        let children = below.remove(&Some(page.id.clone())).unwrap_or_default();
        waiting.extend(children.into_iter().map(|mut child| {
            child.depth = child.depth.or_else(|| page.depth.map(|depth| (depth + 1).min(DEEPEST)));
            child
        }));
        tree.push(page);
    }
    // What lies in a ring hangs on nothing: it is shown all the same.
    tree.extend(below.into_values().flatten());
    tree
}

fn order(page: &Branch) -> (i64, &str, &str) {
    (page.position.unwrap_or(i64::MAX), &page.title, &page.id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(pages: &[Value]) -> Vec<(String, Option<usize>)> {
        let tree = planted(pages.iter().filter_map(branch).collect());
        tree.into_iter().map(|page| (page.id, page.depth)).collect()
    }

    fn wanted(pages: &[(&str, Option<usize>)]) -> Vec<(String, Option<usize>)> {
        pages.iter().map(|(id, depth)| ((*id).to_owned(), *depth)).collect()
    }

    #[test]
    fn parents_come_before_their_children() {
        let second = [
            json!({"id": "3", "title": "b", "parentId": "1", "position": 2}),
            json!({"id": "4", "title": "c", "parentId": "2", "position": 1}),
            json!({"id": "1", "title": "home", "parentId": null}),
            json!({"id": "2", "title": "a", "parentId": "1", "position": 1}),
            json!({"id": "5", "title": "lost", "parentId": "99"}),
        ];
        assert_eq!(
            shown(&second),
            wanted(&[("1", Some(0)), ("2", Some(1)), ("4", Some(2)), ("3", Some(1)), ("5", None)])
        );
        let first = [
            json!({"id": "2", "title": "a", "ancestors": [{"id": "1"}], "extensions": {"position": 1}}),
            json!({"id": "1", "title": "home", "ancestors": []}),
        ];
        assert_eq!(shown(&first), wanted(&[("1", Some(0)), ("2", Some(1))]));
    }

    #[test]
    fn a_ring_loses_no_page() {
        let ring = [
            json!({"id": "1", "parentId": "2"}),
            json!({"id": "2", "parentId": "1"}),
            json!({"id": "3", "parentId": "3"}),
        ];
        assert_eq!(shown(&ring).len(), 3);
    }
}
