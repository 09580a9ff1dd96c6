//! Records that belong to no call.

use std::net::IpAddr;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Code;
use super::VerifierKey;
use super::record::clipped;
use super::record::head;
use super::record::inside;
use super::recovery::LeftBehind;
use crate::policy::Product;

/// How many problems of policies one record tells.
const MOST_PROBLEMS: usize = 20;

/// Why policies were read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Their files changed.
    Files,
    /// The process was sent SIGHUP.
    Signal,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Signal => "signal",
        }
    }
}

/// Something that happened outside a call, or before one began.
#[derive(Debug, Clone)]
pub struct Event {
    stage: &'static str,
    code: Code,
    fields: Map<String, Value>,
}

impl Event {
    /// A key for argument values was made.
    pub fn key_created(id: &str) -> Self {
        Self::new("event", Code::KeyCreated, json!({"key_id": id}))
    }

    /// A key that signs checkpoints was made.
    pub fn signing_key_created(key: &VerifierKey) -> Self {
        Self::new("event", Code::SigningKeyCreated, json!({"checkpoint_key": key.to_string()}))
    }

    /// What became of a file that a killed process left.
    pub(super) fn left_behind(left: &LeftBehind) -> Self {
        let file = left.file.file();
        match &left.result {
            Ok(ended) => {
                let fields = json!({"file": file, "cut_bytes": ended.cut_bytes, "unknown": ended.unknown});
                Self::new("event", Code::FileRecovered, fields)
            }
            Err(problem) => {
                Self::new("event", Code::FileDamaged, json!({"file": file, "problem": clipped(problem)}))
            }
        }
    }

    /// The log can be written again.
    pub(super) fn resumed(cause: &str, since: jiff::Timestamp) -> Self {
        let fields = json!({"cause": clipped(cause), "since": since.to_string()});
        Self::new("event", Code::Resumed, fields)
    }

    /// The certificates of a product are not checked.
    pub fn tls_relaxed(product: Product) -> Self {
        Self::new("event", Code::TlsRelaxed, json!({"product": product.as_str()}))
    }

    /// Other policies come into force while the server runs.
    pub fn policies_loaded(reason: Reason, policy_hash: &str, before: &str, schema_hash: &str) -> Self {
        let fields = json!({
            "reason": reason.as_str(),
            "policy_hash": policy_hash,
            "policy_hash_before": before,
            "schema_hash": schema_hash,
        });
        Self::new("event", Code::PoliciesLoaded, fields)
    }

    /// The files hold policies that are not in order; those of this hash stay in force.
    pub fn policies_refused(reason: Reason, policy_hash: &str, problem: &str) -> Self {
        let mut problems: Vec<String> = problem.lines().take(MOST_PROBLEMS).map(clipped).collect();
        let more = problem.lines().count().saturating_sub(MOST_PROBLEMS);
        if more > 0 {
            problems.push(format!("and {more} more"));
        }
        let fields = json!({"reason": reason.as_str(), "policy_hash": policy_hash, "problems": problems});
        Self::new("event", Code::PoliciesRefused, fields)
    }

    /// An administrator froze `writes` or `all`.
    pub fn frozen(scope: &str, by: &str, reason: Option<&str>) -> Self {
        let fields = json!({"frozen": scope, "os_user": by, "reason": reason.map(clipped)});
        Self::new("event", Code::Frozen, fields)
    }

    /// An administrator thawed what was frozen.
    pub fn thawed(before: &str, by: &str, reason: Option<&str>) -> Self {
        let fields = json!({"was": clipped(before), "os_user": by, "reason": reason.map(clipped)});
        Self::new("event", Code::Thawed, fields)
    }

    /// A request was refused before dispatch, with this HTTP status.
    pub fn refused(status: u16, reason: &str, address: IpAddr) -> Self {
        Self::new(
            "refusal",
            Code::Refused,
            json!({"status": status, "reason": clipped(reason), "address": address}),
        )
    }

    /// A tool was called that is not offered.
    pub fn unknown_tool(name: &str, address: Option<IpAddr>) -> Self {
        Self::new("refusal", Code::UnknownTool, json!({"tool": clipped(name), "address": address}))
    }

    fn new(stage: &'static str, code: Code, fields: Value) -> Self {
        let Value::Object(fields) = fields else { return Self { stage, code, fields: Map::new() } };
        Self { stage, code, fields }
    }

    pub(super) fn stage(&self) -> &'static str {
        self.stage
    }

    pub(super) fn body(&self, instance: &str) -> String {
        inside(&self.record(instance))
    }

    fn record(&self, instance: &str) -> Map<String, Value> {
        let mut record = head(self.stage, self.code, instance);
        record.extend(self.fields.clone());
        record
    }
}

/// The first record of a log: there is no log without it.
#[derive(Debug, Clone)]
pub struct Opening(Event);

impl Opening {
    /// The server starts, with these policies.
    pub fn server(policy_hash: &str, schema_hash: &str, read_only: bool) -> Self {
        let fields = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "policy_hash": policy_hash,
            "schema_hash": schema_hash,
            "read_only": read_only,
        });
        Self(Event::new("start", Code::Start, fields))
    }

    /// A command of an administrator has something to write down.
    pub fn command(command: &'static str) -> Self {
        let fields = json!({"version": env!("CARGO_PKG_VERSION"), "command": command});
        Self(Event::new("start", Code::CommandStart, fields))
    }

    pub(super) fn record(&self, instance: &str) -> Map<String, Value> {
        self.0.record(instance)
    }
}
