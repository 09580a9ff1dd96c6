//! Certificates: what is not trusted is refused and explained, what is trusted works, and what is relaxed is said.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;
use crate::support::line::run;
use crate::support::usual;

/// A certificate authority of our own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// Writes its certificate below a home.
    fn write(&self, home: &Path) -> String {
        let path = home.join("ca.pem");
        std::fs::write(&path, &self.pem).unwrap();
        path.display().to_string()
    }

    /// A server's configuration, with a certificate for a name.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut parameters);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// TLS in front of an upstream that speaks none; ends when dropped.
struct Front {
    address: SocketAddr,
    upstream: tokio::sync::watch::Sender<Option<SocketAddr>>,
    task: AbortHandle,
}

impl Front {
    async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (upstream, known) = tokio::sync::watch::channel(None);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, mut known) = (acceptor.clone(), known.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate ends the handshake.
                    let Ok(mut outside) = acceptor.accept(stream).await else { return };
                    let upstream = known.wait_for(Option::is_some).await.unwrap().unwrap();
                    let mut inside = TcpStream::connect(upstream).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self { address, upstream, task: task.abort_handle() }
    }

    /// Connects it to the upstream of a world, which did not exist when the world's server had to know the front.
    fn serve(&self, world: &World) {
        let upstream = world.sim.url().trim_start_matches("http://").parse().unwrap();
        self.upstream.send_replace(Some(upstream));
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server whose two products are behind one TLS front.
async fn world(acceptor: TlsAcceptor, more: Vec<(&'static str, String)>) -> (World, Front) {
    let front = Front::start(acceptor).await;
    let mut variables = vec![("JIRA_URL", front.url()), ("CONFLUENCE_URL", front.url())];
    variables.extend(more);
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    front.serve(&world);
    (world, front)
}

async fn jira(world: &World) -> Called {
    world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await
}

async fn confluence(world: &World) -> Called {
    world.call("alice-token", "confluence_get_page", json!({"page_id": "65537"})).await
}

fn assert_refused(called: &Called, title: &str, says: &str) {
    assert!(called.is_error, "{called:?}");
    let wanted = format!("{title} cannot be reached ({says}); the administrator's log has the cause");
    assert_eq!(called.text, wanted);
}

const UNTRUSTED: &str = "its TLS certificate comes from an authority that is not trusted";

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_with_the_remedy() {
    let (world, front) = world(Authority::new().server("localhost", |_| ()), Vec::new()).await;
    assert_refused(&jira(&world).await, "Jira", UNTRUSTED);
    assert_refused(&confluence(&world).await, "Confluence", UNTRUSTED);
    let log = world.stderr();
    for part in [front.url().as_str(), "UnknownIssuer", "JIRA_CA_FILE or SSL_CERT_FILE", "CONFLUENCE_CA_FILE"]
    {
        assert!(log.contains(part), "`{part}` is not in: {log}");
    }
    assert!(world.requests().await.is_empty(), "the credential did not leave");
    world
        .until_audited(|record| record["outcome"] == "upstream_unreachable" && record["product"] == "jira")
        .await;
    assert_eq!(world.ended("jira_get_issue", "read", "upstream_unreachable").await, 1);
    world.end();
}

#[tokio::test]
async fn the_systems_store_is_where_authorities_are_trusted() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let trusted = vec![("SSL_CERT_FILE", authority.write(home.path()))];
    let (world, _front) = world(authority.server("localhost", |_| ()), trusted).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    assert_eq!(confluence(&world).await.json()["metadata"]["id"], "65537");
    world.end();
}

#[tokio::test]
async fn an_authority_of_one_product_is_trusted_by_it_alone_and_besides_the_systems() {
    let (home, authority, other) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    let trusted = vec![("JIRA_CA_FILE", authority.write(home.path()))];
    let (first, _front) = world(authority.server("localhost", |_| ()), trusted.clone()).await;
    assert!(!jira(&first).await.is_error);
    assert_refused(&confluence(&first).await, "Confluence", UNTRUSTED);
    first.end();

    let elsewhere = tempfile::tempdir().unwrap();
    let systems = [trusted, vec![("SSL_CERT_FILE", other.write(elsewhere.path()))]].concat();
    let (second, _front) = world(other.server("localhost", |_| ()), systems.clone()).await;
    assert!(!jira(&second).await.is_error);
    assert!(!confluence(&second).await.is_error);
    second.end();

    let bundled = [systems, vec![("MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE", "false".to_owned())]].concat();
    let (third, _front) = world(other.server("localhost", |_| ()), bundled.clone()).await;
    assert_refused(&jira(&third).await, "Jira", UNTRUSTED);
    third.end();
    let (fourth, _front) = world(authority.server("localhost", |_| ()), bundled).await;
    assert!(!jira(&fourth).await.is_error, "its own authority is trusted besides the bundled ones");
    assert_refused(&confluence(&fourth).await, "Confluence", UNTRUSTED);
    fourth.end();
}

#[tokio::test]
async fn a_trusted_authority_does_not_make_every_certificate_good() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let expired = |parameters: &mut CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    for (acceptor, says, log) in [
        (
            authority.server("jira.example.com", |_| ()),
            "its TLS certificate is for another name",
            "write JIRA_URL with a name that the certificate has",
        ),
        (
            authority.server("localhost", expired),
            "its TLS certificate has expired or is not valid yet",
            "must be renewed",
        ),
    ] {
        let trusted = vec![("SSL_CERT_FILE", authority.write(home.path()))];
        let (world, _front) = world(acceptor, trusted).await;
        assert_refused(&jira(&world).await, "Jira", says);
        assert!(world.stderr().contains(log), "{}", world.stderr());
        world.end();
    }
}

