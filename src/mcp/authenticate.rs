//! A credential that no product accepts ends in 401, before dispatch.

use super::envelope::Envelope;
use super::failing::Failing;
use super::failing::Failure;
use super::failing::Place;
use crate::audit::AuditError;
use crate::audit::CallFacts;
use crate::audit::CallId;
use crate::audit::Ended;
use crate::audit::ErrorClass;
use crate::audit::Outcome;
use crate::call::Gate;
use crate::identity::IdentityError;
use crate::identity::Login;
use crate::identity::Named;
use crate::identity::Presented;
use crate::identity::Route;
use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Principal;
use crate::policy::Product;

const BOTH: [Product; 2] = [Product::Jira, Product::Confluence];

/// Why a request is not dispatched.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unauthenticated {
    /// No product in question accepts the credential.
    #[error(transparent)]
    Rejected(IdentityError),
    /// Too many credentials from there could not be verified; this one is not known, and was not looked at.
    #[error(
        "too many credentials from your network could not be verified in the last minute: check the token, and whether Jira and \
         Confluence answer, and try again in a minute"
    )]
    Limited,
    /// That it was asked for could not be written down.
    #[error(transparent)]
    Unwritten(#[from] AuditError),
}

/// A credential that was shown to a product, and whose account it is if the product said so.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    /// Where it was shown.
    pub(super) route: Route,
    /// Whose it is; nothing if the product could not be asked.
    pub(super) principal: Option<Principal>,
    verdict: Verdict,
}

/// What is known of a credential now. Of one that is for several products the greatest holds: what one does not accept may
/// be for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    /// Nothing new: it was not shown, or something of the operator's own is not to be had.
    NotAsked,
    /// Nobody said what it is.
    Unanswered,
    /// It is no good.
    Rejected,
    /// Whose it is.
    Known,
}

/// Shows the credential to the product that the tool's name begins with, whether there is such a tool or not: without
/// a good credential nobody learns which tools exist. A list of tools depends on the account at every product, and so does
/// who is told that it may have changed.
///
/// A product that cannot be reached, or is too slow, does not end the request here: the call itself says so.
pub(super) async fn authenticate(
    gate: &Gate,
    failing: &Failing,
    presented: &Presented,
    envelope: &Envelope,
) -> Result<Vec<Accepted>, Unauthenticated> {
    let mut products = match (envelope.method.as_deref(), envelope.tool.as_deref()) {
        (Some("tools/call"), Some(tool)) => named(tool),
        (Some("tools/list" | "subscriptions/listen"), _) => BOTH.to_vec(),
        _ => return Ok(Vec::new()),
    };
    only_served(&mut products, gate);
    // Whoever brings a token for one product alone has nothing to show to the other.
    if products.iter().any(|product| presented.is_for(*product)) {
        products.retain(|product| presented.is_for(*product));
    }
    let site = envelope.instance.as_deref().and_then(|name| InstanceName::parse(name).ok());
    let mut asking = Asking { gate, failing, presented, place: None, verdict: Verdict::NotAsked };
    let (mut accepted, mut missing) = (Vec::new(), Vec::new());
    for product in products {
        let site = site.as_ref().filter(|_| gate.products.has_several(product));
        match asking.identified(product, site).await? {
            Ok(found) => accepted.push(found),
            Err(why) => missing.push(why),
        }
        if !presented.is_one_for_all() {
            asking.settle();
        }
    }
    asking.settle();
    if !accepted.is_empty() {
        return Ok(accepted);
    }
    if missing.iter().any(|why| matches!(why, Unidentified::Limited)) {
        return Err(Unauthenticated::Limited);
    }
    let rejected = missing.into_iter().find_map(Unidentified::rejected);
    rejected.map_or(Ok(accepted), |error| Err(Unauthenticated::Rejected(error)))
}

