//! Where policies come from: a built-in profile or a directory.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use crate::ids::InstanceName;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::PolicyError;
use crate::policy::Product;

/// Which policies hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// The built-in profile that permits reading and forbids writing.
    ReadOnly,
    /// The built-in profile that permits reading and writing.
    ReadWrite,
    /// The operator's own: every `*.cedar` of a directory.
    Directory(PathBuf),
}

/// What an engine is made of, besides the tools.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Which policies hold.
    pub source: PolicySource,
    /// Forbids every write, whatever the policies say.
    pub read_only: bool,
    /// Forbids every write to these sites; with the default one, to the whole product.
    pub read_only_sites: BTreeSet<(Product, InstanceName)>,
    /// Every configured Jira; if its projects are not empty, everything outside of them is forbidden and not visible.
    pub projects: BTreeMap<InstanceName, Vec<ProjectKey>>,
    /// Every configured Confluence; if its spaces are not empty, everything outside of them is forbidden and not
    /// visible.
    pub spaces: BTreeMap<InstanceName, Vec<SpaceKey>>,
    /// The names under which all sites are Data Centers, whose users are named in small letters; nothing where no site
    /// is configured.
    pub data_centers: Option<BTreeSet<InstanceName>>,
    /// The record without which these policies are not taken.
    pub require_proof: Option<PathBuf>,
    /// Projects in which no comment may be public, whatever the instance.
    pub internal_only: Vec<ProjectKey>,
    /// The only tools that may be called, by name; `None` is no limit.
    pub enabled_tools: Option<BTreeSet<String>>,
    /// The only toolsets whose tools may be called; `None` is no limit.
    pub toolsets: Option<BTreeSet<String>>,
}

impl EngineSettings {
    /// These policies and nothing else.
    pub fn alone(source: PolicySource) -> Self {
        Self {
            source,
            read_only: false,
            read_only_sites: BTreeSet::new(),
            projects: BTreeMap::new(),
            spaces: BTreeMap::new(),
            data_centers: None,
            require_proof: None,
            internal_only: Vec::new(),
            enabled_tools: None,
            toolsets: None,
        }
    }
}

/// The text of one file of policies.
#[derive(Debug, Clone)]
pub(super) struct PolicyFile {
    pub(super) name: String,
    pub(super) text: String,
    /// Written by us: its ids may use our prefix, and a policy no tool can match is no error.
    pub(super) built_in: bool,
}

impl PolicyFile {
    pub(super) fn built_in(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), built_in: true }
    }
}

impl PolicySource {
    /// What errors call it.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::ReadOnly => PathBuf::from("read-only"),
            Self::ReadWrite => PathBuf::from("read-write"),
            Self::Directory(path) => path.clone(),
        }
    }

    pub(super) fn read(&self) -> Result<Vec<PolicyFile>, PolicyError> {
        match self {
            Self::ReadOnly => Ok(vec![PolicyFile::built_in(
                "read-only/read-only.cedar",
                include_str!("../../policies/read-only/read-only.cedar"),
            )]),
            Self::ReadWrite => Ok(vec![PolicyFile::built_in(
                "read-write/read-write.cedar",
                include_str!("../../policies/read-write/read-write.cedar"),
            )]),
            Self::Directory(path) => read_directory(path),
        }
    }
}

/// One file, or every policy file of a directory.
#[cfg(feature = "prove")]
pub(super) fn read_path(path: &Path) -> Result<Vec<PolicyFile>, PolicyError> {
    if !path.is_file() {
        return read_directory(path);
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(vec![PolicyFile { name: path.display().to_string(), text, built_in: false }]),
        Err(cause) => Err(PolicyError::Read { path: path.to_owned(), cause }),
    }
}

/// Every `*.cedar` directly in the directory, sorted; links are followed, names with a leading dot are not taken. One that
/// lies deeper is an error: it may be a forbid that somebody relies on.
fn read_directory(path: &Path) -> Result<Vec<PolicyFile>, PolicyError> {
    if path.is_file() {
        return Err(PolicyError::File(path.to_owned()));
    }
    let unreadable = |path: &Path, cause| PolicyError::Read { path: path.to_owned(), cause };
    let (mut paths, mut below) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(path).map_err(|cause| unreadable(path, cause))? {
        let entry = entry.map_err(|cause| unreadable(path, cause))?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let entry = entry.path();
        if is_policies(&entry) {
            paths.push(entry);
        } else if entry.is_dir() {
            below.push(entry);
        }
    }
    // In a directory without policies the others are profiles, each of which is read for itself.
    for directory in below.iter().filter(|_| !paths.is_empty()) {
        let inside = std::fs::read_dir(directory).map_err(|cause| unreadable(directory, cause))?;
        let inside = inside.filter_map(|entry| Some(entry.ok()?.path()));
        if let Some(stray) = inside.filter(|path| is_policies(path)).min() {
            return Err(PolicyError::TooDeep(stray));
        }
    }
    if paths.is_empty() {
        return Err(PolicyError::NoFiles(path.to_owned()));
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|cause| unreadable(&path, cause))?;
            Ok(PolicyFile { name: path.display().to_string(), text, built_in: false })
        })
        .collect()
}

/// Whether a file is one of policies, in letters of either case.
fn is_policies(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("cedar"))
}

/// The path itself if it holds policies, else the directories in it, each of which must.
#[cfg(feature = "prove")]
pub(super) fn profiles(path: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    if path.is_file() {
        return Err(PolicyError::File(path.to_owned()));
    }
    let entries = |path: &Path| -> Result<Vec<PathBuf>, PolicyError> {
        let unreadable = |cause| PolicyError::Read { path: path.to_owned(), cause };
        let entries = std::fs::read_dir(path).map_err(unreadable)?;
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(unreadable)).collect()
    };
    let policies = |path: &Path| -> Result<Option<PathBuf>, PolicyError> {
        let mut files = entries(path)?.into_iter();
        Ok(files.find(|file| is_policies(file)))
    };
    let mut inside: Vec<PathBuf> = entries(path)?.into_iter().filter(|entry| entry.is_dir()).collect();
    inside.sort();
    let mut profiles = Vec::new();
    for directory in inside {
        if policies(&directory)?.is_some() {
            profiles.push(directory);
        }
    }
    match (policies(path)?, profiles.is_empty()) {
        (Some(stray), false) => Err(PolicyError::Stray(stray)),
        (Some(_), true) => Ok(vec![path.to_owned()]),
        (None, false) => Ok(profiles),
        (None, true) => Err(PolicyError::NoFiles(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_of_policies_is_passed_over() {
        for (files, wanted) in [
            (&["a.cedar", "tests/a.toml", "notes/b.md", ".git/c.cedar"][..], Ok(1)),
            (&["a.cedar", "B.CEDAR", "c.cedar.disabled"], Ok(2)),
            (&["a.cedar", "more/deny.cedar"], Err("more/deny.cedar` is not read")),
            (&["a.cedar", "more/deny.CEDAR"], Err("more/deny.CEDAR` is not read")),
            (&["more/deny.cedar"], Err("ends in `.cedar`")),
        ] {
            let directory = tempfile::tempdir().unwrap();
            for file in files {
                let path = directory.path().join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
            match (read_directory(directory.path()), wanted) {
                (Ok(read), Ok(count)) => assert_eq!(read.len(), count, "{files:?}"),
                (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
                (read, _) => panic!("{files:?}: {read:?}"),
            }
        }
    }
}
