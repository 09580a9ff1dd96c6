//! Searching for no more than the policies leave: `(what the caller asks for) AND (what the caller may see)`.
//!
//! What is added must never be what Jira complains about, or its words would tell the caller of it:
//!
//! 1. Jira refuses a query (400) that names a project the account does not see. When it first refuses one, the projects
//!    the condition names are looked up, which is remembered for five minutes, and those that are not visible are left
//!    out: nothing of them would be found in any case.
//! 2. A mistake is told in the words that Jira has for the caller's own query, which is asked once for that purpose. If
//!    Jira takes that query after all, its result is sifted as any other.
//! 3. Except that a value does not exist: that is no mistake but a search that finds nothing, as is one that names what
//!    the policies hide. To such a query is added what no account sees, so that Jira refuses it just the same: the two
//!    answers, and the requests behind them, are one.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Jira;
use super::SearchPage;
use super::SearchQuery;
use super::malformed;
use super::masked::Masked;
use super::names::look_through;
use crate::atlassian::Deployment;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::audit::SearchNote;
use crate::ids::BoardId;
use crate::ids::ProjectKey;
use crate::ids::SprintId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Condition;
use crate::policy::Narrowing;
use crate::policy::Read;
use crate::policy::Sight;

/// Where a search looks.
#[derive(Debug, Clone, Copy)]
pub enum Place<'p> {
    /// Everywhere.
    Everywhere,
    /// In a project, which the query names.
    Project(&'p ProjectKey),
    /// On a board.
    Board(&'p BoardId),
    /// In a sprint, which the query names.
    Sprint(&'p SprintId),
}

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The page.
    pub page: SearchPage,
    /// Whether the caller may see all that was found, so that its number is the caller's own.
    pub exact: bool,
    /// Whether a query that names what is hidden, or what does not exist, finds nothing instead of being refused.
    pub is_tacit: bool,
}

/// A page, and whether the caller may see all that was found.
type Searched = (SearchPage, bool);

/// What is searched for.
#[derive(Debug, Clone, Copy)]
struct Sought<'a> {
    place: Place<'a>,
    query: &'a SearchQuery,
    sight: &'a Sight<'a>,
    /// Whether it names what the policies hide.
    names_hidden: bool,
}

/// How many projects Cloud looks up at once.
const MOST_KEYS: usize = 50;

/// Names what never exists: Jira refuses a query with it as one that names anything else that does not.
const NOWHERE: &str = "project = 0";

