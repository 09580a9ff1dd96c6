//! Principals and resources as Cedar entities, typed and complete.

use std::collections::HashSet;
use std::sync::Arc;

use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityId;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use cedar_policy::ParseErrors;
use cedar_policy_core::ast;
use cedar_policy_core::entities::NoEntitiesSchema;
use cedar_policy_core::entities::TCComputation;
use cedar_policy_core::extensions::Extensions;

use crate::ids::InstanceName;
use crate::policy::Attribute;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::policy::resource::space_kind;

/// The names of the schema's types, parsed once.
#[derive(Debug, Clone)]
pub(super) struct Types {
    user: EntityTypeName,
    service: EntityTypeName,
    group: EntityTypeName,
    action: EntityTypeName,
    jira: EntityTypeName,
    confluence: EntityTypeName,
    project: EntityTypeName,
    issue: EntityTypeName,
    space: EntityTypeName,
    page: EntityTypeName,
}

/// An entity as a store holds it: made once, never copied.
pub(super) type Stored = Arc<ast::Entity>;

/// An entity and everything it must be found in.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) uid: EntityUid,
    pub(super) ancestors: Vec<EntityUid>,
}

impl Types {
    pub(super) fn parse() -> Result<Self, Box<ParseErrors>> {
        let named = |name: &str| name.parse().map_err(Box::<ParseErrors>::new);
        let kind = |kind: ResourceKind| named(kind.type_name());
        Ok(Self {
            user: named("Id::User")?,
            service: named("Id::Service")?,
            group: named("Id::Group")?,
            action: named("Mcp::Action")?,
            jira: kind(ResourceKind::Instance(Product::Jira))?,
            confluence: kind(ResourceKind::Instance(Product::Confluence))?,
            project: kind(ResourceKind::Project)?,
            issue: kind(ResourceKind::Issue)?,
            space: kind(ResourceKind::Space)?,
            page: kind(ResourceKind::Page)?,
        })
    }

    pub(super) fn principal_type(&self, kind: PrincipalKind) -> &EntityTypeName {
        match kind {
            PrincipalKind::User => &self.user,
            PrincipalKind::Service => &self.service,
        }
    }

    pub(super) fn resource_type(&self, kind: ResourceKind) -> &EntityTypeName {
        match kind {
            ResourceKind::Instance(Product::Jira) => &self.jira,
            ResourceKind::Instance(Product::Confluence) => &self.confluence,
            ResourceKind::Project => &self.project,
            ResourceKind::Issue => &self.issue,
            ResourceKind::Space => &self.space,
            ResourceKind::Page => &self.page,
        }
    }

    pub(super) fn action(&self, name: &str) -> EntityUid {
        uid(&self.action, name)
    }

    /// The action in its groups, as these entities of actions have it.
    pub(super) fn action_chain(&self, actions: &Entities, name: &str) -> Chain {
        let uid = self.action(name);
        let mut ancestors: Vec<_> = actions.ancestors(&uid).into_iter().flatten().cloned().collect();
        ancestors.sort();
        Chain { uid, ancestors }
    }

    /// The principal in its groups.
    pub(super) fn principal(&self, principal: &Principal) -> Chain {
        // A set of names: no group comes twice.
        let groups = principal.groups.iter().flatten().map(|group| uid(&self.group, group));
        Chain { uid: uid(self.principal_type(principal.kind), &principal.id), ancestors: groups.collect() }
    }

    /// The resource of an instance in its project or space (if known) and in the instance; a page in the pages above it,
    /// as far as they were observed.
    pub(super) fn resource(&self, resource: &Resource, at: &InstanceName, observed: &Observed) -> Chain {
        let uid_of = |resource: &Resource| uid(self.resource_type(resource.kind()), &resource.id_in(at));
        let inside = |kind: &EntityTypeName, id: &str| uid(kind, &at.qualify(id));
        let instance = uid_of(&Resource::Instance(resource.product()));
        let resource = resource.place();
        let ancestors = match resource {
            Resource::Instance(_)
            | Resource::Part { .. }
            | Resource::Issue { project: None, .. }
            | Resource::Page { space: None, .. } => Vec::new(),
            Resource::Project(_) | Resource::Space(_) => vec![instance],
            Resource::Issue { project: Some(key), .. } => vec![inside(&self.project, key.as_str()), instance],
            Resource::Page { space: Some(key), .. } => {
                let above = observed.ancestors(resource).map(|id| inside(&self.page, id));
                [inside(&self.space, key.as_str()), instance].into_iter().chain(above).collect()
            }
        };
        Chain { uid: uid_of(resource), ancestors }
    }

