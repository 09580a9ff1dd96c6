//! A Vault that is played: one KV secret, tokens with a life, and whatever goes wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::lending::Lending;
use crate::secrets::Current;
use crate::secrets::Notice;
use crate::secrets::Observer;
use crate::secrets::Secret;
use crate::secrets::SecretEvent;
use crate::secrets::SecretRef;
use crate::secrets::VaultLogin;
use crate::secrets::VaultRef;
use crate::secrets::VaultSettings;
use crate::secrets::WatchSettings;
use crate::secrets::observer::Teller;
use crate::secrets::resolver::Local;
use crate::secrets::vault::First;
use crate::secrets::vault::Vault;
use crate::secrets::vault::VaultError;
use crate::secrets::vault::Watched;
use crate::secrets::vault::wire::Answer;
use crate::secrets::vault::wire::Lost;
use crate::secrets::vault::wire::Question;
use crate::secrets::vault::wire::Wire;

pub(crate) const CANARY: &str = "canary-7f20";

/// What goes wrong with every request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Lost(Lost),
    Status(u16, Option<u64>, &'static str),
    Slow(Duration),
}

/// What a played Vault is just now.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that is allowed, or not")]
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) fault: Option<Fault>,
    /// The faults of single addresses.
    pub(crate) faults: BTreeMap<String, Fault>,
    pub(crate) engine: u8,
    pub(crate) version: u64,
    pub(crate) value: Value,
    /// Whether the latest version is deleted or destroyed, or the whole secret is gone.
    pub(crate) gone: Option<&'static str>,
    pub(crate) allows_read: bool,
    pub(crate) allows_metadata: bool,
    pub(crate) allows_login: bool,
    pub(crate) policies: Vec<&'static str>,
    pub(crate) ttl: u64,
    /// How long a login may be renewed in all.
    pub(crate) max_ttl: u64,
    pub(crate) renewable: bool,
    /// The tokens that are good, with their birth and their end.
    tokens: BTreeMap<String, (Instant, Instant)>,
    logins: u64,
    pub(crate) lending: Lending,
    /// The wrapping token with its creation path, while it was not opened.
    pub(crate) wrapped: Option<(&'static str, &'static str)>,
}

/// A played Vault, with what it was asked and what was told of it.
pub(crate) struct Played {
    state: Mutex<State>,
    asked: Mutex<Vec<(String, String)>>,
    told: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Played {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Played")
    }
}

