//! The one place that builds an HTTP client.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::CertificateError;
use super::ClientCertificate;
use super::Guard;
use super::Proxies;
use super::ProxyError;
use super::Trust;
use super::guard::GuardedResolver;
use super::trust;

/// What a client is built from. The default is strict: certificates are checked, nothing is shown, no proxy.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Whether certificates are checked. Only false when the operator asked for it, for this product alone.
    pub verify: bool,
    /// Whose certificates are trusted.
    pub trust: Trust,
    /// A PEM file with authorities that are trusted besides.
    pub ca_file: Option<PathBuf>,
    /// The certificate to show where one is demanded.
    pub client_certificate: Option<ClientCertificate>,
    /// The proxies. Nothing else is asked for them: neither the environment nor the operating system.
    pub proxies: Proxies,
    /// Whether the product is reached without TLS, so that a machine without a store of authorities will do.
    pub plain: bool,
    /// For addresses that callers choose: names are resolved once, and every address is checked. No proxy is taken
    /// then, because it would resolve the name again, and no certificate of ours is shown.
    pub guard: Option<Arc<Guard>>,
    /// How long one request may take in all.
    pub timeout: Duration,
    /// What this server calls itself; `portcullis/VERSION` without.
    pub user_agent: Option<String>,
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
    /// The client certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// There is nobody to trust.
    #[error(
        "no certificate authority is trusted on this machine: install the system's store (ca-certificates), or name a \
         PEM file in SSL_CERT_FILE or the product's CA_FILE"
    )]
    NoStore,
    /// The name of this server cannot be sent.
    #[error("the user agent has characters that cannot be sent in a header; use plain ASCII")]
    UserAgent,
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            verify: true,
            trust: Trust::System,
            ca_file: None,
            client_certificate: None,
            proxies: Proxies::default(),
            plain: false,
            guard: None,
            timeout: Duration::from_secs(75),
            user_agent: None,
        }
    }
}

/// Builds a client: TLS as `trust` sets it up, no redirects, bounded times, pooled connections, HTTP/2 where
/// the server has it, and answers decompressed as they are read.
pub fn build_client(settings: &ClientSettings) -> Result<reqwest::Client, ClientError> {
    builder(settings)?.build().map_err(|error| ClientError::Tls(causes(&error)))
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
fn builder(settings: &ClientSettings) -> Result<reqwest::ClientBuilder, ClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(user_agent(settings)?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
        .timeout(settings.timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .pool_max_idle_per_host(32)
        .tls_backend_preconfigured(trust::tls(settings)?)
        // Else it would look for proxies in the environment and the operating system by itself.
        .no_proxy();
    if let Some(guard) = &settings.guard {
        return Ok(builder.dns_resolver(GuardedResolver::new(Arc::clone(guard))));
    }
    #[cfg(feature = "pac")]
    if settings.proxies.script.is_some() {
        builder = builder.dns_resolver(super::script::NowhereResolver);
    }
    // The server of a script is not the product: our certificate is not shown there.
    let bare = ClientSettings { proxies: Proxies::default(), client_certificate: None, ..settings.clone() };
    let fetch = || build_client(&bare);
    if let Some(proxy) = settings.proxies.chooser(fetch)? {
        builder = builder.proxy(proxy);
    }
    Ok(builder)
}

fn user_agent(settings: &ClientSettings) -> Result<HeaderValue, ClientError> {
    match &settings.user_agent {
        Some(name) => HeaderValue::from_str(name).map_err(|_| ClientError::UserAgent),
        None => Ok(HeaderValue::from_static(concat!("portcullis/", env!("CARGO_PKG_VERSION")))),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_strict() {
        let settings = ClientSettings::default();
        assert!(settings.verify && !settings.plain && settings.client_certificate.is_none());
        assert_eq!((settings.trust, settings.timeout), (Trust::System, Duration::from_secs(75)));
        assert!(settings.proxies.of(&url::Url::parse("https://jira").unwrap()).is_none());
    }

    #[test]
    fn what_cannot_be_sent_as_a_name_is_refused() {
        let plain = ClientSettings { plain: true, ..ClientSettings::default() };
        for (name, good) in [("agent/1 (a; b)", true), ("a\r\nX: y", false), ("\u{7f}", false)] {
            let settings = ClientSettings { user_agent: Some(name.to_owned()), ..plain.clone() };
            assert_eq!(build_client(&settings).is_ok(), good, "{name:?}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = ClientSettings {
            client_certificate: Some(ClientCertificate {
                certificate: "/a.pem".into(),
                key: None,
                password: Some(crate::secrets::Secret::new("canary")),
            }),
            proxies: Proxies {
                socks: Some(url::Url::parse("socks5h://canary:canary@proxy:1080").unwrap()),
                ..Proxies::default()
            },
            ..ClientSettings::default()
        };
        let shown = format!("{settings:?}");
        assert!(shown.contains("socks5h://proxy:1080") && !shown.contains("canary"), "{shown}");
    }
}