#[tokio::test]
async fn a_port_without_tls_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let plain = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
        }
    });
    let world = World::start(Setup { variables: vec![("JIRA_URL", url)], ..Setup::default() }).await;
    assert_refused(&jira(&world).await, "Jira", "it does not speak TLS there");
    assert!(world.stderr().contains("write JIRA_URL with the port of https"), "{}", world.stderr());
    plain.abort();
    world.end();
}

#[tokio::test]
async fn a_machine_without_a_store_of_authorities_serves_what_needs_none() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let front = Front::start(authority.server("localhost", |_| ())).await;
    let none = ("SSL_CERT_FILE", "/dev/null".to_owned());
    let trusted = [none.clone(), ("JIRA_CA_FILE", authority.write(home.path())), ("JIRA_URL", front.url())];
    let world = World::start(Setup { variables: trusted.into(), ..Setup::default() }).await;
    front.serve(&world);
    assert!(!jira(&world).await.is_error);
    assert!(!confluence(&world).await.is_error, "without TLS");
    world.end();

    let mut variables = usual(&front.url(), &home, false);
    variables.extend([none, ("TRANSPORT", "streamable-http".to_owned())]);
    let refused = run(&variables, &[]).await;
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(78), "{text}");
    assert!(text.contains("Jira: no certificate authority is trusted on this machine: install"), "{text}");
}

#[tokio::test]
async fn verification_is_relaxed_for_one_product_alone_and_said_aloud() {
    let relaxed = vec![("JIRA_SSL_VERIFY", "false".to_owned())];
    let (world, _front) = world(Authority::new().server("elsewhere.example.com", |_| ()), relaxed).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    assert_refused(&confluence(&world).await, "Confluence", UNTRUSTED);
    let log = world.stderr();
    assert!(
        log.contains("warning: TLS certificates of Jira are not checked (JIRA_SSL_VERIFY is off)"),
        "{log}"
    );
    assert!(!log.contains("certificates of Confluence are not checked"), "{log}");
    assert_eq!(world.metric("portcullis_tls_verification_disabled{product=\"jira\"}").await, 1);
    assert_eq!(world.metric("portcullis_tls_verification_disabled{product=\"confluence\"}").await, 0);
    let relaxed: Vec<_> = world.audit().into_iter().filter(|record| record["code"] == "PC0004").collect();
    assert_eq!(relaxed.len(), 1, "{relaxed:?}");
    assert_eq!(relaxed[0]["product"], "jira");
    world.end();
}
