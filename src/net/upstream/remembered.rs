//! Answers that are good for a while: fields, types of issues and links, and the like.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use serde_json::Value;
use url::Url;

use crate::ids::InstanceName;
use crate::net::Credential;
use crate::net::Reply;

/// How long an answer is good for.
const LIFETIME: Duration = Duration::from_mins(5);

/// How much is remembered at most, in bytes as they came.
const MOST_BYTES: u64 = 16 << 20;

/// The instance, the fingerprint of the credential, and the address with its query: accounts see different things.
pub(super) type Key = (InstanceName, [u8; 32], String);

/// Answers by who asked for what.
#[derive(Debug)]
pub(super) struct Remembered {
    answers: Cache<Key, (u32, Arc<Value>)>,
}

impl Default for Remembered {
    fn default() -> Self {
        let answers = Cache::builder()
            .weigher(|(_, _, url): &Key, (bytes, _): &(u32, Arc<Value>)| {
                bytes.saturating_add(u32::try_from(url.len()).unwrap_or(u32::MAX))
            })
            .max_capacity(MOST_BYTES)
            .time_to_live(LIFETIME)
            .build();
        Self { answers }
    }
}

impl Remembered {
    pub(super) fn key(instance: &InstanceName, url: &Url, credential: &Credential) -> Key {
        (instance.clone(), credential.fingerprint(), url.to_string())
    }

    pub(super) async fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.answers.get(key).await.map(|(_, answer)| answer)
    }

    pub(super) async fn keep(&self, key: Key, reply: Reply) -> Arc<Value> {
        let answer = Arc::new(reply.body);
        self.answers.insert(key, (u32::try_from(reply.bytes).unwrap_or(u32::MAX), Arc::clone(&answer))).await;
        answer
    }
}
