//! `jira_get_issue` over HTTP against the same request without a server in between, pair by pair.

use std::path::Path;

use anyhow::Context;
use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use crate::client::Answer;
use crate::client::Connection;
use crate::figures::Sample;
use crate::figures::between;
use crate::figures::milliseconds;
use crate::noise::Noise;
use crate::world::IssueTarget;
use crate::world::Policies;
use crate::world::Server;
use crate::world::Sim;

const TOOL: &str = "jira_get_issue";

/// Calls before the measured ones.
const WARM_UP: usize = 200;

/// How many issues the project OPS of the sample upstream has, and DEV at the least.
const ISSUES: usize = 30;

/// Accounts of the sample upstream.
const ACCOUNTS: [(&str, &str); 4] = [
    ("alice", "alice-token"),
    ("bob", "bob-token"),
    ("carol", "carol-token"),
    ("svc-portcullis", "svc-token"),
];

/// What was measured in one scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) bare: Sample,
    pub(crate) gated: Sample,
    /// The differences within the pairs.
    pub(crate) added: Sample,
    /// What the server says of its parts: a line each.
    pub(crate) parts: Vec<String>,
    /// The share of the processors that others used meanwhile.
    pub(crate) noise: f64,
    /// Bytes resident after the start and after the calls.
    pub(crate) memory: [f64; 2],
    /// Milliseconds from before the start of the server to its first answer.
    pub(crate) up: f64,
}

/// What is said of a server beside the times of its calls.
struct Beside {
    parts: Vec<String>,
    noise: f64,
    memory: [f64; 2],
    up: f64,
}

/// What the server had counted before the measured calls.
struct Before {
    metrics: String,
    ticks: f64,
}

impl Before {
    fn read(server: &Server) -> anyhow::Result<Self> {
        Ok(Self { metrics: server.metrics()?, ticks: server.process.ticks()? })
    }
}

/// The two connections of a pair, and what goes over them.
struct Pair {
    bare: Connection,
    gated: Connection,
    target: IssueTarget,
    number: u64,
}

/// The times of all pairs, in milliseconds.
#[derive(Default)]
struct Times {
    bare: Vec<f64>,
    gated: Vec<f64>,
    added: Vec<f64>,
}

impl Times {
    fn scenario(self, name: &'static str, beside: Beside) -> Scenario {
        let [bare, gated, added] = [self.bare, self.gated, self.added].map(Sample::new);
        let Beside { parts, noise, memory, up } = beside;
        Scenario { name, bare, gated, added, parts, noise, memory, up }
    }
}

/// The same few issues again and again, by one caller: what can be remembered is.
pub(crate) fn again(
    binary: &Path,
    sim: &Sim,
    policies: Policies,
    name: &'static str,
    pairs: usize,
) -> anyhow::Result<Scenario> {
    let server = Server::start(binary, sim, policies)?;
    let idle = server.process.memory("VmRSS")?;
    let credential = credentials().into_iter().next().context("no credential")?;
    let mut pair = Pair::open(sim, &server, &credential)?;
    let mut warm = Times::default();
    for number in 0..WARM_UP {
        pair.measure(&mut warm, &credential, &key("OPS", number), number)?;
    }
    let (noise, before) = (Noise::start(&[&sim.process, &server.process])?, Before::read(&server)?);
    let mut times = Times::default();
    for number in 0..pairs {
        pair.measure(&mut times, &credential, &key("OPS", number), number)?;
    }
    let noise = noise.end(&[&sim.process, &server.process])?;
    let parts = parts(&before, &server, &times, pairs)?;
    let memory = [idle, server.process.memory("VmRSS")?];
    Ok(times.scenario(name, Beside { parts, noise, memory, up: server.up }))
}

