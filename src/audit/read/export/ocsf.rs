//! OCSF 1.6.0: calls and refusals are API Activity (6003), everything else is Application Lifecycle (6002).

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
use crate::audit::read::Named;
use crate::audit::read::Row;
use crate::audit::read::shown;

/// The version of the schema.
const VERSION: &str = "1.6.0";

/// What has a place of its own. The rest is `unmapped`.
const PLACED: &[&str] = &[
    "call",
    "tool",
    "product",
    "principal",
    "client",
    "address",
    "resources",
    "groups",
    "trace",
    "outcome",
    "duration_ms",
    "error",
];

/// The event of a row.
pub(super) fn event(row: &Row) -> Map<String, Value> {
    let is_api = row.call().is_some() || row.is_refusal();
    let mut event = Map::new();
    put(&mut event, "metadata", Some(metadata(row)));
    put(&mut event, "time", Some(row.time().as_millisecond()));
    let unmapped = if is_api {
        api_activity(row, &mut event);
        rest(row, PLACED)
    } else {
        lifecycle(row, &mut event);
        rest(row, &["os_user"])
    };
    let (severity, name) = severity(row);
    put(&mut event, "severity_id", Some(severity));
    put(&mut event, "severity", Some(name));
    let (status, name) = match Status::of(row) {
        Status::Unknown => (0, "Unknown"),
        Status::Success => (1, "Success"),
        Status::Failure => (2, "Failure"),
    };
    put(&mut event, "status_id", Some(status));
    put(&mut event, "status", Some(name));
    put(&mut event, "status_code", row.outcome());
    put(&mut event, "status_detail", detail(row));
    put(&mut event, "message", Some(shown::sentence(row)));
    control(row, &mut event);
    if !unmapped.is_empty() {
        put(&mut event, "unmapped", Some(unmapped));
    }
    event
}

fn metadata(row: &Row) -> Value {
    let fields = &row.last().fields;
    let mut profiles = vec!["security_control"];
    if row.call().is_some() && row.latest(|fields| fields.trace.as_ref()).is_some() {
        profiles.push("trace");
    }
    let mut metadata = Map::new();
    put(&mut metadata, "version", Some(VERSION));
    put(&mut metadata, "profiles", Some(profiles));
    put(&mut metadata, "product", Some(json!({"name": "Portcullis", "vendor_name": "Portcullis"})));
    put(&mut metadata, "event_code", Some(fields.code.as_str()));
    put(&mut metadata, "correlation_uid", row.call());
    put(&mut metadata, "sequence", Some(fields.seq));
    put(&mut metadata, "log_name", Some("audit"));
    put(&mut metadata, "log_provider", Some(fields.instance.as_str()));
    put(&mut metadata, "log_version", Some(fields.v.to_string()));
    Value::Object(metadata)
}

/// The class, and what of it is done.
fn class(event: &mut Map<String, Value>, class: (u64, &str), activity: (u64, &str)) {
    put(event, "category_uid", Some(6));
    put(event, "category_name", Some("Application Activity"));
    put(event, "class_uid", Some(class.0));
    put(event, "class_name", Some(class.1));
    put(event, "activity_id", Some(activity.0));
    put(event, "activity_name", Some(activity.1));
    put(event, "type_uid", Some(class.0 * 100 + activity.0));
    put(event, "type_name", Some(format!("{}: {}", class.1, activity.1)));
}

fn api_activity(row: &Row, event: &mut Map<String, Value>) {
    let activity = match Activity::of(row) {
        None => (0, "Unknown"),
        Some(Activity::Create) => (1, "Create"),
        Some(Activity::Read) => (2, "Read"),
        Some(Activity::Update) => (3, "Update"),
        Some(Activity::Delete) => (4, "Delete"),
    };
    class(event, (6003, "API Activity"), activity);
    if row.call().is_some() {
        put(event, "start_time", Some(row.began().as_millisecond()));
        put(event, "end_time", row.outcome().map(|_| row.time().as_millisecond()));
    }
    let duration = row.latest(|fields| fields.duration_ms).map(f64::round);
    put(event, "duration", duration.and_then(|duration| format!("{duration:.0}").parse::<i64>().ok()));
    put(event, "actor", Some(actor(row)));
    put(event, "api", Some(api(row)));
    put(event, "src_endpoint", Some(source(row)));
    let product = row.latest(|fields| fields.product.as_deref());
    put(event, "dst_endpoint", product.map(|product| json!({"svc_name": product})));
    let resources: Vec<Value> = row.resources().iter().map(|name| resource(name)).collect();
    put(event, "resources", (!resources.is_empty()).then_some(resources));
    if row.is_refusal() {
        put(event, "http_response", row.last().fields.status.map(|status| json!({"code": status})));
    }
    if row.call().is_some() {
        put(event, "trace", row.latest(|fields| fields.trace.as_deref()).map(|trace| json!({"uid": trace})));
    }
}

