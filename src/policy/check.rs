//! What we ask of a policy beyond Cedar's own validation: rules that never match are holes, so they are errors.

use std::ops::Range;

use cedar_policy::Effect;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::Schema;

use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::EngineSettings;
use crate::policy::Product;
use crate::policy::annotations;
use crate::policy::limit::Limit;
use crate::policy::mistakes;

/// Ids with this prefix belong to policies made from settings.
pub(super) const OWN_PREFIX: &str = "portcullis:";

/// The mode of a policy that is tried and not enforced.
pub(super) const SHADOW: &str = "shadow";

/// The policy's `@id`, or what is wrong with it.
pub(super) fn id(policy: &Policy, built_in: bool) -> Result<String, String> {
    let Some(id) = policy.annotation("id") else {
        return Err("has no id; write `@id(\"...\")` above it".to_owned());
    };
    if id.is_empty() || id.len() > 128 || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("its id is empty, longer than 128 bytes or has blanks; choose a short name".to_owned());
    }
    if id.starts_with(OWN_PREFIX) && !built_in {
        return Err(format!("ids that begin with `{OWN_PREFIX}` are taken; choose another"));
    }
    Ok(id.to_owned())
}

/// Something that is wrong with a policy, and where that is written if it is one thing in it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) message: String,
    pub(super) place: Option<Range<usize>>,
}

impl From<String> for Found {
    fn from(message: String) -> Self {
        Self { message, place: None }
    }
}

/// What is wrong with a policy that Cedar itself finds valid.
pub(super) fn problems(policy: &Policy, schema: &Schema, settings: &EngineSettings) -> Vec<Found> {
    let mut found: Vec<String> = Vec::new();
    let advice = policy.annotation("advice").unwrap_or_default();
    let is_said = annotations::nearly_has(policy, "advice");
    if policy.effect() == Effect::Forbid && advice.trim().is_empty() && !is_said {
        found.push("a forbid tells the caller what to do; write `@advice(\"...\")` above it".to_owned());
    }
    let mode = policy.annotation("mode").filter(|mode| *mode != SHADOW).map(|mode| Found {
        message: format!(
            "`@mode(\"{}\")` is no mode; write `@mode(\"{SHADOW}\")`, or nothing for a policy that is in force",
            mode.escape_debug()
        ),
        place: annotations::value_place(policy, "mode"),
    });
    found.extend(foreign_groups(policy, schema));
    let literals = policy.entity_literals();
    let wrong = literals.iter().filter_map(|uid| {
        let message = literal(uid).or_else(|| unknown_instance(uid, settings))?;
        Some(Found { message, place: mistakes::place(uid.as_ref().loc()) })
    });
    let limit = Limit::problem(policy, schema)
        .map(|message| Found { message, place: annotations::value_place(policy, "limit") });
    found.into_iter().map(Found::from).chain(limit).chain(mode).chain(wrong).collect()
}

/// The groups a policy names.
pub(super) fn groups(policy: &Policy) -> Vec<String> {
    let literals = policy.entity_literals();
    let groups = literals.iter().filter(|uid| uid.type_name().to_string() == "Id::Group");
    groups.map(|uid| uid.id().unescaped().to_owned()).collect()
}

/// The product a group comes from; none for groups of an identity provider.
pub(super) fn origin(group: &str) -> Option<Product> {
    match within_instance(group).1.split_once(':')?.0 {
        "jira" => Some(Product::Jira),
        "confluence" => Some(Product::Confluence),
        _ => None,
    }
}

