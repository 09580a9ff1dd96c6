//! `portcullis check`: everything that can be known wrong before anything is started; touches no network.

use std::fs::File;

use super::Failure;
use super::assemble;
use super::audit_places;
use super::audit_rules;
use super::authorities;
use super::certificate;
use super::output;
use crate::config::Loaded;
use crate::config::Settings;
use crate::config::Transport;
use crate::policy::Policies;
use crate::secrets::SecretError;
use crate::secrets::Secrets;
use crate::tools;
use crate::tools::Offer;

pub(super) fn run(loaded: &Loaded) -> Result<(), Failure> {
    for warning in &loaded.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    let settings = &loaded.settings;
    settings.products().map_err(Failure::configuration)?;
    assemble::refuse_what_is_not_there(settings)?;
    files(settings)?;
    // Nothing is asked of Vault: the files that it is reached with are read.
    let secrets = loaded.secrets().map_err(Failure::configuration)?;
    super::block_on(keys(settings, &secrets))?;
    settings.server.clients().map(authorities::read).transpose()?;
    audit_rules::read(&settings.audit.rules)?;
    audit_places::check(settings)?;
    let policies = Policies::load(tools::facts(), assemble::engine_settings(settings)?)
        .map_err(Failure::configuration)?;
    for name in Offer::unknown(settings.tools.enabled.as_deref(), settings.tools.toolsets.as_deref()) {
        output::complain(&format!("warning: no tool or toolset is called `{name}`"));
    }
    output::say(settings.summary().trim_end());
    output::say(&format!("policies: hash {}", policies.current().policy_hash()));
    output::say("the configuration is good");
    Ok(())
}

/// The certificate of the listener and the key of checkpoints, as far as they are on this machine.
async fn keys(settings: &Settings, secrets: &Secrets) -> Result<(), Failure> {
    if let Some(tls) = settings.server.tls.as_ref().filter(|_| settings.server.transport != Transport::Stdio)
    {
        untried("server.tls.key", certificate::check(&tls.certificate, secrets).await)?;
    }
    untried("audit.signing_key", assemble::check_signing_key(settings, secrets).await)
}

/// Says which credential of the service manager is not here, where there are none: the service will have it.
fn untried(name: &str, tried: Result<(), Untried>) -> Result<(), Failure> {
    match tried {
        Err(Untried::NotHere(error)) => {
            output::complain(&format!("warning: {name} was not tried: {error}"));
            Ok(())
        }
        Err(Untried::Wrong(failure)) => Err(failure),
        Ok(()) => Ok(()),
    }
}

/// Why something is not known to be good.
pub(super) enum Untried {
    /// It is given by the service manager, which did not start this command.
    NotHere(SecretError),
    /// The start would refuse it.
    Wrong(Failure),
}

impl From<SecretError> for Untried {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::NoCredentials { .. } => Self::NotHere(error),
            other => Self::Wrong(Failure::configuration(other)),
        }
    }
}

/// The files with certificates and keys. What is in them may need a password, which may be in a vault: the start says.
fn files(settings: &Settings) -> Result<(), Failure> {
    let sites = settings.sites().map(|(product, _, site)| {
        (product, site.reach.client_certificate.as_ref(), site.reach.ca_file.as_ref())
    });
    let audit = &settings.audit;
    let receivers = [("audit.http", &audit.http), ("audit.witness", &audit.witness)];
    let receivers = receivers.into_iter().filter_map(|(name, receiver)| {
        let receiver = receiver.as_ref()?;
        Some((name, receiver.client_certificate.as_ref(), receiver.ca_file.as_ref()))
    });
    let syslog = audit.syslog.iter().map(|syslog| ("audit.syslog", None, syslog.ca_file.as_ref()));
    for (product, certificate, ca_file) in sites.chain(receivers).chain(syslog) {
        let named = [
            ("client certificate", certificate.map(|settings| &settings.certificate)),
            ("client key", certificate.and_then(|settings| settings.key.as_ref())),
            ("CA file", ca_file),
        ];
        for (what, path) in named {
            let Some(path) = path else { continue };
            File::open(path).map_err(|error| {
                let path = path.display();
                Failure::configuration(format!("{product}: cannot read the {what} `{path}`: {error}"))
            })?;
        }
    }
    Ok(())
}
