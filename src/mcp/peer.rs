//! Client certificates: which the listener takes, and who is on the other side of a connection.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use aws_lc_rs::digest;
use rustls::DigitallySignedStruct;
use rustls::DistinguishedName;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerified;
use rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use super::tls::provider;
use crate::identity::CertificateNames;
use crate::identity::NameError;
use crate::identity::Named;

/// Why authorities are not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// There is none.
    #[error("it holds no certificate of an authority in PEM")]
    None,
    /// One of them is none.
    #[error("it holds a certificate that is of no use: {0}")]
    Useless(String),
    /// What is revoked cannot be read.
    #[error("the revocation list is not there, or is not in PEM")]
    NoList,
    /// What is revoked cannot be understood.
    #[error("the revocation list cannot be used: {0}")]
    List(String),
}

/// The authorities whose certificates are taken, and what they revoked.
#[derive(Debug, Clone)]
pub struct Authorities {
    verifier: Arc<dyn ClientCertVerifier>,
    /// The SHA-256 of each authority's certificate, in hexadecimal digits.
    pub fingerprints: Vec<String>,
    /// The SHA-256 of all that was read.
    pub fingerprint: String,
    /// When the first of the revocation lists ends, in seconds since 1970: from then on nobody is let in whom it is about.
    pub ends: Option<i64>,
}

impl Authorities {
    /// Reads authorities and their revocation lists, all in PEM. Where there are lists, there must be one of each authority
    /// that signs, and none may be older than it says itself.
    ///
    /// # Errors
    /// If no certificate could be taken by them.
    pub fn read(authorities: &[u8], revoked: Option<&[u8]>) -> Result<Self, AuthoritiesError> {
        let (mut roots, mut fingerprints) = (RootCertStore::empty(), Vec::new());
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let certificate = certificate.map_err(|_| AuthoritiesError::None)?;
            fingerprints.push(hex::encode(digest::digest(&digest::SHA256, &certificate)));
            roots.add(certificate).map_err(|error| AuthoritiesError::Useless(error.to_string()))?;
        }
        let mut ends = None;
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider()));
        if let Some(revoked) = revoked {
            let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(revoked)
                .collect::<Result<_, _>>()
                .map_err(|_| AuthoritiesError::NoList)?;
            // None at all would switch the check off.
            if lists.is_empty() {
                return Err(AuthoritiesError::NoList);
            }
            ends = lists.iter().filter_map(|list| end(list)).min();
            builder = builder.with_crls(lists).enforce_revocation_expiration();
        }
        let verifier = builder.build().map_err(|error| match error {
            rustls::server::VerifierBuilderError::NoRootAnchors => AuthoritiesError::None,
            other => AuthoritiesError::List(other.to_string()),
        })?;
        let mut all = digest::Context::new(&digest::SHA256);
        all.update(authorities);
        all.update(revoked.unwrap_or_default());
        Ok(Self { verifier, fingerprints, fingerprint: hex::encode(all.finish()), ends })
    }
}

/// When a revocation list says that there will be a newer one.
fn end(list: &[u8]) -> Option<i64> {
    let (_, list) = CertificateRevocationList::from_der(list).ok()?;
    list.next_update().map(|end| end.timestamp())
}

/// Which client certificates the listener takes, and how they name users.
#[derive(Debug)]
pub struct Clients {
    authorities: RwLock<Authorities>,
    required: bool,
    names: Option<CertificateNames>,
}

impl Clients {
    /// Begins with these authorities.
    pub fn new(authorities: Authorities, required: bool, names: Option<CertificateNames>) -> Arc<Self> {
        Arc::new(Self { authorities: RwLock::new(authorities), required, names })
    }

    /// Takes certificates of others from now on, also on connections that there are.
    pub fn replace(&self, authorities: Authorities) {
        *self.authorities.write().unwrap_or_else(PoisonError::into_inner) = authorities;
    }

    /// Whose certificates are taken now.
    pub fn current(&self) -> Authorities {
        self.authorities.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Goes by the authorities there are at the moment.
impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    /// None: they change, and whoever cannot show the right one need not know its authority.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.current().verifier.verify_client_cert(own, above, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current().verifier.supported_verify_schemes()
    }
}

/// Who showed a certificate that was taken.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its own, and those above it.
    chain: Vec<CertificateDer<'static>>,
    clients: Arc<Clients>,
    named: Option<Result<Named, NameError>>,
    fingerprint: String,
}

