//! `portcullis doctor`: asks what the configuration depends on, before callers do. So far that is Vault.

use super::Failure;
use super::os_user;
use super::output;
use crate::config::Loaded;
use crate::config::Settings;
use crate::config::Transport;
use crate::secrets::EngineRef;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;
use crate::secrets::UserName;
use crate::secrets::VaultLogin;
use crate::secrets::VaultRef;
use crate::secrets::vault::Finding;
use crate::secrets::vault::Health;

/// What is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Try the secrets that are stored for this user, where each has their own.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

pub(super) async fn run(loaded: &Loaded, arguments: &Arguments) -> Result<(), Failure> {
    for warning in &loaded.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    let secrets = loaded.secrets().map_err(Failure::configuration)?;
    let (references, untried) = places(&loaded.settings, arguments)?;
    let Some(mut findings) = secrets.diagnose(&references).await else {
        output::say("vault: not configured");
        return Ok(());
    };
    findings.extend(untried);
    findings.extend(opened(&loaded.settings));
    if let Some(key) = &loaded.settings.audit.signing_transit_key {
        findings.push(signs(&secrets, key).await);
    }
    secrets.end().await;
    for finding in &findings {
        let sign = match finding.health {
            Health::Good => "+",
            Health::Doubtful => "!",
            Health::Bad => "-",
        };
        output::say(&format!("[{sign}] vault: {}", finding.text));
    }
    match findings.iter().filter(|finding| finding.health == Health::Bad).count() {
        0 => Ok(()),
        bad => Err(Failure::failed(format!("{bad} of {} are not in order", findings.len()))),
    }
}

/// That the secret id is used up now, where it was wrapped: the next start would take it for intercepted.
fn opened(settings: &Settings) -> Option<Finding> {
    let login = settings.vault.as_ref().map(|vault| &vault.login);
    let is_wrapped = matches!(login, Some(VaultLogin::AppRole { wrapped_for: Some(_), .. }));
    is_wrapped.then(|| Finding {
        health: Health::Doubtful,
        text: "this command has opened the wrapped secret id; wrap another one before the server starts"
            .to_owned(),
    })
}

/// The secrets that can be tried, and what is to be said of the others: over HTTP the place of a user's is known when they
/// call.
fn places(settings: &Settings, arguments: &Arguments) -> Result<(Vec<VaultRef>, Vec<Finding>), Failure> {
    let user = arguments.user.as_deref().map(UserName::parse).transpose();
    let user = user.map_err(|error| Failure::usage(format!("--user: {error}")))?;
    let (mut places, mut untried) = (Vec::new(), Vec::new());
    for reference in settings.references() {
        match (reference, &user) {
            (SecretRef::User(template), Some(user)) => places.push(template.of(user)),
            (SecretRef::User(template), None) if settings.server.transport != Transport::Stdio => {
                let text = format!(
                    "`{template}` was not tried: it is another place for each user; try one with `portcullis doctor --user NAME`"
                );
                untried.push(Finding { health: Health::Doubtful, text });
            }
            (other, _) => places.extend(os_user::in_vault(other)?),
        }
    }
    places.sort_by_key(ToString::to_string);
    places.dedup();
    Ok((places, untried))
}

/// Whether the key of the checkpoints signs.
async fn signs(secrets: &Secrets, key: &EngineRef) -> Finding {
    let trial = async {
        let found = secrets.transit_key(key).await.map_err(|error| error.to_string())?;
        let text = b"portcullis doctor";
        found.sign(text).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(found.version())
    };
    match trial.await {
        Ok(version) => Finding { health: Health::Good, text: format!("`{key}` signs (version {version})") },
        Err(text) => Finding { health: Health::Bad, text },
    }
}
