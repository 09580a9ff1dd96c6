//! Audit matching: every product request must be announced by a record that is on disk when it arrives.
//!
//! Only the outer layout of the records is known here: one JSON object a line with `stage`, `call` and
//! `resources`. What a line lacks, or a line that is not JSON, announces nothing.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::data::SPACES;
use super::data::epoch;
use super::world::World;

/// What has been read of the audit directory so far.
#[derive(Debug)]
pub(crate) struct Matcher {
    directory: PathBuf,
    /// How far each file is read: always the start of a line.
    offsets: HashMap<PathBuf, u64>,
    calls: HashMap<String, HashSet<String>>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    stage: String,
    #[serde(default)]
    call: String,
    #[serde(default)]
    resources: Vec<Value>,
}

/// An object a request names: any one of the ids announces it.
#[derive(Debug, PartialEq, Eq)]
struct Object {
    product: &'static str,
    ids: Vec<String>,
}

impl Matcher {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, offsets: HashMap::new(), calls: HashMap::new() }
    }

    /// Whether the records announce the request; if not, the sentence that says so.
    pub(crate) fn check(
        &mut self,
        world: &World,
        method: &Method,
        segments: &[String],
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<(), String> {
        let request = format!("{method} /{}", segments.join("/").escape_debug());
        let Some(call) = headers.get("x-request-id").and_then(|value| value.to_str().ok()) else {
            return Err(format!("{request} came without an X-Request-Id"));
        };
        let objects = objects(world, method, segments, body);
        if self.announces(call, &objects).is_ok() {
            return Ok(());
        }
        self.read_on();
        self.announces(call, &objects).map_err(|reason| format!("{request} {reason}"))
    }

    /// Whether the records read so far announce the objects; if not, what they lack.
    fn announces(&self, call: &str, objects: &[Object]) -> Result<(), String> {
        let known = self.calls.get(call);
        let known = known.ok_or_else(|| format!("came before any audit record of call `{call}`"))?;
        let announced = |object: &&Object| {
            object
                .ids
                .iter()
                .any(|id| known.contains(&format!("{} {}", object.product, id.to_ascii_uppercase())))
        };
        let Some(object) = objects.iter().find(|object| !announced(object)) else { return Ok(()) };
        let id = object.ids.first().map(String::as_str).unwrap_or_default();
        Err(format!("names {} `{id}`, which no audit record of call `{call}` has", object.product))
    }

    /// Reads what was appended since; a directory or file that cannot be read announces nothing.
    fn read_on(&mut self) {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        let files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "jsonl"))
        {
            // A file that shrank or went away is read again next time.
            let _ = self.read_file(file);
        }
    }

    fn read_file(&mut self, path: &Path) -> std::io::Result<()> {
        let offset = self.offsets.entry(path.to_owned()).or_default();
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < *offset {
            *offset = 0;
        }
        if length == *offset {
            return Ok(());
        }
        file.seek(SeekFrom::Start(*offset))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            // A line without its end is still being written.
            if line.last() != Some(&b'\n') {
                break;
            }
            *offset += line.len() as u64;
            if let Ok(record) = serde_json::from_slice::<Record>(&line)
                && matches!(record.stage.as_str(), "intent" | "resolve")
            {
                let known = self.calls.entry(record.call).or_default();
                known.extend(record.resources.iter().filter_map(Value::as_str).filter_map(entity));
            }
            line.clear();
        }
        Ok(())
    }
}

/// `Jira::Issue::"OPS-1"` as `jira OPS-1`; the instance before a slash is not ours to know.
fn entity(text: &str) -> Option<String> {
    let (kind, id) = text.split_once("::\"")?;
    let id = id.strip_suffix('"')?;
    let product = if kind.starts_with("Jira") { "jira" } else { "confluence" };
    let id = id.rsplit_once('/').map_or(id, |(_, id)| id);
    Some(format!("{product} {}", id.to_ascii_uppercase()))
}

