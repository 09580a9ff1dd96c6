//! Questions about every tool: nothing is missing in the store, and everything is as the schema says.

use cedar_policy::Entities;
use cedar_policy::Request;
use proptest::prelude::*;

use super::*;
use crate::policy::context;
use crate::policy::entities::check_complete;
use crate::policy::entities::closed;

/// The session is looked at, so that every decision has a context and is checked against the schema.
const READS_CONTEXT: &str =
    r#"@id("all") permit (principal, action, resource) when { context.session.method != "none" };"#;

fn principals() -> impl Strategy<Value = Principal> {
    let groups = prop::collection::btree_set("jira:[a-z ]{1,8}", 0..4);
    (any::<bool>(), "[a-z0-9:.@\\\\\"]{1,12}", groups).prop_map(|(person, id, groups)| Principal {
        kind: if person { PrincipalKind::User } else { PrincipalKind::Service },
        id,
        groups: Some(groups),
    })
}

fn value(kind: InputKind, number: i64, text: &str) -> InputValue {
    match kind {
        InputKind::Text | InputKind::Length => InputValue::Text(text.to_owned()),
        InputKind::Number => InputValue::Number(number),
        InputKind::Flag => InputValue::Flag(number % 2 == 0),
    }
}

fn resource(kind: ResourceKind, number: u32) -> Resource {
    match kind {
        ResourceKind::Instance(product) => Resource::Instance(product),
        ResourceKind::Project => Resource::Project(project("OPS")),
        ResourceKind::Issue => issue(&format!("OPS-{number}")),
        ResourceKind::Space => Resource::Space(space("DOCS")),
        ResourceKind::Page => page(&number.to_string(), "DOCS"),
    }
}

#[test]
fn every_question_about_every_tool_is_complete() {
    let directory = directory(&[("own.cedar", READS_CONTEXT)]);
    let facts = crate::tools::facts();
    let engine =
        Engine::load(&facts, &settings(PolicySource::Directory(directory.path().to_owned()))).unwrap();
    assert!(facts.len() >= 98 && facts.iter().all(|tool| !tool.resources.is_empty()));
    let questions = (principals(), 1_u32..100_000, any::<i64>(), ".{0,20}", any::<u32>(), any::<bool>());
    let runner = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(runner, |((principal, number, amount, text, chosen, lab) in questions)| {
        let session = Session { instance: InstanceName::parse(if lab { "lab" } else { "default" }).unwrap(), ..session() };
        for tool in &facts {
            // What is not required is there or not.
            let fields = tool.input.iter().enumerate();
            let fields = fields.filter(|(place, field)| field.required || chosen >> (place % 32) & 1 == 1);
            let input = fields.map(|(_, field)| (field.name.clone(), value(field.kind, amount, &text)));
            let input: BTreeMap<String, InputValue> = input.collect();
            for kind in tool.resources {
                let resource = resource(*kind, number);
                complete(&engine, (&principal, &session), tool, &resource, &input)?;
                let resources = [resource];
                let question = Question {
                    principal: &principal,
                    session: &session,
                    tool: tool.name,
                    resources: &resources,
                    input: &input,
                    observed: &Observed::default(),
                };
                let denied = match tool.access {
                    Access::Read => engine.decide::<Read>(&question).err(),
                    Access::Write => engine.decide::<Write>(&question).err(),
                };
                prop_assert_eq!(denied, None, "{}", tool.name);
            }
        }
    });
}

/// The store has what the question names, all of it as the schema says, and the closure that Cedar computes itself.
fn complete(
    engine: &Engine,
    (principal, session): (&Principal, &Session),
    tool: &ToolFacts,
    resource: &Resource,
    input: &BTreeMap<String, InputValue>,
) -> Result<(), TestCaseError> {
    let fail = |error: String| TestCaseError::fail(format!("{}: {error}", tool.name));
    let rule = &engine.tools[tool.name];
    let own = entities(principal, resource, &session.instance);
    let store = closed(&rule.base, stored(&own)).map_err(fail)?;
    let chains = [
        engine.types.principal(principal),
        rule.action.chain.clone(),
        engine.types.resource(resource, &session.instance, &Observed::default()),
    ];
    for chain in &chains {
        check_complete(&store, chain).map_err(fail)?;
    }
    let conforming = Entities::from_entities(own.clone(), Some(&engine.schema));
    conforming.map_err(|error| fail(format!("{error:?}")))?;
    let by_cedar = rule.base.clone().add_entities(own, None).map_err(|error| fail(error.to_string()))?;
    prop_assert!(store.as_ref().deep_eq(by_cedar.as_ref()), "{} of {}", tool.name, resource);
    let context =
        context::tool(context::session(session).map_err(fail)?, &tool.input, input).map_err(fail)?;
    let [principal, action, resource] = chains.map(|chain| chain.uid);
    let request = Request::new(principal, action, resource, context, Some(&engine.schema));
    request.map(drop).map_err(|error| fail(format!("{error:?}")))
}
