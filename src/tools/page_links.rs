//! Links of issues to pages of Confluence: their titles and ids are what policies of Confluence may hide.
//!
//! A link says what somebody, or Confluence itself, wrote when it was made, and Jira knows no more of the page. So one
//! that does not say in which space the page lies keeps neither title nor id, where policies hide anything of Confluence.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use url::Url;

use super::Output;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::policy::Resource;

/// Where a link leads, as far as it is one of Confluence.
enum Linked {
    /// To this page.
    Page(Resource),
    /// To a page of which the space is not known.
    SomePage,
}

/// What decides on links to pages.
#[derive(Clone, Copy)]
pub(crate) struct PageLinks<'a> {
    /// Whether an address is one of a Confluence that is known.
    pub(crate) is_known: &'a dyn Fn(&Url) -> bool,
    /// Whether the caller may view a page.
    pub(crate) may_view: &'a dyn Fn(&Resource) -> bool,
}

impl PageLinks<'_> {
    /// Takes out what links tell of pages that the caller may not view, and counts the links that are left out.
    pub(crate) fn sift(self, output: &mut Output) -> u64 {
        match output {
            Output::Files { .. } => 0,
            Output::Object { value, .. } => self.sift_value(value),
            Output::List { items, .. } => items.iter_mut().map(|item| self.sift_value(item)).sum(),
            Output::Derived { items, .. } | Output::Items { items, .. } => {
                items.iter_mut().map(|item| self.sift_value(&mut item.value)).sum()
            }
        }
    }

    fn sift_value(self, value: &mut Value) -> u64 {
        match value {
            Value::Array(items) => {
                let before = items.len();
                items.retain(|item| !self.is_hidden(item) && !is_change_of_links(item));
                let dropped = (before - items.len()) as u64;
                dropped + items.iter_mut().map(|item| self.sift_value(item)).sum::<u64>()
            }
            Value::Object(object) => {
                if matches!(self.linked(object), Some(Linked::SomePage)) {
                    without_page(object);
                }
                object.values_mut().map(|entry| self.sift_value(entry)).sum()
            }
            _ => 0,
        }
    }

    fn is_hidden(self, value: &Value) -> bool {
        match value.as_object().and_then(|link| self.linked(link)) {
            Some(Linked::Page(page)) => !(self.may_view)(&page),
            Some(Linked::SomePage) | None => false,
        }
    }

    fn linked(self, link: &Map<String, Value>) -> Option<Linked> {
        let address = link.get("object")?.get("url")?.as_str()?;
        let global = link.get("globalId").and_then(Value::as_str).unwrap_or_default();
        let application = link.get("application").map(Value::to_string).unwrap_or_default();
        let url = Url::parse(address).ok();
        // Where one site has both products, links to issues are decided on by their keys.
        let is_there =
            url.as_ref().is_some_and(|url| (self.is_known)(url) && !url.path().contains("/browse/"));
        let is_page = is_there
            || application.to_lowercase().contains("confluence")
            || [global, address].iter().any(|text| text.to_lowercase().contains("pageid="))
            || SIGNS.iter().any(|sign| address.contains(sign));
        is_page.then(|| url.and_then(|url| place(&url, global)).map_or(Linked::SomePage, Linked::Page))
    }
}

/// What addresses of pages have in them.
const SIGNS: [&str; 4] = ["/wiki/spaces/", "/wiki/x/", "/wiki/display/", "/wiki/pages/"];

/// A change of the links to elsewhere, which has the title of what was linked.
fn is_change_of_links(value: &Value) -> bool {
    value.get("field").is_some_and(|field| field == "RemoteIssueLink")
}

fn without_page(link: &mut Map<String, Value>) {
    link.retain(|name, _| matches!(name.as_str(), "id" | "relationship"));
    link.insert("object".into(), json!({"not_shown": "a page of Confluence, which policies may hide"}));
}

