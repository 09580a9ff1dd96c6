//! Version 2, which only Cloud has: flat objects, space ids instead of keys, cursors instead of offsets.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Page;
use super::super::world::PageKind;
use super::super::world::Property;
use super::super::world::Space;
use super::super::world::World;
use super::attached;
use super::body;
use super::comments;
use super::create;
use super::create::Draft;
use super::order;
use super::order::Among;
use super::render;
use super::rights;

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        ["spaces"] => {
            let keys: Vec<&str> = call
                .query
                .iter()
                .filter(|(name, _)| name == "keys")
                .flat_map(|(_, keys)| keys.split(','))
                .collect();
            let spaces = data::SPACES.iter().filter(|space| call.user.may_view(space));
            let spaces = spaces.filter(|space| keys.is_empty() || keys.contains(&space.key));
            Ok(listed(call, spaces.map(|item| space(call, item)).collect()))
        }
        ["spaces", id] => Ok(Answer::json(&space(call, find_space(call, id)?))),
        ["spaces", id, "permissions"] => Ok(listed(call, rights::assignments(find_space(call, id)?))),
        ["spaces", id, kind @ ("pages" | "blogposts")] => {
            let space = find_space(call, id)?;
            let pages = world.pages.values().filter(|page| {
                page.kind.collection() == *kind
                    && page.space.id == space.id
                    && world.may_read(call.user, page)
            });
            Ok(listed(call, pages.map(|item| page(call, item, item.number())).collect()))
        }
        [kind @ ("pages" | "blogposts")] => {
            let spaces: Vec<&str> = call
                .query
                .iter()
                .filter(|(name, _)| name == "space-id")
                .flat_map(|(_, ids)| ids.split(','))
                .collect();
            let ids: Vec<&str> =
                call.query.iter().filter(|(name, _)| name == "id").map(|(_, id)| id.as_str()).collect();
            let pages = world.pages.values().filter(|page| {
                page.kind.collection() == *kind
                    && world.may_read(call.user, page)
                    && (ids.is_empty() || ids.contains(&page.id.to_string().as_str()))
                    && (spaces.is_empty() || spaces.contains(&page.space.id.to_string().as_str()))
                    && call.parameter("title").is_none_or(|title| page.title.eq_ignore_ascii_case(title))
            });
            Ok(listed(call, pages.map(|item| page(call, item, item.number())).collect()))
        }
        ["attachments", ..] | ["pages" | "blogposts", _, "attachments"] => attached::read(world, call, path),
        ["footer-comments" | "inline-comments", ..]
        | ["pages" | "blogposts", _, "footer-comments" | "inline-comments"] => {
            comments::read(world, call, path)
        }
        [kind @ ("pages" | "blogposts"), id] if call.parameter("get-draft") == Some("true") => {
            let draft = world.draft(call.user, id).filter(|page| page.kind.collection() == *kind);
            read_page(world, call, draft.map_or_else(|| visible(world, call, kind, id), Ok)?, &[])
        }
        [kind @ ("pages" | "blogposts"), id, rest @ ..] => {
            read_page(world, call, visible(world, call, kind, id)?, rest)
        }
        _ => Err(missing()),
    }
}

fn read_page(world: &World, call: &Call, page: &Page, rest: &[&str]) -> Reply {
    match rest {
        [] => {
            let number = call.number("version", page.number());
            if number == 0 || number > page.number() {
                return Err(missing());
            }
            Ok(Answer::json(&self::page(call, page, number)))
        }
        ["children" | "direct-children"] if page.kind == PageKind::Page => {
            let children = world.children(page.id).filter(|child| world.may_read(call.user, child)).map(|child| {
                json!({"id": child.id.to_string(), "status": "current", "title": child.title, "type": "page",
                    "spaceId": child.space.id.to_string(), "childPosition": child.position})
            });
            Ok(listed(call, children.collect()))
        }
        ["ancestors"] if page.kind == PageKind::Page => {
            let above = world.ancestors(page).into_iter();
            Ok(listed(call, above.map(|above| json!({"id": above.id.to_string(), "type": "page"})).collect()))
        }
        ["properties"] => {
            let fits = |key: &str| call.parameter("key").is_none_or(|wanted| wanted == key);
            let all = page.properties.iter().filter(|(key, _)| fits(key));
            Ok(listed(call, all.map(|(key, item)| property(key, item)).collect()))
        }
        ["properties", id] => {
            let found = page.properties.iter().find(|(_, item)| item.id.to_string() == *id);
            let (key, found) = found.ok_or_else(missing)?;
            Ok(Answer::json(&property(key, found)))
        }
        ["labels"] => {
            let labels = render::labels(page).get("results").and_then(Value::as_array).cloned();
            Ok(listed(call, labels.unwrap_or_default()))
        }
        ["versions"] => {
            let versions = page.versions.iter().enumerate().rev();
            Ok(listed(call, versions.map(|(place, item)| version(place + 1, item)).collect()))
        }
        ["versions", number] => {
            let number: usize = number.parse().map_err(|_| missing())?;
            let found =
                number.checked_sub(1).and_then(|place| page.versions.get(place)).ok_or_else(missing)?;
            Ok(Answer::json(&version(number, found)))
        }
        _ => Err(missing()),
    }
}

