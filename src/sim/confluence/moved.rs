//! Moving and copying pages.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Page;
use super::super::world::PageKind;
use super::super::world::Property;
use super::super::world::Space;
use super::super::world::World;
use super::create;
use super::create::Draft;
use super::failure;
use super::json_body;
use super::no_content;
use super::order;
use super::order::Among;
use super::render;
use super::render::Expand;
use super::visible;

/// `PUT content/{id}/move/{position}/{target}` of Cloud.
pub(crate) fn by_rest(world: &mut World, call: &Call, (id, position, target): (&str, &str, &str)) -> Reply {
    if !matches!(position, "append" | "before" | "after") {
        return Err(failure(400, "position must be one of before, after, append"));
    }
    moved(world, call, (id, position, target))?;
    Ok(Answer::json(&json!({"pageId": id})))
}

/// `POST /pages/movepage.action` of Data Center, which answers with a page whatever became of it.
pub(crate) fn by_action(world: &mut World, call: &Call) -> Answer {
    let parameter = |name: &str| call.parameter(name).unwrap_or_default().to_owned();
    let (id, target) = (parameter("pageId"), parameter("targetId"));
    let position = match parameter("position").as_str() {
        "above" => "before",
        "below" => "after",
        "append" => "append",
        _ => return page("<div class=\"aui-message error\">Unknown position</div>"),
    };
    let goes = visible(world, call, &target).is_ok_and(|page| page.space.key == parameter("spaceKey"));
    if !goes || moved(world, call, (&id, position, &target)).is_err() {
        return page("<div class=\"aui-message error\">The page could not be moved.</div>");
    }
    page("<html><body>The page was moved.</body></html>")
}

fn page(html: &str) -> Answer {
    Answer::text(200, "text/html;charset=UTF-8", html.to_owned())
}

fn moved(world: &mut World, call: &Call, (id, position, target): (&str, &str, &str)) -> Result<(), Answer> {
    let page = visible(world, call, id)?;
    let beside = visible(world, call, target)?;
    if page.kind != PageKind::Page || beside.kind != PageKind::Page {
        return Err(failure(400, "Only pages can be moved."));
    }
    let above = if position == "append" { Some(beside) } else { world.ancestors(beside).last().copied() };
    let among = match position {
        "before" => Among::Before(beside.id),
        "after" => Among::After(beside.id),
        _ => Among::Last,
    };
    let into_itself =
        |above: &Page| above.id == page.id || world.ancestors(above).iter().any(|one| one.id == page.id);
    if above.is_some_and(into_itself) {
        return Err(failure(400, "A page cannot be moved below itself."));
    }
    let taken = world
        .pages
        .values()
        .filter(|other| other.kind == PageKind::Page && other.space.id == beside.space.id)
        .any(|other| other.id != page.id && other.title == page.title);
    if taken {
        return Err(failure(400, "A page with this title already exists in the space."));
    }
    let (id, space, parent) = (page.id, beside.space, above.map(|above| above.id));
    let below: Vec<u64> = world
        .pages
        .values()
        .filter(|one| world.ancestors(one).iter().any(|above| above.id == id))
        .map(|one| one.id)
        .collect();
    for below in below {
        if let Some(page) = world.pages.get_mut(&below) {
            page.space = space;
        }
    }
    if let Some(page) = world.pages.get_mut(&id) {
        page.space = space;
    }
    order::put(world, id, parent, among);
    Ok(())
}

/// `POST content/{id}/copy` of Cloud.
pub(crate) fn copy(world: &mut World, call: &Call, id: &str) -> Reply {
    let given = json_body(call)?;
    let flag = |name: &str| given.get(name).and_then(Value::as_bool).unwrap_or(false);
    let source = visible(world, call, id)?;
    if source.kind != PageKind::Page {
        return Err(failure(400, "Only pages can be copied."));
    }
    let text = |pointer: &str| given.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (space, parent) = match text("/destination/type") {
        "space" => {
            let key = text("/destination/value");
            let missing = || failure(404, &format!("No space with key : {key}"));
            let space: &'static Space = Space::find(call.user, key).ok_or_else(missing)?;
            (space, Some(space.home))
        }
        "parent_page" => {
            let parent = visible(world, call, text("/destination/value"))?;
            (parent.space, Some(parent.id))
        }
        _ => return Err(failure(400, "destination.type is invalid")),
    };
    let title = text("/pageTitle").to_owned();
    create::check_title(world, &title, space, None).map_err(|message| failure(400, &message))?;
    let (body, labels) = (source.body.clone(), source.labels.clone());
    let properties: Vec<(String, Value)> =
        source.properties.iter().map(|(key, property)| (key.clone(), property.value.clone())).collect();
    let id = create::insert(world, call, Draft { space, parent, title, body });
    let number = world.next_id();
    let page = world.pages.get_mut(&id).ok_or_else(|| no_content(&id.to_string()))?;
    if flag("copyLabels") {
        page.labels = labels;
    }
    if flag("copyProperties") {
        for (place, (key, value)) in properties.into_iter().enumerate() {
            page.properties.insert(key, Property { id: number + place as u64, value, version: 1 });
        }
    }
    let page = world.pages.get(&id).ok_or_else(|| no_content(&id.to_string()))?;
    let expand = Expand::of(call, "space,history,version");
    Ok(Answer::json(&render::page(world, call, page, &expand, page.number())))
}
