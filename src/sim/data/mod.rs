//! The tables the sample world is made of: accounts, projects, types, spaces. No real people.

pub(crate) mod issues;
pub(crate) mod pages;
mod summaries;

use std::borrow::Cow;

use jiff::Timestamp;

use super::world::Board;
use super::world::Category;
use super::world::LinkKind;
use super::world::Named;
use super::world::Project;
use super::world::Space;
use super::world::Sprint;
use super::world::Status;
use super::world::User;

/// The account that Jira and Confluence themselves keep out of the two below.
pub(crate) const RESTRICTED_USER: &str = "bob";
pub(crate) const HIDDEN_PROJECT: &str = "SECRET";
pub(crate) const HIDDEN_SPACE: &str = "SECRETS";

pub(crate) const STORY_POINTS: &str = "customfield_10016";
pub(crate) const EPIC_LINK: &str = "customfield_10010";
pub(crate) const EPIC_NAME: &str = "customfield_10011";
pub(crate) const SPRINT: &str = "customfield_10020";
pub(crate) const TEAM: &str = "customfield_10030";

const fn user(
    name: &'static str,
    display: &'static str,
    token: Option<&'static str>,
    ids: (&'static str, &'static str),
    groups: &'static [&'static str],
) -> User {
    User { name, display, token, account_id: ids.0, key: ids.1, groups }
}

pub(crate) static USERS: [User; 5] = [
    user(
        "alice",
        "Alice Operations",
        Some("alice-token"),
        ("5b10ac8d82e05b22cc7d4ef1", "JIRAUSER10001"),
        &["jira-users", "ops"],
    ),
    user(
        "bob",
        "Bob Development",
        Some("bob-token"),
        ("5b10ac8d82e05b22cc7d4ef2", "JIRAUSER10002"),
        &["dev", "jira-users"],
    ),
    user(
        "carol",
        "Carol Security",
        Some("carol-token"),
        ("5b10ac8d82e05b22cc7d4ef3", "JIRAUSER10003"),
        &["jira-users", "security"],
    ),
    user(
        "dave",
        "Dave Operations",
        None,
        ("5b10ac8d82e05b22cc7d4ef4", "JIRAUSER10004"),
        &["jira-users", "ops"],
    ),
    user(
        "svc-portcullis",
        "Portcullis Service",
        Some("svc-token"),
        ("557058:00000000-0000-4000-8000-000000000005", "JIRAUSER10005"),
        &["jira-users"],
    ),
];

const fn project(
    id: u64,
    key: &'static str,
    name: &'static str,
    kind: &'static str,
    lead: &'static str,
    parts: (&'static [&'static str], &'static [&'static str]),
) -> Project {
    Project { id, key, name, kind, lead, components: parts.0, versions: parts.1 }
}

pub(crate) static PROJECTS: [Project; 4] = [
    project(
        10000,
        "OPS",
        "Operations",
        "software",
        "alice",
        (&["Network", "Storage", "Platform"], &["2026.3", "2026.4"]),
    ),
    project(
        10001,
        "DEV",
        "Development",
        "software",
        "bob",
        (&["Backend", "Frontend"], &["v1.0", "v1.1", "v2.0"]),
    ),
    project(10002, "SECRET", "Security Incidents", "software", "carol", (&["Forensics"], &[])),
    project(10003, "SD", "Service Desk", "service_desk", "dave", (&[], &[])),
];

pub(crate) static CATEGORIES: [Category; 3] = [
    Category { id: 2, key: "new", name: "To Do", color: "blue-gray" },
    Category { id: 4, key: "indeterminate", name: "In Progress", color: "yellow" },
    Category { id: 3, key: "done", name: "Done", color: "green" },
];

pub(crate) static STATUSES: [Status; 4] = [
    Status { id: "10000", name: "To Do", category: &CATEGORIES[0] },
    Status { id: "3", name: "In Progress", category: &CATEGORIES[1] },
    Status { id: "10002", name: "In Review", category: &CATEGORIES[1] },
    Status { id: "10001", name: "Done", category: &CATEGORIES[2] },
];

