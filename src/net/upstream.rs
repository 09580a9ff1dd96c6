//! One product's base URL and client.

use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use http::HeaderValue;
use http::header;
use serde_json::Value;
use url::Url;

use super::Credential;
use super::Patience;
use super::Problem;
use super::Reply;
use super::Request;
use super::UpstreamError;
use super::Warrant;
use super::client;
use super::patience::Pacing;
use super::patience::is_trouble;
use crate::audit::UpstreamNote;
use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Product;
use crate::telemetry::Metrics;

/// What an [`Upstream`] is made of.
#[derive(Debug)]
pub struct UpstreamSettings {
    /// Which product.
    pub product: Product,
    /// Which of its instances.
    pub instance: InstanceName,
    /// Its base URL, without a trailing slash.
    pub base: Url,
    /// The client, from [`super::build_client`].
    pub client: reqwest::Client,
    /// Headers the operator adds to every request.
    pub headers: HeaderMap,
    /// Whether anything but a read is refused, whatever the permit says.
    pub read_only: bool,
    /// The largest answer taken, in bytes after decompression.
    pub answer_limit: usize,
    /// How patient to be.
    pub patience: Patience,
}

/// The settings, with the state that all ways to the product share.
#[derive(Debug, Clone)]
struct Settings {
    product: Product,
    instance: InstanceName,
    base: Url,
    client: reqwest::Client,
    headers: HeaderMap,
    read_only: bool,
    answer_limit: usize,
    pacing: Arc<Pacing>,
}

/// One product: where it is and how it is asked.
#[derive(Debug)]
pub struct Upstream {
    settings: Box<Settings>,
    metrics: Metrics,
}

impl Upstream {
    /// Takes the settings and the metrics to count in.
    pub fn new(settings: UpstreamSettings, metrics: Metrics) -> Self {
        let settings = Box::new(Settings {
            product: settings.product,
            instance: settings.instance,
            base: settings.base,
            client: settings.client,
            headers: settings.headers,
            read_only: settings.read_only,
            answer_limit: settings.answer_limit,
            pacing: Arc::new(Pacing::new(settings.patience)),
        });
        Self { settings, metrics }
    }

    /// The same way to another address and instance of the product.
    #[must_use]
    pub fn at(&self, base: Url, instance: InstanceName) -> Self {
        let settings = Box::new(Settings { instance, base, ..(*self.settings).clone() });
        Self { settings, metrics: self.metrics.clone() }
    }

    /// Which product this is.
    pub fn product(&self) -> Product {
        self.settings.product
    }

    /// The base URL without a trailing slash.
    pub fn base(&self) -> &str {
        self.settings.base.as_str().trim_end_matches('/')
    }

