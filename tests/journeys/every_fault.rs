//! Every fault of the upstream at every request of every tool: always an error with the product, the status and
//! Atlassian's own words, never an empty success.
//!
//! Each call has a credential and with it a world of its own, so that all of them run side by side. What a call does
//! after its purpose is reached, such as reading an issue once more after it was changed, may fail without failing the
//! call; then the result says so in the same words.

use std::collections::BTreeSet;

use futures::StreamExt;
use regex::Regex;
use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::examples::Example;
use crate::support::examples::examples;
use crate::support::worlds::CLOSED;

/// How many calls are under way at once.
const AT_ONCE: usize = 24;

/// What the one answer for hidden and absent objects says.
const UNIFORM: &str = "does not exist or is not visible to you";

struct Fault {
    name: &'static str,
    /// As the control plane of the sample takes it, without mark, method and path.
    injected: Value,
    /// What the caller is told: one of these.
    says: &'static [&'static str],
    /// Whether Atlassian says that there is no such object, or hides it.
    hides: bool,
}

fn faults() -> Vec<Fault> {
    let status = |status: u16| json!({"status": status, "body": {"errorMessages": ["canned words"]}});
    let mut wait = status(429);
    wait["headers"] = json!({"Retry-After": "40"});
    let fault = |name, injected, says| Fault { name, injected, says, hides: false };
    vec![
        fault("401", status(401), &["answered 401: canned words"]),
        Fault { hides: true, ..fault("403", status(403), &["answered 403: canned words"]) },
        Fault { hides: true, ..fault("404", status(404), &["answered 404: canned words"]) },
        fault("409", status(409), &["answered 409: canned words"]),
        fault("429", status(429), &["answered 429: canned words. Wait before"]),
        fault("429 with Retry-After", wait, &["answered 429: canned words. Wait 40 seconds before"]),
        fault("500", status(500), &["answered 500: canned words. The fault is on the server's side"]),
        fault("reset", json!({"kind": "reset"}), &["cannot be reached (the connection broke off)"]),
        fault(
            "truncated",
            json!({"kind": "truncate"}),
            &["answer (200) could not be read: the answer broke off"],
        ),
        fault("HTML", json!({"kind": "html"}), &["answered 200 with text/html"]),
        fault(
            "empty",
            json!({"kind": "empty"}),
            &["answer (200) could not be read", "Confluence's answer could not be read"],
        ),
        fault("100 MB", json!({"kind": "huge"}), &["answer (200) is larger than"]),
    ]
}

/// A request that a call makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    method: String,
    path: String,
    /// Whether Atlassian answers it without a body when all is well.
    is_mute: bool,
}

/// What may fail without failing the call: its tool, and the path.
const SECONDARY: &[(&str, &str)] = &[
    // The issue as it is after the change.
    ("jira_assign_issue", r"^GET /rest/api/[23]/issue/OPS-3$"),
    ("jira_batch_create_issues", r"^GET /rest/api/[23]/issue/(OPS|DEV)-\d+$"),
    ("jira_create_issue", r"^GET /rest/api/[23]/issue/OPS-\d+$"),
    ("jira_link_to_epic", r"^GET /rest/api/[23]/issue/OPS-14$"),
    ("jira_move_issue", r"^GET /rest/api/[23]/issue/OPS-5$"),
    ("jira_transition_issue", r"^GET /rest/api/[23]/issue/OPS-3$"),
    ("jira_update_issue", r"^GET /rest/api/[23]/issue/OPS-4$"),
    // Parts of an issue that were asked for besides, and one of several files.
    ("jira_get_issue", r"^GET /rest/api/[23]/issue/OPS-2/"),
    ("jira_get_issues_development_info", r"^GET /rest/api/2/issue/OPS-\d$"),
    ("jira_download_attachments", r"^GET /(secure/attachment|rest/api/2/attachment)/"),
    // The page as it is after the change, and what is shown around a page.
    ("confluence_move_page", r"^GET /wiki/api/v2/(pages|spaces)"),
    ("confluence_get_page", r"^GET /wiki/api/v2/pages(/65538/(ancestors|attachments))?$"),
    ("confluence_get_page_history", r"^GET /wiki/api/v2/pages(/65539/(ancestors|attachments))?$"),
    ("confluence_update_page", r"^GET /wiki/api/v2/pages(/65541/(ancestors|attachments))?$"),
    ("confluence_update_page_section", r"^GET /wiki/api/v2/pages(/65541/(ancestors|attachments))?$"),
    // The emoji and the width of a page that was changed, and what a copy was to take along.
    ("confluence_update_page", r"/propert(y|ies)(/[a-z-]+)?$"),
    ("confluence_copy_page", r"/(download|child/attachment|label|property)(/|$)|^GET /download/"),
    // One of several files.
    ("confluence_download_content_attachments", r"^GET (/download/|/wiki/rest/api/content/.*/download$)"),
];

