//! What a handler answers, before it becomes an HTTP response.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde_json::Value;

const JSON: &str = "application/json;charset=UTF-8";

/// A status, a body, and what kind of body it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    kind: Cow<'static, str>,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

/// A handler's result; a refusal is an answer too, in the product's own shape.
pub(crate) type Reply = Result<Answer, Answer>;

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self::status(200, value)
    }

    pub(crate) fn status(status: u16, value: &Value) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self { status, kind: JSON.into(), body: body.into(), headers: Vec::new() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, kind: "".into(), body: Bytes::new(), headers: Vec::new() }
    }

    pub(crate) fn bytes(kind: &str, body: &Bytes) -> Self {
        Self { status: 200, kind: kind.to_owned().into(), body: body.clone(), headers: Vec::new() }
    }

    pub(crate) fn text(status: u16, kind: &'static str, body: String) -> Self {
        Self { status, kind: kind.into(), body: body.into(), headers: Vec::new() }
    }

    /// The body as JSON, for an answer inside another.
    pub(crate) fn value(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn with(mut self, header: &'static str, value: String) -> Self {
        self.headers.push((header, value));
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let (false, Ok(kind)) = (self.kind.is_empty(), HeaderValue::from_str(&self.kind)) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// Adds the members of one object to another.
pub(crate) fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
