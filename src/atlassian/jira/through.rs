//! Searches where no query can say beforehand what may be seen: what Jira finds is gone through, issue by issue.
//!
//! Of each no more is asked for than policies look at: how large a hidden issue is makes no difference. When it is known
//! which issues are on a page, they are read as the caller wants them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Fields;
use super::Jira;
use super::Place;
use super::SearchPage;
use super::SearchQuery;
use super::called::categories;
use super::category;
use super::issue_place;
use super::search::LARGEST_PAGE;
use crate::atlassian::Position;
use crate::atlassian::paged;
use crate::atlassian::paged::STRETCH;
use crate::atlassian::paged::Stretch;
use crate::atlassian::paged::Stretches;
use crate::atlassian::paged::Wanted;
use crate::audit::Permit;
use crate::audit::Warrant as _;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Attribute;
use crate::policy::Observed;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Sight;

/// How many projects are asked for one by one: those that the list of all does not reach.
const MOST_PROJECTS: usize = 12;

/// A search that is gone through.
struct Search<'a> {
    jira: &'a Jira<'a>,
    permit: &'a Permit<Read>,
    place: Place<'a>,
    query: &'a SearchQuery,
    sight: &'a Sight<'a>,
    /// What is known of projects; nothing where no policy looks at it. It is a hint: what is shown is decided on by the
    /// project itself.
    projects: Option<Observed>,
    /// How many projects were asked for one by one.
    asked: usize,
}

impl Jira<'_> {
    /// A page of what the caller may see of a search, each of them decided on.
    pub(super) async fn look_through(
        &self,
        permit: &Permit<Read>,
        place: Place<'_>,
        (query, sight): (&SearchQuery, &Sight<'_>),
    ) -> Result<SearchPage, UpstreamError> {
        let counts = self.counts(place);
        let most = query.limit.min(if counts { STRETCH } else { LARGEST_PAGE });
        let start = if query.from.is_first() { query.start_at } else { 0 };
        let projects = if permit.needs().contains(Attribute::Category) {
            let lists = self.all_projects(permit).await?;
            Some(categories(&lists.iter().map(|list| &**list).collect::<Vec<_>>()))
        } else {
            None
        };
        let light = SearchQuery { fields: Fields::parse("project"), expand: Vec::new(), ..query.clone() };
        let mut search = Search { jira: self, permit, place, query: &light, sight, projects, asked: 0 };
        let wanted = Wanted { from: query.from.clone(), start, most };
        let page = paged::page(&mut search, wanted).await?;
        let (issues, names) = self.read(permit, place, query, &page.items).await?;
        Ok(SearchPage {
            issues,
            total: None,
            start_at: query.start_at,
            max_results: if counts { most } else { query.limit },
            more: Some(page.next.is_some()),
            next: page.next.filter(|_| !matches!(place, Place::Board(_))),
            names,
            left_out: page.left_out,
        })
    }

    /// Reads issues as a search wants them, in this order, and what it says of the names of fields.
    async fn read(
        &self,
        permit: &Permit<Read>,
        place: Place<'_>,
        query: &SearchQuery,
        keys: &[IssueKey],
    ) -> Result<(Vec<Value>, Option<Value>), UpstreamError> {
        let listed: Vec<&str> = keys.iter().map(IssueKey::as_str).collect();
        let (jql, limit) = (format!("key IN ({})", listed.join(", ")), keys.len() as u64);
        let mut asked = SearchQuery { jql, limit, start_at: 0, from: Position::default(), ..query.clone() };
        let (mut found, mut names) = (BTreeMap::new(), None);
        // Cloud may give fewer at once than it is asked for, but one at least.
        for _ in keys {
            let page = self.look(permit, place, &asked).await?;
            asked.start_at += page.issues.len() as u64;
            let is_last = page.issues.is_empty() || page.is_last(asked.start_at, self.deployment());
            names = names.or(page.names);
            found.extend(page.issues.into_iter().filter_map(|issue| Some((key(&issue)?, issue))));
            if is_last {
                break;
            }
            asked.from = page.next.unwrap_or_default();
        }
        Ok((keys.iter().filter_map(|key| found.remove(key)).collect(), names))
    }
}

fn key(issue: &Value) -> Option<IssueKey> {
    match issue_place(issue)? {
        Resource::Issue { key, .. } => Some(key),
        _ => None,
    }
}

impl Stretches for Search<'_> {
    type Item = IssueKey;

    async fn at(&mut self, place: Option<&paged::Place>) -> Result<Stretch<IssueKey>, UpstreamError> {
        let (from, start_at) = match place {
            None => (Position::default(), 0),
            Some(paged::Place::Token(token)) => (Position::after(token), 0),
            Some(paged::Place::Start(start)) => (Position::default(), *start),
        };
        let query = SearchQuery { limit: STRETCH, start_at, from, ..self.query.clone() };
        let page = self.jira.look(self.permit, self.place, &query).await?;
        self.know_projects(&page.issues).await?;
        let reached = start_at + page.issues.len() as u64;
        let next = if self.jira.counts(self.place) {
            let is_end = page.issues.is_empty() || page.total.is_some_and(|total| reached >= total);
            (!is_end).then_some(paged::Place::Start(reached))
        } else {
            page.next.as_ref().and_then(Position::token).map(|token| paged::Place::Token(token.to_owned()))
        };
        Ok(Stretch { items: self.sifted(&page.issues), next })
    }
}

impl Search<'_> {
    fn sifted(&self, issues: &[Value]) -> Vec<Option<IssueKey>> {
        let mut observed = self.projects.clone().unwrap_or_default();
        observed.update(self.permit.observed());
        let viewer = self.sight.viewer(&observed);
        let may_view = |issue: &Value| issue_place(issue).is_some_and(|place| viewer.may_view(&place));
        issues.iter().map(|issue| key(issue).filter(|_| may_view(issue))).collect()
    }

    /// Asks for the projects that the list of all does not reach.
    async fn know_projects(&mut self, issues: &[Value]) -> Result<(), UpstreamError> {
        let Some(known) = &mut self.projects else { return Ok(()) };
        let needs = self.permit.needs();
        let of = |issue: &Value| issue_place(issue)?.enclosing();
        let lacking = issues.iter().filter_map(of).filter(|project| known.lacks(project, needs).is_some());
        let keys: BTreeSet<ProjectKey> = lacking
            .filter_map(|project| match project {
                Resource::Project(key) => Some(key),
                _ => None,
            })
            .collect();
        for key in keys.iter().take(MOST_PROJECTS.saturating_sub(self.asked)) {
            self.asked += 1;
            let request = Request::get(Path::of(["rest", "api", "2", "project"]).value("key", key.as_str()));
            match self.jira.get(self.permit, request).await {
                Ok(project) => known.update(category(key, &project)),
                // What Jira does not say stays unknown.
                Err(error) if matches!(error.status(), Some(403 | 404)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
