//! The socket side of HTTP: accepts connections, ends those that say nothing, and stops gracefully.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::server::graceful::Watcher;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::peer::Peer;
use super::tls::Tls;
use crate::audit::RefusalReason;
use crate::audit::Refused;
use crate::call::Gate;

/// How many connections there may be; more wait to be accepted.
const CONNECTIONS: usize = 1024;

/// How long to wait when the system has no room for a connection.
const RETRY: Duration = Duration::from_millis(100);

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until TLS is agreed on, and until the head of a request is there.
    pub head: Duration,
    /// For requests under way once the server stops.
    pub drain: Duration,
}

/// Serves until `stop` ends, then lets requests under way finish. Returns false if some had to be ended.
pub async fn listen(
    gate: &Arc<Gate>,
    (listener, tls): (TcpListener, Option<Tls>),
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> bool {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                // Without it only small answers are slower.
                let _ = stream.set_nodelay(true);
                let serving = Serving { address, peer: None, router: router.clone(), head: patience.head };
                let connection = serve(stream, tls.clone(), Arc::clone(gate), serving, graceful.watcher());
                connections.spawn(async move {
                    let _place = place;
                    connection.await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    drop(listener);
    // Connections that do not end in time end with the set.
    tokio::time::timeout(patience.drain, graceful.shutdown()).await.is_ok()
}

/// What one connection is served with.
struct Serving {
    address: SocketAddr,
    /// Who showed a certificate.
    peer: Option<Arc<Peer>>,
    router: Router,
    head: Duration,
}

async fn serve(stream: TcpStream, tls: Option<Tls>, gate: Arc<Gate>, serving: Serving, watcher: Watcher) {
    let Some(tls) = tls else { return serving.serve(stream, watcher).await };
    let address = serving.address;
    match tokio::time::timeout(serving.head, tls.acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let peer = peer(&tls, &stream);
            Serving { peer, ..serving }.serve(stream, watcher).await;
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, %address, "a connection did not agree on TLS");
            if is_about_certificate(&error) {
                refuse(&gate, address).await;
            }
        }
        Err(_) => tracing::debug!(%address, "a connection did not agree on TLS in time"),
    }
}

/// Who is on the other side, as far as they have shown a certificate.
fn peer(tls: &Tls, stream: &TlsStream<TcpStream>) -> Option<Arc<Peer>> {
    let shown = stream.get_ref().1.peer_certificates()?;
    Peer::of(shown, tls.clients.as_ref()?).map(Arc::new)
}

/// Whether the client showed no certificate that is taken. Which is wrong with it, nobody is told but the log.
fn is_about_certificate(error: &std::io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(error, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}

/// Written down or counted; there is nobody to be told if that fails.
async fn refuse(gate: &Gate, address: SocketAddr) {
    let refused =
        Refused { status: None, reason: RefusalReason::Certificate, address: Some(address.ip()), tool: None };
    if let Err(error) = gate.refusals.note(refused).await {
        tracing::warn!(%error, "that a client certificate was refused could not be written down");
    }
}

impl Serving {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, watcher: Watcher) {
        let Self { address, peer, router, head } = self;
        let service = service_fn(move |request: http::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(address));
            if let Some(peer) = &peer {
                request.extensions_mut().insert(Arc::clone(peer));
            }
            router.clone().oneshot(request)
        });
        // Every MCP client speaks it; those that also speak HTTP/2 do so only where TLS offers it.
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(head);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, %address, "a connection ended early");
        }
    }
}
