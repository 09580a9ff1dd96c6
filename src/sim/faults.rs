//! Faults on request: statuses, delays, torn connections, login pages, answers that never come.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use regex::Regex;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use super::site;

/// The faults in force, in the order given.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: std::sync::Mutex<Vec<Active>>,
}

/// One fault as `POST /__sim/faults` takes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Any method if absent.
    method: Option<String>,
    /// What follows `~` in the credential; any if absent.
    mark: Option<String>,
    /// A regular expression to find in the undecoded path.
    #[serde(default)]
    path: String,
    /// How often; until the next reset if absent.
    times: Option<u64>,
    status: Option<u16>,
    #[serde(default)]
    headers: Map<String, Value>,
    /// Sent as it is if a string, else as JSON.
    body: Option<Value>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// `status`, `headers` and `body`; the true answer, only delayed, where none of them is given.
    #[default]
    Status,
    Reset,
    Truncate,
    Html,
    Hang,
    /// A success without a body.
    Empty,
    /// A success that announces 100 MB of JSON.
    Huge,
    /// The same without saying how much comes.
    Endless,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    path: Regex,
    left: Option<u64>,
}

const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form action=\"/login.jsp\" \
    method=\"post\"><input name=\"os_username\"><input name=\"os_password\" type=\"password\"></form></body></html>";

impl Faults {
    /// Replaces all faults; the message of a refusal is for the caller.
    pub(crate) fn replace(&self, body: &[u8]) -> Result<usize, String> {
        let faults: Vec<Fault> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let active = faults
            .into_iter()
            .map(|fault| {
                let path = Regex::new(&fault.path).map_err(|error| error.to_string())?;
                Ok(Active { left: fault.times, path, fault })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let count = active.len();
        *site::lock(&self.active) = active;
        Ok(count)
    }

    /// Adds faults to those there are.
    pub(crate) fn add(&self, body: &[u8]) -> Result<usize, String> {
        let more = Self::default();
        let count = more.replace(body)?;
        site::lock(&self.active).append(&mut site::lock(&more.active));
        Ok(count)
    }

    pub(crate) fn clear(&self) {
        site::lock(&self.active).clear();
    }

    /// The first fault for this request, counted as used.
    pub(crate) fn take(&self, method: &Method, path: &str, mark: Option<&str>) -> Option<Fault> {
        let mut active = site::lock(&self.active);
        let found = active.iter_mut().find(|candidate| {
            let method_fits = candidate.fault.method.as_ref().is_none_or(|wanted| wanted == method.as_str());
            let mark_fits = candidate.fault.mark.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == mark);
            candidate.left != Some(0) && method_fits && mark_fits && candidate.path.is_match(path)
        })?;
        found.left = found.left.map(|left| left - 1);
        Some(found.fault.clone())
    }
}

impl Fault {
    /// Does what the fault says; `None` lets the request through.
    pub(crate) async fn play(self) -> Option<Response> {
        if self.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        }
        match self.kind {
            Kind::Reset => Some(site::aborted()),
            Kind::Hang => std::future::pending().await,
            Kind::Truncate => Some(self.truncated()),
            Kind::Html => Some(self.page()),
            Kind::Empty => Some(self.response("", Body::empty())),
            Kind::Huge => Some(self.huge(true)),
            Kind::Endless => Some(self.huge(false)),
            Kind::Status if self.status.is_none() && self.body.is_none() => None,
            Kind::Status => Some(self.plain()),
        }
    }

    fn plain(&self) -> Response {
        let (kind, body) = self.content();
        self.response(kind, Body::from(body))
    }

    fn page(&self) -> Response {
        self.response("text/html;charset=UTF-8", Body::from(LOGIN_PAGE))
    }

    /// A text of 100 MB, piece by piece.
    fn huge(&self, announced: bool) -> Response {
        const PIECE: &[u8] = &[b' '; 64 << 10];
        const PIECES: usize = (100 << 20) / PIECE.len();
        let pieces = std::iter::repeat_n(Bytes::from_static(PIECE), PIECES);
        let body = futures::stream::iter(pieces.map(Ok::<_, std::io::Error>));
        let mut response = self.response("application/json;charset=UTF-8", Body::from_stream(body));
        if announced {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(PIECES * PIECE.len()));
        }
        response
    }

    /// Announces more than it sends, then ends the connection.
    fn truncated(&self) -> Response {
        let (kind, body) = self.content();
        let announced = body.len() + 64;
        let cut = futures::stream::once(async move { Ok::<_, std::io::Error>(body) }).chain(
            futures::stream::once(async {
                // Lets hyper send what it has before the failure closes the connection.
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(std::io::Error::other("truncated"))
            }),
        );
        let mut response = self.response(kind, Body::from_stream(cut));
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(announced));
        response
    }

    fn content(&self) -> (&'static str, Bytes) {
        match &self.body {
            Some(Value::String(text)) => ("text/plain;charset=UTF-8", Bytes::from(text.clone())),
            Some(value) => ("application/json;charset=UTF-8", Bytes::from(value.to_string())),
            None => ("application/json;charset=UTF-8", Bytes::from_static(b"{")),
        }
    }

    fn response(&self, kind: &'static str, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() =
            self.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
        if !kind.is_empty() {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in &self.headers {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(text))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
