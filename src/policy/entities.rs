//! Principals and resources as Cedar entities, typed and complete.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityId;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use cedar_policy::ParseErrors;
use cedar_policy::RestrictedExpression;

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
        let groups = principal.groups.iter().flatten().map(|group| uid(&self.group, group));
        Chain {
            uid: uid(self.principal_type(principal.kind), &principal.id),
            ancestors: groups.collect::<BTreeSet<_>>().into_iter().collect(),
        }
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

    fn instance(&self, product: Product, name: &InstanceName) -> EntityUid {
        let kind = self.resource_type(ResourceKind::Instance(product));
        uid(kind, &Resource::Instance(product).id_in(name))
    }

    /// Both instances of a name: part of every store.
    pub(super) fn instances(&self, name: &InstanceName) -> Vec<Entity> {
        [Product::Jira, Product::Confluence]
            .into_iter()
            .map(|product| Entity::with_uid(self.instance(product, name)))
            .collect()
    }

    /// The entities of a principal and its groups.
    pub(super) fn principal_entities(&self, principal: &Principal) -> Vec<Entity> {
        let Chain { uid, ancestors } = self.principal(principal);
        let mut entities: Vec<Entity> = ancestors.iter().cloned().map(Entity::with_uid).collect();
        entities.push(Entity::new_no_attrs(uid, ancestors.into_iter().collect()));
        entities
    }

    /// The entities of a resource with what was observed of it, and of what it lies in, without the instances.
    pub(super) fn resource_entities(
        &self,
        resource: &Resource,
        at: &InstanceName,
        observed: &Observed,
    ) -> Result<Vec<Entity>, String> {
        let resource = resource.place();
        let Chain { uid: own, ancestors } = self.resource(resource, at, observed);
        let parent = ancestors.first().cloned();
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let mut attributes = known_of(resource, observed);
        let mut parents: HashSet<EntityUid> = parent.clone().into_iter().collect();
        let mut entities = Vec::with_capacity(2);
        match resource {
            Resource::Instance(_) | Resource::Part { .. } => return Ok(entities),
            Resource::Project(key) => _ = attributes.insert("key".to_owned(), text(key.as_str())),
            Resource::Space(key) => {
                attributes.insert("key".to_owned(), text(key.as_str()));
                attributes.insert("kind".to_owned(), text(space_kind(key.as_str())));
            }
            Resource::Issue { key, project } => {
                attributes.insert("key".to_owned(), text(key.as_str()));
                if let (Some(project), Some(parent)) = (project, &parent) {
                    attributes
                        .insert("project".to_owned(), RestrictedExpression::new_entity_uid(parent.clone()));
                    entities.extend(self.resource_entities(
                        &Resource::Project(project.clone()),
                        at,
                        observed,
                    )?);
                }
            }
            Resource::Page { space, .. } => {
                if let (Some(space), Some(parent)) = (space, &parent) {
                    attributes
                        .insert("space".to_owned(), RestrictedExpression::new_entity_uid(parent.clone()));
                    entities.extend(self.resource_entities(&Resource::Space(space.clone()), at, observed)?);
                    for above in ancestors.iter().skip(2) {
                        entities.push(page_above(above, parent)?);
                        parents.insert(above.clone());
                    }
                }
            }
        }
        entities.push(Entity::new(own, attributes, parents).map_err(|error| error.to_string())?);
        Ok(entities)
    }
}

/// A page above another: it lies in the same space, and nothing more is said of it.
fn page_above(page: &EntityUid, space: &EntityUid) -> Result<Entity, String> {
    let attributes =
        HashMap::from([("space".to_owned(), RestrictedExpression::new_entity_uid(space.clone()))]);
    let parents = HashSet::from([space.clone()]);
    Entity::new(page.clone(), attributes, parents).map_err(|error| error.to_string())
}

/// The attributes that were observed of a resource, by their names.
fn known_of(resource: &Resource, observed: &Observed) -> HashMap<String, RestrictedExpression> {
    let known = observed.of(resource).into_iter().flatten();
    let known = known.filter(|(attribute, _)| **attribute != Attribute::Ancestors);
    known.filter_map(|(attribute, value)| Some((attribute.name().to_owned(), value.expression()?))).collect()
}

/// Refuses a store that lacks an entity or an ancestor of it: a forbid on what is missing would not fire.
pub(super) fn check_complete(store: &Entities, chain: &Chain) -> Result<(), String> {
    let held = |uid: &EntityUid| store.get(uid).is_some();
    if !held(&chain.uid) {
        return Err(format!("the store lacks `{}`", chain.uid));
    }
    for ancestor in &chain.ancestors {
        if !held(ancestor) {
            return Err(format!("the store lacks `{ancestor}`"));
        }
        if !store.is_ancestor_of(ancestor, &chain.uid) {
            return Err(format!("the store does not have `{}` in `{ancestor}`", chain.uid));
        }
    }
    Ok(())
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