impl Peer {
    /// The peer of a connection, from the certificates it has shown; none if it showed none.
    pub(super) fn of(shown: &[CertificateDer<'_>], clients: &Arc<Clients>) -> Option<Self> {
        let chain: Vec<_> = shown.iter().map(|certificate| certificate.clone().into_owned()).collect();
        let (own, above) = chain.split_first()?;
        let named = clients.names.as_ref().map(|names| names.of(own, above));
        let fingerprint = hex::encode(digest::digest(&digest::SHA256, own));
        Some(Self { chain, clients: Arc::clone(clients), named, fingerprint })
    }

    /// Whether the certificate would be taken now as well: it may have ended or been revoked since the connection began.
    pub(super) fn is_taken(&self) -> bool {
        let Some((own, above)) = self.chain.split_first() else { return false };
        let taken = self.clients.verify_client_cert(own, above, UnixTime::now());
        taken.inspect_err(|error| tracing::debug!(%error, "a client certificate is no longer taken")).is_ok()
    }

    /// The user it names; nothing where certificates name nobody.
    pub(super) fn named(&self) -> Option<&Result<Named, NameError>> {
        self.named.as_ref()
    }

    /// The SHA-256 of its certificate, in hexadecimal digits.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

#[cfg(test)]
mod tests {
    use rcgen::BasicConstraints;
    use rcgen::CertificateParams;
    use rcgen::CertificateRevocationListParams;
    use rcgen::DnType;
    use rcgen::IsCa;
    use rcgen::Issuer;
    use rcgen::KeyIdMethod;
    use rcgen::KeyPair;
    use rcgen::KeyUsagePurpose;
    use rcgen::RevokedCertParams;
    use rcgen::SerialNumber;
    use rcgen::date_time_ymd;

    use super::*;

    struct Authority {
        pem: String,
        issuer: Issuer<'static, KeyPair>,
    }

    fn authority(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    impl Authority {
        fn signs(&self, serial: u64, ends: i32) -> CertificateDer<'static> {
            let mut params = CertificateParams::default();
            params.serial_number = Some(SerialNumber::from(serial));
            params.not_after = date_time_ymd(ends, 1, 1);
            params.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().clone()
        }

        fn revokes(&self, serials: &[u64], good_until: i32) -> String {
            let revoked = |serial: &u64| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: date_time_ymd(2024, 1, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let list = CertificateRevocationListParams {
                this_update: date_time_ymd(2024, 1, 1),
                next_update: date_time_ymd(good_until, 1, 1),
                crl_number: SerialNumber::from(1_u64),
                issuing_distribution_point: None,
                revoked_certs: serials.iter().map(revoked).collect(),
                key_identifier_method: KeyIdMethod::Sha256,
            };
            list.signed_by(&self.issuer).unwrap().pem().unwrap()
        }
    }

    fn takes(authorities: &Authorities, certificate: &CertificateDer<'_>) -> bool {
        authorities.verifier.verify_client_cert(certificate, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn certificates_of_these_authorities_are_taken_unless_ended_or_revoked() {
        let (ours, second, foreign) = (authority("a"), authority("b"), authority("c"));
        let both = format!("{}{}", ours.pem, second.pem);
        let lists =
            |serials: &[u64], ends| format!("{}{}", ours.revokes(serials, ends), second.revokes(&[], ends));
        let (good, ended) = (ours.signs(1, 2099), ours.signs(2, 2020));
        for (revoked, certificate, taken) in [
            (None, &good, true),
            (None, &second.signs(1, 2099), true),
            (None, &foreign.signs(1, 2099), false),
            (None, &ended, false),
            (Some(lists(&[], 2099)), &good, true),
            (Some(lists(&[7, 1], 2099)), &good, false),
            // A list that says it is too old may lack what was revoked since.
            (Some(lists(&[], 2025)), &good, false),
            // Whose list is not there, of them nobody knows.
            (Some(second.revokes(&[], 2099)), &good, false),
            (Some(format!("{}{}", foreign.revokes(&[1], 2099), lists(&[], 2099))), &good, true),
        ] {
            let authorities =
                Authorities::read(both.as_bytes(), revoked.as_deref().map(str::as_bytes)).unwrap();
            assert_eq!(takes(&authorities, certificate), taken, "{revoked:?}");
            assert_eq!(authorities.ends.is_some(), revoked.is_some());
        }
    }

    #[test]
    fn authorities_that_could_let_nobody_in_or_anybody_are_refused() {
        let ours = authority("a");
        let list = ours.revokes(&[], 2099);
        let cut = &list[..list.len() / 2];
        for (authorities, revoked, says) in [
            ("", None, "no certificate of an authority"),
            ("text", None, "no certificate of an authority"),
            (list.as_str(), None, "no certificate of an authority"),
            (&ours.pem, Some(""), "the revocation list is not there"),
            (&ours.pem, Some("text"), "the revocation list is not there"),
            (&ours.pem, Some(cut), "the revocation list is not there"),
            (&ours.pem, Some(&ours.pem), "the revocation list is not there"),
        ] {
            let error = Authorities::read(authorities.as_bytes(), revoked.map(str::as_bytes)).unwrap_err();
            assert!(error.to_string().contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn who_was_let_in_is_not_once_the_authorities_change() {
        let (ours, other) = (authority("a"), authority("b"));
        let read = |authority: &Authority, revoked: Option<&str>| {
            Authorities::read(authority.pem.as_bytes(), revoked.map(str::as_bytes)).unwrap()
        };
        let clients = Clients::new(read(&ours, None), true, None);
        assert!(Peer::of(&[], &clients).is_none());
        let peer = Peer::of(&[ours.signs(1, 2099)], &clients).unwrap();
        assert!(peer.is_taken() && peer.named().is_none() && peer.fingerprint().len() == 64);
        for (authorities, taken) in [
            (read(&other, None), false),
            (read(&ours, Some(&ours.revokes(&[1], 2099))), false),
            (read(&ours, Some(&ours.revokes(&[2], 2099))), true),
        ] {
            clients.replace(authorities);
            assert_eq!(peer.is_taken(), taken);
        }
    }
}