impl Jira<'_> {
    /// Runs a search, narrowed to what the caller may see.
    pub async fn find(
        &self,
        permit: &Permit<Read>,
        place: Place<'_>,
        query: &SearchQuery,
        sight: &Sight<'_>,
    ) -> Result<Found, UpstreamError> {
        let narrowing = match place {
            Place::Project(key) => sight.narrowing.within(key),
            _ => sight.narrowing.clone(),
        };
        let is_tacit = narrowing != Narrowing::Everything;
        let own_exact = narrowing.is_exact();
        let may_name_hidden = is_tacit && narrowing != Narrowing::Nothing && place.takes_words();
        let masked = if may_name_hidden {
            look_through(&query.jql)?;
            self.masked(permit, &query.jql, sight).await?
        } else {
            Masked::none(&query.jql)
        };
        let names_hidden = may_name_hidden && self.names_hidden(permit, &masked.text, sight).await?;
        let query = &SearchQuery { jql: masked.text.clone(), ..query.clone() };
        let sought = Sought { place, query, sight, names_hidden };
        let searched = self.search_for(permit, sought, narrowing).await;
        let searched = searched.map_err(|error| masked.told(error))?;
        let searched = searched.filter(|_| !names_hidden);
        let (mut page, exact) = searched.unwrap_or_else(|| (self.nothing(place, query), own_exact));
        if page.issues.is_empty() {
            // Whether Jira was asked for it, with a limit of its own, or not: such a page is always the same.
            page.max_results = self.page_size(place, query);
        }
        Ok(Found { page, exact, is_tacit })
    }

    /// What was found; nothing if the query names what does not exist.
    async fn search_for(
        &self,
        permit: &Permit<Read>,
        sought: Sought<'_>,
        narrowing: Narrowing,
    ) -> Result<Option<Searched>, UpstreamError> {
        let known = match &narrowing {
            Narrowing::Condition(condition) => self.projects_recalled(condition).await,
            _ => None,
        };
        let narrowed = known.as_ref().map_or(narrowing.clone(), |visible| narrowing.among(visible));
        let (narrowed, refused) = match self.narrowed(permit, sought, &narrowed).await {
            Err(error) if error.status() == Some(400) => (narrowed, error),
            answer => return answer.map(Some),
        };
        let fewer = match &narrowed {
            Narrowing::Condition(condition) if known.is_none() => {
                self.projects_visible(permit, condition).await.ok().map(|visible| narrowing.among(&visible))
            }
            _ => None,
        };
        let (narrowed, refused) = match fewer.filter(|fewer| *fewer != narrowed) {
            None => (narrowed, refused),
            Some(fewer) => match self.narrowed(permit, sought, &fewer).await {
                Err(error) if error.status() == Some(400) => (fewer, error),
                answer => return answer.map(Some),
            },
        };
        match &narrowed {
            Narrowing::Condition(condition) => self.refused(permit, sought, Some(condition), refused).await,
            _ if narrowing == Narrowing::Everything => Err(refused),
            _ => self.refused(permit, sought, None, refused).await,
        }
    }

    async fn narrowed(
        &self,
        permit: &Permit<Read>,
        sought: Sought<'_>,
        narrowing: &Narrowing,
    ) -> Result<Searched, UpstreamError> {
        let Sought { place, query, sight, names_hidden } = sought;
        let condition = match narrowing {
            Narrowing::Condition(condition) => query::jql(condition),
            Narrowing::Nothing | Narrowing::Everything | Narrowing::Unknown => None,
        };
        permit.searched(SearchNote::new(narrowing, condition.as_deref()));
        if *narrowing == Narrowing::Nothing {
            return Ok((self.nothing(place, query), true));
        }
        let exact = match narrowing {
            Narrowing::Condition(_) if condition.is_none() => false,
            other => other.is_exact(),
        };
        let nowhere = names_hidden.then(|| NOWHERE.to_owned());
        let added: Vec<String> = condition.into_iter().chain(nowhere).collect();
        let jql = query::restrict(&query.jql, &added)
            .map_err(|error| UpstreamError::NotPermitted(error.to_string()))?;
        let narrowed = SearchQuery { jql, ..query.clone() };
        let mut page = if exact && narrowed.from.is_of_atlassian() {
            self.look(permit, place, &narrowed).await?
        } else {
            self.look_through(permit, place, (&narrowed, sight)).await?
        };
        self.name_epics(permit, &query.fields, &mut page.issues).await?;
        Ok((page, exact))
    }

    /// What the caller is told of a query that Jira does not take as it was sent; nothing of what does not exist.
    async fn refused(
        &self,
        permit: &Permit<Read>,
        sought: Sought<'_>,
        condition: Option<&Condition>,
        error: UpstreamError,
    ) -> Result<Option<Searched>, UpstreamError> {
        let asked = sought.query.jql.to_uppercase();
        let ours = |text: &String| {
            let names = condition.map(Condition::names).unwrap_or_default();
            names.iter().any(|name| text.contains(name) && !asked.contains(&name.to_uppercase()))
        };
        let says = error.messages();
        if !says.is_empty() && !says.iter().any(|text| is_mistake(text) || ours(text)) {
            return Ok(None);
        }
        // A mistake of the caller's is one without what was added too; where there is none, Jira would take the query.
        let is_mistaken = says.iter().any(|text| is_mistake(text) && !ours(text));
        let own = Sought { names_hidden: sought.names_hidden && !is_mistaken, ..sought };
        let is_ours = says.iter().any(ours);
        match self.narrowed(permit, own, &Narrowing::Unknown).await {
            Err(own) if own.status() == Some(400) => told(&own),
            // Jira takes the query and not the condition, though it knows all that the condition names: it may be too
            // long or too deep with it. The end of a page of what was not narrowed would tell what is hidden.
            Ok(_) if !is_ours => Err(error),
            answer => answer.map(Some),
        }
    }

    /// A page as Jira gives it.
    pub(super) async fn look(
        &self,
        permit: &Permit<Read>,
        place: Place<'_>,
        query: &SearchQuery,
    ) -> Result<SearchPage, UpstreamError> {
        match place {
            Place::Everywhere => self.search(permit, query).await,
            Place::Project(key) => self.search_project(permit, key, query).await,
            Place::Board(board) => self.board_issues(permit, board, query).await,
            Place::Sprint(sprint) => self.sprint_issues(permit, sprint, query).await,
        }
    }

    /// The page of a search that finds nothing, as Jira would have sent it.
    fn nothing(&self, place: Place<'_>, query: &SearchQuery) -> SearchPage {
        let counts = self.counts(place);
        SearchPage {
            issues: Vec::new(),
            total: counts.then_some(0),
            start_at: query.start_at,
            max_results: self.page_size(place, query),
            next: None,
            more: None,
            names: None,
            left_out: 0,
        }
    }

    /// How many issues a page of a search has at most.
    fn page_size(&self, place: Place<'_>, query: &SearchQuery) -> u64 {
        if self.counts(place) { query.limit.min(50) } else { query.limit }
    }

    /// Whether a search is counted there, and goes on by number.
    pub(super) fn counts(&self, place: Place<'_>) -> bool {
        self.deployment() == Deployment::DataCenter || matches!(place, Place::Board(_))
    }

    /// Which of the projects that a condition names the account sees, if that was asked in the last five minutes.
    async fn projects_recalled(&self, condition: &Condition) -> Option<BTreeSet<String>> {
        let mut visible = BTreeSet::new();
        for request in self.project_requests(condition) {
            let answer = self.instance.upstream.recalled(self.credential, &request).await?;
            visible.extend(project_keys(&answer)?);
        }
        Some(visible)
    }

    /// Which of the projects that a condition names the account sees.
    pub(super) async fn projects_visible(
        &self,
        permit: &Permit<Read>,
        condition: &Condition,
    ) -> Result<BTreeSet<String>, UpstreamError> {
        let lists = self.project_lists(permit, condition).await?;
        let keys = |list: &Arc<Value>| project_keys(list).unwrap_or_default();
        Ok(lists.iter().flat_map(keys).collect())
    }

    /// The projects that a condition names, as far as the account sees them; on Data Center with all others.
    pub(super) async fn project_lists(
        &self,
        permit: &Permit<Read>,
        condition: &Condition,
    ) -> Result<Vec<Arc<Value>>, UpstreamError> {
        let mut lists = Vec::new();
        for request in self.project_requests(condition) {
            let answer = self.recall(permit, request, |answer| project_keys(answer).is_some()).await?;
            project_keys(&answer).ok_or_else(|| malformed("the projects are not a list"))?;
            lists.push(answer);
        }
        Ok(lists)
    }

    fn project_requests(&self, condition: &Condition) -> Vec<Request> {
        if self.deployment() == Deployment::DataCenter {
            return vec![Request::get(Path::of(["rest", "api", "2", "project"]))];
        }
        let keys: Vec<&str> = condition.places().into_iter().collect();
        let request = |keys: &[&str]| {
            let request = Request::get(Path::of(["rest", "api", "3", "project", "search"]))
                .with("maxResults", MOST_KEYS.to_string());
            keys.iter().fold(request, |request, key| request.with("keys", *key))
        };
        keys.chunks(MOST_KEYS).map(request).collect()
    }
}

