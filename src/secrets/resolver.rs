//! One resolver over all places.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use super::CertificateWish;
use super::Current;
use super::EngineRef;
use super::Issued;
use super::Observer;
use super::Secret;
use super::SecretError;
use super::SecretRef;
use super::TransitKey;
use super::UserSecrets;
use super::UserSettings;
use super::UserTemplate;
use super::VaultError;
use super::VaultRef;
use super::VaultSettings;
use super::Watched;
use super::observer::Teller;
use super::source::Credential;
use super::source::Env;
use super::source::File;
use super::source::Source;
use super::vault;
use super::vault::Finding;
use super::vault::First;
use super::vault::Make;
use super::vault::Vault;

/// Resolves every kind of reference, and watches those in Vault.
#[derive(Debug)]
pub struct Secrets {
    local: Arc<Local>,
    vault: Option<Arc<Vault>>,
    teller: Teller,
    /// What is watched, by its name in the configuration.
    watched: Mutex<Vec<(String, Weak<dyn Looked>)>>,
}

/// What there is to know of something that is watched, whatever it is.
trait Looked: fmt::Debug + Send + Sync {
    fn closed(&self) -> Option<VaultError>;
    fn take_stale(&self) -> u64;
}

impl<T: Send + Sync + 'static> Looked for Watched<T> {
    fn closed(&self) -> Option<VaultError> {
        Watched::closed(self)
    }

    fn take_stale(&self) -> u64 {
        Watched::take_stale(self)
    }
}

