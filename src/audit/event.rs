//! Records that belong to no call.

use std::net::IpAddr;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Code;
use super::record::clipped;
use super::record::head;
use super::record::inside;
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
    /// The server started, with these policies.
    pub fn start(policy_hash: &str, schema_hash: &str, read_only: bool) -> Self {
        let fields = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "policy_hash": policy_hash,
            "schema_hash": schema_hash,
            "read_only": read_only,
        });
        Self::new("start", Code::Start, fields)
    }

    /// The server stopped.
    pub fn stop() -> Self {
        Self::new("stop", Code::Stop, json!({}))
    }

    /// A key for argument values was made.
    pub fn key_created(id: &str) -> Self {
        Self::new("event", Code::KeyCreated, json!({"key_id": id}))
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

    /// Another version of a secret in Vault came into use; `name` is what the configuration calls it.
    pub fn secret_changed(name: &str, number: u64) -> Self {
        Self::new("event", Code::SecretChanged, json!({"secret": name, "number": number}))
    }

    /// The last good version of a secret goes on for now, because Vault does not answer.
    pub fn secret_stale(name: &str, problem: &str) -> Self {
        Self::new("event", Code::SecretStale, json!({"secret": name, "problem": clipped(problem)}))
    }

    /// A version of a secret was refused; the last good one goes on for now.
    pub fn secret_refused(name: &str, problem: &str) -> Self {
        Self::new("event", Code::SecretRefused, json!({"secret": name, "problem": clipped(problem)}))
    }

    /// A secret is no longer used.
    pub fn secret_closed(name: &str, problem: &str) -> Self {
        Self::new("event", Code::SecretClosed, json!({"secret": name, "problem": clipped(problem)}))
    }

    /// What Vault answered may be somebody's attack.
    pub fn vault_suspicious(problem: &str) -> Self {
        Self::new("event", Code::VaultSuspicious, json!({"problem": clipped(problem)}))
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
        let mut record = head(self.stage, self.code, instance);
        record.extend(self.fields.clone());
        inside(&record)
    }
}
