//! One request to Vault and its bounded answer.
//!
//! Not vaultrs' own client: that follows redirects with the token, has no deadline and no size limit, adds the
//! configured authority to the system's instead of replacing them, and puts answers into its errors. Its request
//! types are the catalogue of endpoints; this is the wire.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::HeaderMap;
use http::HeaderValue;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use zeroize::Zeroizing;

use super::VaultError;
use super::wire::Answer;
use super::wire::Lost;
use super::wire::Question;
use super::wire::Wire;
use crate::secrets::Secret;
use crate::secrets::VaultCertificate;
use crate::secrets::VaultSettings;

/// The longest answer that is read.
const ANSWER_LIMIT: usize = 1024 * 1024;
const CONNECT_SECONDS: u64 = 2;

/// The wire over TCP.
#[derive(Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
}

impl Transport {
    #[expect(
        clippy::disallowed_methods,
        reason = "Vault has a client of its own: `secrets` stands on nothing"
    )]
    pub(super) fn new(settings: &VaultSettings) -> Result<Self, VaultError> {
        let https = settings.addresses.iter().any(|address| address.scheme() == "https");
        let open = |address: &&url::Url| address.scheme() != "https" && !crate::secrets::is_loopback(address);
        if settings.addresses.iter().any(|address| open(&address)) {
            return Err(refuse("vault.address", "is not https"));
        }
        let total = Duration::from_secs(settings.timeout_seconds);
        let client = reqwest::ClientBuilder::new()
            .tls_backend_preconfigured(tls(https, settings)?)
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
            .map_err(|error| refuse("vault.address", &chain(&error.without_url())))?;
        Ok(Self { client })
    }

    async fn exchange(
        &self,
        address: &str,
        question: &Question,
        token: Option<&Secret>,
    ) -> Result<Answer, Lost> {
        let url = format!("{address}/v1/{}", question.path);
        let mut request = self.client.request(question.method.clone(), url);
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(token.expose())
                .map_err(|_| Lost::Unsendable("its token cannot be sent as a header"))?;
            value.set_sensitive(true);
            request = request.header("x-vault-token", value);
        }
        if let Some(body) = &question.body {
            request = request.header(http::header::CONTENT_TYPE, "application/json").body(body.to_vec());
        }
        let mut response = request.send().await.map_err(lost)?;
        let retry_after = response.headers().get(http::header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Lost::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status(), retry_after, body })
    }
}

impl Wire for Transport {
    fn send<'a>(
        &'a self,
        address: &'a str,
        question: &'a Question,
        token: Option<&'a Secret>,
    ) -> BoxFuture<'a, Result<Answer, Lost>> {
        Box::pin(self.exchange(address, question, token))
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
fn tls(https: bool, settings: &VaultSettings) -> Result<ClientConfig, VaultError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse("vault.address", &error.to_string()))?;
    let builder = match &settings.ca_file {
        Some(file) => builder.with_root_certificates(authorities(file)?),
        None if https => builder.with_platform_verifier().map_err(|error| {
            refuse("vault.ca_file", &format!("is not set, and the system's store: {error}"))
        })?,
        // Never used: the client is bound to plain http on loopback.
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    match &settings.client_certificate {
        None => Ok(builder.with_no_client_auth()),
        Some(certificate) => {
            let (chain, key) = shown(certificate)?;
            let refused = |error| refuse("vault.client_certificate", &format!("cannot be used: {error}"));
            builder.with_client_auth_cert(chain, key).map_err(refused)
        }
    }
}

fn authorities(file: &Path) -> Result<RootCertStore, VaultError> {
    let problem = |text: String| refuse("vault.ca_file", &format!("`{}` {text}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, "vault.ca_file")? {
        roots.add(certificate).map_err(|error| problem(format!("holds an unusable certificate: {error}")))?;
    }
    Ok(roots)
}

/// The certificate this server shows, with its key.
fn shown(
    certificate: &VaultCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), VaultError> {
    let chain = certificates(&certificate.certificate, "vault.client_certificate")?;
    let key = certificate.key.as_ref().unwrap_or(&certificate.certificate);
    let key = PrivateKeyDer::from_pem_file(key).map_err(|_| {
        refuse("vault.client_key", &format!("`{}` cannot be read, or holds no key in PEM", key.display()))
    })?;
    Ok((chain, key))
}

fn certificates(file: &Path, setting: &'static str) -> Result<Vec<CertificateDer<'static>>, VaultError> {
    let problem = |text: String| refuse(setting, &format!("`{}` {text}", file.display()));
    let found =
        CertificateDer::pem_file_iter(file).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let found: Result<Vec<_>, _> = found.collect();
    let found = found.map_err(|error| problem(format!("is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(problem("holds no certificate".to_owned()));
    }
    Ok(found)
}

fn refuse(setting: &'static str, problem: &str) -> VaultError {
    VaultError::Settings { setting, problem: problem.to_owned() }
}

fn lost(error: reqwest::Error) -> Lost {
    let error = error.without_url();
    let text = chain(&error);
    if is_untrusted(&error) {
        return Lost::Untrusted(text);
    }
    if error.is_connect() { Lost::Refused(text) } else { Lost::Broken(text) }
}

/// Whether TLS itself failed: a certificate of somebody else, one that expired, or no TLS at all.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        // The inner error of an I/O error is not among its sources: those are the inner error's own.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// An error with its causes; without its address, which names the path of a secret.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
