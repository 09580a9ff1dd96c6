//! The release binary as child processes on loopback: the sample upstream, and servers in front of it.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Connection;
use crate::figures::milliseconds;

/// Only the project OPS may be seen, so that every call has to find out where its issue lies.
const OWN_POLICY: &str =
    r#"@id("ops") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"OPS");"#;

/// How long a process may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which policies a server runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policies {
    /// The built-in read-only profile: every read is decided alike, so nothing is looked up.
    Default,
    /// One policy that names a project.
    Own,
}

/// A child process that ends with its owner.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// A figure of `/proc/<pid>/status` in bytes, for example `VmRSS`.
    pub(crate) fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such figure")?;
        let kilobytes: f64 = line.trim_matches(|c: char| !c.is_ascii_digit()).parse()?;
        Ok(kilobytes * 1024.0)
    }

    /// Clock ticks this process has used.
    pub(crate) fn ticks(&self) -> anyhow::Result<f64> {
        ticks_of(&self.0.id().to_string())
    }
}

/// Clock ticks a process has used: `self`, or its id.
pub(crate) fn ticks_of(process: &str) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("the process has no name")?;
    fields.split_whitespace().skip(11).take(2).map(|ticks| Ok(ticks.parse::<f64>()?)).sum()
}

/// The sample upstream.
#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Sim {
    pub(crate) fn start(binary: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.args(["sim", "--port", "0"]).env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
        let output = child.stdout.take().context("no standard output")?;
        let process = Process(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let (_, address) = line.trim().rsplit_once("http://").context("the sample upstream did not start")?;
        Ok(Self { process, address: address.parse()? })
    }

    /// The target of the request for an issue that reached the upstream last, without the issue's key.
    pub(crate) fn last_issue_request(&self) -> anyhow::Result<IssueTarget> {
        let log = Connection::open(self.address)?.json("/__sim/log")?;
        let entry = log.as_array().and_then(|log| log.last()).context("no request reached the upstream")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let path = entry.get("path").map(text).unwrap_or_default();
        let (parent, key) = path.rsplit_once('/').context("the path has no key")?;
        if !parent.ends_with("/issue") || !key.starts_with("OPS-") {
            bail!("the last request was for {path}, not for an issue");
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for pair in entry.get("query").and_then(Value::as_array).into_iter().flatten() {
            let part = |index: usize| pair.get(index).map(text).unwrap_or_default();
            query.append_pair(&part(0), &part(1));
        }
        Ok(IssueTarget { parent: parent.to_owned(), query: query.finish() })
    }
}

/// What a server asks of Jira for one issue, so that the very same can be asked without the server.
#[derive(Debug, Default)]
pub(crate) struct IssueTarget {
    parent: String,
    query: String,
}

impl IssueTarget {
    pub(crate) fn of(&self, key: &str) -> String {
        format!("{}/{key}?{}", self.parent, self.query)
    }
}

/// A server over HTTP.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: SocketAddr,
    home: TempDir,
    /// Milliseconds from before the start to the first answer.
    pub(crate) up: f64,
}

impl Server {
    pub(crate) fn start(binary: &Path, sim: &Sim, policies: Policies) -> anyhow::Result<Self> {
        let home = home()?;
        let (address, metrics) = (free_address()?, free_address()?);
        let mut variables = variables(home.path(), sim.address);
        variables.extend([
            ("TRANSPORT", "streamable-http".to_owned()),
            ("PORT", address.port().to_string()),
            ("PORTCULLIS_METRICS__ADDRESS", metrics.to_string()),
        ]);
        if policies == Policies::Own {
            let directory = home.path().join("policies");
            std::fs::create_dir(&directory)?;
            std::fs::write(directory.join("own.cedar"), OWN_POLICY)?;
            variables.insert("PORTCULLIS_POLICY__DIRECTORY", directory.display().to_string());
        }
        let mut command = Command::new(binary);
        command.env_clear().envs(variables).current_dir(home.path());
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self { process: Process(child), address, metrics, home, up: 0.0 };
        while Connection::open(address).and_then(|mut connection| connection.text("/healthz")).is_err() {
            if started.elapsed() > PATIENCE {
                bail!("the server did not start");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        server.up = milliseconds(started.elapsed());
        Ok(server)
    }

    pub(crate) fn metrics(&self) -> anyhow::Result<String> {
        Connection::open(self.metrics)?.text("/metrics")
    }

    /// The outcome records of a tool's calls, oldest first.
    pub(crate) fn outcomes(&self, tool: &str) -> anyhow::Result<Vec<Value>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.home.path().join("audit"))? {
            let text = std::fs::read_to_string(entry?.path())?;
            let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            found.extend(records.filter(|record| {
                let is = |name: &str, wanted: &str| record.get(name).and_then(Value::as_str) == Some(wanted);
                is("stage", "outcome") && is("tool", tool)
            }));
        }
        Ok(found)
    }
}

/// A directory for one server, on the disk that the build is on.
pub(crate) fn home() -> anyhow::Result<TempDir> {
    let parent = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&parent)?;
    Ok(TempDir::new_in(parent)?)
}

/// What every server is told, over stdio and HTTP alike.
pub(crate) fn variables(home: &Path, upstream: SocketAddr) -> BTreeMap<&'static str, String> {
    let path = |name: &str| home.join(name).display().to_string();
    BTreeMap::from([
        ("JIRA_URL", format!("http://{upstream}")),
        ("CONFLUENCE_URL", format!("http://{upstream}")),
        ("HOME", path("home")),
        ("PORTCULLIS_AUDIT__DIRECTORY", path("audit")),
        ("PORTCULLIS_AUDIT__STATE_DIRECTORY", path("state")),
    ])
}

/// An address on loopback that nobody listens on just now.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