impl Played {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                fault: None,
                faults: BTreeMap::new(),
                engine: 2,
                version: 1,
                value: json!({"token": format!("{CANARY}-1")}),
                gone: None,
                allows_read: true,
                allows_metadata: true,
                allows_login: true,
                policies: vec!["default", "portcullis"],
                ttl: 600,
                max_ttl: 3600,
                renewable: true,
                tokens: BTreeMap::new(),
                logins: 0,
                lending: Lending::new(),
                wrapped: None,
            }),
            asked: Mutex::default(),
            told: Mutex::default(),
        })
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.set(|state| state.fault = Some(fault));
    }

    pub(crate) fn heal(&self) {
        self.set(|state| state.fault = None);
    }

    /// Writes another version.
    pub(crate) fn rotate(&self) {
        self.set(|state| {
            state.version += 1;
            state.value = json!({"token": format!("{CANARY}-{}", state.version)});
        });
    }

    pub(crate) fn revoke_tokens(&self) {
        self.set(|state| state.tokens.clear());
        self.end_what_ended();
    }

    /// What was lent to tokens that have ended has ended.
    pub(crate) fn end_what_ended(&self) {
        self.set(|state| {
            let good: Vec<&String> = state
                .tokens
                .iter()
                .filter(|(_, (_, end))| Instant::now() < *end)
                .map(|(token, _)| token)
                .collect();
            state.lending.keep(|token| good.iter().any(|good| *good == token));
        });
    }

    /// What it was asked since the last time, as `METHOD path`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).map(|(_, question)| question).collect()
    }

    /// Which addresses were asked since the last time.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).map(|(address, _)| address).collect()
    }

    /// What was told since the last time, without what is told of each request.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    pub(crate) fn vault(self: &Arc<Self>, change: impl FnOnce(&mut VaultSettings)) -> Arc<Vault> {
        let mut settings = VaultSettings {
            addresses: vec!["http://127.0.0.1:1".parse().unwrap()],
            namespace: None,
            ca_file: None,
            client_certificate: None,
            login: VaultLogin::AppRole {
                mount: "approle".to_owned(),
                role_id: SecretRef::Literal(Secret::new("role")),
                secret_id: SecretRef::Literal(Secret::new("secret-id")),
                wrapped_for: None,
            },
            timeout_seconds: 5,
            watch: WatchSettings::default(),
            help_url: None,
        };
        change(&mut settings);
        let teller = Teller::default();
        let observer: Arc<dyn Observer> = Arc::clone(self) as Arc<dyn Observer>;
        teller.tell_to(observer);
        let wire: Arc<dyn Wire> = Arc::clone(self) as Arc<dyn Wire>;
        Arc::new(Vault::over(wire, settings, Arc::new(Local::default()), teller).unwrap())
    }

    /// Watches the one secret.
    pub(crate) async fn watch(
        self: &Arc<Self>,
        vault: &Arc<Vault>,
    ) -> Result<Arc<Watched<String>>, VaultError> {
        Watched::start(vault, "jira".to_owned(), reference(), First::Needed, Box::new(made)).await
    }

    /// The one secret as somebody else uses it, with its Vault.
    pub(crate) async fn current<T: Send + Sync + 'static>(
        self: &Arc<Self>,
        make: fn(&Secret) -> Result<T, String>,
    ) -> (Arc<Vault>, Current<T>) {
        let vault = self.vault(|_| {});
        let watched = Watched::start(
            &vault,
            "jira".to_owned(),
            reference(),
            First::Needed,
            Box::new(move |values: &[Secret]| make(&values[0])),
        )
        .await
        .unwrap();
        (vault, Current::Watched(watched))
    }

    /// A Vault in order, and its secret.
    pub(crate) async fn started(self: &Arc<Self>) -> (Arc<Vault>, Arc<Watched<String>>) {
        let vault = self.vault(|_| {});
        let watched = self.watch(&vault).await.unwrap();
        self.asked();
        self.told();
        (vault, watched)
    }

    fn answer(&self, question: &Question, token: Option<&Secret>) -> (u16, Value) {
        let mut state = self.state.lock().unwrap();
        let path = question.path.as_str();
        let body: Value =
            question.body.as_ref().map_or(Value::Null, |body| serde_json::from_slice(body).unwrap());
        if path.starts_with("auth/") && path.ends_with("/login") {
            return state.log_in(&body);
        }
        if path == "sys/wrapping/lookup" {
            return match state.wrapped {
                Some((token, path)) if body["token"] == token => {
                    (200, json!({"data": {"creation_path": path, "creation_ttl": 60}}))
                }
                _ => (400, json!({"errors": ["wrapping token is not valid or does not exist"]})),
            };
        }
        let shown = token.map(Secret::expose).unwrap_or_default().to_owned();
        if path == "sys/wrapping/unwrap" {
            return match state.wrapped.take() {
                Some((token, _)) if token == shown => (200, json!({"data": {"secret_id": "secret-id"}})),
                _ => (400, json!({"errors": []})),
            };
        }
        let Some((born, _)) = state.tokens.get(&shown).filter(|(_, end)| Instant::now() < *end).copied()
        else {
            return (403, json!({"errors": ["permission denied"]}));
        };
        match path {
            "auth/token/renew-self" => state.renew(&shown, born),
            "auth/token/revoke-self" => {
                state.tokens.remove(&shown);
                (204, Value::Null)
            }
            "auth/token/lookup-self" => {
                let left = state.tokens[&shown].1.duration_since(Instant::now()).as_secs();
                (
                    200,
                    json!({"data": {"ttl": left, "expire_time": "soon", "renewable": state.renewable, "policies": state.policies}}),
                )
            }
            "database/creds/jira" => state.lending.lend(&shown),
            path if path.starts_with("sys/leases/") => state.lending.answer(path, &body),
            "sys/capabilities-self" => (200, json!({"data": {"capabilities": ["read"]}})),
            _ => state.secret(path),
        }
    }
}

impl State {
    /// Gives a token.
    pub(crate) fn issue(&mut self, name: &str) {
        let now = Instant::now();
        self.tokens.insert(name.to_owned(), (now, now + Duration::from_secs(self.ttl)));
    }

    fn log_in(&mut self, body: &Value) -> (u16, Value) {
        let known = body["secret_id"] == "secret-id" || body["jwt"] == "jwt" || body.get("name").is_some();
        if !self.allows_login || !known {
            return (400, json!({"errors": ["invalid role or secret ID"]}));
        }
        self.logins += 1;
        let token = format!("token-{}-{CANARY}", self.logins);
        self.issue(&token);
        let auth = json!({"client_token": token, "lease_duration": self.ttl, "renewable": self.renewable,
            "token_policies": self.policies});
        (200, json!({"auth": auth}))
    }

    fn renew(&mut self, token: &str, born: Instant) -> (u16, Value) {
        let now = Instant::now();
        let end = (born + Duration::from_secs(self.max_ttl)).min(now + Duration::from_secs(self.ttl));
        self.tokens.insert(token.to_owned(), (born, end));
        let auth = json!({"client_token": token, "lease_duration": (end - now).as_secs(), "renewable": true});
        (200, json!({"auth": auth}))
    }