/// Every call is the first for its caller and issue, so that its project is asked for. One server knows all issues
/// soon, so several are started.
pub(crate) fn first(binary: &Path, sim: &Sim, name: &'static str, pairs: usize) -> anyhow::Result<Scenario> {
    let mut times = Times::default();
    let mut beside = Beside { parts: Vec::new(), noise: 0.0, memory: [0.0; 2], up: 0.0 };
    while times.added.len() < pairs {
        let server = Server::start(binary, sim, Policies::Own)?;
        let idle = server.process.memory("VmRSS")?;
        let credentials = credentials();
        let first = credentials.first().context("no credential")?;
        let mut pair = Pair::open(sim, &server, first)?;
        // Everybody becomes known, and the connections are warm, by issues that are not measured.
        for number in 0..WARM_UP {
            let credential = credentials.get(number % credentials.len()).context("no credential")?;
            let request = pair.call(credential, &key("DEV", number / credentials.len()));
            pair.gated.exchange(&request)?;
        }
        let (noise, before) = (Noise::start(&[&sim.process, &server.process])?, Before::read(&server)?);
        let started = times.added.len();
        let every = credentials.iter().flat_map(|who| (1..ISSUES).map(move |number| (who, number)));
        for (number, (credential, issue)) in every.enumerate() {
            pair.measure(&mut times, credential, &key("OPS", issue), number)?;
        }
        let noise = noise.end(&[&sim.process, &server.process])?;
        let memory = [idle, server.process.memory("VmRSS")?];
        beside = Beside {
            parts: parts(&before, &server, &times, times.added.len() - started)?,
            noise: beside.noise.max(noise),
            memory: [beside.memory[0].max(memory[0]), beside.memory[1].max(memory[1])],
            up: server.up,
        };
    }
    Ok(times.scenario(name, beside))
}

/// One call by each of a thousand credentials; the server's memory after that, in bytes.
pub(crate) fn many_callers(binary: &Path, sim: &Sim) -> anyhow::Result<f64> {
    let server = Server::start(binary, sim, Policies::Default)?;
    let first = credentials().into_iter().next().context("no credential")?;
    let mut pair = Pair::open(sim, &server, &first)?;
    for number in 0..1000 {
        let request = pair.call(&format!("{first}~{number}"), &key("OPS", number));
        check(&pair.gated.exchange(&request)?, &key("OPS", number))?;
    }
    server.process.memory("VmRSS")
}

impl Pair {
    /// One call shows what the server asks of Jira for an issue.
    fn open(sim: &Sim, server: &Server, credential: &str) -> anyhow::Result<Self> {
        let (bare, gated) = (Connection::open(sim.address)?, Connection::open(server.address)?);
        let target = IssueTarget::default();
        let mut pair = Self { bare, gated, target, number: 0 };
        let request = pair.call(credential, &key("OPS", 0));
        check(&pair.gated.exchange(&request)?, &key("OPS", 0))?;
        pair.target = sim.last_issue_request()?;
        Ok(pair)
    }

    fn call(&mut self, credential: &str, key: &str) -> Vec<u8> {
        self.number += 1;
        let parameters = json!({"name": TOOL, "arguments": {"issue_key": key}});
        let message =
            json!({"jsonrpc": "2.0", "id": self.number, "method": "tools/call", "params": parameters});
        let headers = [
            ("Authorization", credential),
            ("Accept", "application/json, text/event-stream"),
            ("MCP-Protocol-Version", "2025-11-25"),
            ("User-Agent", "gate"),
        ];
        self.gated.request("POST", "/mcp", &headers, &message.to_string())
    }

    /// One pair; which of the two goes first changes from pair to pair.
    fn measure(
        &mut self,
        times: &mut Times,
        credential: &str,
        key: &str,
        number: usize,
    ) -> anyhow::Result<()> {
        let call = self.call(credential, key);
        let headers = [("Authorization", credential), ("Accept", "application/json"), ("User-Agent", "gate")];
        let get = self.bare.request("GET", &self.target.of(key), &headers, "");
        let (bare, gated) = if number.is_multiple_of(2) {
            let bare = self.bare.exchange(&get)?;
            (bare, self.gated.exchange(&call)?)
        } else {
            let gated = self.gated.exchange(&call)?;
            (self.bare.exchange(&get)?, gated)
        };
        ensure!(bare.status == 200, "the upstream answered {} for {key}", bare.status);
        check(&gated, key)?;
        let (bare, gated) = (milliseconds(bare.took), milliseconds(gated.took));
        times.bare.push(bare);
        times.gated.push(gated);
        times.added.push(gated - bare);
        Ok(())
    }
}

