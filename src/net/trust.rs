//! Whom a product's client trusts, and what it shows: the one place where TLS is set up.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SingleCertAndKey;
use rustls_platform_verifier::Verifier;

use super::ClientError;
use super::ClientSettings;

/// Whose certificates are trusted, before those of the operator's own file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// The operating system's store; on Linux, `SSL_CERT_FILE` and `SSL_CERT_DIR` take its place.
    #[default]
    System,
    /// The authorities that Mozilla trusts, as they were when this program was built.
    Bundled,
}

/// The TLS of a product's client.
#[expect(clippy::disallowed_methods, reason = "the one place that sets up TLS")]
pub(super) fn tls(settings: &ClientSettings) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = verifier(settings, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match verifier {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    let mut config = match settings.client_certificate.as_ref().filter(|_| settings.guard.is_none()) {
        Some(certificate) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate.load()?)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Who checks the server's certificate; nothing where nobody is trusted and nobody has to be.
fn verifier(
    settings: &ClientSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ServerCertVerifier>>, ClientError> {
    // Read in any case: a file that is not there is an error, whether or not it matters just now.
    let own = settings.ca_file.as_deref().map(authorities).transpose()?.unwrap_or_default();
    if !settings.verify {
        let schemes = provider.signature_verification_algorithms.supported_schemes();
        return Ok(Some(Arc::new(Unchecked(schemes))));
    }
    if settings.trust == Trust::Bundled {
        let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
        return rooted(bundled.chain(own), provider).map(Some);
    }
    match Verifier::new_with_extra_roots(own, Arc::clone(provider)) {
        Ok(verifier) => Ok(Some(Arc::new(verifier))),
        Err(error) if is_storeless(&error) && settings.plain => Ok(None),
        Err(error) if is_storeless(&error) => Err(ClientError::NoStore),
        Err(error) => Err(unusable(error)),
    }
}

fn rooted(
    certificates: impl Iterator<Item = CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ClientError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(unusable)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider)).build();
    Ok(verifier.map_err(unusable)?)
}

/// The certificates of a PEM file, each of which can be an authority.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let failed = |cause: String| ClientError::CaFile { path: path.display().to_string(), cause };
    let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| failed("it is not a usable PEM file".to_owned()))?;
    if certificates.is_empty() {
        return Err(failed("it holds no PEM certificate".to_owned()));
    }
    let mut usable = RootCertStore::empty();
    for certificate in &certificates {
        let added = usable.add(certificate.clone());
        added.map_err(|error| failed(format!("it holds a certificate that cannot be used: {error}")))?;
    }
    Ok(certificates)
}

fn unusable(error: impl std::fmt::Display) -> ClientError {
    ClientError::Tls(error.to_string())
}

/// The verifier has no type for it.
fn is_storeless(error: &rustls::Error) -> bool {
    error.to_string().contains("No CA certificates")
}

/// Takes any certificate: the operator switched the check off for this product.
#[derive(Debug)]
struct Unchecked(Vec<SignatureScheme>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
