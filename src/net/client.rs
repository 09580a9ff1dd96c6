//! The one place that builds an HTTP client.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::certificate::CertificateError;
use super::certificate::ClientCertificate;
use super::guard::Guard;
use super::guard::GuardedResolver;
use super::proxy::Proxies;

/// What a client is built from. The default checks certificates against the system's store and takes no proxy.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Whether certificates are checked. Only false when the operator asked for it, for this product alone.
    pub verify: bool,
    /// Who is trusted.
    pub trust: Trust,
    /// A PEM file with roots to trust besides.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown.
    pub client_certificate: Option<ClientCertificate>,
    /// Whether the product is reached without TLS, so that a machine without a store of authorities will do.
    pub plain: bool,
    /// How long one request may take in all.
    pub timeout: Duration,
    /// The proxies.
    pub proxies: Proxies,
    /// `User-Agent`, if not our own.
    pub user_agent: Option<String>,
    /// For addresses that callers choose: names are resolved once, and every address is checked. No proxy is taken then,
    /// because a proxy would resolve the name again.
    pub guard: Option<Arc<Guard>>,
}

/// Who is trusted to sign certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// Whom the operating system trusts; on Linux `SSL_CERT_FILE` and `SSL_CERT_DIR` say so.
    #[default]
    System,
    /// The roots of Mozilla that come with this program.
    Bundled,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            verify: true,
            trust: Trust::System,
            ca_file: None,
            client_certificate: None,
            plain: false,
            timeout: Duration::from_secs(75),
            proxies: Proxies::default(),
            user_agent: None,
            guard: None,
        }
    }
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
    /// Our own certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
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

/// Builds a client: no redirects, nothing read from the environment but the system's store of roots, bounded times.
///
/// Certificates are checked by `rustls-platform-verifier`, so the store of Linux, macOS or Windows decides.
pub fn build_client(settings: &ClientSettings) -> Result<reqwest::Client, ClientError> {
    // Refused only when a provider is installed already, and then it is this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let roots = settings.ca_file.as_deref().map(certificates).transpose()?.unwrap_or_default();
    let trusting = builder(settings)?;
    let built = match settings.trust {
        Trust::System if roots.is_empty() => trusting.build(),
        Trust::System => trusting.tls_certs_merge(roots.clone()).build(),
        Trust::Bundled => trusting.tls_certs_only(bundled()?.into_iter().chain(roots.clone())).build(),
    };
    match built {
        Ok(client) => Ok(client),
        // An empty store is no fault where the operator says whom to trust, or where nothing has to be trusted.
        Err(error) if is_storeless(&error) && (settings.plain || !roots.is_empty()) => {
            builder(settings)?.tls_certs_only(roots).build().map_err(|error| ClientError::Tls(causes(&error)))
        }
        Err(error) if is_storeless(&error) => Err(ClientError::NoStore),
        Err(error) => Err(ClientError::Tls(causes(&error))),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
fn builder(settings: &ClientSettings) -> Result<reqwest::ClientBuilder, ClientError> {
    let own = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
    let mut builder = reqwest::Client::builder()
        .user_agent(settings.user_agent.as_deref().unwrap_or(own))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
        .timeout(settings.timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(32)
        // Proxies are the configuration's: the library must not look for others.
        .no_proxy()
        .tls_danger_accept_invalid_certs(!settings.verify);
    if let Some(certificate) = &settings.client_certificate {
        let pem = certificate.read()?;
        let identity = reqwest::Identity::from_pem(pem.as_bytes());
        builder = builder.identity(identity.map_err(|error| ClientError::Tls(error.to_string()))?);
    }
    if let Some(guard) = &settings.guard {
        return Ok(builder.dns_resolver(GuardedResolver::new(Arc::clone(guard))));
    }
    if !settings.proxies.is_empty() {
        let proxies = settings.proxies.clone();
        builder = builder.proxy(reqwest::Proxy::custom(move |url: &Url| proxies.of(url).cloned()));
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

fn bundled() -> Result<Vec<reqwest::Certificate>, ClientError> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|root| reqwest::Certificate::from_der(root).map_err(|error| ClientError::Tls(error.to_string())))
        .collect()
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
