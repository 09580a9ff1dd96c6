//! One request to Vault and its bounded answer.
//!
//! Not vaultrs' own client: that follows redirects with the token, has no deadline and no size limit, adds the
//! configured authority to the system's instead of replacing them, and puts answers into its errors. Its request
//! types are the catalogue of endpoints; this is the wire.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use rustify::Endpoint;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use zeroize::Zeroizing;

use super::VaultError;
use crate::secrets::Secret;
use crate::secrets::VaultSettings;

/// The longest answer that is read.
const ANSWER_LIMIT: usize = 1024 * 1024;
const CONNECT_SECONDS: u64 = 2;

/// The wire to one Vault.
#[derive(Debug)]
pub(super) struct Transport {
    address: String,
    client: reqwest::Client,
}

/// An answer with its body, which is wiped when dropped.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Transport {
    #[expect(
        clippy::disallowed_methods,
        reason = "Vault has a client of its own: `secrets` stands on nothing"
    )]
    pub(super) fn new(settings: &VaultSettings) -> Result<Self, VaultError> {
        let https = settings.address.scheme() == "https";
        if !https && !crate::secrets::is_loopback(&settings.address) {
            return Err(refuse("vault.address", "is not https"));
        }
        let total = Duration::from_secs(settings.timeout_seconds);
        let client = reqwest::ClientBuilder::new()
            .tls_backend_preconfigured(tls(https, settings.ca_file.as_deref())?)
            .https_only(https)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .gzip(false)
            .brotli(false)
            .zstd(false)
            .connect_timeout(total.min(Duration::from_secs(CONNECT_SECONDS)))
            .timeout(total)
            .default_headers(headers(settings.namespace.as_deref())?)
            .build()
            .map_err(|error| refuse("vault.address", &chain(error)))?;
        Ok(Self { address: settings.address.as_str().trim_end_matches('/').to_owned(), client })
    }

    /// Asks one endpoint. An answer that says the server is down or sealed is an error here, so that what remains
    /// is about the question.
    pub(super) async fn ask<E: Endpoint>(
        &self,
        endpoint: &E,
        token: Option<&Secret>,
    ) -> Result<Answer, VaultError> {
        let path = endpoint.path();
        // rustify's `request` is not used: it writes paths into spans of its own.
        let url = format!("{}/v1/{}", self.address, path.trim_start_matches('/'));
        let method: http::Method = endpoint.method().into();
        let mut request = self.client.request(method, url);
        if let Some(token) = token {
            let unusable = |_| VaultError::Malformed {
                what: "the login".to_owned(),
                problem: "its token cannot be sent as a header".to_owned(),
            };
            let mut value = HeaderValue::from_str(token.expose()).map_err(unusable)?;
            value.set_sensitive(true);
            request = request.header("x-vault-token", value);
        }
        let unwritable = |_| VaultError::Malformed {
            what: "the request".to_owned(),
            problem: "it cannot be written as JSON".to_owned(),
        };
        if let Some(body) = endpoint.body().map_err(unwritable)? {
            request = request.header(http::header::CONTENT_TYPE, "application/json").body(body);
        }
        let answer = self.receive(request).await?;
        self.refuse_outages(answer)
    }

    async fn receive(&self, request: reqwest::RequestBuilder) -> Result<Answer, VaultError> {
        let lost = |error| self.unreachable(chain(error));
        let mut response = request.send().await.map_err(lost)?;
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                let problem = "it is longer than 1 MiB".to_owned();
                return Err(VaultError::Malformed { what: "the request".to_owned(), problem });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status(), body })
    }

    fn refuse_outages(&self, answer: Answer) -> Result<Answer, VaultError> {
        let status = answer.status;
        if status == StatusCode::SERVICE_UNAVAILABLE && answer.says("sealed") {
            return Err(VaultError::Sealed { address: self.address.clone() });
        }
        if status.is_redirection() {
            let reason = format!("it redirects (status {}), which is not followed", status.as_u16());
            return Err(self.unreachable(reason));
        }
        let elsewhere = matches!(status.as_u16(), 412 | 429 | 472 | 473 | 474);
        if status.is_server_error() || elsewhere {
            return Err(self.unreachable(format!("status {}", status.as_u16())));
        }
        Ok(answer)
    }

    fn unreachable(&self, reason: String) -> VaultError {
        VaultError::Unreachable { address: self.address.clone(), reason }
    }
}

impl Answer {
    /// Whether the body has a word in it, in any case.
    fn says(&self, word: &str) -> bool {
        let found = self.body.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
        found && self.body.len() < 4096
    }
}

/// Headers of every request. `X-Vault-Request` is what agents demand, so that no browser can be made to ask.
fn headers(namespace: Option<&str>) -> Result<HeaderMap, VaultError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-vault-request", HeaderValue::from_static("true"));
    if let Some(namespace) = namespace {
        let value =
            HeaderValue::from_str(namespace).map_err(|_| refuse("vault.namespace", "is not plain text"))?;
        headers.insert("x-vault-namespace", value);
    }
    Ok(headers)
}

/// `ca_file` replaces the system's authorities: no public one may speak for Vault then.
#[expect(clippy::disallowed_methods, reason = "Vault has a client of its own: `secrets` stands on nothing")]
fn tls(https: bool, ca_file: Option<&Path>) -> Result<ClientConfig, VaultError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse("vault.address", &error.to_string()))?;
    let builder = match ca_file {
        Some(file) => builder.with_root_certificates(authorities(file)?),
        None if https => builder.with_platform_verifier().map_err(|error| {
            refuse("vault.ca_file", &format!("is not set, and the system's store: {error}"))
        })?,
        // Never used: the client is bound to plain http on loopback.
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

fn authorities(file: &Path) -> Result<RootCertStore, VaultError> {
    let problem = |text: String| refuse("vault.ca_file", &format!("`{}` {text}", file.display()));
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|error| problem(format!("cannot be read: {error}")))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| problem(format!("is not PEM: {error}")))?;
        roots.add(certificate).map_err(|error| problem(format!("holds an unusable certificate: {error}")))?;
    }
    if roots.is_empty() {
        return Err(problem("holds no certificate".to_owned()));
    }
    Ok(roots)
}

fn refuse(setting: &'static str, problem: &str) -> VaultError {
    VaultError::Settings { setting, problem: problem.to_owned() }
}

/// An error with its causes and without the address, which names the path of a secret.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
