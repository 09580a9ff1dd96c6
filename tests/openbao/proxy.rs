//! A proxy in front of OpenBao that spoils what it says, and shows what certificate it likes.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::bao::Bao;

/// What is done to answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    Pass,
    Latency(Duration),
    /// Status, more headers, body.
    Answer(u16, &'static str, &'static str),
    /// The answer ends half-way.
    Truncated,
    /// More than anybody reads.
    Huge,
    /// The connection is closed without an answer.
    Reset,
}

/// The certificate that is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown {
    Right,
    OtherAuthority,
    OtherName,
    Expired,
}

/// The proxy; it ends with the test.
pub(crate) struct Proxy {
    pub(crate) address: String,
    state: Arc<Mutex<(Mode, Arc<ServerConfig>)>>,
    authority: (Issuer<'static, KeyPair>, PathBuf),
    /// Where requests came to that were sent on by a redirect.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts in front of a server; the authority's certificate is written into a directory.
    pub(crate) async fn start(bao: &Bao, directory: &Path) -> Self {
        let authority = authority();
        let file = directory.join("authority.pem");
        std::fs::write(&file, &authority.1).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let right = config(&authority.0, Shown::Right);
        let state = Arc::new(Mutex::new((Mode::Pass, right)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let upstream = (bao.http.clone(), bao.address.clone());
        tokio::spawn(serve(listener, Arc::clone(&state), Arc::clone(&asked), upstream));
        Self { address, state, authority: (authority.0, file), asked }
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.authority.1.clone()
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.state.lock().unwrap().0 = mode;
    }

    /// Shows another certificate from the next connection on.
    pub(crate) fn show(&self, shown: Shown) {
        let other = authority();
        let issuer = if matches!(shown, Shown::OtherAuthority) { &other.0 } else { &self.authority.0 };
        self.state.lock().unwrap().1 = config(issuer, shown);
    }
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().pem();
    (Issuer::new(parameters, key), certificate)
}

fn config(issuer: &Issuer<'static, KeyPair>, shown: Shown) -> Arc<ServerConfig> {
    let name = if matches!(shown, Shown::OtherName) { "vault.example.com" } else { "127.0.0.1" };
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if matches!(shown, Shown::Expired) {
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap())
}

type State = Arc<Mutex<(Mode, Arc<ServerConfig>)>>;

async fn serve(
    listener: TcpListener,
    state: State,
    asked: Arc<Mutex<Vec<String>>>,
    upstream: (reqwest::Client, String),
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (mode, tls) = state.lock().unwrap().clone();
        let (asked, upstream) = (Arc::clone(&asked), upstream.clone());
        tokio::spawn(async move {
            let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
            let Some(request) = request(&mut stream).await else { return };
            asked.lock().unwrap().push(request.lines().next().unwrap_or_default().to_owned());
            let answer = spoiled(mode, &request, &upstream).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        });
    }
}

/// One whole request.
async fn request(stream: &mut TlsStream<tokio::net::TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
            if body.len() >= head.lines().find_map(length).unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

async fn spoiled(mode: Mode, request: &str, upstream: &(reqwest::Client, String)) -> Vec<u8> {
    match mode {
        Mode::Pass => forwarded(request, upstream).await,
        Mode::Latency(span) => {
            tokio::time::sleep(span).await;
            forwarded(request, upstream).await
        }
        Mode::Answer(status, headers, body) => {
            let length = body.len();
            format!(
                "HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        }
        Mode::Truncated => {
            let whole = forwarded(request, upstream).await;
            whole[..whole.len() - 10].to_vec()
        }
        Mode::Huge => {
            let body = "x".repeat(2 << 20);
            let head =
                format!("HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            (head + &body).into_bytes()
        }
        Mode::Reset => Vec::new(),
    }
}

/// What the server itself says.
async fn forwarded(request: &str, (client, address): &(reqwest::Client, String)) -> Vec<u8> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let mut forward =
        client.request(method.parse().unwrap(), format!("{address}{path}")).body(body.to_owned());
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        if !matches!(name.to_ascii_lowercase().as_str(), "host" | "content-length" | "connection") {
            forward = forward.header(name, value);
        }
    }
    let answer = forward.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.text().await.unwrap();
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}
