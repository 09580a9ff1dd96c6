//! The way of one request through the sample upstream: log, audit match, fault, signature, product.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use serde_json::json;

use super::Deployment;
use super::SimSettings;
use super::answer::Answer;
use super::call;
use super::call::Call;
use super::confluence;
use super::control;
use super::faults::Faults;
use super::jira;
use super::journal::Journal;
use super::matching::Matcher;
use super::world::World;

/// What the site is called at Atlassian's gateway.
const CLOUD_ID: &str = "1324a887-45db-1bf4-1e99-ef0ff456d421";
const LARGEST_BODY: usize = 32 * 1024 * 1024;
/// Worlds of their own that are kept at once.
const MOST_WORLDS: usize = 128;

/// Everything a running sample upstream has.
#[derive(Debug)]
pub(crate) struct Site {
    settings: SimSettings,
    world: Arc<RwLock<World>>,
    /// Worlds of their own, by the mark of the credential that lives in each; the oldest first.
    own: Mutex<VecDeque<(String, Arc<RwLock<World>>)>>,
    pub(crate) faults: Faults,
    pub(crate) journal: Arc<Journal>,
    matcher: Option<Mutex<Matcher>>,
    violations: Mutex<Vec<String>>,
}

impl Site {
    pub(crate) fn new(settings: SimSettings) -> Self {
        Self {
            world: Arc::new(RwLock::new(World::sample())),
            own: Mutex::default(),
            faults: Faults::default(),
            journal: Arc::new(Journal::default()),
            matcher: settings.audit.clone().map(|directory| Mutex::new(Matcher::new(directory))),
            violations: Mutex::default(),
            settings,
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    /// Back to the first moment: data, faults, log and violations.
    pub(crate) fn reset(&self) {
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = World::sample();
        lock(&self.own).clear();
        self.faults.clear();
        self.journal.clear();
        lock(&self.violations).clear();
    }

    /// The world that a credential lives in. A mark that begins with `own-` has one of its own, so that what one test
    /// changes is not there for the others.
    fn world_of(&self, mark: Option<&str>) -> Arc<RwLock<World>> {
        let Some(mark) = mark.filter(|mark| mark.starts_with("own-")) else { return Arc::clone(&self.world) };
        let mut own = lock(&self.own);
        if let Some(place) = own.iter().position(|(known, _)| known == mark)
            && let Some((mark, world)) = own.remove(place)
        {
            // What is in use goes last.
            own.push_back((mark, Arc::clone(&world)));
            return world;
        }
        let world = Arc::new(RwLock::new(World::sample()));
        if own.len() == MOST_WORLDS {
            own.pop_front();
        }
        own.push_back((mark.to_owned(), Arc::clone(&world)));
        world
    }

    /// Remembers a request that no audit record on disk announced.
    fn check_audit(
        &self,
        world: &RwLock<World>,
        method: &Method,
        segments: &[String],
        headers: &HeaderMap,
        body: &Bytes,
    ) {
        let Some(matcher) = &self.matcher else { return };
        let world = world.read().unwrap_or_else(PoisonError::into_inner);
        let Err(violation) = lock(matcher).check(&world, method, segments, headers, body) else { return };
        drop(world);
        if !self.settings.quiet {
            // A closed standard error must not stop the answer.
            let _ = writeln!(std::io::stderr(), "violation: {violation}");
        }
        lock(&self.violations).push(violation);
    }

    fn dispatch(world: &RwLock<World>, call: &Call) -> Answer {
        let confluence = confluence::is_addressed(call);
        let reads = call.method == Method::GET || jira::is_read(call);
        let reply = if reads {
            let world = world.read().unwrap_or_else(PoisonError::into_inner);
            if confluence { confluence::read(&world, call) } else { jira::read(&world, call) }
        } else {
            let mut world = world.write().unwrap_or_else(PoisonError::into_inner);
            if confluence { confluence::write(&mut world, call) } else { jira::write(&mut world, call) }
        };
        let (header, account) = match call.deployment {
            Deployment::DataCenter => ("x-ausername", call.user.name),
            Deployment::Cloud => ("x-aaccountid", call.user.account_id),
        };
        reply.unwrap_or_else(|refusal| refusal).with(header, account.to_owned())
    }
}

/// Answers one request.
pub(crate) async fn answer(site: Arc<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/__sim") {
        let body = axum::body::to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
        return control::answer(&site, &parts.method, parts.uri.path(), &body).into_response();
    }
    let mut entry = site.journal.begin(&parts);
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        let answer =
            Answer::status(413, &json!({"errorMessages": ["The request is too large."], "errors": {}}));
        return entry.finish(answer.into_response());
    };
    entry.set_body(&body);
    let segments = call::segments(&parts.uri, site.settings.deployment);
    // Anybody may ask a site of Cloud for its id.
    if site.settings.deployment == Deployment::Cloud && segments == ["_edge", "tenant_info"] {
        return entry.finish(Answer::json(&json!({"cloudId": CLOUD_ID})).into_response());
    }
    let mark = call::mark(&parts.headers);
    let world = site.world_of(mark.as_deref());
    site.check_audit(&world, &parts.method, &segments, &parts.headers, &body);
    if let Some(fault) = site.faults.take(&parts.method, parts.uri.path(), mark.as_deref())
        && let Some(response) = fault.play().await
    {
        return entry.finish(response);
    }
    let deployment = site.settings.deployment;
    let base = call::base(&parts.headers);
    let Some(user) = call::account(&parts.headers, deployment) else {
        let signed = parts.headers.contains_key(http::header::AUTHORIZATION);
        return entry.finish(unauthorized(deployment, &segments, &base, signed).into_response());
    };
    let query = call::query(&parts.uri);
    let content_type = parts.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let call = Call { method: parts.method, segments, query, body, content_type, base, deployment, user };
    entry.finish(Site::dispatch(&world, &call).into_response())
}

