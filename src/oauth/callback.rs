//! Where the browser comes back to: a small server on loopback that takes one code and shows one page.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use url::Host;
use url::Url;

/// What the browser brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Brought {
    /// A code for a token.
    Code(String),
    /// Atlassian's, or the person's, no.
    Denied(String),
}

/// Why what came back was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// It belongs to another log-in.
    #[error("this answer belongs to another log-in: its state is not the one that was sent")]
    State,
    /// It has neither a code nor an error.
    #[error("this answer has no code")]
    Empty,
}

/// Reads the query of the redirect. The state is compared in constant time.
pub(super) fn read(query: &str, state: &str) -> Result<Brought, Unfit> {
    let find = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let sent = find("state").unwrap_or_default();
    if aws_lc_rs::constant_time::verify_slices_are_equal(sent.as_bytes(), state.as_bytes()).is_err() {
        return Err(Unfit::State);
    }
    if let Some(error) = find("error") {
        let said = find("error_description").map_or_else(|| error.clone(), |text| format!("{error}: {text}"));
        return Ok(Brought::Denied(
            said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect(),
        ));
    }
    find("code").filter(|code| !code.is_empty()).map(Brought::Code).ok_or(Unfit::Empty)
}

/// The listener; ends when dropped.
pub(super) struct Callback {
    pub(super) brought: mpsc::Receiver<Brought>,
    tasks: Vec<AbortHandle>,
}

#[derive(Clone)]
struct Expected {
    state: Arc<str>,
    sender: mpsc::Sender<Brought>,
}

impl Callback {
    /// Listens where a redirect address leads. On loopback alone, unless another address is named.
    ///
    /// An address that is not of this machine needs no listener: what comes back is pasted.
    pub(super) async fn listen(redirect: &Url, host: Option<&str>, state: &str) -> std::io::Result<Self> {
        let (sender, brought) = mpsc::channel(1);
        let mut callback = Self { brought, tasks: Vec::new() };
        let Some(addresses) = addresses(redirect, host) else { return Ok(callback) };
        let expected = Expected { state: state.into(), sender };
        let router = Router::new().route(path(redirect), get(answer)).with_state(expected);
        let mut failed = None;
        for address in addresses {
            match TcpListener::bind(&address).await {
                Ok(listener) => {
                    let router = router.clone();
                    let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
                    callback.tasks.push(serving.abort_handle());
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if callback.tasks.is_empty() => Err(error),
            _ => Ok(callback),
        }
    }

    /// Whether a browser can come back by itself.
    pub(super) fn is_listening(&self) -> bool {
        !self.tasks.is_empty()
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn path(redirect: &Url) -> &str {
    redirect.path()
}

fn addresses(redirect: &Url, host: Option<&str>) -> Option<Vec<String>> {
    let port = redirect.port_or_known_default()?;
    if let Some(host) = host {
        return Some(vec![format!("{host}:{port}")]);
    }
    let loopback = match redirect.host()? {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let both =
        [SocketAddr::from(([127, 0, 0, 1], port)), SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))];
    (loopback && redirect.scheme() == "http").then(|| both.iter().map(ToString::to_string).collect())
}

async fn answer(State(expected): State<Expected>, RawQuery(query): RawQuery, _uri: Uri) -> Response {
    match read(query.as_deref().unwrap_or_default(), &expected.state) {
        Ok(brought) => {
            let (status, text) = match &brought {
                Brought::Code(_) => (
                    StatusCode::OK,
                    "You are logged in. This window can be closed; the terminal goes on.".to_owned(),
                ),
                Brought::Denied(said) => {
                    (StatusCode::BAD_REQUEST, format!("Atlassian did not log you in: {said}"))
                }
            };
            // The first answer counts.
            let _ = expected.sender.try_send(brought);
            page(status, &text)
        }
        Err(unfit) => page(StatusCode::BAD_REQUEST, &unfit.to_string()),
    }
}

/// A page of one sentence. Whatever came in the address is text in it, never markup (GHSA-g2r2-3j32-j27x).
fn page(status: StatusCode, text: &str) -> Response {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    let html = format!("<!doctype html><meta charset=\"utf-8\"><title>Portcullis</title><p>{text}</p>");
    let headers = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, Html(html)).into_response()
}
