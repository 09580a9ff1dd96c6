//! `portcullis doctor`: asks what the configuration depends on, before callers do. So far that is Vault.

use super::Failure;
use super::os_user;
use super::output;
use crate::config::Loaded;
use crate::secrets::EngineRef;
use crate::secrets::Secrets;
use crate::secrets::VaultRef;
use crate::secrets::vault::Finding;
use crate::secrets::vault::Health;

pub(super) async fn run(loaded: &Loaded) -> Result<(), Failure> {
    for warning in &loaded.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    let secrets = loaded.secrets().map_err(Failure::configuration)?;
    let all = loaded.settings.references().filter_map(|reference| os_user::in_vault(reference).transpose());
    let mut references: Vec<VaultRef> = all.collect::<Result<_, Failure>>()?;
    references.sort_by_key(ToString::to_string);
    references.dedup();
    let Some(mut findings) = secrets.diagnose(&references).await else {
        output::say("vault: not configured");
        return Ok(());
    };
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
