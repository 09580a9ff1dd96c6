//! Who may do what: restrictions of pages, permissions of spaces, and Cloud's check of both.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Restriction;
use super::super::world::Space;
use super::super::world::User;
use super::super::world::World;
use super::failure;
use super::no_content;
use super::render;
use super::visible;

const OPERATIONS: [&str; 2] = ["read", "update"];

/// What every space gives: to whom, and which operation on what.
const GIVEN: [(&str, &str, &str); 4] = [
    ("jira-users", "read", "space"),
    ("jira-users", "create", "page"),
    ("ops", "delete", "page"),
    ("ops", "administer", "space"),
];

pub(crate) fn read(world: &World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    let page = visible(world, call, id)?.id;
    match rest {
        ["byOperation"] => {
            let shown = OPERATIONS.map(|name| (name.to_owned(), operation(world, call, page, name)));
            Ok(Answer::json(&Value::Object(shown.into_iter().collect())))
        }
        ["byOperation", name] if OPERATIONS.contains(name) => {
            Ok(Answer::json(&operation(world, call, page, name)))
        }
        ["relevantViewRestrictions"] if !call.is_cloud() => Ok(Answer::json(&relevant(world, call, page))),
        _ => Err(failure(404, "null for uri")),
    }
}

/// The view restrictions of a page and of those above it, as Data Center lists them.
fn relevant(world: &World, call: &Call, page: u64) -> Value {
    let above = world.pages.get(&page).map(|page| world.ancestors(page)).unwrap_or_default();
    let restricted = above.iter().map(|above| above.id).chain([page]);
    let restricted =
        restricted.filter(|id| world.restrictions.get(id).is_some_and(|found| found.contains_key("read")));
    let shown = restricted.map(|id| operation(world, call, id, "read")).collect();
    json!({"viewContentRestrictions": render::results(call, shown, 50)})
}

pub(crate) fn write(world: &mut World, call: &Call, id: &str) -> Reply {
    let page = visible(world, call, id)?.id;
    let mut found = world.restrictions.get(&page).cloned().unwrap_or_default();
    if call.method == http::Method::DELETE {
        found.clear();
    } else {
        let given = call.json().ok_or_else(|| failure(400, "The request body is not valid JSON."))?;
        let list = given.as_array().or_else(|| given.get("results")?.as_array()).cloned().unwrap_or_default();
        if call.is_cloud() {
            found.clear();
        }
        for one in &list {
            let name = one.get("operation").and_then(Value::as_str).unwrap_or_default();
            let name = OPERATIONS.iter().find(|known| **known == name);
            let name = name.ok_or_else(|| failure(400, "The operation is not valid."))?;
            let slot = found.entry(name).or_default();
            if let Some(users) = names(one, "user", &["accountId", "username"]) {
                let users = users.iter().map(|name| User::named(name).map(|user| user.name));
                let users: Option<Vec<&str>> = users.collect();
                slot.users =
                    users.ok_or_else(|| failure(400, "A user of the restrictions does not exist."))?;
            }
            if let Some(groups) = names(one, "group", &["id", "name"]) {
                let known = groups.iter().all(|group| data::USERS.iter().any(|user| user.is_in(group)));
                if !known {
                    return Err(failure(400, "A group of the restrictions does not exist."));
                }
                slot.groups = groups;
            }
        }
    }
    if !call.is_cloud() && found.values().any(|restriction| !restriction.lets(call.user)) {
        return Err(failure(400, "You can not revoke your own access."));
    }
    found.retain(|_, restriction| !restriction.users.is_empty() || !restriction.groups.is_empty());
    world.restrictions.insert(page, found);
    let shown = OPERATIONS.map(|name| operation(world, call, page, name)).to_vec();
    Ok(Answer::json(&render::results(call, shown, 100)))
}

fn names(one: &Value, kind: &str, keys: &[&str]) -> Option<Vec<String>> {
    let list = one.get("restrictions")?.get(kind)?.as_array()?;
    let name = |item: &Value| keys.iter().find_map(|key| item.get(*key)?.as_str()).map(str::to_owned);
    Some(list.iter().map(|item| name(item).unwrap_or_default()).collect())
}

pub(super) fn operation(world: &World, call: &Call, page: u64, name: &str) -> Value {
    let none = Restriction::default();
    let found = world.restrictions.get(&page).and_then(|found| found.get(name)).unwrap_or(&none);
    let list = |items: Vec<Value>| json!({"start": 0, "limit": 200, "size": items.len(), "results": items});
    let users = found.users.iter().filter_map(|name| User::named(name)).map(|user| render::user(call, user));
    let groups = found.groups.iter().map(|name| json!({"type": "group", "name": name, "id": name}));
    json!({"operation": name, "restrictions": {"user": list(users.collect()), "group": list(groups.collect())},
        "_expandable": {"content": format!("/rest/api/content/{page}")}, "_links": {}})
}

