//! The real binary in front of the sample upstream, for the journeys.

#[path = "support/alice.rs"]
pub(crate) mod alice;
#[path = "support/examples.rs"]
pub(crate) mod examples;
#[path = "support/line.rs"]
pub(crate) mod line;
#[path = "support/outside.rs"]
pub(crate) mod outside;
#[path = "support/receiver.rs"]
pub(crate) mod receiver;
#[path = "support/relay.rs"]
pub(crate) mod relay;
#[path = "support/wire.rs"]
pub(crate) mod wire;
#[path = "support/worlds.rs"]
pub(crate) mod worlds;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use portcullis::net;
use portcullis::net::Client;
use portcullis::net::ClientSettings;
use portcullis::policy::Access;
use portcullis::sim::Deployment;
use portcullis::sim::Sim;
use portcullis::sim::SimSettings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use relay::Relay;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_portcullis");

/// How often and how long a test waits for what must come.
pub(crate) const ATTEMPTS: u32 = 800;
pub(crate) const PAUSE: Duration = Duration::from_millis(25);

const LOG: &str = "server.log";

/// A server, its sample upstream, and a client.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) home: TempDir,
    pub(crate) endpoint: String,
    pub(crate) http: Client,
    metrics: String,
    server: Child,
    cloud: bool,
    /// The way to Atlassian's gateway, which is the sample upstream as well.
    _gateway: Option<Relay>,
}

