//! A directory is a profile, or holds profiles: what lies in neither is never read by a server, and so an error.

use std::path::Path;
use std::path::PathBuf;

use crate::policy::CaseFile;
use crate::policy::PolicyError;
use crate::policy::Problem;

/// A directory of policies that hold together, with the cases they are tested by.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The name of the directory.
    pub name: String,
    /// Where it is.
    pub directory: PathBuf,
    /// The files `tests/*.toml` in it.
    pub cases: Vec<CaseFile>,
}

/// The profile that a directory is, or those in it.
///
/// # Errors
/// If the directory cannot be read, has no policy, or has a `.cedar` file outside of a profile.
pub fn profiles(path: &Path) -> Result<Vec<Profile>, PolicyError> {
    if path.is_file() {
        return Err(PolicyError::File(path.to_owned()));
    }
    let own = files(path, "cedar")?;
    let mut inner = Vec::new();
    let mut strays = Vec::new();
    for directory in directories(path)? {
        if !files(&directory, "cedar")?.is_empty() {
            inner.push(directory.clone());
        }
        for below in directories(&directory)? {
            strays.extend(below_all(&below)?);
        }
    }
    if !own.is_empty() {
        // Directories with policies beside a file with policies: one of them is in the wrong place.
        strays.extend(if inner.is_empty() { Vec::new() } else { own.clone() });
        inner = vec![path.to_owned()];
    }
    if !strays.is_empty() {
        return Err(PolicyError::Invalid(strays.iter().map(|file| stray(file)).collect()));
    }
    if inner.is_empty() {
        return Err(PolicyError::NoFiles(path.to_owned()));
    }
    inner.iter().map(|directory| profile(directory)).collect()
}

fn profile(directory: &Path) -> Result<Profile, PolicyError> {
    let resolved = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let name = resolved.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Profile {
        name: name.unwrap_or_else(|| directory.display().to_string()),
        directory: directory.to_owned(),
        cases: cases(directory)?,
    })
}

/// The files `tests/*.toml` of a profile.
pub(super) fn cases(directory: &Path) -> Result<Vec<CaseFile>, PolicyError> {
    let tests = directory.join("tests");
    let found = if tests.is_dir() { files(&tests, "toml")? } else { Vec::new() };
    let read = |file: PathBuf| match std::fs::read_to_string(&file) {
        Ok(text) => Ok(CaseFile { name: file.display().to_string(), text }),
        Err(cause) => Err(PolicyError::Read { path: file, cause }),
    };
    found.into_iter().map(read).collect()
}

fn stray(file: &Path) -> Problem {
    Problem {
        file: file.display().to_string(),
        line: 1,
        column: 1,
        policy: None,
        message: "is outside of a profile directory, so no server reads it with the others".to_owned(),
        help: Some("move it into `<profile>/` beside the other policies of that profile".to_owned()),
        excerpt: None,
    }
}

/// Every `.cedar` file of a directory and of those in it.
fn below_all(path: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    let mut found = files(path, "cedar")?;
    for directory in directories(path)? {
        found.extend(below_all(&directory)?);
    }
    Ok(found)
}

fn files(path: &Path, extension: &str) -> Result<Vec<PathBuf>, PolicyError> {
    let has = |file: &PathBuf| file.extension().is_some_and(|found| found == extension);
    Ok(entries(path)?.into_iter().filter(|file| has(file) && !file.is_dir()).collect())
}

/// Directories that are links are not gone into: a loop would have no end.
fn directories(path: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    Ok(entries(path)?.into_iter().filter(|entry| entry.is_dir() && !entry.is_symlink()).collect())
}

/// What is in a directory, sorted, without names that begin with a dot.
fn entries(path: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    let failed = |cause| PolicyError::Read { path: path.to_owned(), cause };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[&str]) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let prefix = format!("{}/", directory.path().display());
        match profiles(directory.path()) {
            Ok(found) => {
                let single = found.len() == 1 && found[0].directory == directory.path();
                let name = |profile: &Profile| if single { ".".to_owned() } else { profile.name.clone() };
                Ok(found.iter().map(|profile| format!("{} {}", name(profile), profile.cases.len())).collect())
            }
            Err(error) => Err(error.to_string().replace(&prefix, "")),
        }
    }

    #[test]
    fn a_policy_outside_of_a_profile_is_an_error() {
        let ok = |found: &[&str]| Ok(found.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(told(&["a.cedar", "tests/a.toml", "tests/readme.md"]), ok(&[". 1"]));
        assert_eq!(
            told(&["x/a.cedar", "y/b.cedar", "y/tests/b.toml", "docs/x.md", "z.cedarschema"]),
            ok(&["x 0", "y 1"])
        );
        assert_eq!(told(&["x/a.cedar", ".git/b.cedar", "x/.old.cedar"]), ok(&["x 0"]));
        for (files, stray) in [
            (&["x/a.cedar", "loose.cedar"][..], "loose.cedar:1:1: is outside of a profile directory"),
            (&["a.cedar", "old/deeper/b.cedar"], "old/deeper/b.cedar:1:1: is outside"),
            (&["x/a.cedar", "x/tests/b.cedar"], "x/tests/b.cedar:1:1: is outside"),
        ] {
            let problem = told(files).unwrap_err();
            assert!(problem.starts_with(stray), "{problem}");
        }
        assert!(told(&["x/readme.md"]).unwrap_err().contains("ends in `.cedar`"));
    }
}
