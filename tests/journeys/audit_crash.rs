//! A server that is killed at a random point under load: whatever reached the upstream was written down before, and what
//! a client was told of a write is in the log. The next server in the same directories goes on.
//!
//! `PORTCULLIS_CRASH_ROUNDS` says how often, `PORTCULLIS_CRASH_SEED` where the random points begin.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Child;
use std::process::Stdio;

use futures::future::join_all;
use portcullis::net::Client;
use portcullis::sim::Deployment;
use portcullis::sim::Sim;
use portcullis::sim::SimSettings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::ATTEMPTS;
use crate::support::PAUSE;
use crate::support::client;
use crate::support::command;
use crate::support::usual;

const ROUNDS: u64 = 20;

/// How many clients ask at the same time.
const CLIENTS: usize = 16;

/// At most so many comments are told to be written before the kill.
const ANSWERS: u64 = 60;

/// At most so many turns of the runtime lie between the last of them and the kill.
const TURNS: u64 = 400;

/// The upstream and the directories, which outlive every server.
struct Site {
    sim: Sim,
    home: TempDir,
    http: Client,
}

/// One process; it is killed when dropped.
struct Server {
    child: Child,
    endpoint: String,
}

/// When a server is killed.
#[derive(Debug, Clone, Copy)]
struct Point {
    answers: usize,
    turns: u64,
}

/// The comments that clients were told to be written.
type Told = BTreeSet<String>;

