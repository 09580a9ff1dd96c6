//! The places secrets come from. Each takes the one kind of reference it knows.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use futures::future::BoxFuture;
use zeroize::Zeroizing;

use super::Secret;
use super::SecretError;
use super::SecretRef;

/// The largest secret a file may hold.
const FILE_LIMIT: u64 = 64 * 1024;

/// Something that can fetch secrets.
pub trait Source: Send + Sync {
    /// Fetches the secret as it is now; `None` if the reference is of another kind.
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Option<Result<Secret, SecretError>>>;
}

/// Variables, `env://NAME`.
#[derive(Default)]
pub struct Env(BTreeMap<String, String>);

/// Files, `file:///path`.
#[derive(Debug, Clone, Copy)]
pub struct File;

/// Files of the credential directory, `cred://name`.
#[derive(Debug, Clone, Default)]
pub struct Credential(Option<PathBuf>);

impl Env {
    /// A source over a copy of the environment.
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self(environment)
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Env(..)")
    }
}

impl Credential {
    /// A source over `$CREDENTIALS_DIRECTORY`.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self(directory)
    }
}

impl Source for Env {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Option<Result<Secret, SecretError>>> {
        let SecretRef::Environment(name) = reference else {
            return Box::pin(async { None });
        };
        let value = self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let secret = value.map(Secret::new).ok_or_else(|| SecretError::Environment { name: name.clone() });
        Box::pin(async { Some(secret) })
    }
}

impl Source for File {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Option<Result<Secret, SecretError>>> {
        Box::pin(async move {
            let SecretRef::File(path) = reference else {
                return None;
            };
            Some(read(path, reference).await)
        })
    }
}

impl Source for Credential {
    fn fetch<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Option<Result<Secret, SecretError>>> {
        Box::pin(async move {
            let SecretRef::Credential(name) = reference else {
                return None;
            };
            let Some(directory) = &self.0 else {
                return Some(Err(SecretError::NoCredentials { name: name.clone() }));
            };
            Some(read(&directory.join(name), reference).await)
        })
    }
}

/// Reads a file that holds one secret; one line break at its end is not part of it.
async fn read(path: &Path, reference: &SecretRef) -> Result<Secret, SecretError> {
    use tokio::io::AsyncReadExt as _;

    let refuse = |problem: String| SecretError::File { reference: reference.to_string(), problem };
    let unreadable = |error: std::io::Error| refuse(format!("cannot be read: {error}"));
    // Before it is opened: opening a pipe waits for its writer.
    let metadata = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".to_owned()));
    }
    warn_if_open_to_all(&metadata, reference);
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(refuse("is longer than 64 KiB, so it is not a secret".to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| refuse("is not UTF-8 text".to_owned()))?;
    let text = text.strip_suffix('\n').map_or(text, |rest| rest.strip_suffix('\r').unwrap_or(rest));
    if text.is_empty() {
        return Err(refuse("is empty".to_owned()));
    }
    Ok(Secret::new(text))
}

#[cfg(unix)]
fn warn_if_open_to_all(metadata: &std::fs::Metadata, reference: &SecretRef) {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o004 != 0 {
        tracing::warn!(%reference, "every user of this machine may read this secret; chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_open_to_all(_metadata: &std::fs::Metadata, _reference: &SecretRef) {}

#[cfg(test)]
mod tests {
    use super::*;

    async fn file(content: &[u8]) -> Result<String, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, content).unwrap();
        let reference = SecretRef::File(path);
        let fetched = File.fetch(&reference).await.unwrap();
        fetched.map(|secret| secret.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn files_lose_one_line_break_and_must_hold_text() {
        for (content, secret) in [
            (&b"token"[..], "token"),
            (b"token\n", "token"),
            (b"token\r\n", "token"),
            (b"token\n\n", "token\n"),
            (b" to ken ", " to ken "),
        ] {
            assert_eq!(file(content).await.as_deref(), Ok(secret));
        }
        let long = vec![b'x'; 64 * 1024 + 1];
        for (content, problem) in [
            (&b""[..], "is empty"),
            (b"\n", "is empty"),
            (b"\xff\xfe", "not UTF-8"),
            (&long, "longer than 64 KiB"),
        ] {
            let error = file(content).await.unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
        let error = File.fetch(&SecretRef::File(std::env::temp_dir())).await.unwrap().unwrap_err();
        assert!(error.to_string().contains("is not a file"), "{error}");
    }

    #[tokio::test]
    async fn variables_and_credentials() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("jira-token"), "from-file\n").unwrap();
        let here = Credential::new(Some(directory.path().to_owned()));
        let reference = SecretRef::parse("cred://jira-token").unwrap();
        assert_eq!(here.fetch(&reference).await.unwrap().unwrap().expose(), "from-file");
        let nowhere = Credential::new(None).fetch(&reference).await.unwrap().unwrap_err();
        assert!(nowhere.to_string().contains("LoadCredential=jira-token"), "{nowhere}");
        assert!(!nowhere.caller_text("Jira").contains("jira-token"));

        let env = Env::new(BTreeMap::from([
            ("A".to_owned(), "canary".to_owned()),
            ("B".to_owned(), " ".to_owned()),
        ]));
        assert_eq!(format!("{env:?}"), "Env(..)");
        let reference = SecretRef::parse("env://A").unwrap();
        assert_eq!(env.fetch(&reference).await.unwrap().unwrap().expose(), "canary");
        assert!(env.fetch(&SecretRef::parse("env://B").unwrap()).await.unwrap().is_err());
        assert!(env.fetch(&SecretRef::parse("cred://B").unwrap()).await.is_none());
    }
}
