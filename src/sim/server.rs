//! The socket side: accept, serve with hyper, close without an answer where a fault says so, stop gracefully.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;

use super::site;
use super::site::Aborted;
use super::site::Site;

/// How long answers under way may take once the server stops.
const GRACE: Duration = Duration::from_millis(500);

/// The task that accepts connections; aborted when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    stop: Option<oneshot::Sender<Infallible>>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(listener: TcpListener, site: Arc<Site>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop: Some(stop), task: tokio::spawn(accept(listener, site, stopped)) }
    }

    /// Dropping the sender is the signal.
    pub(crate) async fn stop(mut self) {
        self.stop.take();
        // A task that failed has stopped too.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>, mut stopped: oneshot::Receiver<Infallible>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&site), graceful.watcher()));
                }
            }
        }
    }
    drop(listener);
    // Connections that do not end in time end with the set.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

async fn serve(stream: TcpStream, site: Arc<Site>, watcher: hyper_util::server::graceful::Watcher) {
    // Without it only small answers are slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let site = Arc::clone(&site);
        async move {
            let response = site::answer(site, request.map(Body::new)).await;
            if response.extensions().get::<Aborted>().is_some() {
                return Err(std::io::Error::other("closed by a fault"));
            }
            Ok(response)
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // An aborted connection is what a fault asked for, and other failures are the client's to see.
    let _ = watcher.watch(connection).await;
}
