//! What holds of every request this server makes, beyond the schema. Without it the solver would show requests that
//! cannot be, such as an issue in two projects.
//!
//! All of it is what `entities` and `context` do, and a test puts requests of theirs to these conditions.

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::EntityId;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use serde_json::Value;

use super::names;

/// No text in a request is longer, in characters.
pub(super) const LONGEST: u64 = 1 << 40;

/// The containers and items of each product.
const PRODUCTS: [Kinds; 2] = [
    Kinds { namespace: "Jira", container: "Project", item: "Issue", attribute: "project" },
    Kinds { namespace: "Confluence", container: "Space", item: "Page", attribute: "space" },
];

struct Kinds {
    namespace: &'static str,
    container: &'static str,
    item: &'static str,
    attribute: &'static str,
}

/// The condition for requests on this type of resource, as JSON of Cedar; none where nothing is to be said.
pub(in crate::policy) fn condition(
    resource: &str,
    literals: &[EntityUid],
    mentioned: &BTreeSet<String>,
) -> Result<Option<Value>, String> {
    let mut parts = lengths(mentioned);
    if let Some(kinds) = PRODUCTS.iter().find(|kinds| resource.starts_with(kinds.namespace)) {
        parts.extend(places(kinds, resource, literals, mentioned));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let text = format!("permit (principal, action, resource) when {{ {} }};", all(&parts));
    let policy = Policy::from_str(&text).map_err(|error| error.to_string())?;
    let json = policy.to_json().map_err(|error| error.to_string())?;
    let condition = json.get("conditions").and_then(|conditions| conditions.get(0)).cloned();
    condition.map(Some).ok_or_else(|| "the assumption has no condition".to_owned())
}

/// All parts, as deep as need be and no deeper.
fn all(parts: &[String]) -> String {
    match parts {
        [] => "true".to_owned(),
        [only] => only.clone(),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            format!("({} && {})", all(left), all(right))
        }
    }
}

/// Lengths are counted, so they are neither negative nor beyond all memory.
fn lengths(mentioned: &BTreeSet<String>) -> Vec<String> {
    let counted = mentioned.iter().filter(|name| name.ends_with("_len"));
    counted
        .map(|name| {
            let length = format!("context.input[\"{}\"]", name.escape_debug());
            let there = format!("context has input && context.input has \"{}\"", name.escape_debug());
            format!("(!({there}) || ({length} >= 0 && {length} <= {LONGEST}))")
        })
        .collect()
}

/// A container lies in one instance and has its own key; an item lies in one container, and where that lies.
fn places(
    kinds: &Kinds,
    resource: &str,
    literals: &[EntityUid],
    mentioned: &BTreeSet<String>,
) -> Vec<String> {
    let Kinds { namespace, container, item, attribute } = kinds;
    let named = |kind: &str| {
        let kind = format!("{namespace}::{kind}");
        literals.iter().filter(move |uid| uid.type_name().to_string() == kind)
    };
    let containers: Vec<&EntityUid> = named(container).collect();
    let is_item = resource == format!("{namespace}::{item}");
    let place = if is_item { format!("resource.{attribute}") } else { "resource".to_owned() };
    if !is_item && resource != format!("{namespace}::{container}") {
        return Vec::new();
    }
    // Attributes and instances are spoken of only where a policy does: each term costs the solver time.
    let mut instances: BTreeSet<String> = named("Instance").map(ToString::to_string).collect();
    let kinds_named = *container == "Space" && mentioned.contains("kind");
    let keys = mentioned.contains("key") || kinds_named;
    let of_instances = !instances.is_empty() || keys;
    let mut parts = Vec::new();
    if kinds_named {
        let personal = format!("{place}.key like \"~*\"");
        parts.push(format!("(!({personal}) || {place}.kind == \"personal\")"));
        parts.push(format!("({personal} || {place}.kind == \"global\")"));
    }
    for uid in &containers {
        let (instance, key) = names::split(uid.id().unescaped());
        let instance = format!("{namespace}::Instance::\"{}\"", EntityId::new(instance).escaped());
        if of_instances {
            parts.push(format!("(!({place} == {uid}) || {place} in {instance})"));
        }
        if keys {
            let has_key = format!("{place}.key == \"{}\"", key.escape_debug());
            parts.push(format!("(!({place} == {uid}) || {has_key})"));
            parts.push(format!("(!({has_key} && {place} in {instance}) || {place} == {uid})"));
        }
        if of_instances {
            instances.insert(instance);
        }
    }
    let instances: Vec<String> = instances.into_iter().collect();
    for (number, one) in instances.iter().enumerate() {
        let others = instances.iter().skip(number + 1);
        parts.extend(others.map(|other| format!("!({place} in {one} && {place} in {other})")));
    }
    if is_item {
        parts.extend(containers.iter().map(|uid| format!("(!(resource in {uid}) || {place} == {uid})")));
        parts.extend(instances.iter().map(|uid| format!("(!(resource in {uid}) || {place} in {uid})")));
        if of_instances || mentioned.contains(*attribute) {
            parts.push(format!("resource in {place}"));
        }
    }
    parts
}
