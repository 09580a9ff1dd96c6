//! Checkpoints that are kept where whoever can write to the log cannot: in another directory, and with a witness.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use super::super::LogName;
use super::super::alarm::AsideFailed;
use super::super::key::private;
use super::queue::Aside;
use super::queue::Taker;
use crate::net::Receiver;
use crate::telemetry::Metrics;

/// How many checkpoints wait.
const ROOM: usize = 64;

/// Of how many files the newest checkpoint is kept that could not be handed over.
const MOST_MISSED: usize = 64;

/// A signed note is text.
const KIND: &str = "text/plain; charset=utf-8";

/// Where checkpoints go besides the directory of the log.
#[derive(Debug, Clone, Default)]
pub struct WitnessSettings {
    /// A directory that each of them is written into, under a name of its own.
    pub directory: Option<PathBuf>,
    /// Who is sent each of them.
    pub receiver: Option<Receiver>,
}

/// A checkpoint.
#[derive(Debug, Clone)]
pub(in super::super) struct Note {
    pub(in super::super) log: LogName,
    pub(in super::super) size: u64,
    pub(in super::super) text: String,
}

/// Hands checkpoints over.
#[derive(Debug, Default)]
pub(in super::super) struct Witnesses(Vec<Aside<Note>>);

impl Witnesses {
    pub(in super::super) fn start(settings: &WitnessSettings, metrics: &Metrics) -> io::Result<Self> {
        let mut witnesses = Vec::new();
        if let Some(directory) = &settings.directory {
            let keeper = Keeper::new("checkpoint_copies", Directory(directory.clone()), metrics);
            witnesses.push(Aside::start("checkpoint_copies", ROOM, keeper, metrics)?);
        }
        if let Some(receiver) = &settings.receiver {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let keeper = Keeper::new("witness", Witness { receiver: receiver.clone(), runtime }, metrics);
            witnesses.push(Aside::start("witness", ROOM, keeper, metrics)?);
        }
        Ok(Self(witnesses))
    }

    pub(in super::super) fn offer(&self, note: &Note) {
        for witness in &self.0 {
            witness.offer(note.clone());
        }
    }

    /// Waits until all of them are handed over, at most so long.
    pub(in super::super) fn finish(&self, bound: Duration) {
        for witness in &self.0 {
            witness.finish(bound);
        }
    }
}

/// Keeps one checkpoint.
trait Place: Send + 'static {
    fn keep(&mut self, note: &Note) -> io::Result<()>;
}

struct Directory(PathBuf);

struct Witness {
    receiver: Receiver,
    runtime: Runtime,
}

impl Place for Directory {
    fn keep(&mut self, note: &Note) -> io::Result<()> {
        let name = note.log.checkpoint_file();
        let stem = Path::new(&name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = self.0.join(format!("{stem}-{}.checkpoint", note.size));
        let mut options = OpenOptions::new();
        let mut file = match private(&mut options).write(true).create_new(true).open(&path) {
            // It was tried before, and this much of it came to be.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let kept = std::fs::read(&path)?;
                if kept == note.text.as_bytes() {
                    return Ok(());
                }
                return Err(io::Error::other("a file with the name of the checkpoint holds something else"));
            }
            opened => opened?,
        };
        let written = file.write_all(note.text.as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            let _ = std::fs::remove_file(&path);
        }
        written
    }
}

impl Place for Witness {
    fn keep(&mut self, note: &Note) -> io::Result<()> {
        let body = Bytes::from(note.text.clone());
        let taken = self.runtime.block_on(self.receiver.take(KIND, HeaderMap::new(), body));
        taken.map_err(io::Error::other)
    }
}

/// Keeps checkpoints; one that cannot be kept is tried again with the next.
struct Keeper<P> {
    name: &'static str,
    place: P,
    /// The newest of each file that is not kept; it covers those before it.
    missed: BTreeMap<LogName, Note>,
    metrics: Metrics,
    failing: bool,
}

impl<P> Keeper<P> {
    fn new(name: &'static str, place: P, metrics: &Metrics) -> Self {
        Self { name, place, missed: BTreeMap::new(), metrics: metrics.clone(), failing: false }
    }
}

impl<P: Place> Taker<Note> for Keeper<P> {
    fn take(&mut self, note: &Note) -> io::Result<()> {
        self.missed.insert(note.log.clone(), note.clone());
        while let Some((_, note)) = self.missed.first_key_value() {
            if let Err(error) = self.place.keep(note) {
                AsideFailed { name: self.name, error: &error, is_new: !self.failing }.emit(&self.metrics);
                self.failing = true;
                if self.missed.len() > MOST_MISSED {
                    self.missed.pop_first();
                }
                return Ok(());
            }
            self.missed.pop_first();
        }
        self.failing = false;
        Ok(())
    }
}
