//! The Common Event Format: a header between bars, and pairs after it.

use std::fmt::Write;
use std::net::IpAddr;

use super::Severity;
use super::Status;
use super::detail;
use super::effect;
use crate::audit::read::Row;
use crate::audit::read::plain;
use crate::audit::read::shown;

/// The line of a row.
pub(super) fn line(row: &Row) -> String {
    let fields = &row.last().fields;
    let severity = match Severity::of(row) {
        Severity::Informational => 1,
        Severity::Low => 4,
        Severity::Medium => 6,
        Severity::High => 9,
    };
    let name = shown::meaning(&fields.code).unwrap_or(fields.stage.as_str());
    let mut line = format!(
        "CEF:0|Portcullis|Portcullis|{}|{}|{}|{severity}|",
        env!("CARGO_PKG_VERSION"),
        header(&fields.code),
        header(name.trim_end_matches('.'))
    );
    let pairs =
        pairs(row).into_iter().filter_map(|(key, value)| Some(format!("{key}={}", extension(&value?))));
    // Writing to a string cannot fail.
    let _ = write!(line, "{}", pairs.collect::<Vec<_>>().join(" "));
    line
}

fn pairs(row: &Row) -> Vec<(&'static str, Option<String>)> {
    let fields = &row.last().fields;
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let address =
        row.latest(|fields| fields.address.as_deref()).and_then(|address| address.parse::<IpAddr>().ok());
    let (v4, v6) = match address {
        Some(IpAddr::V4(address)) => (Some(address.to_string()), None),
        Some(IpAddr::V6(address)) => (None, Some(address.to_string())),
        None => (None, None),
    };
    let outcome = match Status::of(row) {
        Status::Success => "success",
        Status::Failure => "failure",
        Status::Unknown => "unknown",
    };
    let policies = row.decision().map(|decision| decision.policies.join(","));
    let resources = (!row.resources().is_empty()).then(|| row.resources().join(","));
    let duration = row.latest(|fields| fields.duration_ms).map(|duration| format!("{duration:.0}"));
    let besides = row.call().is_none().then(|| serde_json::Value::from(fields_besides(row)).to_string());
    let mut pairs = vec![
        ("rt", Some(row.time().as_millisecond().to_string())),
        ("start", row.call().map(|_| row.began().as_millisecond().to_string())),
        ("externalId", text(row.call())),
        ("dvchost", text(Some(&fields.instance))),
        ("app", row.latest(|fields| fields.product.clone())),
        ("act", text(row.tool())),
        ("suser", row.who()),
        ("src", v4),
        ("requestClientApplication", row.latest(|fields| text(fields.client.as_deref()))),
        ("outcome", Some(outcome.to_owned())),
        ("reason", detail(row)),
    ];
    let labelled = [
        ("cs1Label", "decision", "cs1", text(effect(row))),
        ("cs2Label", "policies", "cs2", policies),
        ("cs3Label", "resources", "cs3", resources),
        ("cs4Label", "portcullisOutcome", "cs4", text(row.outcome())),
        ("cs5Label", "access", "cs5", row.latest(|fields| fields.access.clone())),
        ("cs6Label", "details", "cs6", besides),
        ("cn1Label", "durationMs", "cn1", duration),
        ("cn2Label", "sequence", "cn2", Some(fields.seq.to_string())),
        ("c6a2Label", "Source IPv6 Address", "c6a2", v6),
    ];
    for (label, name, key, value) in labelled {
        pairs.push((label, value.as_ref().map(|_| name.to_owned())));
        pairs.push((key, value));
    }
    pairs
}

fn fields_besides(row: &Row) -> serde_json::Map<String, serde_json::Value> {
    super::rest(row, &["tool", "address", "os_user"])
}

/// A text in the header: bars end a part of it.
fn header(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('|', "\\|")
}

/// A value after the header: an equals sign begins the next one.
fn extension(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('=', "\\=")
}
