//! `portcullis doctor`: asks what the configuration depends on, before callers do. So far that is Vault.

use super::Failure;
use super::os_user;
use super::output;
use crate::config::Loaded;
use crate::secrets::VaultRef;
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
    let Some(findings) = secrets.diagnose(&references).await else {
        output::say("vault: not configured");
        return Ok(());
    };
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
