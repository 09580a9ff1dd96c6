//! One product's base URL and client.

mod exchange;
mod remembered;
mod stored;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use self::exchange::Failure;
use self::exchange::Readable;
use self::remembered::Remembered;
use super::Content;
use super::Credential;
use super::Headers;
use super::Patience;
use super::Reply;
use super::Request;
use super::UpstreamError;
use super::Warrant;
use super::headers::Added;
use super::patience::Admission;
use super::patience::Lane;
use super::patience::Lanes;
use super::patience::Miss;
use super::patience::Open;
use super::patience::Reason;
use crate::audit::CallId;
use crate::audit::Spent;
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
    /// The client for files that Atlassian keeps elsewhere; without one, no answer that sends there is followed.
    pub files: Option<reqwest::Client>,
    /// Headers the operator adds to every request.
    pub headers: Headers,
    /// Whether anything but a read is refused, whatever the permit says.
    pub read_only: bool,
    /// The largest answer taken, in bytes after decompression.
    pub answer_limit: usize,
    /// How patient to be.
    pub patience: Patience,
}

/// One product: where it is and how it is asked. Those made by [`Upstream::at`] share the client, and what there is to
/// know about each site.
#[derive(Debug)]
pub struct Upstream {
    base: Url,
    instance: InstanceName,
    lane: Arc<Lane>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: UpstreamSettings,
    metrics: Metrics,
    /// The lane of the settings' own base.
    lane: Arc<Lane>,
    others: Lanes,
    remembered: Remembered,
}

/// One request with who asks.
struct Asked<'a> {
    request: &'a Request,
    call: &'a CallId,
    note: &'a (dyn Fn(UpstreamNote) + Sync),
}

/// What is shown with one request.
struct Shown<'a> {
    credential: &'a Credential,
    added: &'a Added,
}

/// Redirects on one origin in a row.
const MOST_HOPS: u32 = 3;

/// Newer credentials for one request. A slow one may outlive more than the one that it began with.
const MOST_RENEWALS: u32 = 3;

/// Refuses what would be more than one call may ask for.
fn within_budget(product: Product, spent: Spent) -> Result<(), UpstreamError> {
    let Spent { requests, bytes } = spent;
    if requests >= MOST_REQUESTS || bytes >= MOST_BYTES {
        return Err(UpstreamError::Exhausted { product, requests, bytes });
    }
    Ok(())
}

/// How many requests one call may make: lists that never end would go on until its deadline.
const MOST_REQUESTS: usize = 1_000;

/// How many bytes the answers to one call may have together, before the next is asked for.
const MOST_BYTES: u64 = 256 << 20;

impl Upstream {
    /// Takes the settings and the metrics to count in.
    pub fn new(settings: UpstreamSettings, metrics: Metrics) -> Self {
        let shown = (settings.product, settings.instance.clone(), metrics.clone());
        let shown = (!settings.instance.is_chosen()).then_some(shown);
        let lane = Arc::new(Lane::new(&settings.patience, shown));
        let (base, instance) = (settings.base.clone(), settings.instance.clone());
        let shared = Shared {
            settings,
            metrics,
            lane: Arc::clone(&lane),
            others: Lanes::default(),
            remembered: Remembered::default(),
        };
        Self { base, instance, lane, shared: Arc::new(shared) }
    }

    /// The same way to another address and instance of the product, which has limits and a breaker of its own.
    #[must_use]
    pub fn at(&self, base: Url, instance: InstanceName) -> Self {
        let shared = &self.shared;
        let lane = if base == shared.settings.base {
            Arc::clone(&shared.lane)
        } else {
            shared.others.of(base.as_str(), &shared.settings.patience)
        };
        Self { base, instance, lane, shared: Arc::clone(shared) }
    }

    /// Which product this is.
    pub fn product(&self) -> Product {
        self.shared.settings.product
    }

