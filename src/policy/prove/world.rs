//! A request with everything it lies in: what the solver found, as it is or under readable names.

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::Authorizer;
use cedar_policy::Context;
use cedar_policy::Decision;
use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityId;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use cedar_policy::EvalResult;
use cedar_policy::PolicySet;
use cedar_policy::Request;
use cedar_policy_symcc::Env;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::assume::LONGEST;
use super::model::Model;
use super::names;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::Attribute;
use crate::policy::resource::space_kind;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) principal: EntityUid,
    pub(super) groups: Vec<EntityUid>,
    pub(super) resource: EntityUid,
    /// What the resource lies in, nearest first.
    pub(super) within: Vec<EntityUid>,
    pub(super) context: Value,
    entities: Value,
}

/// What Cedar says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replay {
    pub(super) allowed: bool,
    pub(super) policies: Vec<String>,
    pub(super) errors: Vec<String>,
}

impl World {
    /// As the solver has it.
    pub(super) fn found(found: &Env) -> Result<Self, String> {
        let missing = || "the solver's example is not complete".to_owned();
        let principal = found.request.principal().cloned().ok_or_else(missing)?;
        let resource = found.request.resource().cloned().ok_or_else(missing)?;
        let context = found.request.context().ok_or_else(missing)?;
        let context = context.to_json_value().map_err(|error| error.to_string())?;
        let entities = found.entities.iter().filter(|entity| entity.uid().type_name().basename() != "Action");
        let entities: Result<Vec<Value>, _> = entities.map(Entity::to_json_value).collect();
        let mut within = ancestors(&found.entities, &resource);
        within.sort_by_key(|uid| uid.type_name().basename() == "Instance");
        Ok(Self {
            groups: ancestors(&found.entities, &principal),
            within,
            principal,
            resource,
            context,
            entities: Value::Array(entities.map_err(|error| error.to_string())?),
        })
    }

    /// The same under names as this server gives them, where policies name no others. Attributes no policy looks at are
    /// the usual ones.
    pub(super) fn readable(
        found: &Env,
        literals: &[EntityUid],
        mentioned: &BTreeSet<String>,
    ) -> Result<Self, String> {
        let as_found = Self::found(found)?;
        let renamer = Renamer { found, literals, mentioned };
        let (resource, within) = renamer.resource(&as_found)?;
        let principal = renamer.principal(&as_found.principal)?;
        let groups: Vec<EntityUid> =
            as_found.groups.iter().filter(|group| literals.contains(group)).cloned().collect();
        let mut context = as_found.context;
        if let Some(session) = context.get_mut("session").and_then(Value::as_object_mut) {
            usual_session(session, mentioned);
        }
        if let Some(input) = context.get_mut("input").and_then(Value::as_object_mut) {
            counted_lengths(input, mentioned)?;
        }
        if as_found.within.iter().any(|uid| uid.type_name().basename() == "Page") {
            return Err("it is about a page below another, which has no other name".to_owned());
        }
        let mut entities = entities(&principal, &groups, &resource, &within);
        renamer.carry_attributes(&as_found.resource, &resource, &mut entities)?;
        if let (Ok(from), Some(to)) =
            (renamer.entity_attribute(&as_found.resource, "project"), within.first())
        {
            renamer.carry_attributes(&from, to, &mut entities)?;
        }
        Ok(Self { principal, groups, resource, within, context, entities })
    }

    /// The same request of a principal that is in fewer groups.
    pub(super) fn with_groups(&self, keep: impl Fn(&EntityUid) -> bool) -> Self {
        let mut smaller = self.clone();
        smaller.groups.retain(&keep);
        let left_out = self.groups.iter().filter(|group| !keep(group));
        let left_out: Vec<Value> = left_out
            .map(|group| json!({"type": group.type_name().to_string(), "id": group.id().unescaped()}))
            .collect();
        for entity in smaller.entities.as_array_mut().into_iter().flatten() {
            if let Some(parents) = entity.get_mut("parents").and_then(Value::as_array_mut) {
                parents.retain(|parent| !left_out.contains(parent));
            }
        }
        smaller
    }

    /// Puts it to Cedar with these policies.
    pub(super) fn replay(
        &self,
        action: &EntityUid,
        policies: &PolicySet,
        model: &Model,
    ) -> Result<Replay, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let schema = &model.schema;
        let store = Entities::from_json_value(self.entities.clone(), Some(schema)).map_err(|e| text(&e))?;
        let mut context = self.context.clone();
        if action.id().unescaped().ends_with(":view_item")
            && let Some(fields) = context.as_object_mut()
        {
            fields.remove("input");
        }
        let context = Context::from_json_value(context, Some((schema, action))).map_err(|e| text(&e))?;
        let (principal, resource) = (self.principal.clone(), self.resource.clone());
        let request = Request::new(principal, action.clone(), resource, context, Some(schema));
        let response = Authorizer::new().is_authorized(&request.map_err(|e| text(&e))?, policies, &store);
        let mut reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        let mut errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        reasons.sort();
        errors.sort();
        Ok(Replay { allowed: response.decision() == Decision::Allow, policies: reasons, errors })
    }
}

