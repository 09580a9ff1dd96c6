//! Reading content: one page, comment or attachment, its children, lists by space and title.

use serde_json::Value;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Attachment;
use super::super::world::Page;
use super::super::world::PageComment;
use super::super::world::Space;
use super::super::world::World;
use super::failure;
use super::no_content;
use super::render;
use super::render::Expand;
use super::visible;

/// Content of any kind, with the page it belongs to.
pub(crate) enum Content<'a> {
    Page(&'a Page),
    Comment(&'a Page, &'a PageComment),
    Attachment(&'a Page, &'a Attachment),
}

/// Content by id, if the account may see it; attachments as `att123` or `123`.
pub(crate) fn find<'a>(world: &'a World, call: &Call, id: &str) -> Option<Content<'a>> {
    if let Some(page) = world.page(call.user, id) {
        return Some(Content::Page(page));
    }
    let number: u64 = id.strip_prefix("att").unwrap_or(id).parse().ok()?;
    world.pages.values().filter(|page| world.may_read(call.user, page)).find_map(|page| {
        let comment =
            page.comments.iter().find(|item| item.id == number).map(|item| Content::Comment(page, item));
        let attachment = page.attachments.iter().find(|item| item.id == number);
        comment.or(attachment.map(|item| Content::Attachment(page, item)))
    })
}

pub(crate) fn read(world: &World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    match rest {
        [] => one(world, call, id),
        ["label"] => Ok(Answer::json(&labels(call, visible(world, call, id)?))),
        ["history"] => {
            let page = visible(world, call, id)?;
            Ok(Answer::json(&render::history(call, page, &Expand::of(call, ""))))
        }
        ["version"] => {
            let page = visible(world, call, id)?;
            let numbered = page.versions.iter().enumerate().rev();
            let versions = numbered.map(|(place, version)| render::version(call, place + 1, version));
            Ok(Answer::json(&render::results(call, versions.collect(), 200)))
        }
        ["child", kind] => children(world, call, id, kind),
        ["descendant", "page"] => {
            let top = visible(world, call, id)?.id;
            let below =
                world.pages.values().filter(|page| world.ancestors(page).iter().any(|above| above.id == top));
            Ok(pages(world, call, below))
        }
        ["child", "attachment", attachment, "download"] => {
            let page = visible(world, call, id)?;
            let found = page.attachments.iter().find(|item| format!("att{}", item.id) == *attachment);
            let found = found.ok_or_else(|| no_content(attachment))?;
            Ok(Answer::bytes(&found.kind, &found.bytes))
        }
        _ => Err(failure(404, "null for uri")),
    }
}

fn one(world: &World, call: &Call, id: &str) -> Reply {
    let expand = Expand::of(call, "history,space,version");
    let statuses =
        call.query.iter().filter(|(name, _)| name == "status").flat_map(|(_, status)| status.split(','));
    let draft = || world.draft(call.user, id).filter(|_| statuses.clone().any(|status| status == "draft"));
    let found = find(world, call, id).or_else(|| draft().map(Content::Page));
    let shown = match found.ok_or_else(|| no_content(id))? {
        Content::Page(page) => {
            let number = call.number("version", page.number());
            if number == 0 || number > page.number() {
                return Err(no_content(id));
            }
            render::page(world, call, page, &expand, number)
        }
        Content::Comment(page, comment) => render::comment(call, page, comment, &expand),
        Content::Attachment(page, attachment) => render::attachment(call, page, attachment, &expand),
    };
    Ok(Answer::json(&shown))
}

pub(crate) fn labels(call: &Call, page: &Page) -> Value {
    let all = render::labels(page).get("results").and_then(Value::as_array).cloned();
    render::results(call, all.unwrap_or_default(), 200)
}

/// A page of pages, with only those rendered that are answered.
fn pages<'a>(world: &World, call: &Call, found: impl Iterator<Item = &'a Page>) -> Answer {
    let found: Vec<&Page> = found.collect();
    let expand = Expand::of(call, "");
    let (start, limit) = (call.number("start", 0), call.number("limit", 25).min(500));
    let values = found.iter().enumerate().map(|(place, page)| {
        let answered = place >= start && place < start + limit;
        if answered { render::page(world, call, page, &expand, page.number()) } else { Value::Null }
    });
    Answer::json(&render::results(call, values.collect(), 25))
}

/// `content?spaceKey=&title=&type=`.
pub(crate) fn list(world: &World, call: &Call) -> Reply {
    let space = match call.parameter("spaceKey") {
        Some(key) => {
            let missing = || failure(404, &format!("No space with key : {key}"));
            Some(Space::find(call.user, key).ok_or_else(missing)?)
        }
        None => None,
    };
    let kind = call.parameter("type").unwrap_or("page");
    let found = world.pages.values().filter(|page| {
        page.kind.as_str() == kind
            && world.may_read(call.user, page)
            && space.is_none_or(|space| page.space.id == space.id)
            && call.parameter("title").is_none_or(|title| page.title.eq_ignore_ascii_case(title))
    });
    Ok(pages(world, call, found))
}

fn children(world: &World, call: &Call, id: &str, kind: &str) -> Reply {
    let expand = Expand::of(call, "");
    if let ("comment", Some(Content::Comment(page, above))) = (kind, find(world, call, id)) {
        let answers = page.comments.iter().filter(|item| item.parent == Some(above.id));
        let shown = answers.map(|item| render::comment(call, page, item, &expand));
        return Ok(Answer::json(&render::results(call, shown.collect(), 25)));
    }
    let page = visible(world, call, id)?;
    let values: Vec<Value> = match kind {
        "page" => {
            let children = world.children(page.id).filter(|child| world.may_read(call.user, child));
            return Ok(pages(world, call, children));
        }
        "comment" => {
            let all = call.parameter("depth") == Some("all");
            let places: Vec<&str> = call
                .query
                .iter()
                .filter(|(name, _)| name == "location")
                .map(|(_, place)| place.as_str())
                .collect();
            let fits = |item: &&PageComment| {
                (all || item.parent.is_none())
                    && (places.is_empty() || places.contains(&render::location(item)))
            };
            page.comments.iter().filter(fits).map(|item| render::comment(call, page, item, &expand)).collect()
        }
        "attachment" => {
            let fits = |item: &&Attachment| {
                call.parameter("filename").is_none_or(|name| item.name == name)
                    && call.parameter("mediaType").is_none_or(|kind| item.kind == kind)
            };
            page.attachments
                .iter()
                .filter(fits)
                .map(|item| render::attachment(call, page, item, &expand))
                .collect()
        }
        "folder" => Vec::new(),
        _ => return Err(failure(400, &format!("Unknown child type : {kind}"))),
    };
    Ok(Answer::json(&render::results(call, values, 25)))
}
