//! Boards, sprints and the backlog: `/rest/agile/1.0`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::SearchPage;
use super::SearchQuery;
use super::has_id;
use super::lists;
use super::malformed;
use crate::audit::Permit;
use crate::ids::BoardId;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::ids::SprintId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Write;

/// Which boards are wanted.
#[derive(Debug, Clone)]
pub struct BoardQuery {
    /// Part of their name.
    pub name: Option<String>,
    /// Their project.
    pub project: Option<ProjectKey>,
    /// `scrum` or `kanban`.
    pub kind: Option<String>,
    /// How many to leave out at the start.
    pub start_at: u64,
    /// How many at most.
    pub limit: u64,
}

/// A page of boards or sprints.
#[derive(Debug)]
pub struct AgilePage {
    /// As Jira gives them.
    pub values: Vec<Value>,
    /// Whether there are no more.
    pub is_last: bool,
}

impl AgilePage {
    fn of(mut answer: Value) -> Result<Self, UpstreamError> {
        let is_last = answer.get("isLast").and_then(Value::as_bool).unwrap_or(true);
        match answer.get_mut("values").map(Value::take) {
            Some(Value::Array(values)) => Ok(Self { values, is_last }),
            _ => Err(malformed("the page has no values")),
        }
    }

    /// How to go on, if there is more.
    pub fn next(&self, start_at: u64) -> Option<String> {
        let reached = start_at + self.values.len() as u64;
        (!self.is_last).then(|| format!("call again with start_at = {reached}"))
    }

    /// Adds what is listed to what was found before, and says whether there is no more. A list of nothing is the last one.
    fn ends(mut self, found: &mut Vec<Value>) -> bool {
        let is_last = self.is_last || self.values.is_empty();
        found.append(&mut self.values);
        is_last
    }
}

/// How many boards or sprints Jira lists at once.
const AT_ONCE: u64 = 50;

/// How many such lists are read at most.
const MOST_LISTS: usize = 10;

/// The list of the boards that are wanted, without a page of it.
fn board_request(permit: &Permit<Read>, wanted: &BoardQuery) -> Result<Request, UpstreamError> {
    let mut request = Request::get(path("board"));
    if let Some(name) = &wanted.name {
        request = request.with("name", name.as_str());
    }
    match &wanted.project {
        Some(key) => request = request.with("projectKeyOrId", permit.project(key)?.as_str()),
        None => permit.whole(Product::Jira)?,
    }
    if let Some(kind) = &wanted.kind {
        request = request.with("type", kind.as_str());
    }
    Ok(request)
}

fn path(word: &'static str) -> Path {
    Path::of(["rest", "agile", "1.0", word])
}