fn objects(world: &World, method: &Method, segments: &[String], body: &Bytes) -> Vec<Object> {
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let writes = method != Method::GET && !path.contains(&"search");
    let body: Option<Value> = if writes { serde_json::from_slice(body).ok() } else { None };
    let mut found = Vec::new();
    match path.as_slice() {
        ["rest", "api", "2" | "3" | "latest", rest @ ..] => jira(world, rest, body.as_ref(), &mut found),
        ["rest", "agile", ..] => {
            let keys = body.as_ref().and_then(|body| body.get("issues")).and_then(Value::as_array);
            found.extend(keys.into_iter().flatten().filter_map(Value::as_str).map(|key| issue(world, key)));
        }
        ["rest", "servicedeskapi", "request", key, ..] => found.push(issue(world, key)),
        ["jira", "forms", "cloud", _, "issue", key, ..] => found.push(issue(world, key)),
        // Where a page lies is asked with its own record: the second API names its space by an id alone.
        ["wiki", "api", "v2", "spaces", id] if !writes => found.push(space_of_pages(world, id)),
        // So do the permissions that a page is decided on by.
        ["rest", "api", "space", key, "permissions"] if !writes => found.push(space_of_pages(world, key)),
        ["wiki", "api", "v2", rest @ ..] => confluence_v2(world, rest, body.as_ref(), &mut found),
        ["wiki", "rest", "api", rest @ ..] | ["rest", "api", rest @ ..] => {
            confluence_v1(world, rest, body.as_ref(), &mut found);
        }
        ["wiki", "download", "attachments", page, name] | ["download", "attachments", page, name] => {
            let mut file = content(world, page);
            file.ids.extend(attached(world, page, name));
            found.push(file);
        }
        _ => {}
    }
    found
}

fn jira(world: &World, path: &[&str], body: Option<&Value>, found: &mut Vec<Object>) {
    match path {
        // By its id a project is looked up for what lies in it: no record has its key yet.
        ["project", project, ..] if project.bytes().all(|byte| byte.is_ascii_digit()) => {}
        ["issue", "createmeta", project, ..] | ["project", project, ..] if *project != "search" => {
            found.push(Object { product: "jira", ids: vec![(*project).to_owned()] });
        }
        ["issue", "bulk" | "createmeta" | "picker", ..] => {}
        ["issue", key, ..] => found.push(issue(world, key)),
        _ => {}
    }
    let Some(body) = body else { return };
    let updates = body.get("issueUpdates").and_then(Value::as_array).into_iter().flatten();
    let projects = updates.chain([body]).filter_map(|update| update.pointer("/fields/project/key")?.as_str());
    let moves = body.get("targetToSourcesMapping").and_then(Value::as_object).into_iter().flatten();
    let targets = moves.clone().filter_map(|(target, _)| target.split(',').next());
    found.extend(projects.chain(targets).map(|key| Object { product: "jira", ids: vec![key.to_owned()] }));
    let lists = moves.map(|(_, sources)| sources).chain([body]).filter_map(|from| from.get("issueIdsOrKeys"));
    let named = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    found.extend(named.map(|key| issue(world, key)));
    for end in ["/inwardIssue/key", "/outwardIssue/key"] {
        found.extend(body.pointer(end).and_then(Value::as_str).map(|key| issue(world, key)));
    }
}

fn confluence_v1(world: &World, path: &[&str], body: Option<&Value>, found: &mut Vec<Object>) {
    match path {
        ["content", "search", ..] => {}
        ["content", id, "move", _, target] => found.extend([content(world, id), content(world, target)]),
        // The record of a file announces it on its page.
        ["content", id, "child", "attachment", file, ..] => {
            let mut place = content(world, id);
            place.ids.push((*file).to_owned());
            found.push(place);
        }
        ["content", id, ..] => found.push(content(world, id)),
        ["space", key, ..] => found.push(space(key)),
        _ => {}
    }
    let Some(body) = body else { return };
    found.extend(body.pointer("/space/key").and_then(Value::as_str).map(space));
    let container = body.pointer("/container/id").and_then(text_of);
    let above = body.get("ancestors").and_then(Value::as_array).into_iter().flatten();
    let ancestors: Vec<String> =
        above.filter_map(|ancestor| ancestor.get("id")).filter_map(text_of).collect();
    // The record of a comment announces a reply to it on its page.
    found.extend(container.map(|id| {
        let mut place = content(world, &id);
        place.ids.extend(ancestors.clone());
        place
    }));
    found.extend(ancestors.iter().map(|id| content(world, id)));
}

