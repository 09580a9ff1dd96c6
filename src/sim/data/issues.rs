//! The sample issues, made from the table of summaries: everything else follows from the place in it.

use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::sim::world::Attachment;
use crate::sim::world::Change;
use crate::sim::world::Comment;
use crate::sim::world::Issue;
use crate::sim::world::Link;
use crate::sim::world::Project;
use crate::sim::world::Text;
use crate::sim::world::User;
use crate::sim::world::Worklog;
use crate::sim::world::World;

use super::LINK_KINDS;
use super::PRIORITIES;
use super::PROJECTS;
use super::SPRINTS;
use super::STATUSES;
use super::TEAMS;
use super::TYPES;
use super::USERS;
use super::ago;
use super::pick;
use super::signed;
use super::summaries::DESCRIPTIONS;
use super::summaries::DEV;
use super::summaries::HOSTILE;
use super::summaries::OPS;
use super::summaries::Row;
use super::summaries::SD;
use super::summaries::SECRET;

const NOTES: &[u8] = b"hello world";
pub(super) const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00,
    0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x64, 0xf8, 0xcf, 0x50, 0x0f, 0x00, 0x03,
    0x86, 0x01, 0x80, 0x5a, 0x34, 0x7d, 0x6a, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42,
    0x60, 0x82,
];

/// Puts all issues, links, versions, sprints and forms into the world.
pub(crate) fn fill(world: &mut World) {
    world.sprints = SPRINTS.to_vec();
    world.versions = PROJECTS.iter().flat_map(versions).collect();
    for (project, rows) in PROJECTS.iter().zip([&OPS[..], &DEV[..], &SECRET[..], &SD[..]]) {
        for (index, row) in rows.iter().enumerate() {
            world.insert_issue(issue(project, index, row));
        }
    }
    if let Some(id) = world.keys.get("SD-1").copied() {
        world.forms.insert(id, vec![form()]);
    }
    // Moved once: the old key still finds it, the answer has the new one.
    if let Some(id) = world.keys.get("DEV-30").copied() {
        world.keys.insert("OPS-900".to_owned(), id);
    }
    let links =
        [(0, "OPS-2", "OPS-8"), (0, "OPS-3", "DEV-5"), (2, "OPS-5", "OPS-14"), (1, "OPS-9", "OPS-18")];
    let more =
        [(0, "SECRET-3", "DEV-23"), (2, "DEV-7", "DEV-27"), (0, "SD-5", "OPS-13"), (2, "DEV-30", "OPS-16")];
    for (index, (kind, from, to)) in links.into_iter().chain(more).enumerate() {
        if let Some(kind) = LINK_KINDS.get(kind) {
            let id = 50_001 + index as u64;
            world.links.push(Link { id, kind, from: from.to_owned(), to: to.to_owned() });
        }
    }
}

fn issue(project: &'static Project, index: usize, (kind, status, summary, labels): &Row) -> Issue {
    let number = index as u64 + 1;
    let id = project.id * 100 + number;
    let seed = index + project.key.len();
    let age = 60 * 24 * 90 - signed(index) * 60 * 47;
    let recent = age / (2 + (signed(seed) % 5));
    let updated = ago(recent);
    let status = STATUSES.get(*status).unwrap_or(&STATUSES[0]);
    let kind = TYPES.get(*kind).unwrap_or(&TYPES[2]);
    let done = status.category.key == "done";
    let assignee = (seed % 4 != 3).then(|| account(seed % 4));
    let story = project.key == "DEV" && !matches!(kind.name, "Epic" | "Sub-task");
    let epic = match (project.key, kind.name, index) {
        (_, "Epic" | "Sub-task", _) | ("SECRET" | "SD", _, _) => None,
        ("OPS", _, 1..=5) => Some("OPS-1".to_owned()),
        ("DEV", _, 1..=9) => Some("DEV-1".to_owned()),
        ("DEV", _, 10..=19) => Some("DEV-10".to_owned()),
        _ => None,
    };
    let sprint = (story && index < 24).then(|| pick(&SPRINTS, index / 8)).flatten().map(|sprint| sprint.id);
    Issue {
        id,
        key: format!("{}-{number}", project.key),
        number,
        project,
        kind,
        status,
        priority: pick(&PRIORITIES, seed * 3).unwrap_or(&PRIORITIES[2]),
        summary: (*summary).to_owned(),
        description: description(index, summary, labels),
        environment: None,
        reporter: account(seed + 1),
        assignee,
        labels: labels.split_whitespace().map(str::to_owned).collect(),
        security: None,
        components: pick(project.components, seed).copied().into_iter().collect(),
        version: (index.is_multiple_of(3))
            .then(|| pick(project.versions, index))
            .flatten()
            .map(|name| (*name).to_owned()),
        created: ago(age),
        updated,
        resolved: done.then_some(updated),
        resolution: None,
        due: (index % 4 == 1).then(|| day(signed(index % 25))),
        epic,
        epic_name: None,
        parent: (kind.name == "Sub-task").then(|| format!("{}-{index}", project.key)),
        points: story.then(|| [1.0, 2.0, 3.0, 5.0, 8.0].into_iter().nth(index % 5)).flatten(),
        team: pick(&TEAMS, seed).map(|team| team.name),
        sprint,
        estimates: (None, None),
        comments: comments(id, seed, project),
        worklogs: worklogs(id, seed),
        attachments: attachments(id, index),
        history: history((id, seed), (age, recent), status, assignee),
        watchers: vec![account(seed)],
        remote_links: remote_links(id, index),
        properties: [("sample".to_owned(), json!({"index": index}))].into_iter().collect(),
    }
}

