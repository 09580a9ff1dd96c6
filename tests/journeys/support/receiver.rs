//! An HTTP receiver of the audit log, as an operator could write one: what it has of a file already, it leaves out.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::Listener;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections that agreed on TLS.
struct Tls {
    listener: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// What it does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    Refuses,
    Hangs,
}

#[derive(Debug, Default)]
struct Inside {
    mood: Option<Mood>,
    /// The records of each file.
    records: BTreeMap<String, Vec<Value>>,
    /// Every request that came: the authorization that was shown.
    shown: Vec<String>,
    notes: Vec<String>,
}

/// A receiver on loopback.
pub(crate) struct Receiver {
    address: std::net::SocketAddr,
    inside: Arc<Mutex<Inside>>,
    serving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut receiver = Self { address, inside: Arc::default(), serving: None };
        receiver.serve(listener);
        receiver
    }

    fn serve(&mut self, listener: impl Listener<Io: Send, Addr: Send + Debug>) {
        let router = Router::new()
            .route("/audit", post(take))
            .route("/witness", post(note))
            .with_state(Arc::clone(&self.inside));
        let (stop, stopped) = oneshot::channel();
        let stopped = async { drop(stopped.await) };
        let serve = axum::serve(listener, router).with_graceful_shutdown(stopped);
        self.serving = Some((stop, tokio::spawn(async move { serve.await.unwrap() })));
    }

    /// One that speaks TLS alone.
    pub(crate) async fn over_tls(tls: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut receiver = Self { address, inside: Arc::default(), serving: None };
        receiver.serve(Tls { listener, tls });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.inside.lock().unwrap().mood = Some(mood);
    }

    /// Nobody listens there any more, and connections are gone.
    pub(crate) async fn leave(&mut self) {
        let (stop, task) = self.serving.take().unwrap();
        stop.send(()).unwrap();
        task.await.unwrap();
    }

    /// It is there again, at the same address.
    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    /// All records, in the order of their files.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.inside.lock().unwrap().records.values().flatten().cloned().collect()
    }

    /// What was shown with each request.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.inside.lock().unwrap().shown.clone()
    }

    /// The checkpoints that came.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.inside.lock().unwrap().notes.clone()
    }
}

/// What the receiver does now, and what it was shown.
async fn answer(inside: &Mutex<Inside>, headers: &HeaderMap) -> Option<StatusCode> {
    let mood = {
        let mut inside = inside.lock().unwrap();
        let shown = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
        inside.shown.push(shown.to_owned());
        inside.mood
    };
    match mood {
        None | Some(Mood::Takes) => None,
        Some(Mood::Refuses) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        Some(Mood::Hangs) => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            None
        }
    }
}

async fn take(State(inside): State<Arc<Mutex<Inside>>>, headers: HeaderMap, body: String) -> StatusCode {
    if let Some(status) = answer(&inside, &headers).await {
        return status;
    }
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-ndjson");
    let mut inside = inside.lock().unwrap();
    let known = inside.records.entry(header("portcullis-log")).or_default();
    let last = known.last().map(|record| record["seq"].as_u64().unwrap());
    let first: u64 = header("portcullis-first-seq").parse().unwrap();
    assert!(last.is_none_or(|last| first <= last + 1), "records from {last:?} to {first} are missing");
    for line in body.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        if last.is_none_or(|last| record["seq"].as_u64().unwrap() > last) {
            known.push(record);
        }
    }
    StatusCode::NO_CONTENT
}

async fn note(State(inside): State<Arc<Mutex<Inside>>>, headers: HeaderMap, body: String) -> StatusCode {
    if let Some(status) = answer(&inside, &headers).await {
        return status;
    }
    inside.lock().unwrap().notes.push(body);
    StatusCode::OK
}
