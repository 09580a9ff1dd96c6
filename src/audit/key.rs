//! The key that argument values are hashed with, so that the log holds no value but can be searched for one; and the key
//! derived from it that every record is sealed with.

use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use aws_lc_rs::constant_time;
use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::AuditError;

/// The file of a key that was made here.
const FILE: &str = "audit-hmac.key";

/// The shortest text that a file may hold as a key.
const SHORTEST: usize = 32;

/// The key for argument values.
#[derive(Clone)]
pub struct HmacKey {
    key: hmac::Key,
    records: RecordKey,
    id: String,
}

/// The key that every record is sealed with: who has it not cannot add one to the file of a process that was killed.
#[derive(Clone)]
pub(super) struct RecordKey {
    key: hmac::Key,
    id: String,
}

impl RecordKey {
    /// How a sealed line ends: `,"mac":"<32 hexadecimal digits>"}`.
    const BEFORE: &str = ",\"mac\":\"";
    const AFTER: &str = "\"}";
    const DIGITS: usize = 32;

    /// Seals the line of a record that begins here, whose last brace is its last character.
    pub(super) fn seal(&self, text: &mut String, start: usize) {
        text.pop();
        let mac = self.mac(text.as_bytes().get(start..).unwrap_or_default());
        for part in [Self::BEFORE, &mac, Self::AFTER] {
            text.push_str(part);
        }
    }

    /// Whether a line was sealed with this key.
    pub(super) fn has_sealed(&self, line: &[u8]) -> bool {
        let ends = Self::BEFORE.len() + Self::DIGITS + Self::AFTER.len();
        let Some((body, end)) = line.len().checked_sub(ends).map(|place| line.split_at(place)) else {
            return false;
        };
        let wanted = [Self::BEFORE, &self.mac(body), Self::AFTER].concat();
        constant_time::verify_slices_are_equal(end, wanted.as_bytes()).is_ok()
    }

    /// The key's id in the first record of a file.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn mac(&self, body: &[u8]) -> String {
        short_hex(hmac::sign(&self.key, body).as_ref(), Self::DIGITS / 2)
    }
}

impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordKey({})", self.id)
    }
}

impl HmacKey {
    /// A key from a configured secret.
    pub fn from_secret(secret: &str) -> Self {
        Self::new(secret.trim().as_bytes())
    }

    /// The key in a file, as [`Self::load_or_create`] has made it. None is made.
    ///
    /// # Errors
    /// If the file cannot be read, or is too short for a key.
    pub fn read(path: &Path) -> Result<Self, AuditError> {
        let text =
            Zeroizing::new(std::fs::read_to_string(path).map_err(|error| failed(path, error.to_string()))?);
        if text.trim().len() < SHORTEST {
            return Err(failed(path, format!("it is shorter than {SHORTEST} characters")));
        }
        Ok(Self::from_secret(&text))
    }

    /// Where the key of this machine is.
    pub fn path(state_directory: &Path) -> PathBuf {
        state_directory.join(FILE)
    }

    /// The key of this machine: read from the state directory, or made there at first start (0600).
    ///
    /// Returns whether it was made just now; then it has to be reported.
    pub fn load_or_create(state_directory: &Path) -> Result<(Self, bool), AuditError> {
        let (text, made) = load_or_make(state_directory, FILE)?;
        Ok((Self::from_secret(&text), made))
    }

    fn new(bytes: &[u8]) -> Self {
        let id = short_hex(digest::digest(&digest::SHA256, bytes).as_ref(), 4);
        // No HMAC with the key itself, of which the log has as many as callers want, is this one.
        let mut derived = digest::Context::new(&digest::SHA256);
        derived.update(b"portcullis audit records\0");
        derived.update(bytes);
        let records = hmac::Key::new(hmac::HMAC_SHA256, derived.finish().as_ref());
        let records = RecordKey { key: records, id: id.clone() };
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, bytes), records, id }
    }

    /// The key that records are sealed with.
    pub(super) fn records(&self) -> &RecordKey {
        &self.records
    }

    /// The key's id in records: the start of its SHA-256.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A value as it stands in records: `hmac:<32 hexadecimal digits>`. The record names the key's id once.
    pub fn digest(&self, value: &str) -> String {
        format!("hmac:{}", short_hex(hmac::sign(&self.key, value.as_bytes()).as_ref(), 16))
    }
}

