//! Vault's answers, read leniently: only what is used must be there, because servers differ in the rest (vaultrs'
//! own types refuse answers of `OpenBao` for one missing field). Errors say where, never what: serde's own text
//! quotes the value.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::VaultError;
use crate::secrets::Secret;
use crate::secrets::VaultRef;

#[derive(Deserialize)]
struct Login {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    data: Version<'a>,
}

/// The keys are left as they stand in the answer, which is wiped; only the wanted one is taken out.
#[derive(Deserialize)]
struct Version<'a> {
    #[serde(borrow)]
    data: Option<HashMap<String, &'a RawValue>>,
}

/// A 404 that still has metadata: there was a version once.
#[derive(Deserialize)]
struct Gone<'a> {
    #[serde(borrow)]
    data: HashMap<String, &'a RawValue>,
}

/// The token of a login.
pub(super) fn token(body: &[u8]) -> Result<Secret, VaultError> {
    let login: Login =
        serde_json::from_slice(body).map_err(|error| malformed("the login".to_owned(), &error))?;
    if login.auth.client_token.is_empty() {
        let problem = "the token is empty".to_owned();
        return Err(VaultError::Malformed { what: "the login".to_owned(), problem });
    }
    Ok(Secret::new(login.auth.client_token))
}

/// The value of the wanted key.
pub(super) fn value(body: &[u8], reference: &VaultRef) -> Result<Secret, VaultError> {
    let what = || format!("the read of `{reference}`");
    let read: Read<'_> = serde_json::from_slice(body).map_err(|error| malformed(what(), &error))?;
    let keys = read.data.data.ok_or_else(|| missing_part(reference, "its latest version is deleted"))?;
    let raw =
        keys.get(reference.key()).ok_or_else(|| missing_part(reference, "the secret has no such key"))?;
    let refuse = |problem: &str| VaultError::Malformed { what: what(), problem: problem.to_owned() };
    let text = serde_json::from_str::<String>(raw.get()).map_err(|_| refuse("the value is no string"))?;
    if text.is_empty() {
        return Err(refuse("the value is empty"));
    }
    Ok(Secret::new(text))
}

/// Which kind of missing a 404 means.
pub(super) fn missing(body: &[u8], reference: &VaultRef) -> VaultError {
    let gone = serde_json::from_slice::<Gone<'_>>(body).is_ok_and(|gone| gone.data.contains_key("metadata"));
    missing_part(reference, if gone { "its latest version is deleted" } else { "there is no such secret" })
}

fn missing_part(reference: &VaultRef, what: &'static str) -> VaultError {
    VaultError::Missing { reference: reference.to_string(), what }
}

fn malformed(what: String, error: &serde_json::Error) -> VaultError {
    let kind = if error.is_data() { "a field is missing or of another type" } else { "it is not JSON" };
    let problem = format!("{kind} (line {}, column {})", error.line(), error.column());
    VaultError::Malformed { what, problem }
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
            assert_eq!(value(body.as_bytes(), &reference()).unwrap().expose(), expected);
        }
        assert_eq!(token(br#"{"auth":{"client_token":"s.1"},"warnings":null}"#).unwrap().expose(), "s.1");
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
            let error = value(body.as_bytes(), &reference()).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
            assert!(!error.caller_text().contains("jira"), "{error:?}");
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
            assert!(matches!(token(body.as_bytes()), Err(VaultError::Malformed { .. })), "{body}");
        }
    }
}
