//! All hosts there are, behind one proxy on loopback: Atlassian's Cloud with its gateway, and any Data Center.
//!
//! The proxy takes `CONNECT` and speaks TLS itself, with certificates of an authority that the server under test
//! trusts; it takes plain requests as well. Every request is noted as it came: method, scheme, host, path, headers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// A request that reached some host.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// `https://host/path`, without the query.
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An answer that stands before the usual ones: a part of the URL, a status and a body.
pub(crate) type Answer = (&'static str, u16, Value);

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    connections: usize,
    answers: Vec<Answer>,
    refused: Vec<String>,
    granted: usize,
}

/// The hosts, until it is dropped.
pub(crate) struct Outside {
    address: SocketAddr,
    pem: String,
    state: Arc<Mutex<State>>,
    task: AbortHandle,
}

impl Outside {
    pub(crate) async fn start() -> Self {
        let (pem, issuer) = authority();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let noted = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&issuer), Arc::clone(&noted)));
            }
        });
        Self { address, pem, state, task: task.abort_handle() }
    }

    /// What a server needs to reach these hosts: the proxy, and whom to trust.
    pub(crate) fn variables(&self, home: &Path) -> Vec<(&'static str, String)> {
        let authority = home.join("outside.pem");
        std::fs::write(&authority, &self.pem).unwrap();
        let proxy = format!("http://{}", self.address);
        vec![
            ("HTTPS_PROXY", proxy.clone()),
            ("HTTP_PROXY", proxy),
            ("SSL_CERT_FILE", authority.display().to_string()),
        ]
    }

    /// Puts an answer before the usual ones.
    pub(crate) fn answer(&self, answer: Answer) {
        self.state.lock().unwrap().answers.insert(0, answer);
    }

    /// Answers 401 to whoever shows this.
    pub(crate) fn refuse(&self, authorization: &str) {
        self.state.lock().unwrap().refused.push(authorization.to_owned());
    }

    /// The requests since the last time, in order.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }

    /// How many connections were opened so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An authority for the certificates of all hosts, and its own.
pub(crate) fn authority() -> (String, Arc<Issuer<'static, KeyPair>>) {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = parameters.self_signed(&key).unwrap().pem();
    (pem, Arc::new(Issuer::new(parameters, key)))
}

/// One connection: a tunnel to a host, or plain requests with the host in them.
async fn serve(mut stream: TcpStream, issuer: Arc<Issuer<'static, KeyPair>>, state: Arc<Mutex<State>>) {
    state.lock().unwrap().connections += 1;
    let mut first = [0; 8];
    if stream.peek(&mut first).await.unwrap_or(0) == 0 {
        return;
    }
    if !first.starts_with(b"CONNECT ") {
        return requests(stream, "http", String::new(), state).await;
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let host = head.split([' ', ':']).nth(1).unwrap().to_owned();
    if stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.is_err() {
        return;
    }
    let Ok(stream) = acceptor(&issuer, &host).accept(stream).await else { return };
    requests(stream, "https", host, state).await;
}

pub(crate) fn acceptor(issuer: &Issuer<'static, KeyPair>, host: &str) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    scheme: &'static str,
    host: String,
    state: Arc<Mutex<State>>,
) {
    let service = service_fn(move |request| answer(request, scheme, host.clone(), Arc::clone(&state)));
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    scheme: &'static str,
    host: String,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let host = parts.uri.host().map_or(host, str::to_owned);
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let seen = Seen {
        method: parts.method.to_string(),
        url: format!("{scheme}://{host}{}", parts.uri.path()),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let (status, value) = {
        let mut state = state.lock().unwrap();
        let refused =
            seen.header("authorization").is_some_and(|shown| state.refused.iter().any(|one| one == shown));
        let own = state.answers.iter().find(|(part, ..)| seen.url.contains(part));
        let answer = match own {
            _ if refused => (401, json!({})),
            Some((_, status, value)) => (*status, value.clone()),
            None if seen.url.ends_with("/oauth/token") => {
                state.granted += 1;
                let number = state.granted;
                let (access, refresh) =
                    (format!("canary-access-{number}"), format!("canary-refresh-{number}"));
                (200, json!({"access_token": access, "refresh_token": refresh, "expires_in": 3600}))
            }
            None => usual(&seen),
        };
        state.seen.push(seen);
        answer
    };
    let mut answer = Response::builder().status(status).header("content-type", "application/json");
    if let (300..400, Some(location)) = (status, value["location"].as_str()) {
        answer = answer.header("location", location);
    }
    Ok(answer.body(Full::new(Bytes::from(value.to_string()))).unwrap())
}

/// What Jira and Confluence say to the calls of the tables.
fn usual(seen: &Seen) -> (u16, Value) {
    let space = json!({"id": "98306", "key": "DOCS", "name": "Documents"});
    let page = json!({"id": "65537", "type": "page", "status": "current", "title": "Page", "spaceId": "98306",
        "version": {"number": 1}, "space": space,
        "body": {"storage": {"value": "<p>text</p>", "representation": "storage"}}});
    let endings: [(&str, Value); 9] = [
        ("/rest/api/2/myself", json!({"name": "Ann", "accountId": "acc-1"})),
        ("/rest/api/user/current", json!({"type": "known", "username": "Ann", "accountId": "acc-1"})),
        ("/_edge/tenant_info", json!({"cloudId": "cid-1"})),
        (
            "/issue/OPS-1",
            json!({"id": "1", "key": "OPS-1", "fields": {"summary": "found", "project": {"key": "OPS"}}}),
        ),
        ("/issue/OPS-1/comment", json!({"id": "2", "body": "x", "created": "2026-01-01T00:00:00.000+0000"})),
        ("/rest/api/content/65537", page.clone()),
        ("/api/v2/pages/65537", page),
        ("/api/v2/spaces/98306", space),
        ("/properties", json!({"results": []})),
    ];
    let found = endings.into_iter().find(|(ending, _)| seen.url.ends_with(ending));
    found.map_or_else(|| (200, json!({"results": [], "values": [], "size": 0})), |(_, value)| (200, value))
}