/// Cloud's check. Whoever looks at somebody else's rights has to be an administrator: in the group `ops` here.
pub(crate) fn check(world: &World, call: &Call, id: &str) -> Reply {
    let page = visible(world, call, id)?;
    let given = call.json().unwrap_or_default();
    let text = |pointer: &str| given.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, identifier, operation) =
        (text("/subject/type"), text("/subject/identifier"), text("/operation"));
    if !["read", "update", "delete"].contains(&operation) || !["user", "group"].contains(&kind) {
        return Err(failure(400, "The operation or the subject is not valid."));
    }
    let person = (kind == "user").then(|| User::named(identifier)).flatten();
    if kind == "user" && person.is_none() {
        return Err(failure(400, "The user does not exist."));
    }
    if !call.user.is_in("ops") && person.is_none_or(|person| person.name != call.user.name) {
        return Err(failure(403, "You may not check permissions of others."));
    }
    let in_group = |group: &str| person.map_or(group == identifier, |person| person.is_in(group));
    let wanted = if operation == "read" { ("read", "space") } else { ("create", "page") };
    let space = GIVEN.iter().any(|(group, key, target)| (*key, *target) == wanted && in_group(group))
        && person.is_none_or(|person| person.may_view(page.space));
    let named = |restriction: &Restriction| match person {
        Some(person) => restriction.lets(person),
        None => restriction.groups.iter().any(|group| group == identifier),
    };
    let above = world.ancestors(page).into_iter().map(|above| above.id);
    let content = above.chain([page.id]).all(|id| {
        let found = world.restrictions.get(&id);
        let restriction = |name: &str| found.and_then(|found| found.get(name));
        restriction("read").is_none_or(named)
            && (operation == "read" || id != page.id || restriction("update").is_none_or(named))
    });
    let errors: Vec<Value> = [(space, "space"), (content, "content")]
        .iter()
        .filter(|(given, _)| !given)
        .map(|(_, what)| json!({"translation": format!("User does not have permission to the {what}"), "args": []}))
        .collect();
    Ok(Answer::json(&json!({"hasPermission": errors.is_empty(), "errors": errors, "_links": {}})))
}

/// The permissions of a space on Data Center, for its administrators.
pub(crate) fn of_space(call: &Call, space: &Space) -> Reply {
    if !call.user.is_in("ops") {
        return Err(failure(403, "You may not see the permissions of the space."));
    }
    let shown = GIVEN.iter().map(|(group, key, target)| {
        json!({"operation": {"operationKey": key, "targetType": target}, "spaceKey": space.key, "spaceId": space.id,
            "subject": {"type": "group", "name": group, "displayName": group}})
    });
    Ok(Answer::json(&shown.collect::<Vec<_>>().into()))
}

/// The permissions of a space on Cloud.
pub(crate) fn assignments(space: &Space) -> Vec<Value> {
    let shown = GIVEN.iter().enumerate().map(|(place, (group, key, target))| {
        json!({"id": (space.id * 10 + place as u64).to_string(), "principal": {"type": "group", "id": group},
            "operation": {"key": key, "targetType": target}})
    });
    shown.collect()
}

/// Groups whose name holds a text, as Cloud finds them.
pub(crate) fn picked(call: &Call) -> Reply {
    let text = call.parameter("query").ok_or_else(|| failure(400, "query must be given"))?;
    let mut names: Vec<&str> = data::USERS.iter().flat_map(|user| user.groups.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    let found = names.into_iter().filter(|name| name.contains(text));
    let shown = found.map(|name| json!({"type": "group", "name": name, "id": name})).collect();
    Ok(Answer::json(&render::results(call, shown, 200)))
}

impl Restriction {
    /// Whether it names somebody, or nobody at all.
    pub(crate) fn lets(&self, user: &User) -> bool {
        let open = self.users.is_empty() && self.groups.is_empty();
        open || self.users.contains(&user.name) || self.groups.iter().any(|group| user.is_in(group))
    }
}

/// The templates of Cloud: one of the site and one of each space.
pub(crate) fn templates(call: &Call, rest: &[&str]) -> Reply {
    let of_space = |space: &Space| {
        json!({"templateId": (space.id + 900_000).to_string(), "name": format!("Page of {}", space.name),
            "description": "", "templateType": "page", "labels": [], "space": {"id": space.id, "key": space.key, "name": space.name}})
    };
    let site = json!({"templateId": "90001", "name": "Meeting notes", "description": "What was said",
        "templateType": "page", "labels": []});
    let visible = || data::SPACES.iter().filter(|space| call.user.may_view(space));
    match rest {
        ["page"] => {
            let found = match call.parameter("spaceKey") {
                Some(key) => {
                    let space = Space::find(call.user, key).ok_or_else(|| no_content(key))?;
                    vec![of_space(space)]
                }
                None => vec![site],
            };
            Ok(Answer::json(&render::results(call, found, 25)))
        }
        [id] => {
            let all = visible().map(of_space).chain([site]);
            let mut all =
                all.filter(|template| template.get("templateId").and_then(Value::as_str) == Some(*id));
            let mut found = all.next().ok_or_else(|| failure(403, "There is no template with this id."))?;
            let storage = "<h1>Goal</h1><p>Who was <strong>there</strong>?</p><p>About <at:var at:name=\"topic\" />.</p>";
            let body: Map<String, Value> =
                [("storage".to_owned(), json!({"value": storage, "representation": "storage"}))]
                    .into_iter()
                    .collect();
            super::super::answer::extend(&mut found, json!({"body": body}));
            Ok(Answer::json(&found))
        }
        _ => Err(failure(404, "null for uri")),
    }
}

/// How often a page was looked at: on Cloud it is counted.
pub(crate) fn views(world: &World, call: &Call, id: &str) -> Reply {
    let page = visible(world, call, id)?;
    Ok(Answer::json(&json!({"id": page.id, "count": page.id % 97})))
}
