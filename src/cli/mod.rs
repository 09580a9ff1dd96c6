//! The command line: what each command does, and with which exit code it ends.

mod assemble;
mod audit;
mod audit_places;
mod audit_rules;
mod authorities;
mod certificate;
mod check;
mod connect;
mod convert;
mod credentials;
mod demo;
#[cfg(feature = "prove")]
mod diff;
mod doctor;
mod dumps;
mod flags;
mod noted;
mod oauth;
mod os_user;
mod output;
mod policy;
#[cfg(feature = "prove")]
mod prove;
mod reload;
mod serve;
mod signing;
mod sim;
mod stored;
mod tools;
mod tour;
mod vaulted;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::Subcommand;

use crate::config;
use crate::config::Loaded;
use crate::config::Sources;
use crate::telemetry;

/// The command was used wrongly.
const USAGE: u8 = 64;
/// What was given to read cannot be read.
const UNREADABLE: u8 = 65;
/// Something outside failed for now.
const TEMPORARY: u8 = 75;
/// The configuration, a policy or a file it names is wrong.
const CONFIGURATION: u8 = 78;

/// An MCP server for Jira and Confluence where every call is allowed by policy and written down.
///
/// Without a command it serves. Flags beat `.env`, `.env` the environment, the environment the configuration file.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = false
)]
pub(crate) struct Cli {
    /// A TOML file with the configuration; without it /etc/portcullis/config.toml is read if it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file of variables to read instead of ./.env.
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    #[command(flatten)]
    flags: flags::ServeFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log in to Atlassian with OAuth 2.0.
    Oauth(oauth::OAuthArguments),
    /// Start a sample Jira and Confluence and a server in front of them, all on this machine.
    Demo(demo::Arguments),
    /// Start the sample Jira and Confluence alone.
    Sim(sim::Arguments),
    /// Read the whole configuration and every policy, and say what is wrong; touches no network.
    Check,
    /// Log in to Vault, try every secret of the configuration, and say what is wrong; Atlassian is not asked.
    Doctor(doctor::Arguments),
    /// List the tools.
    Tools(tools::Arguments),
    /// Convert a document between Markdown, wiki markup, ADF and storage format.
    Convert(convert::Arguments),
    /// Work with the audit log.
    Audit(audit::Arguments),
    /// Work with policies.
    Policy(policy::Arguments),
}

/// Why a command ended without success: what to print, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn usage(message: impl std::fmt::Display) -> Self {
        Self { code: USAGE, message: message.to_string() }
    }

    fn unreadable(message: impl std::fmt::Display) -> Self {
        Self { code: UNREADABLE, message: message.to_string() }
    }

    fn configuration(message: impl std::fmt::Display) -> Self {
        Self { code: CONFIGURATION, message: message.to_string() }
    }

    fn temporary(message: impl std::fmt::Display) -> Self {
        Self { code: TEMPORARY, message: message.to_string() }
    }

    fn failed(message: impl std::fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }
}

/// Runs the process's command line.
pub fn main() -> ExitCode {
    let cli = match Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Some(Command::Tools(arguments)) => tools::run(arguments),
        Some(Command::Convert(arguments)) => convert::run(arguments),
        Some(Command::Audit(arguments)) => audit::run(arguments, cli),
        Some(Command::Policy(arguments)) => policy::run(arguments, cli),
        Some(Command::Check) => check::run(&load(cli)?),
        Some(Command::Doctor(arguments)) => {
            let loaded = load(cli)?;
            telemetry::init_logging("warn", false);
            block_on(doctor::run(&loaded, arguments))
        }
        Some(Command::Oauth(arguments)) => set_up_oauth(cli, oauth::arguments(arguments)),
        Some(Command::Sim(arguments)) => block_on(sim::run(arguments)),
        Some(Command::Demo(arguments)) => block_on(demo::run(arguments)),
        None if cli.flags.sets_up_oauth() => set_up_oauth(cli, &oauth::SetupArguments::default()),
        None => {
            let since = Instant::now();
            serve::run(&load(cli)?, since)
        }
    }
}

/// Says at level `debug` how long a part of the start took.
fn started(part: &'static str, since: Instant) {
    tracing::debug!(part, ms = since.elapsed().as_secs_f64() * 1e3, "a part of the start is done");
}

fn set_up_oauth(cli: &Cli, arguments: &oauth::SetupArguments) -> Result<(), Failure> {
    let known = config::load_oauth_setup(&sources(cli)).map_err(Failure::configuration)?;
    telemetry::init_logging(if cli.flags.is_verbose() { "debug" } else { "warn" }, false);
    block_on(oauth::setup(arguments, known))
}

fn sources(cli: &Cli) -> Sources {
    Sources::of_process(cli.config.clone(), cli.env_file.clone(), cli.flags.to_settings())
}

fn load(cli: &Cli) -> Result<Loaded, Failure> {
    config::load(&sources(cli)).map_err(Failure::configuration)
}

/// Two threads are plenty: the work is waiting for Atlassian and for the disk.
/// Runs to the end of `work`, and does not wait for what is left: a read of standard input ends only with the client.
fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 4)))
        .enable_all()
        .build()
        .map_err(|error| Failure::temporary(format!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}
