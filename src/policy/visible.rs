//! Which tools a caller could use at all: what `tools/list` shows.
//!
//! Cedar evaluates with the resource and the arguments unknown, so a policy on arguments never hides a tool. This is
//! a courtesy and no enforcement: where Cedar cannot tell, the tool is shown.

use std::collections::BTreeSet;

use cedar_policy::Context;
use cedar_policy::Decision;
use cedar_policy::EntityTypeName;
use cedar_policy::PartialEntities;
use cedar_policy::PartialEntity;
use cedar_policy::PartialEntityUid;
use cedar_policy::PartialRequest;

use crate::policy::Engine;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Session;
use crate::policy::context;
use crate::policy::engine::ActionRule;
use crate::policy::engine::ToolRule;
use crate::policy::entities::Chain;

impl Engine {
    /// The tools of which some call could be allowed. Without a principal: to anyone.
    pub fn visible_tools(&self, principal: Option<&Principal>, session: &Session) -> BTreeSet<&'static str> {
        let session = context::session(session).ok();
        let askers: Vec<Asker<'_>> = match principal {
            Some(principal) => vec![Asker::known(self, principal, session)],
            None => [PrincipalKind::User, PrincipalKind::Service]
                .map(|kind| Asker::unknown(self, kind, session.clone()))
                .into(),
        };
        let shown =
            |rule: &ToolRule| rule.alone.unwrap_or_else(|| askers.iter().any(|asker| asker.could_call(rule)));
        self.tools.iter().filter(|(_, rule)| shown(rule)).map(|(name, _)| *name).collect()
    }
}

/// Someone who may ask, as far as known.
struct Asker<'a> {
    engine: &'a Engine,
    principal: PartialEntityUid,
    /// The principal, where all groups are known.
    known: Option<Chain>,
    entities: PartialEntities,
    session: Option<Context>,
    /// The kinds of which some item could be shown.
    visible: Vec<ResourceKind>,
}

impl<'a> Asker<'a> {
    fn known(engine: &'a Engine, principal: &Principal, session: Option<Context>) -> Self {
        let chain = engine.types.principal(principal);
        let known = principal.groups.is_some().then(|| chain.clone());
        let Chain { uid, ancestors } = chain;
        // Groups that were not asked for are unknown, not absent.
        let groups = principal.groups.as_ref().map(|_| ancestors.into_iter().collect());
        let entity =
            PartialEntity::new(uid.clone(), Some([].into()), groups, Some([].into()), &engine.schema);
        let entities = PartialEntities::from_partial_entities(entity.ok(), &engine.schema);
        let entities = entities.unwrap_or_else(|_| no_entities());
        Self::new(engine, (PartialEntityUid::from_concrete(uid), known), entities, session)
    }

    fn unknown(engine: &'a Engine, kind: PrincipalKind, session: Option<Context>) -> Self {
        let kind: EntityTypeName = engine.types.principal_type(kind).clone();
        let entities = PartialEntities::from_partial_entities([], &engine.schema);
        let entities = entities.unwrap_or_else(|_| no_entities());
        Self::new(engine, (PartialEntityUid::new(kind, None), None), entities, session)
    }

    fn new(
        engine: &'a Engine,
        (principal, known): (PartialEntityUid, Option<Chain>),
        entities: PartialEntities,
        session: Option<Context>,
    ) -> Self {
        let mut asker = Self { engine, principal, known, entities, session, visible: Vec::new() };
        let products = [
            (Product::Jira, [ResourceKind::Project, ResourceKind::Issue]),
            (Product::Confluence, [ResourceKind::Space, ResourceKind::Page]),
        ];
        for (product, kinds) in products {
            let view = &engine.view(product).action;
            asker.visible.push(ResourceKind::Instance(product));
            let seen = kinds.into_iter().filter(|kind| asker.possible(view, *kind, asker.session.clone()));
            asker.visible = asker.visible.iter().copied().chain(seen.collect::<Vec<_>>()).collect();
        }
        asker
    }

    fn could_call(&self, rule: &ToolRule) -> bool {
        // Cedar takes the context whole or not at all. Where no policy looks at the arguments, any will do.
        let session = self.session.clone().filter(|_| !rule.action.reads_input);
        let context = session.and_then(|session| context::any_input(session, &rule.facts.input).ok());
        let mut kinds = rule.facts.resources.iter();
        kinds.any(|kind| self.visible.contains(kind) && self.possible(&rule.action, *kind, context.clone()))
    }

    /// Whether this action could be allowed on some resource of this kind.
    fn possible(&self, action: &ActionRule, kind: ResourceKind, context: Option<Context>) -> bool {
        let schema = &self.engine.schema;
        let resource = PartialEntityUid::new(self.engine.types.resource_type(kind).clone(), None);
        let request =
            PartialRequest::new(self.principal.clone(), action.chain.uid.clone(), resource, context, schema);
        let Ok(request) = request else {
            return true;
        };
        action.candidates.in_parts(self.known.as_ref()).any(|part| {
            let Ok(response) = part.tpe(&request, &self.entities, schema) else {
                return true;
            };
            let errs = response.error_permits().next().is_some() || response.error_forbids().next().is_some();
            response.decision() != Some(Decision::Deny) && !errs
        })
    }
}

fn no_entities() -> PartialEntities {
    PartialEntities::empty()
}
