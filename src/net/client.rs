//! The one place that builds an HTTP client.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

/// What a product's client is built from.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Whether certificates are checked. Only false when the operator asked for it, for this product alone.
    pub verify: bool,
    /// A PEM file with the roots to trust instead of the operating system's store.
    pub ca_file: Option<PathBuf>,
    /// Whether the product is reached without TLS, so that a machine without a store of authorities will do.
    pub plain: bool,
    /// How long one request may take in all.
    pub timeout: Duration,
    /// The proxy for the product's address, of any scheme reqwest knows.
    pub proxy: Option<String>,
    /// Hosts that are reached without a proxy, comma separated.
    pub no_proxy: Option<String>,
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The certificate file cannot be read.
    #[error("cannot read the CA file `{path}`: {cause}")]
    CaFile {
        /// The file.
        path: String,
        /// The cause.
        cause: String,
    },
    /// The proxy is not a URL.
    #[error("the proxy is not a usable URL: {0}")]
    Proxy(String),
    /// There is nobody to trust.
    #[error(
        "no certificate authority is trusted on this machine: install the system's store (ca-certificates), or name a \
         PEM file in SSL_CERT_FILE or the product's CA_FILE"
    )]
    NoStore,
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

/// Builds a client: the operating system's trust store or the operator's own roots, no redirects, bounded times, no compression bombs unread.
///
/// Certificates are checked by `rustls-platform-verifier`, so the store of Linux, macOS or Windows decides.
pub fn build_client(settings: &ClientSettings) -> Result<reqwest::Client, ClientError> {
    // Refused only when a provider is installed already, and then it is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match builder(settings)?.build() {
        Ok(client) => Ok(client),
        // Nothing is trusted then, and nothing has to be.
        Err(error) if is_storeless(&error) && settings.plain => {
            builder(settings)?.tls_certs_only([]).build().map_err(|error| ClientError::Tls(error.to_string()))
        }
        Err(error) if is_storeless(&error) => Err(ClientError::NoStore),
        Err(error) => Err(ClientError::Tls(causes(&error))),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
fn builder(settings: &ClientSettings) -> Result<reqwest::ClientBuilder, ClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
        .timeout(settings.timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(32)
        .tls_danger_accept_invalid_certs(!settings.verify);
    if let Some(path) = &settings.ca_file {
        builder = builder.tls_certs_only(certificates(path)?);
    }
    if let Some(proxy) = &settings.proxy {
        let proxy = reqwest::Proxy::all(proxy).map_err(|error| ClientError::Proxy(error.to_string()))?;
        let no_proxy = settings.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
        builder = builder.proxy(proxy.no_proxy(no_proxy));
    }
    Ok(builder)
}

fn is_storeless(error: &reqwest::Error) -> bool {
    causes(error).contains("No CA certificates")
}

/// An error with its causes, which its own text leaves out.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.join(": ")
}

fn certificates(path: &std::path::Path) -> Result<Vec<reqwest::Certificate>, ClientError> {
    let failed = |cause: String| ClientError::CaFile { path: path.display().to_string(), cause };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("it holds no PEM certificate".to_owned()));
    }
    Ok(certificates)
}