impl Jira<'_> {
    /// Reads boards.
    pub async fn boards(
        &self,
        permit: &Permit<Read>,
        wanted: &BoardQuery,
    ) -> Result<AgilePage, UpstreamError> {
        let request = board_request(permit, wanted)?;
        let request =
            if wanted.start_at > 0 { request.with("startAt", wanted.start_at.to_string()) } else { request };
        AgilePage::of(self.get(permit, request.with("maxResults", wanted.limit.to_string())).await?)
    }

    /// Reads all boards that are wanted, wherever a page begins and ends, and whether there are no more. They are
    /// remembered for a while: whoever asks for page after page has them from there.
    pub async fn every_board(
        &self,
        permit: &Permit<Read>,
        wanted: &BoardQuery,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        let mut found = Vec::new();
        for _ in 0..MOST_LISTS {
            let request = board_request(permit, wanted)?
                .with("startAt", found.len().to_string())
                .with("maxResults", AT_ONCE.to_string());
            let answer = self.recall(permit, request, lists(&["values"])).await?;
            if AgilePage::of((*answer).clone())?.ends(&mut found) {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// The projects that a board shows; nothing where Jira does not list all of them.
    pub async fn projects_of_board(
        &self,
        permit: &Permit<Read>,
        board: &BoardId,
    ) -> Result<Option<Vec<ProjectKey>>, UpstreamError> {
        let request = Request::get(path("board").value("id", board.as_str()).then(["project"]));
        let answer = self.recall(permit, request, lists(&["values"])).await?;
        if answer.get("isLast").and_then(Value::as_bool) != Some(true) {
            return Ok(None);
        }
        let listed =
            answer.get("values").and_then(Value::as_array).ok_or_else(|| malformed("no projects"))?;
        let keys = listed.iter().map(|project| ProjectKey::parse(project.get("key")?.as_str()?).ok());
        Ok(keys.collect())
    }

    /// Reads the sprints of a board.
    pub async fn sprints(
        &self,
        permit: &Permit<Read>,
        board: &BoardId,
        state: Option<&str>,
        start_at: u64,
        limit: u64,
    ) -> Result<AgilePage, UpstreamError> {
        permit.part(&Part::Board(board.clone()))?;
        let mut request = Request::get(path("board").value("id", board.as_str()).then(["sprint"]));
        if start_at > 0 {
            request = request.with("startAt", start_at.to_string());
        }
        request = request.with("maxResults", limit.to_string());
        if let Some(state) = state {
            request = request.with("state", state);
        }
        AgilePage::of(self.get(permit, request).await?)
    }

    /// Reads all sprints of a board, and says whether there are no more.
    pub async fn every_sprint(
        &self,
        permit: &Permit<Read>,
        board: &BoardId,
        state: Option<&str>,
    ) -> Result<(Vec<Value>, bool), UpstreamError> {
        let mut found = Vec::new();
        for _ in 0..MOST_LISTS {
            let list = self.sprints(permit, board, state, found.len() as u64, AT_ONCE).await?;
            if list.ends(&mut found) {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }

    /// Reads the issues of a board that fit a condition.
    pub(super) async fn board_issues(
        &self,
        permit: &Permit<Read>,
        board: &BoardId,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        permit.part(&Part::Board(board.clone()))?;
        let mut request = Request::get(path("board").value("id", board.as_str()).then(["issue"]))
            .with("startAt", query.start_at.to_string())
            .with("maxResults", query.limit.to_string())
            .with("fields", query.fields.to_query())
            .with("jql", query.jql.as_str());
        if !query.expand.is_empty() {
            request = request.with("expand", query.expand.join(","));
        }
        SearchPage::of(&self.get(permit, request).await?, query)
    }

    /// Reads the issues of a sprint by a search.
    pub(super) async fn sprint_issues(
        &self,
        permit: &Permit<Read>,
        sprint: &SprintId,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        permit.part(&Part::Sprint(sprint.clone()))?;
        self.page(permit, query).await
    }

    /// Creates a sprint on a board and brings what Jira stored.
    pub async fn create_sprint(
        &self,
        permit: &Permit<Write>,
        board: &BoardId,
        mut fields: Map<String, Value>,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Board(board.clone()))?;
        let number = board.as_str().parse::<u64>().map_err(|_| malformed("the board's id is too long"))?;
        fields.insert("originBoardId".into(), number.into());
        self.stored_sprint(permit, Request::post(path("sprint"), Value::Object(fields))).await
    }

    /// Changes some of a sprint and brings what Jira stored.
    pub async fn update_sprint(
        &self,
        permit: &Permit<Write>,
        sprint: &SprintId,
        changes: Map<String, Value>,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Sprint(sprint.clone()))?;
        let path = path("sprint").value("id", sprint.as_str());
        self.stored_sprint(permit, Request::post(path, Value::Object(changes))).await
    }

    async fn stored_sprint(&self, permit: &Permit<Write>, request: Request) -> Result<Value, UpstreamError> {
        self.store(permit, request, has_id, "the sprint has no id").await
    }

    /// Moves issues into a sprint.
    pub async fn add_to_sprint(
        &self,
        permit: &Permit<Write>,
        sprint: &SprintId,
        keys: &[IssueKey],
    ) -> Result<(), UpstreamError> {
        permit.part(&Part::Sprint(sprint.clone()))?;
        self.move_issues(permit, path("sprint").value("id", sprint.as_str()).then(["issue"]), keys).await
    }

    /// Moves issues out of their sprints.
    pub async fn to_backlog(&self, permit: &Permit<Write>, keys: &[IssueKey]) -> Result<(), UpstreamError> {
        self.move_issues(permit, path("backlog").then(["issue"]), keys).await
    }

    async fn move_issues(
        &self,
        permit: &Permit<Write>,
        path: Path,
        keys: &[IssueKey],
    ) -> Result<(), UpstreamError> {
        let keys: Vec<&str> =
            keys.iter().map(|key| permit.issue(key).map(IssueKey::as_str)).collect::<Result<_, _>>()?;
        self.send(permit, Request::post(path, json!({"issues": keys}))).await.map(|_| ())
    }
}
