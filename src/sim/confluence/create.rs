//! Creating, changing and deleting content in version 1.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Page;
use super::super::world::PageComment;
use super::super::world::PageKind;
use super::super::world::Property;
use super::super::world::Space;
use super::super::world::Version;
use super::super::world::World;
use super::body;
use super::content;
use super::content::Content;
use super::failure;
use super::json_body;
use super::no_content;
use super::order;
use super::order::Among;
use super::render;
use super::render::Expand;
use super::visible;

/// A page to be made, checked.
pub(crate) struct Draft {
    pub(crate) space: &'static Space,
    pub(crate) parent: Option<u64>,
    pub(crate) title: String,
    pub(crate) body: String,
}

pub(crate) fn create(world: &mut World, call: &Call) -> Reply {
    let given = json_body(call)?;
    match given.get("type").and_then(Value::as_str) {
        Some("page") => {}
        Some("comment") => return comment(world, call, &given),
        _ => return Err(failure(400, "Content type must be page or comment.")),
    }
    let key = given.pointer("/space/key").and_then(Value::as_str).unwrap_or_default();
    let missing = || failure(404, &format!("No space with key : {key}"));
    let space = Space::find(call.user, key).ok_or_else(missing)?;
    let parent = match parent_of(&given) {
        Some(id) => Some(visible(world, call, &id)?),
        None => None,
    };
    if parent.is_some_and(|parent| parent.space.id != space.id) {
        return Err(failure(400, "A page must be in the space of its parent."));
    }
    let parent = parent.map(|parent| parent.id);
    let title = given.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let body = storage_of(&given).map_err(|message| failure(400, &message))?.unwrap_or_default();
    let draft = Draft { space, parent, title, body };
    check_title(world, &draft.title, space, None).map_err(|message| failure(400, &message))?;
    let id = insert(world, call, draft);
    if let Some(page) = world.pages.get_mut(&id) {
        let properties = given.pointer("/metadata/properties").and_then(Value::as_object);
        for (place, (key, property)) in properties.into_iter().flatten().enumerate() {
            let value = property.get("value").cloned().unwrap_or_default();
            page.properties.insert(key.clone(), Property { id: id * 10 + place as u64, value, version: 1 });
        }
    }
    shown(world, call, id)
}

fn shown(world: &World, call: &Call, id: u64) -> Reply {
    let page = world.pages.get(&id).ok_or_else(|| no_content(&id.to_string()))?;
    let expand = Expand::parse("body.storage,version,space,history,ancestors");
    Ok(Answer::json(&render::page(world, call, page, &expand, page.number())))
}

/// Puts a page into the world; its id.
pub(crate) fn insert(world: &mut World, call: &Call, draft: Draft) -> u64 {
    let (now, id) = (world.tick(), world.next_id());
    let version =
        Version { by: call.user, when: now, message: String::new(), body: draft.body.clone(), minor: false };
    let page = Page {
        id,
        kind: PageKind::Page,
        is_draft: false,
        space: draft.space,
        parent: draft.parent,
        position: 0,
        title: draft.title,
        body: draft.body,
        labels: Vec::new(),
        creator: call.user,
        created: now,
        versions: vec![version],
        comments: Vec::new(),
        attachments: Vec::new(),
        properties: std::collections::BTreeMap::new(),
    };
    let parent = page.parent;
    world.pages.insert(id, page);
    order::put(world, id, parent, Among::Last);
    id
}

/// Whether a title is given and free; `except` is the page that has it already.
pub(crate) fn check_title(
    world: &World,
    title: &str,
    space: &Space,
    except: Option<u64>,
) -> Result<(), String> {
    if title.is_empty() {
        return Err("Title must not be empty.".to_owned());
    }
    let taken = world.pages.values().any(|page| {
        page.kind == PageKind::Page
            && !page.is_draft
            && page.space.id == space.id
            && Some(page.id) != except
            && page.title.eq_ignore_ascii_case(title)
    });
    if taken {
        return Err(format!(
            "A page with this title already exists: A page already exists with the title {title} in \
            the space with key {}",
            space.key
        ));
    }
    Ok(())
}

/// The body as storage, from `storage` or `wiki`; `None` where there is none.
fn storage_of(given: &Value) -> Result<Option<String>, String> {
    let part = |name: &str| given.pointer(&format!("/body/{name}/value")).and_then(Value::as_str);
    if let Some(wiki) = part("wiki") {
        return Ok(Some(body::storage(wiki)));
    }
    let Some(storage) = part("storage") else { return Ok(None) };
    body::refusal(storage).map_or_else(|| Ok(Some(storage.to_owned())), Err)
}

fn parent_of(given: &Value) -> Option<String> {
    let last = given.get("ancestors")?.as_array()?.last()?.get("id")?;
    last.as_str().map(str::to_owned).or_else(|| last.as_u64().map(|id| id.to_string()))
}