/// A lock that a panic elsewhere does not close.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unauthorized(deployment: Deployment, segments: &[String], base: &str, signed: bool) -> Answer {
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let realm = percent_encoding::utf8_percent_encode(base, percent_encoding::NON_ALPHANUMERIC);
    let challenge = format!("OAuth realm=\"{realm}\"");
    let answer = match (deployment, path.as_slice()) {
        (Deployment::Cloud, ["wiki", "api", "v2", ..]) => Answer::status(
            401,
            &json!({"errors": [{"status": 401, "code": "UNAUTHORIZED", "title": "Unauthorized", "detail": null}]}),
        ),
        (Deployment::Cloud, ["wiki", ..]) => {
            Answer::status(401, &json!({"code": 401, "message": "Unauthorized; scope does not match"}))
        }
        (Deployment::Cloud, _) => {
            let text = "Client must be authenticated to access this resource.";
            Answer::text(401, "text/plain;charset=UTF-8", text.to_owned())
        }
        (Deployment::DataCenter, _) if !signed => {
            let text = "You are not authenticated. Authentication required to perform this operation.";
            Answer::status(401, &json!({"errorMessages": [text], "errors": {}}))
        }
        (Deployment::DataCenter, ["rest", "api", "2" | "3" | "latest", ..]) => Answer::text(
            401,
            "text/html;charset=UTF-8",
            "<html><head><title>Unauthorized (401)</title></head><body><h1>Unauthorized (401)</h1><p>Basic \
             Authentication Failure - Reason : AUTHENTICATED_FAILED</p></body></html>"
                .to_owned(),
        ),
        (Deployment::DataCenter, _) => {
            let text = "Client must be authenticated to access this resource.";
            Answer::status(401, &json!({"message": text, "status-code": 401}))
        }
    };
    answer.with("www-authenticate", challenge).with("x-seraph-loginreason", "AUTHENTICATED_FAILED".to_owned())
}

/// Marks a response that must not be sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aborted;

/// A response for [`Aborted`]; where the connection is not ours, its body fails at once.
pub(crate) fn aborted() -> Response {
    let failed = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("connection reset")) });
    let mut response = Response::new(Body::from_stream(failed));
    response.extensions_mut().insert(Aborted);
    response
}
