//! Serving: over stdio to one client, or over HTTP to many.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Failure;
use super::assemble;
use super::assemble::Parts;
use super::certificate;
use super::dumps;
use super::output;
use super::reload;
use super::started;
use super::vaulted;
use crate::call::Gate;
use crate::config::CallerHeader;
use crate::config::CallerPin;
use crate::config::CredentialSettings;
use crate::config::Loaded;
use crate::config::Settings;
use crate::config::Transport;
use crate::mcp;
use crate::mcp::Allowlist;
use crate::mcp::GateSoon;
use crate::mcp::HttpSettings;
use crate::mcp::Patience;
use crate::mcp::Pin;
use crate::mcp::Room;
use crate::mcp::Substitutes;
use crate::mcp::TrustedProxies;
use crate::mcp::UserHeader;
use crate::telemetry;
use crate::telemetry::Metrics;

/// How long calls in flight may go on after a signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(30);

/// `since` is when the configuration began to be read.
pub(super) fn run(loaded: &Loaded, since: Instant) -> Result<(), Failure> {
    telemetry::init_logging(loaded.settings.log.level.as_str(), loaded.settings.log.json);
    dumps::refuse();
    started("settings", since);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let secrets = Arc::new(loaded.secrets().map_err(Failure::configuration)?);
    let metrics = Metrics::new().map_err(Failure::failed)?;
    let told = vaulted::observe(&loaded.settings, &secrets, &metrics)?;
    let parts = Parts { secrets, metrics, told };
    super::block_on(async {
        match loaded.settings.server.transport {
            Transport::Stdio => Box::pin(stdio(&loaded.settings, &parts)).await,
            Transport::StreamableHttp | Transport::Sse => Box::pin(http(&loaded.settings, &parts)).await,
        }
    })
}

/// The handshake is answered at once; the gate is built beside it, and a fault in it ends the process.
async fn stdio(settings: &Settings, parts: &Parts) -> Result<(), Failure> {
    settings.products().map_err(Failure::configuration)?;
    assemble::refuse_what_is_not_there(settings)?;
    let (sender, soon) = GateSoon::pending();
    let limits = (settings.server.body_limit_bytes, settings.server.nesting_limit);
    let session =
        mcp::serve_stdio(soon, assemble::writes(settings), limits, tokio::io::stdin(), tokio::io::stdout());
    tokio::pin!(session);
    let building = assemble::gate(settings, parts);
    tokio::pin!(building);
    // A client that only shakes hands and leaves must not hide a fault of the configuration.
    let mut ended = None;
    let gate = tokio::select! {
        gate = &mut building => Arc::new(gate?),
        result = &mut session => {
            ended = Some(result);
            Arc::new(building.await?)
        }
    };
    sender.send_replace(Some(Arc::clone(&gate)));
    let metrics = metrics_listener(settings, &gate, parts).await?;
    let _watch = reload::watch(&gate);
    let counting = count_refusals(&gate);
    let _written = parts.told.write_down(&gate);
    let result = match ended {
        Some(result) => result,
        None => tokio::select! {
            result = &mut session => result,
            () = stopped() => Ok(()),
        },
    };
    metrics.cancel();
    drop(counting);
    finish(&gate, parts).await;
    result.map_err(|error| Failure::temporary(format!("standard input or output failed: {error}")))
}

async fn http(settings: &Settings, parts: &Parts) -> Result<(), Failure> {
    let gate = Arc::new(Box::pin(assemble::gate(settings, parts)).await?);
    let served = over_http(settings, &gate, parts).await;
    finish(&gate, parts).await;
    served
}

async fn over_http(settings: &Settings, gate: &Arc<Gate>, parts: &Parts) -> Result<(), Failure> {
    let address = format!("{}:{}", settings.server.host, settings.server.port);
    let since = Instant::now();
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        Failure::temporary(format!("cannot listen on {address}: {error}; HOST and PORT choose another"))
    })?;
    let metrics = metrics_listener(settings, gate, parts).await?;
    let _watch = reload::watch(gate);
    let _counting = count_refusals(gate);
    let _written = parts.told.write_down(gate);
    started("listeners", since);
    let told = listener.local_addr().map_err(Failure::temporary)?;
    let tls = match &settings.server.tls {
        Some(tls) => Some(certificate::serve(tls, gate, parts).await?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    output::complain(&format!("serving MCP on {scheme}://{told}{}", settings.server.path));
    let accepting = tls.as_ref().map(|tls| tls.tls.clone());
    let served = serve_http(settings, gate, (listener, accepting), async { stopped().await }).await;
    metrics.cancel();
    served
}

/// Serves HTTP on a listener until `stop` ends, then lets calls in flight finish.
pub(super) async fn serve_http(
    settings: &Settings,
    gate: &Arc<Gate>,
    (listener, tls): (TcpListener, Option<mcp::Tls>),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::temporary)?;
    let (closing, ending) = (CancellationToken::new(), CancellationToken::new());
    let router = mcp::router(gate, http_settings(settings, address, (closing.clone(), ending.clone())));
    let stop = async move {
        stop.await;
        closing.cancel();
    };
    let patience = Patience { head: HEAD.min(gate.deadline), drain: DRAIN };
    let metrics = gate.metrics.clone();
    let room = Room::new(proxies(settings), move || metrics.connection_refused());
    if !mcp::listen(listener, tls.map(|tls| (tls, Arc::clone(gate))), router, (patience, room), stop).await {
        tracing::warn!(
            "calls were still running {} seconds after the signal; they were ended",
            DRAIN.as_secs()
        );
        ending.cancel();
    }
    Ok(())
}