/// A call that was refused must not count as a fast one.
fn check(answer: &Answer, key: &str) -> anyhow::Result<()> {
    let message: Value = serde_json::from_slice(&answer.body)?;
    let text = message.pointer("/result/content/0/text").and_then(Value::as_str).unwrap_or_default();
    let issue: Value = serde_json::from_str(text).unwrap_or_default();
    ensure!(issue.get("key").and_then(Value::as_str) == Some(key), "no issue came for {key}: {message}");
    Ok(())
}

/// The `Authorization` headers of all accounts, each by token and by password.
fn credentials() -> Vec<String> {
    let both = |(name, token)| {
        [format!("Bearer {token}"), format!("Basic {}", STANDARD.encode(format!("{name}:{token}")))]
    };
    ACCOUNTS.into_iter().flat_map(both).collect()
}

fn key(project: &str, number: usize) -> String {
    format!("{project}-{}", number % ISSUES + 1)
}

/// Where the time goes, by the server's own histograms and audit records.
fn parts(before: &Before, server: &Server, times: &Times, pairs: usize) -> anyhow::Result<Vec<String>> {
    let after = Before::read(server)?;
    let mut lines = vec![format!("  {:<42}{:>8}{:>9}{:>9}{:>9}", "part", "count", "mean", "p50", "p95")];
    let stages = between(&before.metrics, &after.metrics, "portcullis_call_stage_seconds")?;
    for (stage, about) in STAGES {
        let stage_times = stages.get(stage).with_context(|| format!("the server counts no stage {stage}"))?;
        lines.push(stage_times.line(about));
    }
    for (metric, label, about) in [
        ("portcullis_upstream_request_duration_seconds", "jira", "requests to Jira, within resolve or run"),
        ("portcullis_audit_write_duration_seconds", "", "audit groups written, synced or not"),
    ] {
        let histograms = between(&before.metrics, &after.metrics, metric)?;
        lines.push(histograms.get(label).with_context(|| format!("no {metric}"))?.line(about));
    }
    let outcomes = server.outcomes(TOOL)?;
    let latest = outcomes.get(outcomes.len().saturating_sub(pairs)..).unwrap_or_default();
    let number = |value: Option<&Value>| value.and_then(Value::as_f64).unwrap_or(f64::NAN);
    let durations = latest.iter().map(|record| number(record.get("duration_ms"))).collect();
    let upstream = latest.iter().map(|record| number(record.pointer("/upstream/0/ms"))).collect();
    let (line, asked) = (Sample::new(durations), Sample::new(upstream));
    let gated = Sample::new(times.gated.iter().rev().take(pairs).copied().collect());
    lines.push(format!(
        "  p50 by the audit records: the line {:.3}, of which Jira {:.3};",
        line.p50(),
        asked.p50()
    ));
    lines.push(format!(
        "  HTTP, JSON-RPC, authentication and the way there and back: {:.3}",
        gated.p50() - line.p50()
    ));
    // A tick is a hundredth of a second.
    let ticks = (after.ticks - before.ticks) * 10.0;
    lines.push(format!("  processor time of the server: {:.3} a call", ticks / count(pairs)));
    Ok(lines)
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// The stages of a call in their order.
const STAGES: [(&str, &str); 8] = [
    ("decode", "decode"),
    ("identify", "identify"),
    ("resolve", "resolve"),
    ("decide", "decide"),
    ("intent", "intent: write and sync"),
    ("run", "run: Jira and presenting the issue"),
    ("shape", "sift and shape"),
    ("outcome", "outcome: write"),
];
