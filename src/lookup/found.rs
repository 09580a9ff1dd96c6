//! What look-ups brought along, so that the tool need not ask again.

use serde_json::Value;

use super::Target;
use super::cost::Cost;
use super::places::PlaceKey;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::policy::Part;
use crate::policy::Resource;

/// An object that a look-up brought whole.
#[derive(Debug)]
pub(super) enum Brought {
    /// The issue a caller named by this key.
    Issue(IssueKey, Value),
    /// A page.
    Page(PageId, Value),
    /// A board, a sprint, a service desk, a version or a link; a comment, a file or a template: as Atlassian gives it.
    Part(Part, Value),
    /// The space that an id or a key named.
    Space(Value),
    /// The present keys of issues that fields named by former ones.
    Renamed(Vec<(IssueKey, IssueKey)>),
}

/// What look-ups brought along, so that the tool need not ask again.
#[derive(Debug, Default)]
pub struct Found {
    brought: Vec<Brought>,
    /// The page that a title named.
    pub titled: Option<PageId>,
    /// What was located just now.
    located: Vec<(PlaceKey, Vec<Resource>)>,
    /// The present keys of issues that were named by old ones.
    renamed: Vec<(IssueKey, IssueKey)>,
    /// Issues that were named and are not visible, where a call may go on without them.
    left_out: Vec<IssueKey>,
    /// What it took.
    pub(super) cost: Cost,
}

impl Found {
    /// The issue a caller named by this key, if a look-up brought it whole.
    pub fn take_issue(&mut self, key: &IssueKey) -> Option<Value> {
        self.take(|brought| matches!(brought, Brought::Issue(named, _) if named == key))
    }

    /// The page of this id, if a look-up brought it.
    pub fn take_page(&mut self, id: &PageId) -> Option<Value> {
        self.take(|brought| matches!(brought, Brought::Page(named, _) if named == id))
    }

    /// The space that an id or a key named, if a look-up brought it.
    pub fn take_space(&mut self) -> Option<Value> {
        self.take(|brought| matches!(brought, Brought::Space(_)))
    }

    /// The board, sprint, service desk, version or link; the comment, file or template, if a look-up brought it.
    pub fn take_part(&mut self, part: &Part) -> Option<Value> {
        self.take(|brought| matches!(brought, Brought::Part(named, _) if named == part))
    }

    fn take(&mut self, is_it: impl Fn(&Brought) -> bool) -> Option<Value> {
        let at = self.brought.iter().position(is_it)?;
        match self.brought.swap_remove(at) {
            Brought::Issue(_, value)
            | Brought::Page(_, value)
            | Brought::Part(_, value)
            | Brought::Space(value) => Some(value),
            Brought::Renamed(_) => None,
        }
    }

    /// The present key of an issue: issues that moved to another project still answer to their old keys.
    pub fn present_key(&self, named: IssueKey) -> IssueKey {
        match self.renamed.iter().find(|(old, _)| *old == named) {
            Some((_, present)) => present.clone(),
            None => named,
        }
    }

    /// The projects that issues were named in which lie in others now.
    pub fn former_projects(&self) -> impl Iterator<Item = ProjectKey> {
        let moved = self.renamed.iter().filter(|(named, present)| named.project() != present.project());
        moved.map(|(named, _)| named.project())
    }

    /// Leaves an issue out of the call: it does not exist, or is not visible to the caller.
    pub fn leave_out(&mut self, target: &Target) {
        if let Target::Issue(key, _) = target {
            self.left_out.push(key.clone());
        }
    }

    /// Whether an issue was left out of the call.
    pub fn is_left_out(&self, named: &IssueKey) -> bool {
        self.left_out.contains(named)
    }

    /// Takes over what other look-ups brought.
    pub fn join(&mut self, other: Self) {
        self.brought.extend(other.brought);
        self.titled = self.titled.take().or(other.titled);
        self.located.extend(other.located);
        self.renamed.extend(other.renamed);
        self.left_out.extend(other.left_out);
        self.cost.join(&other.cost);
    }

    /// Notes requests that were made for what the look-ups found, besides their own.
    pub fn also_sent(&self, requests: usize) {
        self.cost.sent(requests);
    }

    /// Notes what a name led to.
    pub(super) fn note(&mut self, target: &Target, places: &[Resource]) {
        match (target, places) {
            (Target::PageTitled(..), [Resource::Page { id, .. }]) => self.titled = Some(id.clone()),
            (Target::Issue(named, _) | Target::WithSubtasks(named), [Resource::Issue { key, .. }, ..])
                if named != key =>
            {
                self.renamed.push((named.clone(), key.clone()));
            }
            _ => {}
        }
    }

    /// Keeps what was located just now, and what came along.
    pub(super) fn keep(&mut self, key: PlaceKey, places: Vec<Resource>, brought: Option<Brought>) {
        self.located.push((key, places));
        self.bring(brought);
    }

    /// Keeps what came along.
    pub(super) fn bring(&mut self, brought: Option<Brought>) {
        match brought {
            Some(Brought::Renamed(keys)) => self.renamed.extend(keys),
            other => self.brought.extend(other),
        }
    }

    /// What was located just now, to be remembered.
    pub(super) fn take_located(&mut self) -> Vec<(PlaceKey, Vec<Resource>)> {
        std::mem::take(&mut self.located)
    }
}