impl Place<'_> {
    /// Whether a caller's own words are searched for there.
    fn takes_words(self) -> bool {
        match self {
            Self::Everywhere | Self::Board(_) => true,
            Self::Project(_) | Self::Sprint(_) => false,
        }
    }
}

/// The mistakes that Jira found in the caller's own query; nothing if there is none but names of what does not exist.
fn told(refused: &UpstreamError) -> Result<Option<Searched>, UpstreamError> {
    let told = refused.told(is_mistake);
    if told.messages().is_empty() && !refused.messages().is_empty() { Ok(None) } else { Err(told) }
}

/// The keys of a list of projects.
fn project_keys(answer: &Value) -> Option<Vec<String>> {
    let listed = answer.as_array().or_else(|| answer.get("values")?.as_array())?;
    let keys = listed.iter().filter_map(|project| project.get("key")?.as_str());
    Some(keys.filter_map(|key| ProjectKey::parse(key).ok().map(String::from)).collect())
}

/// How Jira begins what it says of mistakes that have nothing to do with what there is.
const MISTAKES: [&str; 11] = [
    "Error in ",
    "Field '",
    "The field '",
    "The operator '",
    "Function '",
    "The function '",
    "Unable to find JQL function",
    "Date value '",
    "Unbounded JQL",
    "The token ",
    "The provided next page token",
];

/// Whether Jira says this of a mistake in a query. What is not known as such may say that something does not exist, as
/// do all words in other languages but those with a place in the query.
fn is_mistake(text: &str) -> bool {
    MISTAKES.iter().any(|begin| text.starts_with(begin)) || ends_in_place(text)
}

/// `... (line 1, character 7)`, in any language.
fn ends_in_place(text: &str) -> bool {
    let Some(inside) = text.trim_end_matches('.').strip_suffix(')').and_then(|text| text.rsplit_once('('))
    else {
        return false;
    };
    let is_number = |part: &str| {
        part.split_whitespace().last().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let parts: Vec<&str> = inside.1.split(',').collect();
    parts.len() == 2 && parts.iter().all(|part| is_number(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_from_what_does_not_exist() {
        let table = [
            ("Error in the JQL Query: Expecting operator but got 'x'. (line 1, character 7)", true),
            ("Fehler in der JQL-Abfrage: Operator erwartet (Zeile 1, Zeichen 7).", true),
            ("Field 'foo' does not exist or you do not have permission to view it.", true),
            ("The operator '~' is not supported by the 'project' field.", true),
            (
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
                true,
            ),
            ("The value 'NOPE' does not exist for the field 'project'.", false),
            ("Der Wert 'NOPE' existiert nicht für das Feld 'project'.", false),
            ("An issue with key 'NOPE-1' does not exist for field 'key'.", false),
            ("A value with ID '7' does not exist for the field 'project'.", false),
            ("The value 'a (b, c)' does not exist for the field 'component'.", false),
        ];
        for (text, wanted) in table {
            assert_eq!(is_mistake(text), wanted, "{text}");
        }
    }
}
