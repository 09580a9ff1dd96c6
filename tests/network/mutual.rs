//! Client certificates: a server that demands one gets it, and what is wrong with one is said at start.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use portcullis::net;
use portcullis::net::ClientCertificate;
use portcullis::net::ClientSettings;
use portcullis::net::Guard;
use portcullis::secrets::Secret;
use rcgen::CertificateParams;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::KeyPair;
use rustls::version::TLS12;
use rustls::version::TLS13;
use tempfile::TempDir;

use crate::authority::Authority;
use crate::authority::Front;
use crate::support::line::run;
use crate::support::usual;
use crate::trust::assert_refused;
use crate::trust::confluence;
use crate::trust::jira;
use crate::trust::world;

const PASSWORD: &str = "canary-password";

/// A client certificate with its key, in files.
struct Own {
    home: TempDir,
    authority: Authority,
    certificate: String,
    key: String,
}

impl Own {
    fn new() -> Self {
        Self::with(&KeyPair::generate().unwrap(), |_| ())
    }

    fn with(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let certificate = write(home.path(), "own.pem", &authority.client(key, change));
        let key = write(home.path(), "own.key", &key.serialize_pem());
        Self { home, authority, certificate, key }
    }

    /// Both in one file.
    fn combined(&self) -> String {
        let both = [&self.certificate, &self.key].map(|file| std::fs::read_to_string(file).unwrap()).concat();
        write(self.home.path(), "both.pem", &both)
    }

    /// The key as `openssl` writes it.
    fn rewritten(&self, name: &str, arguments: &str) -> String {
        let file = self.home.path().join(name).display().to_string();
        openssl(&format!("{arguments} -in {} -out {file}", self.key));
        file
    }
}

