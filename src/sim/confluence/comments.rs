//! Comments of version 2: those below a page, those on its text, and the replies to each in lists of their own.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Page;
use super::super::world::PageComment;
use super::super::world::World;
use super::body;
use super::content;
use super::content::Content;
use super::render;
use super::v2;

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        [collection @ ("pages" | "blogposts"), id, kind] => {
            let page = v2::visible(world, call, collection, id)?;
            let some = page.comments.iter().filter(|item| list(item) == *kind && item.parent.is_none());
            Ok(v2::listed(call, some.map(|item| shown(call, page, item)).collect()))
        }
        [kind, id] => {
            let (page, item) = find(world, call, kind, id)?;
            Ok(Answer::json(&shown(call, page, item)))
        }
        [kind, id, "children"] => {
            let (page, above) = find(world, call, kind, id)?;
            let some = page.comments.iter().filter(|item| item.parent == Some(above.id));
            Ok(v2::listed(call, some.map(|item| shown(call, page, item)).collect()))
        }
        _ => Err(v2::missing()),
    }
}

/// A comment of one kind: those of the other are not there.
fn find<'a>(
    world: &'a World,
    call: &Call,
    kind: &str,
    id: &str,
) -> Result<(&'a Page, &'a PageComment), Answer> {
    match content::find(world, call, id) {
        Some(Content::Comment(page, item)) if list(item) == kind => Ok((page, item)),
        _ => Err(v2::missing()),
    }
}

pub(crate) fn create(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    let kind = path.first().copied().unwrap_or_default();
    let given = call.json().unwrap_or_default();
    let text = v2::storage(&given)?;
    if text.trim().is_empty() {
        return Err(v2::invalid("The comment is empty"));
    }
    let (page, parent, selection) = match given.get("parentCommentId").and_then(v2::text) {
        Some(_) if ["pageId", "blogPostId"].iter().any(|name| given.get(*name).is_some()) => {
            return Err(v2::invalid("only one of pageId, blogPostId and parentCommentId may be given"));
        }
        Some(id) => {
            let (page, above) = find(world, call, kind, &id)?;
            (page, Some(above.id), above.selection.clone())
        }
        None => {
            let named = [("pages", "pageId"), ("blogposts", "blogPostId")];
            let named = named.into_iter().find_map(|(kind, name)| Some((kind, v2::text(given.get(name)?)?)));
            let (collection, id) = named.ok_or_else(|| v2::invalid("pageId or blogPostId must be given"))?;
            let page = v2::visible(world, call, collection, &id)?;
            (page, None, if kind == "inline-comments" { Some(selected(page, &given)?) } else { None })
        }
    };
    let page = page.id;
    let (when, id) = (world.tick(), world.next_id());
    let page = world.pages.get_mut(&page).ok_or_else(v2::missing)?;
    let item = PageComment { id, by: call.user, when, body: text, parent, selection, resolved: false };
    let answer = shown(call, page, &item);
    page.comments.push(item);
    Ok(Answer::json(&answer))
}

/// The text that a comment is on: it must be on the page as often as is said.
fn selected(page: &Page, given: &Value) -> Result<String, Answer> {
    let told = |name: &str| given.pointer(&format!("/inlineCommentProperties/{name}"));
    let text = told("textSelection").and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| told(name).and_then(Value::as_u64);
    let found = body::plain(&page.body).matches(text).count() as u64;
    let fits = number("textSelectionMatchCount") == Some(found)
        && number("textSelectionMatchIndex").is_some_and(|index| index < found);
    if text.is_empty() || !fits {
        return Err(v2::invalid("The text selection does not match the page"));
    }
    Ok(text.to_owned())
}

fn list(item: &PageComment) -> &'static str {
    if item.selection.is_some() { "inline-comments" } else { "footer-comments" }
}

fn shown(call: &Call, page: &Page, item: &PageComment) -> Value {
    let mut shown = json!({"id": item.id.to_string(), "status": "current", "title": format!("Re: {}", page.title),
        v2::named_as(page): page.id.to_string(),
        "version": {"number": 1, "createdAt": render::time(item.when), "authorId": item.by.account_id,
            "message": "", "minorEdit": false},
        "_links": {"webui": format!("{}?focusedCommentId={}", render::web_path(call, page), item.id)}});
    // What is posted comes back with its body.
    if call.parameter("body-format") == Some("storage") || call.method == http::Method::POST {
        let body = json!({"storage": {"value": item.body, "representation": "storage"}});
        super::super::answer::extend(&mut shown, json!({"body": body}));
    }
    if let Some(parent) = item.parent {
        super::super::answer::extend(&mut shown, json!({"parentCommentId": parent.to_string()}));
    }
    if let Some(selection) = &item.selection {
        let place = json!({"inlineMarkerRef": format!("m{}", item.id), "inlineOriginalSelection": selection});
        let status = render::resolution(item);
        super::super::answer::extend(&mut shown, json!({"resolutionStatus": status, "properties": place}));
    }
    shown
}
