//! The environments there are, and how actions are grouped.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use cedar_policy::Entities;
use cedar_policy::EntityUid;
use cedar_policy::RequestEnv;
use cedar_policy::Schema;
use serde::Serialize;

use crate::policy::PolicyError;
use crate::policy::ToolFacts;
use crate::policy::engine::hash;
use crate::policy::engine::schema;
use crate::policy::entities::Chain;
use crate::policy::schema::schema_text;

/// One kind of request: who, what, on what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Call {
    /// The action: a tool, or showing an item.
    pub action: String,
    /// The principal's type.
    pub principal: String,
    /// The resource's type.
    pub resource: String,
}

/// An environment as the solver is asked about it.
pub(super) struct Environment {
    pub(super) call: Call,
    pub(super) env: RequestEnv,
    pub(super) action: Chain,
}

/// What all questions share.
pub(super) struct Model {
    pub(super) schema: Schema,
    pub(super) schema_hash: String,
    pub(super) environments: Vec<Environment>,
}

impl Model {
    pub(super) fn new(tools: &[ToolFacts]) -> Result<Self, PolicyError> {
        let text = schema_text(tools);
        let schema = schema(tools, &text)?;
        let actions = schema.action_entities().map_err(|error| PolicyError::Tools(error.to_string()))?;
        let mut environments: Vec<Environment> = schema
            .request_envs()
            .map(|env| Environment {
                call: Call {
                    action: env.action().id().unescaped().to_owned(),
                    principal: env.principal().to_string(),
                    resource: env.resource().to_string(),
                },
                action: chain(&actions, env.action()),
                env,
            })
            .collect();
        // Tools before items and people before services: the first that fails is the example that is shown.
        environments.sort_by_key(|Environment { call, .. }| {
            let unusual = (call.action.ends_with(":view_item"), call.principal == "Id::Service");
            (unusual.0, call.action.clone(), unusual.1, call.resource.clone())
        });
        Ok(Self { schema_hash: hash([text.as_bytes()]), schema, environments })
    }

    /// The action that shows an item of this type; none for an instance.
    pub(super) fn view(&self, resource: &str) -> Option<Chain> {
        let name = match resource {
            "Jira::Project" | "Jira::Issue" => "jira:view_item",
            "Confluence::Space" | "Confluence::Page" => "confluence:view_item",
            _ => return None,
        };
        let uid = self.environments.iter().find(|environment| environment.call.action == name)?;
        Some(uid.action.clone())
    }

    pub(super) fn groups(&self) -> Groups {
        let mut members: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
        for Environment { call, action, .. } in &self.environments {
            for group in &action.ancestors {
                let member = (call.action.clone(), call.resource.clone());
                members.entry(group.id().unescaped().to_owned()).or_default().insert(member);
            }
        }
        Groups { members }
    }
}

fn chain(actions: &Entities, uid: &EntityUid) -> Chain {
    let mut ancestors: Vec<EntityUid> = actions.ancestors(uid).into_iter().flatten().cloned().collect();
    ancestors.sort();
    Chain { uid: uid.clone(), ancestors }
}

/// As many actions are named one by one.
const FEW: usize = 6;

/// Which actions are in which group, to name many by one word.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    members: BTreeMap<String, BTreeSet<(String, String)>>,
}

impl Groups {
    /// The calls in few words: whole groups first, then single actions; and on what.
    pub fn describe(&self, calls: &[Call]) -> String {
        let resources: BTreeSet<&str> = calls.iter().map(|call| call.resource.as_str()).collect();
        // `User` after `Service` in the alphabet, and before it in importance.
        let principals: BTreeSet<&str> = calls.iter().map(|call| call.principal.as_str()).collect();
        let principals: Vec<&str> = principals.into_iter().rev().collect();
        let touched = |members: &BTreeSet<(String, String)>| -> BTreeSet<String> {
            let touched = members.iter().filter(|(_, resource)| resources.contains(resource.as_str()));
            touched.map(|(action, _)| action.clone()).collect()
        };
        let mut groups: Vec<(&str, BTreeSet<String>)> =
            self.members.iter().map(|(group, members)| (group.as_str(), touched(members))).collect();
        // The larger says more; of two of one size, the shorter name.
        groups.sort_by_key(|(group, members)| (usize::MAX - members.len(), group.len()));
        let actions = calls.iter().map(|call| call.action.clone()).collect();
        let words = without(&actions, &groups).unwrap_or_else(|| in_words(actions, &groups));
        let resources: Vec<&str> = resources.into_iter().collect();
        format!("{words} for {} on {}", principals.join(", "), resources.join(", "))
    }
}

/// Many actions as one group less another, if they are.
fn without(actions: &BTreeSet<String>, groups: &[(&str, BTreeSet<String>)]) -> Option<String> {
    if actions.len() <= FEW {
        return None;
    }
    groups.iter().filter(|(_, members)| members.is_superset(actions)).rev().find_map(|(group, members)| {
        let left: BTreeSet<String> = members.difference(actions).cloned().collect();
        let (other, _) = groups.iter().find(|(_, members)| !left.is_empty() && *members == left)?;
        Some(format!("all {} actions of `{group}` that are not `{other}`", actions.len()))
    })
}

fn in_words(mut left: BTreeSet<String>, groups: &[(&str, BTreeSet<String>)]) -> String {
    let mut words = Vec::new();
    for (group, members) in groups {
        if members.len() > 1 && members.is_subset(&left) {
            words.push(format!("all {} actions of `{group}`", members.len()));
            left.retain(|action| !members.contains(action));
        }
    }
    let rest = left.len();
    words.extend(left.into_iter().take(FEW).map(|action| format!("`{action}`")));
    if rest > FEW {
        words.push(format!("{} others", rest - FEW));
    }
    words.join(", ")
}