/// That the credential was not accepted a moment ago, wherever it may be shown: whatever the request asks for, it is
/// refused.
pub(super) async fn rejected_before(gate: &Gate, presented: &Presented) -> Option<IdentityError> {
    let mut rejected = None;
    let mut products = BOTH.to_vec();
    only_served(&mut products, gate);
    for product in products {
        let named = gate.products.all(product).filter(|_| gate.products.has_several(product));
        for site in std::iter::once(None).chain(named.map(|site| Some(site.name()))) {
            match gate.identity.route(presented, product, site, &gate.products, None).await {
                Ok(route) => rejected = Some(gate.identity.rejected(presented, &route)?),
                // There the credential is not shown.
                Err(IdentityError::NoOwn(_) | IdentityError::NoInstance { .. }) => {}
                Err(_) => return None,
            }
        }
    }
    rejected
}

/// Where no product is configured, callers may name a site of either.
fn only_served(products: &mut Vec<Product>, gate: &Gate) {
    products.retain(|product| gate.products.serves(*product));
    if products.is_empty() {
        products.extend(BOTH);
    }
}

/// Why it is not known whose a credential is.
enum Unidentified {
    /// It is no good.
    Rejected(IdentityError),
    /// It was no good a moment ago.
    RejectedBefore(IdentityError),
    /// It is shown to nobody: there is none for this product, or the site may not be chosen.
    Refused(IdentityError),
    /// Too many from there were no good.
    Limited,
    /// The product did not say, or there is no such site: the call itself says so.
    Unanswered,
    /// The operator's own credential is not to be had: the call itself says so.
    NotAsked,
}

impl Unidentified {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Rejected(_) => Verdict::Rejected,
            Self::Unanswered => Verdict::Unanswered,
            Self::RejectedBefore(_) | Self::Refused(_) | Self::Limited | Self::NotAsked => Verdict::NotAsked,
        }
    }

    fn rejected(self) -> Option<IdentityError> {
        match self {
            Self::Rejected(error) | Self::RejectedBefore(error) | Self::Refused(error) => Some(error),
            Self::Limited | Self::Unanswered | Self::NotAsked => None,
        }
    }
}

fn named(tool: &str) -> Vec<Product> {
    let of =
        |product: &Product| tool.strip_prefix(product.as_str()).is_some_and(|rest| rest.starts_with('_'));
    BOTH.into_iter().filter(of).collect()
}

/// What a credential is asked for with.
struct Asking<'a> {
    gate: &'a Gate,
    failing: &'a Failing,
    presented: &'a Presented,
    /// Its place among those that may fail, from the first question until it is known what it is.
    place: Option<Place>,
    /// What is known of it since then.
    verdict: Verdict,
}

impl Asking<'_> {
    /// Counts what came of the credential. What was no fault of the caller's counts nothing.
    fn settle(&mut self) {
        let verdict = std::mem::replace(&mut self.verdict, Verdict::NotAsked);
        let Some(place) = self.place.take() else { return };
        match verdict {
            Verdict::Known | Verdict::NotAsked => place.give_back(),
            Verdict::Rejected => place.fail(Failure::Rejected),
            Verdict::Unanswered => place.fail(Failure::Unanswered),
        }
    }

    /// Finds out whose credential it is at one product.
    async fn identified(
        &mut self,
        product: Product,
        site: Option<&InstanceName>,
    ) -> Result<Result<Accepted, Unidentified>, AuditError> {
        let Self { gate, presented, .. } = *self;
        // What is stored for somebody whose name is known is no guess: their neighbours must not wait for it, and the record
        // has the name.
        let is_named = matches!(presented.login, Login::Named(_));
        let route = match gate.identity.route(presented, product, site, &gate.products, None).await {
            Ok(route) => Some(route),
            // Nobody has to be asked to know it.
            Err(error) if !is_named && error.is_refused_unasked() => {
                return Ok(Err(Unidentified::Refused(error)));
            }
            Err(_) => None,
        };
        let mut found = self.remembered(route.as_ref()).await;
        // Asked only of what is not known: that costs a hash of the credential.
        let is_vouched = || route.as_ref().is_some_and(|route| gate.identity.has_vouched(presented, route));
        if found.is_none() && self.place.is_none() && !is_named && !is_vouched() {
            let place = tokio::time::timeout(gate.deadline, self.failing.place(presented.address)).await;
            let Ok(Ok(place)) = place else { return Ok(Err(Unidentified::Limited)) };
            self.place = Some(place);
            // While it waited, another request may have found out the same.
            found = self.remembered(route.as_ref()).await;
        }
        let found = match found {
            Some(found) => found,
            None => match Box::pin(ask(gate, presented, (product, site))).await {
                Ok(found) => found,
                Err(error) => {
                    // That it cannot be written down is no fault of the caller's.
                    if let Some(place) = self.place.take() {
                        place.give_back();
                    }
                    return Err(error);
                }
            },
        };
        let verdict = found.as_ref().map_or_else(Unidentified::verdict, |accepted| accepted.verdict);
        self.verdict = self.verdict.max(verdict);
        Ok(found)
    }

    /// What the product said of it before.
    async fn remembered(&self, route: Option<&Route>) -> Option<Result<Accepted, Unidentified>> {
        let (identity, presented, route) = (&self.gate.identity, self.presented, route?);
        let principal = identity.known(presented, route, &self.gate.policies.current()).await;
        if principal.is_some() {
            return Some(Ok(Accepted { route: route.clone(), principal, verdict: Verdict::Known }));
        }
        Some(Err(Unidentified::RejectedBefore(identity.rejected(presented, route)?)))
    }
}

