//! One resolver over all places.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Secret;
use super::SecretError;
use super::SecretRef;
use super::VaultSettings;
use super::source::Credential;
use super::source::Env;
use super::source::File;
use super::source::Source;
use super::vault::Vault;

/// Resolves every kind of reference. Nothing is kept: each call brings the secret as it is now.
#[derive(Debug)]
pub struct Secrets {
    local: Arc<Local>,
    vault: Option<Vault>,
}

/// The places on this machine; also where Vault finds what it logs in with.
#[derive(Debug)]
pub(super) struct Local {
    environment: Env,
    credentials: Credential,
}

impl Secrets {
    /// A resolver over the environment, `$CREDENTIALS_DIRECTORY` and a Vault. Asks nothing yet.
    pub fn new(
        environment: BTreeMap<String, String>,
        credentials_directory: Option<PathBuf>,
        vault: Option<VaultSettings>,
    ) -> Result<Self, SecretError> {
        let credentials = Credential::new(credentials_directory);
        let local = Arc::new(Local { environment: Env::new(environment), credentials });
        let vault = vault.map(|settings| Vault::new(settings, Arc::clone(&local))).transpose()?;
        Ok(Self { local, vault })
    }

    /// The secret behind a reference.
    pub async fn resolve(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match (&self.vault, reference) {
            (Some(vault), SecretRef::Vault(reference)) => Ok(vault.read(reference).await?),
            _ => self.local.resolve(reference).await,
        }
    }
}

impl Local {
    pub(super) async fn resolve(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        let sources: [&dyn Source; 3] = [&self.environment, &File, &self.credentials];
        for source in sources {
            if let Some(fetched) = source.fetch(reference).await {
                return fetched;
            }
        }
        match reference {
            SecretRef::Literal(secret) => Ok(secret.clone()),
            other => Err(SecretError::NoVault { reference: other.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_kind_has_its_place() {
        let environment = BTreeMap::from([("TOKEN".to_owned(), "from-env".to_owned())]);
        let secrets = Secrets::new(environment, None, None).unwrap();
        for (text, expected) in
            [("plain", Ok("plain")), ("env://TOKEN", Ok("from-env")), ("env://NO", Err("not set"))]
        {
            let resolved = secrets.resolve(&SecretRef::parse(text).unwrap()).await;
            match (resolved, expected) {
                (Ok(secret), Ok(text)) => assert_eq!(secret.expose(), text),
                (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
                (resolved, _) => panic!("{text}: {resolved:?}"),
            }
        }
        let error = secrets.resolve(&SecretRef::parse("vault://kv/a#b").unwrap()).await.unwrap_err();
        assert!(matches!(error, SecretError::NoVault { .. }) && !error.is_temporary());
        assert!(!error.caller_text().contains("kv"));
    }
}