fn http_settings(
    settings: &Settings,
    address: SocketAddr,
    (closing, stop): (CancellationToken, CancellationToken),
) -> HttpSettings {
    let server = &settings.server;
    let loopback = address.ip().is_loopback();
    if !loopback && server.allowed_hosts.is_empty() {
        tracing::warn!(
            "listening on {address}, but `server.allowed_hosts` is empty: every request will be refused"
        );
    }
    HttpSettings {
        path: server.path.clone(),
        writes: assemble::writes(settings),
        body_limit: server.body_limit_bytes,
        nesting_limit: server.nesting_limit,
        proxies: proxies(settings),
        allowlist: Allowlist::new(loopback, &server.allowed_hosts, &server.allowed_origins),
        substitutes: Substitutes {
            stored: settings.sites().any(|(.., site)| site.credential.is_of_user()),
            sessions: settings
                .sites()
                .any(|(.., site)| matches!(site.credential, CredentialSettings::Passed)),
            lent: server.allow_global_credential_fallback,
        },
        user_header: server.user_header.as_ref().map(user_header),
        ignore_header_auth: server.ignore_header_auth,
        passthrough: settings.sites().flat_map(|(.., site)| site.passthrough_headers.clone()).collect(),
        max_calls: server.max_concurrent_calls,
        closing,
        stop,
    }
}

fn proxies(settings: &Settings) -> TrustedProxies {
    TrustedProxies::new(settings.server.trusted_proxies.iter().map(|network| (network.address, network.bits)))
}

fn user_header(from: &CallerHeader) -> UserHeader {
    let pin = |pin: &CallerPin| match pin {
        CallerPin::Fingerprint(digits) => Pin::Fingerprint(digits.clone()),
        CallerPin::Name(name) => Pin::Name(name.clone()),
    };
    UserHeader { name: from.name.clone(), from: from.from.iter().map(pin).collect() }
}

/// The second listener. A busy port is fatal over HTTP alone: a client's own process must not fail for it.
async fn metrics_listener(
    settings: &Settings,
    gate: &Arc<Gate>,
    parts: &Parts,
) -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let Some(address) = settings.metrics.address else { return Ok(stop) };
    let stdio = settings.server.transport == Transport::Stdio;
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) if stdio => {
            output::complain(&format!("warning: no metrics, cannot listen on {address}: {error}"));
            return Ok(stop);
        }
        Err(error) => {
            let text = format!(
                "cannot listen on {address} for metrics: {error}; PORTCULLIS_METRICS__ADDRESS chooses another, or `off`"
            );
            return Err(Failure::temporary(text));
        }
    };
    if !stdio {
        let told = listener.local_addr().map_err(Failure::temporary)?;
        output::complain(&format!("serving metrics on http://{told}"));
    }
    let closed = vaulted::closed(&parts.secrets);
    let router = telemetry::health_router(gate.metrics.clone(), gate.audit.prober(), closed);
    let ending = stop.clone();
    let listener = listener.into_std().map_err(Failure::temporary)?;
    // A thread of its own: whatever keeps the workers busy, who watches over this process gets an answer.
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            axum::serve(listener, router).with_graceful_shutdown(ending.cancelled_owned()).await
        })
    };
    let thread = std::thread::Builder::new().name("health".to_owned());
    let started = thread.spawn(move || {
        let served: std::io::Result<()> = serve();
        if let Err(error) = served {
            tracing::error!(%error, "the metrics listener failed");
        }
    });
    started.map_err(Failure::temporary)?;
    Ok(stop)
}

/// Writes the counts of refusals while the server runs; ends with what it gives.
fn count_refusals(gate: &Arc<Gate>) -> AbortOnDropHandle<()> {
    let gate = Arc::clone(gate);
    AbortOnDropHandle::new(tokio::spawn(async move { gate.refusals.keep_writing().await }))
}

async fn finish(gate: &Gate, parts: &Parts) {
    gate.refusals.write_counts().await;
    // Its last checkpoint may be signed by Vault.
    assemble::end(&gate.audit).await;
    parts.secrets.end().await;
}

/// Waits for SIGINT or SIGTERM.
pub(super) async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::SignalKind;
        use tokio::signal::unix::signal;
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
