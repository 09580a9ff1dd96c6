//! Records that belong to no call.

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Code;
use super::VerifierKey;
use super::record::clipped;
use super::record::head;
use super::record::inside;
use super::record::moment;
use super::recovery::LeftBehind;
use super::refusals::Network;
use super::refusals::Refused;
use super::refusals::Source;
use super::refusals::Tally;
use crate::ids::InstanceName;
use crate::policy::Product;

/// How many names one record tells.
const MOST_NAMES: usize = 32;

/// What a verification was of, and what came of it.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The names of the files, the oldest first.
    pub files: Vec<String>,
    /// The keys that checkpoints were checked with.
    pub keys: Vec<VerifierKey>,
    /// Whether the keys were given, and are not those that the log names.
    pub keys_given: bool,
    /// How many records were read.
    pub records: u64,
    /// How much was wrong.
    pub findings: usize,
    /// How many checkpoints that were kept elsewhere it was held against.
    pub checkpoints: usize,
}

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
                let fields = json!({"file": file, "cut_bytes": ended.cut_bytes, "unknown": ended.unknown, "unchecked": ended.unchecked});
                Self::new("event", Code::FileRecovered, fields)
            }
            Err(problem) => {
                Self::new("event", Code::FileDamaged, json!({"file": file, "problem": clipped(problem)}))
            }
        }
    }

    /// The file has what only the HTTP sink had.
    pub(super) fn file_back(cause: &str, since: jiff::Timestamp) -> Self {
        let fields = json!({"cause": clipped(cause), "since": since.to_string()});
        Self::new("event", Code::FileBack, fields)
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

    /// The listener takes client certificates of these authorities from now on; at most 32 are named.
    pub fn client_authorities(fingerprints: &[String], required: bool, revokes: bool) -> Self {
        let fingerprints: Vec<&String> = fingerprints.iter().take(MOST_NAMES).collect();
        let fields = json!({"fingerprints": fingerprints, "required": required, "revokes": revokes});
        Self::new("event", Code::ClientAuthorities, fields)
    }

    /// The listener shows this certificate from now on; `expires` is in seconds since 1970.
    pub fn server_certificate(from: &'static str, fingerprint: &str, expires: i64) -> Self {
        let expires = Timestamp::from_second(expires).map(moment).ok();
        let fields = json!({"from": from, "fingerprint": fingerprint, "expires": expires});
        Self::new("event", Code::ServerCertificate, fields)
    }

    /// An administrator verified the log.
    pub fn verified(verified: &Verified, by: &str) -> Self {
        let Verified { files, keys, keys_given, records, findings, checkpoints } = verified;
        let names: Vec<String> =
            files.iter().skip(files.len().saturating_sub(MOST_NAMES)).map(|file| clipped(file)).collect();
        let keys: Vec<String> = keys.iter().take(MOST_NAMES).map(|key| clipped(&key.short())).collect();
        let fields = json!({
            "good": *findings == 0,
            "records": records,
            "files": files.len(),
            "findings": findings,
            "os_user": by,
            "names": names,
            "keys": keys,
            "keys_given": keys_given,
            "checkpoints": checkpoints,
        });
        Self::new("event", Code::Verified, fields)
    }

    /// The operator's credential for a site is another one than before.
    pub fn secret_rotated(product: Product, instance: &InstanceName, method: &'static str) -> Self {
        let fields = json!({"product": product.as_str(), "method": method});
        let at = (!instance.is_default()).then(|| instance.as_str());
        Self::new("event", Code::SecretRotated, fields).with("at", at)
    }

    /// The record of a proof is of these policies, and says that these properties hold.
    pub fn proof_accepted(policy_hash: &str, properties: &[String]) -> Self {
        let properties: Vec<String> = properties.iter().map(|name| clipped(name)).collect();
        let fields = json!({"policy_hash": policy_hash, "properties": properties});
        Self::new("event", Code::ProofAccepted, fields)
    }

    /// A request was refused before dispatch, or a tool was called that is not offered.
    pub(super) fn refused(refused: &Refused) -> Self {
        let Refused { status, reason, address, proxy, tool } = refused;
        let code = if tool.is_some() { Code::UnknownTool } else { Code::Refused };
        let fields = json!({"reason": reason.as_str(), "address": address});
        let event = Self::new("refusal", code, fields).with("status", *status);
        event.with("proxy", proxy.map(|proxy| proxy.to_string())).with("tool", tool.as_deref().map(clipped))
    }

    /// More of the same were refused since the last record.
    pub(super) fn refused_again(source: &Source, tally: &Tally) -> Self {
        let Tally { status, count, first, last } = tally;
        let shared = source.network == Network::Others;
        let fields = json!({
            "reason": source.reason.as_str(),
            "address": (!shared).then(|| source.network.to_string()),
            "count": count,
            "first": moment(*first),
            "last": moment(*last),
        });
        Self::new("refusal", Code::RefusedAgain, fields)
            .with("status", *status)
            .with("shared", shared.then_some(true))
    }

    fn new(stage: &'static str, code: Code, fields: Value) -> Self {
        let Value::Object(fields) = fields else { return Self { stage, code, fields: Map::new() } };
        Self { stage, code, fields }
    }

    /// With one more field, if there is a value for it.
    fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.fields.insert(name.into(), value.into());
        }
        self
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
pub struct Opening {
    begin: Event,
    /// What the last record is, once the process ends.
    end: Code,
}

