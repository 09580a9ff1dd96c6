//! The trail of one call, from the first look-up to its end.

use std::time::Instant;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Audit;
use super::AuditError;
use super::CallFacts;
use super::CallId;
use super::Code;
use super::LookupPermit;
use super::Outcome;
use super::Permit;
use super::SearchNote;
use super::UpstreamNote;
use super::permit::Noted;
use super::permit::Notes;
use super::permit::noted;
use super::permit::read;
use super::record::clipped;
use super::record::head;
use super::record::inside;
use super::writer::Durability;
use super::writer::Kind;
use super::writer::Record;
use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Asked;
use crate::policy::Basis;
use crate::policy::Decision;
use crate::policy::DenyReason;
use crate::policy::Effect;
use crate::policy::LimitUse;
use crate::policy::Needs;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::Tried;

/// The guard of one call: every end of it writes an outcome, also a panic and a client that goes away.
#[derive(Debug)]
pub struct Trail {
    audit: Audit,
    facts: CallFacts,
    principal: Option<Value>,
    instance: InstanceName,
    notes: Notes,
    /// The arguments of a call that is denied, as hashes.
    arguments: Option<Value>,
    /// How many items of the result policies that are only tried would leave out.
    would_withhold: u64,
    started: Instant,
    open: bool,
}

impl Trail {
    pub(super) fn new(audit: Audit, facts: CallFacts) -> Self {
        audit.metrics.call_started();
        Self {
            audit,
            facts,
            principal: None,
            instance: InstanceName::default(),
            notes: Notes::default(),
            arguments: None,
            would_withhold: 0,
            started: Instant::now(),
            open: true,
        }
    }

    /// The call's id.
    pub fn call(&self) -> &CallId {
        &self.facts.call
    }

    /// Notes the attributes that policies name: every answer of this call is asked for them.
    pub fn needs(&mut self, needs: Needs) {
        noted(&self.notes, |notes| notes.needs = needs);
    }

    /// The attributes that policies name of things of a product.
    pub fn needed(&self, product: Product) -> Needs {
        read(&self.notes, |notes| notes.needs.of_product(product))
    }

    /// Notes what an answer said of them.
    pub fn observe(&self, observed: Observed) {
        noted(&self.notes, |notes| notes.observed.update(observed));
    }

    /// Whether policies name no attribute of anything of a product: what is known of a place is then all there is to know.
    pub fn observes_nothing(&self, product: Product) -> bool {
        self.needed(product).is_empty()
    }

    /// What the answers said so far of the attributes that policies name.
    pub fn observed(&self) -> Observed {
        self.noted().observed
    }

    /// Notes which Jira or Confluence the call is for; from here on every record names it.
    pub fn at(&mut self, instance: &InstanceName) {
        self.instance = instance.clone();
    }

