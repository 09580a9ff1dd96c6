//! From the start of a process over stdio to its first answers.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

use anyhow::Context;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

use crate::figures::Sample;
use crate::figures::milliseconds;
use crate::world;
use crate::world::Sim;

/// The two eras of the protocol, with a client that begins as such clients do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Era {
    /// `initialize`, `notifications/initialized`, `tools/list`.
    Session,
    /// `server/discover`, `tools/list`, each with what it needs in `_meta`.
    Stateless,
}

impl Era {
    pub(crate) fn first(self) -> &'static str {
        match self {
            Self::Session => "initialize",
            Self::Stateless => "server/discover",
        }
    }

    fn opening(self) -> Vec<Value> {
        let client = json!({"name": "gate", "version": "1"});
        match self {
            Self::Session => vec![
                json!({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}}),
                json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
                json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}),
            ],
            Self::Stateless => {
                let meta = json!({
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientInfo": client,
                    "io.modelcontextprotocol/clientCapabilities": {},
                });
                let request = |id, method| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"_meta": meta}});
                vec![request(1, "server/discover"), request(2, "tools/list")]
            }
        }
    }
}

/// Milliseconds from before the start of the process to its answers.
#[derive(Debug)]
pub(crate) struct Starts {
    pub(crate) first: Sample,
    pub(crate) list: Sample,
    /// Parts of the start as the server's log at level `debug` says, in milliseconds.
    pub(crate) parts: BTreeMap<String, Sample>,
}

/// Starts a process again and again. Its state directory is there already, as it is from the second start on.
pub(crate) fn starts(
    binary: &Path,
    sim: &Sim,
    era: Era,
    count: usize,
    debug: bool,
) -> anyhow::Result<Starts> {
    let home = world::home()?;
    let (mut first, mut list, mut parts) = (Vec::new(), Vec::new(), BTreeMap::<String, Vec<f64>>::new());
    // The first start makes the key.
    for number in 0..=count {
        let (one, two, log) = start(binary, home.path(), sim, era, debug)?;
        if number == 0 {
            continue;
        }
        first.push(one);
        list.push(two);
        for (part, took) in started(&log) {
            parts.entry(part).or_default().push(took);
        }
    }
    let parts = parts.into_iter().map(|(part, times)| (part, Sample::new(times))).collect();
    Ok(Starts { first: Sample::new(first), list: Sample::new(list), parts })
}

fn start(binary: &Path, home: &Path, sim: &Sim, era: Era, debug: bool) -> anyhow::Result<(f64, f64, String)> {
    let mut variables = world::variables(home, sim.address);
    variables.insert("JIRA_PERSONAL_TOKEN", "alice-token".to_owned());
    variables.insert("CONFLUENCE_PERSONAL_TOKEN", "alice-token".to_owned());
    if debug {
        variables.extend([
            ("PORTCULLIS_LOG__LEVEL", "debug".to_owned()),
            ("PORTCULLIS_LOG__JSON", "true".to_owned()),
        ]);
    }
    let mut command = Command::new(binary);
    command.env_clear().envs(variables).current_dir(home).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(if debug { Stdio::piped() } else { Stdio::null() });
    let opening = era.opening().iter().map(|message| format!("{message}\n")).collect::<Vec<_>>();
    let (opener, rest) = opening.split_first().context("no opening")?;

    let started = Instant::now();
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().context("no standard input")?;
    let mut output = BufReader::new(child.stdout.take().context("no standard output")?);
    input.write_all(opener.as_bytes())?;
    let answer = line(&mut output)?;
    let first = milliseconds(started.elapsed());
    input.write_all(rest.concat().as_bytes())?;
    let tools = line(&mut output)?;
    let list = milliseconds(started.elapsed());

    drop(input);
    let mut log = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut log)?;
    }
    child.wait()?;
    ensure!(answer.pointer("/result/capabilities").is_some(), "{} was refused: {answer}", era.first());
    ensure!(tools.pointer("/result/tools/0").is_some(), "no tools came: {tools}");
    Ok((first, list, log))
}

fn line(output: &mut impl BufRead) -> anyhow::Result<Value> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// The parts of the start in a log, with their milliseconds.
fn started(log: &str) -> Vec<(String, f64)> {
    let records = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records
        .filter_map(|record| {
            let fields = record.get("fields")?;
            Some((fields.get("part")?.as_str()?.to_owned(), fields.get("ms")?.as_f64()?))
        })
        .collect()
}
