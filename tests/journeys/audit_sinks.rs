//! Records in two places: the file, and a receiver over HTTP that answers, fails, hangs and is gone.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rcgen::CertificateParams;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use crate::support::Setup;
use crate::support::World;
use crate::support::outside::authority;
use crate::support::receiver::Mood;
use crate::support::receiver::Receiver;

const ERRORS: &str = "portcullis_audit_sink_errors_total{sink=\"http\"}";

/// How long a record may take here.
const DEADLINE: u64 = 2;

/// How many calls are made while the file takes nothing.
const AWAY: usize = 5;

/// The token of the receiver; it stands nowhere else.
const CANARY: &str = "canary-token-41c7";

fn variables(receiver: &Receiver, require: &str) -> Vec<(&'static str, String)> {
    vec![
        ("PORTCULLIS_AUDIT__HTTP__URL", receiver.url("audit")),
        ("PORTCULLIS_AUDIT__HTTP__TOKEN", CANARY.to_owned()),
        ("PORTCULLIS_AUDIT__HTTP__TIMEOUT_SECONDS", "1".to_owned()),
        ("PORTCULLIS_AUDIT__WRITE_DEADLINE_SECONDS", DEADLINE.to_string()),
        ("PORTCULLIS_AUDIT__REQUIRE", require.to_owned()),
    ]
}

async fn world(receiver: &Receiver, require: &str) -> World {
    World::start(Setup { variables: variables(receiver, require), ..Setup::default() }).await
}

async fn read(world: &World) -> (bool, String) {
    let called = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    (called.is_error, called.text)
}

/// The receiver has what the file has, each record once.
async fn assert_same(world: &World, receiver: &Receiver) {
    world.until("the last record", async || receiver.records() == world.audit()).await;
    let records = receiver.records();
    let numbers: Vec<u64> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert!(numbers.iter().copied().eq(1..=records.len() as u64), "{numbers:?}");
    assert!(receiver.shown().iter().all(|shown| *shown == format!("Bearer {CANARY}")));
    let said = format!("{} {}", world.stderr(), json!(records));
    assert!(!said.contains(CANARY) && !said.contains("127.0.0.1/audit"), "{said}");
}

#[tokio::test]
async fn a_receiver_has_every_intent_before_the_call() {
    let receiver = Receiver::start().await;
    let world = world(&receiver, "all").await;
    for _ in 0..5 {
        assert!(!read(&world).await.0);
        let intents =
            |records: Vec<Value>| records.iter().filter(|record| record["stage"] == "intent").count();
        assert_eq!(intents(receiver.records()), intents(world.audit()));
    }
    assert_same(&world, &receiver).await;
    world.end();
}

/// What the receiver shows, and whose certificates it demands.
fn demanding(servers: &Issuer<'static, KeyPair>, clients: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, servers).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(clients.as_bytes()).unwrap()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_receiver_over_tls_that_demands_a_certificate_has_every_record() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let ((root, servers), (clients_root, clients)) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(Vec::new()).unwrap().signed_by(&key, &clients).unwrap();
    for (name, text) in [("ca.pem", root), ("own.pem", own.pem()), ("own.key", key.serialize_pem())] {
        std::fs::write(path(name), text).unwrap();
    }
    let receiver = Receiver::over_tls(demanding(&servers, &clients_root)).await;
    let tls = |with_certificate: bool| {
        let mut variables = variables(&receiver, if with_certificate { "all" } else { "any" });
        let url = receiver.url("audit").replace("http://", "https://");
        variables.extend([
            ("PORTCULLIS_AUDIT__HTTP__URL", url),
            ("PORTCULLIS_AUDIT__HTTP__CA_FILE", path("ca.pem")),
        ]);
        if with_certificate {
            variables.extend([
                ("PORTCULLIS_AUDIT__HTTP__CLIENT_CERTIFICATE", path("own.pem")),
                ("PORTCULLIS_AUDIT__HTTP__CLIENT_KEY", path("own.key")),
            ]);
        }
        Setup { variables, ..Setup::default() }
    };
    let without = World::start(tls(false)).await;
    assert!(!read(&without).await.0);
    assert!(without.stderr().contains("it demands a client certificate"), "{}", without.stderr());
    assert!(receiver.records().is_empty());
    without.end();
    let world = World::start(tls(true)).await;
    for _ in 0..3 {
        assert!(!read(&world).await.0);
    }
    assert_same(&world, &receiver).await;
    world.end();
}

#[tokio::test]
async fn a_receiver_that_fails_hangs_or_is_gone_stops_calls_until_it_is_back() {
    let mut receiver = Receiver::start().await;
    let world = world(&receiver, "all").await;
    for (mood, wanted) in [
        (Some(Mood::Refuses), "the HTTP sink: it answered 500"),
        (Some(Mood::Hangs), "the HTTP sink: it did not answer in time"),
        (None, "the HTTP sink: connection refused"),
    ] {
        assert!(!read(&world).await.0);
        let (asked, errors) = (world.asked().await, world.metric(ERRORS).await);
        match mood {
            Some(mood) => receiver.set(mood),
            None => receiver.leave().await,
        }
        let since = Instant::now();
        let (refused, text) = read(&world).await;
        assert!(refused && text.contains(wanted) && text.contains("the call was refused"), "{text}");
        assert!(since.elapsed() < Duration::from_secs(2 * DEADLINE), "{:?}", since.elapsed());
        assert_eq!(world.asked().await, asked, "nothing reaches the upstream");
        let (status, said) = world.readiness().await;
        assert!(status == 503 && said.contains("HTTP sink"), "{status} {said}");
        assert!(world.metric(ERRORS).await > errors && world.lives().await);
        match mood {
            Some(_) => receiver.set(Mood::Takes),
            None => receiver.come_back().await,
        }
        world.until("readiness", async || world.readiness().await.0 == 200).await;
    }
    assert!(!read(&world).await.0);
    assert_same(&world, &receiver).await;
    world.end();
}

#[tokio::test]
async fn with_any_a_receiver_that_is_gone_stops_nothing_and_gets_what_it_missed() {
    let mut receiver = Receiver::start().await;
    let world = world(&receiver, "any").await;
    assert!(!read(&world).await.0);
    receiver.leave().await;
    for _ in 0..5 {
        assert!(!read(&world).await.0);
    }
    assert_eq!(world.readiness().await.0, 200);
    receiver.come_back().await;
    assert!(!read(&world).await.0);
    assert_same(&world, &receiver).await;
    world.end();
}

/// The file takes nothing (see `audit_disk` for why a limit stands in for that), and the receiver all.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn with_any_a_file_that_takes_nothing_stops_nothing_and_gets_what_it_missed() {
    let receiver = Receiver::start().await;
    let variables = variables(&receiver, "any");
    let setup = Setup { variables, launch: Some(crate::audit_disk::limited), ..Setup::default() };
    let world = World::start(setup).await;
    assert!(!read(&world).await.0);
    crate::audit_disk::fill(&world);
    for _ in 0..AWAY {
        assert!(!read(&world).await.0);
    }
    assert_eq!(world.readiness().await.0, 200);
    crate::audit_disk::empty(&world);
    world.until_audited(|record| record["code"] == "PC0017").await;
    assert!(!read(&world).await.0);
    assert_same(&world, &receiver).await;
    // The sample upstream looks for intents in the file alone, which got those of this time later.
    assert_eq!(world.sim.violations().len(), AWAY);
}
