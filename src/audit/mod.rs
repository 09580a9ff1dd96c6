//! stub
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use serde_json::{Map, Value};
use crate::ids::*;
use crate::net::UpstreamError;
use crate::policy::*;
use crate::telemetry::Metrics;
/// x
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written ({0}); the call was refused")]
pub struct AuditError(String);
/// x
#[derive(Debug, Clone)]
pub struct CallId(String);
impl CallId { /// x
 pub fn random() -> Self { Self("x".into()) } }
impl std::fmt::Display for CallId { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) } }
/// x
#[derive(Debug, Clone)]
pub struct HmacKey;
impl HmacKey {
/// x
 pub fn from_secret(_: &str) -> Self { Self }
/// x
 pub fn load_or_create(_: &Path) -> Result<(Self, bool), AuditError> { Ok((Self, false)) } }
/// x
#[derive(Debug, Clone)]
pub struct AuditSettings { /// x
 pub directory: PathBuf, /// x
 pub key: HmacKey, /// x
 pub instance: String, /// x
 pub write_deadline: Duration, /// x
 pub metrics: Metrics }
/// x
#[derive(Debug)]
pub struct Event;
impl Event { /// x
 pub fn unknown_tool(_: &str, _: Option<IpAddr>) -> Self { Self } /// x
 pub fn refused(_: u16, _: &str, _: IpAddr) -> Self { Self } /// x
 pub fn start(_: &str, _: &str, _: bool) -> Self { Self } /// x
 pub fn stop() -> Self { Self } /// x
 pub fn key_created(_: &str) -> Self { Self } /// x
 pub fn tls_relaxed(_: Product) -> Self { Self } }
/// x
#[derive(Debug, Clone)]
pub struct Audit;
impl Audit { /// x
 pub fn open(_: &AuditSettings) -> Result<Self, AuditError> { Ok(Self) } /// x
 pub fn trail(&self, facts: CallFacts) -> Trail { Trail { call: facts.call } } /// x
 pub async fn event(&self, _: Event) -> Result<(), AuditError> { Ok(()) } /// x
 pub fn writable(&self) -> bool { true } /// x
 pub fn shutdown(&self) {} /// x
 pub fn key_id(&self) -> &str { "" } }
/// x
#[derive(Debug)]
pub struct CallFacts { /// x
 pub call: CallId, /// x
 pub tool: String, /// x
 pub product: Product, /// x
 pub access: Access, /// x
 pub method: &'static str, /// x
 pub client: String, /// x
 pub address: Option<IpAddr>, /// x
 pub transport: &'static str, /// x
 pub trace_id: Option<String>, /// x
 pub os_user: Option<String> }
/// x
#[derive(Debug)]
pub struct Trail { call: CallId }
impl Trail { /// x
 pub fn call(&self) -> &CallId { &self.call } /// x
 pub fn identified(&mut self, _: &Principal) {} /// x
 pub async fn resolve(&self, _: &'static str, _: Vec<String>) -> Result<LookupPermit, AuditError> { Ok(LookupPermit { call: self.call.clone() }) } /// x
 pub async fn admit<E: Effect>(&self, _allowed: Allowed<E>, _: &Map<String, Value>) -> Result<Permit<E>, AuditError> { Ok(Permit { call: self.call.clone(), e: std::marker::PhantomData }) } /// x
 pub async fn close(self, _: Outcome) -> Result<(), AuditError> { Ok(()) } }
/// x
#[derive(Debug)]
pub enum Outcome { /// x
 Ok { /// x
 bytes: u64 }, /// x
 ToolError { /// x
 problem: String }, /// x
 UpstreamError { /// x
 status: u16 }, /// x
 UpstreamUnreachable, /// x
 Denied { /// x
 reason: &'static str, /// x
 decision: String, /// x
 policies: Vec<String> }, /// x
 NotVisible, /// x
 InvalidArguments { /// x
 problem: String }, /// x
 Deadline, /// x
 Panic, /// x
 AuditFailed }
/// x
#[derive(Debug)]
pub struct UpstreamNote { /// x
 pub method: String, /// x
 pub status: Option<u16>, /// x
 pub bytes: u64, /// x
 pub duration: Duration }
/// x
#[derive(Debug)]
pub struct LookupPermit { call: CallId }
/// x
#[derive(Debug)]
pub struct Permit<E> { call: CallId, e: std::marker::PhantomData<fn() -> E> }
impl<E: Effect> Permit<E> { /// x
 pub fn issue<'a>(&self, k: &'a IssueKey) -> Result<&'a IssueKey, UpstreamError> { Ok(k) } /// x
 pub fn page<'a>(&self, k: &'a PageId) -> Result<&'a PageId, UpstreamError> { Ok(k) } /// x
 pub fn space<'a>(&self, k: &'a SpaceKey) -> Result<&'a SpaceKey, UpstreamError> { Ok(k) } /// x
 pub fn instance(&self, _: Product) -> Result<(), UpstreamError> { Ok(()) } }
/// x
#[derive(Debug)]
pub enum Admitted { /// x
 Read(Permit<Read>), /// x
 Write(Permit<Write>) }
/// x
pub trait Admissible: Effect + Sized { /// x
 fn take(admitted: Admitted) -> Option<Permit<Self>>; }
impl Admissible for Read { fn take(a: Admitted) -> Option<Permit<Self>> { match a { Admitted::Read(p) => Some(p), Admitted::Write(_) => None } } }
impl Admissible for Write { fn take(a: Admitted) -> Option<Permit<Self>> { match a { Admitted::Write(p) => Some(p), Admitted::Read(_) => None } } }
/// x
pub trait Warrant: Sync { /// x
 const ACCESS: Access; /// x
 fn call(&self) -> &CallId; /// x
 fn note(&self, note: UpstreamNote); }
impl<E: Effect> Warrant for Permit<E> { const ACCESS: Access = E::ACCESS; fn call(&self) -> &CallId { &self.call } fn note(&self, _: UpstreamNote) {} }
impl Warrant for LookupPermit { const ACCESS: Access = Access::Read; fn call(&self) -> &CallId { &self.call } fn note(&self, _: UpstreamNote) {} }