/// Asks one product whose credential it is, with a trail of its own.
async fn ask(
    gate: &Gate,
    presented: &Presented,
    (product, site): (Product, Option<&InstanceName>),
) -> Result<Result<Accepted, Unidentified>, AuditError> {
    let mut trail = gate.audit.trail(facts(presented, product));
    let asking = async {
        let route = gate.identity.route(presented, product, site, &gate.products, Some(&mut trail)).await;
        let route = route.map_err(|error| (error, None))?;
        trail.at(&route.instance.name);
        trail.logs_in_by(presented.method_on(&route));
        let there = route.clone();
        match gate.identity.identify(presented, route, &gate.policies.current(), &trail).await {
            Ok(caller) => {
                Ok(Accepted { route: there, principal: Some(caller.principal), verdict: Verdict::Known })
            }
            Err(error) => Err((error, Some(there))),
        }
    };
    let asked = tokio::time::timeout(gate.deadline, asking).await;
    let (outcome, result) = match asked {
        Ok(Ok(accepted)) => (Outcome::Ok(Ended::default()), Ok(accepted)),
        Ok(Err((error, Some(route)))) if !error.is_unauthenticated() => {
            let verdict = if is_ours(&error) { Verdict::NotAsked } else { Verdict::Unanswered };
            (outcome_of(&error), Ok(Accepted { route, principal: None, verdict }))
        }
        Ok(Err((error, _))) if error.is_unauthenticated() => {
            (outcome_of(&error), Err(Unidentified::Rejected(error)))
        }
        Ok(Err((error, _))) if is_ours(&error) => (outcome_of(&error), Err(Unidentified::NotAsked)),
        Ok(Err((error, _))) => (outcome_of(&error), Err(Unidentified::Unanswered)),
        Err(_elapsed) => (Outcome::Deadline, Err(Unidentified::Unanswered)),
    };
    if let Ok(Accepted { principal: Some(principal), .. }) = &result {
        trail.identified(principal);
    }
    trail.close(outcome).await?;
    Ok(result)
}

/// Whether something of the operator's own is not to be had, which is no failure of the caller's.
fn is_ours(error: &IdentityError) -> bool {
    error.class() == ErrorClass::CredentialUnavailable
}

fn outcome_of(error: &IdentityError) -> Outcome {
    let status = match (error, error.upstream()) {
        (IdentityError::Rejected(_) | IdentityError::StoredRejected(_), _) => Some(401),
        (_, Some(upstream)) => upstream.status(),
        _ => None,
    };
    let class = error.class();
    match (status, error.upstream()) {
        (Some(status), _) => Outcome::UpstreamError { status, class },
        (None, Some(error)) if error.is_unreachable() => Outcome::UpstreamUnreachable { class },
        _ => Outcome::ToolError { class },
    }
}

fn facts(presented: &Presented, product: Product) -> CallFacts {
    CallFacts {
        call: CallId::random(),
        tool: "identify".to_owned(),
        product,
        access: Access::Read,
        method: presented.method(),
        client: presented.client.clone(),
        address: presented.address,
        proxy: presented.proxy,
        transport: presented.transport,
        trace_id: None,
        os_user: None,
        named: presented.named.as_ref().map(Named::noted),
    }
}
