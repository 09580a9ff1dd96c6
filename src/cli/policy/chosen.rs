//! Which policies a command is about: those it names, else those that the configuration gives a server.

use std::path::Path;

use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::assemble;
use crate::cli::load;
use crate::policy::EngineSettings;
use crate::policy::PolicySource;

/// A set of policies, and what to call it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) settings: EngineSettings,
    /// For example `the policies of policies/demo`. Of a built-in set it says how to name another one: who did not choose
    /// it would take its answers for those of their own.
    pub(super) name: String,
}

/// How a command is told to take another set, such as `--policies DIR`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instead(pub(super) &'static str);

impl Chosen {
    pub(super) fn of(named: Option<&Path>, cli: &Cli, instead: Instead) -> Result<Self, Failure> {
        let settings = match named {
            Some(directory) => EngineSettings::alone(PolicySource::Directory(directory.to_owned())),
            None => assemble::engine_settings(&load(cli)?.settings)?,
        };
        Ok(Self { name: name(&settings.source, named.is_some(), instead), settings })
    }
}

pub(super) fn name(source: &PolicySource, is_named: bool, Instead(instead): Instead) -> String {
    let built_in = |profile| {
        format!(
            "the built-in {profile} profile; name yours with {instead}, or with policy.directory in the configuration"
        )
    };
    match source {
        PolicySource::Directory(directory) if is_named => format!("the policies of {}", directory.display()),
        PolicySource::Directory(directory) => {
            format!("the configured policies of {} and of the settings", directory.display())
        }
        PolicySource::ReadOnly => built_in("read-only"),
        PolicySource::ReadWrite => built_in("read-write"),
    }
}
