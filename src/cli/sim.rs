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
fn credentials(flavour: Flavour) -> [&'static str; 2] {
    match flavour {
        Flavour::Dc => [
            "log in with JIRA_PERSONAL_TOKEN=alice-token and CONFLUENCE_PERSONAL_TOKEN=alice-token",
            "others: bob-token, carol-token, svc-token",
        ],
        Flavour::Cloud => [
            "log in with JIRA_DEPLOYMENT=cloud, JIRA_USERNAME=alice@example.com, JIRA_API_TOKEN=alice-token, and the same \
             for CONFLUENCE_, whose URL ends in /wiki",
            "others: bob@example.com with bob-token, carol@example.com with carol-token",
        ],
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await.map_err(|error| {
        Failure::temporary(format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port))
    })?;
    let settings =
        SimSettings { deployment: arguments.deployment.into(), audit: arguments.audit.clone(), quiet: false };
    let sim = Sim::start(listener, settings).await;
    output::say(&format!("sample Jira and Confluence on {}", sim.url()));
    for line in credentials(arguments.deployment) {
        output::say(line);
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