    /// Notes who calls; from here on every record names them.
    pub fn identified(&mut self, principal: &Principal) {
        let kind = match principal.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Service => "service",
        };
        self.principal = Some(json!({"kind": kind, "id": principal.id}));
    }

    /// Notes the arguments of a call that is denied, so that its outcome can be explained. The others have an intent.
    pub fn refused(&mut self, arguments: &Map<String, Value>) {
        self.arguments = Some(self.hashed(arguments));
    }

    /// Notes how many items of the result policies that are only tried would leave out.
    pub fn would_withhold(&mut self, items: u64) {
        self.would_withhold = items;
    }

    /// Writes down what is asked of Atlassian before the decision; the look-up may leave when this returns.
    pub async fn resolve(
        &self,
        lookup: &'static str,
        resources: &[Resource],
    ) -> Result<LookupPermit, AuditError> {
        let mut record = self.head("resolve", Code::Resolve);
        record.insert("lookup".into(), lookup.into());
        let named = |one: &Resource| {
            one.part_named_in(&self.instance).unwrap_or_else(|| one.named_in(&self.instance))
        };
        let resources: Vec<String> = resources.iter().map(named).collect();
        record.insert("resources".into(), resources.into());
        self.audit.writer.announce(self.record("resolve", inside(&record), Durability::Written)).await?;
        Ok(LookupPermit::new(self.facts.call.clone(), self.instance.clone(), Notes::clone(&self.notes)))
    }

    /// Writes the intent, and makes the permit when it is on disk. If it cannot be written there is no permit.
    pub async fn admit<E: Effect>(
        &self,
        allowed: Allowed<E>,
        arguments: &Map<String, Value>,
    ) -> Result<Permit<E>, AuditError> {
        let decision = allowed.into_decision();
        if decision.tool != self.facts.tool {
            return Err(AuditError::Mismatch { cause: "it is of another tool" });
        }
        if decision.instance != self.instance {
            return Err(AuditError::Mismatch { cause: "it is of another instance" });
        }
        if E::ACCESS != self.facts.access {
            return Err(AuditError::Mismatch { cause: "it is of another access" });
        }
        let mut record = self.head("intent", Code::Intent);
        record.insert("resources".into(), names(&decision.resources, &decision.instance).into());
        record.insert("resolved".into(), decision.resolved.into());
        record.insert("groups".into(), decision.basis.groups.clone().into());
        attributes(&decision.basis, &mut record);
        record.insert("decision".into(), decision_record(&decision));
        record.insert("arguments".into(), self.hashed(arguments));
        self.audit.metrics.decision("permit", "policy");
        self.tried("permit", decision.shadow.as_ref());
        self.audit.writer.announce(self.record("intent", inside(&record), Durability::Durable)).await?;
        Ok(Permit::new(self.facts.call.clone(), decision, Notes::clone(&self.notes)))
    }

    /// Writes down that what was changed lies elsewhere than where it was decided on: somebody moved it meanwhile. It is
    /// on disk with the outcome, which comes after it.
    pub fn misplaced(&self, decided: &[Resource], actual: &Resource) {
        let mut record = self.head("event", Code::Misplaced);
        let named = |one: &Resource| one.named_in(&self.instance);
        record.insert("resources".into(), decided.iter().map(named).collect::<Vec<_>>().into());
        record.insert("actual".into(), named(actual).into());
        record.insert("actual_place".into(), actual.enclosing().as_ref().map(named).into());
        // A record that cannot be taken closes the log, and the outcome's caller is told.
        let _ = self.audit.writer.leave(self.record("event", inside(&record), Durability::Written));
    }

    /// Writes the outcome: durable before it returns for a write, written for a read.
    pub async fn close(mut self, outcome: Outcome) -> Result<(), AuditError> {
        self.open = false;
        let body = self.outcome(code_of(&outcome), outcome.as_str(), Some(&outcome));
        let durability = match self.facts.access {
            Access::Write => Durability::Durable,
            Access::Read => Durability::Written,
        };
        self.audit.writer.conclude(self.record("outcome", body, durability)).await
    }

    fn record(&self, stage: &'static str, body: String, durability: Durability) -> Record {
        let kind = match stage {
            "resolve" | "intent" => Kind::Announced,
            _ => Kind::Happened,
        };
        Record { stage, call: Some(self.facts.call.clone()), body, durability, kind }
    }

    fn head(&self, stage: &'static str, code: Code) -> Map<String, Value> {
        let facts = &self.facts;
        let mut record = head(stage, code, &self.audit.instance);
        record.insert("call".into(), facts.call.as_str().into());
        record.insert("tool".into(), facts.tool.as_str().into());
        record.insert("product".into(), facts.product.as_str().into());
        if !self.instance.is_default() {
            record.insert("at".into(), self.instance.as_str().into());
        }
        record.insert("access".into(), facts.access.as_str().into());
        record.insert("principal".into(), self.principal.clone().unwrap_or_default());
        record.insert("method".into(), facts.method.into());
        record.insert("client".into(), clipped(&facts.client).into());
        record.insert("address".into(), facts.address.map(|address| address.to_string()).into());
        record.insert("transport".into(), facts.transport.into());
        if let Some(trace) = &facts.trace_id {
            record.insert("trace".into(), clipped(trace).into());
        }
        if let Some(user) = &facts.os_user {
            record.insert("os_user".into(), user.as_str().into());
        }
        record
    }

    /// The outcome record, counted in the metrics as well.
    fn outcome(&self, code: Code, word: &'static str, outcome: Option<&Outcome>) -> String {
        let mut record = self.head("outcome", code);
        record.insert("outcome".into(), word.into());
        match outcome {
            Some(Outcome::Ok { bytes }) => drop(record.insert("bytes".into(), (*bytes).into())),
            Some(Outcome::UpstreamError { status }) => drop(record.insert("status".into(), (*status).into())),
            Some(Outcome::ToolError { problem } | Outcome::InvalidArguments { problem }) => {
                drop(record.insert("problem".into(), clipped(problem).into()));
            }
            Some(Outcome::Denied { reason, decision, policies, asked }) => {
                self.audit.metrics.decision("deny", reason);
                let mut decision =
                    json!({"id": decision, "effect": "deny", "reason": reason, "policies": policies});
                if let Some(asked) = asked {
                    self.asked(asked, &mut record, &mut decision);
                }
                record.insert("decision".into(), decision);
            }
            _ => {}
        }
        let elapsed = self.started.elapsed();
        record.insert("duration_ms".into(), milliseconds(elapsed).into());
        let noted = self.noted();
        if let Some(SearchNote { narrowing, condition, exact }) = noted.search {
            let search = json!({"narrowing": narrowing, "condition": condition, "exact": exact});
            record.insert("search".into(), search);
        }
        if self.would_withhold > 0 {
            record.insert("shadow".into(), json!({"withheld": self.would_withhold}));
        }
        record.insert("upstream".into(), upstream(&noted.requests));
        self.audit.metrics.call_ended(&self.facts.tool, self.facts.access, word, elapsed);
        inside(&record)
    }

    /// What a denied call asked about: there is no intent that says it.
    fn asked(&self, asked: &Asked, record: &mut Map<String, Value>, decision: &mut Value) {
        record.insert("resources".into(), names(&asked.resources, &self.instance).into());
        record.insert("resolved".into(), asked.resolved.into());
        record.insert("groups".into(), asked.basis.groups.clone().into());
        attributes(&asked.basis, record);
        if let Some(arguments) = &self.arguments {
            record.insert("arguments".into(), arguments.clone());
        }
        if let Value::Object(decision) = decision {
            decision.insert("policy_hash".into(), asked.basis.policy_hash.clone().into());
            decision.insert("schema_hash".into(), asked.basis.schema_hash.clone().into());
            decision.extend(shadow(asked.shadow.as_ref()));
            self.tried("deny", asked.shadow.as_ref());
        }
    }

    /// Counts what the policies that are only tried would have decided.
    fn tried(&self, decision: &str, tried: Option<&Tried>) {
        if let Some(Tried { denied, .. }) = tried {
            self.audit.metrics.shadow_decision(decision, effect_of(*denied));
        }
    }

    fn noted(&self) -> Noted {
        match self.notes.lock() {
            Ok(notes) => notes.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    /// Argument values as keyed hashes: a value can be looked for, but not read.
    fn hashed(&self, arguments: &Map<String, Value>) -> Value {
        let hash = |(name, value): (&String, &Value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), Value::from(self.audit.key.digest(&text)))
        };
        Value::Object(arguments.iter().map(hash).collect())
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if self.open {
            let body = self.outcome(Code::Abandoned, "abandoned", None);
            // A record that cannot be taken is counted and told in the log by the writer.
            let _ = self.audit.writer.leave(self.record("outcome", body, Durability::Written));
        }
    }
}

