//! One call, as a straight line: find, decode, identify, resolve, decide, admit, run, sift, shape, close.
//!
//! Everything a call may do happens in `steps`; [`call`] around it makes sure that every end, also a panic, a
//! deadline or a client that goes away, is an answer and an outcome record.

mod absence;
mod apart;
mod met;
mod passage;
mod refusal;
mod shape;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde_json::Map;
use serde_json::Value;

use passage::Passage;
pub use refusal::Refusal;
pub use shape::Answer;
use shape::Shaped;

use crate::atlassian::Products;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::Texts;
use crate::audit::Admitted;
use crate::audit::Audit;
use crate::audit::CallFacts;
use crate::audit::CallId;
use crate::audit::Refusals;
use crate::audit::Rules;
use crate::audit::Trail;
use crate::brake::Brake;
use crate::identity::Caller;
use crate::identity::Identity;
use crate::identity::Named;
use crate::identity::Presented;
use crate::identity::Route;
use crate::ids::InstanceName;
use crate::ids::SpaceKey;
use crate::lookup::Found;
use crate::lookup::LookupError;
use crate::lookup::Lookups;
use crate::lookup::Target;
use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Denied;
use crate::policy::Effect;
use crate::policy::Policies;
use crate::policy::Product;
use crate::policy::Question;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Searcher;
use crate::policy::Write;
use crate::telemetry::Metrics;
use crate::telemetry::Stages;
use crate::tools;
use crate::tools::AnyTool;
use crate::tools::Context;
use crate::tools::Decoded;
use crate::tools::Offer;
use met::Met;

/// Everything a call passes through.
#[derive(Debug)]
pub struct Gate {
    /// The configured products.
    pub products: Products,
    /// Who calls.
    pub identity: Identity,
    /// What is allowed; a call goes by the set that is in force when it begins.
    pub policies: Policies,
    /// What an administrator has frozen.
    pub brake: Brake,
    /// Where things lie.
    pub lookups: Lookups,
    /// What is written down.
    pub audit: Audit,
    /// How much of the arguments that is.
    pub rules: Arc<Rules>,
    /// Refusals before dispatch, as far as they are not too many.
    pub refusals: Refusals,
    /// What is counted.
    pub metrics: Metrics,
    /// Which tools the configuration offers.
    pub offer: Offer,
    /// How long a call may take.
    pub deadline: Duration,
    /// Whether tools a caller can never use look as if they did not exist.
    pub hide_denied: bool,
    /// The user this process runs as, for the records of stdio.
    pub os_user: Option<String>,
    /// Whether an issue that is read may be noted at Jira as visited: only where the operator turned writes on.
    pub visits: bool,
    /// How texts of Jira are shown and taken.
    pub texts: Texts,
    /// How some tools work.
    pub options: tools::Options,
    /// What page tokens are sealed with.
    pub page_tokens: tools::PageTokens,
    /// The operator's boundary of spaces, by instance, as they are spelled; empty is none.
    pub spaces: BTreeMap<InstanceName, Vec<SpaceKey>>,
}

/// A call as a client sent it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The name of the tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// Who sent it, and how.
    pub presented: Presented,
    /// The trace it belongs to, if the client said so.
    pub trace_id: Option<String>,
}

/// Runs one call and writes down how it ended. Dropping the future ends the request upstream and writes `abandoned`.
pub async fn call(gate: &Gate, mut request: Request) -> Answer {
    let Some(tool) = gate.offer.find(&request.tool) else {
        return refusal::unknown(gate, &request).await;
    };
    let gate = &Passage::of(gate);
    let mut trail = gate.audit.trail(facts(gate, tool, &request));
    trail.needs(gate.engine.needs(tool.spec().name));
    trail.told_by(&gate.rules);
    let line = steps(gate, tool, &mut request, &mut trail);
    let ended = guarded(gate.deadline, tool.access(), line).await;
    if ended.is_err() && !trail.has_arguments() {
        trail.ended_early(&request.arguments, |name| tools::has_argument(tool, name));
    }
    let mut stages = gate.metrics.stages();
    let answer = shape::close(gate, tool, trail, ended).await;
    stages.done("outcome");
    answer
}

/// Ends a line that panics or takes too long with a refusal like any other.
async fn guarded(
    limit: Duration,
    access: Access,
    line: impl Future<Output = Result<Shaped, Refusal>>,
) -> Result<Shaped, Refusal> {
    match tokio::time::timeout(limit, AssertUnwindSafe(line).catch_unwind()).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_panic)) => Err(Refusal::Panic),
        Err(_elapsed) => Err(Refusal::Deadline { limit, access }),
    }
}