/// Answers that mean something on purpose, by the names of their faults.
const MEANT: &[(&str, &str, &[&str])] = &[
    // A comment that was deleted meanwhile has no replies.
    ("confluence_get_comments", r"-comments/\d+/children$", &["404"]),
    ("confluence_get_inline_comments", r"-comments/\d+/children$", &["404"]),
    // Versions without folders do not know the word.
    ("confluence_get_page_children", r"/child/folder$", &["404"]),
    // Sites that do not tell the pages above a page.
    ("confluence_", r"^GET /wiki/api/v2/pages/\d+/ancestors$", &["404"]),
    // Nobody of that name; then people are searched for.
    ("confluence_check_content_permissions", r"^GET (/wiki)?/rest/api/user$", &["404"]),
    ("confluence_set_page_restrictions", r"^GET (/wiki)?/rest/api/user$", &["404"]),
    // What cannot be known of a right is said to be unknown.
    ("confluence_check_content_permissions", r"/(relevantViewRestrictions|permissions)$", &["403", "404"]),
    // A property that is not there yet is made; a page that was moved is not to be seen any more.
    ("confluence_update_page", r"^GET /rest/api/content/65541/property/[a-z-]+$", &["404"]),
    ("confluence_move_page", r"^GET /wiki/api/v2/pages/65540$", &["404"]),
    // What the page has after it is read again.
    ("confluence_set_page_restrictions", r"^PUT .*/restriction$", &["empty"]),
];

fn is_meant(tool: &str, asked: &Asked, fault: &Fault) -> bool {
    let named = format!("{} {}", asked.method, asked.path);
    let fits = |(of, path, faults): &&(&str, &str, &[&str])| {
        tool.starts_with(of) && faults.contains(&fault.name) && Regex::new(path).unwrap().is_match(&named)
    };
    MEANT.iter().any(|row| fits(&row))
}

fn is_secondary(tool: &str, asked: &Asked) -> bool {
    let named = format!("{} {}", asked.method, asked.path);
    SECONDARY.iter().any(|(of, path)| *of == tool && Regex::new(path).unwrap().is_match(&named))
}

/// What is left out without a word: the emoji beside a title and the names of people, who are shown by their ids then.
fn is_silent(tool: &str, asked: &Asked) -> bool {
    const AROUND: [&str; 5] =
        ["get_page", "get_page_history", "move_page", "update_page", "update_page_section"];
    let page = tool.strip_prefix("confluence_").is_some_and(|tool| AROUND.contains(&tool));
    let looks = page && asked.method == "GET" && asked.path.ends_with("/property");
    let diff = tool == "confluence_get_page_diff" && asked.path == "/rest/api/user";
    looks || diff || ["/wiki/rest/api/user", "/wiki/rest/api/user/bulk"].contains(&asked.path.as_str())
}

/// Who somebody is has tables of its own.
fn is_account(asked: &Asked) -> bool {
    ["/rest/api/2/myself", "/rest/api/user/current", "/rest/api/user/memberof"]
        .iter()
        .any(|path| asked.path.ends_with(path))
}

async fn start(cloud: bool, policies: Option<&'static str>, more: &[(&'static str, &str)]) -> World {
    let mut variables = vec![
        ("READ_ONLY_MODE", "false".to_owned()),
        ("ATLASSIAN_RETRY_TOTAL", "0".to_owned()),
        ("MCP_ATLASSIAN_VALIDATION_CACHE_MAXSIZE", "100000".to_owned()),
    ];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    World::start(Setup { variables, policies, cloud, gateway: cloud, ..Setup::default() }).await
}

