//! Content, spaces and accounts as version 1 has them. What is not expanded is not made.

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::super::call::Call;
use super::super::call::parts;
use super::super::world::Attachment;
use super::super::world::Page;
use super::super::world::PageComment;
use super::super::world::PageKind;
use super::super::world::Space;
use super::super::world::User;
use super::super::world::Version;
use super::super::world::World;
use super::body;

/// The `expand` parameter.
#[derive(Debug, Clone)]
pub(crate) struct Expand(Vec<String>);

impl Expand {
    /// Reads the parameter; `absent` stands in where there is none.
    pub(crate) fn of(call: &Call, absent: &str) -> Self {
        Self::parse(call.parameter("expand").unwrap_or(absent))
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self(parts(Some(text)).into_iter().map(str::to_owned).collect())
    }

    /// Whether `name` or something below it is expanded.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|part| part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }

    /// What is expanded below `name`.
    pub(crate) fn below(&self, name: &str) -> Self {
        let rest = self.0.iter().filter_map(|part| part.strip_prefix(name)?.strip_prefix('.'));
        Self(rest.map(str::to_owned).collect())
    }
}

/// Where Confluence lives: below `/wiki` on Cloud.
pub(crate) fn base(call: &Call) -> String {
    if call.is_cloud() { format!("{}/wiki", call.base) } else { call.base.clone() }
}