/// Chooses names.
struct Renamer<'a> {
    found: &'a Env,
    literals: &'a [EntityUid],
    mentioned: &'a BTreeSet<String>,
}

impl Renamer<'_> {
    fn principal(&self, uid: &EntityUid) -> Result<EntityUid, String> {
        let usual: &[&str] =
            if uid.type_name().basename() == "User" { &["ann", "bob", "eve"] } else { &["robot", "butler"] };
        self.unless_named(uid, usual.iter().map(|name| (*name).to_owned()))
    }

    fn unless_named(&self, uid: &EntityUid, ids: impl Iterator<Item = String>) -> Result<EntityUid, String> {
        if self.literals.contains(uid) {
            return Ok(uid.clone());
        }
        let kind = uid.type_name().to_string();
        let id = names::unnamed(&kind, self.literals, ids).ok_or("there is no name left")?;
        uid_of(&kind, &id)
    }

    /// The resource and what it lies in.
    fn resource(&self, world: &World) -> Result<(EntityUid, Vec<EntityUid>), String> {
        let uid = &world.resource;
        let (namespace, kind) = (uid.type_name().namespace(), uid.type_name().basename().to_owned());
        match kind.as_str() {
            "Instance" => Ok((self.instance(&namespace, std::slice::from_ref(uid))?, Vec::new())),
            "Project" | "Space" => {
                let (container, instance) = self.container(uid, &world.within)?;
                Ok((container, vec![instance]))
            }
            _ => {
                let home = world
                    .within
                    .iter()
                    .find(|uid| uid.type_name().basename() != "Instance" && self.literals.contains(uid));
                let home = match home {
                    Some(home) => home.clone(),
                    None => self.entity_attribute(uid, if kind == "Issue" { "project" } else { "space" })?,
                };
                let (container, instance) = self.container(&home, &world.within)?;
                let item = self.item(uid, &kind, &container)?;
                Ok((item, vec![container, instance]))
            }
        }
    }

    fn item(&self, uid: &EntityUid, kind: &str, container: &EntityUid) -> Result<EntityUid, String> {
        let (instance, key) = names::split(container.id().unescaped());
        if kind != "Issue" {
            return self.unless_named(uid, (1001..2000).map(|id| names::join(instance, &id.to_string())));
        }
        let own = self
            .text_attribute(uid, "key")
            .filter(|own| is_key(own, |own| IssueKey::parse(own).map(String::from).ok()));
        let own = own.map(|own| names::join(instance, &own));
        self.unless_named(
            uid,
            own.into_iter().chain((1..999).map(|n| names::join(instance, &format!("{key}-{n}")))),
        )
    }

    fn container(&self, uid: &EntityUid, around: &[EntityUid]) -> Result<(EntityUid, EntityUid), String> {
        let (namespace, kind) = (uid.type_name().namespace(), uid.type_name().to_string());
        if self.literals.contains(uid) {
            let (instance, _) = names::split(uid.id().unescaped());
            return Ok((uid.clone(), uid_of(&format!("{namespace}::Instance"), instance)?));
        }
        let own_ancestors = ancestors(&self.found.entities, uid);
        let instance = self.instance(&namespace, &[&own_ancestors, around].concat())?;
        let canonical = |key: &str| match namespace.as_str() {
            "Jira" => ProjectKey::parse(key).map(String::from).ok(),
            _ => SpaceKey::parse(key).map(String::from).ok(),
        };
        let own = self.text_attribute(uid, "key").filter(|own| is_key(own, canonical));
        let personal = self.text_attribute(uid, "kind").is_some_and(|kind| kind == "personal");
        let usual = ["ABC", "XYZ", "QRS", "LMN"].into_iter();
        let usual = usual.map(|key| if personal { format!("~{key}") } else { key.to_owned() });
        let ids = own.into_iter().chain(usual).map(|key| names::join(instance.id().unescaped(), &key));
        let id = names::unnamed(&kind, self.literals, ids).ok_or("there is no name left")?;
        Ok((uid_of(&kind, &id)?, instance))
    }

    fn instance(&self, namespace: &str, around: &[EntityUid]) -> Result<EntityUid, String> {
        let kind = format!("{namespace}::Instance");
        let named =
            around.iter().find(|uid| uid.type_name().to_string() == kind && self.literals.contains(uid));
        if let Some(named) = named {
            return Ok(named.clone());
        }
        // A name that a policy gives to what is in it would make it named as well.
        let taken = |name: &str| {
            self.literals.iter().any(|uid| {
                uid.type_name().namespace() == namespace
                    && name != "default"
                    && names::split(uid.id().unescaped()).0 == name
            })
        };
        let names = ["default", "other", "third"].into_iter().filter(|name| !taken(name)).map(str::to_owned);
        let id = names::unnamed(&kind, self.literals, names).ok_or("there is no name left")?;
        uid_of(&kind, &id)
    }

    /// Takes over what the solver chose for attributes that a policy may look at.
    fn carry_attributes(&self, from: &EntityUid, to: &EntityUid, entities: &mut Value) -> Result<(), String> {
        let Some(found) = self.found.entities.get(from) else { return Ok(()) };
        let found = found.to_json_value().map_err(|error| error.to_string())?;
        let named = json!({"type": to.type_name().to_string(), "id": to.id().unescaped()});
        let entity = entities.as_array_mut().into_iter().flatten().find(|entity| entity["uid"] == named);
        let Some(Value::Object(attributes)) = entity.and_then(|entity| entity.get_mut("attrs")) else {
            return Ok(());
        };
        for attribute in Attribute::ALL.into_iter().map(Attribute::name) {
            let value = found.get("attrs").and_then(|attributes| attributes.get(attribute));
            if let Some(value) = value.filter(|_| self.mentioned.contains(attribute)) {
                attributes.insert(attribute.to_owned(), value.clone());
            }
        }
        Ok(())
    }

    /// An attribute that a policy looks at, and that is a text.
    fn text_attribute(&self, uid: &EntityUid, name: &str) -> Option<String> {
        if !self.mentioned.contains(name) {
            return None;
        }
        match self.found.entities.get(uid)?.attr(name)?.ok()? {
            EvalResult::String(text) => Some(text),
            _ => None,
        }
    }

    fn entity_attribute(&self, uid: &EntityUid, name: &str) -> Result<EntityUid, String> {
        match self.found.entities.get(uid).and_then(|entity| entity.attr(name)) {
            Some(Ok(EvalResult::EntityUid(uid))) => Ok(uid),
            _ => Err(format!("the solver's example has no {name}")),
        }
    }
}

