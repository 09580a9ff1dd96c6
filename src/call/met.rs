//! What policies name of the issues that a call meets on the way, where an answer did not say it: the ends of a link, a
//! subtask, an epic that is named by its key.
//!
//! They are asked for together. Whatever is not known afterwards is not shown, so nothing here has to succeed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Gate;
use super::Refusal;
use crate::audit::Trail;
use crate::identity::Caller;
use crate::ids::IssueKey;
use crate::lookup;
use crate::lookup::Lookup;
use crate::lookup::LookupError;
use crate::policy::Product;
use crate::policy::Resource;
use crate::tools::Output;
use crate::tools::sift_embedded;

/// How many issues are asked for at once: Data Center gives no more.
const TOGETHER: usize = 50;

/// How many requests are made for one call at most.
const MOST_REQUESTS: usize = 4;

/// Asks for what is not known of these, as far as policies name it.
pub(super) async fn know<'r>(
    gate: &Gate,
    caller: &Caller,
    trail: &Trail,
    resources: impl IntoIterator<Item = &'r Resource>,
) -> Result<(), Refusal> {
    if trail.observes_nothing(caller.route.instance.upstream.product()) {
        return Ok(());
    }
    let observed = trail.observed();
    let viewer = gate.engine.viewer(&caller.principal, &caller.session, &observed);
    let unknown = resources.into_iter().filter(|resource| viewer.needs_more(resource));
    let keys: BTreeSet<IssueKey> = unknown.filter_map(issue).collect();
    let keys: Vec<IssueKey> = keys.into_iter().collect();
    for keys in keys.chunks(TOGETHER).take(MOST_REQUESTS) {
        let (instance, credential) = (&caller.route.instance, &caller.route.credential);
        match lookup::ask(&Lookup::Issues(keys), instance, credential, trail).await {
            // What Jira does not say stays unknown.
            Ok(_) | Err(LookupError::NotVisible | LookupError::Upstream(_)) => {}
            Err(error @ LookupError::Audit(_)) => return Err(Refusal::Lookup(error)),
        }
    }
    Ok(())
}

/// The same for everything in a result.
pub(super) async fn know_all(
    gate: &Gate,
    caller: &Caller,
    trail: &Trail,
    output: &Output,
) -> Result<(), Refusal> {
    let product = caller.route.instance.upstream.product();
    // Confluence says with a page what it says of it at all.
    if product == Product::Confluence || trail.observes_nothing(product) {
        return Ok(());
    }
    know(gate, caller, trail, &met(output)).await
}

/// Every issue that would be asked about before the result is shown.
fn met(output: &Output) -> Vec<Resource> {
    let met = RefCell::new(Vec::new());
    let note = |resource: &Resource| {
        met.borrow_mut().push(resource.clone());
        true
    };
    match output {
        Output::Object { actual, value } => {
            met.borrow_mut().extend(actual.clone());
            sift_embedded(&mut value.clone(), &note);
        }
        Output::Items { items, .. } | Output::Derived { items, .. } => {
            for item in items {
                met.borrow_mut().extend(item.resources.iter().cloned());
                sift_embedded(&mut item.value.clone(), &note);
            }
        }
        Output::Files { .. } | Output::List { .. } => {}
    }
    met.into_inner()
}

fn issue(resource: &Resource) -> Option<IssueKey> {
    match resource.place() {
        Resource::Issue { key, .. } => Some(key.clone()),
        _ => None,
    }
}