    /// The base URL without a trailing slash.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Sends a request on a warrant and reads its JSON answer; asks again where that does no harm. Every request that
    /// is sent is noted on the warrant.
    ///
    /// Dropping the future drops the request: when the client goes away, so does the call upstream.
    pub async fn execute<W: Warrant>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: Request,
    ) -> Result<Reply, UpstreamError> {
        self.read_as(warrant, credential, request).await
    }

    /// Reads a file as it is, whatever it is; as large as an answer may be.
    pub async fn download<W: Warrant>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: Request,
    ) -> Result<Reply<Content>, UpstreamError> {
        self.read_as(warrant, credential, request).await
    }

    async fn read_as<W: Warrant, T: Readable + Send>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: Request,
    ) -> Result<Reply<T>, UpstreamError> {
        let product = self.product();
        if *warrant.instance() != self.instance {
            return Err(UpstreamError::NotPermitted(format!(
                "the permit was made for {}",
                warrant.instance()
            )));
        }
        within_budget(product, warrant.spent())?;
        let read_only = self.shared.settings.read_only || W::ACCESS == Access::Read;
        if read_only && !request.is_read() && !self.is_history_read(&request) {
            return Err(UpstreamError::NotARead { product, method: request.method.to_string() });
        }
        let note = |note| warrant.note(note);
        let asked = Asked { request: &request, call: warrant.call(), note: &note };
        // On the heap, so that every tool's future does not carry the client's.
        Box::pin(self.carry_out(&asked, credential)).await
    }

    /// Reads what seldom changes, such as the fields of a site: the answer of the same credential is good for five
    /// minutes, if it is whole: a broken one is not kept. Who asks must be permitted to by now.
    pub async fn recall<W: Warrant>(
        &self,
        warrant: &W,
        credential: &Credential,
        request: Request,
        is_whole: impl Fn(&Value) -> bool,
    ) -> Result<Arc<Value>, UpstreamError> {
        let key = Remembered::key(&self.instance, &self.url(&request), credential);
        if let Some(known) = self.shared.remembered.get(&key).await {
            return Ok(known);
        }
        let reply = self.execute(warrant, credential, request).await?;
        if !is_whole(&reply.body) {
            return Ok(Arc::new(reply.body));
        }
        Ok(self.shared.remembered.keep(key, reply).await)
    }

    /// What [`Self::recall`] would give without a request.
    pub async fn recalled(&self, credential: &Credential, request: &Request) -> Option<Arc<Value>> {
        let key = Remembered::key(&self.instance, &self.url(request), credential);
        self.shared.remembered.get(&key).await
    }

    /// With writes on, a read tool may mark the issue as recently viewed, as the reference server does by default.
    fn is_history_read(&self, request: &Request) -> bool {
        !self.shared.settings.read_only && request.method == Method::GET
    }

    async fn carry_out<T: Readable + Send>(
        &self,
        asked: &Asked<'_>,
        credential: &Credential,
    ) -> Result<Reply<T>, UpstreamError> {
        let change = !asked.request.is_repeatable();
        let result = self.persist(asked, credential).await;
        result.map_err(|error| if change { error.of_change() } else { error })
    }

    /// Asks until there is a result, or no reason to ask again. Each turn uses up one of three things that are few:
    /// the retries, the newer credentials, the hops.
    async fn persist<T: Readable + Send>(
        &self,
        asked: &Asked<'_>,
        credential: &Credential,
    ) -> Result<Reply<T>, UpstreamError> {
        let started = Instant::now();
        let mut url = self.url(asked.request);
        let (mut newer, mut last) = (None, None);
        let (mut retries, mut hops, mut renewals) = (0, 0, 0);
        loop {
            let added = self.added()?;
            let shown = Shown { credential: newer.as_ref().unwrap_or(credential), added: &added };
            let (result, admission) = match self.attempt(asked, &shown, &url).await {
                Ok(attempted) => attempted,
                Err(open) => return Err(last.unwrap_or_else(|| self.left_alone(open))),
            };
            let failure = match result {
                Ok(reply) => {
                    admission.succeeded();
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            let wait = self.wait(&failure, asked.request, retries, started);
            failure.tell(admission, wait.is_some());
            // What was answered with 401 was not carried out, so a write is repeated as well.
            if failure.error.status() == Some(401)
                && renewals < MOST_RENEWALS
                && let Some(next) = self.renewed(&shown).await
            {
                (newer, renewals) = (Some(next), renewals + 1);
                self.count("401");
                continue;
            }
            if let Some(target) = failure.target(asked.request, &url).filter(|_| hops < MOST_HOPS) {
                (url, hops) = (target, hops + 1);
                continue;
            }
            if let Some(stored) = self.stored(asked, &failure, &url).await {
                return stored;
            }
            let Some((reason, wait)) = wait else {
                return Err(failure.error);
            };
            retries += 1;
            self.count(reason.as_str());
            last = Some(failure.error);
            tokio::time::sleep(wait).await;
        }
    }

    /// The headers that the operator adds, as they are now.
    fn added(&self) -> Result<Added, UpstreamError> {
        let (settings, product) = (&self.shared.settings, self.product());
        settings.headers.current().map_err(|error| UpstreamError::NoHeader {
            product,
            text: error.caller_text(product.title()),
            detail: error.to_string(),
        })
    }

    /// The credential to ask with once more after a 401: a newer one, or the same with newer headers.
    async fn renewed(&self, shown: &Shown<'_>) -> Option<Credential> {
        if let Some(next) = shown.credential.renewed().await {
            return Some(next);
        }
        let newer = self.shared.settings.headers.are_newer_than(shown.added).await;
        newer.then(|| shown.credential.clone())
    }

    fn wait(
        &self,
        failure: &Failure,
        request: &Request,
        retries: u32,
        started: Instant,
    ) -> Option<(Reason, Duration)> {
        let miss = Miss {
            reason: failure.reason?,
            retry_after: failure.error.retry_after(),
            repeatable: request.is_repeatable(),
            retries,
            elapsed: started.elapsed(),
        };
        let wait = self.shared.settings.patience.wait(miss, crate::secrets::chance())?;
        Some((miss.reason, wait))
    }

    fn count(&self, reason: &'static str) {
        self.shared.metrics.upstream_retry(self.product(), reason);
    }

    fn left_alone(&self, open: Open) -> UpstreamError {
        UpstreamError::LeftAlone { product: self.product(), failures: open.failures, seconds: open.seconds }
    }

    /// Sends the request once, when it is its turn.
    async fn attempt<T: Readable>(
        &self,
        asked: &Asked<'_>,
        shown: &Shown<'_>,
        url: &Url,
    ) -> Result<(Result<Reply<T>, Failure>, Admission<'_>), Open> {
        let entered = self.lane.enter().await?;
        let started = std::time::Instant::now();
        let mut status = None;
        let result = self.exchange(asked, shown, url.clone(), &mut status).await;
        let bytes = result.as_ref().map_or(0, |(_, bytes)| *bytes);
        let elapsed = started.elapsed();
        self.shared.metrics.upstream_request(self.product(), &self.instance, status, elapsed);
        let (method, path) = (asked.request.method.to_string(), asked.request.path.template().to_owned());
        (asked.note)(UpstreamNote { method, path, status, bytes, duration: elapsed });
        Ok((result.map(|(reply, _)| reply), entered.admission))
    }

    fn url(&self, request: &Request) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), request.path.as_str()));
        if !request.query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(request.query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        url
    }
}

/// The default of [`UpstreamSettings::answer_limit`]: 32 MiB.
pub const ANSWER_LIMIT: usize = 32 << 20;

#[cfg(test)]
mod tests;
