//! A credential that no product accepts ends in 401, before dispatch.

use super::envelope::Envelope;
use crate::audit::AuditError;
use crate::audit::CallFacts;
use crate::audit::CallId;
use crate::audit::Ended;
use crate::audit::Outcome;
use crate::call::Gate;
use crate::identity::IdentityError;
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
}

/// Shows the credential to the product that the tool's name begins with, whether there is such a tool or not: without
/// a good credential nobody learns which tools exist. A list of tools depends on the account at every product, and so does
/// who is told that it may have changed.
///
/// A product that cannot be reached, or is too slow, does not end the request here: the call itself says so.
pub(super) async fn authenticate(
    gate: &Gate,
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
    let (mut accepted, mut rejected) = (Vec::new(), None);
    for product in products {
        let site = site.as_ref().filter(|_| gate.products.has_several(product));
        match identified(gate, presented, product, site).await? {
            Ok(found) => accepted.push(found),
            Err(Some(error)) => rejected = rejected.or(Some(error)),
            Err(None) => {}
        }
    }
    match rejected {
        Some(error) if accepted.is_empty() => Err(Unauthenticated::Rejected(error)),
        _ => Ok(accepted),
    }
}

fn named(tool: &str) -> Vec<Product> {
    let of =
        |product: &Product| tool.strip_prefix(product.as_str()).is_some_and(|rest| rest.starts_with('_'));
    BOTH.into_iter().filter(of).collect()
}

/// Asks one product whose credential it is, with a trail of its own. An error is one of what the caller brought; none
/// is a site that there is not, which the call itself says.
async fn identified(
    gate: &Gate,
    presented: &Presented,
    product: Product,
    site: Option<&InstanceName>,
) -> Result<Result<Accepted, Option<IdentityError>>, AuditError> {
    if let Ok(route) = gate.identity.route(presented, product, site, &gate.products, None).await
        && let Some(principal) = gate.identity.known(presented, &route, &gate.policies.current()).await
    {
        return Ok(Ok(Accepted { route, principal: Some(principal) }));
    }
    let mut trail = gate.audit.trail(facts(presented, product));
    let asking = async {
        let route = gate.identity.route(presented, product, site, &gate.products, Some(&mut trail)).await;
        let route = route.map_err(|error| (error, None))?;
        trail.at(&route.instance.name);
        let there = route.clone();
        match gate.identity.identify(presented, route, &gate.policies.current(), &trail).await {
            Ok(caller) => Ok(Accepted { route: there, principal: Some(caller.principal) }),
            Err(error) => Err((error, Some(there))),
        }
    };
    let asked = tokio::time::timeout(gate.deadline, asking).await;
    let (outcome, result) = match asked {
        Ok(Ok(accepted)) => (Outcome::Ok(Ended::default()), Ok(accepted)),
        Ok(Err((error, Some(route)))) if !error.is_unauthenticated() => {
            (outcome_of(&error), Ok(Accepted { route, principal: None }))
        }
        Ok(Err((error, _))) => (outcome_of(&error), Err(error.is_unauthenticated().then_some(error))),
        Err(_elapsed) => (Outcome::Deadline, Err(None)),
    };
    if let Ok(Accepted { principal: Some(principal), .. }) = &result {
        trail.identified(principal);
    }
    trail.close(outcome).await?;
    Ok(result)
}

fn outcome_of(error: &IdentityError) -> Outcome {
    let status = match (error, error.upstream()) {
        (IdentityError::Rejected(_), _) => Some(401),
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
    }
}
