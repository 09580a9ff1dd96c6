//! Which log a command verifies, and by which keys.

use std::path::PathBuf;

use clap::Args;

use super::selection;
use crate::audit::VerifierKey;
use crate::audit::verify::Finding;
use crate::audit::verify::Verification;
use crate::cli::Cli;
use crate::cli::Failure;

/// The log.
#[derive(Debug, Args)]
pub(super) struct Log {
    /// Files of a log, or their directory; without one, the log of the configuration.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What it is to be signed with.
#[derive(Debug, Args)]
pub(super) struct Anchors {
    /// The key its checkpoints are to be signed with, as `audit key` printed it when it was known to be good; again for
    /// each key there was. Without one, it is what the log itself says.
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<VerifierKey>,
    /// A checkpoint that was kept elsewhere, or a directory of them; again for each. It finds a tail that was cut off and
    /// a log that was written anew.
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
}

impl Log {
    /// The files and directories.
    pub(super) fn paths(&self, cli: &Cli) -> Result<Vec<PathBuf>, Failure> {
        selection::paths(&self.paths, cli)
    }

    /// What is to be verified.
    pub(super) fn verification(&self, anchors: &Anchors, cli: &Cli) -> Result<Verification, Failure> {
        let Anchors { keys, checkpoints } = anchors;
        Ok(Verification { paths: self.paths(cli)?, keys: keys.clone(), checkpoints: checkpoints.clone() })
    }
}

/// A finding on one line of text.
pub(super) fn place(finding: &Finding) -> String {
    match finding.line {
        Some(line) => format!("{}:{line}", finding.file),
        None => finding.file.clone(),
    }
}