impl std::fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HmacKey({})", self.id)
    }
}

/// The text of a key of this machine: read from the state directory, or made there at first start (0600), and whether
/// it was made just now.
pub(super) fn load_or_make(
    directory: &Path,
    name: &'static str,
) -> Result<(Zeroizing<String>, bool), AuditError> {
    let path = directory.join(name);
    let broken = |error: io::Error| failed(&path, error.to_string());
    private_directory(directory).map_err(broken)?;
    let made = !path.try_exists().map_err(broken)? && make(directory, name).map_err(broken)?;
    let text = Zeroizing::new(std::fs::read_to_string(&path).map_err(broken)?);
    if text.trim().len() < SHORTEST {
        let cause = format!("it is shorter than {SHORTEST} characters; remove it to have a new one made");
        return Err(failed(&path, cause));
    }
    if readable_by_others(&path).map_err(broken)? {
        let cause = "others can read it; take that from them with `chmod 600`".to_owned();
        return Err(failed(&path, cause));
    }
    Ok((text, made))
}

pub(super) fn failed(path: &Path, cause: String) -> AuditError {
    AuditError::Key { path: path.display().to_string(), cause }
}

/// Makes a key under another name and gives it its own when it is whole: no start, of however many processes at
/// once, ever sees half a key. False if another process was first.
fn make(directory: &Path, name: &str) -> io::Result<bool> {
    let draft = directory.join(format!("{name}.{}", short_hex(random()?.as_slice(), 8)));
    let written = private_file(&draft)
        .and_then(|mut file| file.write_all(random_text()?.as_bytes()).and_then(|()| file.sync_all()));
    // A link, unlike a rename, never replaces what is there.
    let linked = written.and_then(|()| std::fs::hard_link(&draft, directory.join(name)));
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => sync_directory(directory).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Makes a directory, and those above it, for this user alone.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a new file for this user alone, to append to.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().append(true).create_new(true)).open(path)
}

/// A file that is made with these options is for this user alone.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes the name of a new file durable as well.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn random() -> io::Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| io::Error::other("no random numbers"))?;
    Ok(bytes)
}

fn random_text() -> io::Result<Zeroizing<String>> {
    Ok(Zeroizing::new(hex::encode(random()?.as_slice())))
}

/// The first bytes, as hexadecimal digits.
fn short_hex(bytes: &[u8], count: usize) -> String {
    hex::encode(bytes.get(..count).unwrap_or(bytes))
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
            std::fs::set_permissions(directory.join(FILE), std::fs::Permissions::from_mode(0o644)).unwrap();
            let error = HmacKey::load_or_create(&directory).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
        std::fs::write(directory.join(FILE), "short").unwrap();
        assert!(HmacKey::load_or_create(&directory).unwrap_err().to_string().contains("remove it"));
    }

    #[test]
    fn processes_that_start_at_once_share_one_whole_key() {
        let state = tempfile::tempdir().unwrap();
        let directory = state.path().join("state");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let directory = directory.clone();
                std::thread::spawn(move || HmacKey::load_or_create(&directory).unwrap())
            })
            .collect();
        let keys: Vec<(HmacKey, bool)> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert!(keys.iter().all(|(key, _)| key.digest("x") == keys[0].0.digest("x")));
        assert_eq!(keys.iter().filter(|(_, made)| *made).count(), 1);
        let left: Vec<_> =
            std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [FILE], "a draft was left behind");
    }

    #[test]
    fn a_digest_is_hmac_sha256_with_the_keys_id() {
        // RFC 4231, test case 2, cut to 16 bytes.
        let key = HmacKey::from_secret(" Jefe\n");
        let (value, tag) = ("what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c7");
        assert_eq!(key.digest(value), format!("hmac:{tag}"));
        assert_eq!(format!("{key:?}"), format!("HmacKey({})", key.id()));
    }

    #[test]
    fn a_state_directory_that_cannot_be_made_is_an_error_with_its_path() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = HmacKey::load_or_create(&file.join("state")).unwrap_err().to_string();
        assert!(error.contains("audit-hmac.key") && error.contains("file"), "{error}");
    }
}
