//! `portcullis sim`: the sample Jira and Confluence alone.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use tokio::net::TcpListener;

use super::Failure;
use super::output;
use super::serve;
use crate::sim::Deployment;
use crate::sim::Sim;
use crate::sim::SimSettings;
use crate::sim::data::USERS;

/// Arguments of `portcullis sim`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8900)]
    port: u16,
    /// Which flavour to be.
    #[arg(long, value_enum, default_value = "dc")]
    deployment: Flavour,
    /// Check every request against the audit logs in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    audit: Option<PathBuf>,
}

/// The flavours of the sample upstream.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Flavour {
    /// Data Center.
    Dc,
    /// Cloud.
    Cloud,
}

impl From<Flavour> for Deployment {
    fn from(flavour: Flavour) -> Self {
        match flavour {
            Flavour::Dc => Self::DataCenter,
            Flavour::Cloud => Self::Cloud,
        }
    }
}

/// How a server in front of the sample logs in.
fn login(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Dc => {
            "log in with JIRA_PERSONAL_TOKEN=alice-token and CONFLUENCE_PERSONAL_TOKEN=alice-token"
        }
        Flavour::Cloud => {
            "log in with JIRA_DEPLOYMENT=cloud, JIRA_USERNAME=alice@example.com, JIRA_API_TOKEN=alice-token, and the same \
             for CONFLUENCE_, whose URL ends in /wiki"
        }
    }
}

/// Whose the tokens are, as policies name them.
fn accounts(flavour: Flavour) -> Vec<String> {
    let mut lines = vec!["the tokens, and who has them as policies name them:".to_owned()];
    for user in &USERS {
        let Some(token) = user.token else { continue };
        let (login, id) = match flavour {
            Flavour::Dc => (String::new(), user.name),
            Flavour::Cloud => (format!(" of {}", user.email()), user.account_id),
        };
        let groups: Vec<String> = user.groups.iter().map(|group| format!("\"jira:{group}\"")).collect();
        lines.push(format!("  {token}{login}: Id::User::\"{id}\" in the groups {}", groups.join(", ")));
    }
    lines.push("Confluence has the same groups: \"confluence:ops\" and so on".to_owned());
    lines
}

pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await.map_err(|error| {
        Failure::temporary(format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port))
    })?;
    let settings =
        SimSettings { deployment: arguments.deployment.into(), audit: arguments.audit.clone(), quiet: false };
    let sim = Sim::start(listener, settings).await;
    output::say(&format!("sample Jira and Confluence on {}", sim.url()));
    output::say(login(arguments.deployment));
    for line in accounts(arguments.deployment) {
        output::say(&line);
    }
    serve::stopped().await;
    let violations = sim.violations();
    sim.stop().await;
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Failure::failed(format!("{} requests were in no audit record", violations.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_token_is_is_told_in_the_words_of_policies() {
        let table = [
            (
                Flavour::Dc,
                "  alice-token: Id::User::\"alice\" in the groups \"jira:jira-users\", \"jira:ops\"",
            ),
            (
                Flavour::Cloud,
                "  bob-token of bob@example.com: Id::User::\"5b10ac8d82e05b22cc7d4ef2\" in the groups \"jira:dev\", \
                 \"jira:jira-users\"",
            ),
        ];
        for (flavour, line) in table {
            let told = accounts(flavour);
            assert!(told.iter().any(|told| told == line), "{told:#?}");
        }
    }
}
