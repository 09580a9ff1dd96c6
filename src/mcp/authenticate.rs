//! A credential that no product accepts ends in 401, before dispatch.

use super::envelope::Envelope;
use crate::audit::AuditError;
use crate::audit::CallFacts;
use crate::audit::CallId;
use crate::audit::Outcome;
use crate::call::Gate;
use crate::identity::IdentityError;
use crate::identity::Presented;
use crate::net::UpstreamError;
use crate::policy::Access;
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

/// Shows the credential to the product that the tool's name begins with, whether there is such a tool or not: without
/// a good credential nobody learns which tools exist. A list of tools depends on the account at every product.
///
/// A product that cannot be reached, or is too slow, does not end the request here: the call itself says so.
pub(super) async fn authenticate(
    gate: &Gate,
    presented: &Presented,
    envelope: &Envelope,
) -> Result<(), Unauthenticated> {
    let mut products = match (envelope.method.as_deref(), envelope.tool.as_deref()) {
        (Some("tools/call"), Some(tool)) => named(tool),
        (Some("tools/list"), _) => BOTH.to_vec(),
        _ => return Ok(()),
    };
    products.retain(|product| gate.products.get(*product).is_some());
    if products.is_empty() {
        products.extend(BOTH);
    }
    let (mut accepted, mut rejected) = (false, None);
    for product in products {
        match identified(gate, presented, product).await? {
            Some(Err(error @ IdentityError::Rejected(_))) => rejected = Some(error),
            Some(_) => accepted = true,
            None => {}
        }
    }
    match rejected {
        Some(error) if !accepted => Err(Unauthenticated::Rejected(error)),
        _ => Ok(()),
    }
}

fn named(tool: &str) -> Vec<Product> {
    let of =
        |product: &Product| tool.strip_prefix(product.as_str()).is_some_and(|rest| rest.starts_with('_'));
    BOTH.into_iter().filter(of).collect()
}

/// Asks one product whose credential it is, with a trail of its own; nothing if it is not configured.
async fn identified(
    gate: &Gate,
    presented: &Presented,
    product: Product,
) -> Result<Option<Result<(), IdentityError>>, AuditError> {
    let Some(instance) = gate.products.get(product) else { return Ok(None) };
    if gate.identity.known(presented, product).await.is_some() {
        return Ok(Some(Ok(())));
    }
    let mut trail = gate.audit.trail(facts(presented, product));
    let asking = gate.identity.identify(presented, product, instance, &gate.engine, &trail);
    let asked = tokio::time::timeout(gate.deadline, asking).await;
    let (outcome, result) = match asked {
        Ok(Ok(caller)) => {
            trail.identified(&caller.principal);
            (Outcome::Ok { bytes: 0 }, Ok(()))
        }
        Ok(Err(error)) => (outcome_of(&error), Err(error)),
        Err(_elapsed) => (Outcome::Deadline, Ok(())),
    };
    trail.close(outcome).await?;
    Ok(Some(result))
}

fn outcome_of(error: &IdentityError) -> Outcome {
    let status = match (error, error.upstream()) {
        (IdentityError::Rejected(_), _) => Some(401),
        (_, Some(upstream)) => upstream.status(),
        _ => None,
    };
    match (status, error.upstream()) {
        (Some(status), _) => Outcome::UpstreamError { status },
        (None, Some(UpstreamError::Unreachable { .. } | UpstreamError::Timeout { .. })) => {
            Outcome::UpstreamUnreachable
        }
        _ => Outcome::ToolError { problem: error.to_string() },
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
