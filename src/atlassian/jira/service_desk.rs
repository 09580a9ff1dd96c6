//! Service desks, their queues and what can be requested: `/rest/servicedeskapi`.

use serde_json::Value;

use super::Jira;
use super::malformed;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::ids::QueueId;
use crate::ids::RequestTypeId;
use crate::ids::ServiceDeskId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Read;

/// Data Center asks for it where an endpoint is marked as experimental; Cloud takes no notice.
const EXPERIMENTAL: (&str, &str) = ("x-experimentalapi", "opt-in");

/// How many pages of desks are looked through.
const MOST_PAGES: usize = 40;

fn path<'a>(rest: impl IntoIterator<Item = &'a str>) -> Path {
    Path::of(["rest", "servicedeskapi", "servicedesk"].into_iter().chain(rest))
}

impl Jira<'_> {
    /// Finds the service desk of a project; nothing if it has none.
    pub async fn service_desk_of(
        &self,
        permit: &Permit<Read>,
        project: &ProjectKey,
    ) -> Result<Option<Value>, UpstreamError> {
        const PAGE: usize = 50;
        let key = permit.project(project)?.as_str();
        let mut start = 0;
        for _ in 0..MOST_PAGES {
            let request =
                Request::get(path([])).with("start", start.to_string()).with("limit", PAGE.to_string());
            let answer = self.recall(permit, request.header(EXPERIMENTAL.0, EXPERIMENTAL.1)).await?;
            let desks = answer.get("values").and_then(Value::as_array);
            let desks = desks.ok_or_else(|| malformed("the service desks are not a list"))?;
            let is_it = |desk: &&Value| desk.get("projectKey").and_then(Value::as_str) == Some(key);
            if let Some(desk) = desks.iter().find(is_it) {
                return Ok(Some(desk.clone()));
            }
            start += desks.len();
            if desks.is_empty() || answer.get("isLastPage").and_then(Value::as_bool).unwrap_or(true) {
                return Ok(None);
            }
        }
        Err(malformed("the service desks have no end"))
    }

    /// Reads a page of the queues of a desk.
    pub async fn queues(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        start: u64,
        limit: u64,
    ) -> Result<Value, UpstreamError> {
        let request = paged(path([desk.as_str(), "queue"]), start, limit).with("includeCount", "true");
        self.of_desk(permit, desk, request).await
    }

    /// Reads a queue.
    pub async fn queue(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        queue: &QueueId,
    ) -> Result<Value, UpstreamError> {
        let request =
            Request::get(path([desk.as_str(), "queue", queue.as_str()])).with("includeCount", "true");
        self.of_desk(permit, desk, request).await
    }

    /// Reads a page of the issues in a queue.
    pub async fn queue_issues(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        queue: &QueueId,
        start: u64,
        limit: u64,
    ) -> Result<Value, UpstreamError> {
        let request = paged(path([desk.as_str(), "queue", queue.as_str(), "issue"]), start, limit);
        self.of_desk(permit, desk, request).await
    }

    /// Reads a page of what can be requested of a desk.
    pub async fn request_types(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        start: u64,
        limit: u64,
    ) -> Result<Value, UpstreamError> {
        self.of_desk(permit, desk, paged(path([desk.as_str(), "requesttype"]), start, limit)).await
    }

    /// Reads what a request of a type asks for.
    pub async fn request_fields(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        kind: &RequestTypeId,
    ) -> Result<Value, UpstreamError> {
        let request = Request::get(path([desk.as_str(), "requesttype", kind.as_str(), "field"]));
        let answer = self.of_desk(permit, desk, request).await?;
        if answer.get("requestTypeFields").is_none() {
            return Err(malformed("the request type has no fields"));
        }
        Ok(answer)
    }

    async fn of_desk(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        request: Request,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::ServiceDesk(desk.clone()))?;
        let answer = self.get(permit, request.header(EXPERIMENTAL.0, EXPERIMENTAL.1)).await?;
        if answer.is_object() { Ok(answer) } else { Err(malformed("the answer is no object")) }
    }
}

fn paged(path: Path, start: u64, limit: u64) -> Request {
    Request::get(path).with("start", start.to_string()).with("limit", limit.to_string())
}