/// Entities are always named in their canonical form, so any other spelling in a policy never matches.
pub(super) fn literal(uid: &EntityUid) -> Option<String> {
    let given = uid.id().unescaped();
    let (instance, id) = within_instance(given);
    let canonical = match uid.type_name().to_string().as_str() {
        "Jira::Project" => ProjectKey::parse(id).map(String::from),
        "Jira::Issue" => IssueKey::parse(id).map(String::from),
        "Confluence::Space" => SpaceKey::parse(id).map(String::from),
        "Confluence::Page" => PageId::parse(id).map(String::from),
        "Jira::Instance" | "Confluence::Instance" if is_chosen(given) => return None,
        "Jira::Instance" | "Confluence::Instance" => {
            InstanceName::parse(given).map(|name| name.as_str().to_owned())
        }
        "Id::Group" => return group_literal(id),
        _ => return None,
    };
    match canonical {
        Ok(canonical) if canonical == id => None,
        Ok(canonical) => Some(format!("`{uid}` matches nothing; write `{instance}{canonical}`")),
        Err(invalid) => Some(format!("`{uid}` matches nothing: {invalid}")),
    }
}

/// A literal of an instance that is not configured matches nothing. Where nothing is configured, nothing is known.
fn unknown_instance(uid: &EntityUid, settings: &EngineSettings) -> Option<String> {
    let given = uid.id().unescaped();
    let type_name = uid.type_name().to_string();
    let name = match type_name.as_str() {
        "Jira::Instance" | "Confluence::Instance" => given,
        _ => within_instance(given).0.strip_suffix('/')?,
    };
    let product = match type_name.split_once("::")?.0 {
        "Jira" => Product::Jira,
        "Confluence" => Product::Confluence,
        _ => origin(given)?,
    };
    let known: Vec<&InstanceName> = match product {
        Product::Jira => settings.projects.keys().collect(),
        Product::Confluence => settings.spaces.keys().collect(),
    };
    let is_known = known.is_empty() || is_chosen(name) || known.iter().any(|known| known.as_str() == name);
    let names: Vec<&str> = known.iter().map(|known| known.as_str()).collect();
    let (title, names) = (product.title(), names.join(", "));
    (!is_known).then(|| format!("`{uid}` matches nothing: no {title} is called `{name}`; there is {names}"))
}

/// An id with the name of its instance and the slash after it, which is empty for the default instance.
pub(super) fn within_instance(id: &str) -> (&str, &str) {
    match id.split_once('/') {
        Some((name, rest)) if is_chosen(name) || InstanceName::parse(name).is_ok() => {
            (id.get(..=name.len()).unwrap_or_default(), rest)
        }
        _ => ("", id),
    }
}

fn is_chosen(name: &str) -> bool {
    ["cloud:", "url:", "http:"].iter().any(|kind| name.starts_with(kind))
}

pub(super) fn group_literal(group: &str) -> Option<String> {
    let known = ["jira:", "confluence:", "oidc:"];
    let named = known.iter().any(|origin| group.strip_prefix(origin).is_some_and(|name| !name.is_empty()));
    (!named).then(|| {
        format!("group `{group}` has no origin; write `jira:{group}`, `confluence:{group}` or `oidc:<issuer>:{group}`")
    })
}

/// A forbid on a Jira group that also covers Confluence would not hold there: those groups are not known.
fn foreign_groups(policy: &Policy, schema: &Schema) -> Vec<String> {
    if policy.effect() == Effect::Permit {
        return Vec::new();
    }
    let named: Vec<(String, Product)> =
        groups(policy).into_iter().filter_map(|group| Some((group.clone(), origin(&group)?))).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let covered: Vec<String> =
        policy.get_valid_request_envs(schema).map(|environment| environment.resource().namespace()).collect();
    named
        .into_iter()
        .filter_map(|(group, product)| {
            let other = match product {
                Product::Jira => Product::Confluence,
                Product::Confluence => Product::Jira,
            };
            covered.iter().any(|namespace| namespace == other.title()).then(|| {
                format!(
                    "forbids {} too, where group `{group}` is not known; limit it to `action in \
                     Mcp::Action::\"{}\"`",
                    other.title(),
                    product.as_str()
                )
            })
        })
        .collect()
}
