//! Certificates: what is not trusted is refused and explained, what is trusted works, and what is relaxed is said.

use rcgen::CertificateParams;
use rustls::version::TLS12;
use rustls::version::TLS13;
use serde_json::json;
use tokio::net::TcpListener;

use crate::authority::Authority;
use crate::authority::Front;
use crate::authority::Server;
use crate::support::Called;
use crate::support::Setup;
use crate::support::World;
use crate::support::line::run;
use crate::support::usual;

/// A server whose two products are behind one TLS front.
pub(crate) async fn world(server: Server<'_>, more: Vec<(&'static str, String)>) -> (World, Front) {
    let front = Front::start(server).await;
    let mut variables = vec![("JIRA_URL", front.url()), ("CONFLUENCE_URL", front.url())];
    variables.extend(more);
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    front.serve(&world);
    (world, front)
}

pub(crate) async fn jira(world: &World) -> Called {
    world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await
}

pub(crate) async fn confluence(world: &World) -> Called {
    world.call("alice-token", "confluence_get_page", json!({"page_id": "65537"})).await
}

pub(crate) fn assert_refused(called: &Called, title: &str, says: &str) {
    assert!(called.is_error, "{called:?}");
    let wanted = format!("{title} cannot be reached ({says}); the administrator's log has the cause");
    assert_eq!(called.text, wanted);
}

const UNTRUSTED: &str = "its TLS certificate comes from an authority that is not trusted";

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_with_the_remedy() {
    let (world, front) = world(Authority::new().server("localhost"), Vec::new()).await;
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
    let (world, _front) = world(authority.server("localhost"), trusted).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    assert_eq!(confluence(&world).await.json()["metadata"]["id"], "65537");
    world.end();
}

#[tokio::test]
async fn an_authority_of_one_product_is_trusted_by_it_alone_and_besides_the_systems() {
    let (home, authority, other) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    let trusted = vec![("JIRA_CA_FILE", authority.write(home.path()))];
    let (first, _front) = world(authority.server("localhost"), trusted.clone()).await;
    assert!(!jira(&first).await.is_error);
    assert_refused(&confluence(&first).await, "Confluence", UNTRUSTED);
    first.end();

    let elsewhere = tempfile::tempdir().unwrap();
    let systems = [trusted, vec![("SSL_CERT_FILE", other.write(elsewhere.path()))]].concat();
    let (second, _front) = world(other.server("localhost"), systems).await;
    assert!(!jira(&second).await.is_error);
    assert!(!confluence(&second).await.is_error);
    second.end();
}

#[tokio::test]
async fn a_directory_of_authorities_is_as_good_as_a_file() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    authority.write(home.path());
    Authority::new().write_as(home.path(), "another.pem");
    let trusted = vec![("SSL_CERT_DIR", home.path().display().to_string())];
    let (world, _front) = world(authority.server("localhost"), trusted).await;
    assert!(!jira(&world).await.is_error);
    assert!(!confluence(&world).await.is_error);
    world.end();
}

#[tokio::test]
async fn the_bundled_authorities_take_the_place_of_the_systems() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let file = authority.write(home.path());
    let bundled = vec![
        ("MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE", "false".to_owned()),
        ("SSL_CERT_FILE", file.clone()),
        ("CONFLUENCE_CA_FILE", file),
    ];
    let (world, _front) = world(authority.server("localhost"), bundled).await;
    assert_refused(&jira(&world).await, "Jira", UNTRUSTED);
    assert!(!confluence(&world).await.is_error, "its own authority is trusted besides");
    world.end();
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_refused() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let trusted = vec![("SSL_CERT_FILE", authority.write(home.path()))];
    let (world, _front) = world(authority.server("localhost").self_signed(), trusted).await;
    assert_refused(&jira(&world).await, "Jira", UNTRUSTED);
    assert!(world.requests().await.is_empty(), "the credential did not leave");
    world.end();
}

#[tokio::test]
async fn both_versions_of_tls_that_are_good_today_work() {
    for version in [&TLS12, &TLS13] {
        let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let trusted = vec![("SSL_CERT_FILE", authority.write(home.path()))];
        let (world, _front) = world(authority.server("localhost").version(version), trusted).await;
        assert!(!jira(&world).await.is_error, "{version:?}");
        world.end();
    }
}

#[tokio::test]
async fn the_newer_version_of_http_is_offered_first() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let trusted = vec![("SSL_CERT_FILE", authority.write(home.path()))];
    let (world, front) = world(authority.server("localhost"), trusted).await;
    assert!(!jira(&world).await.is_error);
    assert_eq!(front.offered(), [b"h2".to_vec(), b"http/1.1".to_vec()]);
    world.end();
}

#[tokio::test]
async fn a_trusted_authority_does_not_make_every_certificate_good() {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let expired = |parameters: &mut CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let early = |parameters: &mut CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(4000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(4001, 1, 1);
    };
    for (acceptor, says, log) in [
        (
            authority.server("jira.example.com"),
            "its TLS certificate is for another name",
            "write JIRA_URL with a name that the certificate has",
        ),
        (
            authority.server("localhost").change(expired),
            "its TLS certificate has expired or is not valid yet",
            "must be renewed",
        ),
        (
            authority.server("localhost").change(early),
            "its TLS certificate has expired or is not valid yet",
            "the clock of one side be set",
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
    let front = Front::start(authority.server("localhost")).await;
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
    let (world, _front) = world(Authority::new().server("elsewhere.example.com"), relaxed).await;
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