fn comment(world: &mut World, call: &Call, given: &Value) -> Reply {
    let container = given.pointer("/container/id");
    let container = container
        .and_then(|id| id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string())));
    let container = container.ok_or_else(|| failure(400, "A comment must have a container."))?;
    let (page, parent) = match content::find(world, call, &container) {
        Some(Content::Page(page)) => (page.id, parent_of(given).and_then(|id| id.parse().ok())),
        Some(Content::Comment(page, comment)) => (page.id, Some(comment.id)),
        _ => return Err(no_content(&container)),
    };
    let body = storage_of(given).map_err(|message| failure(400, &message))?;
    let body =
        body.filter(|body| !body.trim().is_empty()).ok_or_else(|| failure(400, "The comment is empty."))?;
    let selection = given.pointer("/extensions/inlineProperties/originalSelection").and_then(Value::as_str);
    let selection = selection.map(str::to_owned);
    let (when, id) = (world.tick(), world.next_id());
    let page = world.pages.get_mut(&page).ok_or_else(|| no_content(&container))?;
    let comment = PageComment { id, by: call.user, when, body, parent, selection, resolved: false };
    let expand = Expand::parse("body.storage,body.view,version,history,container,ancestors");
    let shown = render::comment(call, page, &comment, &expand);
    page.comments.push(comment);
    Ok(Answer::json(&shown))
}

pub(crate) fn update(world: &mut World, call: &Call, id: &str) -> Reply {
    let page = visible(world, call, id)?;
    let given = json_body(call)?;
    let current = page.number();
    if given.pointer("/version/number").and_then(Value::as_u64) != Some(current as u64 + 1) {
        return Err(failure(
            409,
            &format!("Version must be incremented on update. Current version is: {current}"),
        ));
    }
    let title = given
        .get("title")
        .and_then(Value::as_str)
        .map_or_else(|| page.title.clone(), |title| title.trim().to_owned());
    if page.kind == PageKind::Page {
        check_title(world, &title, page.space, Some(page.id)).map_err(|message| failure(400, &message))?;
    }
    let (parent, former) = match parent_of(&given) {
        Some(above) => (Some(visible(world, call, &above)?.id), page.parent),
        None => (page.parent, page.parent),
    };
    let body =
        storage_of(&given).map_err(|message| failure(400, &message))?.unwrap_or_else(|| page.body.clone());
    let message = given.pointer("/version/message").and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = page.id;
    revise(world, call, number, (title, body, message));
    if let Some(version) = world.pages.get_mut(&number).and_then(|page| page.versions.last_mut()) {
        version.minor = given.pointer("/version/minorEdit").and_then(Value::as_bool).unwrap_or(false);
    }
    if parent != former {
        order::put(world, number, parent, Among::Last);
    }
    shown(world, call, number)
}

/// Adds a version with this title, body and message.
pub(crate) fn revise(
    world: &mut World,
    call: &Call,
    id: u64,
    (title, body, message): (String, String, String),
) {
    let when = world.tick();
    if let Some(page) = world.pages.get_mut(&id) {
        page.title = title;
        page.body.clone_from(&body);
        page.versions.push(Version { by: call.user, when, message, body, minor: false });
    }
}

pub(crate) fn delete(world: &mut World, call: &Call, id: &str) -> Reply {
    let (page, part) = match content::find(world, call, id).ok_or_else(|| no_content(id))? {
        Content::Page(page) => (page.id, None),
        Content::Comment(page, comment) => (page.id, Some(comment.id)),
        Content::Attachment(page, attachment) => (page.id, Some(attachment.id)),
    };
    remove(world, page, part);
    Ok(Answer::empty(204))
}

/// Removes a page, whose children move up, or a comment or attachment of it.
pub(crate) fn remove(world: &mut World, page: u64, part: Option<u64>) {
    if let Some(part) = part {
        if let Some(page) = world.pages.get_mut(&page) {
            page.comments.retain(|comment| comment.id != part && comment.parent != Some(part));
            page.attachments.retain(|attachment| attachment.id != part);
        }
        return;
    }
    let above = world.pages.remove(&page).and_then(|page| page.parent);
    for child in world.pages.values_mut().filter(|child| child.parent == Some(page)) {
        child.parent = above;
    }
}

/// Adds labels from a list of `{prefix, name}`, or removes one named in the path or the query.
pub(crate) fn label(world: &mut World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    visible(world, call, id)?;
    let given = call.json().unwrap_or_default();
    let page = world.page_mut(call.user, id).ok_or_else(|| no_content(id))?;
    if call.method == http::Method::DELETE {
        let name = rest.first().copied().or_else(|| call.parameter("name")).unwrap_or_default();
        page.labels.retain(|label| label != name);
        return Ok(Answer::empty(204));
    }
    let single = json!([given]);
    let items = given.as_array().or_else(|| single.as_array()).into_iter().flatten();
    let names: Option<Vec<&str>> = items.map(|item| item.get("name").and_then(Value::as_str)).collect();
    let names = names.filter(|names| names.iter().all(|name| !name.is_empty() && !name.contains(' ')));
    for name in names.ok_or_else(|| failure(400, "The label is not valid."))? {
        let name = name.to_lowercase();
        if !page.labels.contains(&name) {
            page.labels.push(name);
        }
    }
    Ok(Answer::json(&content::labels(call, page)))
}