impl Opening {
    /// The server starts, with these policies and a configuration of this hash.
    pub fn server(policy_hash: &str, schema_hash: &str, configuration_hash: &str, read_only: bool) -> Self {
        let fields = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "policy_hash": policy_hash,
            "schema_hash": schema_hash,
            "configuration_hash": configuration_hash,
            "read_only": read_only,
        });
        Self { begin: Event::new("start", Code::Start, fields), end: Code::Stop }
    }

    /// A command of an administrator has something to write down.
    pub fn command(command: &'static str) -> Self {
        let fields = json!({"version": env!("CARGO_PKG_VERSION"), "command": command});
        Self { begin: Event::new("start", Code::CommandStart, fields), end: Code::CommandStop }
    }

    pub(super) fn record(&self, instance: &str) -> Map<String, Value> {
        self.begin.record(instance)
    }

    pub(super) fn end(&self) -> Code {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verification_is_recorded_with_its_files_and_keys_and_no_more_than_a_record_holds() {
        let key = VerifierKey::new("portcullis/default", [7; 32]).unwrap();
        let file = |number: usize| format!("audit-default-20261129T0540{number:02}Z.jsonl");
        let verified = |count: usize| Verified {
            files: (0..count).map(file).collect(),
            keys: vec![key.clone()],
            keys_given: true,
            records: 12,
            findings: 0,
            checkpoints: 3,
        };
        let record = Value::Object(Event::verified(&verified(2), "uid:0").record("default"));
        assert_eq!((&record["code"], &record["good"]), (&json!("PC0018"), &json!(true)));
        assert_eq!(record["names"], json!([file(0), file(1)]));
        assert_eq!((&record["files"], &record["records"]), (&json!(2), &json!(12)));
        assert_eq!((&record["keys_given"], &record["checkpoints"]), (&json!(true), &json!(3)));
        // The name and the id of the key: the key itself is on the command line of whoever verified.
        let told = record["keys"][0].as_str().unwrap();
        assert!(told.starts_with("portcullis/default+") && key.to_string().starts_with(&format!("{told}+")));
        assert_eq!(told.len(), "portcullis/default+".len() + 8);

        let record = Value::Object(Event::verified(&verified(60), "uid:0").record("default"));
        let names = record["names"].as_array().unwrap();
        assert_eq!((names.len(), &names[31], &record["files"]), (32, &json!(file(59)), &json!(60)));
    }
}
