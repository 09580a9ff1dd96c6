//! Spaces, accounts and groups.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Space;
use super::super::world::User;
use super::super::world::World;
use super::failure;
use super::render;
use super::render::Expand;
use super::rights;

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    let [key, rest @ ..] = path else {
        let keys: Vec<&str> =
            call.query.iter().filter(|(name, _)| name == "spaceKey").map(|(_, key)| key.as_str()).collect();
        let spaces = data::SPACES.iter().filter(|space| call.user.may_view(space));
        let spaces = spaces.filter(|space| keys.is_empty() || keys.contains(&space.key));
        let values = spaces.map(|space| render::space(call, space)).collect();
        return Ok(Answer::json(&render::results(call, values, 25)));
    };
    let missing = || failure(404, &format!("No space with key : {key}"));
    let space = data::SPACES.iter().find(|space| space.key.eq_ignore_ascii_case(key));
    let space: &Space = space.filter(|space| call.user.may_view(space)).ok_or_else(missing)?;
    match rest {
        [] => {
            let mut shown = render::space(call, space);
            let expand = Expand::of(call, "");
            if let Some(home) = world.pages.get(&space.home).filter(|_| expand.wants("homepage")) {
                super::super::answer::extend(&mut shown, json!({"homepage": render::brief(call, home)}));
            }
            Ok(Answer::json(&shown))
        }
        ["permissions"] if !call.is_cloud() => rights::of_space(call, space),
        ["content", kind @ ("page" | "blogpost")] => {
            let expand = Expand::of(call, "");
            let pages = world.pages.values().filter(|page| page.space.id == space.id);
            let pages = pages.filter(|page| page.kind.as_str() == *kind && world.may_read(call.user, page));
            let values = pages.map(|page| render::page(world, call, page, &expand, page.number()));
            Ok(Answer::json(&render::results(call, values.collect(), 25)))
        }
        _ => Err(failure(404, "null for uri")),
    }
}

pub(crate) fn people(call: &Call, path: &[&str]) -> Reply {
    let named = ["username", "key", "accountId"].into_iter().find_map(|name| call.parameter(name));
    let missing = || failure(404, "No user found");
    let group = |name: &str| {
        json!({"type": "group", "name": name, "id": name,
            "_links": {"self": format!("{}/rest/api/group/{name}", render::base(call))}})
    };
    match path {
        ["user", "current"] => Ok(Answer::json(&render::user(call, call.user))),
        ["user"] => {
            let user = named.and_then(User::named).ok_or_else(missing)?;
            Ok(Answer::json(&render::user(call, user)))
        }
        ["user", "memberof"] => {
            let user = named.map_or(Some(call.user), User::named).ok_or_else(missing)?;
            let groups = user.groups.iter().map(|name| group(name)).collect();
            Ok(Answer::json(&render::results(call, groups, 200)))
        }
        ["group"] => {
            let groups = ["dev", "jira-users", "ops", "security"].into_iter().map(group).collect();
            Ok(Answer::json(&render::results(call, groups, 200)))
        }
        ["group", name] => {
            let absent = || failure(404, &format!("Group not found with name: {name}"));
            let is_there = data::USERS.iter().any(|user| user.is_in(name));
            if is_there { Ok(Answer::json(&group(name))) } else { Err(absent()) }
        }
        ["group", name, "member"] => {
            let members = data::USERS.iter().filter(|user| user.is_in(name));
            let members: Vec<Value> = members.map(|user| render::user(call, user)).collect();
            if members.is_empty() {
                return Err(failure(404, &format!("Group not found with name: {name}")));
            }
            Ok(Answer::json(&render::results(call, members, 200)))
        }
        _ => Err(failure(404, "null for uri")),
    }
}
