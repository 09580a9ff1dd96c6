//! The certificate this server shows to a product that demands one (mTLS), and its key.

use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::InconsistentKeys;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs1KeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::PrivateSec1KeyDer;
use rustls::sign::CertifiedKey;
use rustls::sign::SigningKey;
use zeroize::Zeroizing;

use super::pem;
use super::pem::Section;
use crate::secrets::Secret;

/// The longest file that is read.
const FILE_LIMIT: u64 = 1 << 20;

/// Where a client certificate is, in PEM.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate, then those of the authorities between it and the root; and the key, unless that is apart.
    pub certificate: PathBuf,
    /// The key, if it is in a file of its own.
    pub key: Option<PathBuf>,
    /// What an encrypted key is opened with. A key that is not encrypted needs none and takes any.
    pub password: Option<Secret>,
}

/// Why a client certificate cannot be used. Each names the file, none holds what is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No file, or no right to read it.
    #[error("cannot read `{file}`, which is to hold the client {what}: {cause}")]
    Unreadable {
        /// The file.
        file: String,
        /// `certificate` or `key`.
        what: &'static str,
        /// The cause.
        cause: String,
    },
    /// A file that begins well and is broken.
    #[error("`{file}` is not a usable PEM file: {cause}")]
    Broken {
        /// The file.
        file: String,
        /// What is wrong with it.
        cause: String,
    },
    /// No certificate.
    #[error(
        "`{file}` holds no certificate; it must have a part that begins with `-----BEGIN CERTIFICATE-----`"
    )]
    NoCertificate {
        /// The file.
        file: String,
    },
    /// No key.
    #[error("`{file}` holds no private key; append it in PEM, or name its own file in CLIENT_KEY")]
    NoKey {
        /// The file.
        file: String,
    },
    /// More than one key.
    #[error("`{file}` holds {count} private keys; leave only the one that belongs to the certificate")]
    SeveralKeys {
        /// The file.
        file: String,
        /// How many.
        count: usize,
    },
    /// A key of another format.
    #[error(
        "the private key in `{file}` is `{label}`, which is not known; convert it with \
         `openssl pkcs8 -topk8 -in {file} -out NEW`"
    )]
    Format {
        /// The file.
        file: String,
        /// What its first line says.
        label: String,
    },
    /// The encryption of old, which derives the key from the password with MD5.
    #[error(
        "the private key in `{file}` has the old encryption of OpenSSL (`Proc-Type: 4,ENCRYPTED`), which is weak; \
         convert it with `openssl pkcs8 -topk8 -in {file} -out NEW`"
    )]
    OldEncryption {
        /// The file.
        file: String,
    },
    /// An encryption that is not built in.
    #[error(
        "the encryption of the private key in `{file}` is not supported ({cause}); convert it with \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in {file} -out NEW`"
    )]
    Encryption {
        /// The file.
        file: String,
        /// The algorithm.
        cause: String,
    },
    /// Encrypted, and no password.
    #[error("the private key in `{file}` is encrypted; set its password in CLIENT_KEY_PASSWORD")]
    NoPassword {
        /// The file.
        file: String,
    },
    /// The password does not open the key.
    #[error("the password in CLIENT_KEY_PASSWORD does not open the private key in `{file}`")]
    WrongPassword {
        /// The file.
        file: String,
    },
    /// A key that cannot sign.
    #[error(
        "the private key in `{file}` cannot be used: it is neither RSA, ECDSA (P-256, P-384, P-521) nor Ed25519"
    )]
    Unusable {
        /// The file.
        file: String,
    },
    /// Two that do not belong together.
    #[error(
        "the private key in `{key}` does not belong to the first certificate in `{certificate}`; put the client's own \
         certificate first, or name the matching key"
    )]
    Mismatch {
        /// The certificate's file.
        certificate: String,
        /// The key's file.
        key: String,
    },
}

