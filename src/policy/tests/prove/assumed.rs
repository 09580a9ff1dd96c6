//! What the prover takes for granted holds of every request the engine makes.

use std::collections::BTreeSet;

use cedar_policy::Authorizer;
use cedar_policy::Entities;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy::Request;

use super::*;
use crate::policy::Observed;
use crate::policy::context;
use crate::policy::entities::Types;
use crate::policy::prove::assume;

#[test]
fn the_assumptions_hold_of_what_the_engine_makes() {
    let uids = [
        "Jira::Project::\"OPS\"",
        "Jira::Project::\"lab/OPS\"",
        "Jira::Instance::\"lab\"",
        "Jira::Instance::\"default\"",
        "Confluence::Space::\"DOCS\"",
        "Confluence::Space::\"lab/DOCS\"",
        "Confluence::Instance::\"default\"",
    ];
    let literals: Vec<_> = uids.iter().map(|uid| uid.parse().unwrap()).collect();
    let mentioned: BTreeSet<String> = ["key", "kind", "project", "space", "body_len", "jql_len"]
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let engine = engine(&[ALL]);
    let types = Types::parse().unwrap();
    let resources = [
        issue("OPS-1"),
        issue("DEV-1"),
        Resource::Issue { key: IssueKey::parse("OPS-1").unwrap(), project: Some(project("DEV")) },
        Resource::Project(project("OPS")),
        Resource::Project(project("DEV")),
        page("65537", "DOCS"),
        page("65538", "HR"),
        Resource::Space(space("DOCS")),
        Resource::Space(space("~ann")),
        page("65539", "~ann"),
        Resource::Instance(Product::Jira),
    ];
    let mut asked = 0;
    for name in ["default", "lab"] {
        let instance = InstanceName::parse(name).unwrap();
        for resource in &resources {
            let kind = resource.kind().type_name();
            let Some(condition) = assume::condition(kind, &literals, &mentioned).unwrap() else {
                panic!("nothing is assumed of {kind}");
            };
            let json = serde_json::json!({"effect": "permit", "principal": {"op": "All"}, "action": {"op": "All"},
                "resource": {"op": "All"}, "conditions": [condition]});
            let policies = PolicySet::from_policies([Policy::from_json(None, json).unwrap()]).unwrap();
            let own = entities(&user(&[]), resource, &instance);
            let store = Entities::from_entities(own, Some(&engine.schema)).unwrap();
            let tool = match resource {
                Resource::Issue { .. } => "jira_add_comment",
                Resource::Instance(_) => "jira_search",
                _ => "",
            };
            let mut context = context::session(&session()).unwrap();
            if !tool.is_empty() {
                let fields = &engine.tools[tool].facts.input;
                context =
                    context::tool(context, fields, &input(tool, std::slice::from_ref(resource))).unwrap();
            }
            let action = if tool.is_empty() { "jira:view_item" } else { tool };
            let (who, what) = (
                types.principal(&user(&[])).uid,
                types.resource(resource, &instance, &Observed::default()).uid,
            );
            let request = Request::new(who, types.action(action), what, context, None).unwrap();
            let response = Authorizer::new().is_authorized(&request, &policies, &store);
            let text = policies.to_cedar().unwrap();
            assert_eq!(response.diagnostics().errors().count(), 0, "{resource} in {name}: {text}");
            assert_eq!(response.decision(), cedar_policy::Decision::Allow, "{resource} in {name}: {text}");
            asked += 1;
        }
    }
    assert_eq!(asked, 22);
}
