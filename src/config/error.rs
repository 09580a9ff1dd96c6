//! What can be wrong with the settings, said so that the next step is plain. No message shows a secret.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A key of a TOML file.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, as `section.key`.
        key: String,
    },
    /// A variable of an `.env` file.
    EnvironmentFile {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The variable.
        name: String,
    },
    /// A variable of the process.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, key: name } | Self::EnvironmentFile { file, line, name } => {
                write!(formatter, "{}:{line}: {name}", file.display())
            }
            Self::Environment(name) | Self::Flag(name) => formatter.write_str(name),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value that the setting does not take.
    #[error("{origin}: {problem}")]
    Value {
        /// Where it was given.
        origin: Origin,
        /// What is wrong and what to write; shows the value unless it is a secret.
        problem: String,
    },
    /// A key or `PORTCULLIS_` variable that does not exist.
    #[error("{origin} is not a known setting{hint}")]
    Unknown {
        /// Where it was given.
        origin: Origin,
        /// The nearest known name, as the end of the sentence.
        hint: String,
    },
    /// A variable of the reference server that asks for what this server does not do.
    #[error("{origin}: {problem}")]
    Unsupported {
        /// Where it was given.
        origin: Origin,
        /// What it asks for and what to do.
        problem: String,
    },
    /// Two names of one setting, with different values.
    #[error("{first} and {second} are two names of one setting with different values; keep one")]
    Conflict {
        /// One place.
        first: Box<Origin>,
        /// The other.
        second: Box<Origin>,
    },
    /// Settings that are each right but do not fit together.
    #[error("{0}")]
    Combination(String),
    /// A file that cannot be read.
    #[error("cannot read `{file}`: {reason}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file that is not of its format.
    #[error("{file}:{line}: {message}", file = file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// Neither Jira nor Confluence has an address.
    #[error(
        "neither Jira nor Confluence is configured; set for example\n  JIRA_URL=https://jira.example.com\n  \
         JIRA_PERSONAL_TOKEN=<your token>\nor the same in a TOML file for --config; `portcullis demo` needs neither"
    )]
    NoProduct,
    /// More than one of the above.
    #[error("{}", one_per_line(.0))]
    Several(Vec<ConfigError>),
}

impl ConfigError {
    /// The exit code for a wrong configuration (`EX_CONFIG`).
    pub const EXIT_CODE: u8 = 78;

    /// One error for all of them; `Ok` if there are none.
    pub(super) fn gather(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(errors)),
        }
    }
}

fn one_per_line(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