fn upstream(requests: &[UpstreamNote]) -> Value {
    let shown = requests.iter().map(|note| {
        json!({
            "method": note.method,
            "status": note.status,
            "bytes": note.bytes,
            "ms": milliseconds(note.duration),
        })
    });
    shown.collect()
}

fn code_of(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Ok { .. } => Code::Success,
        Outcome::Denied { .. } => Code::Denied,
        _ => Code::Failure,
    }
}

fn decision_record(decision: &Decision) -> Value {
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
fn shadow(tried: Option<&Tried>) -> Option<(String, Value)> {
    let Tried { denied, policies, policy_hash } = tried?;
    let effect = if denied.is_some() { "deny" } else { "permit" };
    let reason = denied.map(DenyReason::as_str);
    let record =
        json!({"effect": effect, "reason": reason, "policies": policies, "policy_hash": policy_hash});
    Some(("shadow".to_owned(), record))
}

fn effect_of(denied: Option<DenyReason>) -> &'static str {
    if denied.is_some() { "deny" } else { "permit" }
}

fn limit_record(used: &LimitUse) -> Value {
    let resets = jiff::Timestamp::from_millisecond(used.resets_ms).map(|at| at.to_string()).ok();
    json!({"policy": used.policy, "used": used.used, "of": used.of, "resets": resets})
}

/// What was known of the resources, where policies name attributes of them.
fn attributes(basis: &Basis, record: &mut Map<String, Value>) {
    if !basis.attributes.is_empty() {
        record.insert("attributes".into(), json!(basis.attributes));
    }
}

/// Every resource, and the project or space it lies in.
fn names(resources: &[Resource], at: &InstanceName) -> Vec<String> {
    let mut names = Vec::new();
    for resource in resources {
        names.extend(resource.part_named_in(at));
        names.push(resource.named_in(at));
        let place = resource.enclosing().filter(|place| place.kind() != resource.kind());
        names.extend(place.map(|place| place.named_in(at)));
    }
    names
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
