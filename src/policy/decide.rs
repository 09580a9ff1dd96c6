//! One decision: every resource must be visible first, then every resource allowed.

use std::collections::HashSet;

use aws_lc_rs::rand;
use cedar_policy::Context;
use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityUid;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::Request;

use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Decision;
use crate::policy::Denied;
use crate::policy::DenyReason;
use crate::policy::Effect;
use crate::policy::Engine;
use crate::policy::Principal;
use crate::policy::Product;
use crate::policy::Question;
use crate::policy::Resource;
use crate::policy::Session;
use crate::policy::context;
use crate::policy::decision::Refusal;
use crate::policy::engine::ActionRule;
use crate::policy::engine::ToolRule;
use crate::policy::entities::Chain;
use crate::policy::entities::check_complete;

/// One caller in one session, prepared to be asked about many items of a result.
#[derive(Debug)]
pub struct Viewer<'a> {
    engine: &'a Engine,
    principal: &'a Principal,
    instance: InstanceName,
    chain: Chain,
    entities: Vec<Entity>,
    /// The session, where a policy may look at it.
    session: Option<Context>,
}

impl Engine {
    /// Decides a call of a tool with effect `E`. Whatever cannot be decided is denied.
    pub fn decide<E: Effect>(&self, question: &Question<'_>) -> Result<Allowed<E>, Denied> {
        let Some(id) = random_id() else {
            return Err(Refusal::error("no random number for the decision's id").named("none".to_owned()));
        };
        match self.weigh(question, E::ACCESS) {
            Ok(policies) => Ok(Allowed::new(Decision {
                id,
                tool: question.tool,
                instance: question.session.instance.clone(),
                resources: question.resources.to_vec(),
                policies,
                policy_hash: self.policy_hash().to_owned(),
                resolved: question.resources.iter().all(Resource::is_resolved),
            })),
            Err(refusal) => Err(refusal.named(id)),
        }
    }

    /// Whether one item of a result may be shown.
    pub fn may_view(&self, principal: &Principal, session: &Session, item: &Resource) -> bool {
        self.viewer(principal, session).is_some_and(|viewer| viewer.may_view(item))
    }

    /// Prepares [`Viewer::may_view`] for many items; none if nothing may be shown at all.
    pub fn viewer<'a>(&'a self, principal: &'a Principal, session: &Session) -> Option<Viewer<'a>> {
        let reads = self.view(Product::Jira).action.reads_context
            || self.view(Product::Confluence).action.reads_context;
        self.prepare(principal, session, reads).ok()
    }

    fn prepare<'a>(
        &'a self,
        principal: &'a Principal,
        session: &Session,
        reads_session: bool,
    ) -> Result<Viewer<'a>, String> {
        Ok(Viewer {
            engine: self,
            principal,
            instance: session.instance.clone(),
            chain: self.types.principal(principal),
            entities: self.types.principal_entities(principal),
            session: reads_session.then(|| context::session(session)).transpose()?,
        })
    }

    /// The policies that permit the call, or why it is refused.
    fn weigh(&self, question: &Question<'_>, access: Access) -> Result<Vec<String>, Refusal> {
        let rule = self.checked_rule(question, access).map_err(Refusal::error)?;
        let reads = question.resources.iter().any(|one| self.view(one.product()).action.reads_context)
            || rule.action.reads_context;
        let viewer = self.prepare(question.principal, question.session, reads).map_err(Refusal::error)?;
        context::check(&rule.facts.input, question.input).map_err(Refusal::error)?;
        let session = viewer.session.clone().filter(|_| rule.action.reads_context);
        let context = session.map(|session| context::tool(session, &rule.facts.input, question.input));
        let context = context.transpose().map_err(Refusal::error)?;
        let store = viewer.store(&rule.base, question.resources).map_err(Refusal::error)?;

        let mut seen = Tally::default();
        for resource in question.resources {
            if let Resource::Instance(_) = resource.place() {
                continue;
            }
            let view = &self.view(resource.product()).action;
            seen.add(viewer.ask(&store, view, resource, viewer.session.clone()).map_err(Refusal::error)?);
        }
        seen.permitted(|_| DenyReason::NotVisible)?;

        let mut tally = Tally::default();
        for resource in question.resources {
            let answer = viewer.ask(&store, &rule.action, resource, context.clone());
            tally.add(answer.map_err(Refusal::error)?);
        }
        tally.permitted(|forbidden| if forbidden { DenyReason::Policy } else { DenyReason::NoPolicy })
    }

    /// The tool's rule, if the question is one that policies can be asked at all.
    fn checked_rule(&self, question: &Question<'_>, access: Access) -> Result<&ToolRule, String> {
        let Some(rule) = self.tools.get(question.tool) else {
            return Err(format!("no tool is called `{}`", question.tool));
        };
        if rule.facts.access != access {
            let (given, asked) = (rule.facts.access.as_str(), access.as_str());
            return Err(format!("`{}` is a {given} tool, asked as {asked}", question.tool));
        }
        if question.resources.is_empty() {
            return Err(format!("the call of `{}` names no resource", question.tool));
        }
        for resource in question.resources {
            if !rule.facts.resources.contains(&resource.kind()) {
                return Err(format!("`{}` takes no {}", question.tool, resource.kind().type_name()));
            }
            if !resource.is_resolved() && rule.alone.is_none() {
                return Err(format!("the project or space of `{resource}` is not known"));
            }
            if question.principal.groups.is_none() && self.needs_groups(resource.product()) {
                return Err(format!("the groups of `{}` are not known", question.principal));
            }
        }
        Ok(rule)
    }
}

