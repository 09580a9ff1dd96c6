//! The policies in force, and how other ones take their place: all at once, and only if they are in order.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::watch;

use crate::policy::Engine;
use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::ToolFacts;
use crate::policy::cases::Report;
use crate::policy::cases::run_cases;
use crate::policy::engine::hash;
use crate::policy::profiles;
use crate::policy::properties;

/// The policies in force. Whoever decides takes [`Self::current`] once, and stays with that set to the end.
#[derive(Debug)]
pub struct Policies {
    tools: Vec<ToolFacts>,
    settings: EngineSettings,
    force: watch::Sender<Arc<Engine>>,
    files: Mutex<Files>,
}

/// What the files were when they were looked at, as a hash of all that a set is made of.
#[derive(Debug)]
struct Files {
    /// When a set was last made of them, whether it was taken or not.
    tried: String,
    /// When they were last looked at.
    seen: String,
}

impl Policies {
    /// Reads, checks and indexes the first set, and runs the cases that lie beside it.
    pub fn load(tools: Vec<ToolFacts>, settings: EngineSettings) -> Result<Self, PolicyError> {
        let tried = fingerprint(&settings);
        let engine = tested(&tools, &settings, &tried)?;
        Ok(Self {
            tools,
            settings,
            force: watch::Sender::new(Arc::new(engine)),
            files: Mutex::new(Files { seen: tried.clone(), tried }),
        })
    }

    /// The set in force.
    pub fn current(&self) -> Arc<Engine> {
        Arc::clone(&self.force.borrow())
    }

    /// Tells when another set comes into force.
    pub fn changes(&self) -> watch::Receiver<Arc<Engine>> {
        self.force.subscribe()
    }

    /// Whether the files are others than those a set was last made of, and stood still since the last look: a file that
    /// is just being written is no set yet.
    pub fn have_changed(&self) -> bool {
        let now = fingerprint(&self.settings);
        let mut files = self.files();
        let changed = files.seen == now && files.tried != now;
        files.seen = now;
        changed
    }

    /// Makes a set of the files as a server does that starts, and runs the cases that lie beside them. It is not in force
    /// yet.
    pub fn candidate(&self) -> Result<Engine, PolicyError> {
        let before = fingerprint(&self.settings);
        self.files().tried.clone_from(&before);
        let made = tested(&self.tools, &self.settings, &before);
        if let Err(PolicyError::Changing) = made {
            self.files().tried.clear();
        }
        made
    }

    /// Puts a set into force, for every decision of a call that begins from now on.
    pub fn replace(&self, engine: Engine) {
        let engine = engine.succeeding(&self.current());
        self.force.send_replace(Arc::new(engine));
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A set of the files as they were when they had this fingerprint, for which the cases beside them come out as expected.
fn tested(tools: &[ToolFacts], settings: &EngineSettings, before: &str) -> Result<Engine, PolicyError> {
    let engine = Engine::load(tools, settings)?;
    if let PolicySource::Directory(directory) = &settings.source {
        let cases = profiles::cases(directory)?;
        // They are asked of the policies without the settings, which takes as long again as the set itself.
        let report = if cases.is_empty() { None } else { Some(run_cases(directory, &cases, tools)?) };
        let failed: Vec<String> = report.iter().flat_map(Report::failed).map(ToString::to_string).collect();
        if !failed.is_empty() {
            return Err(PolicyError::Cases(failed));
        }
    }
    // What was tested must be what is taken.
    if fingerprint(settings) != before {
        return Err(PolicyError::Changing);
    }
    Ok(engine)
}

/// A hash of every file that a set is made of, or of why it cannot be read. It goes by contents: names and times tell
/// nothing where files are replaced by links.
fn fingerprint(settings: &EngineSettings) -> String {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    if let PolicySource::Directory(directory) = &settings.source {
        let policies = settings.source.read();
        let policies =
            policies.map(|files| files.into_iter().flat_map(|file| [file.name, file.text]).collect());
        let cases = profiles::cases(directory);
        let cases = cases.map(|files| files.into_iter().flat_map(|file| [file.name, file.text]).collect());
        for read in [policies, cases] {
            let read: Vec<String> = read.unwrap_or_else(|error: PolicyError| vec![error.to_string()]);
            parts.extend(read.into_iter().map(String::into_bytes));
        }
    }
    if let Some(record) = &settings.require_proof {
        let properties = match &settings.source {
            PolicySource::Directory(directory) => Some(directory.join(properties::FILE)),
            PolicySource::ReadOnly | PolicySource::ReadWrite => None,
        };
        for file in properties.iter().chain([record]) {
            parts.push(std::fs::read(file).unwrap_or_else(|error| error.to_string().into()));
        }
    }
    // Each part is preceded by its length, so that no two run together.
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    hash(lengths.iter().zip(&parts).flat_map(|(length, part)| [length.as_slice(), part]))
}