/// The line. Each step is one function; each can end the call.
async fn steps(
    gate: &Passage<'_>,
    tool: &'static dyn AnyTool,
    request: &mut Request,
    trail: &mut Trail,
) -> Result<Shaped, Refusal> {
    let mut stages = gate.metrics.stages();
    let route = route(gate, tool, request, trail).await?;
    if gate.hide_denied {
        hide(gate, tool, request, &route, trail).await?;
    }
    let decoded = decode(gate, tool, request, &route, trail).await?;
    trail.measured(decoded.arguments(), &decoded.input());
    gate.brake.check(tool.access())?;
    stages.done("decode");
    let caller = identify(gate, request, &route, trail).await?;
    stages.done("identify");
    let targets = decoded.targets();
    let mut found = Found::default();
    let resolved = if decoded.is_apart() {
        apart::resolve(gate, tool, &targets, &caller, trail, &mut found).await
    } else {
        resolve(gate, tool, &targets, &caller, trail, &mut found).await
    };
    let resources = evenly(gate, &caller, trail, &found, resolved).await?;
    stages.done("resolve");
    let decided = decide_and_admit(gate, tool, &caller, &resources, decoded.as_ref(), trail, &mut stages)
        .await
        .map_err(|refusal| refusal.about(tool.spec().name, &targets));
    let admitted = evenly(gate, &caller, trail, &found, decided).await?;
    gate.lookups.remember(&mut found).await;
    stages.done("intent");
    let input = decoded.input();
    let decided_on = trail.observed();
    let output = decoded
        .run(context(gate, &caller, found), admitted)
        .await
        .map_err(|error| Refusal::from(error).about(tool.spec().name, &targets))?;
    stages.done("run");
    if let Some(actual) = shape::misplaced(tool.access(), &resources, &output) {
        trail.misplaced(&resources, actual);
    }
    Met { gate, caller: &caller, trail }.know_all(&resources, &output).await?;
    let observed = trail.observed();
    let question = Question {
        principal: &caller.principal,
        session: &caller.session,
        tool: tool.spec().name,
        resources: &resources,
        input: &input,
        observed: &observed,
    };
    let kind = (tool.spec().product, tool.access());
    let sifted = shape::decided_again(gate, &question, kind, &decided_on)
        .and_then(|()| shape::sift(gate, &question, kind, output))
        .map_err(|refusal| refusal.about(tool.spec().name, &targets))?;
    trail.would_withhold(gate.would_hide());
    let shaped = shape::shape(sifted);
    stages.done("shape");
    Ok(shaped)
}

/// Finds out which Jira or Confluence the call is for. From here on every record names it.
async fn route(
    gate: &Gate,
    tool: &dyn AnyTool,
    request: &mut Request,
    trail: &mut Trail,
) -> Result<Route, Refusal> {
    let product = tool.spec().product;
    let named =
        if gate.products.has_several(product) { tools::take_instance(&mut request.arguments)? } else { None };
    let route =
        gate.identity.route(&request.presented, product, named.as_ref(), &gate.products, Some(trail)).await?;
    trail.at(&route.instance.name);
    trail.logs_in_by(request.presented.method_on(&route));
    Ok(route)
}

/// Ends the call as one of an unknown tool, before its arguments are looked at, if the caller could never use it.
async fn hide(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    request: &Request,
    route: &Route,
    trail: &mut Trail,
) -> Result<(), Refusal> {
    let caller = identify(gate, request, route, trail).await?;
    let visible = gate.engine.visible_tools(Some(&caller.principal), &caller.session);
    if visible.contains(tool.spec().name) { Ok(()) } else { Err(Refusal::Hidden) }
}

/// Reads the arguments before anything is asked of Atlassian. A caller who is known already is named in the record.
async fn decode(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    request: &Request,
    route: &Route,
    trail: &mut Trail,
) -> Result<Box<dyn Decoded>, Refusal> {
    if let Some(principal) = gate.identity.known(&request.presented, route, &gate.engine).await {
        trail.identified(&principal);
    }
    let mut arguments = request.arguments.clone();
    tools::take_links(tool, &mut arguments, &route.instance.site)?;
    tools::bound(tool, &mut arguments, gate.options.most_results);
    Ok(tool.decode(arguments)?)
}

async fn identify(
    gate: &Passage<'_>,
    request: &Request,
    route: &Route,
    trail: &mut Trail,
) -> Result<Caller, Refusal> {
    let caller = gate.identity.identify(&request.presented, route.clone(), &gate.engine, trail).await?;
    trail.identified(&caller.principal);
    trail.uses(caller.account());
    Ok(caller)
}

/// Finds the real project or space of everything the call names, unless the decision is the same for all of them.
async fn resolve(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    targets: &[Target],
    caller: &Caller,
    trail: &Trail,
    found: &mut Found,
) -> Result<Vec<Resource>, Refusal> {
    let alone = gate.engine.decides_alone(tool.spec().name);
    // A title, or the id of a space, names no object until Confluence has said which it is: the permit must.
    let (asked, unasked): (Vec<&Target>, Vec<&Target>) =
        targets.iter().partition(|target| !alone || target.names_by_look_up());
    let there = (&*caller.route.instance, &*caller.route.credential);
    let located = gate.lookups.resolve(&asked, tool.access(), there, trail, found).await;
    let mut resources = located.map_err(|error| match error {
        LookupError::NotVisible => Refusal::not_visible(targets),
        other => Refusal::Lookup(other),
    })?;
    resources.extend(unasked.into_iter().filter_map(Target::unresolved));
    if leads_out_of_hidden(gate, caller, found) {
        return Err(Refusal::not_visible(targets));
    }
    let asked = Met { gate, caller, trail }.know(&resources).await?;
    found.also_sent(asked);
    Ok(resources)
}

