//! Service desks, their queues and what can be requested: `/rest/servicedeskapi`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::lists;
use super::malformed;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::ids::QueueId;
use crate::ids::RequestTypeId;
use crate::ids::ServiceDeskId;
use crate::net::File;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;
use crate::policy::Read;
use crate::policy::Write;

/// Data Center asks for it where an endpoint is marked as experimental; Cloud takes no notice.
const EXPERIMENTAL: (&str, &str) = ("x-experimentalapi", "opt-in");

/// A request to raise.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The desk it is raised at.
    pub desk: ServiceDeskId,
    /// Its type.
    pub kind: RequestTypeId,
    /// Its fields by id, in the desk's form.
    pub values: Map<String, Value>,
    /// Who it is raised for: account id on Cloud, user name on Data Center.
    pub customer: Option<String>,
    /// Who else takes part.
    pub participants: Vec<String>,
}

impl NewRequest {
    fn to_body(&self) -> Value {
        let mut body = Map::new();
        body.insert("serviceDeskId".into(), self.desk.as_str().into());
        body.insert("requestTypeId".into(), self.kind.as_str().into());
        body.insert("requestFieldValues".into(), Value::Object(self.values.clone()));
        if let Some(customer) = &self.customer {
            body.insert("raiseOnBehalfOf".into(), customer.as_str().into());
        }
        if !self.participants.is_empty() {
            body.insert("requestParticipants".into(), json!(self.participants));
        }
        Value::Object(body)
    }
}

/// How many pages of desks are looked through.
const MOST_PAGES: usize = 40;

fn desks() -> Path {
    Path::of(["rest", "servicedeskapi", "servicedesk"])
}

fn of(desk: &ServiceDeskId) -> Path {
    desks().value("id", desk.as_str())
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
                Request::get(desks()).with("start", start.to_string()).with("limit", PAGE.to_string());
            let request = request.header(EXPERIMENTAL.0, EXPERIMENTAL.1);
            let answer = self.recall(permit, request, lists(&["values"])).await?;
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
        let request = paged(of(desk).then(["queue"]), start, limit).with("includeCount", "true");
        self.of_desk(permit, desk, request).await
    }

    /// Reads a queue.
    pub async fn queue(
        &self,
        permit: &Permit<Read>,
        desk: &ServiceDeskId,
        queue: &QueueId,
    ) -> Result<Value, UpstreamError> {
        let request = Request::get(of(desk).then(["queue"]).value("queue", queue.as_str()))
            .with("includeCount", "true");
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
        let request =
            paged(of(desk).then(["queue"]).value("queue", queue.as_str()).then(["issue"]), start, limit);
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
        self.of_desk(permit, desk, paged(of(desk).then(["requesttype"]), start, limit)).await
    }

    /// Reads what a request of a type asks for.
    pub async fn request_fields<E: Effect>(
        &self,
        permit: &Permit<E>,
        desk: &ServiceDeskId,
        kind: &RequestTypeId,
    ) -> Result<Value, UpstreamError> {
        let request =
            Request::get(of(desk).then(["requesttype"]).value("type", kind.as_str()).then(["field"]));
        let answer = self.of_desk(permit, desk, request).await?;
        if answer.get("requestTypeFields").is_none() {
            return Err(malformed("the request type has no fields"));
        }
        Ok(answer)
    }

    /// Raises a request, and brings what the service desk says of it.
    pub async fn create_request(
        &self,
        permit: &Permit<Write>,
        wanted: &NewRequest,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::ServiceDesk(wanted.desk.clone()))?;
        let path = Path::of(["rest", "servicedeskapi", "request"]);
        let request = Request::post(path, wanted.to_body()).header(EXPERIMENTAL.0, EXPERIMENTAL.1);
        let has_key = |created: &Value| {
            created.get("issueKey").and_then(Value::as_str).is_some_and(|key| !key.is_empty())
        };
        self.store(permit, request, has_key, "it does not say which request was created").await
    }

    /// Brings a file to a desk, where it waits to be attached; gives the id it has until then.
    pub async fn upload_to_desk(
        &self,
        permit: &Permit<Write>,
        desk: &ServiceDeskId,
        file: File,
    ) -> Result<String, UpstreamError> {
        permit.part(&Part::ServiceDesk(desk.clone()))?;
        let request = Request::upload(of(desk).then(["attachTemporaryFile"]), file);
        let request = request.header(EXPERIMENTAL.0, EXPERIMENTAL.1);
        let id = |answer: &Value| {
            let id = answer.pointer("/temporaryAttachments/0/temporaryAttachmentId")?;
            id.as_str().map(str::to_owned)
        };
        let is_whole = |answer: &Value| id(answer).is_some();
        let stored = self.store(permit, request, is_whole, "it does not say where the file is").await?;
        Ok(id(&stored).unwrap_or_default())
    }

    /// Attaches files that wait at a desk to a request that was just raised there.
    pub async fn attach_to_request(
        &self,
        permit: &Permit<Write>,
        desk: &ServiceDeskId,
        key: &IssueKey,
        uploaded: Vec<String>,
        public: bool,
    ) -> Result<(), UpstreamError> {
        let key = permit.raised(&Part::ServiceDesk(desk.clone()), key)?.as_str();
        let path = Path::of(["rest", "servicedeskapi", "request"]).value("key", key).then(["attachment"]);
        let body = json!({"temporaryAttachmentIds": uploaded, "public": public});
        let request = Request::post(path, body).header(EXPERIMENTAL.0, EXPERIMENTAL.1);
        self.store(permit, request, Value::is_object, "it does not say what was attached").await.map(|_| ())
    }

    async fn of_desk<E: Effect>(
        &self,
        permit: &Permit<E>,
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