/// The page that an address names with its space, `/spaces/DOCS/pages/65537`, if nothing names another.
fn place(address: &Url, global: &str) -> Option<Resource> {
    let parts: Vec<&str> = address.path_segments()?.collect();
    let [.., space, id] =
        parts.iter().enumerate().find_map(|(at, part)| match (part, parts.get(at + 1..)?) {
            (&"spaces", [space, "pages", id, ..]) => Some([*space, *id]),
            _ => None,
        })?;
    let (space, id) = (SpaceKey::parse(space).ok()?, PageId::parse(id).ok()?);
    let global = url::form_urlencoded::parse(global.as_bytes());
    let mut ids = address.query_pairs().chain(global).filter(|(name, _)| name.eq_ignore_ascii_case("pageId"));
    ids.all(|(_, named)| named == id.as_str()).then_some(Resource::Page { id, space: Some(space) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Item;

    fn link(global: &str, url: &str) -> Value {
        json!({"id": 1, "globalId": global, "relationship": "mentioned in",
            "object": {"url": url, "title": "Plans", "summary": "7"}})
    }

    /// `kept`, `left out` or `bare`, of a link where the space SECRETS is hidden.
    fn outcome(link: &Value) -> &'static str {
        let may_view =
            |page: &Resource| page.enclosing() == Some(Resource::Space(SpaceKey::parse("DOCS").unwrap()));
        let mut output = Output::Object { actual: None, value: json!({"remote_links": [link.clone()]}) };
        let is_known = |url: &Url| url.host_str() == Some("wiki.example.com");
        let left_out = PageLinks { is_known: &is_known, may_view: &may_view }.sift(&mut output);
        let Output::Object { value, .. } = output else { panic!("{output:?}") };
        match (left_out, value.pointer("/remote_links/0")) {
            (1, None) => "left out",
            (0, Some(kept)) if kept == link => "kept",
            (0, Some(bare)) => {
                assert!(!bare.to_string().contains("Plans") && !bare.to_string().contains('7'), "{bare}");
                assert_eq!((&bare["id"], &bare["relationship"]), (&link["id"], &link["relationship"]));
                "bare"
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_link_keeps_what_may_be_known_of_its_page() {
        let wiki = "https://x.atlassian.net/wiki";
        let table = [
            ("", "https://docs.example.com/plans".to_owned(), "kept"),
            ("system=tracker&id=7", "https://bugs.example.com/7".to_owned(), "kept"),
            ("appId=1&pageId=71", format!("{wiki}/spaces/DOCS/pages/71/Plans"), "kept"),
            ("", format!("{wiki}/spaces/SECRETS/pages/71/Plans"), "left out"),
            ("appId=1&pageId=72", format!("{wiki}/spaces/DOCS/pages/71/Plans"), "bare"),
            ("", format!("{wiki}/spaces/DOCS/pages/71?pageId=72"), "bare"),
            (
                "appId=1&pageId=71",
                "https://wiki.example.com/pages/viewpage.action?pageId=71".to_owned(),
                "bare",
            ),
            ("", "https://wiki.example.com/display/SECRETS/Plans+7".to_owned(), "bare"),
            ("", format!("{wiki}/x/AbC7"), "bare"),
            ("", "https://wiki.example.com/x/AbC7".to_owned(), "bare"),
            ("", "https://wiki.example.com/browse/OPS-7".to_owned(), "kept"),
            ("", "https://en.wikipedia.org/wiki/7".to_owned(), "kept"),
            ("appId=1&pageId=71", "no address 7".to_owned(), "bare"),
        ];
        for (global, url, wanted) in table {
            assert_eq!(outcome(&link(global, &url)), wanted, "{global} {url}");
        }
        let mut named = link("", "https://intranet.example.com/x/AbC7");
        named["application"] = json!({"type": "com.atlassian.confluence", "name": "Wiki"});
        assert_eq!(outcome(&named), "bare");
    }

    #[test]
    fn changes_of_links_are_left_out() {
        let change = json!({"field": "RemoteIssueLink", "to_string": "This issue links to \"Plans (Wiki)\""});
        let other = json!({"field": "status", "to_string": "Done"});
        let value = json!({"changelogs": [{"items": [change, other]}]});
        let item = Item { resources: Vec::new(), value };
        let mut output = Output::Derived { items: vec![item], envelope: Map::new(), derive: |_, _| {} };
        assert_eq!(PageLinks { is_known: &|_| false, may_view: &|_| true }.sift(&mut output), 1);
        let Output::Derived { items, .. } = output else { panic!("{output:?}") };
        assert_eq!(items[0].value["changelogs"][0]["items"].as_array().unwrap().len(), 1);
    }
}