/// Starts the binary with these variables in a home of its own.
pub(crate) type Launch = fn(&BTreeMap<&'static str, String>, &TempDir) -> Command;

/// How a world is made.
#[derive(Default)]
pub(crate) struct Setup {
    /// Variables beside the usual ones; an empty value removes a usual one.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Own policies; without, the built-in profile is in force.
    pub(crate) policies: Option<&'static str>,
    /// Whether the upstream is Cloud.
    pub(crate) cloud: bool,
    /// How the binary is started, where that is not as usual.
    pub(crate) launch: Option<Launch>,
    /// Whether the id of the Cloud site is known, and with it the way to Atlassian's gateway.
    pub(crate) gateway: bool,
}

/// The result of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

impl Called {
    pub(crate) fn json(&self) -> Value {
        assert!(!self.is_error, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

impl World {
    pub(crate) async fn start(setup: Setup) -> Self {
        let home = tempfile::tempdir().unwrap();
        let audit = home.path().join("audit");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let deployment = if setup.cloud { Deployment::Cloud } else { Deployment::DataCenter };
        let sim = Sim::start(listener, SimSettings { deployment, audit: Some(audit), quiet: false }).await;
        let mut variables = usual(&sim.url(), &home, setup.cloud);
        if let Some(policies) = setup.policies {
            variables.insert("PORTCULLIS_POLICY__DIRECTORY", policy_directory(&home, policies));
        }
        let gateway = if setup.gateway { Some(gateway(&sim, &home, &mut variables).await) } else { None };
        variables.extend(setup.variables);
        let http = client();
        variables.extend([
            ("TRANSPORT", "streamable-http".to_owned()),
            ("PORT", "0".to_owned()),
            ("PORTCULLIS_METRICS__ADDRESS", "127.0.0.1:0".to_owned()),
        ]);
        let log = std::fs::File::create(home.path().join(LOG)).unwrap();
        let launch = setup.launch.unwrap_or(|variables, _| command(variables));
        let mut server = launch(&variables, &home).stdin(Stdio::null()).stderr(log).spawn().unwrap();
        for _ in 0..ATTEMPTS {
            let told = |what| told_after(&log_of(&home), what);
            if let (Some(endpoint), Some(metrics)) = (told("serving MCP on "), told("serving metrics on ")) {
                return Self {
                    sim,
                    home,
                    endpoint,
                    http,
                    metrics,
                    server,
                    cloud: setup.cloud,
                    _gateway: gateway,
                };
            }
            if server.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let _ = server.kill();
        let _ = server.wait();
        panic!("the server did not start: {}", log_of(&home));
    }

    /// Calls a tool as somebody.
    pub(crate) async fn call(&self, token: &str, tool: &str, arguments: Value) -> Called {
        let answer = self.rpc(token, "tools/call", json!({"name": tool, "arguments": arguments})).await;
        let text = answer.pointer("/result/content/0/text").and_then(Value::as_str);
        let is_error = answer.pointer("/result/isError").and_then(Value::as_bool).unwrap_or(false);
        Called { text: text.unwrap_or_else(|| panic!("no result: {answer}")).to_owned(), is_error }
    }

    /// Calls a tool as somebody, and gives all texts of the result.
    pub(crate) async fn call_all(&self, token: &str, tool: &str, arguments: Value) -> Called {
        let answer = self.rpc(token, "tools/call", json!({"name": tool, "arguments": arguments})).await;
        let content = answer.pointer("/result/content").and_then(Value::as_array);
        let texts = content.unwrap_or_else(|| panic!("no result: {answer}")).iter();
        let texts: Vec<&str> = texts.filter_map(|item| item["text"].as_str()).collect();
        let is_error = answer.pointer("/result/isError").and_then(Value::as_bool).unwrap_or(false);
        Called { text: texts.join("\n"), is_error }
    }

    /// Sends one JSON-RPC request.
    pub(crate) async fn rpc(&self, token: &str, method: &str, params: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = self.http.post(&self.endpoint);
        // On Cloud a bearer token is an OAuth token, which needs the site's id; an API token goes with a name.
        let request = match token.split('~').next().and_then(|token| token.strip_suffix("-token")) {
            Some(name) if self.cloud => request.basic_auth(name, Some(token)),
            _ => request.bearer_auth(token),
        };
        request.json(&message).send().await.unwrap().json().await.unwrap()
    }

    /// Names of the tools somebody sees.
    pub(crate) async fn tools(&self, token: &str) -> Vec<String> {
        let answer = self.rpc(token, "tools/list", json!({})).await;
        let tools =
            answer.pointer("/result/tools").and_then(Value::as_array).unwrap_or_else(|| panic!("{answer}"));
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Switches faults of the upstream on.
    pub(crate) async fn faults(&self, faults: Value) {
        set_faults(&self.http, &self.sim, faults).await;
    }

    /// Switches faults on besides those there are.
    pub(crate) async fn more_faults(&self, faults: Value) {
        let url = format!("{}/__sim/faults/more", self.sim.url());
        assert!(self.http.post(url).json(&faults).send().await.unwrap().status().is_success());
    }

    /// The requests that reached the upstream, as `METHOD path`.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let log = self.log().await;
        log.iter()
            .map(|entry| format!("{} {}", entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap()))
            .collect()
    }

    /// How many requests reached the upstream so far.
    pub(crate) async fn asked(&self) -> u64 {
        let url = format!("{}/__sim/count", self.sim.url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The upstream's log.
    pub(crate) async fn log(&self) -> Vec<Value> {
        sim_log(&self.http, &self.sim).await
    }

    /// All audit records so far.
    pub(crate) fn audit(&self) -> Vec<Value> {
        audit(&self.home)
    }

    /// Waits for an audit record that fits.
    pub(crate) async fn until_audited(&self, fits: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..ATTEMPTS {
            if let Some(record) = self.audit().into_iter().find(|record| fits(record)) {
                return record;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("no such audit record; there are {:#?}", self.audit());
    }

    /// The metrics, as text.
    pub(crate) async fn metrics(&self) -> String {
        self.http.get(format!("{}/metrics", self.metrics)).send().await.unwrap().text().await.unwrap()
    }

    /// What `/readyz` answers.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let answer = self.http.get(format!("{}/readyz", self.metrics)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// One metric by its name and labels as they stand in the text; 0 before its first event.
    /// Whether the server says that it lives.
    pub(crate) async fn lives(&self) -> bool {
        let answer = self.http.get(format!("{}/livez", self.metrics)).send().await.unwrap();
        answer.text().await.unwrap() == "ok\n"
    }

    /// Whether the server says that it is ready, with its words.
    pub(crate) async fn ready(&self) -> (u16, String) {
        let answer = self.http.get(format!("{}/readyz", self.metrics)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn metric(&self, series: &str) -> u64 {
        let text = self.metrics().await;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// How many calls of a tool ended in this way.
    pub(crate) async fn ended(&self, tool: &str, access: &str, outcome: &str) -> u64 {
        let labels = format!("{{access=\"{access}\",outcome=\"{outcome}\",tool=\"{tool}\"}}");
        self.metric(&format!("portcullis_tool_calls_total{labels}")).await
    }

    /// What the server wrote to standard error.
    pub(crate) fn stderr(&self) -> String {
        log_of(&self.home)
    }

    /// `127.0.0.1:port` of the server.
    pub(crate) fn authority(&self) -> &str {
        self.endpoint.trim_start_matches("http://").trim_end_matches("/mcp")
    }

    /// Asks until an answer fits.
    pub(crate) async fn until(&self, what: &str, mut fits: impl AsyncFnMut() -> bool) {
        for _ in 0..ATTEMPTS {
            if fits().await {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{what} did not come; the server said: {}", self.stderr());
    }

    /// Asks the server to stop, as a service manager does.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        self.signal(rustix::process::Signal::Term);
    }

    /// Asks the server to read its policies again, as a service manager does.
    #[cfg(unix)]
    pub(crate) fn hang_up(&self) {
        self.signal(rustix::process::Signal::Hup);
    }

    /// The server's process.
    #[cfg(unix)]
    pub(crate) fn process(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.server)
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.process(), signal).unwrap();
    }

    /// Waits for the server's own end, and gives its exit code.
    #[cfg(unix)]
    pub(crate) async fn ended_by_itself(&mut self) -> Option<i32> {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.server.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("the server runs on");
    }

    /// Ends it, and fails if any request had not been written down.
    pub(crate) fn end(mut self) {
        let violations = self.sim.violations();
        let _ = self.server.kill();
        let _ = self.server.wait();
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the server said:\n{}", self.stderr());
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Puts the sample upstream where Atlassian's gateway is.
async fn gateway(sim: &Sim, home: &TempDir, variables: &mut BTreeMap<&'static str, String>) -> Relay {
    let relay = Relay::start(sim.url().trim_start_matches("http://").to_owned()).await;
    variables.extend(relay.variables(home.path()));
    variables.insert("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1".to_owned());
    relay
}

/// The address that the server's log says after some words.
fn told_after(log: &str, words: &str) -> Option<String> {
    let (_, rest) = log.split_once(words)?;
    rest.split_once('\n').map(|(address, _)| address.trim_end().to_owned())
}

async fn set_faults(http: &Client, sim: &Sim, faults: Value) {
    let url = format!("{}/__sim/faults", sim.url());
    assert!(http.post(url).json(&faults).send().await.unwrap().status().is_success());
}

async fn sim_log(http: &Client, sim: &Sim) -> Vec<Value> {
    let url = format!("{}/__sim/log", sim.url());
    let log: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    log.as_array().unwrap_or_else(|| panic!("{log}")).clone()
}

fn log_of(home: &TempDir) -> String {
    std::fs::read_to_string(home.path().join(LOG)).unwrap_or_default()
}

/// The tools that Data Center has, by name: those that read, or all.
pub(crate) fn tools_of_data_center(is_listed: impl Fn(Access) -> bool) -> Vec<&'static str> {
    let tools =
        portcullis::tools::ALL.iter().filter(|tool| !tool.spec().cloud_only && is_listed(tool.access()));
    tools.map(|tool| tool.spec().name).collect()
}

/// The names of the tools that only read.
pub(crate) fn reading_tools() -> Vec<&'static str> {
    tools_of_data_center(|access| access == Access::Read)
}

/// Every audit record below a home.
pub(crate) fn audit(home: &TempDir) -> Vec<Value> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(home.path().join("audit"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    // Beside the logs are their checkpoints.
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| {
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>()
        })
        .collect()
}

/// The variables of a server in front of the sample upstream, without a transport.
pub(crate) fn usual(upstream: &str, home: &TempDir, cloud: bool) -> BTreeMap<&'static str, String> {
    let path = |name: &str| home.path().join(name).display().to_string();
    let mut variables = BTreeMap::from([
        ("JIRA_URL", upstream.to_owned()),
        ("CONFLUENCE_URL", upstream.to_owned()),
        ("HOME", path("home")),
        ("PORTCULLIS_AUDIT__DIRECTORY", path("audit")),
        ("PORTCULLIS_AUDIT__STATE_DIRECTORY", path("state")),
        // Faults come one after the other here: what is done about them in a row has journeys of its own.
        ("ATLASSIAN_CIRCUIT_BREAKER_THRESHOLD", "0".to_owned()),
        ("ATLASSIAN_RETRY_BACKOFF", "0.01".to_owned()),
    ]);
    if cloud {
        variables.extend([
            ("CONFLUENCE_URL", format!("{upstream}/wiki")),
            ("JIRA_DEPLOYMENT", "cloud".to_owned()),
            ("CONFLUENCE_DEPLOYMENT", "cloud".to_owned()),
        ]);
    }
    variables
}

/// A command that sees these variables and no others.
pub(crate) fn command(variables: &BTreeMap<&'static str, String>) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().envs(variables.iter().filter(|(_, value)| !value.is_empty()));
    command
}

/// Writes own policies and gives their directory.
pub(crate) fn policy_directory(home: &TempDir, policies: &str) -> String {
    let directory = home.path().join("policies");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("own.cedar"), policies).unwrap();
    directory.display().to_string()
}

/// An address on loopback that nobody listens on just now.
pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// An address that is taken, and where nobody listens.
pub(crate) struct Nobody(tokio::net::TcpSocket);

impl Nobody {
    pub(crate) fn bind() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

/// A client without a proxy.
pub(crate) fn client() -> Client {
    net::build_client(&ClientSettings {
        plain: true,
        timeout: Duration::from_mins(1),
        ..ClientSettings::default()
    })
    .unwrap()
}