pub(crate) fn write(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    match (call.method.as_str(), path) {
        ("POST", ["pages"]) => create_page(world, call),
        ("PUT", [kind @ ("pages" | "blogposts"), id]) => {
            let id = visible(world, call, kind, id)?.id;
            update_page(world, call, id)
        }
        ("DELETE", [kind @ ("pages" | "blogposts"), id]) => {
            let id = visible(world, call, kind, id)?.id;
            create::remove(world, id, None);
            Ok(Answer::empty(204))
        }
        ("POST", ["footer-comments" | "inline-comments"]) => comments::create(world, call, path),
        ("DELETE", ["attachments", id]) => attached::delete(world, call, id),
        ("POST" | "PUT" | "DELETE", [kind @ ("pages" | "blogposts"), id, "properties", rest @ ..]) => {
            visible(world, call, kind, id)?;
            set_property(world, call, id, rest)
        }
        _ => Err(missing()),
    }
}

fn create_page(world: &mut World, call: &Call) -> Reply {
    let given = call.json().unwrap_or_default();
    let id = given.get("spaceId").and_then(text).ok_or_else(|| invalid("spaceId must be given"))?;
    let space = find_space(call, &id)?;
    let parent = match given.get("parentId").and_then(text) {
        Some(id) => Some(visible(world, call, "pages", &id)?.id),
        None => Some(space.home),
    };
    let title = given.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    create::check_title(world, &title, space, None).map_err(|message| invalid(&message))?;
    let body = storage(&given)?;
    let id = create::insert(world, call, Draft { space, parent, title, body });
    shown(world, call, id)
}

fn update_page(world: &mut World, call: &Call, id: u64) -> Reply {
    let current = world.pages.get(&id).ok_or_else(missing)?;
    let given = call.json().unwrap_or_default();
    let number = current.number() as u64;
    if given.pointer("/version/number").and_then(Value::as_u64) != Some(number + 1) {
        let text = format!("Version must be incremented when updating a page. Current Version: [{number}].");
        return Err(problem(409, "CONFLICT", &text));
    }
    let title = given.get("title").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if current.kind == PageKind::Page {
        create::check_title(world, &title, current.space, Some(id)).map_err(|message| invalid(&message))?;
    }
    let parent = match given.get("parentId").and_then(text) {
        Some(id) => Some(visible(world, call, "pages", &id)?.id),
        None => current.parent,
    };
    let (former, body) = (current.parent, storage(&given)?);
    let message = given.pointer("/version/message").and_then(Value::as_str).unwrap_or_default().to_owned();
    create::revise(world, call, id, (title, body, message));
    if parent != former {
        order::put(world, id, parent, Among::Last);
    }
    shown(world, call, id)
}

fn shown(world: &World, call: &Call, id: u64) -> Reply {
    let found = world.pages.get(&id).ok_or_else(missing)?;
    let mut shown = page(call, found, found.number());
    let body = json!({"storage": {"value": found.body, "representation": "storage"}});
    super::super::answer::extend(&mut shown, json!({"body": body}));
    Ok(Answer::json(&shown))
}

fn set_property(world: &mut World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    let next = world.next_id();
    let given = call.json().unwrap_or_default();
    let page = world.page_mut(call.user, id).ok_or_else(missing)?;
    let known =
        page.properties.iter().find(|(_, item)| rest.first().is_some_and(|id| item.id.to_string() == **id));
    let known = known.map(|(key, item)| (key.clone(), item.id, item.version));
    let key = given.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = given.get("value").cloned();
    let (key, item) = match (call.method.as_str(), known, value) {
        ("DELETE", Some((key, ..)), _) => {
            page.properties.remove(&key);
            return Ok(Answer::empty(204));
        }
        ("POST", None, Some(_)) if page.properties.contains_key(&key) => {
            return Err(problem(409, "CONFLICT", "A property with this key already exists"));
        }
        ("POST", None, Some(value)) if rest.is_empty() && !key.is_empty() => {
            (key, Property { id: next, value, version: 1 })
        }
        ("PUT", Some((key, id, version)), Some(value)) => (key, Property { id, value, version: version + 1 }),
        ("POST", ..) => return Err(invalid("key and value must be given")),
        _ => return Err(missing()),
    };
    let answer = Answer::json(&property(&key, &item));
    page.properties.insert(key, item);
    Ok(answer)
}

/// What is in `pages` or `blogposts`: those of the other are not there.
pub(crate) fn visible<'a>(world: &'a World, call: &Call, kind: &str, id: &str) -> Result<&'a Page, Answer> {
    world.page(call.user, id).filter(|page| page.kind.collection() == kind).ok_or_else(missing)
}

