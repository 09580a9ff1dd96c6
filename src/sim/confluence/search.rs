//! Searching with CQL.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::query::cql;
use super::super::query::hit::Hit;
use super::super::world::World;
use super::body;
use super::failure;
use super::render;
use super::render::Expand;

const LONGEST_EXCERPT: usize = 300;

pub(crate) fn answer(world: &World, call: &Call) -> Reply {
    let missing = || failure(400, "The query parameter 'cql' is required.");
    let text = call.parameter("cql").ok_or_else(missing)?;
    let found = cql::search(world, call.user, text).map_err(|message| failure(400, &message))?;
    let content_only = call.segments.iter().any(|segment| segment == "content");
    let people = call.segments.last().is_some_and(|segment| segment == "user");
    let found: Vec<Hit<'_>> = found
        .into_iter()
        .filter(|hit| !people || matches!(hit, Hit::User(_)))
        .filter(|hit| !content_only || hit.page().is_some())
        .collect();
    let expand = Expand::of(call, "");
    let (start, limit) = (call.number("start", 0), call.number("limit", 25).min(100));
    let some = found.iter().skip(start).take(limit);
    let results: Vec<Value> = some
        .map(|hit| {
            if content_only {
                content(world, call, *hit, &expand)
            } else {
                result(world, call, *hit, &expand)
            }
        })
        .collect();
    let mut links = json!({"base": render::base(call), "context": if call.is_cloud() { "/wiki" } else { "" },
        "self": format!("{}/rest/api/search", render::base(call))});
    if start + results.len() < found.len() {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let next = format!("/rest/api/search?cql={encoded}&limit={limit}&start={}", start + limit);
        super::super::answer::extend(&mut links, json!({"next": next}));
    }
    Ok(Answer::json(&json!({"results": results, "start": start, "limit": limit, "size": results.len(),
        "totalSize": found.len(), "cqlQuery": text, "searchDuration": 3, "_links": links})))
}

fn content(world: &World, call: &Call, hit: Hit<'_>, expand: &Expand) -> Value {
    match hit {
        Hit::Page(page) => render::page(world, call, page, expand, page.number()),
        Hit::Comment(page, comment) => render::comment(call, page, comment, expand),
        Hit::Attachment(page, attachment) => render::attachment(call, page, attachment, expand),
        Hit::Space(_) | Hit::User(_) => Value::Null,
    }
}

fn result(world: &World, call: &Call, hit: Hit<'_>, expand: &Expand) -> Value {
    let mut shown = match hit {
        Hit::Space(space) => json!({"space": render::space(call, space)}),
        Hit::User(user) => json!({"user": render::user(call, user)}),
        _ => json!({"content": content(world, call, hit, &expand.below("content"))}),
    };
    let excerpt: String = body::plain(hit.body()).chars().take(LONGEST_EXCERPT).collect();
    let address = match (hit.page(), hit.space()) {
        (Some(page), _) => render::web_path(call, page),
        (None, Some(space)) => render::space_path(call, space),
        (None, None) => "/people".to_owned(),
    };
    let entity = if hit.page().is_some() { "content" } else { hit.kind() };
    super::super::answer::extend(
        &mut shown,
        json!({"title": hit.title(), "excerpt": excerpt, "url": address, "breadcrumbs": [], "entityType": entity,
            "iconCssClass": format!("aui-icon content-type-{}", hit.kind()), "friendlyLastModified": "recently",
            "lastModified": hit.modified().map(render::time), "score": 0.0}),
    );
    if let (Some(_), Some(space)) = (hit.page(), hit.space()) {
        let container = json!({"title": space.name, "displayUrl": render::space_path(call, space)});
        super::super::answer::extend(&mut shown, json!({"resultGlobalContainer": container}));
    }
    shown
}
