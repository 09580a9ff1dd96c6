//! Calls that answer for each of several issues: one that is not visible is left out of the decision, and told.
//!
//! What is left is decided on as a whole, and the permit is for that alone. Hidden and absent are one answer.

use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::future::BoxFuture;

use super::Passage;
use super::Refusal;
use crate::audit::Trail;
use crate::identity::Caller;
use crate::lookup::Found;
use crate::lookup::Target;
use crate::policy::Resource;
use crate::tools::AnyTool;

/// How many issues are looked up at once.
const AT_ONCE: usize = 6;

/// Finds the real project of everything the call names and may know of. If that is nothing, the call ends.
pub(super) async fn resolve(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    targets: &[Target],
    caller: &Caller,
    trail: &Trail,
    found: &mut Found,
) -> Result<Vec<Resource>, Refusal> {
    let mut asked: Vec<BoxFuture<'_, _>> = Vec::with_capacity(targets.len());
    for target in targets {
        asked.push(one(gate, tool, target, caller, trail).boxed());
    }
    let located: Vec<_> = futures::stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut resources = Vec::with_capacity(targets.len());
    for (target, located) in targets.iter().zip(located) {
        match located {
            Ok((places, own)) if is_visible(gate, tool, (caller, trail), &places) => {
                resources.extend(places);
                found.join(own);
            }
            Ok(_) | Err(Refusal::NotVisible { .. }) => found.leave_out(target),
            Err(other) => return Err(other),
        }
    }
    if resources.is_empty() { Err(Refusal::not_visible(targets)) } else { Ok(resources) }
}

/// Where one of them lies. What it brings is taken over only where the caller may know of it.
async fn one(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    target: &Target,
    caller: &Caller,
    trail: &Trail,
) -> Result<(Vec<Resource>, Found), Refusal> {
    let mut found = Found::default();
    let target = std::slice::from_ref(target);
    let resolved = super::resolve(gate, tool, target, caller, trail, &mut found).await;
    let places = super::evenly(gate, caller, trail, &found, resolved).await?;
    Ok((places, found))
}

/// Whether the caller may know of these. Where the decision is the same for all, nothing was looked up, and Jira says it.
fn is_visible(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    (caller, trail): (&Caller, &Trail),
    places: &[Resource],
) -> bool {
    let observed = trail.observed();
    let viewer = gate.engine.viewer(&caller.principal, &caller.session, &observed);
    gate.engine.decides_alone(tool.spec().name) || places.iter().all(|place| viewer.may_view(place))
}