fn is_key(given: &str, canonical: impl Fn(&str) -> Option<String>) -> bool {
    canonical(given).is_some_and(|canonical| canonical == given)
}

fn ancestors(entities: &Entities, uid: &EntityUid) -> Vec<EntityUid> {
    let mut found: Vec<EntityUid> = entities.ancestors(uid).into_iter().flatten().cloned().collect();
    found.sort();
    found
}

pub(super) fn uid_of(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = EntityTypeName::from_str(kind).map_err(|error| error.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn usual_session(session: &mut Map<String, Value>, mentioned: &BTreeSet<String>) {
    let usual = [
        ("method", json!("pat")),
        ("client", json!("")),
        ("deployment", json!("datacenter")),
        ("read_only", json!(false)),
        ("mfa", json!(false)),
        ("scopes", json!([])),
        ("age", json!(i64::MAX)),
        ("now", json!({"__extn": {"fn": "datetime", "arg": "2026-01-05T09:00:00.000Z"}})),
    ];
    for (name, value) in usual {
        if !mentioned.contains(name) && session.contains_key(name) {
            session.insert(name.to_owned(), value);
        }
    }
    if !mentioned.contains("address") {
        session.remove("address");
    }
}

/// Lengths are as they can be; where a policy looks at one that cannot, there is no such request.
fn counted_lengths(input: &mut Map<String, Value>, mentioned: &BTreeSet<String>) -> Result<(), String> {
    for (name, value) in input.iter_mut().filter(|(name, _)| name.ends_with("_len")) {
        if value.as_u64().is_some_and(|length| length <= LONGEST) {
            continue;
        }
        if mentioned.contains(name) {
            return Err(format!("{name} cannot be {value}"));
        }
        *value = json!(0);
    }
    Ok(())
}

/// The store of a request, as `entities` makes it.
fn entities(
    principal: &EntityUid,
    groups: &[EntityUid],
    resource: &EntityUid,
    within: &[EntityUid],
) -> Value {
    let uid = |uid: &EntityUid| json!({"type": uid.type_name().to_string(), "id": uid.id().unescaped()});
    let entity = |one: &EntityUid, attrs: Value, parents: Vec<Value>| json!({"uid": uid(one), "attrs": attrs, "parents": parents});
    let mut all: Vec<Value> = groups.iter().map(|group| entity(group, json!({}), Vec::new())).collect();
    all.push(entity(principal, json!({}), groups.iter().map(uid).collect()));
    let chain: Vec<&EntityUid> = std::iter::once(resource).chain(within).collect();
    for (number, one) in chain.iter().enumerate() {
        let parent = chain.get(number + 1).copied();
        let key = names::split(one.id().unescaped()).1;
        let entity_in = |parent: &EntityUid| json!({"__entity": uid(parent)});
        let attrs = match (one.type_name().basename(), parent) {
            ("Project", _) => json!({"key": key}),
            ("Space", _) => json!({"key": key, "kind": space_kind(key)}),
            ("Issue", Some(parent)) => json!({"key": key, "project": entity_in(parent)}),
            ("Page", Some(parent)) => json!({"space": entity_in(parent)}),
            _ => json!({}),
        };
        all.push(entity(one, attrs, parent.into_iter().map(uid).collect()));
    }
    Value::Array(all)
}
