//! The wire against servers that misbehave; what a real one says is in `tests/openbao.rs`.

use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::secrets::Secret;
use crate::secrets::SecretError;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;
use crate::secrets::VaultError;
use crate::secrets::VaultLogin;
use crate::secrets::VaultSettings;
use crate::secrets::WatchSettings;

const CANARY: &str = "canary-51c8";
const LOGIN: &str = "{\"auth\":{\"client_token\":\"token-canary-51c8\"}}";

/// A server that gives its answers in turn, one per connection, and keeps what it was asked.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: Vec<String>) -> Self {
        Self::serve(answers, None).await
    }

    async fn serve(answers: Vec<String>, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            for answer in answers {
                let (stream, _) = listener.accept().await.unwrap();
                match &tls {
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            converse(stream, &answer, &seen).await;
                        }
                    }
                    None => converse(stream, &answer, &seen).await,
                }
            }
        });
        Self { address, requests }
    }

    fn settings(&self) -> VaultSettings {
        VaultSettings {
            addresses: vec![self.address.parse().unwrap()],
            namespace: Some("team".to_owned()),
            ca_file: None,
            client_certificate: None,
            login: login(SecretRef::Literal(Secret::new("role"))),
            timeout_seconds: 1,
            watch: WatchSettings::default(),
            help_url: None,
        }
    }

    async fn read(&self, settings: VaultSettings) -> Result<String, VaultError> {
        let secrets = Secrets::new(std::collections::BTreeMap::new(), None, Some(settings));
        let resolved = match secrets {
            Ok(secrets) => secrets.resolve(&SecretRef::parse("vault://kv/app/jira#token").unwrap()).await,
            Err(error) => Err(error),
        };
        match resolved {
            Ok(secret) => Ok(secret.expose().to_owned()),
            Err(SecretError::Vault(error)) => {
                assert!(
                    !format!("{error:?} {error} {}", error.caller_text("Jira")).contains(CANARY),
                    "{error:?}"
                );
                Err(error)
            }
            Err(other) => panic!("{other}"),
        }
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    seen.lock().unwrap().push(String::from_utf8(request).unwrap());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn mount() -> String {
    answer(200, "{\"data\":{\"type\":\"kv\",\"options\":{\"version\":\"2\"}}}")
}

fn login(role_id: SecretRef) -> VaultLogin {
    let secret_id = SecretRef::Literal(Secret::new(CANARY));
    VaultLogin::AppRole { mount: "approle".to_owned(), role_id, secret_id, wrapped_for: None }
}

fn value(secret: &str) -> String {
    answer(200, &format!("{{\"data\":{{\"data\":{{\"token\":\"{secret}\"}}}}}}"))
}

#[tokio::test]
async fn requests_are_those_of_the_api() {
    let server = Server::start(vec![answer(200, LOGIN), mount(), value("T")]).await;
    assert_eq!(server.read(server.settings()).await.unwrap(), "T");
    let requests = server.requests.lock().unwrap().clone();
    let [login, _, read] = &requests[..] else { panic!("{requests:?}") };
    assert!(login.starts_with("POST /v1/auth/approle/login HTTP/1.1\r\n"), "{login}");
    assert!(login.ends_with(&format!("{{\"role_id\":\"role\",\"secret_id\":\"{CANARY}\"}}")), "{login}");
    assert!(!login.contains("x-vault-token"), "{login}");
    assert!(read.starts_with("GET /v1/kv/data/app/jira HTTP/1.1\r\n"), "{read}");
    for header in ["x-vault-token: token-canary-51c8", "x-vault-request: true", "x-vault-namespace: team"] {
        assert!(read.contains(header), "{read}");
    }
}

#[tokio::test]
async fn a_redirect_takes_the_token_nowhere() {
    let elsewhere = Server::start(vec![value("stolen")]).await;
    let redirect = format!(
        "HTTP/1.1 307 X\r\nlocation: {}/v1/kv/data/app/jira\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        elsewhere.address
    );
    let server = Server::start(vec![answer(200, LOGIN), mount(), redirect]).await;
    let error = server.read(server.settings()).await.unwrap_err();
    assert!(matches!(&error, VaultError::Redirected { status: 307, .. }), "{error}");
    assert!(elsewhere.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn answers_that_are_no_answers() {
    let huge = "x".repeat(1024 * 1024 + 1);
    let cut = "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{\"data\"".to_owned();
    let sealed = answer(503, "{\"errors\":[\"Vault is Sealed\"]}");
    for (given, expected) in [
        (answer(503, "busy canary-51c8"), "did not answer: status 503"),
        (answer(500, "canary-51c8"), "did not answer: status 500"),
        (answer(429, ""), "too many requests (status 429)"),
        (answer(473, ""), "did not answer: status 473"),
        (sealed, "is sealed; unseal it"),
        (answer(200, "canary-51c8"), "it is not JSON"),
        (answer(200, &huge), "longer than 1 MiB"),
        (answer(400, "canary-51c8"), "must be a KV engine"),
        (answer(404, "canary-51c8"), "no such secret"),
        (cut, "did not answer: "),
    ] {
        // One answer is asked for twice.
        let server = Server::start(vec![answer(200, LOGIN), mount(), given.clone(), given]).await;
        let error = server.read(server.settings()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error} (expected {expected})");
    }
    for (given, expected) in [
        (answer(400, "canary-51c8"), "refused the AppRole login at auth/approle (status 400)"),
        (answer(503, "{\"errors\":[\"sealed\"]}"), "is sealed"),
        (answer(200, "{\"auth\":{\"client_token\":\"a\\ncanary-51c8\"}}"), "cannot be sent as a header"),
        (answer(200, "{\"auth\":{\"client_token\":[\"canary-51c8\"]}}"), "of another type"),
    ] {
        let server = Server::start(vec![given]).await;
        let error = server.read(server.settings()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error} (expected {expected})");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = Server { address, requests: Arc::default() };
    let error = server.read(server.settings()).await.unwrap_err();
    assert!(error.to_string().contains("timed out"), "{error}");
}

#[tokio::test]
async fn a_refused_token_means_exactly_one_login_more() {
    let answers = vec![answer(200, LOGIN), mount(), answer(403, ""), answer(200, LOGIN), value("again")];
    let server = Server::start(answers).await;
    assert_eq!(server.read(server.settings()).await.unwrap(), "again");

    let answers = vec![
        answer(200, LOGIN),
        mount(),
        answer(403, ""),
        answer(200, LOGIN),
        answer(403, ""),
        value("never"),
    ];
    let server = Server::start(answers).await;
    let error = server.read(server.settings()).await.unwrap_err();
    assert!(error.to_string().contains("add a policy with `read` on kv/data/app/jira"), "{error}");
    assert_eq!(server.requests.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn only_the_configured_authority_speaks_for_vault() {
    let directory = tempfile::tempdir().unwrap();
    let [trusted, other] = ["trusted", "other"].map(|name| {
        let key = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, key.cert.pem()).unwrap();
        (key, path)
    });
    let chain = vec![trusted.0.cert.der().clone()];
    let key = rustls::pki_types::PrivateKeyDer::try_from(trusted.0.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = Arc::new(tls.with_no_client_auth().with_single_cert(chain, key).unwrap());
    for (ca_file, expected) in [
        (Some(trusted.1), Ok("T")),
        (Some(other.1), Err("is not trusted as Vault")),
        (None, Err("is not trusted as Vault")),
    ] {
        let answers = vec![answer(200, LOGIN), mount(), value("T")];
        let server = Server::serve(answers, Some(Arc::clone(&tls).into())).await;
        let read = server.read(VaultSettings { ca_file, ..server.settings() }).await;
        match (read, expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret, expected),
            (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
            (read, _) => panic!("{read:?}"),
        }
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let server = Server::start(Vec::new()).await;
    let settings = || server.settings();
    for (settings, says) in [
        (
            VaultSettings { addresses: vec!["http://vault.example.com".parse().unwrap()], ..settings() },
            "is not https",
        ),
        (VaultSettings { ca_file: Some(empty), ..settings() }, "holds no certificate"),
        (VaultSettings { ca_file: Some(directory.path().join("none")), ..settings() }, "cannot be read"),
        (
            VaultSettings { login: login(SecretRef::parse("env://NO").unwrap()), ..settings() },
            "vault.role_id: `env://NO`",
        ),
        (
            VaultSettings { login: login(SecretRef::parse("vault://a/b#c").unwrap()), ..settings() },
            "vault.role_id",
        ),
    ] {
        let error = server.read(settings).await.unwrap_err();
        assert!(matches!(error, VaultError::Settings { .. }) && error.to_string().contains(says), "{error}");
    }
    assert!(server.requests.lock().unwrap().is_empty());
}
