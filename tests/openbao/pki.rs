//! The server's own certificate from the PKI engine: signed for a key that is made here, and renewed in time.

use std::io::Read as _;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bao::Bao;
use crate::bao::POLICY;
use crate::bao::Role;

const SIGN: &str = "path \"pki/sign/portcullis\" { capabilities = [\"update\"] }";

/// How long is waited for what has to come.
const LONG: Duration = Duration::from_mins(1);

fn server(bao: &Bao, role: &Role, home: &std::path::Path) -> Command {
    let path = |name: &str| home.join(name).display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command.envs([
        ("JIRA_URL", "http://127.0.0.1:9".to_owned()),
        ("TRANSPORT", "streamable-http".to_owned()),
        ("PORT", "0".to_owned()),
        ("PORTCULLIS_METRICS__ADDRESS", "off".to_owned()),
        ("PORTCULLIS_AUDIT__DIRECTORY", path("audit")),
        ("PORTCULLIS_AUDIT__STATE_DIRECTORY", path("state")),
        ("PORTCULLIS_SERVER__TLS__PKI_ROLE", "pki/portcullis".to_owned()),
        ("PORTCULLIS_SERVER__TLS__NAMES", "localhost,127.0.0.1".to_owned()),
        ("PORTCULLIS_VAULT__ADDRESS", bao.address.clone()),
        ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.clone()),
        ("PORTCULLIS_VAULT__SECRET_ID", role.secret_id.clone()),
    ]);
    command
}

#[expect(clippy::disallowed_methods, reason = "the test is a client of its own")]
async fn connect(address: &str, root: &str) -> (TlsStream<TcpStream>, Vec<u8>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(config).connect(name, stream).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    (stream, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_of_the_server_is_signed_and_renewed() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.write("sys/mounts/pki", &json!({"type": "pki", "config": {"max_lease_ttl": "87600h"}})).await;
    let root = json!({"common_name": "Test Root", "key_type": "ec", "key_bits": 256, "ttl": "87600h"});
    let root = bao.write("pki/root/generate/internal", &root).await["data"]["certificate"]
        .as_str()
        .unwrap()
        .to_owned();
    // Certificates that end after seconds, whatever is asked for.
    let of_role = json!({
        "allowed_domains": "localhost", "allow_bare_domains": true, "allow_ip_sans": true, "key_type": "ec",
        "key_bits": 256, "max_ttl": "12s", "not_before_duration": "30s",
    });
    bao.write("pki/roles/portcullis", &of_role).await;
    let home = tempfile::tempdir().unwrap();
    // Without the policy.
    let mut command = server(&bao, &role, home.path());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let says = "add a policy with `update` on pki/sign/portcullis";
    assert!(output.status.code() == Some(78) && said.contains(says), "{said}");

    bao.write("sys/policies/acl/portcullis", &json!({"policy": format!("{POLICY}\n{SIGN}")})).await;
    let log = home.path().join("server.log");
    let mut child =
        server(&bao, &role, home.path()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let said = || {
        let mut text = String::new();
        std::fs::File::open(&log).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let until = Instant::now() + LONG;
    let address = loop {
        let text = said();
        if let Some(rest) = text.split("serving MCP on https://").nth(1) {
            break rest.split('/').next().unwrap().to_owned();
        }
        assert!(Instant::now() < until && child.try_wait().unwrap().is_none(), "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (mut stream, first) = connect(&address, &root).await;
    loop {
        let (_, shown) = connect(&address, &root).await;
        if shown != first {
            break;
        }
        assert!(Instant::now() < until, "{}", said());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // The connection of before goes on.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    child.kill().unwrap();
    child.wait().unwrap();
    let logs = std::fs::read_dir(home.path().join("audit")).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"));
    let text: String = logs.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<Value> = records.filter(|record| record["code"] == "PC0045").collect();
    assert!(told.len() >= 2 && told.iter().all(|record| record["from"] == "vault"), "{told:?}");
    assert!(!text.contains("PRIVATE") && !said().contains("PRIVATE"));
}
