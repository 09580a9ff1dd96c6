//! Something of the operator's that takes what this server writes down: one address, one way to say who we are.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::header::CONTENT_TYPE;
use url::Url;

use super::Client;
use super::Problem;
use crate::secrets::Secret;

/// How much of an answer is read, so that the connection can be used again; nothing of it is looked at.
const ANSWER: usize = 64 * 1024;

/// Where something is sent to. Its `Debug` shows neither the address nor the token.
#[derive(Clone)]
pub struct Receiver {
    client: Client,
    url: Url,
    authorization: Option<HeaderValue>,
}

/// Why something is not known to have been taken. The text holds no address and nothing of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// It said something else than that it has it.
    #[error("it answered {0}")]
    Status(u16),
    /// There was no answer within the time for it.
    #[error("it did not answer in time")]
    Late,
    /// There is no connection, or it broke.
    #[error("{0}")]
    Unreachable(Problem),
}

/// The token of a receiver cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token has characters that cannot be sent in a header")]
pub struct UnsendableToken;

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver that is shown this token, if there is one, as a bearer.
    pub fn new(client: Client, url: Url, token: Option<&Secret>) -> Result<Self, UnsendableToken> {
        let bearer = |token: &Secret| {
            let value = zeroize::Zeroizing::new(format!("Bearer {}", token.expose().trim()));
            let mut value = HeaderValue::from_str(&value).map_err(|_| UnsendableToken)?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(Self { client, url, authorization: token.map(bearer).transpose()? })
    }

    /// Sends something. It is taken only if the answer is of the kind 2xx.
    pub async fn take(&self, kind: &'static str, headers: HeaderMap, body: Bytes) -> Result<(), Untaken> {
        let mut request = self.client.post(self.url.clone()).headers(headers).header(CONTENT_TYPE, kind);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let mut answer = request.body(body).send().await.map_err(|error| untaken(&error))?;
        if !answer.status().is_success() {
            return Err(Untaken::Status(answer.status().as_u16()));
        }
        let mut read = 0;
        while read < ANSWER
            && let Ok(Some(part)) = answer.chunk().await
        {
            read += part.len();
        }
        Ok(())
    }
}

fn untaken(error: &reqwest::Error) -> Untaken {
    if error.is_timeout() {
        return Untaken::Late;
    }
    Untaken::Unreachable(Problem::of(error, &super::client::causes(error)))
}
