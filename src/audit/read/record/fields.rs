//! The fields of records.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

/// The name by which a caller came.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// The fields of a record that this program knows; which ones there are depends on its code.
#[derive(Debug, Clone, Deserialize)]
pub struct Fields {
    /// The version of the format.
    pub v: u32,
    /// Its number.
    pub seq: u64,
    /// When it was made.
    pub time: Timestamp,
    /// `intent`, `outcome`, `event` and so on.
    pub stage: String,
    /// The stable code.
    pub code: String,
    /// The server that wrote it.
    pub instance: String,
    /// The call it belongs to.
    pub call: Option<String>,
    /// The tool.
    pub tool: Option<String>,
    /// `jira` or `confluence`.
    pub product: Option<String>,
    /// The Jira or Confluence, where it is not the default one.
    pub at: Option<String>,
    /// `read` or `write`.
    pub access: Option<String>,
    /// Who called.
    pub principal: Option<Who>,
    /// How the caller logged in.
    pub method: Option<String>,
    /// What the client calls itself.
    pub client: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    /// `stdio` or `http`.
    pub transport: Option<String>,
    /// The trace the call belongs to.
    pub trace: Option<String>,
    /// The user of the operating system.
    pub os_user: Option<String>,
    /// The name by which the caller came.
    pub named: Option<Named>,
    /// What the call is on, and what that lies in.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Whether Atlassian was asked what the resources lie in.
    pub resolved: Option<bool>,
    /// The groups of the caller.
    pub groups: Option<Vec<String>>,
    /// What was known of the resources, where policies look at it.
    pub attributes: Option<Map<String, Value>>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// The key that texts are hashed with.
    pub key_id: Option<String>,
    /// The arguments, by default as keyed hashes.
    pub arguments: Option<Map<String, Value>>,
    /// How the call ended.
    pub outcome: Option<String>,
    /// What went wrong, in a word.
    pub error: Option<String>,
    /// What the result is like.
    pub result: Option<ResultNote>,
    /// A status of HTTP.
    pub status: Option<u16>,
    /// Why.
    pub reason: Option<String>,
    /// For how many requests it stands, where not for one.
    pub count: Option<u64>,
    /// How long the call took.
    pub duration_ms: Option<f64>,
    /// The requests to Atlassian.
    #[serde(default)]
    pub upstream: Vec<UpstreamRequest>,
}

/// What the result of a call is like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ResultNote {
    /// Its size.
    pub bytes: u64,
    /// How many items a list has.
    pub items: Option<u64>,
    /// How many items policies left out.
    #[serde(default)]
    pub withheld: u64,
    /// Whether there is more.
    #[serde(default)]
    pub cut: bool,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Who {
    /// `user` or `service`.
    pub kind: String,
    /// The account id, the user name or the name of the service.
    pub id: String,
}

/// What was decided.
#[derive(Debug, Clone, Deserialize)]
pub struct Decision {
    /// Its id, which a denied caller was told.
    pub id: String,
    /// `permit` or `deny`.
    pub effect: String,
    /// Why it was denied.
    pub reason: Option<String>,
    /// The policies that decided.
    #[serde(default)]
    pub policies: Vec<String>,
    /// The hash of the policies in force.
    pub policy_hash: Option<String>,
    /// The hash of the schema.
    pub schema_hash: Option<String>,
    /// What policies that are only tried would have decided.
    pub shadow: Option<Shadow>,
    /// The limits that the call counted for.
    #[serde(default)]
    pub limits: Vec<Limit>,
}

/// What policies that are only tried would have decided.
#[derive(Debug, Clone, Deserialize)]
pub struct Shadow {
    /// `permit` or `deny`.
    pub effect: String,
    /// The policies that would have decided.
    #[serde(default)]
    pub policies: Vec<String>,
}

/// How much of a limit was used.
#[derive(Debug, Clone, Deserialize)]
pub struct Limit {
    /// The policy that has the limit.
    pub policy: String,
    /// How often it was used, with this call.
    pub used: u64,
    /// How often it may be used.
    pub of: u64,
}

/// One request to Atlassian.
#[derive(Debug, Clone, Deserialize)]
pub struct UpstreamRequest {
    /// The method of HTTP.
    pub method: String,
    /// The status; none where there was no answer.
    pub status: Option<u16>,
    /// The size of the answer.
    pub bytes: u64,
    /// How long it took.
    pub ms: f64,
}
