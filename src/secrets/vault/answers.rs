//! Vault's answers, read leniently: only what is used must be there, because servers differ in the rest (vaultrs'
//! own types refuse answers of `OpenBao` for one missing field). Errors say where, never what: serde's own text
//! quotes the value.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::VaultError;
use crate::secrets::Secret;
use crate::secrets::VaultRef;

/// What a login or a renewal gave.
pub(super) struct Granted {
    /// None in the answer to a renewal.
    pub(super) token: Option<Secret>,
    /// How long it is good for; zero is for ever.
    pub(super) ttl: Duration,
    pub(super) renewable: bool,
    pub(super) is_root: bool,
}

/// What the metadata of a KV version 2 secret says of its latest version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Latest {
    pub(super) version: u64,
    pub(super) destroyed: bool,
    /// Deleted, or to be deleted at some time: the version itself tells.
    pub(super) deletion_set: bool,
}

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    client_token: String,
    #[serde(default)]
    lease_duration: u64,
    #[serde(default)]
    renewable: bool,
    #[serde(default)]
    policies: Option<Vec<String>>,
    #[serde(default)]
    token_policies: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
}

#[derive(Deserialize)]
struct TokenItself {
    #[serde(default)]
    ttl: u64,
    /// None for a token that never expires.
    #[serde(default)]
    expire_time: Option<String>,
    #[serde(default)]
    renewable: Option<bool>,
    #[serde(default)]
    policies: Option<Vec<String>>,
}

/// How long something is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) length: Duration,
    pub(super) renewable: bool,
}

/// What a mount holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    One,
    Two,
    /// An engine that makes secrets.
    Engine,
}

#[derive(Deserialize)]
struct Lease {
    #[serde(default, rename = "lease_id")]
    id: String,
    #[serde(default, rename = "lease_duration")]
    duration: u64,
    #[serde(default)]
    renewable: bool,
}

/// The keys are left as they stand in the answer, which is wiped; only the wanted one is taken out.
#[derive(Deserialize)]
struct VersionTwo<'a> {
    #[serde(borrow)]
    data: Option<HashMap<String, &'a RawValue>>,
    #[serde(default)]
    metadata: Option<VersionMetadata>,
}

#[derive(Deserialize)]
struct VersionMetadata {
    #[serde(default)]
    version: u64,
}

#[derive(Deserialize)]
struct Metadata {
    current_version: u64,
    #[serde(default)]
    versions: HashMap<String, OfVersion>,
}