impl Viewer<'_> {
    /// Whether this item may be shown. An instance is no item; an item of unknown place is not shown. What lies in no
    /// project, such as a board of many, was decided on with the call that lists it.
    pub fn may_view(&self, item: &Resource) -> bool {
        let product = item.product();
        let known = self.principal.groups.is_some() || !self.engine.needs_groups(product);
        if !known || !item.is_resolved() || matches!(item, Resource::Instance(_)) {
            return false;
        }
        if let Resource::Instance(_) = item.place() {
            return true;
        }
        let view = self.engine.view(product);
        let Ok(store) = self.store(&view.base, std::slice::from_ref(item)) else {
            return false;
        };
        let answer = self.ask(&store, &view.action, item, self.session.clone());
        answer.is_ok_and(|answer| answer.allowed && answer.errors.is_empty())
    }

    /// Everything a decision on these resources needs, over a base that has the actions and instances.
    fn store(&self, base: &Entities, resources: &[Resource]) -> Result<Entities, String> {
        let mut entities = self.entities.clone();
        if !self.instance.is_default() {
            entities.extend(self.engine.types.instances(&self.instance));
        }
        for resource in resources {
            entities.extend(self.engine.types.resource_entities(resource, &self.instance)?);
        }
        // Two issues of one project bring it twice.
        let mut known = HashSet::new();
        entities.retain(|entity| known.insert(entity.uid()));
        base.clone().add_entities(entities, None).map_err(|error| error.to_string())
    }

    fn ask(
        &self,
        store: &Entities,
        action: &ActionRule,
        resource: &Resource,
        context: Option<Context>,
    ) -> Result<Answer, String> {
        let resource = self.engine.types.resource(resource, &self.instance);
        for chain in [&self.chain, &action.chain, &resource] {
            check_complete(store, chain)?;
        }
        // Making a context costs more than all the rest: where no policy of the action looks at it, there is none.
        let (context, schema) = match (context, action.reads_context) {
            (Some(context), _) => (context, Some(&self.engine.schema)),
            (None, false) => (Context::empty(), None),
            (None, true) => return Err("the session is not known".to_owned()),
        };
        let request = Request::new(
            self.chain.uid.clone(),
            action.chain.uid.clone(),
            EntityUid::clone(&resource.uid),
            context,
            schema,
        )
        .map_err(|error| error.to_string())?;
        let response = self.engine.authorizer.is_authorized(&request, &action.policies, store);
        let mut errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        errors.sort();
        let allowed = response.decision() == cedar_policy::Decision::Allow;
        let mut reasons: Vec<&PolicyId> = response.diagnostics().reason().collect();
        reasons.sort_by_key(ToString::to_string);
        Ok(Answer {
            allowed,
            policies: reasons.iter().map(ToString::to_string).collect(),
            // Cedar parses the annotation's name each time, and nobody asks for the advice of a permit.
            advice: if allowed {
                Vec::new()
            } else {
                reasons.iter().filter_map(|id| advice(&action.policies, id)).collect()
            },
            errors,
        })
    }
}

/// What the policies said of one resource.
struct Answer {
    allowed: bool,
    policies: Vec<String>,
    advice: Vec<String>,
    errors: Vec<String>,
}

/// What they said of all.
#[derive(Default)]
struct Tally {
    permits: Vec<String>,
    forbids: Vec<String>,
    advice: Vec<String>,
    errors: Vec<String>,
    denied: bool,
}

impl Tally {
    fn add(&mut self, answer: Answer) {
        self.denied |= !answer.allowed;
        extend(if answer.allowed { &mut self.permits } else { &mut self.forbids }, answer.policies);
        if !answer.allowed {
            extend(&mut self.advice, answer.advice);
        }
        extend(&mut self.errors, answer.errors);
    }

    /// The permits, if every resource was allowed and no policy erred.
    fn permitted(self, reason: impl Fn(bool) -> DenyReason) -> Result<Vec<String>, Refusal> {
        if self.errors.is_empty() && !self.denied {
            return Ok(self.permits);
        }
        let reason =
            if self.errors.is_empty() { reason(!self.forbids.is_empty()) } else { DenyReason::Error };
        Err(Refusal { reason, policies: self.forbids, advice: self.advice, errors: self.errors })
    }
}

fn extend(known: &mut Vec<String>, new: Vec<String>) {
    for text in new {
        if !known.contains(&text) {
            known.push(text);
        }
    }
}

fn advice(policies: &PolicySet, id: &PolicyId) -> Option<String> {
    policies.annotation(id, "advice").map(str::to_owned)
}

fn random_id() -> Option<String> {
    let mut bytes = [0_u8; 12];
    rand::fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}