impl ClientCertificate {
    /// Reads the files and checks that they belong together.
    pub(super) fn load(&self) -> Result<Arc<CertifiedKey>, CertificateError> {
        let certificate_file = File::read(&self.certificate, "certificate")?;
        let chain = certificate_file.certificates()?;
        let key = match &self.key {
            Some(path) => {
                let file = File::read(path, "key")?;
                let key = file.key(self.password.as_ref())?;
                (key, file.name)
            }
            None => (certificate_file.key(self.password.as_ref())?, certificate_file.name.clone()),
        };
        let (key, key_name) = key;
        let pair = CertifiedKey::new(chain, key);
        match pair.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Arc::new(pair)),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(CertificateError::Mismatch { certificate: certificate_file.name, key: key_name })
            }
            Err(_) => Err(CertificateError::Broken {
                file: certificate_file.name,
                cause: "its first certificate is damaged or of a version other than 3".to_owned(),
            }),
        }
    }
}

/// A PEM file in memory, wiped when dropped.
struct File {
    name: String,
    text: Zeroizing<Vec<u8>>,
}

impl File {
    fn read(path: &Path, what: &'static str) -> Result<Self, CertificateError> {
        let name = path.display().to_string();
        let unreadable = |cause: String| CertificateError::Unreadable { file: name.clone(), what, cause };
        // Before it is opened: opening a pipe waits for its writer.
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        if !metadata.is_file() {
            return Err(unreadable("it is not a file".to_owned()));
        }
        // With room for all of it: a buffer that grows leaves copies behind.
        let length = usize::try_from(metadata.len().min(FILE_LIMIT)).unwrap_or_default();
        let mut text = Zeroizing::new(Vec::with_capacity(length + 64));
        let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
        file.take(FILE_LIMIT + 1).read_to_end(&mut text).map_err(|error| unreadable(error.to_string()))?;
        if text.len() as u64 > FILE_LIMIT {
            return Err(unreadable("it is larger than 1 MiB".to_owned()));
        }
        Ok(Self { name, text })
    }

