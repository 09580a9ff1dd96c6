//! The wire to a Vault as the rest of this module sees it: a question goes out, an answer or a loss comes back. What an
//! answer means is decided above it, so that a script can stand in for the network in tests.

use std::fmt;

use futures::future::BoxFuture;
use http::Method;
use http::StatusCode;
use rustify::Endpoint;
use zeroize::Zeroizing;

use super::VaultError;
use crate::secrets::Secret;

/// One question. Its body may hold what logs in, so it is wiped.
pub(crate) struct Question {
    /// What it is for, as a label of metrics.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Below `/v1/`.
    pub(crate) path: String,
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
}

/// An answer with its body, which is wiped when dropped.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// How many seconds the server asks to be left alone.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nobody listens.
    Refused(String),
    /// Whoever listens is not who it should be.
    Untrusted(String),
    /// It broke, or took too long.
    Broken(String),
    /// More came than is read.
    TooLarge,
    /// What was to be sent cannot be sent.
    Unsendable(&'static str),
}

/// Something that carries questions to an address.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// Asks once. Follows nothing and repeats nothing.
    fn send<'a>(
        &'a self,
        address: &'a str,
        question: &'a Question,
        token: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<Answer, Lost>>;
}

impl Question {
    /// A question to an endpoint of vaultrs' catalogue. Its own `request` is not used: that writes paths into spans.
    pub(crate) fn to<E: Endpoint>(operation: &'static str, endpoint: &E) -> Result<Self, VaultError> {
        let unwritable = |_| VaultError::Malformed {
            what: "the request".to_owned(),
            problem: "it cannot be written as JSON".to_owned(),
        };
        // Two paths of the catalogue begin with a tab.
        let path = endpoint.path().trim().trim_start_matches('/').to_owned();
        let body = endpoint.body().map_err(unwritable)?.filter(|body| !body.is_empty()).map(Zeroizing::new);
        Ok(Self { operation, method: endpoint.method().into(), path, body })
    }

    /// A question without a body, to a path that the catalogue lacks.
    pub(crate) fn get(operation: &'static str, path: String) -> Self {
        Self { operation, method: Method::GET, path, body: None }
    }
}

impl Answer {
    /// Whether the body has a word in it, in any case.
    pub(crate) fn says(&self, word: &str) -> bool {
        let found = self.body.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
        found && self.body.len() < 4096
    }
}
