//! What the sample products hold: plain data. How it is found is in [`super::finding`].
//!
//! The clock is part of the world: it stands still but for one second per write, so that answers and relative
//! dates in queries are the same in every run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashMap;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Map;
use serde_json::Value;

/// A sample account; `token` is what it signs in with.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) display: &'static str,
    pub(crate) token: Option<&'static str>,
    pub(crate) account_id: &'static str,
    pub(crate) key: &'static str,
    pub(crate) groups: &'static [&'static str],
}

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) components: &'static [&'static str],
    pub(crate) versions: &'static [&'static str],
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) category: &'static Category,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Category {
    pub(crate) id: u64,
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) color: &'static str,
}

/// An issue type or a priority: an id with a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Sprint {
    pub(crate) id: u64,
    pub(crate) board: u64,
    pub(crate) name: Cow<'static, str>,
    pub(crate) state: Cow<'static, str>,
    pub(crate) start: Cow<'static, str>,
    pub(crate) end: Cow<'static, str>,
    pub(crate) goal: Cow<'static, str>,
}

#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) project: &'static Project,
}

/// A text field: wiki markup, and the ADF it was written as, if it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    pub(crate) wiki: String,
    pub(crate) adf: Option<Value>,
}

#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) number: u64,
    pub(crate) project: &'static Project,
    pub(crate) kind: &'static Named,
    pub(crate) status: &'static Status,
    pub(crate) priority: &'static Named,
    pub(crate) summary: String,
    pub(crate) description: Option<Text>,
    pub(crate) environment: Option<Text>,
    pub(crate) reporter: &'static User,
    pub(crate) assignee: Option<&'static User>,
    pub(crate) labels: Vec<String>,
    /// The name of its security level.
    pub(crate) security: Option<String>,
    pub(crate) components: Vec<&'static str>,
    pub(crate) version: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) resolved: Option<Timestamp>,
    /// How it was resolved, where that was said.
    pub(crate) resolution: Option<&'static Named>,
    pub(crate) due: Option<Date>,
    pub(crate) epic: Option<String>,
    /// The name of an epic, where it is not its summary.
    pub(crate) epic_name: Option<String>,
    pub(crate) parent: Option<String>,
    pub(crate) points: Option<f64>,
    pub(crate) team: Option<&'static str>,
    /// The id of the sprint it is in.
    pub(crate) sprint: Option<u64>,
    /// How long it is thought to take, and what is left of that, as people write it.
    pub(crate) estimates: (Option<String>, Option<String>),
    pub(crate) comments: Vec<Comment>,
    pub(crate) worklogs: Vec<Worklog>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) history: Vec<Change>,
    pub(crate) watchers: Vec<&'static User>,
    pub(crate) remote_links: Vec<(u64, Value)>,
    pub(crate) properties: BTreeMap<String, Value>,
}

#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: &'static User,
    pub(crate) body: Text,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) visibility: Option<(String, String)>,
    pub(crate) public: bool,
}

#[derive(Debug)]
pub(crate) struct Worklog {
    pub(crate) id: u64,
    pub(crate) author: &'static User,
    pub(crate) comment: Text,
    pub(crate) started: Timestamp,
    pub(crate) created: Timestamp,
    pub(crate) seconds: u64,
}

/// A file; the newest version is all that is kept of one.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) bytes: Bytes,
    pub(crate) author: &'static User,
    pub(crate) created: Timestamp,
    pub(crate) version: u64,
    pub(crate) comment: String,
}

/// One entry of an issue's change log.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) id: u64,
    pub(crate) author: &'static User,
    pub(crate) created: Timestamp,
    pub(crate) field: &'static str,
    pub(crate) from: Option<(String, String)>,
    pub(crate) to: Option<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: u64,
    pub(crate) kind: &'static LinkKind,
    /// The issue that, for example, blocks.
    pub(crate) from: String,
    /// The issue that, for example, is blocked.
    pub(crate) to: String,
}

#[derive(Debug)]
pub(crate) struct LinkKind {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) inward: &'static str,
    pub(crate) outward: &'static str,
}

#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) id: u64,
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) home: u64,
}

/// What is written at length; Confluence's second API has the two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageKind {
    Page,
    BlogPost,
}

/// A page, or a blog post, which lies below none.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) id: u64,
    pub(crate) kind: PageKind,
    /// Whether it was never published: only who began it sees it.
    pub(crate) is_draft: bool,
    pub(crate) space: &'static Space,
    pub(crate) parent: Option<u64>,
    /// The place among its siblings.
    pub(crate) position: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) labels: Vec<String>,
    pub(crate) creator: &'static User,
    pub(crate) created: Timestamp,
    pub(crate) versions: Vec<Version>,
    pub(crate) comments: Vec<PageComment>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) properties: BTreeMap<String, Property>,
}

/// A version of a page; the newest is last and has the page's body.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) by: &'static User,
    pub(crate) when: Timestamp,
    pub(crate) message: String,
    pub(crate) body: String,
    /// Whether nobody was told.
    pub(crate) minor: bool,
}

#[derive(Debug)]
pub(crate) struct PageComment {
    pub(crate) id: u64,
    pub(crate) by: &'static User,
    pub(crate) when: Timestamp,
    pub(crate) body: String,
    pub(crate) parent: Option<u64>,
    /// The text an inline comment is about.
    pub(crate) selection: Option<String>,
    pub(crate) resolved: bool,
}

#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) id: u64,
    pub(crate) value: Value,
    pub(crate) version: u64,
}

/// Who alone may do one thing with a page; nobody named is everybody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Restriction {
    pub(crate) users: Vec<&'static str>,
    pub(crate) groups: Vec<String>,
}

/// Everything, with the indexes to find it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) issues: BTreeMap<u64, Issue>,
    pub(crate) pages: BTreeMap<u64, Page>,
    pub(crate) links: Vec<Link>,
    /// Keys, former ones too, to issue ids.
    pub(crate) keys: HashMap<String, u64>,
    /// The versions of all projects, as Jira shows them but for their addresses.
    pub(crate) versions: Vec<Map<String, Value>>,
    /// The restrictions of pages, by operation.
    pub(crate) restrictions: BTreeMap<u64, BTreeMap<&'static str, Restriction>>,
    pub(crate) sprints: Vec<Sprint>,
    /// The forms of an issue by its id, as Cloud shows them.
    pub(crate) forms: BTreeMap<u64, Vec<Value>>,
    /// Moves of issues that were asked for: when they are asked about, they are done.
    pub(crate) tasks: BTreeMap<String, Value>,
    /// Files that wait at a service desk to be attached.
    pub(crate) waiting: BTreeMap<String, Attachment>,
    pub(crate) now: Timestamp,
    pub(crate) last_id: u64,
}
