//! Streamable HTTP: limits, Host and Origin, and who calls, all before dispatch; then rmcp.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::Request;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::any;
use axum::routing::get;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::GateSoon;
use super::Writes;
use super::authenticate::Accepted;
use super::authenticate::Unauthenticated;
use super::authenticate::authenticate;
use super::authenticate::rejected_before;
use super::envelope;
use super::envelope::Limits;
use super::failing;
use super::failing::Failing;
use super::forwarded::TrustedProxies;
use super::forwarded::Whence;
use super::handler::Handler;
use super::hosts::Allowlist;
use super::who;
use super::who::UserHeader;
use crate::audit;
use crate::audit::RefusalReason;
use crate::call::Gate;

/// JSON-RPC code for a request that is refused before dispatch; the HTTP status says why.
const REFUSED: i32 = -32001;

/// What the HTTP endpoint is made of.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The path of the endpoint, `/mcp`.
    pub path: String,
    /// The most bytes of one request.
    pub body_limit: usize,
    /// The deepest nesting of a request.
    pub nesting_limit: usize,
    /// The proxies that are believed when they say who calls.
    pub proxies: TrustedProxies,
    /// Names the server answers to.
    pub allowlist: Allowlist,
    /// What is used for callers who bring no credential.
    pub substitutes: Substitutes,
    /// Whether credentials that callers bring are ignored.
    pub ignore_header_auth: bool,
    /// The header that names users, and who may send it.
    pub user_header: Option<UserHeader>,
    /// Names of headers that some product's configuration passes on.
    pub passthrough: Vec<HeaderName>,
    /// How many calls run at once; more are refused with 429.
    pub max_calls: usize,
    /// What clients are told of writing.
    pub writes: Writes,
    /// Lets go of who only listens, when the server begins to stop.
    pub closing: CancellationToken,
    /// Ends the streams when the server stops.
    pub stop: CancellationToken,
}

/// What is used for callers who bring no credential, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Substitutes {
    /// Whether some product has a credential for each user who is named.
    pub stored: bool,
    /// Whether sessions in headers that are passed on are used.
    pub sessions: bool,
    /// Whether the operator's credential is, as a named service.
    pub lent: bool,
}

#[derive(Clone)]
struct Endpoint {
    settings: Arc<HttpSettings>,
    gate: Arc<Gate>,
    service: StreamableHttpService<Handler, NeverSessionManager>,
    places: Arc<Semaphore>,
    failing: Failing,
}

/// The routes of the MCP listener: the endpoint, and `/healthz` as the reference server has it.
pub fn router(gate: &Arc<Gate>, settings: HttpSettings) -> Router {
    let handler = Handler::new(GateSoon::ready(Arc::clone(gate)), settings.writes);
    let handler = handler.closing_with(settings.closing.clone());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(settings.body_limit)
        // Host and Origin are checked by our own list, with JSON-RPC bodies.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_cancellation_token(settings.stop.clone());
    let service = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    let path = settings.path.clone();
    let places = Arc::new(Semaphore::new(settings.max_calls));
    let (settings, gate, failing) = (Arc::new(settings), Arc::clone(gate), Failing::default());
    let endpoint = Endpoint { settings, gate, service, places, failing };
    let mut router = Router::new().route(&path, any(serve));
    if path != "/healthz" {
        router = router.route("/healthz", get(|| async { axum::Json(serde_json::json!({"status": "ok"})) }));
    }
    router.fallback(nothing).with_state(endpoint)
}

async fn nothing(
    State(endpoint): State<Endpoint>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let text = format!("there is nothing here; the MCP endpoint is {}", endpoint.settings.path);
    let refused = Refused::new(StatusCode::NOT_FOUND, RefusalReason::Path, text);
    let whence = endpoint.whence(peer, &headers);
    refused.answer(&endpoint.gate, whence.unwrap_or_else(|_| Whence::direct(peer.ip()))).await
}

async fn serve(
    State(endpoint): State<Endpoint>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let whence = match endpoint.whence(peer, request.headers()) {
        Ok(whence) => whence,
        Err(refused) => return refused.answer(&endpoint.gate, Whence::direct(peer.ip())).await,
    };
    match admit(&endpoint, whence, request).await {
        // The place is given back when the answer is there, or when the client goes away.
        Ok((request, _place)) => dispatch(endpoint, whence, request).await,
        Err(refused) => refused.answer(&endpoint.gate, whence).await,
    }
}

impl Endpoint {
    fn whence(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<Whence, Refused> {
        let whence = self.settings.proxies.whence(peer.ip(), headers);
        whence.map_err(|error| {
            Refused::new(StatusCode::BAD_REQUEST, RefusalReason::Protocol, error.to_string())
        })
    }
}

/// A request refused before dispatch.
pub(super) struct Refused {
    status: StatusCode,
    reason: RefusalReason,
    code: i32,
    message: String,
    id: Value,
}

impl Refused {
    pub(super) fn new(status: StatusCode, reason: RefusalReason, message: impl Into<String>) -> Self {
        Self { status, reason, code: REFUSED, message: message.into(), id: Value::Null }
    }

    fn about(self, id: &Value) -> Self {
        Self { id: id.clone(), ..self }
    }

