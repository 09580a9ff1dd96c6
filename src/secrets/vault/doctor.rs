//! What an operator wants to know before callers do: whether Vault lets us in, what the token is worth, whether each secret
//! can be read, and whether the policy allows more than that.

use http::Method;
use http::StatusCode;
use vaultrs::api::kv2::requests::ReadSecretMetadataRequest;

use super::Vault;
use super::VaultError;
use super::answers;
use super::kv::Found;
use super::kv::Mark;
use super::wire::Question;
use crate::secrets::VaultRef;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub health: Health,
    /// In words, for the operator.
    pub text: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// In order.
    Good,
    /// It works, but should be otherwise.
    Doubtful,
    /// It does not work.
    Bad,
}

/// What a policy needs to allow, and no more.
const NEEDED: &[&str] = &["read"];

impl Vault {
    /// Looks at the login and at each of these secrets.
    pub async fn diagnose(&self, references: &[VaultRef]) -> Vec<Finding> {
        let mut findings = Vec::new();
        match self.session.life().await {
            Err(error) => return vec![finding(Health::Bad, error.to_string())],
            Ok(life) => findings.push(login(self.session.way().method(), life)),
        }
        for reference in references {
            match self.look(reference, None).await {
                Err(error) => findings.push(finding(Health::Bad, error.to_string())),
                Ok(look) => {
                    if let Found::Other(mark, _) = look.found {
                        findings.extend(self.readable(reference, mark).await);
                    }
                }
            }
        }
        findings
    }

    async fn readable(&self, reference: &VaultRef, mark: Mark) -> Vec<Finding> {
        let (mount, path) = (reference.mount(), reference.path());
        let (place, version) = match mark {
            Mark::Number(version) => (format!("{mount}/data/{path}"), format!("version {version}")),
            Mark::Hash(_) => (reference.place(), "KV version 1".to_owned()),
            Mark::Lease(_) => (reference.place(), "it is lent".to_owned()),
        };
        let mut found = vec![finding(Health::Good, format!("`{reference}` can be read ({version})"))];
        if matches!(mark, Mark::Number(_)) && self.metadata(reference).await != Ok(StatusCode::OK) {
            let text = format!(
                "`{reference}`: its metadata cannot be read, so the secret itself crosses the network at every look; add \
                 `read` on {mount}/metadata/{path}"
            );
            found.push(finding(Health::Doubtful, text));
        }
        if matches!(mark, Mark::Lease(_)) {
            found.extend(self.returnable().await);
        }
        let more: Vec<String> = self.capabilities(&place).await.unwrap_or_default();
        let more: Vec<&str> =
            more.iter().map(String::as_str).filter(|capability| !NEEDED.contains(capability)).collect();
        if !more.is_empty() {
            let text = format!("{place}: the policy also allows {}; `read` is enough", more.join(", "));
            found.push(finding(Health::Doubtful, text));
        }
        found
    }

    /// What is lacking to keep what is lent, and to give it back.
    async fn returnable(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (path, why) in [
            ("sys/leases/renew", "new ones are taken instead of renewals"),
            ("sys/leases/lookup", "one that is revoked is seen at its renewal only"),
            ("sys/leases/revoke", "they end with their term, not when they are done with"),
        ] {
            let allowed = self.capabilities(path).await.unwrap_or_default();
            if !allowed.iter().any(|capability| capability == "update" || capability == "root") {
                found.push(finding(Health::Doubtful, format!("leases: {why}; add `update` on {path}")));
            }
        }
        found
    }

    async fn metadata(&self, reference: &VaultRef) -> Result<StatusCode, VaultError> {
        let (mount, path) = (reference.mount().to_owned(), reference.path().to_owned());
        let question = Question::to("metadata", &ReadSecretMetadataRequest { mount, path })?;
        Ok(self.session.ask(&question).await?.status)
    }

    async fn capabilities(&self, path: &str) -> Result<Vec<String>, VaultError> {
        let body = serde_json::json!({"paths": [path]}).to_string().into_bytes();
        let question = Question {
            operation: "capabilities",
            method: Method::POST,
            path: "sys/capabilities-self".to_owned(),
            body: Some(body.into()),
        };
        let answer = self.session.ask(&question).await?;
        answers::capabilities(&answer.body)
    }
}

/// `life` is how long the token is good for, zero for ever, and whether it can be renewed.
fn login(method: &str, (ttl, renewable): (std::time::Duration, bool)) -> Finding {
    let renewable = if renewable { "renewable" } else { "not renewable" };
    match ttl.as_secs() {
        0 => finding(
            Health::Doubtful,
            format!(
                "logged in ({method}), but the token never expires; give its role a token_ttl and a token_max_ttl"
            ),
        ),
        seconds => finding(
            Health::Good,
            format!("logged in ({method}); the token is good for {seconds} s, {renewable}"),
        ),
    }
}

fn finding(health: Health, text: String) -> Finding {
    Finding { health, text }
}
