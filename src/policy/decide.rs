//! One decision: every resource must be visible first, then every resource allowed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws_lc_rs::rand;
use cedar_policy::Context;
use cedar_policy::Entities;
use cedar_policy::EntityUid;
use cedar_policy::Request;

use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Asked;
use crate::policy::Attribute;
use crate::policy::Basis;
use crate::policy::Decision;
use crate::policy::Denied;
use crate::policy::DenyReason;
use crate::policy::Effect;
use crate::policy::Engine;
use crate::policy::InputField;
use crate::policy::InputValue;
use crate::policy::Known;
use crate::policy::LimitUse;
use crate::policy::Needs;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::Question;
use crate::policy::Resource;
use crate::policy::Session;
use crate::policy::Tried;
use crate::policy::candidates::Matching;
use crate::policy::candidates::Verdict;
use crate::policy::context;
use crate::policy::decision::Refusal;
use crate::policy::engine::ActionRule;
use crate::policy::engine::Shadow;
use crate::policy::engine::ToolRule;
use crate::policy::entities::Chain;
use crate::policy::entities::Stored;
use crate::policy::entities::check_complete;
use crate::policy::entities::closed;
use crate::policy::limit::Choice;

/// One caller in one session, prepared to be asked about many items of a result.
#[derive(Debug)]
pub struct Viewer<'a> {
    engine: &'a Engine,
    principal: &'a Principal,
    session: &'a Session,
    observed: &'a Observed,
    chain: Chain,
    entity: Stored,
    /// The session as policies see it, made when the first of them looks.
    seen: OnceLock<Result<Context, String>>,
}

/// A resource and where it lies.
struct Item<'r> {
    resource: &'r Resource,
    chain: Chain,
}

/// An action that is asked about one or more resources, with the arguments where it is a tool's.
struct Asking<'a> {
    action: &'a ActionRule,
    input: Option<(&'a [InputField], &'a BTreeMap<String, InputValue>)>,
    /// Made when the first policy looks at it.
    context: OnceLock<Result<Context, String>>,
}

impl<'a> Asking<'a> {
    fn view(action: &'a ActionRule) -> Self {
        Self { action, input: None, context: OnceLock::new() }
    }

    fn tool(rule: &'a ToolRule, input: &'a BTreeMap<String, InputValue>) -> Self {
        Self { action: &rule.action, input: Some((&rule.facts.input, input)), context: OnceLock::new() }
    }

    /// What it means that something has to be known and is not.
    fn lacking(&self, lacking: String) -> Refusal {
        match self.input {
            // What is not known of an object would tell that it is there.
            None => Refusal { reason: DenyReason::NotVisible, ..Refusal::error(lacking) },
            Some(_) => Refusal::error(lacking),
        }
    }

    /// The session, and the arguments of a tool.
    fn context(&self, viewer: &Viewer<'_>) -> Result<Context, String> {
        let made = self.context.get_or_init(|| {
            let session = viewer.seen.get_or_init(|| context::session(viewer.session)).clone()?;
            match self.input {
                None => Ok(session),
                Some((fields, input)) => context::tool(session, fields, input),
            }
        });
        made.clone()
    }
}

impl Engine {
    /// Decides a call of a tool with effect `E`, and counts it where a permit is limited. Whatever cannot be decided is
    /// denied.
    pub fn decide<E: Effect>(&self, question: &Question<'_>) -> Result<Allowed<E>, Denied> {
        self.judge(question, |choices| {
            self.usage.take(question.principal, question.session.now_ms, choices).map_err(Refusal::used_up)
        })
    }

    /// Decides without counting: a call that was counted already, on what came of it, or one that nobody makes.
    pub fn review<E: Effect>(&self, question: &Question<'_>) -> Result<Allowed<E>, Denied> {
        self.judge(question, |_| Ok(Vec::new()))
    }

    fn judge<E: Effect>(
        &self,
        question: &Question<'_>,
        count: impl FnOnce(&[Choice]) -> Result<Vec<LimitUse>, Refusal>,
    ) -> Result<Allowed<E>, Denied> {
        let weighed = self.weigh(question, E::ACCESS);
        let denied = weighed.as_ref().err().map(|refusal| refusal.reason);
        let shadow = self.shadow.as_ref();
        let asked = Asked {
            resources: question.resources.to_vec(),
            basis: self.basis(question),
            resolved: question.resources.iter().all(Resource::is_resolved),
            shadow: shadow.and_then(|shadow| shadow.tried(question, E::ACCESS, denied)),
        };
        let Some(id) = random_id() else {
            let refusal = Refusal::error("no random number for the decision's id");
            return Err(refusal.named("none".to_owned(), asked));
        };
        match weighed.and_then(|Weighed { permits, choices }| Ok((permits, count(&choices)?))) {
            Ok((policies, limits)) => Ok(Allowed::new(Decision {
                id,
                tool: question.tool,
                instance: question.session.instance.clone(),
                resources: asked.resources,
                policies,
                basis: asked.basis,
                resolved: asked.resolved,
                alone: self.decides_alone(question.tool),
                limits,
                shadow: asked.shadow,
            })),
            Err(refusal) => Err(refusal.named(id, asked)),
        }
    }

