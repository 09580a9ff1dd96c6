//! Parts of records: a decision, what it was on, requests and results as they are told.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Code;
use super::Ended;
use super::Outcome;
use super::UpstreamNote;
use crate::ids::InstanceName;
use crate::policy::Basis;
use crate::policy::Decision;
use crate::policy::DenyReason;
use crate::policy::LimitUse;
use crate::policy::Resource;
use crate::policy::Tried;

/// Every request.
pub(super) fn upstream(requests: &[UpstreamNote]) -> Value {
    let shown = requests.iter().map(|note| {
        json!({
            "method": note.method,
            "path": note.path,
            "status": note.status,
            "bytes": note.bytes,
            "ms": milliseconds(note.duration),
        })
    });
    shown.collect()
}

/// What the result is like.
pub(super) fn result(ended: &Ended) -> Value {
    let Ended { bytes, items, withheld, cut } = ended;
    json!({"bytes": bytes, "items": items, "withheld": withheld, "cut": cut})
}

/// The code of an outcome.
pub(super) fn code_of(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Ok(_) => Code::Success,
        Outcome::Denied { .. } => Code::Denied,
        _ => Code::Failure,
    }
}

/// A decision that allows.
pub(super) fn decision_record(decision: &Decision) -> Value {
    let mut record = json!({
        "id": decision.id,
        "effect": "permit",
        "policies": decision.policies,
        "policy_hash": decision.basis.policy_hash,
        "schema_hash": decision.basis.schema_hash,
    });
    if let Value::Object(record) = &mut record {
        record.extend(shadow(decision.shadow.as_ref()));
        if !decision.limits.is_empty() {
            record.insert("limits".into(), decision.limits.iter().map(limit_record).collect());
        }
    }
    record
}

/// What the policies that are only tried would have decided.
pub(super) fn shadow(tried: Option<&Tried>) -> Option<(String, Value)> {
    let Tried { denied, policies, policy_hash } = tried?;
    let effect = if denied.is_some() { "deny" } else { "permit" };
    let reason = denied.map(DenyReason::as_str);
    let record =
        json!({"effect": effect, "reason": reason, "policies": policies, "policy_hash": policy_hash});
    Some(("shadow".to_owned(), record))
}

/// What a decision with this reason to deny is.
pub(super) fn effect_of(denied: Option<DenyReason>) -> &'static str {
    if denied.is_some() { "deny" } else { "permit" }
}

fn limit_record(used: &LimitUse) -> Value {
    let resets = jiff::Timestamp::from_millisecond(used.resets_ms).map(|at| at.to_string()).ok();
    json!({"policy": used.policy, "used": used.used, "of": used.of, "resets": resets})
}

/// What was known of the resources, where policies name attributes of them.
pub(super) fn attributes(basis: &Basis, record: &mut Map<String, Value>) {
    if !basis.attributes.is_empty() {
        record.insert("attributes".into(), json!(basis.attributes));
    }
}

/// Every resource, and the project or space it lies in.
pub(super) fn names(resources: &[Resource], at: &InstanceName) -> Vec<String> {
    let mut names = Vec::new();
    for resource in resources {
        names.extend(resource.part_named_in(at));
        names.push(resource.named_in(at));
        names.extend(resource.around().map(|place| place.named_in(at)));
    }
    names
}

/// A time in milliseconds, to the microsecond.
pub(super) fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
