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
        environments.sort_by(|left, right| left.call.cmp(&right.call));
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

/// Which actions are in which group, to name many by one word.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    members: BTreeMap<String, BTreeSet<(String, String)>>,
}

impl Groups {
    /// The calls in few words: whole groups first, then single actions; and on what.
    pub fn describe(&self, calls: &[Call]) -> String {
        let resources: BTreeSet<&str> = calls.iter().map(|call| call.resource.as_str()).collect();
        let principals: BTreeSet<&str> = calls.iter().map(|call| call.principal.as_str()).collect();
        let mut left: BTreeSet<&str> = calls.iter().map(|call| call.action.as_str()).collect();
        let mut words = Vec::new();
        let mut groups: Vec<(&str, BTreeSet<&str>)> = self
            .members
            .iter()
            .map(|(group, members)| {
                let touched = members.iter().filter(|(_, resource)| resources.contains(resource.as_str()));
                (group.as_str(), touched.map(|(action, _)| action.as_str()).collect())
            })
            .collect();
        // The larger says more; of two of one size, the shorter name.
        groups.sort_by_key(|(group, members)| (usize::MAX - members.len(), group.len()));
        for (group, members) in groups {
            if members.len() > 1 && members.is_subset(&left) {
                words.push(format!("all {} actions of `{group}`", members.len()));
                left.retain(|action| !members.contains(action));
            }
        }
        let rest = left.len();
        words.extend(left.into_iter().take(6).map(|action| format!("`{action}`")));
        if rest > 6 {
            words.push(format!("{} others", rest - 6));
        }
        let joined = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
        format!("{} for {} on {}", words.join(", "), joined(principals), joined(resources))
    }
}
