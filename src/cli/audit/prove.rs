//! `portcullis audit prove` and `check-proof`.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;

use super::log::Anchors;
use super::log::Log;
use crate::audit::VerifierKey;
use crate::audit::verify::ProofFile;
use crate::audit::verify::ProveError;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::output;

/// The longest file of proofs that is read.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Arguments of `portcullis audit prove`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The id of a call or of a decision.
    id: String,
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    anchors: Anchors,
}

/// Arguments of `portcullis audit check-proof`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// What `audit prove` printed.
    file: PathBuf,
    /// The key of the log, from whoever runs the server and not from the file.
    #[arg(long, value_name = "VKEY")]
    key: VerifierKey,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let verification = arguments.log.verification(&arguments.anchors, cli)?;
    let proofs = verification.prove(&arguments.id).map_err(|error| match error {
        ProveError::Unknown(_) | ProveError::Unreadable { .. } => Failure::unreadable(error),
        ProveError::Uncovered { .. } => Failure::temporary(error),
        ProveError::TooMany(_) | ProveError::Unsound(_) => Failure::failed(error),
    })?;
    output::say(&proofs.to_json());
    Ok(())
}

pub(super) fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let path = arguments.file.display();
    let mut bytes = Vec::new();
    File::open(&arguments.file)
        .and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
        .map_err(|error| Failure::unreadable(format!("cannot read `{path}`: {error}")))?;
    let refused = |error| Failure::failed(format!("`{path}` proves nothing: {error}"));
    let proofs = ProofFile::read(&bytes).map_err(refused)?;
    for proved in proofs.check(&arguments.key).map_err(refused)? {
        output::say(&format!("{}  {} {} {}", proved.place, proved.time, proved.stage, proved.code));
    }
    let id = proofs.id.escape_debug();
    output::say(&format!("signed with {}: these records of {id} are in the log", arguments.key));
    Ok(())
}
