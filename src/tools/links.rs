//! Links to pages in the place of their ids: what a person copies from a browser.
//!
//! Only links to the site that is asked are taken: an id means another page elsewhere.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;
use serde_json::Map;
use serde_json::Value;
use url::Url;

use super::AnyTool;
use super::InvalidArguments;
use crate::atlassian::GATEWAY_HOST;
use crate::policy::Product;

/// The arguments of Confluence's tools that take the id of a page.
const PAGES: [&str; 6] =
    ["page_id", "parent_id", "content_id", "source_page_id", "target_parent_id", "destination_parent_id"];

/// What a link names.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// A page or blog post by its id.
    Id(String),
    /// A page by its title in a space.
    Title {
        /// The key of the space.
        space: String,
        /// The title.
        title: String,
    },
}

/// Puts the ids of pages in the place of links to them; a link that names a title fills the arguments for that.
pub fn take_links(
    tool: &dyn AnyTool,
    arguments: &mut Map<String, Value>,
    site: &Url,
) -> Result<(), InvalidArguments> {
    if tool.spec().product != Product::Confluence {
        return Ok(());
    }
    let schema = tool.schema();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Ok(()) };
    let takes_link = |name: &str| PAGES.contains(&name) && properties.contains_key(name);
    let links: Vec<(String, String)> = arguments
        .iter()
        .filter(|(name, _)| takes_link(name))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.trim().to_owned())))
        .filter(|(_, text)| ["https://", "http://", "/"].iter().any(|start| text.starts_with(start)))
        .collect();
    for (name, link) in links {
        let refused = |problem: &str| InvalidArguments::of(format!("`{name}`: {problem}"));
        match named(&link, site).map_err(|problem| refused(&problem))? {
            Named::Id(id) => {
                arguments.insert(name, Value::String(id));
            }
            Named::Title { space, title } => {
                let by_title = ["title", "space_key"].iter().all(|name| {
                    properties.contains_key(*name) && arguments.get(*name).is_none_or(Value::is_null)
                });
                if !by_title {
                    return Err(refused(
                        "the link names the page by its title; give its id, which confluence_get_page tells",
                    ));
                }
                arguments.remove(&name);
                arguments.insert("title".to_owned(), Value::String(title));
                arguments.insert("space_key".to_owned(), Value::String(space));
            }
        }
    }
    Ok(())
}

fn named(link: &str, site: &Url) -> Result<Named, String> {
    let url = address(link, site).map_err(|error| format!("the link cannot be read: {error}"))?;
    if site.host_str() == Some(GATEWAY_HOST) {
        return Err("links are not taken: the address of the site is not configured; give the id".to_owned());
    }
    let Some(path) = below(&url, site) else {
        return Err(format!("the link does not lead to {site}; give the id of a page there"));
    };
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let asked = url.query_pairs().find(|(name, _)| name == "pageId").map(|(_, id)| id.into_owned());
    if let (Some(id), ["pages" | "spaces" | "display" | "x" | "plugins", ..]) = (asked, path.as_slice()) {
        return Ok(Named::Id(id));
    }
    let found = match path.as_slice() {
        ["x", tiny] => tiny_id(tiny).map(Named::Id),
        ["display", space, title] => Some(Named::Title {
            space: text(space).into_owned(),
            title: text(&title.replace('+', " ")).into_owned(),
        }),
        ["spaces", _, "pages" | "blog" | "folder", rest @ ..] => {
            // Days of blog posts are shorter than any id.
            let is_id = |part: &&&str| part.len() > 4 && part.bytes().all(|byte| byte.is_ascii_digit());
            rest.iter().find(is_id).map(|id| Named::Id((*id).to_owned()))
        }
        _ => None,
    };
    found.ok_or_else(|| "the link names no page; give the id of one".to_owned())
}

/// The whole address of a link. Without a host it is one of this site, if it names no other after all, as `//host/` does;
/// and it may begin where Confluence does.
fn address(link: &str, site: &Url) -> Result<Url, url::ParseError> {
    if !link.starts_with('/') {
        return Url::parse(link);
    }
    let whole = site.join(link)?;
    let is_other = whole.host_str() != site.host_str() || below(&whole, site).is_some();
    if is_other { Ok(whole) } else { site.join(&format!("{}{link}", site.path().trim_end_matches('/'))) }
}

/// Where Confluence lives on Cloud. Links of Data Center have it too when they were written for Cloud, and those of Cloud
/// have none in texts that were brought from Data Center.
const CLOUD: &str = "/wiki";

/// The path below the site's own, if the address is one of the site.
fn below<'u>(url: &'u Url, site: &Url) -> Option<&'u str> {
    let same_port =
        url.scheme() != site.scheme() || url.port_or_known_default() == site.port_or_known_default();
    let same = url.host_str() == site.host_str() && same_port;
    let below = |base: &str| url.path().strip_prefix(base).filter(|rest| rest.starts_with('/'));
    let home = site.path().trim_end_matches('/');
    let rest = match below(home) {
        Some(rest) => rest,
        None if home == CLOUD => url.path(),
        None => return None,
    };
    let inner = rest.strip_prefix(CLOUD).filter(|inner| home != CLOUD && inner.starts_with('/'));
    same.then_some(inner.unwrap_or(rest))
}

