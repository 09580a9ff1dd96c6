//! The key of checkpoints where Vault keeps it.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Failure;
use super::assemble::secret_failure;
use crate::audit::KeyKeeper;
use crate::audit::SigningKey;
use crate::secrets::EngineRef;
use crate::secrets::Secrets;
use crate::secrets::TransitKey;

#[derive(Debug)]
struct InVault(TransitKey);

impl KeyKeeper for InVault {
    fn sign(&self, text: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        Box::pin(async move { self.0.sign(&text).await.map_err(|error| error.to_string()) })
    }
}

/// The key as it is now; a process signs with one version of it.
pub(super) async fn in_vault(
    secrets: &Secrets,
    key: &EngineRef,
    instance: &str,
) -> Result<SigningKey, Failure> {
    let key = secrets.transit_key_at_start(key).await.map_err(secret_failure)?;
    SigningKey::remote(instance, key.public(), Arc::new(InVault(key))).map_err(Failure::configuration)
}
