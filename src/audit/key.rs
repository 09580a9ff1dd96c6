//! The key that argument values are hashed with, so that the log holds no value but can be searched for one.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::path::Path;

use aws_lc_rs::digest;
use aws_lc_rs::hmac;

use super::AuditError;

/// The file of a key that was made here.
const FILE: &str = "audit-hmac.key";

/// The key for argument values.
#[derive(Clone)]
pub struct HmacKey {
    key: hmac::Key,
    id: String,
}

impl HmacKey {
    /// A key from a configured secret.
    pub fn from_secret(secret: &str) -> Self {
        Self::new(secret.trim().as_bytes())
    }

    /// The key of this machine: read from the state directory, or made there at first start (0600).
    ///
    /// Returns whether it was made just now; then it has to be reported.
    pub fn load_or_create(state_directory: &Path) -> Result<(Self, bool), AuditError> {
        let path = state_directory.join(FILE);
        let failed = |cause: std::io::Error| AuditError::Key {
            path: path.display().to_string(),
            cause: cause.to_string(),
        };
        private_directory(state_directory).map_err(failed)?;
        match File::open(&path) {
            Ok(mut file) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(failed)?;
                if text.trim().len() < 32 {
                    let cause =
                        "it is shorter than 32 characters; remove it to have a new one made".to_owned();
                    return Err(AuditError::Key { path: path.display().to_string(), cause });
                }
                Ok((Self::from_secret(&text), false))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = random_text().map_err(failed)?;
                let mut file = private_file(&path).map_err(failed)?;
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                Ok((Self::from_secret(&text), true))
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn new(bytes: &[u8]) -> Self {
        let id = hex(digest::digest(&digest::SHA256, bytes).as_ref(), 4);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, bytes), id }
    }

    /// The key's id in records: the start of its SHA-256.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A value as it stands in records: `hmac:<key id>:<32 hexadecimal digits>`.
    pub fn digest(&self, value: &str) -> String {
        format!("hmac:{}:{}", self.id, hex(hmac::sign(&self.key, value.as_bytes()).as_ref(), 16))
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HmacKey({})", self.id)
    }
}

/// Makes a directory, and those above it, for this user alone.
pub(super) fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a new file for this user alone, to append to.
pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn random_text() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no random numbers"))?;
    Ok(hex(&bytes, 32))
}

fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let state = tempfile::tempdir().unwrap();
        let directory = state.path().join("deep/state");
        let (first, made) = HmacKey::load_or_create(&directory).unwrap();
        let (second, again) = HmacKey::load_or_create(&directory).unwrap();
        assert!(made && !again);
        assert_eq!(first.digest("x"), second.digest("x"));
        assert_ne!(first.digest("x"), first.digest("y"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&directory), mode(&directory.join(FILE))), (0o700, 0o600));
        }
        std::fs::write(directory.join(FILE), "short").unwrap();
        assert!(HmacKey::load_or_create(&directory).unwrap_err().to_string().contains("remove it"));
    }
}