fn text(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

/// The id in a tiny link: its eight bytes, the lowest first, in base64 of its own letters without the zeros at the end.
///
/// <https://support.atlassian.com/confluence/kb/how-to-programmatically-generate-the-tiny-link-of-a-confluence-page/>
fn tiny_id(tiny: &str) -> Option<String> {
    let letters = tiny.replace('-', "/").replace('_', "+");
    if letters.is_empty() || letters.len() > 11 {
        return None;
    }
    let bytes = STANDARD_NO_PAD.decode(format!("{letters:A<11}")).ok()?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools;

    const CLOUD: &str = "https://x.atlassian.net/wiki";
    const DATA_CENTER: &str = "https://wiki.example.com/confluence/";

    #[test]
    fn links_name_pages_of_the_site() {
        let id = |id: &str| Some(Named::Id(id.to_owned()));
        let title = |space: &str, title: &str| {
            Some(Named::Title { space: space.to_owned(), title: title.to_owned() })
        };
        let table = [
            (CLOUD, "https://x.atlassian.net/wiki/spaces/DEV/pages/65537/My+Page", id("65537")),
            (CLOUD, "https://X.atlassian.net/wiki/spaces/~5b/pages/edit-v2/65537?draftId=1", id("65537")),
            (CLOUD, "https://x.atlassian.net/wiki/spaces/DEV/blog/2024/01/02/65540/News", id("65540")),
            (CLOUD, "https://x.atlassian.net/wiki/x/AQAB", id("65537")),
            (CLOUD, "https://x.atlassian.net/wiki/display/DEV/A+Page%3F", title("DEV", "A Page?")),
            (CLOUD, "https://y.atlassian.net/wiki/spaces/DEV/pages/65537", None),
            (CLOUD, "https://x.atlassian.net.evil.example.com/wiki/spaces/DEV/pages/65537", None),
            (CLOUD, "https://x.atlassian.net/wikix/spaces/DEV/pages/65537", None),
            (CLOUD, "https://x.atlassian.net/wiki/spaces/DEV/overview", None),
            (CLOUD, "https://x.atlassian.net/pages/viewpage.action?pageId=98319", id("98319")),
            (CLOUD, "https://x.atlassian.net/wiki/pages/viewpage.action?pageId=98319", id("98319")),
            (CLOUD, "https://x.atlassian.net/spaces/DEV/pages/65537/My+Page", id("65537")),
            (CLOUD, "/wiki/spaces/DEV/pages/65537/My+Page", id("65537")),
            (CLOUD, "/spaces/DEV/pages/65537/My+Page", id("65537")),
            (CLOUD, "https://x.atlassian.net/browse/DEV-1?pageId=98319", None),
            (CLOUD, "https://y.atlassian.net/spaces/DEV/pages/65537", None),
            (CLOUD, "//y.atlassian.net/spaces/DEV/pages/65537", None),
            (CLOUD, r"/\y.atlassian.net/spaces/DEV/pages/65537", None),
            (DATA_CENTER, "https://wiki.example.com/confluence/wiki/spaces/DOCS/pages/65538/A", id("65538")),
            (DATA_CENTER, "/confluence/spaces/DOCS/pages/65538/A", id("65538")),
            (DATA_CENTER, "/spaces/DOCS/pages/65538/A", id("65538")),
            (DATA_CENTER, "/jira/browse/DEV-1", None),
            (
                "https://wiki.example.com",
                "https://wiki.example.com/wiki/spaces/DOCS/pages/65538/A",
                id("65538"),
            ),
            ("https://wiki.example.com", "/spaces/DOCS/pages/65538/A", id("65538")),
            ("https://wiki.example.com", "//evil.example.com/spaces/DOCS/pages/65538/A", None),
            (CLOUD, "https://x.atlassian.net/wiki/x/AAAAAAAAAAAA", None),
            (
                DATA_CENTER,
                "https://wiki.example.com/confluence/pages/viewpage.action?pageId=98319",
                id("98319"),
            ),
            (DATA_CENTER, "https://wiki.example.com/confluence/x/D4AB", id("98319")),
            (DATA_CENTER, "http://wiki.example.com/confluence/x/D4AB#top", id("98319")),
            (DATA_CENTER, "https://wiki.example.com:8443/confluence/x/D4AB", None),
            (DATA_CENTER, "https://wiki.example.com/x/D4AB", None),
            ("https://api.atlassian.com/ex/confluence/c/wiki", "https://x.atlassian.net/wiki/x/AQAB", None),
        ];
        for (site, link, wanted) in table {
            assert_eq!(named(link, &Url::parse(site).unwrap()).ok(), wanted, "{link}");
        }
    }

    #[test]
    fn arguments_take_links_where_they_take_pages() {
        let site = Url::parse(CLOUD).unwrap();
        let page = format!("{CLOUD}/spaces/DEV/pages/65537");
        let titled = format!("{CLOUD}/display/DEV/A+Page");
        let taken = |tool: &str, given: Value| {
            let Value::Object(mut arguments) = given else { panic!("an object") };
            let answer = take_links(tools::find(tool).unwrap(), &mut arguments, &site);
            answer.map(|()| Value::Object(arguments)).map_err(|error| error.to_string())
        };
        assert_eq!(taken("confluence_get_page", json!({"page_id": page})), Ok(json!({"page_id": "65537"})));
        assert_eq!(
            taken("confluence_get_page", json!({"page_id": titled})),
            Ok(json!({"title": "A Page", "space_key": "DEV"}))
        );
        let by_title = json!({"parent_id": titled, "space_key": "DEV", "title": "T"});
        assert!(taken("confluence_create_page", by_title).unwrap_err().contains("by its title"));
        let text = json!({"query": page});
        assert_eq!(taken("confluence_search", text.clone()), Ok(text), "a text stays a text");
    }
}