/// A step of the one workflow: id, name, and where it leads. Never offered from where it leads.
pub(crate) struct Transition {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) to: &'static Status,
}

pub(crate) static TRANSITIONS: [Transition; 4] = [
    Transition { id: "11", name: "Start", to: &STATUSES[1] },
    Transition { id: "21", name: "Send to review", to: &STATUSES[2] },
    Transition { id: "31", name: "Finish", to: &STATUSES[3] },
    Transition { id: "41", name: "Reopen", to: &STATUSES[0] },
];

pub(crate) static TYPES: [Named; 6] = [
    Named { id: "10000", name: "Epic" },
    Named { id: "10002", name: "Story" },
    Named { id: "10001", name: "Task" },
    Named { id: "10003", name: "Sub-task" },
    Named { id: "10004", name: "Bug" },
    Named { id: "10005", name: "Service Request" },
];

/// Most urgent first.
pub(crate) static PRIORITIES: [Named; 5] = [
    Named { id: "1", name: "Highest" },
    Named { id: "2", name: "High" },
    Named { id: "3", name: "Medium" },
    Named { id: "4", name: "Low" },
    Named { id: "5", name: "Lowest" },
];

pub(crate) static RESOLUTIONS: [Named; 4] = [
    Named { id: "10000", name: "Done" },
    Named { id: "10001", name: "Won't Do" },
    Named { id: "10002", name: "Duplicate" },
    Named { id: "10003", name: "Cannot Reproduce" },
];

pub(crate) static TEAMS: [Named; 3] = [
    Named { id: "10300", name: "Red" },
    Named { id: "10301", name: "Green" },
    Named { id: "10302", name: "Blue" },
];

pub(crate) static LINK_KINDS: [LinkKind; 3] = [
    LinkKind { id: "10000", name: "Blocks", inward: "is blocked by", outward: "blocks" },
    LinkKind { id: "10001", name: "Duplicate", inward: "is duplicated by", outward: "duplicates" },
    LinkKind { id: "10003", name: "Relates", inward: "relates to", outward: "relates to" },
];

pub(crate) static BOARDS: [Board; 3] = [
    Board { id: 1, name: "OPS board", kind: "kanban", project: &PROJECTS[0] },
    Board { id: 2, name: "DEV board", kind: "scrum", project: &PROJECTS[1] },
    Board { id: 3, name: "SECRET board", kind: "kanban", project: &PROJECTS[2] },
];

const fn sprint(
    id: u64,
    name: &'static str,
    state: &'static str,
    dates: (&'static str, &'static str),
    goal: &'static str,
) -> Sprint {
    Sprint {
        id,
        board: 2,
        name: Cow::Borrowed(name),
        state: Cow::Borrowed(state),
        start: Cow::Borrowed(dates.0),
        end: Cow::Borrowed(dates.1),
        goal: Cow::Borrowed(goal),
    }
}

pub(crate) static SPRINTS: [Sprint; 3] = [
    sprint(
        1,
        "Sprint 1",
        "closed",
        ("2026-10-05T08:00:00.000Z", "2026-10-19T08:00:00.000Z"),
        "Faster builds",
    ),
    sprint(2, "Sprint 2", "active", ("2026-10-26T08:00:00.000Z", "2026-11-09T08:00:00.000Z"), "Release v1.1"),
    sprint(3, "Sprint 3", "future", ("2026-11-09T08:00:00.000Z", "2026-11-23T08:00:00.000Z"), "Start v2.0"),
];

pub(crate) static SPACES: [Space; 2] = [
    Space { id: 98306, key: "DOCS", name: "Operations Handbook", home: 65537 },
    Space { id: 98307, key: "SECRETS", name: "Security Response", home: 81921 },
];

/// When the sample world stands still: every generated date lies before.
pub(crate) fn epoch() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `minutes` before [`epoch`].
pub(crate) fn ago(minutes: i64) -> Timestamp {
    epoch().checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The `index`-th of a table, round and round.
pub(crate) fn pick<T>(table: &'static [T], index: usize) -> Option<&'static T> {
    table.iter().cycle().nth(index % table.len().max(1))
}

/// A place in a table as a factor of time.
pub(crate) fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or_default()
}
