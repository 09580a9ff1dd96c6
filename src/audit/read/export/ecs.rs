//! The Elastic Common Schema.

use std::net::IpAddr;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Activity;
use super::Severity;
use super::Status;
use super::detail;
use super::effect;
use super::put;
use super::rest;
use crate::audit::Code;
use crate::audit::read::Row;
use crate::audit::record::moment;

/// The version of the schema.
const VERSION: &str = "8.17.0";

/// What has a place of its own. The rest is below `portcullis`.
const PLACED: &[&str] =
    &["call", "tool", "principal", "client", "address", "trace", "duration_ms", "error", "status"];

/// The document of a row.
pub(super) fn document(row: &Row) -> Map<String, Value> {
    let fields = &row.last().fields;
    let mut document = Map::new();
    put(&mut document, "@timestamp", Some(moment(fields.time)));
    put(&mut document, "ecs", Some(json!({"version": VERSION})));
    put(&mut document, "event", Some(event(row)));
    put(
        &mut document,
        "service",
        Some(json!({"name": "portcullis", "type": "portcullis", "node": {"name": fields.instance}})),
    );
    let who = row.who();
    put(&mut document, "user", who.as_ref().map(|who| json!({"id": who, "name": who})));
    let address = row.latest(|fields| fields.address.as_deref());
    let ip = address.and_then(|address| address.parse::<IpAddr>().ok());
    let mut source = Map::new();
    put(&mut source, "address", address);
    put(&mut source, "ip", ip.map(|ip| ip.to_string()));
    put(&mut document, "source", (!source.is_empty()).then_some(source));
    let mut related = Map::new();
    put(&mut related, "user", who.map(|who| vec![who]));
    put(&mut related, "ip", ip.map(|ip| vec![ip.to_string()]));
    put(&mut document, "related", (!related.is_empty()).then_some(related));
    let client = row.latest(|fields| fields.client.as_deref()).filter(|client| !client.is_empty());
    put(&mut document, "user_agent", client.map(|client| json!({"original": client})));
    put(
        &mut document,
        "trace",
        row.latest(|fields| fields.trace.as_deref()).map(|trace| json!({"id": trace})),
    );
    put(&mut document, "http", fields.status.map(|status| json!({"response": {"status_code": status}})));
    put(&mut document, "error", fields.error.as_ref().map(|error| json!({"code": error})));
    if let Some(decision) = row.decision() {
        put(&mut document, "rule", Some(json!({"name": decision.policies, "ruleset": decision.policy_hash})));
    }
    let rest = rest(row, PLACED);
    put(&mut document, "portcullis", (!rest.is_empty()).then_some(rest));
    document
}

fn event(row: &Row) -> Value {
    let fields = &row.last().fields;
    let (category, types) = kinds(row);
    let mut event = Map::new();
    put(&mut event, "kind", Some("event"));
    put(&mut event, "category", Some(vec![category]));
    put(&mut event, "type", Some(types));
    let outcome = match Status::of(row) {
        Status::Success => "success",
        Status::Failure => "failure",
        Status::Unknown => "unknown",
    };
    put(&mut event, "outcome", Some(outcome));
    put(&mut event, "module", Some("portcullis"));
    put(&mut event, "dataset", Some("portcullis.audit"));
    put(&mut event, "action", row.tool());
    put(&mut event, "code", Some(fields.code.as_str()));
    put(&mut event, "id", row.call());
    put(&mut event, "sequence", Some(fields.seq));
    put(&mut event, "reason", detail(row));
    let severity = match Severity::of(row) {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
    };
    put(&mut event, "severity", Some(severity));
    if row.call().is_some() {
        put(&mut event, "start", Some(moment(row.began())));
        put(&mut event, "end", row.outcome().map(|_| moment(row.time())));
    }
    // In nanoseconds.
    let duration = row.latest(|fields| fields.duration_ms).map(|duration| format!("{:.0}", duration * 1e6));
    put(&mut event, "duration", duration.and_then(|duration| duration.parse::<i64>().ok()));
    Value::Object(event)
}

/// The category and the types of an event, which are closed lists in ECS.
fn kinds(row: &Row) -> (&'static str, Vec<&'static str>) {
    let fields = &row.last().fields;
    if row.call().is_none() && fields.stage != "refusal" {
        let is = |code: Code| fields.code == code.as_str();
        return match () {
            () if is(Code::Start) || is(Code::CommandStart) => ("process", vec!["start"]),
            () if is(Code::Stop) || is(Code::CommandStop) => ("process", vec!["end"]),
            () => ("configuration", vec!["change"]),
        };
    }
    let activity = match Activity::of(row) {
        Some(Activity::Create) => "creation",
        Some(Activity::Update) => "change",
        Some(Activity::Delete) => "deletion",
        Some(Activity::Read) | None => "access",
    };
    let mut types = vec![activity];
    types.extend(effect(row).map(|effect| if effect == "deny" { "denied" } else { "allowed" }));
    ("api", types)
}
