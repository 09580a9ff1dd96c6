//! The key that checkpoints are signed with.

use std::fmt;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::AuditError;
use super::Checkpoint;
use super::Signer;
use super::VerifierKey;
use super::key::failed;
use super::key::load_or_make;

/// The file of a key that was made here.
const FILE: &str = "audit-signing.key";

/// Who signs checkpoints.
#[derive(Debug, Clone)]
pub enum SigningKey {
    /// This process, with an Ed25519 key in its memory.
    Local(Arc<Signer>),
    /// Somebody else, who keeps the key.
    Remote(RemoteKey),
}

/// Who keeps an Ed25519 key and signs with it.
pub trait KeyKeeper: fmt::Debug + Send + Sync {
    /// The signature of a text, or why there is none.
    fn sign(&self, text: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, String>>;
}

/// A key that somebody else keeps.
#[derive(Debug, Clone)]
pub struct RemoteKey {
    keeper: Arc<dyn KeyKeeper>,
    verifier: VerifierKey,
    /// Where questions run: the log has threads of its own.
    runtime: Handle,
}

/// How long one signature may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

impl RemoteKey {
    /// Has a checkpoint signed; `then` gets the signed note.
    pub(super) fn begin(
        &self,
        checkpoint: &Checkpoint,
        then: impl FnOnce(io::Result<String>) + Send + 'static,
    ) {
        let (keeper, verifier) = (Arc::clone(&self.keeper), self.verifier.clone());
        let checkpoint = checkpoint.clone();
        self.runtime.spawn(async move {
            let text = checkpoint.text();
            let signed = tokio::time::timeout(PATIENCE, keeper.sign(text.into_bytes())).await;
            let signed = signed.unwrap_or_else(|_| Err("the key did not sign in time".to_owned()));
            let note = signed.and_then(|signature| {
                checkpoint.with(&verifier, &signature).map_err(|error| error.to_string())
            });
            then(note.map_err(io::Error::other));
        });
    }

    fn sign(&self, checkpoint: &Checkpoint) -> io::Result<String> {
        let (sender, receiver) = mpsc::channel();
        self.begin(checkpoint, move |note| drop(sender.send(note)));
        receiver.recv_timeout(PATIENCE * 2).map_err(io::Error::other)?
    }
}

impl SigningKey {
    /// The key of an instance from a configured secret: 32 bytes as 64 hexadecimal digits.
    ///
    /// # Errors
    /// If the secret is not spelled so.
    pub fn from_secret(instance: &str, secret: &str) -> Result<Self, AuditError> {
        Self::read(instance, secret).map_err(|cause| failed(Path::new("audit.signing_key"), cause))
    }

    /// A key that somebody else keeps, by its public half. Questions run where this is called.
    ///
    /// # Errors
    /// If the instance cannot be the name of a key.
    pub fn remote(instance: &str, public: [u8; 32], keeper: Arc<dyn KeyKeeper>) -> Result<Self, AuditError> {
        let verifier = VerifierKey::new(&named(instance), public)
            .map_err(|error| failed(Path::new("audit.signing_transit_key"), error.to_string()))?;
        Ok(Self::Remote(RemoteKey { keeper, verifier, runtime: Handle::current() }))
    }

    /// Where the key of this machine is.
    pub fn path(state_directory: &Path) -> PathBuf {
        state_directory.join(FILE)
    }

    /// The key of this machine: read from the state directory, or made there at first start (0600).
    ///
    /// Returns whether it was made just now; then it has to be reported.
    pub fn load_or_create(state_directory: &Path, instance: &str) -> Result<(Self, bool), AuditError> {
        let (text, made) = load_or_make(state_directory, FILE)?;
        let key = Self::read(instance, &text).map_err(|cause| failed(&Self::path(state_directory), cause))?;
        Ok((key, made))
    }

    /// The key that checks what this one signs.
    pub fn verifier(&self) -> &VerifierKey {
        match self {
            Self::Local(signer) => signer.verifier(),
            Self::Remote(key) => &key.verifier,
        }
    }

    /// A checkpoint as a signed note. Waits for whoever signs it.
    ///
    /// # Errors
    /// If the key is elsewhere and does not sign.
    pub(super) fn sign(&self, checkpoint: &Checkpoint) -> io::Result<String> {
        match self {
            Self::Local(signer) => Ok(signer.sign(checkpoint)),
            Self::Remote(key) => key.sign(checkpoint),
        }
    }

    fn read(instance: &str, text: &str) -> Result<Self, String> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.trim(), seed.as_mut_slice())
            .map_err(|_| "it is not 32 bytes as 64 hexadecimal digits".to_owned())?;
        let signer = Signer::new(&named(instance), seed.as_slice());
        Ok(Self::Local(Arc::new(signer.map_err(|error| error.to_string())?)))
    }
}

fn named(instance: &str) -> String {
    format!("portcullis/{instance}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signing_key_is_made_once() {
        let state = tempfile::tempdir().unwrap();
        let (first, made) = SigningKey::load_or_create(state.path(), "default").unwrap();
        let (second, again) = SigningKey::load_or_create(state.path(), "default").unwrap();
        assert!(made && !again);
        assert_eq!(first.verifier(), second.verifier());
        assert_eq!(first.verifier().name(), "portcullis/default");
        let text = std::fs::read_to_string(SigningKey::path(state.path())).unwrap();
        assert!(!format!("{first:?}").contains(&text));
    }

    #[test]
    fn a_secret_that_is_no_key_is_refused_without_being_shown() {
        for wrong in ["", "hunter2", &"0".repeat(63), &"x".repeat(64), &"0".repeat(66)] {
            let error = SigningKey::from_secret("default", wrong).unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{error}");
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
        assert!(SigningKey::from_secret("default", &format!(" {}\n", "0a".repeat(32))).is_ok());
    }
}