impl Site {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let audit = Some(home.path().join("audit"));
        let settings = SimSettings { deployment: Deployment::DataCenter, audit, quiet: false };
        Self { sim: Sim::start(listener, settings).await, home, http: client() }
    }

    /// Starts a server in the directories of those before it.
    async fn server(&self, name: &str) -> Server {
        let mut variables = usual(&self.sim.url(), &self.home, false);
        variables.extend([
            ("TRANSPORT", "streamable-http".to_owned()),
            ("PORT", "0".to_owned()),
            ("READ_ONLY_MODE", "false".to_owned()),
        ]);
        let path = self.home.path().join(format!("{name}.log"));
        let log = std::fs::File::create(&path).unwrap();
        let child = command(&variables).stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let mut server = Server { child, endpoint: String::new() };
        let said = || std::fs::read_to_string(&path).unwrap();
        for _ in 0..ATTEMPTS {
            let text = said();
            let address = text.split_once("serving MCP on ").and_then(|(_, rest)| rest.split_once('\n'));
            if let Some((address, _)) = address {
                address.trim_end().clone_into(&mut server.endpoint);
                return server;
            }
            if server.child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{name} did not start: {}", said());
    }

    /// Calls a tool; nothing when the server was gone before its answer was.
    async fn call(&self, endpoint: &str, tool: &str, arguments: Value) -> Option<()> {
        let params = json!({"name": tool, "arguments": arguments});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let request = self.http.post(endpoint).bearer_auth("alice-token").json(&message);
        let answer: Value = request.send().await.ok()?.json().await.ok()?;
        let is_error = answer["result"]["isError"].as_bool().unwrap_or(false);
        assert!(answer.get("result").is_some() && !is_error, "{tool}: {answer}");
        Some(())
    }

    /// One client: it writes a comment, reads, and begins again, until the server is gone.
    async fn client(&self, endpoint: &str, name: &str, told: &watch::Sender<Told>) -> Option<()> {
        for number in 0_u64.. {
            let text = format!("{name} comment {number}");
            let comment = json!({"issue_key": "OPS-1", "body": text});
            self.call(endpoint, "jira_add_comment", comment).await?;
            told.send_modify(|told| {
                told.insert(text);
            });
            self.call(endpoint, "jira_get_issue", json!({"issue_key": "OPS-1"})).await?;
        }
        None
    }

    /// Puts a server under load, kills it, and gives what its clients were told.
    async fn until_killed(&self, server: &mut Server, name: &str, point: Point) -> Told {
        let (told, mut seen) = watch::channel(Told::new());
        let (child, endpoint) = (&mut server.child, server.endpoint.as_str());
        let told = &told;
        let clients = (0..CLIENTS).map(async |number| {
            self.client(endpoint, &format!("{name} client {number}"), told).await;
        });
        let kill = async {
            let reached = seen.wait_for(|told| told.len() >= point.answers);
            let reached = tokio::time::timeout(PAUSE * ATTEMPTS, reached).await;
            assert!(matches!(reached, Ok(Ok(_))), "{name}: {point:?} was not reached");
            drop(reached);
            for _ in 0..point.turns {
                tokio::task::yield_now().await;
            }
            child.kill().unwrap();
            child.wait().unwrap();
        };
        tokio::join!(kill, join_all(clients));
        told.borrow().clone()
    }

    /// Compares what the upstream saw and clients were told since the last time with what is on disk.
    async fn compare(&self, name: &str, told: &Told) {
        let violations = self.sim.violations();
        assert!(violations.is_empty(), "{name}: {violations:#?}");
        let url = format!("{}/__sim/log", self.sim.url());
        let seen: Vec<Value> = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let records = self.records();
        let calls = |stage: &str| -> BTreeMap<&str, &Value> {
            let of_stage = records.iter().filter(|record| record["stage"] == stage);
            of_stage.filter_map(|record| Some((record["call"].as_str()?, record))).collect()
        };
        let (intents, lookups, outcomes) = (calls("intent"), calls("resolve"), calls("outcome"));
        let mut written = BTreeMap::new();
        for request in &seen {
            let call = request["headers"]["x-request-id"].as_str().unwrap();
            let is_write = request["method"] != "GET";
            let announced = intents.contains_key(call) || (!is_write && lookups.contains_key(call));
            assert!(announced, "{name}: nothing on disk announced {request}");
            if let (true, Some(text)) = (is_write, request["body"]["body"].as_str()) {
                written.insert(text, call);
            }
        }
        for text in told {
            let call = written.get(text.as_str()).unwrap_or_else(|| panic!("{name}: nobody wrote `{text}`"));
            let outcome = outcomes.get(call).map(|record| &record["outcome"]);
            assert_eq!(outcome, Some(&json!("ok")), "{name}: the outcome of `{text}`, call {call}");
        }
        let reset = self.http.post(format!("{}/__sim/reset", self.sim.url()));
        assert!(reset.send().await.unwrap().status().is_success());
    }

    /// A server that has just started gave every call that was left without an end one.
    fn has_ended_what_was_left(&self, name: &str) {
        let mut open = BTreeSet::new();
        for record in self.records() {
            let call = || record["call"].as_str().unwrap().to_owned();
            match record["stage"].as_str() {
                Some("intent") => drop(open.insert(call())),
                Some("outcome") => drop(open.remove(&call())),
                _ => {}
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }

    /// Every file is as it was written, and the files belong together.
    fn verifies(&self) {
        let mut verify = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = verify.args(["audit", "verify"]).arg(self.home.path().join("audit")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Every record of every log file: whole lines, numbered one by one. A kill may tear the last line alone.
    fn records(&self) -> Vec<Value> {
        let entries = std::fs::read_dir(self.home.path().join("audit")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let logs = paths.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        logs.flat_map(|path| {
            let text = std::fs::read(&path).unwrap();
            let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let lines = text[..whole].split_inclusive(|byte| *byte == b'\n');
            let read = |line| {
                serde_json::from_slice(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            };
            let records: Vec<Value> = lines.map(read).collect();
            for pair in records.windows(2) {
                let numbers = pair.iter().map(|record| record["seq"].as_u64().unwrap());
                let [before, after] = numbers.collect::<Vec<_>>()[..] else { unreachable!() };
                assert_eq!(after, before + 1, "{}", path.display());
            }
            records
        })
        .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Random points that are the same for the same seed (xorshift64).
struct Points(u64);

impl Points {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn next(&mut self) -> Point {
        let answers = usize::try_from(self.below(ANSWERS)).unwrap();
        Point { answers, turns: self.below(TURNS) }
    }
}

/// A number that the environment may set.
#[expect(clippy::disallowed_methods, reason = "how long a test takes is no setting of the server")]
fn number(variable: &str, usual: u64) -> u64 {
    let set = std::env::var(variable);
    set.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is `{text}`")))
}

#[tokio::test]
async fn a_server_killed_at_any_point_has_written_down_what_it_did() {
    let site = Site::start().await;
    let mut points = Points(number("PORTCULLIS_CRASH_SEED", 1).max(1));
    for round in 0..number("PORTCULLIS_CRASH_ROUNDS", ROUNDS) {
        let name = format!("round {round}");
        let mut server = site.server(&name).await;
        site.has_ended_what_was_left(&name);
        let told = site.until_killed(&mut server, &name, points.next()).await;
        site.compare(&name, &told).await;
    }
    drop(site.server("the last").await);
    site.has_ended_what_was_left("the last");
    site.verifies();
}

#[tokio::test]
async fn two_servers_in_one_directory_write_files_of_their_own() {
    let site = Site::start().await;
    let (mut first, mut second) = (site.server("first").await, site.server("second").await);
    // The second has to answer for long after the first was killed.
    let (early, late) = (Point { answers: 5, turns: 20 }, Point { answers: 60, turns: 0 });
    let (mut told, more) = tokio::join!(
        site.until_killed(&mut first, "first", early),
        site.until_killed(&mut second, "second", late),
    );
    told.extend(more);
    site.compare("both", &told).await;
    let starts = site.records().into_iter().filter(|record| record["stage"] == "start");
    assert_eq!(starts.count(), 2);
    // Whoever comes next finds both files without a writer.
    let mut third = site.server("third").await;
    site.has_ended_what_was_left("third");
    let told = site.until_killed(&mut third, "third", Point { answers: 5, turns: 0 }).await;
    site.compare("third", &told).await;
    drop(site.server("fourth").await);
    site.verifies();
}
