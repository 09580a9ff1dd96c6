//! The kill switch: a file in the state directory that an administrator writes and every call looks at.
//!
//! It works beside the policies, so that nothing which is wrong with them is in its way. There is no file where nothing is
//! frozen; a file that cannot be understood freezes everything.

use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::policy::Access;

/// The name of the file in the state directory.
const FILE: &str = "freeze.json";

/// The longest reason, in characters: callers read it.
const LONGEST_REASON: usize = 200;

/// What is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every call that writes.
    Writes,
    /// Every call.
    All,
}

/// A freeze: what the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// What is frozen.
    pub scope: Scope,
    /// Since when.
    pub since: Timestamp,
    /// Who did it, as the operating system knows them.
    pub by: String,
    /// Why; callers are told.
    pub reason: Option<String>,
}

/// Whether anything is frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Free,
    /// As a freeze says.
    Frozen(Freeze),
    /// Everything, because this is wrong with the file.
    Unreadable(String),
}

/// Why a call is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen(State);

/// Why a freeze is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BrakeError {
    /// There is no state directory, so no server looks there.
    #[error(
        "no server has used the state directory `{0}`; name the one of the server with --state or --config"
    )]
    Nowhere(PathBuf),
    /// More is frozen already.
    #[error(
        "everything is frozen already, and a freeze never frees anything; `portcullis policy thaw` first"
    )]
    Wider,
    /// The reason cannot be shown to callers.
    #[error("a reason has 1 to {LONGEST_REASON} characters on one line")]
    Reason,
    /// The file cannot be written.
    #[error("cannot write `{path}`: {cause}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// The switch of one state directory.
#[derive(Debug, Clone)]
pub struct Brake {
    directory: PathBuf,
    /// Whether the directory was there, so that its absence says nothing of what is frozen.
    was_there: bool,
}

impl Scope {
    /// The word in commands, records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::All => "all",
        }
    }
}

impl Brake {
    /// The switch of a server with this state directory.
    pub fn of(state_directory: &Path) -> Self {
        Self { directory: state_directory.to_owned(), was_there: false }
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.directory.join(FILE)
    }

    /// Makes the directory, for this user alone, so that there is one to write to.
    pub fn prepare(&mut self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        self.was_there = true;
        Ok(())
    }

    /// Whether anything is frozen now. It is read every time: a freeze binds the next call. That is one small file, and
    /// mostly none.
    pub fn state(&self) -> State {
        match fs::read(self.file()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.was_there && !self.directory.is_dir() {
                    return State::Unreadable(format!("`{}` is gone", self.directory.display()));
                }
                State::Free
            }
            Err(error) => State::Unreadable(format!("`{}`: {error}", self.file().display())),
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(freeze) => State::Frozen(freeze),
                Err(error) => State::Unreadable(format!("`{}`: {error}", self.file().display())),
            },
        }
    }

    /// Nothing, if a call of this kind may go on.
    pub fn check(&self, access: Access) -> Result<(), Frozen> {
        match self.state() {
            State::Free => Ok(()),
            State::Frozen(Freeze { scope: Scope::Writes, .. }) if access == Access::Read => Ok(()),
            state => Err(Frozen(state)),
        }
    }

    /// Freezes. When it returns, no call begins that the freeze forbids. It never frees what is frozen.
    pub fn freeze(&self, freeze: &Freeze) -> Result<(), BrakeError> {
        check_reason(freeze.reason.as_deref())?;
        if !self.directory.is_dir() {
            return Err(BrakeError::Nowhere(self.directory.clone()));
        }
        if self.state().scope().is_some_and(|frozen| frozen > freeze.scope) {
            return Err(BrakeError::Wider);
        }
        self.write(freeze).map_err(|cause| BrakeError::Write { path: self.file(), cause })
    }

    /// Frees what is frozen.
    pub fn thaw(&self) -> Result<(), BrakeError> {
        let removed = fs::remove_file(self.file()).and_then(|()| sync(&self.directory));
        match removed {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(|cause| BrakeError::Write { path: self.file(), cause }),
        }
    }

    /// Puts the whole file in its place at once, on disk when it returns.
    fn write(&self, freeze: &Freeze) -> io::Result<()> {
        let new = self.directory.join(format!(".{FILE}.{}", std::process::id()));
        let mut file = File::create(&new)?;
        // It is no secret, and the server may be another user than the one who freezes: the directory keeps others out.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.write_all(&serde_json::to_vec_pretty(freeze)?)?;
        file.sync_all()?;
        fs::rename(&new, self.file())?;
        sync(&self.directory)
    }
}

/// Whether a reason can be shown to callers.
pub fn check_reason(reason: Option<&str>) -> Result<(), BrakeError> {
    let shown = |reason: &str| {
        let length = reason.trim().chars().count();
        (1..=LONGEST_REASON).contains(&length) && !reason.chars().any(char::is_control)
    };
    if reason.is_none_or(shown) { Ok(()) } else { Err(BrakeError::Reason) }
}

