//! Where the browser comes back to: a small server on loopback that takes one code and shows one page.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Host;
use url::Url;

/// How long the browser may take to fetch its page once the log-in is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the browser brought back.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Brought {
    /// A code for a token.
    Code(String),
    /// Atlassian's, or the person's, no.
    Denied(String),
}

/// A code is worth a token to who has the client secret.
impl std::fmt::Debug for Brought {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(_) => formatter.write_str("Code(..)"),
            Self::Denied(said) => formatter.debug_tuple("Denied").field(said).finish(),
        }
    }
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
    serving: JoinSet<()>,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Expected {
    path: Arc<str>,
    state: Arc<str>,
    sender: mpsc::Sender<Brought>,
}

impl Callback {
    /// Listens where a redirect address leads. On loopback alone, unless another address is named.
    ///
    /// An address that is not of this machine needs no listener: what comes back is pasted.
    pub(super) async fn listen(redirect: &Url, host: Option<&str>, state: &str) -> std::io::Result<Self> {
        let (sender, brought) = mpsc::channel(1);
        let mut callback = Self { brought, serving: JoinSet::new(), stop: CancellationToken::new() };
        // A fallback, not a route: what an operator registered may have a meaning in routes.
        let expected = Expected { path: redirect.path().into(), state: state.into(), sender };
        let router = Router::new().fallback(answer).with_state(expected);
        for listener in bind(&addresses(redirect, host), redirect.port_or_known_default()).await? {
            let serving = axum::serve(listener, router.clone());
            let serving = serving.with_graceful_shutdown(callback.stop.clone().cancelled_owned());
            callback.serving.spawn(async move { drop(serving.await) });
        }
        Ok(callback)
    }

    /// Whether a browser can come back by itself.
    pub(super) fn is_listening(&self) -> bool {
        !self.serving.is_empty()
    }

    /// Ends once the browser has its page: a process that ends at once would leave it with a broken connection.
    pub(super) async fn finish(mut self) {
        self.stop.cancel();
        let served = async { while self.serving.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL, served).await;
    }
}

/// Listens on every address. One that somebody else holds is an error, though the other is free: the browser may go
/// to that one. A machine without one of the kinds of address has no such browser.
async fn bind(hosts: &[String], port: Option<u16>) -> std::io::Result<Vec<TcpListener>> {
    let Some(port) = port else { return Ok(Vec::new()) };
    let (mut listeners, mut missing) = (Vec::new(), None);
    for host in hosts {
        match TcpListener::bind((host.as_str(), port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
                return Err(error);
            }
            Err(error) => missing = Some(error),
        }
    }
    match missing {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

fn addresses(redirect: &Url, host: Option<&str>) -> Vec<String> {
    if let Some(host) = host {
        return vec![host.trim_start_matches('[').trim_end_matches(']').to_owned()];
    }
    if redirect.scheme() != "http" {
        return Vec::new();
    }
    let addresses: Vec<IpAddr> = match redirect.host() {
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost") => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        Some(Host::Ipv4(address)) if address.is_loopback() => vec![address.into()],
        Some(Host::Ipv6(address)) if address.is_loopback() => vec![address.into()],
        _ => Vec::new(),
    };
    addresses.iter().map(ToString::to_string).collect()
}

async fn answer(State(expected): State<Expected>, method: Method, uri: Uri) -> Response {
    if uri.path() != &*expected.path {
        return page(StatusCode::NOT_FOUND, "There is nothing here.");
    }
    // A preview asks with HEAD; the answer is the browser's.
    if method != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED, "Open this address in a browser.");
    }
    match read(uri.query().unwrap_or_default(), &expected.state) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on_unless_another_address_is_named() {
        let table: [(&str, Option<&str>, &[&str]); 9] = [
            ("http://localhost:8080/callback", None, &["127.0.0.1", "::1"]),
            ("http://LOCALHOST:8080/callback", None, &["127.0.0.1", "::1"]),
            ("http://127.0.0.1:8080/callback", None, &["127.0.0.1"]),
            ("http://[::1]:8080/callback", None, &["::1"]),
            ("http://10.0.0.1:8080/callback", None, &[]),
            ("http://localhost.example.com:8080/callback", None, &[]),
            ("https://localhost:8080/callback", None, &[]),
            ("http://localhost:8080/callback", Some("0.0.0.0"), &["0.0.0.0"]),
            ("http://localhost:8080/callback", Some("[::]"), &["::"]),
        ];
        for (redirect, host, wanted) in table {
            assert_eq!(addresses(&redirect.parse().unwrap(), host), wanted, "{redirect} {host:?}");
        }
    }

    #[tokio::test]
    async fn a_port_that_somebody_else_holds_is_not_shared_with_them() {
        let theirs = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = theirs.local_addr().unwrap().port();
        let redirect: Url = format!("http://localhost:{port}/callback").parse().unwrap();
        let error = Callback::listen(&redirect, None, "state").await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn a_query_is_read_whole_or_not_at_all() {
        let table = [
            ("code=c&state=s", Ok(Brought::Code("c".to_owned()))),
            ("state=s&error=access_denied", Ok(Brought::Denied("access_denied".to_owned()))),
            ("state=s&error=e&error_description=a%0Ab&code=c", Ok(Brought::Denied("e: a b".to_owned()))),
            ("code=c&state=s2", Err(Unfit::State)),
            ("code=c&state=other&state=s", Err(Unfit::State)),
            ("error=access_denied", Err(Unfit::State)),
            ("code=c", Err(Unfit::State)),
            ("", Err(Unfit::State)),
            ("code=&state=s", Err(Unfit::Empty)),
        ];
        for (query, wanted) in table {
            assert_eq!(read(query, "s"), wanted, "{query}");
        }
        assert_eq!(format!("{:?}", Brought::Code("canary".to_owned())), "Code(..)");
    }
}
