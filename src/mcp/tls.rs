//! TLS on the listener: which certificate is shown, and how another takes its place without a connection being lost.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use aws_lc_rs::digest;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::ClientHello;
use rustls::server::NoServerSessionStorage;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use super::peer::Clients;

/// Why a certificate is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is none, or no certificate at all.
    #[error("it holds no certificate in PEM")]
    None,
    /// There is no key.
    #[error("the key is not there, or is not in PEM; one with a password is not taken")]
    NoKey,
    /// The key is another certificate's, or of a kind that is not served.
    #[error("the key does not fit the certificate: {0}")]
    Key(String),
    /// Nobody would take it.
    #[error("the certificate ended at {0}")]
    Ended(jiff::Timestamp),
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
    /// The SHA-256 of the certificate, in hexadecimal digits.
    pub fingerprint: String,
}

impl Certificate {
    /// Reads a certificate, those above it, and its key, all in PEM.
    ///
    /// # Errors
    /// If it could not be shown to anybody.
    pub fn read(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::None)?;
        let first = chain.first().ok_or(CertificateError::None)?;
        let (_, own) = X509Certificate::from_der(first).map_err(|_| CertificateError::None)?;
        let expires = own.validity().not_after.timestamp();
        if expires <= jiff::Timestamp::now().as_second() {
            return Err(CertificateError::Ended(jiff::Timestamp::from_second(expires).unwrap_or_default()));
        }
        let fingerprint = hex::encode(digest::digest(&digest::SHA256, first));
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey)?;
        let key = CertifiedKey::from_der(chain, key, &provider())
            .map_err(|error| CertificateError::Key(error.to_string()))?;
        Ok(Self { key: Arc::new(key), expires, fingerprint })
    }
}

/// The certificate that is shown now.
#[derive(Debug)]
pub struct Shown(RwLock<Certificate>);

impl Shown {
    /// Begins with this one.
    pub fn new(certificate: Certificate) -> Arc<Self> {
        Arc::new(Self(RwLock::new(certificate)))
    }

    /// Shows another from now on; connections that there are go on.
    pub fn replace(&self, certificate: Certificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificate;
    }

    /// What is shown now.
    pub fn current(&self) -> Certificate {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accepts TLS with it, and asks for certificates of clients where there are any to be taken.
    ///
    /// # Errors
    /// If the cryptography cannot be had, which would be a fault of the build.
    pub fn accepting(self: &Arc<Self>, clients: Option<Arc<Clients>>) -> Result<Tls, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = match &clients {
            Some(clients) => builder.with_client_cert_verifier(Arc::<Clients>::clone(clients)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::<Self>::clone(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if clients.is_some() {
            // Who resumes a session shows no certificate again, and may have lost it since.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), clients })
    }
}

/// TLS for a listener.
#[derive(Clone)]
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) clients: Option<Arc<Clients>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").field("clients", &self.clients).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().key)
    }
}

pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(test)]
mod tests {
    use rcgen::CertificateParams;
    use rcgen::KeyPair;
    use rcgen::date_time_ymd;

    use super::super::peer::Authorities;
    use super::*;

    fn made(ends: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["portcullis.example.com".to_owned()]).unwrap();
        params.not_after = date_time_ymd(ends, 1, 1);
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn where_certificates_are_asked_for_no_session_is_resumed() {
        let (certificate, key) = made(2099);
        let authorities = Authorities::read(certificate.as_bytes(), None).unwrap();
        let shown = Shown::new(Certificate::read(certificate.as_bytes(), key.as_bytes()).unwrap());
        for (clients, resumes) in [(None, true), (Some(Clients::new(authorities, true, None)), false)] {
            let tls = shown.accepting(clients).unwrap();
            let config = tls.acceptor.config();
            assert_eq!(
                (config.session_storage.can_cache(), config.send_tls13_tickets > 0),
                (resumes, resumes)
            );
        }
    }

    #[test]
    fn what_nobody_would_take_is_refused_in_words() {
        let (good, key) = made(2099);
        let (ended, its_key) = made(2020);
        let (_, other) = made(2099);
        let certificate = Certificate::read(good.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!((certificate.expires, certificate.fingerprint.len()), (4_070_908_800, 64));
        let both = format!("{key}{good}");
        assert!(Certificate::read(both.as_bytes(), both.as_bytes()).is_ok(), "both in one file");
        for (chain, key, says) in [
            ("", key.as_str(), "no certificate"),
            ("text", &key, "no certificate"),
            (key.as_str(), &key, "no certificate"),
            (&good, "", "the key is not there"),
            (&good, &good, "the key is not there"),
            (&good, &other, "does not fit"),
            (&ended, &its_key, "ended at 2020-01-01T00:00:00Z"),
        ] {
            let error = Certificate::read(chain.as_bytes(), key.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{says}: {error}");
            assert!(!error.contains("PRIVATE"), "{error}");
        }
    }
}
