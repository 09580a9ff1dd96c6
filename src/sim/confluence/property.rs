//! Content properties of version 1, with their own versions.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::world::Property;
use super::super::world::World;
use super::failure;
use super::json_body;
use super::no_content;
use super::render;
use super::visible;

pub(crate) fn read(world: &World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    let page = visible(world, call, id)?;
    match rest {
        [] => {
            let values = page.properties.iter().map(|(key, property)| shown(call, id, key, property));
            Ok(Answer::json(&render::results(call, values.collect(), 10)))
        }
        [key] => {
            let property = page.properties.get(*key).ok_or_else(|| missing(key))?;
            Ok(Answer::json(&shown(call, id, key, property)))
        }
        _ => Err(failure(404, "null for uri")),
    }
}

pub(crate) fn write(world: &mut World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    visible(world, call, id)?;
    let next = world.next_id();
    if call.method == http::Method::DELETE {
        let [key] = rest else { return Err(failure(405, "HTTP 405 Method Not Allowed")) };
        let page = world.page_mut(call.user, id).ok_or_else(|| no_content(id))?;
        return page.properties.remove(*key).map(|_| Answer::empty(204)).ok_or_else(|| missing(key));
    }
    let given = json_body(call)?;
    let key = rest.first().copied().or_else(|| given.get("key").and_then(Value::as_str)).unwrap_or_default();
    let value = given.get("value").cloned();
    let (false, Some(value)) = (key.is_empty(), value) else {
        return Err(failure(400, "A content property must have a key and a value."));
    };
    let page = world.page_mut(call.user, id).ok_or_else(|| no_content(id))?;
    let current = page.properties.get(key).map(|property| (property.id, property.version));
    let property = match (call.method.as_str(), current) {
        ("POST", Some(_)) => return Err(failure(409, &format!("A property with key {key} already exists."))),
        ("POST" | "PUT", None) => Property { id: next, value, version: 1 },
        ("PUT", Some((id, version))) => {
            if given.pointer("/version/number").and_then(Value::as_u64) != Some(version + 1) {
                let text = format!("Version must be incremented on update. Current version is: {version}");
                return Err(failure(409, &text));
            }
            Property { id, value, version: version + 1 }
        }
        _ => return Err(failure(405, "HTTP 405 Method Not Allowed")),
    };
    let answer = Answer::json(&shown(call, id, key, &property));
    page.properties.insert(key.to_owned(), property);
    Ok(answer)
}

fn missing(key: &str) -> Answer {
    failure(404, &format!("Cannot find content property with key: {key}"))
}

fn shown(call: &Call, page: &str, key: &str, property: &Property) -> Value {
    json!({"id": property.id.to_string(), "key": key, "value": property.value,
        "version": {"number": property.version, "minorEdit": false},
        "_links": {"self": format!("{}/rest/api/content/{page}/property/{key}", render::base(call))}})
}