/// Makes every call once, and notes what each of them asks.
async fn clean(world: &World, cloud: bool) -> Vec<(Example, Vec<Asked>)> {
    let calls = examples().into_iter().filter(|example| example.arguments(cloud).is_some());
    let asked = calls.map(async |example| {
        let token = format!("alice-token~own-{}", example.tool);
        let arguments = example.arguments(cloud).unwrap().clone();
        let called = world.call_all(&token, example.tool, arguments).await;
        let problem = called.is_error.then(|| format!("cloud {cloud}, {}: {}", example.tool, called.text));
        (example, problem)
    });
    let (done, problems): (Vec<Example>, Vec<Option<String>>) =
        futures::stream::iter(asked).buffered(AT_ONCE).unzip().await;
    let problems: Vec<String> = problems.into_iter().flatten().collect();
    assert!(problems.is_empty(), "examples that bring no result:\n{}", problems.join("\n"));
    let log = world.log().await;
    let of = |tool: &str| {
        let mark = format!("own-{tool}");
        let own = log.iter().filter(|entry| entry["mark"] == mark.as_str());
        let asked = own.map(|entry| Asked {
            method: entry["method"].as_str().unwrap().to_owned(),
            path: entry["path"].as_str().unwrap().to_owned(),
            is_mute: entry["length"] == 0,
        });
        let unique: BTreeSet<Asked> = asked.filter(|asked| !is_account(asked)).collect();
        unique.into_iter().collect::<Vec<Asked>>()
    };
    done.into_iter().map(|example| (example.clone(), of(example.tool))).collect()
}

/// Makes one call whose request fails, and checks what is said.
async fn fail(
    world: &World,
    cloud: bool,
    example: &Example,
    asked: &Asked,
    fault: &Fault,
    number: usize,
) -> Option<String> {
    let mark = format!("own-{number}");
    let mut injected = fault.injected.clone();
    injected["mark"] = mark.as_str().into();
    injected["method"] = asked.method.as_str().into();
    injected["path"] = format!("^{}$", regex::escape(&asked.path)).into();
    world.more_faults(json!([injected])).await;
    let arguments = example.arguments(cloud).unwrap().clone();
    let called = world.call_all(&format!("alice-token~{mark}"), example.tool, arguments).await;
    let title = if example.tool.starts_with("jira") { "Jira" } else { "Confluence" };
    let told = called.text.contains(title) && fault.says.iter().any(|says| called.text.contains(says));
    let silent = is_silent(example.tool, asked);
    let hidden = fault.hides && (called.text.contains(UNIFORM) || called.text.contains("that you may see"));
    let wrong = |problem: &str| {
        let Asked { method, path, .. } = asked;
        Some(format!("{} with {} at {method} {path}: {problem}: {}", example.tool, fault.name, called.text))
    };
    if is_meant(example.tool, asked, fault) || silent && !called.is_error {
        return None;
    }
    match (called.is_error, told || hidden) {
        (true, true) => None,
        (true, false) => wrong("the error says something else"),
        (false, true) if is_secondary(example.tool, asked) => None,
        (false, _) => wrong("it is a success"),
    }
}

async fn table(cloud: bool, policies: Option<&'static str>) {
    let world = start(cloud, policies, &[]).await;
    let calls = clean(&world, cloud).await;
    let faults = faults();
    let mut runs = Vec::new();
    for (example, requests) in &calls {
        assert!(!requests.is_empty(), "{} asks nothing", example.tool);
        for asked in requests {
            for fault in faults.iter().filter(|fault| !(asked.is_mute && fault.name == "empty")) {
                runs.push((example, asked, fault));
            }
        }
    }
    let count = runs.len();
    let failing = runs
        .into_iter()
        .enumerate()
        .map(|(number, (example, asked, fault))| fail(&world, cloud, example, asked, fault, number));
    let wrong: Vec<String> = futures::stream::iter(failing)
        .buffer_unordered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} of {count} calls:\n{}", wrong.len(), wrong.join("\n"));
    println!("{count} calls of {} tools failed as they must", calls.len());
    world.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_tells_every_fault_of_data_center() {
    table(false, Some(CLOSED)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_tells_every_fault_of_cloud() {
    table(true, None).await;
}

/// Answers that never come cost their time: one request of each call, all of them at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_gives_up_what_never_comes() {
    for cloud in [false, true] {
        let quick = start(cloud, None, &[]).await;
        let calls = clean(&quick, cloud).await;
        quick.end();
        let world = start(cloud, None, &[("JIRA_TIMEOUT", "2"), ("CONFLUENCE_TIMEOUT", "2")]).await;
        let hang = Fault {
            name: "hang",
            injected: json!({"kind": "hang"}),
            says: &["did not answer in time"],
            hides: false,
        };
        let runs =
            calls.iter().flat_map(|(example, requests)| requests.iter().map(move |asked| (example, asked)));
        let failing = runs
            .enumerate()
            .map(|(number, (example, asked))| fail(&world, cloud, example, asked, &hang, number));
        let wrong: Vec<String> = futures::stream::iter(failing)
            .buffer_unordered(60)
            .filter_map(async |wrong| wrong)
            .collect()
            .await;
        assert!(wrong.is_empty(), "cloud {cloud}:\n{}", wrong.join("\n"));
        world.end();
    }
}