/// Whether an issue was named by a former key, of a project in which the caller may see nothing: the key would tell what was
/// there, and where it went.
fn leads_out_of_hidden(gate: &Passage<'_>, caller: &Caller, found: &Found) -> bool {
    let mut former = found.former_projects().peekable();
    former.peek().is_some() && {
        let sight = searcher(gate, caller).sight(Product::Jira);
        former.any(|project| sight.shows_nothing_in(&project))
    }
}

/// Lets a refusal as not visible cost the same, whether the object is hidden or absent.
async fn evenly<T>(
    gate: &Gate,
    caller: &Caller,
    trail: &Trail,
    found: &Found,
    step: Result<T, Refusal>,
) -> Result<T, Refusal> {
    if let Err(Refusal::NotVisible { .. }) = step {
        let there = (&*caller.route.instance, &*caller.route.credential);
        gate.lookups.even_out(there, trail, found).await;
    }
    step
}

/// `policy` makes an `Allowed`, `audit` makes a permit of it: no other code can.
async fn decide_and_admit(
    gate: &Passage<'_>,
    tool: &dyn AnyTool,
    caller: &Caller,
    resources: &[Resource],
    decoded: &dyn Decoded,
    trail: &mut Trail,
    stages: &mut Stages,
) -> Result<Admitted, Refusal> {
    let input = decoded.input();
    let name = tool.spec().name;
    let observed = trail.observed();
    let question = Question {
        principal: &caller.principal,
        session: &caller.session,
        tool: name,
        resources,
        input: &input,
        observed: &observed,
    };
    Ok(match tool.access() {
        Access::Read => {
            let allowed = written(gate.engine.decide::<Read>(&question), decoded, resources, trail)?;
            stages.done("decide");
            gate.brake.check(Access::Read)?;
            Admitted::Read(trail.admit(allowed, decoded.arguments()).await?)
        }
        Access::Write => {
            let allowed = written(gate.engine.decide::<Write>(&question), decoded, resources, trail)?;
            stages.done("decide");
            // Once more: what was asked of Atlassian until here took its time.
            gate.brake.check(Access::Write)?;
            Admitted::Write(trail.admit(allowed, decoded.arguments()).await?)
        }
    })
}

/// A denial leaves the arguments in the trail, as they are recorded.
fn written<E: Effect>(
    decided: Result<Allowed<E>, Denied>,
    decoded: &dyn Decoded,
    resources: &[Resource],
    trail: &mut Trail,
) -> Result<Allowed<E>, Denied> {
    decided.inspect_err(|_| trail.refused(decoded.arguments(), resources))
}

fn context<'a>(gate: &'a Passage<'_>, caller: &'a Caller, found: Found) -> Context<'a> {
    let Route { instance, credential, .. } = &caller.route;
    let product = instance.upstream.product();
    // A site that a caller chose is bounded as the default is.
    let default = InstanceName::default();
    let bounded = if instance.name.is_chosen() { &default } else { &instance.name };
    Context {
        jira: (product == Product::Jira).then(|| Jira::new(instance, credential, gate.texts)),
        confluence: (product == Product::Confluence).then(|| Confluence::new(instance, credential)),
        found,
        hides: !gate.engine.shows_everything(product),
        visits: gate.visits,
        options: &gate.options,
        page_tokens: &gate.page_tokens,
        searcher: searcher(gate, caller),
        spaces: gate.spaces.get(bounded).map(Vec::as_slice).unwrap_or_default(),
    }
}

fn searcher<'a>(gate: &'a Passage<'_>, caller: &'a Caller) -> Searcher<'a> {
    Searcher { engine: &gate.engine, principal: &caller.principal, session: &caller.session }
}

fn facts(gate: &Gate, tool: &dyn AnyTool, request: &Request) -> CallFacts {
    CallFacts {
        call: CallId::random(),
        tool: tool.spec().name.to_owned(),
        product: tool.spec().product,
        access: tool.access(),
        method: request.presented.method(),
        client: request.presented.client.clone(),
        address: request.presented.address,
        proxy: request.presented.proxy,
        transport: request.presented.transport,
        trace_id: request.trace_id.clone(),
        os_user: gate.os_user.clone().filter(|_| request.presented.transport == "stdio"),
        named: request.presented.named.as_ref().map(Named::noted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_and_a_deadline_end_as_refusals() {
        let limit = Duration::from_secs(75);
        let panicked = guarded(limit, Access::Read, async { panic!("a fault in a tool") }).await;
        assert!(matches!(panicked, Err(Refusal::Panic)), "{panicked:?}");
        let late = guarded(limit, Access::Write, std::future::pending()).await;
        assert!(matches!(late, Err(Refusal::Deadline { access: Access::Write, .. })), "{late:?}");
    }
}
