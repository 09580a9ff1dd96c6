//! What a command of an administrator writes into the audit log.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use super::Cli;
use super::Failure;
use super::assemble;
use super::block_on;
use super::load;
use crate::audit::Audit;
use crate::audit::AuditSettings;
use crate::audit::Event;
use crate::audit::HmacKey;
use crate::audit::HttpSink;
use crate::audit::LogName;
use crate::audit::Opening;
use crate::audit::SigningKey;
use crate::audit::WitnessSettings;
use crate::telemetry::Metrics;

/// The directory of the log of the configuration, where there is one. Elsewhere a log would be begun that nobody looks at,
/// and be taken for a part of the server's.
pub(super) fn existing_log(cli: &Cli) -> Result<PathBuf, Failure> {
    let directory = load(cli)?.settings.audit.directory;
    let shown = directory.display();
    let none = |cause: &str| {
        Failure::configuration(format!(
            "{cause} `{shown}`, so there is nowhere to record this; name the configuration of the server with --config"
        ))
    };
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(none("there is no")),
        Err(error) => return Err(Failure::unreadable(format!("cannot read `{shown}`: {error}"))),
    };
    let is_log = |name: &OsStr| name.to_str().and_then(LogName::read).is_some();
    if entries.flatten().any(|entry| is_log(&entry.file_name())) {
        return Ok(directory);
    }
    Err(none("there is no log in"))
}

/// Writes an event into the log of the configuration, in a file of its own, and waits until it is on disk. No secret is
/// asked for: a vault that does not answer must not be in the way. So the record is sealed, and the checkpoint of the file
/// signed, with the keys of this machine, also where the server is given others; and the checkpoint is copied to the
/// directory that is configured, but posted to no witness: the server's next file names it, and has a witness.
pub(super) fn event(cli: &Cli, command: &'static str, event: Event) -> Result<(), Failure> {
    let settings = load(cli)?.settings.audit;
    let instance = assemble::INSTANCE;
    let state = &settings.state_directory;
    let (signing_key, signing_made) =
        SigningKey::load_or_create(state, instance).map_err(Failure::configuration)?;
    let (key, made) = HmacKey::load_or_create(state).map_err(Failure::configuration)?;
    let settings = AuditSettings {
        directory: settings.directory,
        // An event has no arguments to hash; its record is sealed.
        key,
        signing_key,
        instance: instance.to_owned(),
        write_deadline: Duration::from_secs(settings.write_deadline_seconds),
        checkpoint_records: settings.checkpoint_records,
        checkpoint_interval: Duration::from_secs(settings.checkpoint_seconds),
        rotate_bytes: settings.rotate_bytes,
        rotate_age: Duration::from_hours(settings.rotate_hours),
        // No call runs here.
        reserve_bytes: 0,
        // It needs a secret and a network.
        http: settings.http.is_some().then_some(HttpSink::Later),
        copies: Vec::new(),
        witness: WitnessSettings { directory: settings.checkpoint_copies, receiver: None },
        metrics: Metrics::new().map_err(Failure::failed)?,
    };
    let audit = Audit::open(&settings, &Opening::command(command)).map_err(Failure::configuration)?;
    block_on(async {
        if made {
            audit.event(Event::key_created(audit.key_id())).await.map_err(Failure::temporary)?;
        }
        if signing_made {
            let event = Event::signing_key_created(audit.checkpoint_key());
            audit.event(event).await.map_err(Failure::temporary)?;
        }
        audit.event(event).await.map_err(Failure::temporary)?;
        audit.shutdown();
        Ok(())
    })
}

/// The user this command runs as, and the one who logged in where that is another, as after `sudo`.
pub(super) fn who() -> String {
    let user = assemble::os_user().unwrap_or_else(|| "unknown".to_owned());
    let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    match login.trim().parse::<u32>() {
        Ok(login) if login != u32::MAX && user != format!("uid:{login}") => {
            format!("{user}, logged in as uid:{login}")
        }
        _ => user,
    }
}