    fn sections(&self) -> Result<Vec<Section<'_>>, CertificateError> {
        pem::sections(&self.text).map_err(|cause| self.broken(cause))
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        let sections = self.sections()?;
        let certificates = sections.iter().filter(|section| section.label == "CERTIFICATE");
        let chain = certificates
            .map(|section| Ok(CertificateDer::from(self.decode(section)?.to_vec())))
            .collect::<Result<Vec<_>, _>>()?;
        if chain.is_empty() {
            return Err(CertificateError::NoCertificate { file: self.name.clone() });
        }
        Ok(chain)
    }

    fn key(&self, password: Option<&Secret>) -> Result<Arc<dyn SigningKey>, CertificateError> {
        let file = || self.name.clone();
        let sections = self.sections()?;
        let keys: Vec<_> = sections.iter().filter(|section| section.label.ends_with("PRIVATE KEY")).collect();
        let key = match keys.as_slice() {
            [] => return Err(CertificateError::NoKey { file: file() }),
            [key] => *key,
            several => return Err(CertificateError::SeveralKeys { file: file(), count: several.len() }),
        };
        if key.has_headers {
            return Err(CertificateError::OldEncryption { file: file() });
        }
        let bytes = self.decode(key)?;
        let decrypted;
        let key: PrivateKeyDer<'_> = match key.label {
            "PRIVATE KEY" => PrivatePkcs8KeyDer::from(bytes.as_slice()).into(),
            "RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(bytes.as_slice()).into(),
            "EC PRIVATE KEY" => PrivateSec1KeyDer::from(bytes.as_slice()).into(),
            "ENCRYPTED PRIVATE KEY" => {
                decrypted = self.decrypt(&bytes, password)?;
                PrivatePkcs8KeyDer::from(decrypted.as_bytes()).into()
            }
            label => {
                return Err(CertificateError::Format { file: file(), label: label.to_owned() });
            }
        };
        any_supported_type(&key).map_err(|_| CertificateError::Unusable { file: file() })
    }

    fn decrypt(
        &self,
        bytes: &[u8],
        password: Option<&Secret>,
    ) -> Result<pkcs8::SecretDocument, CertificateError> {
        let file = || self.name.clone();
        let info = EncryptedPrivateKeyInfoRef::try_from(bytes).map_err(|_| CertificateError::Encryption {
            file: file(),
            cause: "its kind is not known, or the file is damaged".to_owned(),
        })?;
        let Some(password) = password.filter(|password| !password.expose().is_empty()) else {
            return Err(CertificateError::NoPassword { file: file() });
        };
        info.decrypt(password.expose()).map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(
                error @ (pkcs8::pkcs5::Error::NoPbes1CryptSupport
                | pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }
                | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. }),
            ) => CertificateError::Encryption { file: file(), cause: error.to_string() },
            _ => CertificateError::WrongPassword { file: file() },
        })
    }

    fn decode(&self, section: &Section<'_>) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
        section.decode().map_err(|cause| self.broken(cause))
    }

    fn broken(&self, cause: &str) -> CertificateError {
        CertificateError::Broken { file: self.name.clone(), cause: cause.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::CertificateParams;
    use rcgen::KeyPair;

    use super::*;

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn load(certificate: &str, key: Option<&str>) -> Result<usize, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let certificate = ClientCertificate {
            certificate: path("own.pem", certificate),
            key: key.map(|key| path("own.key", key)),
            password: Some(Secret::new("canary-password")),
        };
        let loaded = certificate.load().map(|pair| pair.cert.len());
        loaded.map_err(|error| error.to_string().replace(&directory.path().display().to_string(), ""))
    }

    #[test]
    fn a_pair_is_taken_from_one_file_or_two_and_anything_else_is_said() {
        let ((certificate, key), (other, other_key)) = (pair(), pair());
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nYWI=\n\
                   -----END RSA PRIVATE KEY-----\n";
        let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nYWI=\n-----END OPENSSH PRIVATE KEY-----\n";
        let junk = key.replace('M', "!");
        for (one, two, wanted) in [
            (certificate.clone() + &key, None, Ok(1)),
            (key.clone() + &certificate, None, Ok(1)),
            (certificate.clone() + &other, Some(key.as_str()), Ok(2)),
            (certificate.clone() + &other_key, Some(&key), Ok(1)),
            (String::new(), None, Err("`/own.pem` holds no certificate")),
            (key.clone(), None, Err("`/own.pem` holds no certificate")),
            (certificate.clone(), None, Err("`/own.pem` holds no private key")),
            (certificate.clone(), Some(&certificate), Err("`/own.key` holds no private key")),
            (certificate.clone() + &key + &other_key, None, Err("`/own.pem` holds 2 private keys")),
            (
                certificate.clone() + &other_key,
                None,
                Err("`/own.pem` does not belong to the first certificate"),
            ),
            (other + &certificate, Some(&key), Err("`/own.key` does not belong to the first certificate")),
            (certificate.clone(), Some(old), Err("openssl pkcs8 -topk8 -in /own.key")),
            (certificate.clone(), Some(ssh), Err("is `OPENSSH PRIVATE KEY`, which is not known")),
            (certificate.clone(), Some(&junk), Err("`/own.key` is not a usable PEM file")),
            (certificate.clone(), Some("-----BEGIN PRIVATE KEY-----"), Err("a part of it has no end")),
            (certificate.replace("MII", "AAA"), Some(&key), Err("its first certificate is damaged")),
        ] {
            let loaded = load(&one, two);
            match (&loaded, wanted) {
                (Ok(length), Ok(wanted)) => assert_eq!(*length, wanted),
                (Err(error), Err(wanted)) => assert!(error.contains(wanted), "{wanted}: {error}"),
                _ => panic!("{wanted:?}: {loaded:?}"),
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let nowhere = ClientCertificate {
            certificate: std::env::temp_dir().join("portcullis-none.pem"),
            key: None,
            password: Some(Secret::new("canary")),
        };
        let error = nowhere.load().unwrap_err().to_string();
        assert!(error.contains("portcullis-none.pem`, which is to hold the client certificate"), "{error}");
        let directory = ClientCertificate { certificate: std::env::temp_dir(), ..nowhere };
        let error = directory.load().unwrap_err().to_string();
        assert!(error.contains("it is not a file"), "{error}");
        assert!(!format!("{directory:?}").contains("canary"));
    }
}
