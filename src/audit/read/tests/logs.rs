//! A log that a test makes up.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// A directory of log files.
pub(in crate::audit::read) struct Log(TempDir);

impl Log {
    pub(in crate::audit::read) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(in crate::audit::read) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// A file of these records: number, time of day, and what else is in them.
    pub(in crate::audit::read) fn write(&self, name: &str, records: &[(u64, &str, Value)]) -> PathBuf {
        let lines: Vec<String> =
            records.iter().map(|(number, time, body)| line(*number, time, body)).collect();
        self.raw(name, &lines.concat())
    }

    /// A file with this text.
    pub(in crate::audit::read) fn raw(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(format!("{name}.jsonl"));
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// The line of a record.
pub(in crate::audit::read) fn line(number: u64, time: &str, body: &Value) -> String {
    let mut record = json!({
        "v": 2,
        "seq": number,
        "time": format!("2026-11-29T{time}.000Z"),
        "stage": "event",
        "code": "PC0000",
        "instance": "default",
    });
    record.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    format!("{record}\n")
}

fn of_call(call: &str, who: &str) -> Value {
    json!({
        "call": call, "tool": "jira_get_issue", "product": "jira", "access": "read",
        "principal": {"kind": "user", "id": who}, "method": "pat", "client": "claude", "address": "192.0.2.7",
        "transport": "http",
    })
}

fn with(mut base: Value, more: &Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

/// An intent to read `OPS-1` of such a project.
pub(in crate::audit::read) fn intent(call: &str, who: &str, project: &str) -> Value {
    let more = json!({
        "stage": "intent", "code": "PC1002",
        "resources": [format!("Jira::Issue::\"{project}-1\""), format!("Jira::Project::\"{project}\"")],
        "resolved": false, "groups": ["jira:ops"],
        "decision": {"id": format!("d-{call}"), "effect": "permit", "policies": ["read"], "policy_hash": "p", "schema_hash": "s"},
        "key_id": "00112233", "arguments": {"issue_key": "hmac:00112233445566778899aabbccddeeff"},
    });
    with(of_call(call, who), &more)
}

/// How it ended.
pub(in crate::audit::read) fn outcome(call: &str, who: &str, word: &str) -> Value {
    let code = if word == "ok" { "PC1003" } else { "PC1005" };
    let more = json!({
        "stage": "outcome", "code": code, "outcome": word, "result": {"bytes": 1200}, "duration_ms": 12.5,
        "upstream": [{"method": "GET", "status": 200, "bytes": 2400, "ms": 11.25}],
    });
    with(of_call(call, who), &more)
}

/// A call that was denied.
pub(in crate::audit::read) fn denied(call: &str, who: &str, project: &str) -> Value {
    let more = json!({
        "stage": "outcome", "code": "PC1004", "outcome": "denied", "duration_ms": 1.5,
        "resources": [format!("Jira::Issue::\"{project}-1\""), format!("Jira::Project::\"{project}\"")],
        "decision": {"id": format!("d-{call}"), "effect": "deny", "reason": "forbidden", "policies": ["no-ops"], "policy_hash": "p"},
        "upstream": [],
    });
    with(of_call(call, who), &more)
}
