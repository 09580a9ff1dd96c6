//! A credential that no product accepts ends in 401, before dispatch.

use super::envelope::Envelope;
use super::failing::Failing;
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
    /// Whether the product was asked. Where the operator's own credential is not to be had, it is not, and that is no
    /// failure of the caller's.
    was_asked: bool,
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
    products.retain(|product| gate.products.serves(*product));
    if products.is_empty() {
        products.extend(BOTH);
    }
    let site = envelope.instance.as_deref().and_then(|name| InstanceName::parse(name).ok());
    let (mut accepted, mut missing) = (Vec::new(), Vec::new());
    for product in products {
        let site = site.as_ref().filter(|_| gate.products.has_several(product));
        match identified(gate, failing, presented, (product, site)).await? {
            Ok(found) => accepted.push(found),
            Err(why) => missing.push(why),
        }
    }
    // What one product does not accept may be for the other: it has failed where neither knows it.
    let is_known = accepted.iter().any(|accepted| accepted.principal.is_some());
    let was_asked =
        accepted.iter().any(|accepted| accepted.was_asked) || missing.iter().any(Unidentified::was_asked);
    if !is_known && was_asked {
        // What is stored for somebody whose name is known is no guess: their neighbours must not wait for it.
        let is_guess = !matches!(presented.login, Login::Named(_));
        let is_rejected = is_guess && missing.iter().any(|why| matches!(why, Unidentified::Rejected(_)));
        failing.note(presented.address, is_rejected).await;
    }
    if !accepted.is_empty() {
        return Ok(accepted);
    }
    if missing.iter().any(|why| matches!(why, Unidentified::Limited)) {
        return Err(Unauthenticated::Limited);
    }
    let rejected = missing.into_iter().find_map(Unidentified::rejected);
    rejected.map_or(Ok(accepted), |error| Err(Unauthenticated::Rejected(error)))
}

/// Why it is not known whose a credential is.
enum Unidentified {
    /// It is no good.
    Rejected(IdentityError),
    /// It was no good a moment ago.
    RejectedBefore(IdentityError),
    /// Too many from there were no good.
    Limited,
    /// The product did not say, or there is no such site: the call itself says so.
    Unanswered,
    /// The operator's own credential is not to be had: the call itself says so.
    NotAsked,
}

impl Unidentified {
    fn was_asked(&self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Unanswered)
    }

    fn rejected(self) -> Option<IdentityError> {
        match self {
            Self::Rejected(error) | Self::RejectedBefore(error) => Some(error),
            Self::Limited | Self::Unanswered | Self::NotAsked => None,
        }
    }
}

fn named(tool: &str) -> Vec<Product> {
    let of =
        |product: &Product| tool.strip_prefix(product.as_str()).is_some_and(|rest| rest.starts_with('_'));
    BOTH.into_iter().filter(of).collect()
}

/// Asks one product whose credential it is, with a trail of its own.
async fn identified(
    gate: &Gate,
    failing: &Failing,
    presented: &Presented,
    (product, site): (Product, Option<&InstanceName>),
) -> Result<Result<Accepted, Unidentified>, AuditError> {
    if let Ok(route) = gate.identity.route(presented, product, site, &gate.products, None).await {
        if let Some(principal) = gate.identity.known(presented, &route, &gate.policies.current()).await {
            return Ok(Ok(Accepted { route, principal: Some(principal), was_asked: false }));
        }
        if let Some(rejected) = gate.identity.rejected(presented, &route) {
            return Ok(Err(Unidentified::RejectedBefore(rejected)));
        }
    }
    if failing.is_limited(presented.address).await {
        return Ok(Err(Unidentified::Limited));
    }
    let mut trail = gate.audit.trail(facts(presented, product));
    let asking = async {
        let route = gate.identity.route(presented, product, site, &gate.products, Some(&mut trail)).await;
        let route = route.map_err(|error| (error, None))?;
        trail.at(&route.instance.name);
        trail.logs_in_by(presented.method_on(&route));
        let there = route.clone();
        match gate.identity.identify(presented, route, &gate.policies.current(), &trail).await {
            Ok(caller) => Ok(Accepted { route: there, principal: Some(caller.principal), was_asked: true }),
            Err(error) => Err((error, Some(there))),
        }
    };
    let asked = tokio::time::timeout(gate.deadline, asking).await;
    let (outcome, result) = match asked {
        Ok(Ok(accepted)) => (Outcome::Ok(Ended::default()), Ok(accepted)),
        Ok(Err((error, Some(route)))) if !error.is_unauthenticated() => {
            let was_asked = !is_ours(&error);
            (outcome_of(&error), Ok(Accepted { route, principal: None, was_asked }))
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
        transport: presented.transport,
        trace_id: None,
        os_user: None,
        named: presented.named.as_ref().map(Named::noted),
    }
}