    /// The entities of a resource with what was observed of it, and of the project or space it lies in. The chain is the
    /// resource's own.
    pub(super) fn resource_stored(
        &self,
        resource: &Resource,
        chain: &Chain,
        at: &InstanceName,
        observed: &Observed,
    ) -> Result<Vec<Stored>, String> {
        let resource = resource.place();
        let mut entities = Vec::with_capacity(2);
        if let Some(place) = resource.around() {
            entities.push(stored(&place, &self.resource(&place, at, observed), observed)?);
        }
        entities.push(stored(resource, chain, observed)?);
        Ok(entities)
    }
    /// The same, for stores that Cedar closes itself.
    pub(super) fn resource_entities(
        &self,
        resource: &Resource,
        chain: &Chain,
        at: &InstanceName,
        observed: &Observed,
    ) -> Result<Vec<Entity>, String> {
        let stored = self.resource_stored(resource, chain, at, observed)?;
        Ok(stored.into_iter().map(|entity| Arc::unwrap_or_clone(entity).into()).collect())
    }
}

impl Chain {
    /// An entity without attributes: a principal, an action.
    pub(super) fn entity(&self) -> Entity {
        Arc::unwrap_or_clone(self.stored()).into()
    }

    /// The same as a store holds it.
    pub(super) fn stored(&self) -> Stored {
        let uid = self.uid.clone().into();
        Arc::new(ast::Entity::new_with_attr_partial_value(uid, [], HashSet::new(), self.parents(), []))
    }

    fn parents(&self) -> HashSet<ast::EntityUID> {
        self.ancestors.iter().map(|uid| uid.as_ref().clone()).collect()
    }
}

fn stored(resource: &Resource, chain: &Chain, observed: &Observed) -> Result<Stored, String> {
    let text = |text: &str| ast::RestrictedExpr::val(text);
    let key = |key: &str| Some(("key", text(key)));
    let within = |name| {
        let uid = chain.ancestors.first()?.as_ref().clone();
        Some((name, ast::RestrictedExpr::val(uid)))
    };
    let own = match resource {
        Resource::Instance(_) | Resource::Part { .. } => return Ok(chain.stored()),
        Resource::Project(project) => [key(project.as_str()), None],
        Resource::Space(space) => [key(space.as_str()), Some(("kind", text(space_kind(space.as_str()))))],
        Resource::Issue { key: issue, .. } => [key(issue.as_str()), within("project")],
        Resource::Page { .. } => [within("space"), None],
    };
    let attributes = known_of(resource, observed).chain(own.into_iter().flatten());
    let attributes = attributes.map(|(name, value)| (name.into(), value));
    let (uid, extensions) = (chain.uid.clone().into(), Extensions::all_available());
    let entity = ast::Entity::new(uid, attributes, HashSet::new(), chain.parents(), [], extensions);
    entity.map(Arc::new).map_err(|error| error.to_string())
}

/// The attributes that were observed of a resource, by their names.
fn known_of(
    resource: &Resource,
    observed: &Observed,
) -> impl Iterator<Item = (&'static str, ast::RestrictedExpr)> {
    let known = observed.of(resource).into_iter().flatten();
    let known = known.filter(|(attribute, _)| **attribute != Attribute::Ancestors);
    known.filter_map(|(attribute, value)| Some((attribute.name(), value.expression()?.as_ref().clone())))
}

/// A store with these entities as well, which may bring the same one twice.
///
/// Each says itself what all it lies in, so there is nothing to close: Cedar's public constructors would look for it once
/// more, which costs as much as all the rest of a decision.
pub(super) fn closed(
    base: &Entities,
    entities: impl IntoIterator<Item = Stored>,
) -> Result<Entities, String> {
    let store = base.as_ref().clone().add_entities(
        entities,
        None::<&NoEntitiesSchema>,
        TCComputation::AssumeAlreadyComputed,
        Extensions::all_available(),
    );
    store.map(Entities::from).map_err(|error| error.to_string())
}

/// Refuses a store that lacks an entity or one of its ancestors: a forbid on what is missing would not fire.
///
/// An entity says itself all that it lies in, so what it lies in need not be there for that. A policy that reads an
/// attribute of a project which is not there errs, and an error denies.
pub(super) fn check_complete(store: &Entities, chain: &Chain) -> Result<(), String> {
    let Some(held) = store.get(&chain.uid) else {
        return Err(format!("the store lacks `{}`", chain.uid));
    };
    let lies_in = |ancestor: &EntityUid| held.as_ref().is_descendant_of(ancestor.as_ref());
    match chain.ancestors.iter().find(|ancestor| !lies_in(ancestor)) {
        None => Ok(()),
        Some(missing) => Err(format!("the store does not have `{}` in `{missing}`", chain.uid)),
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