#[derive(Deserialize, Default)]
struct OfVersion {
    #[serde(default)]
    destroyed: bool,
    #[serde(default)]
    deletion_time: String,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    options: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Wrapping {
    #[serde(default)]
    creation_path: String,
}

#[derive(Deserialize)]
struct Capabilities {
    capabilities: Vec<String>,
}

#[derive(Deserialize)]
struct SecretId {
    secret_id: String,
}

/// The token of a login.
pub(super) fn login(body: &[u8]) -> Result<Granted, VaultError> {
    let granted = renewal(body)?;
    if granted.token.is_none() {
        let problem = "the token is empty".to_owned();
        return Err(VaultError::Malformed { what: "the login".to_owned(), problem });
    }
    Ok(granted)
}

/// How long a token is good for now.
pub(super) fn renewal(body: &[u8]) -> Result<Granted, VaultError> {
    let Login { auth } = parse(body, || "the login".to_owned())?;
    let policies = [&auth.policies, &auth.token_policies].into_iter().flatten().flatten();
    Ok(Granted {
        is_root: policies.into_iter().any(|policy| policy == "root"),
        token: Some(auth.client_token).filter(|token| !token.is_empty()).map(Secret::new),
        ttl: Duration::from_secs(auth.lease_duration),
        renewable: auth.renewable,
    })
}

/// What a token says of itself.
pub(super) fn token_itself(body: &[u8], token: Secret) -> Result<Granted, VaultError> {
    let Envelope::<TokenItself> { data } = parse(body, || "the look-up of the token".to_owned())?;
    Ok(Granted {
        is_root: data.policies.iter().flatten().any(|policy| policy == "root"),
        token: Some(token),
        // In its last second it has none left.
        ttl: Duration::from_secs(data.ttl.max(u64::from(data.expire_time.is_some()))),
        renewable: data.renewable.unwrap_or(false),
    })
}

/// Where a wrapped answer was made.
pub(super) fn creation_path(body: &[u8]) -> Result<String, VaultError> {
    let Envelope::<Wrapping> { data } = parse(body, || "the look-up of the wrapping token".to_owned())?;
    Ok(data.creation_path)
}

/// The secret id that was wrapped.
pub(super) fn secret_id(body: &[u8]) -> Result<Secret, VaultError> {
    let Envelope::<SecretId> { data } = parse(body, || "the unwrapping of the secret id".to_owned())?;
    Ok(Secret::new(data.secret_id))
}

/// What a mount holds.
pub(super) fn mount(body: &[u8], name: &str) -> Result<Kind, VaultError> {
    let what = || format!("the question about the mount `{name}`");
    let Envelope::<Mount> { data } = parse(body, what)?;
    if data.kind != "kv" && data.kind != "generic" {
        return Ok(Kind::Engine);
    }
    let version = data.options.as_ref().and_then(|options| options.get("version"));
    Ok(if version.is_some_and(|version| version == "2") { Kind::Two } else { Kind::One })
}

/// The latest version, as the metadata of the secret has it.
pub(super) fn latest(body: &[u8], reference: &VaultRef) -> Result<Latest, VaultError> {
    let Envelope::<Metadata> { mut data } = parse(body, || format!("the metadata of `{reference}`"))?;
    let version = data.current_version;
    let of_version = data.versions.remove(&version.to_string()).unwrap_or_default();
    Ok(Latest {
        version,
        destroyed: of_version.destroyed,
        deletion_set: !of_version.deletion_time.is_empty(),
    })
}

/// What the token may do at the one path that was asked for.
pub(super) fn capabilities(body: &[u8]) -> Result<Vec<String>, VaultError> {
    let Envelope::<Capabilities> { data } = parse(body, || "the question what is allowed".to_owned())?;
    Ok(data.capabilities)
}

/// The values of the wanted keys in a KV version 2 secret, and which version they are of.
pub(super) fn values(body: &[u8], reference: &VaultRef) -> Result<(u64, Vec<Secret>), VaultError> {
    let Envelope::<VersionTwo<'_>> { data } = parse(body, || format!("the read of `{reference}`"))?;
    let keys = data.data.ok_or_else(|| missing_part(reference, "its latest version is deleted"))?;
    let version = data.metadata.map_or(0, |metadata| metadata.version);
    Ok((version, wanted(&keys, reference)?))
}

/// Which lease an answer lends something by, and for how long; none if it is not lent.
pub(super) fn lease(body: &[u8], reference: &VaultRef) -> Result<Option<(String, Term)>, VaultError> {
    let lease: Lease = parse(body, || format!("the read of `{reference}`"))?;
    let term = lease.term();
    Ok((!lease.id.is_empty()).then_some((lease.id, term)))
}

/// How long a lease that was renewed goes on.
pub(super) fn renewed(body: &[u8], reference: &VaultRef) -> Result<Term, VaultError> {
    let lease: Lease = parse(body, || format!("the renewal of the lease of `{reference}`"))?;
    Ok(lease.term())
}

impl Lease {
    fn term(&self) -> Term {
        // In its last second it has none left.
        Term { length: Duration::from_secs(self.duration.max(1)), renewable: self.renewable }
    }
}

/// The values of the wanted keys, where they stand as in a KV version 1 secret.
pub(super) fn values_of_version_one(body: &[u8], reference: &VaultRef) -> Result<Vec<Secret>, VaultError> {
    let Envelope::<HashMap<String, &RawValue>> { data } =
        parse(body, || format!("the read of `{reference}`"))?;
    wanted(&data, reference)
}

fn wanted(keys: &HashMap<String, &RawValue>, reference: &VaultRef) -> Result<Vec<Secret>, VaultError> {
    reference.keys().map(|key| value_of(key, keys, reference)).collect()
}

fn value_of(
    key: &str,
    keys: &HashMap<String, &RawValue>,
    reference: &VaultRef,
) -> Result<Secret, VaultError> {
    let refuse = |problem: &str| VaultError::Unusable {
        reference: reference.to_string(),
        problem: problem.to_owned(),
    };
    let raw = keys.get(key).ok_or_else(|| refuse("the secret has no such key"))?;
    let text = serde_json::from_str::<String>(raw.get()).map_err(|_| refuse("the value is no string"))?;
    if text.trim().is_empty() {
        return Err(refuse("the value is empty"));
    }
    Ok(Secret::new(text))
}

/// Which kind of missing a 404 means: one that still has metadata had a version once.
pub(super) fn missing(body: &[u8], reference: &VaultRef) -> VaultError {
    let gone = serde_json::from_slice::<Envelope<HashMap<String, &RawValue>>>(body)
        .is_ok_and(|gone| gone.data.contains_key("metadata"));
    missing_part(reference, if gone { "its latest version is deleted" } else { "there is no such secret" })
}

pub(super) fn missing_part(reference: &VaultRef, what: &'static str) -> VaultError {
    VaultError::Missing { reference: reference.to_string(), what }
}

pub(super) fn parse<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    what: impl Fn() -> String,
) -> Result<T, VaultError> {
    serde_json::from_slice(body).map_err(|error| {
        let kind = if error.is_data() { "a field is missing or of another type" } else { "it is not JSON" };
        let problem = format!("{kind} (line {}, column {})", error.line(), error.column());
        VaultError::Malformed { what: what(), problem }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretRef;

    fn reference() -> VaultRef {
        match SecretRef::parse("vault://kv/jira#token") {
            Ok(SecretRef::Vault(reference)) => reference,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_taken_out_of_any_envelope() {
        for (body, expected) in [
            (r#"{"data":{"data":{"token":"T"}}}"#, "T"),
            (
                r#"{"lease_id":"","extra":[1],"data":{"metadata":{"version":3},"data":{"a":1,"token":"a\"b"}}}"#,
                "a\"b",
            ),
        ] {
            assert_eq!(values(body.as_bytes(), &reference()).unwrap().1[0].expose(), expected);
        }
        let granted = login(br#"{"auth":{"client_token":"s.1"},"warnings":null}"#).unwrap();
        assert_eq!(granted.token.unwrap().expose(), "s.1");
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_content() {
        for (body, says) in [
            ("canary", "not JSON"),
            (r#"{"data":"canary"}"#, "another type"),
            (r#"{"data":{"data":{"token":["canary"]}}}"#, "no string"),
            (r#"{"data":{"data":{"token":""}}}"#, "empty"),
            (r#"{"data":{"data":{"tokem":"canary"}}}"#, "no such key"),
            (r#"{"data":{"data":null,"metadata":{}}}"#, "deleted"),
        ] {
            let error = values(body.as_bytes(), &reference()).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
            assert!(!error.caller_text("Jira").contains("jira"), "{error:?}");
        }
        for (body, says) in [
            (r#"{"errors":[]}"#, "no such secret"),
            ("", "no such secret"),
            (r#"{"data":{"data":null,"metadata":{"version":1}}}"#, "deleted"),
        ] {
            assert!(missing(body.as_bytes(), &reference()).to_string().contains(says));
        }
        for body in [r#"{"auth":null}"#, r#"{"auth":{"client_token":""}}"#, r#"{"auth":{"client_token":7}}"#]
        {
            assert!(matches!(login(body.as_bytes()), Err(VaultError::Malformed { .. })), "{body}");
        }
    }

    #[test]
    fn metadata_mounts_and_tokens() {
        for (body, expected) in [
            (
                r#"{"data":{"current_version":3,"versions":{"3":{"destroyed":false,"deletion_time":""}}}}"#,
                (3, false, false),
            ),
            (r#"{"data":{"current_version":1,"versions":{"1":{"destroyed":true}}}}"#, (1, true, false)),
            (
                r#"{"data":{"current_version":2,"versions":{"2":{"deletion_time":"2030-01-01T00:00:00Z"}}}}"#,
                (2, false, true),
            ),
            (r#"{"data":{"current_version":0}}"#, (0, false, false)),
        ] {
            let latest = latest(body.as_bytes(), &reference()).unwrap();
            assert_eq!((latest.version, latest.destroyed, latest.deletion_set), expected, "{body}");
        }
        for (body, kind) in [
            (r#"{"data":{"type":"kv","options":{"version":"2"}}}"#, Kind::Two),
            (r#"{"data":{"type":"kv","options":{"version":"1"}}}"#, Kind::One),
            (r#"{"data":{"type":"kv","options":null}}"#, Kind::One),
            (r#"{"data":{"type":"database"}}"#, Kind::Engine),
        ] {
            assert_eq!(mount(body.as_bytes(), "kv").unwrap(), kind, "{body}");
        }
        for (body, root) in [
            (r#"{"auth":{"client_token":"t","token_policies":["default","root"]}}"#, true),
            (r#"{"auth":{"client_token":"t","policies":["root"],"lease_duration":0}}"#, true),
            (r#"{"auth":{"client_token":"t","policies":["default","rooted"],"lease_duration":60}}"#, false),
        ] {
            assert_eq!(login(body.as_bytes()).unwrap().is_root, root, "{body}");
        }
        let itself =
            token_itself(br#"{"data":{"ttl":60,"renewable":true,"policies":["root"]}}"#, Secret::new("t"));
        assert!(itself.unwrap().is_root);
    }
}
