//! Where tokens are kept: the keyring where there is one, else a file that only its owner can read.

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::keyring;
use super::tokens::Tokens;
use crate::secrets::Secret;

/// How long another process may take to renew the tokens.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The largest file that may hold tokens, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// The tokens of one app.
#[derive(Debug, Clone)]
pub struct TokenStore {
    directory: PathBuf,
    client_id: String,
    uses_keyring: bool,
}

/// Why tokens could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The client id would lead out of the directory.
    #[error(
        "the OAuth client id has characters that no file name may have; it is letters, digits, `-`, `_` and `.`"
    )]
    ClientId,
    /// The file is not of the form it must have.
    #[error("`{0}` holds no OAuth tokens that could be read; run `portcullis oauth setup` to make it anew")]
    Corrupt(String),
    /// The file or its directory cannot be used.
    #[error("cannot use `{file}` for OAuth tokens: {cause}")]
    File {
        /// The file or directory.
        file: String,
        /// What the system said.
        cause: String,
    },
    /// Another process holds the tokens for too long.
    #[error("another process has been renewing the OAuth tokens for too long; its lock is `{0}`")]
    Locked(String),
}

/// Held while tokens are renewed, against other processes; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl TokenStore {
    /// The store of an app's tokens below a directory.
    pub fn new(directory: PathBuf, client_id: &str, uses_keyring: bool) -> Result<Self, StoreError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_segment = (1..=128).contains(&client_id.len())
            && client_id.bytes().all(plain)
            && !client_id.starts_with('.');
        if !is_segment {
            return Err(StoreError::ClientId);
        }
        Ok(Self { directory, client_id: client_id.to_owned(), uses_keyring })
    }

    /// The tokens that expire last, from the keyring or the file.
    pub async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        let kept = if self.uses_keyring { keyring::read(&self.user()).await } else { None };
        let kept = kept.and_then(|text| Tokens::from_stored(text.expose()));
        let path = self.path();
        let filed = blocking(move || read(&path)).await?;
        Ok(match (kept, filed) {
            (Some(kept), Some(filed)) if filed.expires_at > kept.expires_at => Some(filed),
            (kept, filed) => kept.or(filed),
        })
    }

    /// Keeps tokens: in the keyring; in the file where there is no keyring, or a file already that would grow stale.
    pub async fn save(&self, tokens: &Tokens) -> Result<(), StoreError> {
        let text = tokens.to_stored();
        let mut kept = false;
        if self.uses_keyring {
            kept = keyring::write(&self.user(), &text).await;
            if let (true, Some(site)) = (kept, self.user_of_site(tokens)) {
                keyring::write(&site, &text).await;
            }
        }
        let path = self.path();
        if kept && !path.exists() {
            return Ok(());
        }
        let directory = self.directory.clone();
        blocking(move || write(&directory, &path, &text)).await
    }

    /// Waits until no other process renews these tokens.
    pub(super) async fn lock(&self) -> Result<Lock, StoreError> {
        let (directory, path) =
            (self.directory.clone(), self.directory.join(format!("oauth-{}.lock", self.client_id)));
        let shown = path.display().to_string();
        let file = blocking(move || {
            make_directory(&directory)?;
            owned().create(true).truncate(false).open(&path).map_err(|error| failed(&path, &error))
        })
        .await?;
        let until = tokio::time::Instant::now() + LOCK_LIMIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                // Some network file systems have no locks: waiting does not help.
                Err(TryLockError::Error(cause)) => {
                    return Err(StoreError::File {
                        file: shown,
                        cause: format!("it cannot be locked: {cause}"),
                    });
                }
            }
            if tokio::time::Instant::now() > until {
                return Err(StoreError::Locked(shown));
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Ok(Lock { _file: file })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(format!("oauth-{}.json", self.client_id))
    }

    /// The reference server's name of the entry.
    fn user(&self) -> String {
        format!("oauth-{}", self.client_id)
    }

    /// The reference server's name of the entry for one site.
    fn user_of_site(&self, tokens: &Tokens) -> Option<String> {
        if let Some(id) = &tokens.cloud_id {
            return Some(format!("oauth-{}-cloud-{id}", self.client_id));
        }
        let base = tokens.base_url.as_ref()?;
        let hash = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, base.as_bytes()));
        Some(format!("oauth-{}-dc-{}", self.client_id, hash.get(..8).unwrap_or_default()))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let failed =
        |error: tokio::task::JoinError| StoreError::File { file: String::new(), cause: error.to_string() };
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn read(path: &Path) -> Result<Option<Tokens>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, &error)),
    };
    path.parent().map_or(Ok(()), refuse_shared)?;
    tighten(path, 0o600);
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    file.take(FILE_LIMIT).read_to_end(&mut bytes).map_err(|error| failed(path, &error))?;
    let tokens = std::str::from_utf8(&bytes).ok().and_then(Tokens::from_stored);
    tokens.map(Some).ok_or_else(|| StoreError::Corrupt(path.display().to_string()))
}

/// Beside the file and into its place, so that nobody ever reads half of it.
fn write(directory: &Path, path: &Path, text: &Secret) -> Result<(), StoreError> {
    make_directory(directory)?;
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| failed(path, &std::io::Error::other("no random bytes")))?;
    let beside = path.with_extension(format!("{}.new", hex::encode(random)));
    let written = owned().create_new(true).open(&beside).and_then(|mut file| {
        file.write_all(text.expose().as_bytes())?;
        file.sync_all()
    });
    let placed = written.and_then(|()| std::fs::rename(&beside, path)).and_then(|()| sync(directory));
    placed.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        failed(path, &error)
    })
}

fn make_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| failed(directory, &error))?;
    refuse_shared(directory)?;
    tighten(directory, 0o700);
    Ok(())
}

/// After a crash the old tokens must not be back: they are used up.
#[cfg(unix)]
fn sync(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_directory: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Files that only their owner can read, from the moment they are there.
fn owned() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A directory such as `/tmp` is never made one user's own: others need it, and what lies in it may be theirs.
#[cfg(unix)]
fn refuse_shared(directory: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(directory).map_err(|error| failed(directory, &error))?;
    let mode = metadata.permissions().mode();
    if mode & 0o1000 == 0 || mode & 0o022 == 0 {
        return Ok(());
    }
    let cause = "others may write to it; give the tokens a directory of their own".to_owned();
    Err(StoreError::File { file: directory.display().to_string(), cause })
}

#[cfg(not(unix))]
fn refuse_shared(_directory: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Takes away what others could do with it.
#[cfg(unix)]
fn tighten(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = std::fs::metadata(path) else { return };
    let others = metadata.permissions().mode() & 0o077;
    if others == 0 {
        return;
    }
    let shown = path.display();
    match std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)) {
        Ok(()) => {
            tracing::warn!("others could read `{shown}`, which holds OAuth tokens; its mode is {mode:o} now");
        }
        Err(error) => tracing::warn!(%error, "others can read `{shown}`, which holds OAuth tokens"),
    }
}

#[cfg(not(unix))]
fn tighten(_path: &Path, _mode: u32) {}

fn failed(file: &Path, error: &std::io::Error) -> StoreError {
    StoreError::File { file: file.display().to_string(), cause: error.to_string() }
}