fn actor(row: &Row) -> Value {
    let mut actor = Map::new();
    if let Some(who) = row.latest(|fields| fields.principal.as_ref()) {
        let kind = if who.kind == "user" { "User" } else { "Service" };
        let mut user = Map::new();
        put(&mut user, "uid", Some(who.id.as_str()));
        put(&mut user, "name", Some(who.id.as_str()));
        put(&mut user, "type", Some(kind));
        let groups = row.latest(|fields| fields.groups.as_ref()).filter(|groups| !groups.is_empty());
        let groups =
            groups.map(|groups| groups.iter().map(|group| json!({"name": group})).collect::<Vec<_>>());
        put(&mut user, "groups", groups);
        put(&mut actor, "user", Some(user));
    }
    let client = row.latest(|fields| fields.client.as_deref()).filter(|client| !client.is_empty());
    put(&mut actor, "app_name", Some(client.unwrap_or("unknown")));
    Value::Object(actor)
}

fn api(row: &Row) -> Value {
    let mut api = Map::new();
    put(&mut api, "operation", Some(row.tool().unwrap_or("request")));
    put(&mut api, "request", row.call().map(|call| json!({"uid": call})));
    let product = row.latest(|fields| fields.product.as_deref());
    let site = row.latest(|fields| fields.at.as_deref());
    let name =
        product.map(|product| site.map_or_else(|| product.to_owned(), |site| format!("{site}/{product}")));
    put(&mut api, "service", name.map(|name| json!({"name": name})));
    let ended = row.outcome().filter(|outcome| *outcome != "ok");
    let mut response = Map::new();
    put(&mut response, "error", row.latest(|fields| fields.error.as_deref()).or(ended));
    put(&mut api, "response", (!response.is_empty()).then_some(response));
    Value::Object(api)
}

fn source(row: &Row) -> Value {
    let address = row.latest(|fields| fields.address.as_deref());
    match address.map(|address| (address, address.parse::<IpAddr>())) {
        Some((_, Ok(address))) => json!({"ip": address}),
        Some((name, Err(_))) => json!({"name": name}),
        None => json!({"name": row.latest(|fields| fields.transport.as_deref()).unwrap_or("unknown")}),
    }
}

fn resource(name: &str) -> Value {
    match Named::read(name) {
        Some(Named { kind, id }) => json!({"type": kind, "name": id, "uid": name}),
        None => json!({"name": name}),
    }
}

/// The profile `security_control`: what was decided, and by which policies.
fn control(row: &Row, event: &mut Map<String, Value>) {
    let Some(effect) = effect(row) else { return };
    let denied = effect == "deny";
    put(event, "action_id", Some(if denied { 2 } else { 1 }));
    put(event, "action", Some(if denied { "Denied" } else { "Allowed" }));
    put(event, "disposition_id", Some(if denied { 2 } else { 1 }));
    put(event, "disposition", Some(if denied { "Blocked" } else { "Allowed" }));
    let Some(decision) = row.decision() else { return };
    let policies = decision.policies.iter();
    let each: Vec<Value> =
        policies.map(|id| json!({"decision": effect, "policy": {"uid": id, "name": id}})).collect();
    put(event, "authorizations", (!each.is_empty()).then_some(each));
    let set = decision.policy_hash.as_ref();
    put(event, "policy", set.map(|hash| json!({"uid": hash, "type": "Cedar", "is_applied": true})));
}

fn severity(row: &Row) -> (u64, &'static str) {
    match Severity::of(row) {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
    }
}

fn lifecycle(row: &Row, event: &mut Map<String, Value>) {
    let fields = &row.last().fields;
    let is = |code: Code| fields.code == code.as_str();
    let other = shown::meaning(&fields.code).unwrap_or(fields.stage.as_str()).trim_end_matches('.');
    let activity = match () {
        () if is(Code::Start) || is(Code::CommandStart) => (3, "Start"),
        () if is(Code::Stop) || is(Code::CommandStop) => (4, "Stop"),
        () if is(Code::Thawed) => (6, "Enable"),
        () if is(Code::Frozen) => (7, "Disable"),
        () if is(Code::PoliciesLoaded) => (8, "Update"),
        () => (99, other),
    };
    class(event, (6002, "Application Lifecycle"), activity);
    put(
        event,
        "app",
        Some(json!({"name": "Portcullis", "vendor_name": "Portcullis", "uid": fields.instance})),
    );
    // The class has no actor, and who froze something must not be lost.
    let observed = row
        .who()
        .map(|who| vec![json!({"name": "os_user", "type_id": 4, "type": "User Name", "value": who})]);
    put(event, "observables", observed);
}
