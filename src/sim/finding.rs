//! How objects of the sample world are found, and who may see them.

use jiff::Timestamp;

use super::data;
use super::world::Comment;
use super::world::Issue;
use super::world::Page;
use super::world::PageKind;
use super::world::Project;
use super::world::Space;
use super::world::User;
use super::world::World;

impl User {
    pub(crate) fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.contains(&group)
    }

    pub(crate) fn may_browse(&self, project: &Project) -> bool {
        project.key != data::HIDDEN_PROJECT || self.name != data::RESTRICTED_USER
    }

    pub(crate) fn may_view(&self, space: &Space) -> bool {
        space.key != data::HIDDEN_SPACE || self.name != data::RESTRICTED_USER
    }

    /// The account with this user name, key, account id or, without case, e-mail address.
    pub(crate) fn named(text: &str) -> Option<&'static Self> {
        data::USERS.iter().find(|user| {
            user.name.eq_ignore_ascii_case(text)
                || user.account_id == text
                || user.key == text
                || user.email().eq_ignore_ascii_case(text)
        })
    }
}

impl Comment {
    pub(crate) fn is_visible_to(&self, user: &User) -> bool {
        self.visibility.as_ref().is_none_or(|(kind, name)| kind != "group" || user.is_in(name))
    }
}

impl PageKind {
    /// Its name in the first API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::BlogPost => "blogpost",
        }
    }

    /// Where the second API has it.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::Page => "pages",
            Self::BlogPost => "blogposts",
        }
    }
}

impl Page {
    pub(crate) fn number(&self) -> usize {
        self.versions.len()
    }

    /// As both APIs say it.
    pub(crate) fn status(&self) -> &'static str {
        if self.is_draft { "draft" } else { "current" }
    }

    pub(crate) fn modified(&self) -> Timestamp {
        self.versions.last().map_or(self.created, |version| version.when)
    }
}

impl World {
    /// The world as every run starts with it.
    pub(crate) fn sample() -> Self {
        let mut world = Self { now: data::epoch(), last_id: 2_000_000, ..Self::default() };
        data::issues::fill(&mut world);
        data::pages::fill(&mut world);
        world
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The time of a write: a second after the one before.
    pub(crate) fn tick(&mut self) -> Timestamp {
        self.now = self.now.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(self.now);
        self.now
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn insert_issue(&mut self, issue: Issue) {
        self.keys.insert(issue.key.clone(), issue.id);
        self.issues.insert(issue.id, issue);
    }

    fn issue_id(&self, text: &str) -> Option<u64> {
        if let Some(id) = self.keys.get(text) {
            return Some(*id);
        }
        self.keys.get(&text.to_ascii_uppercase()).copied().or_else(|| text.parse().ok())
    }

    /// The issue with this key (a former one too) or id, whoever asks.
    pub(crate) fn any_issue(&self, text: &str) -> Option<&Issue> {
        self.issues.get(&self.issue_id(text)?)
    }

    /// The issue with this key (a former one too) or id, if `user` may see it.
    pub(crate) fn issue(&self, user: &User, text: &str) -> Option<&Issue> {
        self.any_issue(text).filter(|issue| user.may_browse(issue.project))
    }

    pub(crate) fn issue_mut(&mut self, user: &User, text: &str) -> Option<&mut Issue> {
        let id = self.issue_id(text)?;
        self.issues.get_mut(&id).filter(|issue| user.may_browse(issue.project))
    }

    /// The key after the last of a project.
    pub(crate) fn next_number(&self, project: &Project) -> u64 {
        let numbers =
            self.issues.values().filter(|issue| issue.project.id == project.id).map(|issue| issue.number);
        numbers.max().unwrap_or(0) + 1
    }

    pub(crate) fn page(&self, user: &User, id: &str) -> Option<&Page> {
        self.pages.get(&id.parse().ok()?).filter(|page| self.may_read(user, page))
    }

    /// What was never published, by its id, if it is of this account.
    pub(crate) fn draft(&self, user: &User, id: &str) -> Option<&Page> {
        let page = self.pages.get(&id.parse().ok()?)?;
        (page.is_draft && page.creator.name == user.name && user.may_view(page.space)).then_some(page)
    }

    /// Whether neither the space nor a restriction of the page or of one above it keeps somebody out. Drafts are read in
    /// a way of their own.
    pub(crate) fn may_read(&self, user: &User, page: &Page) -> bool {
        let lets = |id: u64| {
            let restriction = self.restrictions.get(&id).and_then(|found| found.get("read"));
            restriction.is_none_or(|restriction| restriction.lets(user))
        };
        !page.is_draft
            && user.may_view(page.space)
            && lets(page.id)
            && self.ancestors(page).iter().all(|above| lets(above.id))
    }

    pub(crate) fn page_mut(&mut self, user: &User, id: &str) -> Option<&mut Page> {
        let id = self.page(user, id)?.id;
        self.pages.get_mut(&id)
    }

    /// The pages above, the topmost first.
    pub(crate) fn ancestors(&self, page: &Page) -> Vec<&Page> {
        let mut above: Vec<&Page> = Vec::new();
        let mut next = page.parent;
        while let Some(parent) = next.and_then(|id| self.pages.get(&id)) {
            if above.iter().any(|seen| seen.id == parent.id) {
                break;
            }
            above.push(parent);
            next = parent.parent;
        }
        above.reverse();
        above
    }

    /// The pages right below one, in their order.
    pub(crate) fn children(&self, id: u64) -> impl Iterator<Item = &Page> {
        let mut below: Vec<&Page> =
            self.pages.values().filter(|page| page.parent == Some(id) && !page.is_draft).collect();
        below.sort_by_key(|page| (page.position, page.id));
        below.into_iter()
    }
}

impl Project {
    /// The project with this key or id, if `user` may browse it.
    pub(crate) fn find(user: &User, text: &str) -> Option<&'static Self> {
        data::PROJECTS
            .iter()
            .find(|project| project.key.eq_ignore_ascii_case(text) || project.id.to_string() == text)
            .filter(|project| user.may_browse(project))
    }
}

impl Space {
    /// The space with this key or id, if `user` may view it.
    pub(crate) fn find(user: &User, text: &str) -> Option<&'static Self> {
        data::SPACES
            .iter()
            .find(|space| space.key.eq_ignore_ascii_case(text) || space.id.to_string() == text)
            .filter(|space| user.may_view(space))
    }
}
