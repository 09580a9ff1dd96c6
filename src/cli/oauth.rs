//! `portcullis oauth setup`: the wizard on a terminal.

use std::io::IsTerminal as _;
use std::io::Write as _;

use clap::Args;
use clap::Subcommand;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::io::Lines;
use tokio::io::Stdin;
use url::Url;

use super::Failure;
use super::connect;
use super::output;
use crate::config::OAuthSetup;
use crate::net::Authority;
use crate::oauth;
use crate::oauth::Defaults;
use crate::oauth::Endpoints;
use crate::oauth::SetupError;
use crate::oauth::Terminal;
use crate::oauth::TokenStore;

/// OAuth towards Atlassian.
#[derive(Debug, Args)]
pub(super) struct OAuthArguments {
    #[command(subcommand)]
    command: OAuthCommand,
}

#[derive(Debug, Subcommand)]
enum OAuthCommand {
    /// Log in with a browser, and keep the tokens for the server.
    Setup(SetupArguments),
}

/// How to set up.
#[derive(Debug, Args, Default)]
pub(super) struct SetupArguments {
    /// Where to listen for the browser, if not on loopback: 0.0.0.0 in a container whose port is published.
    #[arg(long, value_name = "ADDRESS")]
    callback_host: Option<String>,
    /// The address of a Jira or Confluence Data Center, instead of Cloud.
    #[arg(long, value_name = "URL")]
    data_center: Option<Url>,
}

/// What is to be done of the command.
pub(super) fn arguments(given: &OAuthArguments) -> &SetupArguments {
    match &given.command {
        OAuthCommand::Setup(arguments) => arguments,
    }
}

pub(super) async fn setup(arguments: &SetupArguments, known: OAuthSetup) -> Result<(), Failure> {
    let endpoints = match &arguments.data_center {
        Some(base) => Endpoints::data_center(base),
        None => {
            Endpoints::cloud().ok_or_else(|| Failure::failed("the addresses of Cloud are no addresses"))?
        }
    };
    let directory = known.token_directory.clone().ok_or_else(|| {
        Failure::configuration(
            "there is no place for the tokens: set HOME, or PORTCULLIS_OAUTH__TOKEN_DIRECTORY",
        )
    })?;
    let client = connect::authority_client(&known.reach, &known.network, endpoints.is_cloud(), None).await?;
    let secret = known.client_secret.as_ref();
    let defaults = Defaults {
        client_id: known.client_id.clone(),
        client_secret: match secret {
            Some(reference) => known.secrets().map_err(Failure::configuration)?.resolve(reference).await.ok(),
            None => None,
        },
        redirect_uri: known.redirect_uri.clone(),
        scope: known.scope.clone(),
        cloud_id: known.cloud_id.clone(),
        data_center: arguments.data_center.clone(),
        callback_host: arguments.callback_host.clone(),
    };
    let mut console = Console { lines: BufReader::new(tokio::io::stdin()).lines() };
    let store = |client_id: &str| TokenStore::new(directory.clone(), client_id, true);
    let done = oauth::setup(&mut console, &defaults, &endpoints, &Authority::new(client), store).await;
    done.map_err(|error| match error {
        SetupError::Answer(_) | SetupError::NoSite | SetupError::Ended => Failure::usage(error),
        SetupError::Late | SetupError::Listen { .. } => Failure::temporary(error),
        other => Failure::failed(other),
    })
}

/// Standard input and output.
struct Console {
    lines: Lines<BufReader<Stdin>>,
}

impl Terminal for Console {
    fn say(&mut self, line: &str) {
        output::say(line);
    }

    async fn ask(&mut self, question: &str) -> std::io::Result<String> {
        prompt(question)?;
        self.lines.next_line().await?.ok_or_else(ended)
    }

    async fn ask_secret(&mut self, question: &str) -> std::io::Result<String> {
        if !std::io::stdin().is_terminal() {
            return self.ask(question).await;
        }
        let question = question.to_owned();
        let asking = tokio::task::spawn_blocking(move || rpassword::prompt_password(question));
        asking.await.map_err(std::io::Error::other)?
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        self.lines.next_line().await
    }

    fn open(&mut self, address: &str) {
        // Where there is no browser, the address above is opened elsewhere.
        if let Err(error) = open::that_detached(address) {
            tracing::debug!(%error, "no browser could be started");
        }
    }
}

fn prompt(question: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(question.as_bytes())?;
    out.flush()
}

fn ended() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the input ended before all was asked")
}