    /// Sends a request on a warrant and reads its JSON answer.
    ///
    /// Dropping the future drops the request: when the client goes away, so does the call upstream.
    pub async fn execute<W: Warrant>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: Request,
    ) -> Result<Reply, UpstreamError> {
        let product = self.settings.product;
        if *warrant.instance() != self.settings.instance {
            return Err(UpstreamError::NotPermitted(format!(
                "the permit was made for {}",
                warrant.instance()
            )));
        }
        let read_only = self.settings.read_only || W::ACCESS == Access::Read;
        if read_only && !request.is_read() && !self.is_history_read(&request) {
            return Err(UpstreamError::NotARead { product, method: request.method.to_string() });
        }
        let change = !request.is_read() && request.method != http::Method::GET;
        let mut renewed: Option<Credential> = None;
        let (mut attempt, since) = (0, tokio::time::Instant::now());
        let Settings { pacing, base, instance, .. } = &*self.settings;
        let leave = pacing
            .breakers
            .leave(base.as_str())
            .map_err(|left| UpstreamError::LeftAlone { product, seconds: left.as_secs().max(1) })?;
        let error = loop {
            let shown = renewed.as_ref().unwrap_or(credential);
            // On the heap, so that every tool's future does not carry the client's.
            let result = Box::pin(self.once(warrant, shown, &request)).await;
            let error = match result {
                Ok(reply) => {
                    leave.tell(false);
                    self.metrics.upstream_breaker(product, instance, false);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if error.status() == Some(401) && renewed.is_none() {
                // What was answered with 401 was not carried out, so a write is repeated as well.
                renewed = credential.renewed().await;
                if renewed.is_some() {
                    self.metrics.upstream_retry(product, "renewed");
                    continue;
                }
            }
            let Some(wait) = pacing.again(&error, !change, attempt, since) else { break error };
            self.metrics.upstream_retry(product, "failed");
            attempt += 1;
            tokio::time::sleep(wait).await;
        };
        leave.tell(is_trouble(&error));
        self.metrics.upstream_breaker(product, instance, pacing.breakers.is_open(base.as_str()));
        Err(if change { error.of_change() } else { error })
    }

    /// Sends the request once. Every attempt is noted on the warrant.
    async fn once<W: Warrant>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: &Request,
    ) -> Result<Reply, UpstreamError> {
        let Settings { product, instance, pacing, .. } = &*self.settings;
        let _turn = pacing.turn().await;
        let started = Instant::now();
        let mut status = None;
        let result = self.exchange(warrant, credential, request, &mut status).await;
        let bytes = result.as_ref().map_or(0, |(_, bytes)| *bytes);
        let elapsed = started.elapsed();
        self.metrics.upstream_request(*product, instance, status, elapsed);
        warrant.note(UpstreamNote { method: request.method.to_string(), status, bytes, duration: elapsed });
        result.map(|(reply, _)| reply)
    }

    /// With writes on, a read tool may mark the issue as recently viewed, as the reference server does by default.
    fn is_history_read(&self, request: &Request) -> bool {
        !self.settings.read_only && request.method == http::Method::GET
    }

    async fn exchange<W: Warrant>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: &Request,
        status: &mut Option<u16>,
    ) -> Result<(Reply, u64), UpstreamError> {
        let mut url = self.settings.base.clone();
        url.set_path(&format!(
            "{}{}",
            self.settings.base.path().trim_end_matches('/'),
            request.path.as_str()
        ));
        if !request.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(request.query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        let mut headers = self.settings.headers.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &request.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if let Ok(call) = HeaderValue::from_str(&warrant.call().to_string()) {
            headers.insert("x-request-id", call);
        }
        credential.apply(&mut headers);
        let mut builder = self.settings.client.request(request.method.clone(), url).headers(headers);
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let answer = builder.send().await.map_err(|error| self.failure(&error, None))?;
        *status = Some(answer.status().as_u16());
        self.read(answer).await
    }

    async fn read(&self, answer: reqwest::Response) -> Result<(Reply, u64), UpstreamError> {
        let product = self.settings.product;
        let status = answer.status().as_u16();
        let success = answer.status().is_success();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let content = header(header::CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default();
        let content: String = content.trim().to_ascii_lowercase().chars().take(80).collect();
        let retry_after = header(header::RETRY_AFTER).and_then(seconds_of);
        let body = self.body(answer).await?;
        if !success {
            return Err(UpstreamError::from_answer(product, status, retry_after, &body));
        }
        if body.is_empty() {
            return Ok((Reply { body: Value::Null, status }, 0));
        }
        if content != "application/json" && !content.ends_with("+json") {
            let content = if content.is_empty() { "no content type".to_owned() } else { content };
            return Err(UpstreamError::NotJson { product, status, content, in_doubt: false });
        }
        let bytes = body.len() as u64;
        let body = serde_json::from_slice(&body).map_err(|error| UpstreamError::Malformed {
            product,
            status: Some(status),
            in_doubt: false,
            problem: format!("not JSON: {error}"),
        })?;
        Ok((Reply { body, status }, bytes))
    }

    async fn body(&self, mut answer: reqwest::Response) -> Result<Vec<u8>, UpstreamError> {
        let limit = self.settings.answer_limit;
        let status = answer.status().as_u16();
        let mut body = Vec::with_capacity(answer.content_length().unwrap_or(0).min(1 << 20) as usize);
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failure(&error, Some(status)))? {
            if body.len() + chunk.len() > limit {
                return Err(UpstreamError::TooLarge { product: self.product(), in_doubt: false, limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What a failed request means; `status` is there once an answer had begun.
    fn failure(&self, error: &reqwest::Error, status: Option<u16>) -> UpstreamError {
        let (product, in_doubt) = (self.settings.product, false);
        if error.is_builder() || error.is_request() && status.is_none() && client::causes(error).is_empty() {
            return UpstreamError::NotPermitted(
                "the request is too long to be sent; ask for less at once".to_owned(),
            );
        }
        if error.is_timeout() && !error.is_connect() {
            return UpstreamError::Timeout { product, in_doubt };
        }
        if error.is_body() || error.is_decode() {
            let problem = "the answer broke off or could not be decoded".to_owned();
            return UpstreamError::Malformed { product, status, in_doubt, problem };
        }
        let causes = client::causes(error);
        let problem = Problem::of(error, &causes);
        let detail = format!("{}: {causes}", self.settings.base.origin().ascii_serialization());
        UpstreamError::Unreachable { product, in_doubt, problem, detail }
    }
}

/// `Retry-After` as seconds from now: a number, or the date of HTTP (RFC 9110, section 10.2.3). Nonsense is nothing.
fn seconds_of(value: &str) -> Option<u64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(seconds);
    }
    let then = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(u64::try_from(then.as_second() - jiff::Timestamp::now().as_second()).unwrap_or(0))
}

/// The default of [`UpstreamSettings::answer_limit`]: 32 MiB.
pub const ANSWER_LIMIT: usize = 32 << 20;
