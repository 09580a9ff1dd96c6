//! One request and its answer.

use http::HeaderValue;
use http::Method;
use http::header;
use reqwest::multipart::Form;
use reqwest::multipart::Part;
use serde_json::Value;
use url::Url;

use super::Asked;
use super::Shown;
use super::Upstream;
use crate::net::Body;
use crate::net::Content;
use crate::net::Field;
use crate::net::File;
use crate::net::Problem;
use crate::net::Reply;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::net::client;
use crate::net::guard::GuardError;
use crate::net::guard::same_origin;
use crate::net::patience;
use crate::net::patience::Admission;
use crate::net::patience::Reason;
use crate::policy::Product;

/// What is left of one attempt that brought no result.
pub(super) struct Failure {
    pub(super) error: UpstreamError,
    /// Why it may be tried again.
    pub(super) reason: Option<Reason>,
    /// Where the answer sent on to.
    pub(super) location: Option<String>,
}

impl Upstream {
    /// Sends a request and reads its answer; the status is left behind as soon as it is known.
    pub(super) async fn exchange<T: Readable>(
        &self,
        asked: &Asked<'_>,
        shown: &Shown<'_>,
        url: Url,
        status: &mut Option<u16>,
    ) -> Result<(Reply<T>, u64), Failure> {
        let settings = &self.shared.settings;
        let mut headers = shown.added.headers.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static(T::ACCEPT));
        for (name, value) in &asked.request.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if let Ok(call) = HeaderValue::from_str(&asked.call.to_string()) {
            headers.insert("x-request-id", call);
        }
        shown.credential.apply(&mut headers);
        let mut builder = settings.client.request(asked.request.method.clone(), url).headers(headers);
        builder = match &asked.request.body {
            Body::None => builder,
            Body::Json(body) => builder.json(body),
            Body::Form(fields) => builder.multipart(form(fields)?),
        };
        let answer = builder.send().await.map_err(|error| self.failure(&error, None))?;
        *status = Some(answer.status().as_u16());
        let is_change = !asked.request.is_repeatable();
        let read = self.read(answer, is_change).await;
        // What stands in front of Atlassian may repeat the request in its error.
        read.map_err(|failure| Failure {
            error: failure
                .error
                .with_messages(|text| shown.added.hidden_in(&shown.credential.hidden_in(text))),
            ..failure
        })
    }

    pub(super) async fn read<T: Readable>(
        &self,
        answer: reqwest::Response,
        is_change: bool,
    ) -> Result<(Reply<T>, u64), Failure> {
        let product = self.product();
        let status = answer.status().as_u16();
        let success = answer.status().is_success();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let content = header(header::CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default();
        let content: String = content.trim().to_ascii_lowercase().chars().take(80).collect();
        if !success {
            let retry_after = patience::retry_after(answer.headers());
            let moved = matches!(status, 301 | 302 | 303 | 307 | 308);
            let location = header(header::LOCATION).filter(|_| moved).map(str::to_owned);
            let reason = Reason::of_status(status);
            // Without its words the answer is one all the same.
            let body = self.body(answer).await.unwrap_or_default();
            let error = UpstreamError::from_answer(product, status, retry_after, &body);
            return Err(Failure { error, reason, location });
        }
        let body = self.body(answer).await?;
        let bytes = body.len() as u64;
        // A change may be answered with nothing; who asks for something gets something.
        if body.is_empty() && T::IS_NEVER_EMPTY && !is_change {
            let problem = "it is empty".to_owned();
            return Err(
                UpstreamError::Malformed { product, status: Some(status), in_doubt: false, problem }.into()
            );
        }
        let body = T::read(product, status, content, body)?;
        Ok((Reply { body, status, bytes }, bytes))
    }

    async fn body(&self, mut answer: reqwest::Response) -> Result<Vec<u8>, Failure> {
        let limit = self.shared.settings.answer_limit;
        let status = answer.status().as_u16();
        let product = self.product();
        let too_large = || Failure::from(UpstreamError::TooLarge { product, status, in_doubt: false, limit });
        let announced = answer.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced.min(1 << 20) as usize);
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failure(&error, Some(status)))? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What a failed request means; `status` is there once an answer had begun.
    pub(super) fn failure(&self, error: &reqwest::Error, status: Option<u16>) -> Failure {
        let (product, in_doubt) = (self.product(), false);
        let causes = client::causes(error);
        if error.is_builder() || error.is_request() && status.is_none() && causes.is_empty() {
            let text = "the request is too long to be sent; ask for less at once".to_owned();
            return UpstreamError::NotPermitted(text).into();
        }
        if error.is_timeout() && !error.is_connect() {
            return UpstreamError::Timeout { product, in_doubt }.into();
        }
        if error.is_body() || error.is_decode() {
            let problem = "the answer broke off or could not be decoded".to_owned();
            let error = UpstreamError::Malformed { product, status, in_doubt, problem };
            return Failure { error, reason: Some(Reason::Broken), location: None };
        }
        let problem = match GuardError::behind(error) {
            Some(_) => Problem::Guarded,
            None => Problem::of(error, &causes),
        };
        let reason = problem.reason();
        let detail = format!("{}: {causes}", self.base.origin().ascii_serialization());
        let error = UpstreamError::Unreachable { product, in_doubt, problem, detail };
        Failure { error, reason, location: None }
    }
}

