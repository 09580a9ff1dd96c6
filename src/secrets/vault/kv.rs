//! Looks at secrets: those of the KV engines, version 1 and 2, here, and those that are lent in `leases`. Whether there is
//! another version, and what is in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use aws_lc_rs::hmac;
use http::StatusCode;
use tokio::time::Instant;
use vaultrs::api::kv1::requests::GetSecretRequest;
use vaultrs::api::kv2::requests::ReadSecretMetadataRequest;
use vaultrs::api::kv2::requests::ReadSecretRequest;

use super::VaultError;
use super::answers;
use super::answers::Kind;
use super::leases::Leases;
use super::leases::Lent;
use super::session::Session;
use super::wire::Answer;
use super::wire::Question;
use crate::secrets::Secret;
use crate::secrets::VaultRef;

/// What tells one version of a secret from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Its number.
    Number(u64),
    /// A keyed hash, where there are no numbers.
    Hash([u8; 32]),
    /// The number of a lease.
    Lease(u64),
}

/// What a look found.
pub(super) struct Look {
    /// How long it is good for, whatever else is said of it.
    pub(super) until: Option<Instant>,
    pub(super) found: Found,
}

/// Which version there is.
pub(super) enum Found {
    /// The one that is known.
    Same,
    /// Another one, with the values of the wanted keys.
    Other(Mark, Vec<Secret>),
}

/// What is known of the mounts.
#[derive(Debug)]
pub(super) struct Mounts {
    known: Mutex<HashMap<String, Engine>>,
    leases: Leases,
    /// Hashes of version 1 are kept in memory, and are of no use to whoever finds them there.
    key: hmac::Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    One,
    Two,
    /// Version 2, with a policy that does not let us read metadata.
    TwoWithoutMetadata,
    /// One that lends what it makes.
    Lending,
}