/// The versions of a project: the first is out, the others are to come.
fn versions(project: &'static Project) -> impl Iterator<Item = Map<String, Value>> {
    project.versions.iter().enumerate().filter_map(move |(place, name)| {
        let shown = json!({"id": format!("{}{}", project.id, place + 50), "name": name, "archived": false,
            "released": place == 0, "releaseDate": "2026-12-01", "projectId": project.id});
        if let Value::Object(shown) = shown { Some(shown) } else { None }
    })
}

/// A form as Cloud shows it: two questions, of which nobody has answered any.
fn form() -> Value {
    let question = |label: &str, kind: &str| json!({"label": label, "description": "", "type": kind, "validation": {"rq": false}});
    json!({"id": "1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a", "updated": "2026-10-30T09:00:00.000Z",
        "design": {"settings": {"name": "Access request"},
            "questions": {"1": question("Why?", "tl"), "2": question("Until when?", "da")}},
        "state": {"status": "o", "answers": {}, "visibility": "e"}})
}

fn account(index: usize) -> &'static User {
    pick(&USERS, index).unwrap_or(&USERS[0])
}

fn description(index: usize, summary: &str, labels: &str) -> Option<Text> {
    if labels.contains("sample-injection") {
        return Some(Text { wiki: HOSTILE.to_owned(), adf: None });
    }
    let template = pick(&DESCRIPTIONS, index)?;
    (index % 11 != 10).then(|| Text { wiki: template.replace("{summary}", summary), adf: None })
}

fn comments(issue: u64, seed: usize, project: &Project) -> Vec<Comment> {
    const TEXTS: [&str; 4] = [
        "Looked at it, *not* urgent.",
        "Same on the second site, see {{dmesg}}.",
        "Done on node-1.",
        "Who takes this?",
    ];
    let count = seed % 4;
    let mut all: Vec<Comment> = (0..count)
        .map(|index| {
            let when = ago(60 * 24 * (20 - signed(index)) - signed(seed));
            Comment {
                id: issue * 10 + index as u64,
                author: account(seed + index),
                body: Text { wiki: TEXTS.get(index).copied().unwrap_or_default().to_owned(), adf: None },
                created: when,
                updated: when,
                visibility: None,
                public: true,
            }
        })
        .collect();
    // One comment in nine is for the security group only; one in three on the service desk is internal.
    if let Some(last) = all.last_mut() {
        if seed % 9 == 3 {
            last.visibility = Some(("group".to_owned(), "security".to_owned()));
        }
        last.public = project.kind != "service_desk" || !seed.is_multiple_of(3);
    }
    all
}

fn worklogs(issue: u64, seed: usize) -> Vec<Worklog> {
    (0..seed % 3)
        .map(|index| Worklog {
            id: issue * 10 + index as u64,
            author: account(seed + index),
            comment: Text { wiki: "Worked on it".to_owned(), adf: None },
            started: ago(60 * 24 * (12 - signed(index))),
            created: ago(60 * 24 * (12 - signed(index)) - 30),
            seconds: 1800 * (index as u64 + 1),
        })
        .collect()
}

fn attachments(issue: u64, index: usize) -> Vec<Attachment> {
    if index % 6 != 1 {
        return Vec::new();
    }
    [("notes.txt", "text/plain", NOTES), ("graph.png", "image/png", PICTURE)]
        .into_iter()
        .zip([1, 2])
        .map(|((name, kind, bytes), place)| Attachment {
            id: issue * 10 + place,
            name: name.to_owned(),
            kind: kind.to_owned(),
            bytes: Bytes::from_static(bytes),
            author: account(index),
            created: ago(60 * 24 * 15),
            version: 1,
            comment: String::new(),
        })
        .collect()
}

fn history(
    (issue, seed): (u64, usize),
    (created, updated): (i64, i64),
    status: &'static crate::sim::world::Status,
    assignee: Option<&'static User>,
) -> Vec<Change> {
    let pair = |id: &str, name: &str| Some((id.to_owned(), name.to_owned()));
    let mut from = &STATUSES[0];
    let path: &[&'static crate::sim::world::Status] = match status.name {
        "In Progress" => &[&STATUSES[1]],
        "In Review" => &[&STATUSES[1], &STATUSES[2]],
        "Done" => &[&STATUSES[1], &STATUSES[3]],
        _ => &[],
    };
    // One after the other, and the last when the issue was changed last: that is when it was resolved.
    let parts = signed(path.len() + 1);
    let at = |place: usize| ago(created - (created - updated) * signed(place) / parts);
    let mut changes = Vec::new();
    if let Some(user) = assignee {
        changes.push(Change {
            id: issue * 10 + 1,
            author: account(seed + 1),
            created: at(1),
            field: "assignee",
            from: None,
            to: pair(user.name, user.display),
        });
    }
    for (step, to) in path.iter().enumerate() {
        changes.push(Change {
            id: issue * 10 + 2 + step as u64,
            author: account(seed),
            created: at(step + 2),
            field: "status",
            from: pair(from.id, from.name),
            to: pair(to.id, to.name),
        });
        from = to;
    }
    changes
}

fn remote_links(issue: u64, index: usize) -> Vec<(u64, serde_json::Value)> {
    if index % 7 != 2 {
        return Vec::new();
    }
    let object = json!({"url": "https://wiki.example.com/runbooks", "title": "Runbooks", "summary": "",
        "icon": {"url16x16": "https://wiki.example.com/icon.png", "title": "Wiki"}, "status": {"resolved": false}});
    vec![(issue * 10, json!({"globalId": "system=wiki&id=1", "relationship": "documents", "object": object}))]
}

/// The `count`-th day after the sample world stands still.
fn day(count: i64) -> jiff::civil::Date {
    ago(-60 * 24 * (count + 1)).to_zoned(jiff::tz::TimeZone::UTC).date()
}
