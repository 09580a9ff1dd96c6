//! What a policy looks at. It is found out once, since one policy may decide on every action.

use std::sync::Arc;

use cedar_policy::EntityId;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use serde_json::Value;

use crate::policy::Needs;
use crate::policy::candidates::principal_of;
use crate::policy::candidates::resource_of;
use crate::policy::context;

/// What a policy looks at, and what it tells.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    /// The entity without which it does not match: from the scope, or from the first thing its condition asks.
    pub(super) named: Option<EntityUid>,
    /// Whether it may look at the session or the arguments.
    pub(super) at_context: bool,
    /// Whether it may look at the arguments.
    pub(super) at_input: bool,
    /// The attributes that it names.
    pub(super) needs: Needs,
    /// What a forbid tells the caller: Cedar parses an annotation's name anew whenever it is asked for.
    pub(super) advice: Option<Arc<str>>,
}

impl Looks {
    /// What cannot be read may look at anything.
    pub(super) fn of(policy: &Policy) -> Self {
        let json = policy.to_json().ok();
        let in_scope = resource_of(policy).or_else(|| principal_of(policy));
        Self {
            named: in_scope.or_else(|| first_condition(json.as_ref()?)),
            at_context: json.as_ref().is_none_or(context::reads_context),
            at_input: json.as_ref().is_none_or(context::reads_input),
            needs: json.as_ref().map_or_else(Needs::all, Needs::named_in),
            advice: policy.annotation("advice").map(Arc::from),
        }
    }
}

/// `when { resource in X && ... }`: where the resource is not in X, nothing after it is looked at, so the policy neither
/// matches nor errs.
fn first_condition(policy: &Value) -> Option<EntityUid> {
    let condition = policy.get("conditions")?.get(0)?;
    if condition.get("kind")?.as_str()? != "when" {
        return None;
    }
    let mut first = condition.get("body")?;
    while let Some(and) = first.get("&&") {
        first = and.get("left")?;
    }
    let test = first.get("in").or_else(|| first.get("=="))?;
    let variable = test.get("left")?.get("Var")?.as_str()?;
    let entity = test.get("right")?.get("Value")?.get("__entity")?;
    matches!(variable, "resource" | "principal").then(|| uid(entity)).flatten()
}

fn uid(entity: &Value) -> Option<EntityUid> {
    let text = |name: &str| entity.get(name)?.as_str();
    let kind = text("type")?.parse().ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(text("id")?)))
}
