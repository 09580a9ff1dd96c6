//! TLS on the listener: the certificate that is shown, and another one that takes its place.

use std::path::Path;
use std::sync::Arc;

use rcgen::CertificateParams;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::Setup;
use crate::support::World;
use crate::support::line::run;
use crate::support::outside::authority;
use crate::support::usual;

/// A connection that trusts one authority, and the certificate it was shown.
struct Connection {
    stream: TlsStream<TcpStream>,
    shown: Vec<u8>,
}

impl Connection {
    #[expect(clippy::disallowed_methods, reason = "the test is a client of its own")]
    async fn open(endpoint: &str, authority: &str) -> Self {
        let address = endpoint.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        Self { stream, shown }
    }

    /// Asks for the tools, and says the status of the answer.
    async fn list(&mut self) -> u16 {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer alice-token\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let (head, length) = loop {
            answer.push(self.stream.read_u8().await.unwrap());
            if answer.ends_with(b"\r\n\r\n") {
                let head = String::from_utf8(answer).unwrap().to_lowercase();
                let length =
                    head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
                break (head.clone(), length.trim().parse::<usize>().unwrap());
            }
        };
        self.stream.read_exact(&mut vec![0; length]).await.unwrap();
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// Writes a new certificate and its key, each at once.
fn issue(home: &Path, issuer: &Issuer<'_, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    for (name, text) in [("tls.pem", certificate.pem()), ("tls.key", key.serialize_pem())] {
        std::fs::write(home.join("draft"), text).unwrap();
        std::fs::rename(home.join("draft"), home.join(name)).unwrap();
    }
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_connections_go_on() {
    let place = tempfile::tempdir().unwrap();
    let (root, issuer) = authority();
    issue(place.path(), &issuer);
    let path = |name: &str| place.path().join(name).display().to_string();
    let variables = vec![
        ("PORTCULLIS_SERVER__TLS__CERTIFICATE", path("tls.pem")),
        ("PORTCULLIS_SERVER__TLS__KEY", format!("file://{}", path("tls.key"))),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert!(world.endpoint.starts_with("https://"), "{}", world.endpoint);
    let mut first = Connection::open(&world.endpoint, &root).await;
    assert_eq!(first.list().await, 200);
    let plain = world.http.get(world.endpoint.replace("https", "http")).send().await;
    assert!(plain.is_err(), "nothing is served without TLS: {plain:?}");

    // Of a key that is another's nothing comes but a word.
    std::fs::write(path("tls.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    world
        .until("the refusal", async || {
            world.stderr().contains("the certificate is not exchanged")
                && world.stderr().contains("does not fit")
        })
        .await;
    assert_eq!(Connection::open(&world.endpoint, &root).await.shown, first.shown);

    issue(place.path(), &issuer);
    world
        .until("the other certificate", async || {
            Connection::open(&world.endpoint, &root).await.shown != first.shown
        })
        .await;
    assert_eq!(Connection::open(&world.endpoint, &root).await.list().await, 200);
    assert_eq!(first.list().await, 200, "the connection of before goes on");
    let told: Vec<_> = world.audit().into_iter().filter(|record| record["code"] == "PC0045").collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0]["fingerprint"] != told[1]["fingerprint"] && told[0]["from"] == "file", "{told:?}");
    assert!(world.metric("portcullis_server_certificate_expiry_timestamp_seconds").await > 0);
    world.end();
}

#[tokio::test]
async fn a_certificate_that_is_of_no_use_ends_the_start_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    std::fs::write(path("empty.pem"), "nothing\n").unwrap();
    let key = format!("file://{}", path("empty.pem"));
    let (certificate, its_key) = ("PORTCULLIS_SERVER__TLS__CERTIFICATE", "PORTCULLIS_SERVER__TLS__KEY");
    let (role, names) = ("PORTCULLIS_SERVER__TLS__PKI_ROLE", "PORTCULLIS_SERVER__TLS__NAMES");
    for (set, says) in [
        (
            vec![(certificate, "/nowhere.pem"), (its_key, &key)],
            "server.tls.certificate `/nowhere.pem` cannot be read",
        ),
        (
            vec![(certificate, &path("empty.pem")), (its_key, &key)],
            "server.tls: it holds no certificate in PEM",
        ),
        (
            vec![(certificate, "/nowhere.pem"), (its_key, "/etc/tls.key")],
            "write file:///absolute/path, or cred://NAME",
        ),
        (vec![(certificate, "/nowhere.pem")], "server.tls.certificate and server.tls.key go together"),
        (vec![(certificate, "/a.pem"), (its_key, &key), (role, "pki/a")], "keep one"),
        (vec![(role, "pki")], "server.tls.pki_role: write the mount"),
        (vec![(role, "pki/a")], "server.tls.names is not set"),
        (vec![(role, "pki/a"), (names, "a b")], "`a b` is no host name"),
        (vec![(role, "pki/a"), (names, "portcullis.example.com")], "vault.address is not set"),
    ] {
        let mut variables = usual("http://127.0.0.1:9", &home, false);
        variables.extend([
            ("JIRA_PERSONAL_TOKEN", "token".to_owned()),
            ("TRANSPORT", "streamable-http".to_owned()),
            ("PORT", "0".to_owned()),
            ("PORTCULLIS_METRICS__ADDRESS", "off".to_owned()),
        ]);
        variables.extend(set.into_iter().map(|(name, value)| (name, value.to_owned())));
        for words in [&["check"][..], &[]] {
            let output = run(&variables, words).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(78) && said.contains(says), "{words:?} {says}: {said}");
            assert!(!said.contains("a killed process"), "the log of the start before has its end: {said}");
        }
    }
}