    fn secret(&self, path: &str) -> (u16, Value) {
        let denied = (403, json!({"errors": ["permission denied"]}));
        if path == "sys/internal/ui/mounts/kv" {
            let options = json!({"version": self.engine.to_string()});
            return (200, json!({"data": {"type": "kv", "options": options, "path": "kv/"}}));
        }
        if path == "sys/internal/ui/mounts/database" {
            return (200, json!({"data": {"type": "database", "options": null}}));
        }
        if path == "database/static-creds/jira" {
            let password = format!("{CANARY}-{}", self.version);
            return (
                200,
                json!({"lease_id": "", "lease_duration": 0, "data": {"password": password, "ttl": 5}}),
            );
        }
        let Some((kind, _)) = path.trim_start_matches("kv/").split_once('/') else {
            return (404, json!({"errors": []}));
        };
        let is_metadata = kind == "metadata";
        if !self.allows_read || is_metadata && !self.allows_metadata {
            return denied;
        }
        let deleted = self.gone.is_some();
        let of_version = json!({"destroyed": self.gone == Some("destroyed"),
            "deletion_time": if self.gone == Some("deleted") { "2026-01-01T00:00:00Z" } else { "" }});
        match (kind, self.gone) {
            (_, Some("gone")) => (404, json!({"errors": []})),
            ("metadata", _) => {
                let versions = json!({self.version.to_string(): of_version});
                (200, json!({"data": {"current_version": self.version, "versions": versions}}))
            }
            ("data", _) => {
                let data = if deleted { Value::Null } else { self.value.clone() };
                let body = json!({"data": {"data": data, "metadata": {"version": self.version}}});
                (if deleted { 404 } else { 200 }, body)
            }
            _ => (200, json!({"data": self.value})),
        }
    }
}

impl Wire for Played {
    fn send<'a>(
        &'a self,
        address: &'a str,
        question: &'a Question,
        token: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<Answer, Lost>> {
        Box::pin(async move {
            let asked = (address.to_owned(), format!("{} {}", question.method, question.path));
            self.asked.lock().unwrap().push(asked);
            let fault = {
                let state = self.state.lock().unwrap();
                state.faults.get(address).or(state.fault.as_ref()).cloned()
            };
            let (status, retry_after, body) = match fault {
                Some(Fault::Lost(lost)) => return Err(lost),
                Some(Fault::Status(status, retry_after, body)) => (status, retry_after, body.to_owned()),
                Some(Fault::Slow(span)) => {
                    tokio::time::sleep(span).await;
                    let (status, body) = self.answer(question, token);
                    (status, None, body.to_string())
                }
                None => {
                    let (status, body) = self.answer(question, token);
                    (status, None, body.to_string())
                }
            };
            let status = StatusCode::from_u16(status).unwrap();
            Ok(Answer { status, retry_after, body: body.into_bytes().into() })
        })
    }
}

impl Observer for Played {
    fn notice(&self, notice: Notice<'_>) {
        let text = match notice {
            Notice::Asked { .. } | Notice::Up(_) | Notice::Expires(_) => return,
            Notice::Login { accepted } => format!("login {accepted}"),
            Notice::Renewal { accepted } => format!("renewal {accepted}"),
            Notice::Suspicious(error) => format!("suspicious: {error}"),
            Notice::Secret { event: SecretEvent::Confirmed, .. } => return,
            Notice::Secret { name, event } => match event {
                SecretEvent::Confirmed => return,
                SecretEvent::Changed { number } => format!("{name} changed to {number}"),
                SecretEvent::Stale(error) => format!("{name} stale: {error}"),
                SecretEvent::Refused(error) => format!("{name} refused: {error}"),
                SecretEvent::Closed(error) => format!("{name} closed: {error}"),
            },
        };
        assert!(!text.contains(CANARY), "{text}");
        self.told.lock().unwrap().push(text);
    }
}

pub(crate) fn reference() -> VaultRef {
    match SecretRef::parse("vault://kv/atlassian/jira#token").unwrap() {
        SecretRef::Vault(reference) => reference,
        other => panic!("{other:?}"),
    }
}

fn made(values: &[Secret]) -> Result<String, String> {
    let text = values[0].expose().to_owned();
    if text.contains('\n') { Err("holds a line break".to_owned()) } else { Ok(text) }
}

/// What a caller would be told; no text of it shows a place or a secret.
pub(crate) fn caller_text(error: &VaultError) -> String {
    let text = error.caller_text("Jira");
    for place in ["kv", "atlassian", "127.0.0.1", "approle", CANARY] {
        assert!(!text.contains(place), "{text}");
    }
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    text
}

/// Lets time pass, and everything that is due happen.
pub(crate) async fn after(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    // What woke at the same moment has its turn.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
