//! Forbids that forbid all that a permit gives: what is permitted then never happens.

use cedar_policy::Effect;
use cedar_policy::Schema;

use crate::policy::Problem;
use crate::policy::set::LoadedPolicy;
use crate::policy::taken::Taken;

/// What forbids leave nothing of.
pub(super) fn problems(policies: &[LoadedPolicy], schema: &Schema) -> Vec<Problem> {
    let (permits, forbids): (Vec<&LoadedPolicy>, Vec<&LoadedPolicy>) =
        policies.iter().partition(|policy| policy.policy.effect() == Effect::Permit);
    let permits: Vec<Taken<'_>> = permits.into_iter().map(Taken::of).collect();
    let problem = |forbid: &LoadedPolicy| {
        let taken = Taken::of(forbid);
        let lost = permits.iter().filter(|permit| taken.takes_all(permit, schema));
        let lost: Vec<&str> = lost.map(|permit| permit.by.id.as_str()).collect();
        (!lost.is_empty()).then(|| overruled(forbid, &lost, lost.len() == permits.len()))
    };
    forbids.into_iter().filter_map(problem).collect()
}

fn overruled(forbid: &LoadedPolicy, lost: &[&str], is_all: bool) -> Problem {
    let names: Vec<String> = lost.iter().map(|id| format!("`{id}`")).collect();
    let names = names.join(", ");
    let message = if is_all {
        format!("forbids all that {names} permits, so nothing is left: every call is denied")
    } else {
        format!("forbids all that {names} permits, so that permits nothing")
    };
    let help = if forbid.policy.has_non_scope_constraint() {
        "if it should hold for all but these calls, write `unless` in place of `when`; else ask for less in it"
    } else {
        "name in it the principal, the actions or the resource that it is about, or add `unless { ... }`"
    };
    Problem {
        file: forbid.file.clone(),
        line: forbid.line,
        column: 1,
        policy: Some(forbid.id.clone()),
        message,
        help: Some(help.to_owned()),
        excerpt: None,
    }
}
