//! Keys of the transit engine: they sign, and never leave.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use vaultrs::api::transit::requests::ReadKeyRequest;
use vaultrs::api::transit::requests::SignDataRequest;

use super::EngineRef;
use super::Vault;
use super::VaultError;
use super::answers;
use super::answers::Envelope;
use super::wire::Answer;
use super::wire::Question;

#[derive(Deserialize)]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    latest_version: u64,
    /// Numbers for keys that have no public half.
    keys: HashMap<String, Value>,
}

#[derive(Deserialize)]
struct Signed {
    signature: String,
}

/// One version of an Ed25519 key of a transit engine.
#[derive(Debug, Clone)]
pub struct TransitKey {
    vault: Arc<Vault>,
    key: EngineRef,
    version: u64,
    public: [u8; 32],
}

impl TransitKey {
    /// The newest version of a key. A process signs with the one it began with.
    pub(in crate::secrets) async fn read(vault: &Arc<Vault>, key: &EngineRef) -> Result<Self, VaultError> {
        let question = Question::to(
            "transit_key",
            &ReadKeyRequest { mount: key.mount.clone(), name: key.name.clone() },
        )?;
        let answer = vault.session.ask(&question).await?;
        let Envelope::<Key> { data } = answers::parse(&good(answer, key)?, || format!("the key `{key}`"))?;
        let version = data.latest_version;
        let public =
            data.keys.get(&version.to_string()).and_then(|version| version.get("public_key")?.as_str());
        let public =
            public.filter(|_| data.kind == "ed25519").and_then(|public| STANDARD.decode(public).ok());
        let public = public.and_then(|public| public.try_into().ok());
        let public =
            public.ok_or_else(|| unusable(key, "it is no Ed25519 key; make one with `type=ed25519`"))?;
        Ok(Self { vault: Arc::clone(vault), key: key.clone(), version, public })
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Which version it is.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The signature of a text: 64 bytes if Vault is what it should be, which nobody has checked yet.
    pub async fn sign(&self, text: &[u8]) -> Result<Vec<u8>, VaultError> {
        let request = SignDataRequest {
            mount: self.key.mount.clone(),
            name: self.key.name.clone(),
            key_version: Some(self.version),
            input: STANDARD.encode(text),
            ..SignDataRequest::default()
        };
        let answer = self.vault.session.ask(&Question::to("transit_sign", &request)?).await?;
        let what = || format!("the signature with `{}`", self.key);
        let Envelope::<Signed> { data } = answers::parse(&good(answer, &self.key)?, what)?;
        // `vault:v1:<base64>`
        let bytes = data.signature.rsplit_once(':').and_then(|(_, encoded)| STANDARD.decode(encoded).ok());
        bytes.ok_or_else(|| unusable(&self.key, "its signature is not spelled as one"))
    }
}

fn good(answer: Answer, key: &EngineRef) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
    match answer.status.as_u16() {
        200..300 => Ok(answer.body),
        403 => {
            let EngineRef { mount, name } = key;
            Err(VaultError::MayNotSign { key: key.to_string(), mount: mount.clone(), name: name.clone() })
        }
        404 => Err(VaultError::Missing { reference: key.to_string(), what: "there is no such key" }),
        _ => Err(unusable(key, "it cannot sign")),
    }
}

fn unusable(key: &EngineRef, problem: &str) -> VaultError {
    VaultError::Unusable { reference: key.to_string(), problem: problem.to_owned() }
}