/// The places on this machine; also where Vault finds what it logs in with.
#[derive(Debug, Default)]
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
        let teller = Teller::default();
        let vault =
            vault.map(|settings| Vault::new(settings, Arc::clone(&local), teller.clone())).transpose()?;
        Ok(Self { local, vault: vault.map(Arc::new), teller, watched: Mutex::default() })
    }

    /// Says who is told what happens with Vault.
    pub fn tell_to(&self, observer: Arc<dyn Observer>) {
        self.teller.tell_to(observer);
    }

    /// Reads a secret in Vault and watches it from now on; `name` is what the configuration calls it, `make` makes of it
    /// what is used, or says what is wrong with it.
    pub async fn watch<T: Send + Sync + 'static>(
        &self,
        name: &str,
        reference: &VaultRef,
        make: impl Fn(&Secret) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Watched<T>>, SecretError> {
        self.watch_all(name, reference.clone(), First::Needed, Box::new(only(make))).await
    }

    /// The same of somebody's own secret: that there is none yet is no mistake of the configuration.
    pub async fn watch_own<T: Send + Sync + 'static>(
        &self,
        name: &str,
        reference: &VaultRef,
        make: impl Fn(&Secret) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Watched<T>>, SecretError> {
        self.watch_all(name, reference.clone(), First::MayBeMissing, Box::new(only(make))).await
    }

    /// The same of two keys that belong together, such as a user name and its password: they are always of one version.
    pub async fn watch_both<T: Send + Sync + 'static>(
        &self,
        name: &str,
        reference: &SecretRef,
        make: impl Fn(&Secret, &Secret) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Watched<T>>, SecretError> {
        let both = move |values: &[Secret]| match values {
            [first, second] => make(first, second),
            _ => Err("has not both keys".to_owned()),
        };
        let SecretRef::Vault(reference) = reference else {
            let problem = "is not in Vault, where alone two keys are of one version".to_owned();
            return Err(SecretError::Unusable { name: name.to_owned(), problem });
        };
        self.watch_all(name, reference.clone(), First::Needed, Box::new(both)).await
    }

    async fn watch_all<T: Send + Sync + 'static>(
        &self,
        name: &str,
        reference: VaultRef,
        first: First,
        make: Box<Make<T>>,
    ) -> Result<Arc<Watched<T>>, SecretError> {
        let vault = self.vault(&reference)?;
        let watched = Watched::start(vault, name.to_owned(), reference, first, make).await?;
        let weak: Weak<Watched<T>> = Arc::downgrade(&watched);
        let mut all = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((name.to_owned(), weak));
        Ok(watched)
    }

    /// Makes of a secret what is used, wherever it lies: of each version where that is Vault, else once. `name` and `make`
    /// are as for [`watch`](Self::watch).
    pub async fn current<T: Send + Sync + 'static>(
        &self,
        name: &str,
        reference: &SecretRef,
        make: impl Fn(&Secret) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Current<T>, SecretError> {
        if let SecretRef::Vault(reference) = reference {
            return Ok(Current::Watched(self.watch(name, reference, make).await?));
        }
        let unusable = |problem| SecretError::Unusable { name: name.to_owned(), problem };
        make(&self.resolve(reference).await?).map(Current::fixed).map_err(unusable)
    }

    /// The secret behind a reference that is read once, at the start. A Vault that does not answer is waited for, unless
    /// the settings want such a start to fail.
    pub async fn resolve_at_start(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match (&self.vault, reference) {
            (Some(vault), SecretRef::Vault(reference)) => Ok(vault.read_at_start(reference).await?),
            _ => self.local.resolve(reference).await,
        }
    }

    /// The secrets of callers below a template.
    pub fn of_users<T: Send + Sync + 'static>(
        &self,
        template: UserTemplate,
        settings: UserSettings,
        make: impl Fn(&Secret) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<UserSecrets<T>, SecretError> {
        let vault = self.vault(&template)?;
        Ok(UserSecrets::new(vault, template, settings, Arc::new(only(make))))
    }

    /// The same for a server that reads no secret of its own: a login that is refused is an error.
    pub async fn of_users_at_start<T: Send + Sync + 'static>(
        &self,
        template: UserTemplate,
        make: impl Fn(&Secret) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<UserSecrets<T>, SecretError> {
        self.vault(&template)?.begin().await?;
        self.of_users(template, UserSettings::default(), make)
    }

    /// Has a request for a certificate signed, which is in PEM.
    pub async fn certificate(&self, wish: &CertificateWish, csr: String) -> Result<Issued, SecretError> {
        let vault = self.vault(&wish.role)?;
        Ok(vault::sign(vault, wish, csr).await?)
    }

    /// The same for the first one, without which the server does not listen: Vault is waited for as with
    /// [`Self::resolve_at_start`].
    pub async fn certificate_at_start(
        &self,
        wish: &CertificateWish,
        csr: &str,
    ) -> Result<Issued, SecretError> {
        let vault = self.vault(&wish.role)?;
        Ok(vault.at_start(&wish.role, || Box::pin(vault::sign(vault, wish, csr.to_owned()))).await?)
    }

    /// The newest version of a key that signs in Vault.
    pub async fn transit_key(&self, key: &EngineRef) -> Result<TransitKey, SecretError> {
        let vault = self.vault(key)?;
        Ok(TransitKey::read(vault, key).await?)
    }

    /// The same at the start: Vault is waited for as with [`Self::resolve_at_start`].
    pub async fn transit_key_at_start(&self, key: &EngineRef) -> Result<TransitKey, SecretError> {
        let vault = self.vault(key)?;
        Ok(vault.at_start(key, || Box::pin(TransitKey::read(vault, key))).await?)
    }

    /// The Vault that something is in.
    fn vault(&self, what: &(impl fmt::Display + ?Sized)) -> Result<&Arc<Vault>, SecretError> {
        self.vault.as_ref().ok_or_else(|| SecretError::NoVault { reference: what.to_string() })
    }

    /// The secrets that are watched and have no version in use, by their names in the configuration.
    pub fn closed(&self) -> Vec<(String, VaultError)> {
        let all = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = all.iter().filter_map(|(name, watched)| {
            let error = watched.upgrade()?.closed()?;
            Some((name.clone(), error))
        });
        closed.collect()
    }

    /// How often versions were given for which Vault did not vouch, since this was asked last, by their names in the
    /// configuration.
    pub fn take_stale(&self) -> Vec<(String, u64)> {
        let all = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let counted =
            all.iter().filter_map(|(name, watched)| Some((name.clone(), watched.upgrade()?.take_stale())));
        counted.collect()
    }

    /// Looks at the login to Vault and at each of these secrets; nothing where there is no Vault.
    pub async fn diagnose(&self, references: &[VaultRef]) -> Option<Vec<Finding>> {
        Some(self.vault.as_ref()?.diagnose(references).await)
    }

    /// Says goodbye to Vault: its token is given back.
    pub async fn end(&self) {
        if let Some(vault) = &self.vault {
            vault.end().await;
        }
    }

    /// The secret behind a reference, as it is now.
    pub async fn resolve(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match (&self.vault, reference) {
            (Some(vault), SecretRef::Vault(reference)) => Ok(vault.read(reference).await?),
            _ => self.local.resolve(reference).await,
        }
    }
}

/// What is made of one value.
fn only<T>(
    make: impl Fn(&Secret) -> Result<T, String> + Send + Sync,
) -> impl Fn(&[Secret]) -> Result<T, String> + Send + Sync {
    move |values| match values {
        [value] => make(value),
        _ => Err("is more than one value".to_owned()),
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
            SecretRef::User(template) => Err(SecretError::NoUser { reference: template.to_string() }),
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
        assert!(!error.caller_text("Jira").contains("kv"));
    }
}
