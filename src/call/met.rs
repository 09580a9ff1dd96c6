//! What policies name of the things that a call meets, where an answer did not say it: the ends of a link, a subtask, an
//! epic that is named by its key, every page.
//!
//! They are asked for together. Whatever is not known afterwards is not shown, so nothing here has to succeed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Passage;
use super::Refusal;
use crate::atlassian::confluence::attributes::Pages;
use crate::atlassian::jira::category;
use crate::audit::Trail;
use crate::identity::Caller;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::lookup;
use crate::lookup::Lookup;
use crate::lookup::LookupError;
use crate::policy::Attribute;
use crate::policy::Needs;
use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::tools::Output;
use crate::tools::sift_embedded;

/// How many are asked for at once: Data Center gives no more.
const TOGETHER: usize = 50;

/// How many requests are made for the things of one call at most.
const MOST_REQUESTS: usize = 4;

/// How many projects are asked for in one call at most: each is a request of its own.
const MOST_PROJECTS: usize = 12;

/// Who asks, and where it is written down.
#[derive(Clone, Copy)]
pub(super) struct Met<'a> {
    pub(super) gate: &'a Passage<'a>,
    pub(super) caller: &'a Caller,
    pub(super) trail: &'a Trail,
}

impl Met<'_> {
    /// Asks for what is not known of these, as far as policies name it, and says how many requests that took. Where one
    /// of them is known to be hidden the call ends as if it were absent: then nothing is asked of the others.
    pub(super) async fn know(self, resources: &[Resource]) -> Result<usize, Refusal> {
        if self.needs().is_empty() {
            return Ok(0);
        }
        let (observed, needs) = (self.trail.observed(), self.needs());
        let (unknown, known): (Vec<_>, Vec<_>) =
            resources.iter().cloned().partition(|resource| observed.lacks_around(resource, needs).is_some());
        let viewer = self.gate.engine.viewer(&self.caller.principal, &self.caller.session, &observed);
        let is_hidden = |resource: &Resource| {
            resource.is_resolved() && !matches!(resource, Resource::Instance(_)) && !viewer.may_view(resource)
        };
        if known.iter().any(is_hidden) {
            return Ok(0);
        }
        self.ask(&unknown).await
    }

    /// The same for everything in a result. Of the pages that were decided on it is asked once more: a page does not say
    /// with its text what it is.
    pub(super) async fn know_all(self, decided: &[Resource], output: &Output) -> Result<(), Refusal> {
        if self.needs().is_empty() {
            return Ok(());
        }
        let mut resources = self.not_viewable_yet(&found_in(output));
        resources.extend(decided.iter().filter(|one| page(one).is_some()).cloned());
        self.ask(&resources).await.map(|_| ())
    }

    fn product(self) -> Product {
        self.caller.route.instance.upstream.product()
    }

    fn needs(self) -> Needs {
        self.trail.needed(self.product())
    }

    /// Those of which more has to be known to say whether they may be seen.
    fn not_viewable_yet(self, resources: &[Resource]) -> Vec<Resource> {
        let observed = self.trail.observed();
        let viewer = self.gate.engine.viewer(&self.caller.principal, &self.caller.session, &observed);
        resources.iter().filter(|resource| viewer.missing(resource).is_some()).cloned().collect()
    }

    /// How many requests it took.
    async fn ask(self, resources: &[Resource]) -> Result<usize, Refusal> {
        match self.product() {
            Product::Jira => Ok(self.issues(resources).await? + self.projects(resources).await?),
            Product::Confluence => self.pages(resources.iter().filter_map(page).collect()).await,
        }
    }

    /// Those of which it is not known yet: of some the project alone is not.
    async fn issues(self, resources: &[Resource]) -> Result<usize, Refusal> {
        let (observed, needs) = (self.trail.observed(), self.needs().of(ResourceKind::Issue));
        let unknown = resources.iter().filter(|one| observed.lacks(one, needs).is_some());
        let keys: BTreeSet<IssueKey> = unknown.filter_map(issue).collect();
        let keys: Vec<IssueKey> = keys.into_iter().collect();
        let mut requests = 0;
        for keys in keys.chunks(TOGETHER).take(MOST_REQUESTS) {
            self.look_up(&Lookup::Issues(keys)).await?;
            requests += 1;
        }
        Ok(requests)
    }

    /// Those of which it is not known yet.
    async fn projects(self, resources: &[Resource]) -> Result<usize, Refusal> {
        let (observed, needs) = (self.trail.observed(), self.needs().of(ResourceKind::Project));
        let unknown = |place: &Resource| observed.lacks(place, needs).is_some();
        let places = resources.iter().filter_map(Resource::enclosing).filter(unknown);
        let keys: BTreeSet<ProjectKey> = places.filter_map(project).collect();
        let asked = keys.iter().take(MOST_PROJECTS);
        for key in asked.clone() {
            let answer = self.look_up(&Lookup::Project(key)).await?;
            self.trail.observe(category(key, &answer.unwrap_or_default()));
        }
        Ok(asked.count())
    }

    async fn pages(self, mut ids: BTreeSet<PageId>) -> Result<usize, Refusal> {
        let mut pages = Pages::default();
        let mut requests = 0;
        while !ids.is_empty() && requests < MOST_REQUESTS {
            let asked: Vec<PageId> = ids.iter().take(TOGETHER).cloned().collect();
            ids.retain(|id| !asked.contains(id));
            requests += 1;
            let answer = self.look_up(&Lookup::Pages(&asked, self.needs())).await?;
            pages.read(&answer.unwrap_or_default());
            // Who is kept from a page above is kept from this one.
            if ids.is_empty() && self.needs().contains(Attribute::Restricted) {
                ids = pages.above();
                ids.retain(|id| !asked.contains(id));
            }
        }
        self.trail.observe(pages.observed());
        Ok(requests)
    }

    /// The answer; nothing where there is none. What Atlassian does not say stays unknown.
    async fn look_up(self, lookup: &Lookup<'_>) -> Result<Option<Value>, Refusal> {
        let (instance, credential) = (&self.caller.route.instance, &self.caller.route.credential);
        match lookup::ask(lookup, instance, credential, self.trail).await {
            Ok(answer) => Ok(Some(answer)),
            Err(LookupError::NotVisible | LookupError::Upstream(_)) => Ok(None),
            Err(error @ LookupError::Audit(_)) => Err(Refusal::Lookup(error)),
        }
    }
}

/// Everything that would be asked about before the result is shown.
fn found_in(output: &Output) -> Vec<Resource> {
    let met = RefCell::new(Vec::new());
    let note = |resource: &Resource| {
        met.borrow_mut().push(resource.clone());
        true
    };
    match output {
        Output::Object { actual, value } => {
            met.borrow_mut().extend(actual.clone());
            sift_embedded(&mut value.clone(), &note);
        }
        Output::Items { items, .. } | Output::Derived { items, .. } => {
            for item in items {
                met.borrow_mut().extend(item.resources.iter().cloned());
                sift_embedded(&mut item.value.clone(), &note);
            }
        }
        Output::Files { .. } | Output::List { .. } => {}
    }
    met.into_inner()
}

fn issue(resource: &Resource) -> Option<IssueKey> {
    match resource.place() {
        Resource::Issue { key, .. } => Some(key.clone()),
        _ => None,
    }
}

fn project(place: Resource) -> Option<ProjectKey> {
    match place {
        Resource::Project(key) => Some(key),
        _ => None,
    }
}

fn page(resource: &Resource) -> Option<PageId> {
    match resource.place() {
        Resource::Page { id, .. } => Some(id.clone()),
        _ => None,
    }
}
