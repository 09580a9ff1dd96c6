//! The trail of one call, from the first look-up to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Account;
use super::Audit;
use super::AuditError;
use super::CallFacts;
use super::CallId;
use super::Code;
use super::Ending;
use super::LookupPermit;
use super::Outcome;
use super::Permit;
use super::Rules;
use super::SearchNote;
use super::level::Subject;
use super::level::View;
use super::parts::attributes;
use super::parts::code_of;
use super::parts::decision_record;
use super::parts::effect_of;
use super::parts::milliseconds;
use super::parts::names;
use super::parts::result;
use super::parts::shadow;
use super::parts::upstream;
use super::permit::Noted;
use super::permit::Notes;
use super::permit::noted;
use super::permit::read;
use super::record::clipped;
use super::record::head;
use super::record::inside;
use super::values::Values;
use super::writer::Durability;
use super::writer::Kind;
use super::writer::Record;
use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Asked;
use crate::policy::Effect;
use crate::policy::InputValue;
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
    principal: Option<(&'static str, String)>,
    account: Option<Account>,
    instance: InstanceName,
    notes: Notes,
    /// What says how much of the arguments is recorded.
    rules: Arc<Rules>,
    /// The lengths of texts that policies see by their lengths alone.
    lengths: BTreeMap<String, i64>,
    /// The arguments of a call that has no intent.
    arguments: Option<Map<String, Value>>,
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
            account: None,
            instance: InstanceName::default(),
            notes: Notes::default(),
            rules: Arc::default(),
            lengths: BTreeMap::new(),
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

    /// Notes how the caller logs in, where that is known only with the way; from here on every record says so.
    pub fn logs_in_by(&mut self, method: &'static str) {
        self.facts.method = method;
    }

    /// Notes who calls; from here on every record names them.
    pub fn identified(&mut self, principal: &Principal) {
        let kind = match principal.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Service => "service",
        };
        self.principal = Some((kind, principal.id.clone()));
    }

    /// Notes which account at Atlassian the call uses, where that is not the principal's own.
    pub fn uses(&mut self, account: Option<Account>) {
        self.account = account;
    }

    /// Notes the rules that say how much of the arguments is recorded.
    pub fn told_by(&mut self, rules: &Arc<Rules>) {
        self.rules = Arc::clone(rules);
    }

    /// Notes the arguments as policies see them: of a text that they see by its length, the record has the length.
    pub fn measured(&mut self, arguments: &Map<String, Value>, input: &BTreeMap<String, InputValue>) {
        let length = |(name, value): (&String, &InputValue)| match value {
            InputValue::Number(length) if arguments.get(name).is_some_and(Value::is_string) => {
                Some((name.clone(), *length))
            }
            _ => None,
        };
        self.lengths = input.iter().filter_map(length).collect();
    }

    /// Notes the arguments of a call that is denied, so that its outcome can be explained. The others have an intent.
    pub fn refused(&mut self, arguments: &Map<String, Value>, resources: &[Resource]) {
        self.arguments = Some(self.told(arguments, resources));
    }

    /// Notes the arguments of a call that ended before anything was decided, always as hashes: what they are is not
    /// known. Names that the tool does not have are hashes as well.
    pub fn ended_early(&mut self, arguments: &Map<String, Value>, is_known: impl Fn(&str) -> bool) {
        let mut values = Values::new(&self.audit.key);
        let mut told = Map::new();
        for (index, (name, value)) in arguments.iter().enumerate() {
            if values.is_full() {
                told.insert("more".into(), (arguments.len() - index).into());
                break;
            }
            let value = values.hashed(value);
            let name = if is_known(name) { name.clone() } else { values.unknown_name(name) };
            told.insert(name, value);
        }
        self.arguments = Some(self.with_key(told, View::default()));
    }

    /// Whether the arguments are in the intent, or will be in the outcome.
    pub fn has_arguments(&self) -> bool {
        self.arguments.is_some() || self.noted().admitted
    }

    /// Notes how many items of the result policies that are only tried would leave out.
    pub fn would_withhold(&mut self, items: u64) {
        self.would_withhold = items;
    }

    /// Notes that the call ended without a proper answer of Atlassian: if it was to change something, nobody knows
    /// whether that was done. Before there is a permit, nothing was.
    pub fn in_doubt(&mut self) {
        noted(&self.notes, |notes| notes.in_doubt = true);
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
        record.extend(self.told(arguments, &decision.resources));
        self.audit.metrics.decision("permit", "policy");
        self.tried("permit", decision.shadow.as_ref());
        self.audit.writer.announce(self.record("intent", inside(&record), Durability::Durable)).await?;
        noted(&self.notes, |notes| notes.admitted = true);
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
        let record = self.record("outcome", body, durability);
        if matches!(outcome, Outcome::AuditFailed) {
            // The caller is told that the log fails, and would wait for the same log once more.
            return self.audit.writer.leave(record).map(drop);
        }
        self.audit.writer.conclude(record).await
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
        let principal = self.principal.as_ref().map(|(kind, id)| json!({"kind": kind, "id": id}));
        record.insert("principal".into(), principal.into());
        record.insert("method".into(), facts.method.into());
        record.insert("client".into(), clipped(&facts.client).into());
        record.insert("address".into(), facts.address.map(|address| address.to_string()).into());
        if let Some(proxy) = facts.proxy {
            record.insert("proxy".into(), proxy.to_string().into());
        }
        record.insert("transport".into(), facts.transport.into());
        if let Some(trace) = &facts.trace_id {
            record.insert("trace".into(), clipped(trace).into());
        }
        if let Some(user) = &facts.os_user {
            record.insert("os_user".into(), user.as_str().into());
        }
        if let Some(named) = &facts.named {
            record.insert("named".into(), json!({"name": named.name, "by": named.by}));
        }
        record
    }

    /// The outcome record, counted in the metrics as well.
    fn outcome(&self, code: Code, word: &'static str, outcome: Option<&Outcome>) -> String {
        let mut record = self.head("outcome", code);
        record.insert("outcome".into(), word.into());
        if let Some(error) = outcome.and_then(Outcome::error) {
            record.insert("error".into(), error.as_str().into());
        }
        match outcome {
            Some(Outcome::Ok(ended)) => drop(record.insert("result".into(), result(ended))),
            Some(Outcome::UpstreamError { status, .. }) => {
                drop(record.insert("status".into(), (*status).into()));
            }
            Some(Outcome::InvalidArguments { names }) => {
                drop(record.insert("refused_arguments".into(), names.clone().into()));
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
        record.extend(self.arguments.clone().into_iter().flatten());
        if let Some(Account { of, method, name }) = &self.account {
            record.insert("account".into(), json!({"of": of, "method": method, "name": name}));
        }
        let elapsed = self.started.elapsed();
        record.insert("duration_ms".into(), milliseconds(elapsed).into());
        let noted = self.noted();
        if let Some(SearchNote { narrowing, condition, exact }) = noted.search {
            let search = json!({"narrowing": narrowing, "condition": condition, "exact": exact});
            record.insert("search".into(), search);
        }
        let in_doubt = noted.in_doubt || outcome.is_none();
        if in_doubt && noted.admitted && self.facts.access == Access::Write {
            record.insert("in_doubt".into(), true.into());
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

    /// The arguments as the rules have them; by default texts are keyed hashes: a value can be looked for, but not
    /// read.
    fn told(&self, arguments: &Map<String, Value>, resources: &[Resource]) -> Map<String, Value> {
        let view = self.rules.view(&Subject {
            tool: &self.facts.tool,
            product: self.facts.product,
            access: self.facts.access,
            principal: self.principal.as_ref().map(|(_, id)| id.as_str()),
            instance: &self.instance,
            resources,
        });
        let mut values = Values::new(&self.audit.key);
        let mut tell = |(name, value): (&String, &Value)| {
            let told = if view.shows(name) { values.clear(value) } else { values.hashed(value) };
            (name.clone(), told)
        };
        let told = arguments.iter().map(&mut tell).collect();
        let mut told = self.with_key(told, view);
        if !self.lengths.is_empty() {
            told.insert("lengths".into(), json!(self.lengths));
        }
        told
    }

    /// The arguments with what it takes to read them.
    fn with_key(&self, arguments: Map<String, Value>, view: View<'_>) -> Map<String, Value> {
        let mut told = Map::new();
        told.insert("level".into(), view.level.as_str().into());
        if !view.clear.is_empty() {
            told.insert("clear".into(), view.clear.into());
        }
        told.insert("key_id".into(), self.audit.key.id().into());
        told.insert("arguments".into(), arguments.into());
        told
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if self.open {
            let body = self.outcome(Code::Abandoned, Ending::Abandoned.as_str(), None);
            // A record that cannot be taken is counted and told in the log by the writer.
            let _ = self.audit.writer.leave(self.record("outcome", body, Durability::Written));
        }
    }
}