/// `2026-11-02T09:00:00.000Z`.
pub(crate) fn time(when: Timestamp) -> String {
    when.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

pub(crate) fn user(call: &Call, user: &User) -> Value {
    let picture = json!({"path": "/images/icons/profilepics/default.svg", "width": 48, "height": 48, "isDefault": true});
    let mut shown = json!({"type": "known", "displayName": user.display, "profilePicture": picture,
        "_expandable": {"status": ""}});
    let more = if call.is_cloud() {
        json!({"accountId": user.account_id, "accountType": "atlassian", "email": user.email(),
            "publicName": user.display,
            "_links": {"self": format!("{}/rest/api/user?accountId={}", base(call), user.account_id)}})
    } else {
        json!({"username": user.name, "userKey": user.key,
            "_links": {"self": format!("{}/rest/api/user?key={}", call.base, user.key)}})
    };
    super::super::answer::extend(&mut shown, more);
    shown
}

pub(crate) fn space(call: &Call, space: &Space) -> Value {
    let links = json!({"webui": space_path(call, space), "self": format!("{}/rest/api/space/{}", base(call), space.key)});
    json!({"id": space.id, "key": space.key, "name": space.name, "type": "global", "status": "current",
        "_expandable": {"homepage": format!("/rest/api/content/{}", space.home), "metadata": "", "description": ""},
        "_links": links})
}

pub(crate) fn space_path(call: &Call, space: &Space) -> String {
    format!("{}{}", if call.is_cloud() { "/spaces/" } else { "/display/" }, space.key)
}

pub(crate) fn web_path(call: &Call, page: &Page) -> String {
    let title = page.title.replace(' ', "+").replace('&', "%26").replace(':', "%3A");
    if page.kind == PageKind::BlogPost {
        let day = page.created.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y/%m/%d");
        return if call.is_cloud() {
            format!("/spaces/{}/blog/{day}/{}/{title}", page.space.key, page.id)
        } else {
            format!("/display/{}/{day}/{title}", page.space.key)
        };
    }
    if call.is_cloud() {
        format!("/spaces/{}/pages/{}/{title}", page.space.key, page.id)
    } else if page.title.contains(['&', ':']) {
        format!("/pages/viewpage.action?pageId={}", page.id)
    } else {
        format!("/display/{}/{title}", page.space.key)
    }
}

pub(crate) fn version(call: &Call, number: usize, version: &Version) -> Value {
    json!({"by": user(call, version.by), "when": time(version.when), "friendlyWhen": "recently",
        "message": version.message, "number": number, "minorEdit": version.minor})
}

pub(crate) fn labels(page: &Page) -> Value {
    let labels: Vec<Value> = page
        .labels
        .iter()
        .enumerate()
        .map(|(place, name)| {
            json!({"prefix": "global", "name": name, "id": (page.id * 100 + place as u64).to_string(), "label": name})
        })
        .collect();
    json!({"results": labels, "start": 0, "limit": 200, "size": page.labels.len()})
}

/// A page of results in version 1's envelope.
pub(crate) fn results(call: &Call, values: Vec<Value>, absent: usize) -> Value {
    let (start, limit) = (call.number("start", 0), call.number("limit", absent).min(500));
    let total = values.len();
    let some: Vec<Value> = values.into_iter().skip(start).take(limit).collect();
    let mut links = json!({"base": base(call), "context": if call.is_cloud() { "/wiki" } else { "" },
        "self": format!("{}/{}", call.base, call.segments.join("/"))});
    if start + some.len() < total {
        let path = call.segments.join("/");
        let next = format!("/{}?limit={limit}&start={}", path.trim_start_matches("wiki/"), start + limit);
        super::super::answer::extend(&mut links, json!({"next": next}));
    }
    json!({"results": some, "start": start, "limit": limit, "size": some.len(), "_links": links})
}

/// A page as content, in the version with this number.
pub(crate) fn page(world: &World, call: &Call, page: &Page, expand: &Expand, number: usize) -> Value {
    let mut shown = json!({"id": page.id.to_string(), "type": page.kind.as_str(), "status": page.status(), "title": page.title});
    let mut more = Map::new();
    let mut expandable = Map::new();
    let known = number.checked_sub(1).and_then(|place| page.versions.get(place));
    for part in ["space", "version", "history", "ancestors", "body", "metadata", "children"] {
        if !expand.wants(part) {
            expandable.insert(part.to_owned(), Value::from(""));
            continue;
        }
        let below = expand.below(part);
        let value = match part {
            "space" => space(call, page.space),
            "version" => known.map(|version| self::version(call, number, version)).unwrap_or_default(),
            "history" => history(call, page, &below),
            "ancestors" => world.ancestors(page).iter().map(|above| brief(call, above)).collect(),
            "body" => bodies(known.map_or("", |version| version.body.as_str()), &below),
            "metadata" if below.wants("labels") => json!({"labels": labels(page)}),
            "metadata" => json!({}),
            _ => children(world, call, page, &below),
        };
        more.insert(part.to_owned(), value);
    }
    if expand.wants("restrictions.read") {
        let read = super::rights::operation(world, call, page.id, "read");
        more.insert("restrictions".to_owned(), json!({"read": read}));
    }
    super::super::answer::extend(&mut shown, Value::from(more));
    let links = json!({"webui": web_path(call, page), "self": format!("{}/rest/api/content/{}", base(call), page.id),
        "tinyui": tiny_path(page), "base": base(call), "context": if call.is_cloud() { "/wiki" } else { "" }});
    super::super::answer::extend(
        &mut shown,
        json!({"extensions": {"position": page.position}, "_expandable": expandable, "_links": links}),
    );
    shown
}

/// The short link of a page: its id in base64, the lowest byte first, without the zeros at the end.
pub(crate) fn tiny_path(page: &Page) -> String {
    let text = base64::prelude::BASE64_STANDARD_NO_PAD.encode(page.id.to_le_bytes());
    format!("/x/{}", text.trim_end_matches('A').replace('/', "-").replace('+', "_"))
}

/// A page as other content mentions it.
pub(crate) fn brief(call: &Call, page: &Page) -> Value {
    json!({"id": page.id.to_string(), "type": page.kind.as_str(), "status": page.status(), "title": page.title,
        "extensions": {"position": page.position},
        "_links": {"webui": web_path(call, page), "self": format!("{}/rest/api/content/{}", base(call), page.id)}})
}

pub(crate) fn history(call: &Call, page: &Page, expand: &Expand) -> Value {
    let mut shown =
        json!({"latest": true, "createdBy": user(call, page.creator), "createdDate": time(page.created)});
    if let Some(last) = page.versions.last() {
        let updated = version(call, page.number(), last);
        super::super::answer::extend(&mut shown, json!({"lastUpdated": updated}));
    }
    if expand.wants("contributors") {
        let mut names: Vec<&str> = Vec::new();
        let users = page.versions.iter().map(|version| version.by);
        let users: Vec<Value> = users
            .filter(|by| {
                !names.contains(&by.name) && {
                    names.push(by.name);
                    true
                }
            })
            .map(|by| user(call, by))
            .collect();
        super::super::answer::extend(&mut shown, json!({"contributors": {"publishers": {"users": users}}}));
    }
    shown
}

fn bodies(storage: &str, expand: &Expand) -> Value {
    let mut shown = Map::new();
    for representation in ["storage", "view", "export_view", "styled_view"] {
        if expand.wants(representation) {
            let value = if representation == "storage" { storage.to_owned() } else { body::view(storage) };
            shown.insert(
                representation.to_owned(),
                json!({"value": value, "representation": representation,
                "_expandable": {"content": ""}}),
            );
        }
    }
    Value::from(shown)
}

fn children(world: &World, call: &Call, page: &Page, expand: &Expand) -> Value {
    let mut shown = Map::new();
    let list = |values: Vec<Value>| json!({"size": values.len(), "start": 0, "limit": 25, "results": values});
    if expand.wants("attachment") {
        let all = page.attachments.iter().map(|item| attachment(call, page, item, &Expand::parse("version")));
        shown.insert("attachment".to_owned(), list(all.collect()));
    }
    if expand.wants("comment") {
        let all = page.comments.iter().map(|item| comment(call, page, item, &expand.below("comment")));
        shown.insert("comment".to_owned(), list(all.collect()));
    }
    if expand.wants("page") {
        shown.insert(
            "page".to_owned(),
            list(world.children(page.id).map(|child| brief(call, child)).collect()),
        );
    }
    Value::from(shown)
}

pub(crate) fn download_path(page: &Page, item: &Attachment) -> String {
    let name = percent_encoding::utf8_percent_encode(&item.name, percent_encoding::NON_ALPHANUMERIC);
    format!("/download/attachments/{}/{name}?version={}&api=v2", page.id, item.version)
}

pub(crate) fn attachment(call: &Call, page: &Page, item: &Attachment, expand: &Expand) -> Value {
    let id = format!("att{}", item.id);
    let download = download_path(page, item);
    let mut shown = json!({"id": id, "type": "attachment", "status": "current", "title": item.name,
        "metadata": {"mediaType": item.kind, "comment": item.comment},
        "extensions": {"mediaType": item.kind, "fileSize": item.bytes.len(), "comment": item.comment},
        "_links": {"webui": format!("{}?preview=/{}/{}", web_path(call, page), page.id, item.id),
            "download": download, "self": format!("{}/rest/api/content/{id}", base(call))}});
    if expand.wants("version") {
        let version = json!({"by": user(call, item.author), "when": time(item.created), "number": item.version,
            "message": "", "minorEdit": false});
        super::super::answer::extend(&mut shown, json!({"version": version}));
    }
    container(call, page, expand, &mut shown);
    shown
}

pub(crate) fn location(item: &PageComment) -> &'static str {
    match (&item.selection, item.resolved) {
        (None, _) => "footer",
        (Some(_), false) => "inline",
        (Some(_), true) => "resolved",
    }
}

