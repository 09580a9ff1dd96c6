//! The socket side of HTTP: accepts connections, ends those that say nothing, and stops gracefully.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

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

use super::forwarded::TrustedProxies;
use super::peer::Peer;
use super::tls::Tls;
use crate::audit::Network;
use crate::audit::RefusalReason;
use crate::audit::Refused;
use crate::call::Gate;

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

/// How often it is said that connections are refused.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// How many connections there may be.
pub struct Room {
    /// In all; more wait to be accepted.
    pub all: usize,
    /// From one network that is no trusted proxy; more are closed at once, so that nobody takes all.
    pub from_one: usize,
    /// Those who connect for many.
    pub proxies: TrustedProxies,
    /// Told of each that is closed.
    pub refused: Box<dyn Fn() + Send + Sync>,
}

impl Room {
    /// The usual room.
    pub fn new(proxies: TrustedProxies, refused: impl Fn() + Send + Sync + 'static) -> Self {
        Self { all: 1024, from_one: 256, proxies, refused: Box::new(refused) }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, from_one, proxies, .. } = self;
        let mut shown = formatter.debug_struct("Room");
        shown.field("all", all).field("from_one", from_one).field("proxies", proxies).finish_non_exhaustive()
    }
}

/// TLS of connections, and where a client certificate that is refused is written down.
type Guarded = (Tls, Arc<Gate>);

/// Serves until `stop` ends, then lets requests under way finish. Returns false if some had to be ended.
pub async fn listen(
    listener: TcpListener,
    tls: Option<Guarded>,
    router: Router,
    (patience, room): (Patience, Room),
    stop: impl Future<Output = ()>,
) -> bool {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(room.all));
    let mut connections = JoinSet::new();
    let mut door = Door { room, seats: Arc::default(), said: None };
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
                let Some(seat) = door.admit(address.ip()) else { continue };
                // Without it only small answers are slower.
                let _ = stream.set_nodelay(true);
                let serving = Serving { address, peer: None, router: router.clone(), head: patience.head };
                let connection = serve(stream, tls.clone(), serving, graceful.watcher());
                connections.spawn(async move {
                    let _held = (place, seat);
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

/// Who may come in.
struct Door {
    room: Room,
    seats: Arc<Mutex<HashMap<Network, usize>>>,
    said: Option<Instant>,
}

/// A connection's place among those from its network; given back with its end.
struct Seat {
    network: Network,
    seats: Arc<Mutex<HashMap<Network, usize>>>,
}

impl Door {
    /// The place of one more connection, if its network may have one.
    fn admit(&mut self, address: IpAddr) -> Option<Seat> {
        let network = Network::of(Some(address));
        let is_proxy = self.room.proxies.trusts(address);
        {
            let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = seats.entry(network).or_default();
            if *taken < self.room.from_one || is_proxy {
                *taken += 1;
                return Some(Seat { network, seats: Arc::clone(&self.seats) });
            }
        }
        (self.room.refused)();
        if self.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            self.said = Some(Instant::now());
            tracing::warn!(
                %network,
                "connections are closed at once, because {} of this network are open; if it is a proxy, name it in \
                 `server.trusted_proxies`",
                self.room.from_one
            );
        }
        None
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = seats.get_mut(&self.network) {
            *taken -= 1;
            if *taken == 0 {
                seats.remove(&self.network);
            }
        }
    }
}

/// What one connection is served with.
struct Serving {
    address: SocketAddr,
    /// Who showed a certificate.
    peer: Option<Arc<Peer>>,
    router: Router,
    head: Duration,
}

async fn serve(stream: TcpStream, tls: Option<Guarded>, serving: Serving, watcher: Watcher) {
    let Some((tls, gate)) = tls else { return serving.serve(stream, watcher).await };
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
    let refused = Refused {
        status: None,
        reason: RefusalReason::Certificate,
        address: Some(address.ip()),
        proxy: None,
        tool: None,
    };
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use axum::routing::get;
    use tokio::io::AsyncReadExt as _;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn one_network_does_not_take_all() {
        let refused = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&refused);
        let proxies = TrustedProxies::new([("10.1.0.0".parse().unwrap(), 16)]);
        let room = Room {
            from_one: 2,
            ..Room::new(proxies, move || {
                counter.fetch_add(1, Ordering::Relaxed);
            })
        };
        let mut door = Door { room, seats: Arc::default(), said: None };
        let mut enter = |text: &str| door.admit(text.parse().unwrap());
        let first = enter("2001:db8::1").unwrap();
        let _second = enter("2001:db8::2").unwrap();
        assert!(enter("2001:db8::3").is_none(), "they are of one network");
        let _other = enter("2001:db8:0:1::1").unwrap();
        let _proxy: Vec<_> = (0..5).map(|_| enter("10.1.2.3").unwrap()).collect();
        assert_eq!(refused.load(Ordering::Relaxed), 1);
        drop(first);
        assert!(enter("2001:db8::3").is_some(), "one has gone");
        assert_eq!(door.seats.lock().unwrap().len(), 3, "who has gone is forgotten");
    }

    #[tokio::test]
    async fn a_connection_too_many_is_closed_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let room = Room { from_one: 2, ..Room::new(TrustedProxies::default(), || {}) };
        let patience = Patience { head: Duration::from_secs(30), drain: Duration::from_secs(1) };
        let router = Router::new().route("/", get(|| async { "here" }));
        let served = tokio::spawn(listen(listener, None, router, (patience, room), std::future::pending()));
        let connect = async || TcpStream::connect(address).await.unwrap();
        let ask = async |stream: &mut TcpStream| {
            let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
            let mut answer = [0; 15];
            let asked = async {
                stream.write_all(request).await?;
                stream.read_exact(&mut answer).await
            };
            asked.await.is_ok_and(|_| answer.starts_with(b"HTTP/1.1 200 OK"))
        };
        let (mut first, mut second) = (connect().await, connect().await);
        assert!(ask(&mut first).await && ask(&mut second).await);
        assert!(!ask(&mut connect().await).await, "the third has no place");
        drop(second);
        let mut third = connect().await;
        while !ask(&mut third).await {
            third = connect().await;
        }
        served.abort();
    }
}