fn write(home: &Path, name: &str, text: &str) -> String {
    let path = home.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn openssl(arguments: &str) {
    let ended = Command::new("openssl").args(arguments.split(' ')).output().unwrap();
    assert!(ended.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// A key of RSA, which only `openssl` makes.
fn rsa() -> KeyPair {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("rsa.pem");
    openssl(&format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {}", file.display()));
    KeyPair::from_pem(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_it_in_every_form() {
    for (version, own, form) in [
        (&TLS13, Own::new(), "combined"),
        (&TLS12, Own::new(), "separate"),
        (&TLS13, Own::new(), "encrypted"),
        (&TLS12, Own::with(&rsa(), |_| ()), "encrypted"),
    ] {
        let servers = Authority::new();
        let mut variables = vec![("SSL_CERT_FILE", servers.write(own.home.path()))];
        variables.extend(match form {
            "combined" => vec![("JIRA_CLIENT_CERT", own.combined())],
            "separate" => {
                vec![("JIRA_CLIENT_CERT", own.certificate.clone()), ("JIRA_CLIENT_KEY", own.key.clone())]
            }
            _ => vec![
                ("JIRA_CLIENT_CERT", own.certificate.clone()),
                (
                    "JIRA_CLIENT_KEY",
                    own.rewritten("encrypted.key", &format!("pkcs8 -topk8 -passout pass:{PASSWORD}")),
                ),
                ("JIRA_CLIENT_KEY_PASSWORD", PASSWORD.to_owned()),
            ],
        });
        let server = servers.server("localhost").version(version).for_clients_of(&own.authority);
        let (world, _front) = world(server, variables).await;
        assert_eq!(jira(&world).await.json()["key"], "OPS-1", "{form}");
        assert_refused(&confluence(&world).await, "Confluence", "it demands a client certificate");
        let log = world.stderr();
        assert!(log.contains("set CONFLUENCE_CLIENT_CERT to a PEM file"), "{log}");
        assert!(!log.contains(PASSWORD), "{log}");
        world.end();
    }
}

#[tokio::test]
async fn a_certificate_that_the_server_does_not_accept_is_told_apart() {
    let expired = |parameters: &mut CertificateParams| {
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let for_servers = |parameters: &mut CertificateParams| {
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    let key = || KeyPair::generate().unwrap();
    for (what, own, accepted) in [
        ("of another authority", Own::new(), Some(Authority::new())),
        ("expired", Own::with(&key(), expired), None),
        ("for servers", Own::with(&key(), for_servers), None),
    ] {
        for version in [&TLS12, &TLS13] {
            let servers = Authority::new();
            let variables =
                vec![("SSL_CERT_FILE", servers.write(own.home.path())), ("JIRA_CLIENT_CERT", own.combined())];
            let accepted = accepted.as_ref().unwrap_or(&own.authority);
            let server = servers.server("localhost").version(version).for_clients_of(accepted);
            let (world, _front) = world(server, variables).await;
            let called = jira(&world).await;
            assert!(called.text.contains("it does not accept the client certificate"), "{what}: {called:?}");
            assert!(world.stderr().contains("see JIRA_CLIENT_CERT"), "{}", world.stderr());
            world.end();
        }
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_ends_the_start_and_names_the_file() {
    let (own, other) = (Own::new(), Own::new());
    let encrypted = own.rewritten("encrypted.key", &format!("pkcs8 -topk8 -passout pass:{PASSWORD}"));
    let none = own.home.path().join("none.pem").display().to_string();
    let password = || Some(PASSWORD.to_owned());
    for (certificate, key, password, file, says) in [
        (
            &own.certificate,
            Some(&encrypted),
            Some("wrong".to_owned()),
            &encrypted,
            "does not open the private key",
        ),
        (
            &own.certificate,
            Some(&encrypted),
            None,
            &encrypted,
            "is encrypted; set its password in CLIENT_KEY_PASSWORD",
        ),
        (&own.certificate, Some(&other.key), None, &other.key, "does not belong to the first certificate"),
        (
            &own.certificate,
            Some(&other.key),
            password(),
            &own.certificate,
            "does not belong to the first certificate",
        ),
        (&own.certificate, Some(&none), None, &none, "cannot read"),
        (&none, None, None, &none, "cannot read"),
        (&own.certificate, None, None, &own.certificate, "holds no private key"),
        (&own.key, None, None, &own.key, "holds no certificate"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut variables = usual("http://127.0.0.1:9", &home, false);
        variables.extend([
            ("JIRA_PERSONAL_TOKEN", "canary-token".to_owned()),
            ("CONFLUENCE_PERSONAL_TOKEN", "canary-token".to_owned()),
            ("JIRA_CLIENT_CERT", certificate.clone()),
        ]);
        variables.extend(key.map(|key| ("JIRA_CLIENT_KEY", key.clone())));
        variables.extend(password.map(|password| ("JIRA_CLIENT_KEY_PASSWORD", password)));
        let ended = run(&variables, &[]).await;
        let text = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(78), "{says}: {text}");
        assert!(text.contains(says) && text.contains(file) && text.contains("Jira"), "{says}: {text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn where_callers_choose_the_address_no_certificate_of_ours_is_shown() {
    let (own, servers) = (Own::new(), Authority::new());
    let server = servers.server("127.0.0.1").version(&TLS12).for_clients_of(&own.authority);
    let front = Front::start(server).await;
    let settings = ClientSettings {
        ca_file: Some(servers.write(own.home.path()).into()),
        client_certificate: Some(ClientCertificate {
            certificate: own.combined().into(),
            key: None,
            password: None,
        }),
        timeout: Duration::from_secs(2),
        ..ClientSettings::default()
    };
    let ask = async |guard| {
        let client = net::build_client(&ClientSettings { guard, ..settings.clone() }).unwrap();
        client.get(format!("https://{}/", front.address)).send().await.unwrap_err()
    };
    assert!(ask(None).await.is_timeout(), "the server listens, and answers nothing");
    let refused = format!("{:?}", ask(Some(Arc::new(Guard::default()))).await);
    assert!(refused.contains("CertificateRequired"), "{refused}");
}

#[test]
fn keys_as_openssl_writes_them() {
    let (ec, rsa) = (Own::new(), Own::with(&rsa(), |_| ()));
    let encrypted = |more: &str| format!("pkcs8 -topk8 -passout pass:{PASSWORD} {more}");
    for (own, arguments, wanted) in [
        (&ec, "pkcs8 -topk8 -nocrypt".to_owned(), None),
        (&ec, "ec".to_owned(), None),
        (&rsa, "rsa -traditional".to_owned(), None),
        (&rsa, "pkcs8 -topk8 -nocrypt".to_owned(), None),
        (&ec, encrypted("-v2 aes-128-cbc"), None),
        (&rsa, encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA512"), None),
        (&ec, encrypted("-scrypt"), None),
        (&ec, encrypted("-v2prf hmacWithSHA1"), Some("-v2prf hmacWithSHA256")),
        (&ec, encrypted("-v2 des3"), Some("-v2prf hmacWithSHA256")),
        (&ec, encrypted("-v1 PBE-SHA1-3DES"), Some("-v2prf hmacWithSHA256")),
        (&rsa, format!("rsa -traditional -aes128 -passout pass:{PASSWORD}"), Some("Proc-Type: 4,ENCRYPTED")),
        (&ec, format!("ec -aes128 -passout pass:{PASSWORD}"), Some("openssl pkcs8 -topk8 -in")),
    ] {
        let key = own.rewritten("rewritten.key", &arguments);
        let settings = ClientSettings {
            plain: true,
            client_certificate: Some(ClientCertificate {
                certificate: own.certificate.clone().into(),
                key: Some(key.clone().into()),
                password: Some(Secret::new(PASSWORD)),
            }),
            ..ClientSettings::default()
        };
        let refused = net::build_client(&settings).err().map(|error| error.to_string());
        match (&refused, wanted) {
            (None, None) => {}
            (Some(text), Some(says)) => {
                assert!(text.contains(says) && text.contains(&key), "{arguments}: {text}");
                assert!(!text.contains(PASSWORD), "{text}");
            }
            _ => panic!("{arguments}: {refused:?}"),
        }
    }
}