/// How a comment or a file names what it is on.
pub(crate) fn named_as(page: &Page) -> &'static str {
    match page.kind {
        PageKind::Page => "pageId",
        PageKind::BlogPost => "blogPostId",
    }
}

/// By id only: version 2 takes no keys in paths.
fn find_space(call: &Call, id: &str) -> Result<&'static Space, Answer> {
    let found = data::SPACES.iter().find(|space| space.id.to_string() == id);
    found.filter(|space| call.user.may_view(space)).ok_or_else(missing)
}

fn problem(status: u16, code: &str, title: &str) -> Answer {
    Answer::status(
        status,
        &json!({"errors": [{"status": status, "code": code, "title": title, "detail": null}]}),
    )
}

pub(crate) fn missing() -> Answer {
    problem(404, "NOT_FOUND", "Not Found")
}

pub(crate) fn invalid(title: &str) -> Answer {
    problem(400, "INVALID_REQUEST_PARAMETER", title)
}

pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

/// The storage of a body given as `{representation, value}` or `{storage: {value}}`.
pub(crate) fn storage(given: &Value) -> Result<String, Answer> {
    let value = given.pointer("/body/value").or_else(|| given.pointer("/body/storage/value"));
    let value = value.and_then(Value::as_str).unwrap_or_default();
    let representation = given.pointer("/body/representation").and_then(Value::as_str).unwrap_or("storage");
    match representation {
        "storage" => {
            body::refusal(value).map_or_else(|| Ok(value.to_owned()), |message| Err(invalid(&message)))
        }
        "wiki" => Ok(body::storage(value)),
        other => Err(invalid(&format!("The representation {other} is not supported here"))),
    }
}

fn space(call: &Call, space: &Space) -> Value {
    json!({"id": space.id.to_string(), "key": space.key, "name": space.name, "type": "global", "status": "current",
        "authorId": data::USERS[0].account_id, "createdAt": render::time(data::ago(60 * 24 * 200)),
        "homepageId": space.home.to_string(), "description": null, "icon": null,
        "_links": {"webui": render::space_path(call, space), "base": render::base(call)}})
}

fn page(call: &Call, page: &Page, number: usize) -> Value {
    let known = number.checked_sub(1).and_then(|place| page.versions.get(place));
    let mut shown = json!({"id": page.id.to_string(), "status": page.status(), "title": page.title,
        "spaceId": page.space.id.to_string(), "authorId": page.creator.account_id,
        "ownerId": page.creator.account_id, "lastOwnerId": null, "createdAt": render::time(page.created),
        "version": known.map(|item| version(number, item)), "body": {},
        "_links": {"webui": render::web_path(call, page), "tinyui": render::tiny_path(page),
            "editui": format!("/pages/resumedraft.action?draftId={}", page.id), "base": render::base(call)}});
    if page.kind == PageKind::Page {
        let parent = page.parent.map(|id| id.to_string());
        let place = json!({"parentId": parent, "parentType": page.parent.map(|_| "page"),
            "position": page.position});
        super::super::answer::extend(&mut shown, place);
    }
    if call.parameter("include-properties") == Some("true") {
        let properties: Vec<Value> = page.properties.iter().map(|(key, item)| property(key, item)).collect();
        super::super::answer::extend(&mut shown, json!({"properties": {"results": properties}}));
    }
    let storage = known.map_or("", |version| version.body.as_str());
    let body = match call.parameter("body-format") {
        Some("storage") => json!({"storage": {"representation": "storage", "value": storage}}),
        Some("view") => json!({"view": {"representation": "view", "value": body::view(storage)}}),
        _ => return shown,
    };
    super::super::answer::extend(&mut shown, json!({"body": body}));
    shown
}

fn version(number: usize, version: &super::super::world::Version) -> Value {
    json!({"number": number, "createdAt": render::time(version.when), "message": version.message,
        "minorEdit": version.minor, "authorId": version.by.account_id})
}

fn property(key: &str, property: &Property) -> Value {
    json!({"id": property.id.to_string(), "key": key, "value": property.value,
        "version": {"number": property.version, "message": "", "minorEdit": false}})
}

/// A page of results; the cursor is the place to go on at.
pub(crate) fn listed(call: &Call, values: Vec<Value>) -> Answer {
    let (start, limit) = (call.number("cursor", 0), call.number("limit", 25).clamp(1, 250));
    let total = values.len();
    let some: Vec<Value> = values.into_iter().skip(start).take(limit).collect();
    let mut links = json!({"base": render::base(call)});
    if start + some.len() < total {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(call.query.iter().filter(|(name, _)| name != "cursor"));
        query.append_pair("cursor", &(start + limit).to_string());
        let next = format!("/{}?{}", call.segments.join("/"), query.finish());
        super::super::answer::extend(&mut links, json!({"next": next}));
    }
    Answer::json(&json!({"results": some, "_links": links}))
}