/// What an answer is read as.
pub(super) trait Readable: Sized {
    /// What is asked for.
    const ACCEPT: &'static str;

    /// Whether it is a file, which Atlassian may keep elsewhere.
    const IS_FILE: bool;
    /// Whether no answer to a read is without a body.
    const IS_NEVER_EMPTY: bool;

    /// Reads a body with its media type.
    fn read(product: Product, status: u16, media_type: String, body: Vec<u8>) -> Result<Self, UpstreamError>;
}

impl Readable for Value {
    const ACCEPT: &'static str = "application/json";
    const IS_FILE: bool = false;
    const IS_NEVER_EMPTY: bool = true;

    fn read(product: Product, status: u16, content: String, body: Vec<u8>) -> Result<Self, UpstreamError> {
        if body.is_empty() {
            return Ok(Self::Null);
        }
        if content != "application/json" && !content.ends_with("+json") {
            let content = if content.is_empty() { "no content type".to_owned() } else { content };
            return Err(UpstreamError::NotJson { product, status, content, in_doubt: false });
        }
        serde_json::from_slice(&body).map_err(|error| UpstreamError::Malformed {
            product,
            status: Some(status),
            in_doubt: false,
            problem: format!("not JSON: {error}"),
        })
    }
}

impl Readable for Content {
    const ACCEPT: &'static str = "*/*";
    const IS_FILE: bool = true;
    // There are files without content.
    const IS_NEVER_EMPTY: bool = false;

    fn read(_: Product, _: u16, media_type: String, body: Vec<u8>) -> Result<Self, UpstreamError> {
        Ok(Self { media_type, bytes: body.into() })
    }
}

/// A form in the order of its fields. Atlassian takes names as they are, in UTF-8.
fn form(fields: &[Field]) -> Result<Form, Failure> {
    let mut form = Form::new().percent_encode_noop();
    for field in fields {
        form = match field {
            Field::File(file) => form.part("file", part(file)?),
            Field::Flag(name, value) => form.text(*name, value.to_string()),
            Field::Text(name, text) => form.part(*name, typed(Part::text(text.clone()), TEXT)?),
        };
    }
    Ok(form)
}

/// Without it, some readers take a text for Latin-1.
const TEXT: &str = "text/plain; charset=utf-8";

fn part(file: &File) -> Result<Part, Failure> {
    let part =
        Part::stream_with_length(file.bytes.clone(), file.bytes.len() as u64).file_name(file.name.clone());
    match &file.media_type {
        Some(media_type) => typed(part, media_type),
        None => Ok(part),
    }
}

fn typed(part: Part, media_type: &str) -> Result<Part, Failure> {
    part.mime_str(media_type).map_err(|_| {
        let text = "the media type of the file is none; write it like text/plain".to_owned();
        UpstreamError::NotPermitted(text).into()
    })
}

impl Failure {
    /// Says to the breaker what it means.
    pub(super) fn tell(&self, admission: Admission<'_>, again: bool) {
        match (self.reason, &self.error) {
            // Too many requests of one account are that account's matter: the site itself is well.
            (Some(Reason::TooMany), _) => admission.succeeded(),
            // A connection that breaks may be the fault of what one caller sent.
            (Some(Reason::Broken), _) | (None, UpstreamError::NotPermitted(_)) => {}
            (Some(_), _) if again => admission.missed(),
            (Some(_), _) | (None, UpstreamError::Timeout { .. }) => admission.failed(),
            // Certificates and proxies' passwords are somebody's work, and what they say is worth more than silence.
            (None, UpstreamError::Unreachable { .. }) => {}
            (None, _) => admission.succeeded(),
        }
    }

    /// Where the answer sent a read on to, if that is on the same origin.
    pub(super) fn target(&self, request: &Request, from: &Url) -> Option<Url> {
        let location = self.location.as_ref().filter(|_| request.method == Method::GET)?;
        same_origin(from, location)
    }
}

impl From<UpstreamError> for Failure {
    fn from(error: UpstreamError) -> Self {
        Self { error, reason: None, location: None }
    }
}
