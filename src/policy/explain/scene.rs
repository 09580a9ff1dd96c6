//! One question with everything it is decided on, to be put to single policies and to parts of them.

use cedar_policy::Context;
use cedar_policy::Entities;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy::Request;

use super::Explainer;
use super::Finding;
use super::PartFinding;
use super::Reads;
use super::anatomy;
use super::anatomy::Kind;
use super::anatomy::Part;
use crate::policy::Attribute;
use crate::policy::InputValue;
use crate::policy::Known;
use crate::policy::Needs;
use crate::policy::Resource;
use crate::policy::Sample;
use crate::policy::ToolFacts;
use crate::policy::context;
use crate::policy::set::LoadedPolicy;

/// A request in its store.
pub(super) struct Scene<'a> {
    explainer: &'a Explainer,
    sample: &'a Sample,
    tool: Option<&'a ToolFacts>,
    resource: Resource,
    request: Request,
    store: Entities,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        explainer: &'a Explainer,
        sample: &'a Sample,
        action: &str,
        tool: Option<&'a ToolFacts>,
        resource: &Resource,
    ) -> Result<Self, String> {
        let types = &explainer.engine.types;
        let at = &sample.session.instance;
        let mut context = context::session(&sample.session)?;
        if let Some(tool) = tool {
            context = context::tool(context, &tool.input, &sample.input)?;
        }
        let request = request(explainer, sample, action, resource, context)?;
        let mut entities = vec![types.principal(&sample.principal).entity()];
        let chain = types.resource(resource, at, &sample.observed);
        entities.extend(types.resource_entities(resource, &chain, at, &sample.observed)?);
        let store =
            explainer.actions.clone().add_entities(entities, None).map_err(|error| error.to_string())?;
        Ok(Self { explainer, sample, tool, resource: resource.clone(), request, store })
    }

    /// What a policy says of it, and which parts of it say so.
    pub(super) fn finding(&self, policy: &LoadedPolicy) -> Finding {
        let asked = self.matches(&policy.policy);
        let mut parts = Vec::new();
        for part in anatomy::parts(&policy.text) {
            let says_nothing = matches!(part.kind, Kind::Action)
                || matches!(
                    (part.kind, part.text.as_str()),
                    (Kind::Principal, "principal") | (Kind::Resource, "resource")
                );
            if !says_nothing {
                let in_scope = !matches!(part.kind, Kind::When | Kind::Unless);
                let failed = !in_scope && parts.iter().any(|part: &PartFinding| part.holds == Some(false));
                parts.push(self.part(policy, part, failed));
            }
        }
        Finding {
            policy: policy.id.clone(),
            effect: policy.policy.effect().to_string(),
            file: policy.file.clone(),
            line: policy.line,
            matches: asked == Ok(true),
            parts,
            error: asked.err(),
        }
    }

    fn part(&self, policy: &LoadedPolicy, part: Part, failed: bool) -> PartFinding {
        let (word, text) = (word(part.kind), &part.text);
        let alone = match part.kind {
            Kind::Principal => format!("permit ({text}, action, resource);"),
            Kind::Action => format!("permit (principal, {text}, resource);"),
            Kind::Resource => format!("permit (principal, action, {text});"),
            Kind::When | Kind::Unless => format!("permit (principal, action, resource) when {{ {text} }};"),
        };
        let parsed: Option<Policy> = alone.parse().ok();
        let said = parsed.as_ref().and_then(|parsed| self.matches(parsed).ok());
        let holds = if part.kind == Kind::Unless { said.map(|said| !said) } else { said };
        PartFinding {
            part: word,
            line: policy.line + part.line,
            // After a condition that fails Cedar asks no further, and what it guards may not even be there.
            holds: if failed && holds != Some(false) { None } else { holds },
            values: parsed.map(|parsed| self.all_values(&parsed)).unwrap_or_default(),
            text: part.text,
        }
    }

    /// Whether a policy matches, asked alone.
    fn matches(&self, policy: &Policy) -> Result<bool, String> {
        let set = PolicySet::from_policies([policy.clone()]).map_err(|error| error.to_string())?;
        let response = self.explainer.engine.authorizer.is_authorized(&self.request, &set, &self.store);
        match response.diagnostics().errors().next() {
            Some(error) => Err(error.to_string()),
            None => Ok(response.diagnostics().reason().next().is_some()),
        }
    }

    fn all_values(&self, parsed: &Policy) -> Vec<String> {
        let known = self.sample.observed.of(&self.resource);
        let value = |attribute: Attribute| {
            let value = known.and_then(|known| known.get(&attribute));
            let value = value.map_or_else(
                || "not known".to_owned(),
                |value| match value {
                    Known::Absent => "absent".to_owned(),
                    value => serde_json::json!(value).to_string(),
                },
            );
            format!("resource.{} is {value}", attribute.name())
        };
        let named = Needs::of_policy(parsed).of(self.resource.kind());
        self.values(&Reads::of(parsed)).into_iter().chain(named.iter().map(value)).collect()
    }

    /// The values of what is looked at in the context.
    fn values(&self, reads: &Reads) -> Vec<String> {
        let input = |attribute: &String| {
            let field = self.tool?.input.iter().find(|field| field.attribute() == *attribute)?;
            let value = match self.sample.input.get(&field.name) {
                None => "not given".to_owned(),
                Some(InputValue::Text(text)) if field.attribute() != field.name => {
                    text.chars().count().to_string()
                }
                Some(InputValue::Text(text)) => format!("{text:?}"),
                Some(InputValue::Number(number)) => number.to_string(),
                Some(InputValue::Flag(flag)) => flag.to_string(),
            };
            Some(format!("context.input.{attribute} is {value}"))
        };
        let session = |name: &String| {
            let session = &self.sample.session;
            let value = match name.as_str() {
                "method" => format!("{:?}", session.method),
                "client" => format!("{:?}", session.client),
                "deployment" => format!("{:?}", session.deployment),
                "read_only" => session.read_only.to_string(),
                "mfa" => session.login.mfa.to_string(),
                "scopes" => format!("{:?}", session.login.scopes),
                "age" => session.login.age.map_or_else(|| "not known".to_owned(), |age| age.to_string()),
                "now" => jiff::Timestamp::from_millisecond(session.now_ms).ok()?.to_string(),
                "address" => {
                    session.address.map_or_else(|| "not given".to_owned(), |address| address.to_string())
                }
                _ => return None,
            };
            Some(format!("context.session.{name} is {value}"))
        };
        reads.input.iter().filter_map(input).chain(reads.session.iter().filter_map(session)).collect()
    }
}

fn request(
    explainer: &Explainer,
    sample: &Sample,
    action: &str,
    resource: &Resource,
    context: Context,
) -> Result<Request, String> {
    let engine = &explainer.engine;
    Request::new(
        engine.types.principal(&sample.principal).uid,
        engine.types.action(action),
        engine.types.resource(resource, &sample.session.instance, &sample.observed).uid,
        context,
        Some(&engine.schema),
    )
    .map_err(|error| error.to_string())
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Principal => "principal",
        Kind::Action => "action",
        Kind::Resource => "resource",
        Kind::When => "when",
        Kind::Unless => "unless",
    }
}