    /// Written down or counted first; if that cannot be done, nothing but that is said.
    async fn answer(self, gate: &Gate, whence: Whence) -> Response {
        gate.metrics.request_refused(self.status.as_u16());
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            // A client of an older era may ask for a stream or end a session: that is no attempt at anything.
            return json_error(self.status, &self.id, self.code, &self.message);
        }
        let refused = audit::Refused {
            status: Some(self.status.as_u16()),
            reason: self.reason,
            address: Some(whence.address),
            proxy: whence.proxy,
            tool: None,
        };
        if let Err(error) = gate.refusals.note(refused).await {
            return json_error(StatusCode::SERVICE_UNAVAILABLE, &self.id, REFUSED, &error.to_string());
        }
        let mut answer = json_error(self.status, &self.id, self.code, &self.message);
        if self.reason == RefusalReason::Failing {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(failing::PERIOD.as_secs()));
        }
        answer
    }
}

/// Everything that is checked before rmcp sees a request.
async fn admit(
    endpoint: &Endpoint,
    whence: Whence,
    request: Request<Body>,
) -> Result<(Request<Full<bytes::Bytes>>, OwnedSemaphorePermit), Refused> {
    let settings = &endpoint.settings;
    let (mut parts, body) = request.into_parts();
    settings
        .allowlist
        .check(&parts.headers, parts.uri.authority())
        .map_err(|error| Refused::new(StatusCode::FORBIDDEN, error.reason(), error.to_string()))?;
    if parts.method != Method::POST {
        let text = "this server keeps no sessions: POST one JSON-RPC message";
        return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, RefusalReason::Protocol, text));
    }
    let json =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json);
    if !json {
        let text = "send the message as `Content-Type: application/json`";
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, RefusalReason::MediaType, text));
    }
    let presented = who::presented(settings, &parts, whence)?;
    // Nobody waits for a body that will change nothing.
    if let Some(error) = rejected_before(&endpoint.gate, &presented).await {
        return Err(Refused::new(StatusCode::UNAUTHORIZED, RefusalReason::Rejected, error.to_string()));
    }
    let bytes = collect(body, settings.body_limit, endpoint.gate.deadline).await?;
    // The body may have taken its time.
    who::still_taken(&parts)?;
    let limits = Limits { bytes: settings.body_limit, depth: settings.nesting_limit };
    let envelope = envelope::read(&bytes, limits).map_err(|refused| Refused {
        status: StatusCode::BAD_REQUEST,
        reason: refused.reason(),
        code: refused.code,
        message: refused.message,
        id: refused.id,
    })?;
    let place = Arc::clone(&endpoint.places).try_acquire_owned().map_err(|_| {
        let text = "too many calls at once; try again in a moment";
        Refused::new(StatusCode::TOO_MANY_REQUESTS, RefusalReason::Busy, text).about(&envelope.id)
    })?;
    let accepted = authenticate(&endpoint.gate, &endpoint.failing, &presented, &envelope).await;
    let accepted = accepted.map_err(|error| {
        let (status, reason) = match error {
            Unauthenticated::Rejected(_) => (StatusCode::UNAUTHORIZED, RefusalReason::Rejected),
            Unauthenticated::Limited => (StatusCode::TOO_MANY_REQUESTS, RefusalReason::Failing),
            Unauthenticated::Unwritten(_) => (StatusCode::SERVICE_UNAVAILABLE, RefusalReason::Audit),
        };
        Refused::new(status, reason, error.to_string()).about(&envelope.id)
    })?;
    parts.extensions.insert(presented);
    parts.extensions.insert::<Arc<[Accepted]>>(accepted.into());
    // Clients that take only JSON, or anything, are served as well: we always answer with JSON.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    // Our own list has checked it; rmcp reads it once more as a name without rules.
    Ok((Request::from_parts(parts, Full::new(bytes)), place))
}

/// Reads the body whole. A client that stops sending does not keep its place.
async fn collect(body: Body, limit: usize, deadline: Duration) -> Result<bytes::Bytes, Refused> {
    let refused = |status, reason, text: &str| Refused::new(status, reason, text);
    let late = || {
        let text = "the request's body did not arrive in time";
        refused(StatusCode::REQUEST_TIMEOUT, RefusalReason::Incomplete, text)
    };
    match tokio::time::timeout(deadline, Limited::new(body, limit).collect()).await.map_err(|_| late())? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            let text = format!("the request is larger than {limit} bytes");
            Err(refused(StatusCode::PAYLOAD_TOO_LARGE, RefusalReason::TooLarge, &text))
        }
        Err(_) => {
            let text = "the request's body broke off";
            Err(refused(StatusCode::BAD_REQUEST, RefusalReason::Incomplete, text))
        }
    }
}

/// Hands the request to rmcp. What rmcp refuses is written down as well, and its plain texts become JSON-RPC errors.
async fn dispatch(mut endpoint: Endpoint, whence: Whence, request: Request<Full<bytes::Bytes>>) -> Response {
    let answer = match endpoint.service.call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    if answer.status().is_success() {
        return answer.map(Body::new).into_response();
    }
    let (parts, body) = answer.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let said = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let text = said.pointer("/error/message").and_then(Value::as_str);
    let text = text.map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned);
    let refused = Refused::new(parts.status, RefusalReason::Protocol, text);
    let refused =
        Refused { code: envelope::INVALID_REQUEST, ..refused }.about(said.get("id").unwrap_or(&Value::Null));
    let ours = refused.answer(&endpoint.gate, whence).await;
    // rmcp's own errors have codes and data that ours lack.
    if said.is_null() || ours.status() != parts.status {
        return ours;
    }
    Response::from_parts(parts, Body::from(body))
}

fn json_error(status: StatusCode, id: &Value, code: i32, message: &str) -> Response {
    let body = envelope::error_message(id, code, message);
    let mut answer = (status, axum::Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        answer
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"portcullis\""));
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

fn is_json(content: &str) -> bool {
    content.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