pub(crate) fn resolution(item: &PageComment) -> &'static str {
    if item.resolved { "resolved" } else { "open" }
}

pub(crate) fn comment(call: &Call, page: &Page, item: &PageComment, expand: &Expand) -> Value {
    let location = location(item);
    let mut extensions = json!({"location": location, "_expandable": {"resolution": ""}});
    if let Some(selection) = &item.selection {
        let properties = json!({"originalSelection": selection, "markerRef": format!("m{}", item.id)});
        super::super::answer::extend(
            &mut extensions,
            json!({"inlineProperties": properties, "resolution": {"status": resolution(item)}}),
        );
    }
    let mut shown = json!({"id": item.id.to_string(), "type": "comment", "status": "current",
        "title": format!("Re: {}", page.title), "extensions": extensions,
        "_links": {"webui": format!("{}?focusedCommentId={}", web_path(call, page), item.id),
            "self": format!("{}/rest/api/content/{}", base(call), item.id)}});
    if expand.wants("version") {
        let version = json!({"by": user(call, item.by), "when": time(item.when), "number": 1, "message": "",
            "minorEdit": false});
        super::super::answer::extend(&mut shown, json!({"version": version}));
    }
    if expand.wants("history") {
        let history =
            json!({"latest": true, "createdBy": user(call, item.by), "createdDate": time(item.when)});
        super::super::answer::extend(&mut shown, json!({"history": history}));
    }
    if expand.wants("body") {
        super::super::answer::extend(&mut shown, json!({"body": bodies(&item.body, &expand.below("body"))}));
    }
    if expand.wants("ancestors") {
        let above: Vec<Value> =
            item.parent.iter().map(|id| json!({"id": id.to_string(), "type": "comment"})).collect();
        super::super::answer::extend(&mut shown, json!({"ancestors": above}));
    }
    container(call, page, expand, &mut shown);
    shown
}

/// The page and space of a comment or attachment.
fn container(call: &Call, page: &Page, expand: &Expand, shown: &mut Value) {
    if expand.wants("container") {
        let mut about = brief(call, page);
        if expand.below("container").wants("space") {
            super::super::answer::extend(&mut about, json!({"space": space(call, page.space)}));
        }
        super::super::answer::extend(shown, json!({"container": about}));
    }
    if expand.wants("space") {
        super::super::answer::extend(shown, json!({"space": space(call, page.space)}));
    }
}
