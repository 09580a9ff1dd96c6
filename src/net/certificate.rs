//! The certificate this server shows to a product (mutual TLS), read from PEM files.
//!
//! Takes PKCS#8, PKCS#1 and SEC1 keys, and PKCS#8 keys that a password opens (`openssl pkcs8 -topk8`, RFC 5958).

use std::path::Path;
use std::path::PathBuf;

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::LineEnding;
use pkcs8::SecretDocument;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use crate::secrets::Secret;

/// Where the certificate and its key are.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate, with those it is signed by; the key too unless that is apart.
    pub certificate: PathBuf,
    /// The key, if it is apart.
    pub key: Option<PathBuf>,
    /// What an encrypted key is opened with.
    pub password: Option<Secret>,
}

/// Why a certificate cannot be used. Names the file, never what is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read the client certificate file `{file}`: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        cause: String,
    },
    /// There is no certificate in it.
    #[error("`{0}` holds no PEM certificate")]
    NoCertificate(String),
    /// There is no key in it.
    #[error("`{0}` holds no private key in PEM; name the file that does in CLIENT_KEY")]
    NoKey(String),
    /// There are several.
    #[error("`{0}` holds more than one private key; leave the one of the certificate")]
    SeveralKeys(String),
    /// The key is encrypted in a form that nothing current writes.
    #[error(
        "the key in `{0}` is encrypted in the old PEM form; rewrite it with `openssl pkcs8 -topk8 -in OLD -out NEW`"
    )]
    OldEncryption(String),
    /// The key is encrypted, and no password is set.
    #[error("the key in `{0}` is encrypted; set its password in CLIENT_KEY_PASSWORD")]
    NoPassword(String),
    /// The password does not open it.
    #[error("the password in CLIENT_KEY_PASSWORD does not open the key in `{0}`")]
    WrongPassword(String),
    /// It is no key, or one of a kind that TLS has no use for.
    #[error("the key in `{0}` cannot be used: it is damaged, or of a kind that TLS does not know")]
    UnusableKey(String),
    /// The two do not belong together.
    #[error("the key in `{key}` is not the one of the certificate in `{certificate}`")]
    Mismatch {
        /// The certificate's file.
        certificate: String,
        /// The key's file.
        key: String,
    },
}

impl ClientCertificate {
    /// Reads and checks both parts. The PEM text that comes back holds the certificates and the open key; it is wiped
    /// when dropped.
    pub(super) fn read(&self) -> Result<Zeroizing<String>, CertificateError> {
        let text = read(&self.certificate)?;
        let certificate_file = self.certificate.display().to_string();
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(text.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate(certificate_file.clone()))?;
        if chain.is_empty() {
            return Err(CertificateError::NoCertificate(certificate_file));
        }
        let (key_file, key_text) = match &self.key {
            Some(path) => (path.display().to_string(), read(path)?),
            None => (certificate_file.clone(), Zeroizing::new(text.to_string())),
        };
        let key = self.key(&key_file, &key_text)?;
        matches(&chain, &key).map_err(|wrong| match wrong {
            Wrong::Key => CertificateError::UnusableKey(key_file.clone()),
            Wrong::Pair => {
                CertificateError::Mismatch { certificate: certificate_file, key: key_file.clone() }
            }
        })?;
        let mut pem = Zeroizing::new(String::new());
        for section in sections(&text).filter(|section| section.starts_with("-----BEGIN CERTIFICATE-----")) {
            pem.push_str(section);
            pem.push('\n');
        }
        pem.push_str(&key);
        Ok(pem)
    }

    /// The one private key of a file, open, in PEM.
    fn key(&self, file: &str, text: &str) -> Result<Zeroizing<String>, CertificateError> {
        let mut keys = sections(text).filter(|section| {
            section.lines().next().is_some_and(|first| first.ends_with("PRIVATE KEY-----"))
        });
        let section = keys.next().ok_or_else(|| CertificateError::NoKey(file.to_owned()))?;
        if keys.next().is_some() {
            return Err(CertificateError::SeveralKeys(file.to_owned()));
        }
        if section.contains("Proc-Type:") {
            return Err(CertificateError::OldEncryption(file.to_owned()));
        }
        if !section.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Ok(Zeroizing::new(section.to_owned()));
        }
        let password = self.password.as_ref().ok_or_else(|| CertificateError::NoPassword(file.to_owned()))?;
        let unusable = || CertificateError::UnusableKey(file.to_owned());
        let (_, encrypted) = SecretDocument::from_pem(section).map_err(|_| unusable())?;
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(encrypted.as_bytes()).map_err(|_| unusable())?;
        let open = encrypted
            .decrypt(password.expose())
            .map_err(|_| CertificateError::WrongPassword(file.to_owned()))?;
        open.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|_| unusable())
    }
}

enum Wrong {
    Key,
    Pair,
}

