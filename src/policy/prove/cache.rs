//! What was proved before, so that an unchanged environment is not asked again.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::policy::engine::hash;

/// Counted up when questions are put otherwise, or more is assumed.
const VERSION: &str = "1";

/// A larger file is begun anew.
const MOST_BYTES: u64 = 16 << 20;

/// One hash a line: of everything the answer depends on. Only what holds is kept.
#[derive(Debug, Default)]
pub(super) struct Cache {
    file: Option<PathBuf>,
    known: BTreeSet<String>,
    /// What every key of this run has in common.
    common: String,
}

impl Cache {
    /// What an earlier run left; a file that cannot be read is as good as none.
    pub(super) fn open(directory: Option<&Path>, solver: &str, schema_hash: &str) -> Self {
        let file = directory.map(|directory| directory.join("proved"));
        let text = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        Self {
            known: text.lines().map(str::to_owned).collect(),
            file,
            common: format!("{VERSION}\n{solver}\n{schema_hash}"),
        }
    }

    /// The key of a question: what is asked, where, and of which policies.
    pub(super) fn key(&self, parts: &[&str]) -> String {
        let counted: Vec<String> = std::iter::once(self.common.as_str())
            .chain(parts.iter().copied())
            .map(|part| format!("{}:{part}\n", part.len()))
            .collect();
        hash(counted.iter().map(String::as_bytes))
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.known.contains(key)
    }

    /// Keeps what was found to hold. A cache that cannot be written makes the next run slower and nothing else.
    pub(super) fn keep(&self, keys: &BTreeSet<String>) {
        let new: Vec<&str> = keys.iter().filter(|key| !self.holds(key)).map(String::as_str).collect();
        let Some(file) = self.file.as_ref().filter(|_| !new.is_empty()) else { return };
        if let Err(error) = append(file, &new) {
            tracing::debug!(file = %file.display(), %error, "what was proved is not kept");
        }
    }
}

fn append(file: &Path, lines: &[&str]) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut text = lines.join("\n");
    text.push('\n');
    if std::fs::metadata(file).is_ok_and(|known| known.len() > MOST_BYTES) {
        return std::fs::write(file, text);
    }
    // In one piece, so that two runs at once do not mix their lines.
    OpenOptions::new().append(true).create(true).open(file)?.write_all(text.as_bytes())
}

/// Where sets that were proved are kept by their hash, for `no_widening_from`.
pub(super) fn recorded_set(directory: &Path, policy_hash: &str) -> PathBuf {
    directory.join("sets").join(format!("{policy_hash}.cedar"))
}

/// Keeps a set by its hash.
pub(super) fn record_set(directory: &Path, policy_hash: &str, text: &str) {
    let file = recorded_set(directory, policy_hash);
    let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    if let Err(error) = made.and_then(|()| std::fs::write(&file, text)) {
        tracing::debug!(file = %file.display(), %error, "the set is not kept");
    }
}
