//! Why policies were not loaded. All of it stops the server: there is no running without a valid set.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// Why no engine could be made of the policies.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file or the directory could not be read.
    #[error("cannot read `{path}`: {cause}")]
    Read {
        /// What was read.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file was named where a directory is wanted.
    #[error(
        "`{}` is a file; give its directory `{}`: all files in it that end in `.cedar` hold together",
        .0.display(),
        directory_of(.0).display()
    )]
    File(PathBuf),
    /// The directory has no policy file.
    #[error("no file in `{0}` ends in `.cedar`; put the policies there or choose another directory")]
    NoFiles(PathBuf),
    /// The files hold no policy.
    #[error("`{0}` holds no policy, so every call would be denied; write at least one permit")]
    NoPolicies(PathBuf),
    /// The tools do not make a schema: a defect of the program.
    #[error("the tool list makes no valid schema: {0}")]
    Tools(String),
    /// A file of properties is not valid.
    #[error("{0}")]
    Properties(String),
    /// There is nothing to prove.
    #[error("`{0}` names nothing to prove; write there what must hold, such as `never_errors = true`")]
    NoProperties(PathBuf),
    /// The server may start with a proof only, and there is none.
    #[error(
        "policy.require_proof: {problem}; to make the record, run: portcullis policy prove --record {record}"
    )]
    Proof {
        /// What is wrong with the record.
        problem: String,
        /// The record's file, as a command line takes it.
        record: String,
    },
    /// The prover itself does not run.
    #[error("the prover cannot run: {0}")]
    Prover(String),
    /// A file of policies lies where no profile is.
    #[error("`{0}` is outside of a profile; move it into a directory of its own")]
    Stray(PathBuf),
    /// A file of policies lies deeper than policies are read.
    #[error(
        "`{0}` is not read: policies are the files `*.cedar` directly in their directory; move it there, or away from here"
    )]
    TooDeep(PathBuf),
    /// The cases of a profile do not all come out as expected.
    #[error("the tests of the policies fail: {}", .0.join("\n"))]
    Cases(Vec<String>),
    /// The files were changed while they were read.
    #[error(
        "the files changed while they were read, so what was tested is not what would be taken; read them again"
    )]
    Changing,
    /// At least one policy is not valid; [`Self::problems`] lists all.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

impl PolicyError {
    /// What is wrong in the policy files, one by one.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            Self::Read { .. }
            | Self::File(_)
            | Self::NoFiles(_)
            | Self::NoPolicies(_)
            | Self::Tools(_)
            | Self::Properties(_)
            | Self::NoProperties(_)
            | Self::Prover(_)
            | Self::Stray(_)
            | Self::TooDeep(_)
            | Self::Cases(_)
            | Self::Changing
            | Self::Proof { .. } => &[],
        }
    }

    /// What a command says of it: with the lines of the files where something is wrong.
    pub fn explained(&self) -> String {
        match self.problems() {
            [] => self.to_string(),
            problems => problems.iter().map(Problem::explained).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// One thing that is wrong in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The policy's id, if it has one.
    pub policy: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
    /// The line it is in, where there is one to show.
    pub excerpt: Option<Excerpt>,
}

/// The line of a policy file that something is wrong in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line.
    pub text: String,
    /// How many characters of it are meant, from the problem's column on.
    pub width: usize,
}

/// For example ``ops.cedar:4:17: policy `ops-read`: unrecognized action ...``.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if let Some(policy) = &self.policy {
            write!(f, "policy `{policy}`: ")?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl Problem {
    /// The same over several lines for somebody who has the file open: the line with a caret under what is meant, and
    /// what to write instead.
    pub fn explained(&self) -> String {
        let Some(Excerpt { text, width }) = &self.excerpt else { return self.to_string() };
        let said = Self { help: None, excerpt: None, ..self.clone() };
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // A tab is as wide above as below.
        let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
        let before: String = text.chars().take(self.column.saturating_sub(1)).map(blank).collect();
        let shown: String =
            text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
        let caret = "^".repeat((*width).max(1));
        let mut told = format!("{said}\n  {number} | {shown}\n  {margin} | {before}{caret}");
        if let Some(help) = &self.help {
            told.extend(["\n  ", &margin, " = ", help]);
        }
        told
    }
}

fn directory_of(file: &Path) -> &Path {
    let parent = file.parent().unwrap_or(file);
    if parent.as_os_str().is_empty() { Path::new(".") } else { parent }
}

fn lines(problems: &[Problem]) -> String {
    match problems {
        [] => "the policies are not valid".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => rest.iter().fold(first.to_string(), |text, next| format!("{text}\n{next}")),
    }
}