    /// What a decision for this principal rests on.
    fn basis(&self, question: &Question<'_>) -> Basis {
        let groups = question.principal.groups.iter().flatten().filter(|group| self.names_group(group));
        Basis {
            policy_hash: self.policy_hash().to_owned(),
            schema_hash: self.schema_hash().to_owned(),
            groups: groups.cloned().collect(),
            attributes: self.attributes(question),
        }
    }

    /// What is known of the resources, of those attributes that policies name.
    fn attributes(&self, question: &Question<'_>) -> BTreeMap<String, BTreeMap<&'static str, Known>> {
        let needs = self.needs(question.tool);
        if needs.is_empty() {
            return BTreeMap::new();
        }
        let known = |resource: &Resource| {
            let known = question.observed.of(resource)?.iter().filter(|(one, _)| needs.contains(**one));
            let known = known.map(|(one, value)| (one.name(), value.clone())).collect();
            Some((resource.named_in(&question.session.instance), known))
        };
        let places = question.resources.iter().filter_map(Resource::enclosing);
        question.resources.iter().filter_map(known).chain(places.filter_map(|place| known(&place))).collect()
    }

    /// Whether one item of a result may be shown.
    pub fn may_view(
        &self,
        principal: &Principal,
        session: &Session,
        item: &Resource,
        observed: &Observed,
    ) -> bool {
        self.viewer(principal, session, observed).may_view(item)
    }

    /// Prepares [`Viewer::may_view`] for many items.
    pub fn viewer<'a>(
        &'a self,
        principal: &'a Principal,
        session: &'a Session,
        observed: &'a Observed,
    ) -> Viewer<'a> {
        let chain = self.types.principal(principal);
        let entity = chain.stored();
        Viewer { engine: self, principal, session, observed, chain, entity, seen: OnceLock::new() }
    }

    /// The same for what would be shown if the policies that are only tried were in force, if there are any.
    pub fn tried_viewer<'a>(
        &'a self,
        principal: &'a Principal,
        session: &'a Session,
        observed: &'a Observed,
    ) -> Option<Viewer<'a>> {
        self.shadow.as_ref().map(|shadow| shadow.engine.viewer(principal, session, observed))
    }

    /// The policies that permit the call, or why it is refused.
    fn weigh(&self, question: &Question<'_>, access: Access) -> Result<Weighed, Refusal> {
        let rule = self.checked_rule(question, access).map_err(Refusal::error)?;
        context::check(&rule.facts.input, question.input).map_err(Refusal::error)?;
        let viewer = self.viewer(question.principal, question.session, question.observed);
        let items: Vec<Item<'_>> = question.resources.iter().map(|resource| viewer.item(resource)).collect();
        let store = viewer.store(&rule.base, &items).map_err(Refusal::error)?;

        let mut seen = Tally::default();
        for item in &items {
            if let Resource::Instance(_) = item.resource.place() {
                continue;
            }
            let action = &self.view(item.resource.product()).action;
            seen.add(viewer.ask(&store, &Asking::view(action), item)?);
        }
        seen.permitted(|_| DenyReason::NotVisible)?;

        let tool = Asking::tool(rule, question.input);
        let mut tally = Tally::default();
        let mut choices = Vec::new();
        for item in &items {
            let verdict = viewer.ask(&store, &tool, item)?;
            choices.extend(self.choice(&verdict));
            tally.add(verdict);
        }
        let permits =
            tally.permitted(|forbidden| if forbidden { DenyReason::Policy } else { DenyReason::NoPolicy })?;
        Ok(Weighed { permits, choices })
    }

    /// The limited permits that a resource is allowed by, if no permit without a limit is among them.
    fn choice(&self, verdict: &Verdict) -> Option<Choice> {
        if self.limits.is_empty() || !verdict.allowed {
            return None;
        }
        verdict.policies.iter().map(|id| Some((id.clone(), *self.limits.get(id)?))).collect()
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

impl Shadow {
    /// What would be decided, if that is anything else or policies that are only tried had a part in it.
    fn tried(&self, question: &Question<'_>, access: Access, enforced: Option<DenyReason>) -> Option<Tried> {
        let (denied, policies) = match self.engine.weigh(question, access) {
            Ok(weighed) => (None, weighed.permits),
            Err(refusal) => (Some(refusal.reason), refusal.policies),
        };
        let policies: Vec<String> = policies.into_iter().filter(|id| self.ids.contains(id)).collect();
        let matters = !policies.is_empty() || denied != enforced;
        matters.then(|| Tried { denied, policies, policy_hash: self.engine.policy_hash().to_owned() })
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
        let item = self.item(item);
        let Ok(store) = self.store(&view.base, std::slice::from_ref(&item)) else {
            return false;
        };
        let verdict = self.ask(&store, &Asking::view(&view.action), &item);
        verdict.is_ok_and(|verdict| verdict.allowed && verdict.errors.is_empty())
    }

    /// What is missing to decide whether this item may be shown, in words; nothing if it can be decided.
    pub fn missing(&self, item: &Resource) -> Option<String> {
        self.missing_of(&self.engine.view(item.product()).action, item)
    }

    /// The same for deciding on a tool.
    pub(super) fn missing_for(&self, tool: &str, item: &Resource) -> Option<String> {
        self.missing_of(&self.engine.tools.get(tool)?.action, item)
    }

    fn item<'r>(&self, resource: &'r Resource) -> Item<'r> {
        Item { resource, chain: self.engine.types.resource(resource, &self.session.instance, self.observed) }
    }

    fn missing_of(&self, action: &ActionRule, item: &Resource) -> Option<String> {
        let item = self.item(item);
        self.lacks(action, &item, &action.candidates.matching(&self.chain, &item.chain))
    }

    /// The attribute of a resource that a policy names and that is not known, in words. Whether a policy can match on
    /// a page is known only with the pages above it.
    fn lacks(&self, action: &ActionRule, item: &Item<'_>, matching: &Matching<'_>) -> Option<String> {
        if action.needs.is_empty() {
            return None;
        }
        let missing = |needs: Needs, of: &Resource| {
            let attribute = self.observed.lacks(of, needs)?;
            Some(format!("policies name `{}` of `{of}`, which is not known", attribute.name()))
        };
        let (resource, needs) = (item.resource, matching.needs());
        missing(action.needs.only(Attribute::Ancestors), resource)
            .or_else(|| missing(needs, resource))
            .or_else(|| missing(needs, &resource.around()?))
    }

    /// Everything a decision on these resources needs, over a base that has the actions. Nothing of it is missing.
    fn store(&self, base: &Entities, items: &[Item<'_>]) -> Result<Entities, String> {
        let (types, at) = (&self.engine.types, &self.session.instance);
        let mut entities = Vec::with_capacity(1 + 2 * items.len());
        entities.push(Stored::clone(&self.entity));
        for Item { resource, chain } in items {
            entities.extend(types.resource_stored(resource, chain, at, self.observed)?);
        }
        let store = closed(base, entities)?;
        let mut chains = std::iter::once(&self.chain).chain(items.iter().map(|item| &item.chain));
        chains.try_for_each(|chain| check_complete(&store, chain))?;
        Ok(store)
    }

    fn ask(&self, store: &Entities, asking: &Asking<'_>, item: &Item<'_>) -> Result<Verdict, Refusal> {
        let action = asking.action;
        let matching = action.candidates.matching(&self.chain, &item.chain);
        if let Some(lacking) = self.lacks(action, item, &matching) {
            return Err(asking.lacking(lacking));
        }
        check_complete(store, &action.chain).map_err(Refusal::error)?;
        // Making a context costs more than all the rest: where no policy looks at it, there is none.
        let (context, schema) = if matching.reads_context() {
            (asking.context(self).map_err(Refusal::error)?, Some(&self.engine.schema))
        } else {
            (Context::empty(), None)
        };
        let request = Request::new(
            self.chain.uid.clone(),
            action.chain.uid.clone(),
            EntityUid::clone(&item.chain.uid),
            context,
            schema,
        )
        .map_err(|error| Refusal::error(error.to_string()))?;
        Ok(matching.ask(&self.engine.authorizer, &request, store))
    }
}

/// A call that is allowed, but for limits.
struct Weighed {
    permits: Vec<String>,
    /// One for each resource that is allowed by limited permits alone.
    choices: Vec<Choice>,
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
    fn add(&mut self, answer: Verdict) {
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

fn random_id() -> Option<String> {
    let mut bytes = [0_u8; 12];
    rand::fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}