fn confluence_v2(world: &World, path: &[&str], body: Option<&Value>, found: &mut Vec<Object>) {
    match path {
        ["spaces", id, ..] => found.push(space(id)),
        [
            "pages" | "blogposts" | "attachments" | "footer-comments" | "inline-comments" | "folders",
            id,
            ..,
        ] => {
            found.push(content(world, id));
        }
        _ => {}
    }
    let Some(body) = body else { return };
    found.extend(body.get("spaceId").and_then(text_of).map(|id| space(&id)));
    let pages = ["parentId", "pageId", "blogPostId"]
        .into_iter()
        .filter_map(|name| body.get(name))
        .filter_map(text_of);
    found.extend(pages.map(|id| content(world, &id)));
}

/// An issue by the name given, its id and the key it has now: a moved issue has several names.
fn issue(world: &World, name: &str) -> Object {
    let mut ids = vec![name.to_owned()];
    if let Some(issue) = world.any_issue(name) {
        ids.extend([issue.key.clone(), issue.id.to_string()]);
        // What a call creates has no name that a record could hold before: the record of its project announces it, or of
        // the whole where nobody asked which project it is.
        if issue.created > epoch() {
            ids.extend([issue.project.key.to_owned(), "default".to_owned()]);
        }
    }
    Object { product: "jira", ids }
}

/// A page, or what hangs on one: the record of the page announces it. What a call creates has no name that a record
/// could hold before: the record of its space announces it.
fn content(world: &World, id: &str) -> Object {
    // The second API names files by their number alone.
    let bare = id.strip_prefix("att").unwrap_or(id);
    let mut ids = vec![id.to_owned(), format!("att{bare}")];
    let number: Option<u64> = bare.parse().ok();
    let found = world.pages.values().find(|page| {
        Some(page.id) == number
            || page.comments.iter().any(|comment| Some(comment.id) == number)
            || page.attachments.iter().any(|attachment| Some(attachment.id) == number)
    });
    if let Some(page) = found {
        ids.extend([page.id.to_string(), format!("att{}", id.strip_prefix("att").unwrap_or(id))]);
        // The page at the top of a space is reached by way of the space.
        if page.created > epoch() || page.space.home == page.id {
            ids.push(page.space.key.to_owned());
        }
    }
    Object { product: "confluence", ids }
}

/// The files of this name on a page.
fn attached<'a>(world: &'a World, page: &str, name: &'a str) -> impl Iterator<Item = String> + use<'a> {
    let page = page.parse().ok().and_then(|id: u64| world.pages.get(&id));
    let files = page.into_iter().flat_map(|page| &page.attachments);
    files.filter(move |file| file.name == name).map(|file| format!("att{}", file.id))
}

/// A space that is read for its key: the record of a page in it announces that.
fn space_of_pages(world: &World, id: &str) -> Object {
    let mut found = space(id);
    let pages = world.pages.values().filter(|page| page.space.id.to_string() == id || page.space.key == id);
    found.ids.extend(pages.map(|page| page.id.to_string()));
    // Which space an id names is asked before there is a key that a record could hold.
    found.ids.push("default".to_owned());
    found
}

/// A space by key or id: a record may have either.
fn space(name: &str) -> Object {
    let known =
        SPACES.iter().find(|space| space.key.eq_ignore_ascii_case(name) || space.id.to_string() == name);
    let mut ids = vec![name.to_owned()];
    ids.extend(known.into_iter().flat_map(|space| [space.key.to_owned(), space.id.to_string()]));
    Object { product: "confluence", ids }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}