fn sync(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

impl State {
    /// What is frozen, if anything is.
    pub fn scope(&self) -> Option<Scope> {
        match self {
            Self::Free => None,
            Self::Frozen(freeze) => Some(freeze.scope),
            Self::Unreadable(_) => Some(Scope::All),
        }
    }
}

/// For operators: who, when and why, or what is wrong with the file.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("nothing is frozen"),
            Self::Frozen(Freeze { scope, since, by, reason }) => {
                write!(f, "frozen: {}, since {since:.0}, by {by}", scope.as_str())?;
                reason.iter().try_for_each(|reason| write!(f, ": {reason}"))
            }
            Self::Unreadable(problem) => write!(f, "frozen: all, because {problem}"),
        }
    }
}

/// For callers: what was frozen, when and why, but not by whom.
impl fmt::Display for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Frozen(Freeze { scope, since, reason, .. }) => {
                let what = match scope {
                    Scope::Writes => "everything that writes",
                    Scope::All => "everything",
                };
                write!(f, "frozen: an administrator stopped {what} at {since:.0}")?;
                reason.iter().try_for_each(|reason| write!(f, ": {reason}"))?;
                f.write_str("; try again when it is thawed")
            }
            State::Free | State::Unreadable(_) => f.write_str(
                "frozen: this server cannot tell what its administrator has frozen, so it does nothing; ask your \
                 administrator",
            ),
        }
    }
}

impl Frozen {
    /// What only the operator should read, where there is something to repair.
    pub fn operator(&self) -> Option<String> {
        match &self.0 {
            state @ State::Unreadable(_) => {
                Some(format!("{state}; `portcullis policy thaw` or a new freeze replaces the file"))
            }
            State::Free | State::Frozen(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freeze(scope: Scope, reason: Option<&str>) -> Freeze {
        let since = "2026-11-29T02:00:00Z".parse().unwrap();
        Freeze { scope, since, by: "uid:0".to_owned(), reason: reason.map(str::to_owned) }
    }

    #[test]
    fn a_freeze_holds_until_it_is_thawed() {
        let home = tempfile::tempdir().unwrap();
        let brake = Brake::of(home.path());
        let free = || [Access::Read, Access::Write].map(|access| brake.check(access).is_ok());
        assert_eq!(free(), [true, true]);
        brake.freeze(&freeze(Scope::Writes, Some("incident 7"))).unwrap();
        assert_eq!(free(), [true, false]);
        assert_eq!(
            brake.check(Access::Write).unwrap_err().to_string(),
            "frozen: an administrator stopped everything that writes at 2026-11-29T02:00:00Z: incident 7; try again \
             when it is thawed"
        );
        brake.freeze(&freeze(Scope::All, None)).unwrap();
        assert_eq!(free(), [false, false]);
        assert!(matches!(brake.freeze(&freeze(Scope::Writes, None)), Err(BrakeError::Wider)));
        assert_eq!(free(), [false, false], "a freeze frees nothing");
        brake.thaw().unwrap();
        brake.thaw().unwrap();
        assert_eq!(free(), [true, true]);
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn a_file_that_says_nothing_freezes_everything() {
        let home = tempfile::tempdir().unwrap();
        let brake = Brake::of(home.path());
        for text in ["", "{}", "nonsense", "{\"scope\": \"none\"}"] {
            fs::write(brake.file(), text).unwrap();
            assert_eq!(brake.state().scope(), Some(Scope::All), "{text}");
            let frozen = brake.check(Access::Read).unwrap_err();
            assert!(
                frozen.operator().unwrap().contains(FILE) && !frozen.to_string().contains(FILE),
                "{frozen}"
            );
        }
        fs::remove_file(brake.file()).unwrap();
        fs::create_dir(brake.file()).unwrap();
        assert_eq!(brake.state().scope(), Some(Scope::All), "a directory in its place");
        let mut brake = Brake::of(&home.path().join("state"));
        assert_eq!(brake.state(), State::Free, "nothing was there yet");
        brake.prepare().unwrap();
        assert_eq!(brake.state(), State::Free);
        fs::remove_dir(home.path().join("state")).unwrap();
        assert_eq!(brake.state().scope(), Some(Scope::All), "it was there, and what it said is gone");
    }

    #[test]
    fn what_cannot_be_told_to_callers_is_no_reason() {
        let home = tempfile::tempdir().unwrap();
        let brake = Brake::of(home.path());
        for reason in ["", "  ", "two\nlines", "\u{1b}[31m", &"x".repeat(201)] {
            let refused = brake.freeze(&freeze(Scope::All, Some(reason)));
            assert!(matches!(refused, Err(BrakeError::Reason)), "{reason:?}");
            assert_eq!(brake.state(), State::Free);
        }
        let nowhere = Brake::of(&home.path().join("nowhere")).freeze(&freeze(Scope::All, None));
        assert!(nowhere.unwrap_err().to_string().contains("no server has used"));
    }
}
