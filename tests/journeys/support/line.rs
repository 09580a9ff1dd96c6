//! The real binary over stdio, line by line, and as a command that is expected to end.

use std::collections::BTreeMap;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use portcullis::sim::Deployment;
use portcullis::sim::Sim;
use portcullis::sim::SimSettings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::io::Lines;
use tokio::process::Child;
use tokio::process::ChildStdin;
use tokio::process::ChildStdout;
use tokio::process::Command;

/// How long the binary may take for one thing.
const LIMIT: Duration = Duration::from_secs(20);

/// One client on the standard streams of a server, in front of its own sample upstream.
pub(crate) struct Session {
    pub(crate) sim: Sim,
    pub(crate) home: TempDir,
    server: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Session {
    /// Starts a server that has the credential of alice, and does not initialize it.
    pub(crate) async fn start(more: &[(&'static str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let audit = Some(home.path().join("audit"));
        let settings = SimSettings { deployment: Deployment::DataCenter, audit, quiet: false };
        let sim = Sim::start(listener, settings).await;
        let mut variables = super::usual(&sim.url(), &home, false);
        variables.extend([
            ("JIRA_PERSONAL_TOKEN", "alice-token".to_owned()),
            ("CONFLUENCE_PERSONAL_TOKEN", "alice-token".to_owned()),
        ]);
        variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut server = command(&variables, &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = server.stdin.take();
        let output = BufReader::new(server.stdout.take().unwrap()).lines();
        Self { sim, home, server, input, output }
    }

    /// Starts one, shakes hands, and says so.
    pub(crate) async fn initialized(more: &[(&'static str, &str)]) -> Self {
        let mut session = Self::start(more).await;
        session.initialize().await;
        session
    }

    pub(crate) async fn initialize(&mut self) {
        let client = json!({"name": "journey", "version": "1"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        let answer = self.ask("initialize", params).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{answer}");
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    }

    /// Sends one message.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_bytes(message.to_string().as_bytes()).await;
    }

    /// Sends one line, whatever it holds.
    pub(crate) async fn send_bytes(&mut self, line: &[u8]) {
        self.send_without_end(&[line, b"\n"].concat()).await;
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_without_end(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).await.unwrap();
        input.flush().await.unwrap();
    }

    /// The next line of the server.
    pub(crate) async fn receive(&mut self) -> Value {
        let line = tokio::time::timeout(LIMIT, self.output.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("no answer")).unwrap();
        let line = line.unwrap_or_else(|| panic!("the server closed its output"));
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Sends a request with the id `method` and gives its answer.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(&json!({"jsonrpc": "2.0", "id": method, "method": method, "params": params})).await;
        let answer = self.receive().await;
        assert_eq!(answer["id"], method, "{answer}");
        answer
    }

    /// Switches faults of the upstream on.
    pub(crate) async fn faults(&self, faults: Value) {
        super::set_faults(&super::client(), &self.sim, faults).await;
    }

    /// Waits until the upstream's log is as it must become.
    pub(crate) async fn until(&self, what: &str, fits: impl Fn(&[Value]) -> bool) {
        let http = super::client();
        for _ in 0..super::ATTEMPTS {
            if fits(&super::sim_log(&http, &self.sim).await) {
                return;
            }
            tokio::time::sleep(super::PAUSE).await;
        }
        panic!("{what} did not come");
    }

    /// Closes the server's input.
    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Closes the server's input, and gives what it still says, its exit code, and its standard error.
    pub(crate) async fn end(mut self) -> Ended {
        self.hang_up();
        let mut answers = Vec::new();
        while let Some(line) = tokio::time::timeout(LIMIT, self.output.next_line()).await.unwrap().unwrap() {
            answers.push(serde_json::from_str(&line).unwrap());
        }
        let mut stderr = String::new();
        self.server.stderr.take().unwrap().read_to_string(&mut stderr).await.unwrap();
        let status = tokio::time::timeout(LIMIT, self.server.wait()).await.unwrap().unwrap();
        let violations = self.sim.violations();
        assert!(violations.is_empty(), "{violations:#?}");
        Ended { answers, code: status.code(), stderr, home: self.home }
    }
}

/// How a session ended.
pub(crate) struct Ended {
    pub(crate) answers: Vec<Value>,
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) home: TempDir,
}

/// Runs a command that must end by itself, whatever its client does: standard input stays open.
pub(crate) async fn run(variables: &BTreeMap<&'static str, String>, arguments: &[&str]) -> Output {
    let mut command = command(variables, arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _open = child.stdin.take();
    let ended = tokio::time::timeout(LIMIT, child.wait_with_output()).await;
    ended.unwrap_or_else(|_| panic!("it runs on: {arguments:?} {variables:?}")).unwrap()
}

fn command(variables: &BTreeMap<&'static str, String>, arguments: &[&str]) -> Command {
    let mut command = Command::from(super::command(variables));
    command.args(arguments).kill_on_drop(true);
    command
}