impl Mounts {
    /// `grace` is how long a request may go on with what was lent and is replaced.
    pub(super) fn new(grace: Duration) -> Result<Self, VaultError> {
        let no_key = |_| VaultError::Settings {
            setting: "vault",
            problem: "this machine gives no random numbers".to_owned(),
        };
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(no_key)?;
        let leases = Leases::new(grace);
        Ok(Self { known: Mutex::default(), leases, key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    /// Looks whether there is another version than the known one, and reads it if so.
    pub(super) async fn look(
        &self,
        session: &Arc<Session>,
        reference: &VaultRef,
        known: Option<Mark>,
    ) -> Result<Look, VaultError> {
        let engine = self.engine(session, reference.mount()).await?;
        let looked = match (engine, known) {
            (Engine::Lending, _) => self.lent(session, reference, known).await,
            (Engine::One, _) => self.version_one(session, reference, known).await,
            (Engine::Two, Some(_)) => self.metadata_first(session, reference, known).await,
            (Engine::Two | Engine::TwoWithoutMetadata, _) => version_two(session, reference, known).await,
        };
        if matches!(looked, Err(VaultError::Forbidden { .. } | VaultError::Missing { .. })) {
            // The engine may be another one than it was.
            self.known().remove(reference.mount());
        }
        looked
    }

    /// Which engine a mount is. Without a clear answer it is version 2, which is what the documentation speaks of.
    async fn engine(&self, session: &Session, mount: &str) -> Result<Engine, VaultError> {
        if let Some(engine) = self.known().get(mount) {
            return Ok(*engine);
        }
        let question = Question::get("mount", format!("sys/internal/ui/mounts/{mount}"));
        let answer = session.ask(&question).await?;
        if answer.status != StatusCode::OK {
            return Ok(Engine::Two);
        }
        let engine = match answers::mount(&answer.body, mount)? {
            Kind::One => Engine::One,
            Kind::Two => Engine::Two,
            Kind::Engine => Engine::Lending,
        };
        self.known().insert(mount.to_owned(), engine);
        Ok(engine)
    }

    /// Asks for the metadata alone, so that no secret crosses the network while it is the same.
    async fn metadata_first(
        &self,
        session: &Session,
        reference: &VaultRef,
        known: Option<Mark>,
    ) -> Result<Look, VaultError> {
        let (mount, path) = (reference.mount().to_owned(), reference.path().to_owned());
        let question = Question::to("metadata", &ReadSecretMetadataRequest { mount, path })?;
        let answer = session.ask(&question).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN => {
                let look = version_two(session, reference, known).await?;
                tracing::warn!(
                    "Vault lets this login read {}/data/{path} but not {}/metadata/{path}: the secret itself is read \
                     each time; add the other to the policy",
                    reference.mount(),
                    reference.mount(),
                    path = reference.path(),
                );
                self.known().insert(reference.mount().to_owned(), Engine::TwoWithoutMetadata);
                return Ok(look);
            }
            StatusCode::NOT_FOUND => return Err(answers::missing(&answer.body, reference)),
            other => return Err(unexpected(reference, other)),
        }
        let latest = answers::latest(&answer.body, reference)?;
        if latest.destroyed || latest.version == 0 {
            return Err(answers::missing_part(reference, "its latest version is destroyed"));
        }
        if known == Some(Mark::Number(latest.version)) && !latest.deletion_set {
            return Ok(Look::of(Found::Same));
        }
        version_two(session, reference, known).await
    }

    async fn version_one(
        &self,
        session: &Session,
        reference: &VaultRef,
        known: Option<Mark>,
    ) -> Result<Look, VaultError> {
        let (mount, path) = (reference.mount().to_owned(), reference.path().to_owned());
        let answer = session.ask(&Question::to("read", &GetSecretRequest { mount, path })?).await?;
        let values =
            answers::values_of_version_one(&found(answer, reference, reference.place())?.body, reference)?;
        Ok(other_than(known, self.hash(&values), values))
    }

    fn hash(&self, values: &[Secret]) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        for value in values {
            context.update(&(value.expose().len() as u64).to_be_bytes());
            context.update(value.expose().as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        Mark::Hash(hash)
    }

    async fn lent(
        &self,
        session: &Arc<Session>,
        reference: &VaultRef,
        known: Option<Mark>,
    ) -> Result<Look, VaultError> {
        Ok(match self.leases.look(session, reference).await? {
            Lent::Lease { number, until, values } => {
                Look { until: Some(until), ..other_than(known, Mark::Lease(number), values) }
            }
            Lent::Plain(values) => other_than(known, self.hash(&values), values),
        })
    }

    /// When this must be looked at at the latest, where it is lent.
    pub(super) fn due(&self, session: &Session, reference: &VaultRef) -> Option<Instant> {
        self.leases.due(session, reference)
    }

    /// Gives back what is lent.
    pub(super) async fn end(&self, session: &Session) {
        self.leases.end(session).await;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Engine>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn version_two(
    session: &Session,
    reference: &VaultRef,
    known: Option<Mark>,
) -> Result<Look, VaultError> {
    let (mount, path) = (reference.mount().to_owned(), reference.path().to_owned());
    let request = ReadSecretRequest { mount, path, version: None };
    let answer = session.ask(&Question::to("read", &request)?).await?;
    let place = format!("{}/data/{}", reference.mount(), reference.path());
    let (version, values) = answers::values(&found(answer, reference, place)?.body, reference)?;
    Ok(other_than(known, Mark::Number(version), values))
}

impl Look {
    fn of(found: Found) -> Self {
        Self { until: None, found }
    }
}

fn other_than(known: Option<Mark>, mark: Mark, values: Vec<Secret>) -> Look {
    Look::of(if known == Some(mark) { Found::Same } else { Found::Other(mark, values) })
}

/// The answer to a read that has found something.
pub(super) fn found(answer: Answer, reference: &VaultRef, path: String) -> Result<Answer, VaultError> {
    match answer.status {
        StatusCode::OK => Ok(answer),
        StatusCode::FORBIDDEN => Err(VaultError::Forbidden { reference: reference.to_string(), path }),
        StatusCode::NOT_FOUND => Err(answers::missing(&answer.body, reference)),
        other => Err(unexpected(reference, other)),
    }
}

fn unexpected(reference: &VaultRef, status: StatusCode) -> VaultError {
    VaultError::Malformed {
        what: format!("the read of `{reference}`"),
        problem: format!(
            "status {}; the mount must be a KV engine, or one that lends what it makes and has such a path",
            status.as_u16()
        ),
    }
}