fn matches(chain: &[CertificateDer<'static>], key: &str) -> Result<(), Wrong> {
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| Wrong::Key)?;
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).map_err(|_| Wrong::Key)?;
    CertifiedKey::new(chain.to_vec(), key).keys_match().map_err(|_| Wrong::Pair)
}

fn read(path: &Path) -> Result<Zeroizing<String>, CertificateError> {
    let unreadable = |cause: String| CertificateError::Unreadable { file: path.display().to_string(), cause };
    match std::fs::read(path) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            let text = std::str::from_utf8(&bytes);
            text.map(|text| Zeroizing::new(text.to_owned()))
                .map_err(|_| unreadable("it is not PEM text".to_owned()))
        }
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// The PEM sections of a text, each from its first line to its last.
fn sections(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find("-----BEGIN ")?;
        let from = rest.get(start..)?;
        let end = from.find("-----END ")?;
        let close = from.get(end + "-----END ".len()..)?.find("-----")?;
        let length = end + "-----END ".len() + close + "-----".len();
        rest = from.get(length..)?;
        from.get(..length)
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    struct Files(tempfile::TempDir);

    impl Files {
        fn new() -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            for name in ["one", "other"] {
                let key = rcgen::KeyPair::generate().unwrap();
                let made =
                    rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
                files.write(&format!("{name}.crt"), &made.pem());
                files.write(&format!("{name}.key"), &key.serialize_pem());
            }
            files.write("both.pem", &(files.text("one.crt") + &files.text("one.key")));
            files.write("two.key", &(files.text("one.key") + &files.text("other.key")));
            files.write("old.key", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n");
            files.write("damaged.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
            files
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.path(name), text).unwrap();
        }

        fn text(&self, name: &str) -> String {
            std::fs::read_to_string(self.path(name)).unwrap()
        }

        fn read(&self, certificate: &str, key: Option<&str>, password: Option<&str>) -> Result<(), String> {
            let certificate = ClientCertificate {
                certificate: self.path(certificate),
                key: key.map(|key| self.path(key)),
                password: password.map(Secret::new),
            };
            let read = certificate.read();
            if let Ok(pem) = &read {
                assert!(pem.contains("BEGIN CERTIFICATE") && pem.contains("PRIVATE KEY"), "{pem:?}");
            }
            let shown = format!("{read:?} {certificate:?}");
            assert!(!shown.contains("canary"), "{shown}");
            read.map(drop).map_err(|error| error.to_string())
        }

        /// Encrypts the first key as the tool that people use does.
        fn encrypt(&self, name: &str, arguments: &[&str]) {
            let made = Command::new("openssl")
                .args(["pkcs8", "-topk8", "-in"])
                .arg(self.path("one.key"))
                .arg("-out")
                .arg(self.path(name))
                .args(["-passout", "pass:canary-password"])
                .args(arguments)
                .output()
                .expect("openssl is there: scripts/test installs it");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
    }

    #[test]
    fn pairs_are_taken_and_what_is_wrong_names_the_file() {
        let files = Files::new();
        let table = [
            ("both.pem", None, None, None),
            ("one.crt", Some("one.key"), None, None),
            ("one.crt", Some("one.key"), Some("canary-password"), None),
            ("one.crt", Some("other.key"), None, Some("other.key` is not the one of the certificate in `")),
            ("one.crt", None, None, Some("one.crt` holds no private key")),
            ("one.key", None, None, Some("one.key` holds no PEM certificate")),
            ("one.crt", Some("two.key"), None, Some("two.key` holds more than one private key")),
            ("one.crt", Some("old.key"), None, Some("old.key` is encrypted in the old PEM form")),
            ("one.crt", Some("damaged.key"), None, Some("damaged.key` cannot be used")),
            ("one.crt", Some("absent.key"), None, Some("cannot read the client certificate file")),
            ("absent.crt", None, None, Some("absent.crt`: ")),
        ];
        for (certificate, key, password, wanted) in table {
            let read = files.read(certificate, key, password);
            match wanted {
                None => assert_eq!(read, Ok(()), "{certificate} {key:?}"),
                Some(wanted) => assert!(read.as_ref().unwrap_err().contains(wanted), "{read:?}"),
            }
        }
    }

    #[test]
    fn encrypted_keys_want_their_password() {
        let files = Files::new();
        let forms: [(&str, &[&str]); 3] = [
            ("default.key", &[]),
            ("aes128.key", &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"]),
            ("scrypt.key", &["-scrypt"]),
        ];
        for (name, arguments) in forms {
            files.encrypt(name, arguments);
            assert_eq!(files.read("one.crt", Some(name), Some("canary-password")), Ok(()), "{name}");
            let wrong = files.read("one.crt", Some(name), Some("canary-other")).unwrap_err();
            assert!(wrong.contains("does not open the key in") && wrong.contains(name), "{wrong}");
            let none = files.read("one.crt", Some(name), None).unwrap_err();
            assert!(none.contains("is encrypted; set its password in CLIENT_KEY_PASSWORD"), "{none}");
        }
    }
}
