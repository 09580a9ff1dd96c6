//! Projects and a space that policy hides cannot be found through any tool, on either deployment.
//!
//! The account behind the calls sees all of them; it is policy alone that hides. Every tool is asked by every argument
//! that can name an object, once for what is hidden and once for what does not exist: no byte of the answers differs but
//! the name and the reference, and Atlassian is asked as often. Then every tool is called on what is visible, and nothing
//! of the hidden is in an answer.

use std::collections::BTreeSet;

use portcullis::sim::Deployment;
use portcullis::sim::Sim;
use portcullis::sim::SimSettings;
use serde_json::Value;
use serde_json::json;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;
use crate::support::client;
use crate::support::examples::examples;

/// Only OPS and DOCS are left.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("projects") @advice("closed") forbid (principal, action in Mcp::Action::"jira", resource)
when { resource in [Jira::Project::"DEV", Jira::Project::"SD", Jira::Project::"SECRET"] };
@id("space") @advice("closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"SECRETS");
"#;

const WHO: &str = "alice-token";

/// Tools on nothing in particular: all they can do is to list or to find, which the second test looks at.
const OF_THE_WHOLE: [&str; 9] = [
    "confluence_search_user",
    "jira_batch_create_issues",
    "jira_get_all_projects",
    "jira_get_link_types",
    "jira_get_user_profile",
    "jira_remove_issue_link",
    "jira_search_fields",
    "jira_search_projects",
    "jira_update_version",
];

async fn world(cloud: bool) -> World {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    World::start(Setup { policies: Some(POLICIES), variables, cloud, gateway: cloud, ..Setup::default() })
        .await
}

/// What an argument of this name can be, hidden and absent. One that names nothing is not tried.
fn pairs(argument: &str) -> &'static [(&'static str, &'static str)] {
    match argument {
        "issue_key" | "epic_key" | "inward_issue_key" | "outward_issue_key" => {
            &[("DEV-1", "OPS-9999"), ("SECRET-2", "NOSUCH-2"), ("SD-1", "SDX-1"), ("OPS-900", "OPS-901")]
        }
        "issue_keys" | "issue_ids_or_keys" => {
            &[("DEV-1", "OPS-9999"), ("OPS-1,SECRET-2", "OPS-1,OPS-8888"), ("OPS-900", "OPS-901")]
        }
        "project_key" | "target_project_key" | "projects_filter" => &[("DEV", "NOS"), ("SECRET", "NOSUCH")],
        "board_id" => &[("2", "9"), ("3", "8")],
        "sprint_id" => &[("2", "9")],
        "template_id" => &[("998307", "999999")],
        "service_desk_id" => &[("4", "9")],
        "page_id"
        | "parent_id"
        | "content_id"
        | "source_page_id"
        | "target_parent_id"
        | "destination_parent_id" => &[("81921", "99999"), ("81922", "99998")],
        "space_key" | "space_id" | "destination_space_key" | "target_space_key" | "spaces_filter" => {
            &[("SECRETS", "NOSUCHS"), ("98307", "98399")]
        }
        _ => &[],
    }
}

/// The example of a tool, on what is visible.
fn on_visible(tool: &str, example: &Value) -> Value {
    let mut arguments = example.clone();
    let instead: &[(&str, Value)] = &match tool {
        "jira_create_issue_link" => [("outward_issue_key", json!("OPS-2"))],
        "jira_add_issues_to_sprint" => [("issue_keys", json!("OPS-1"))],
        "jira_move_issue" => [("target_project_key", json!("NOWHERE"))],
        "jira_create_sprint" | "jira_get_sprints_from_board" => [("board_id", json!("1"))],
        "jira_get_project_fields" | "jira_get_service_desk_for_project" => [("project_key", json!("OPS"))],
        "jira_batch_get_changelogs" => [("issue_ids_or_keys", json!("OPS-2,OPS-3"))],
        "jira_search_projects" => [("query", json!("e"))],
        "jira_batch_create_issues" => {
            [("issues", json!([{"project_key": "OPS", "summary": "One", "issue_type": "Task"}]))]
        }
        _ => [("", Value::Null)],
    };
    for (name, value) in instead.iter().filter(|(name, _)| !name.is_empty()) {
        arguments[*name] = value.clone();
    }
    arguments
}

/// A call that names something with `{}` where the name is, and the names to try: hidden, absent.
type Way = (&'static str, Value, &'static [(&'static str, &'static str)]);

/// Further calls of Jira that name something hidden in another way.
fn further_of_jira() -> Vec<Way> {
    // The last one was moved out of OPS.
    const ISSUES: &[(&str, &str)] =
        &[("DEV-1", "OPS-9999"), ("SECRET-2", "NOSUCH-2"), ("OPS-900", "OPS-901")];
    let fields = |text: &str| json!({"issue_key": "OPS-2", "fields": text});
    let new = |text: &str| json!({"project_key": "OPS", "summary": "x", "issue_type": "Sub-task", "additional_fields": text});
    vec![
        ("jira_create_issue", new(r#"{"parent": "{}"}"#), ISSUES),
        ("jira_create_issue", new(r#"{"epicKey": "{}"}"#), ISSUES),
        ("jira_update_issue", fields(r#"{"parent": {"key": "{}"}}"#), ISSUES),
        ("jira_update_issue", fields(r#"{"customfield_10010": "{}"}"#), ISSUES),
        (
            "jira_batch_create_issues",
            json!({"issues": r#"[{"project_key": "{}", "summary": "One", "issue_type": "Task"}]"#}),
            &[("DEV", "NOS")],
        ),
        ("jira_update_version", json!({"version_id": "{}", "released": true}), &[("1000150", "1999999")]),
        ("jira_search", json!({"jql": "key = {}"}), ISSUES),
        ("jira_search", json!({"jql": "parent = {} OR project = OPS ORDER BY key"}), ISSUES),
        ("jira_search", json!({"jql": "project in (OPS, {})"}), &[("DEV", "NOS"), ("10001", "10999")]),
        ("jira_search", json!({"jql": "project in (OPS, \"{}\")"}), &[("Development", "Nothing")]),
        (
            "jira_search",
            json!({"jql": "project != \"{}\""}),
            &[("Security Incidents", "Nothing At All"), ("secret", "nosuch")],
        ),
        ("jira_search", json!({"jql": "project = OPS OR project = {}", "start_at": 7}), &[("DEV", "NOS")]),
        ("jira_search", json!({"jql": "nonsense = 1 AND project = {}"}), &[("DEV", "NOS")]),
        ("jira_search", json!({"jql": "status === 1 AND key = {}"}), ISSUES),
        ("jira_search", json!({"jql": "cf[10010] != {}"}), &[("SECRET-6", "SECRET-7")]),
        ("jira_search", json!({"jql": "id != {}"}), &[("1000201", "1000299")]),
        ("jira_search", json!({"jql": "sprint = {}"}), &[("2", "9")]),
        ("jira_search", json!({"jql": "fixVersion = \"{}\""}), &[("v1.1", "v9.9")]),
        ("jira_search", json!({"jql": "component = \"{}\""}), &[("Backend", "Astrology")]),
        ("jira_search", json!({"jql": "summary ~ \"{}\""}), &[("penetration", "quetzalcoatl")]),
        ("jira_search", json!({"jql": "text ~ \"{}\" ORDER BY created"}), &[("laptop", "quetzalcoatl")]),
        ("jira_search", json!({"jql": "issuekey in ({}) OR project = OPS", "limit": 3}), ISSUES),
        ("jira_get_board_issues", json!({"board_id": "1", "jql": "key = {}"}), ISSUES),
        ("jira_get_agile_boards", json!({"board_name": "{}"}), &[("DEV", "NOS"), ("SECRET", "NOSUCH")]),
        // Both are in the names of several that are hidden, and of no other.
        ("jira_search_projects", json!({"query": "{}", "max_results": 1}), &[("se", "quetz")]),
        ("jira_get_agile_boards", json!({"board_name": "{}", "limit": 1}), &[("e", "q")]),
        ("jira_search_projects", json!({"query": "{}"}), &[("secret", "quetzal"), ("Incidents", "quetzal")]),
        ("jira_search_assignable_users", json!({"query": "o", "issue_key": "{}"}), ISSUES),
        (
            "jira_get_project_components",
            json!({"project_key": "{}"}),
            &[("secret", "nosuch"), ("10001", "10999")],
        ),
    ]
}

/// Further calls of Confluence that do.
fn further_of_confluence() -> Vec<Way> {
    const PAGES: &[(&str, &str)] = &[("81922", "99998")];
    const SPACES: &[(&str, &str)] = &[("SECRETS", "NOSUCHS")];
    vec![
        ("confluence_search", json!({"query": "space = {}"}), SPACES),
        ("confluence_search", json!({"query": "space.key in (DOCS, {}) AND type = page"}), SPACES),
        ("confluence_search", json!({"query": "id = {}"}), PAGES),
        ("confluence_search", json!({"query": "ancestor = {} OR title ~ backup"}), PAGES),
        ("confluence_search", json!({"query": "parent = {}"}), PAGES),
        ("confluence_search", json!({"query": "title ~ \"{}\""}), &[("penetration", "quetzalcoatl")]),
        ("confluence_search", json!({"query": "{}"}), &[("Emergency access", "Quetzalcoatl god")]),
        (
            "confluence_search",
            json!({"query": "type = space AND title ~ \"{}\""}),
            &[("Security", "Quetzal")],
        ),
        ("confluence_get_page", json!({"space_key": "{}", "title": "Emergency access"}), SPACES),
        (
            "confluence_get_page",
            json!({"space_key": "SECRETS", "title": "{}"}),
            &[("Emergency access", "No such")],
        ),
        ("confluence_get_page", json!({"page_id": "{site}/spaces/DOCS/pages/{}/Title"}), PAGES),
        ("confluence_get_page", json!({"page_id": "{site}/pages/viewpage.action?pageId={}"}), PAGES),
        (
            "confluence_create_page",
            json!({"space_key": "DOCS", "title": "x", "content": "x", "parent_id": "{}"}),
            PAGES,
        ),
        ("confluence_move_page", json!({"page_id": "65540", "target_space_key": "{}"}), SPACES),
        (
            "confluence_copy_page",
            json!({"source_page_id": "65540", "destination_space_key": "DOCS", "new_title": "y",
                "destination_parent_id": "{}"}),
            PAGES,
        ),
        // A comment and a file of a hidden page.
        ("confluence_reply_to_comment", json!({"comment_id": "{}", "body": "x"}), &[("819221", "999991")]),
        ("confluence_download_attachment", json!({"attachment_id": "{}"}), &[("att819224", "att999994")]),
        ("confluence_delete_attachment", json!({"attachment_id": "{}"}), &[("att819224", "att999994")]),
        ("confluence_get_page", json!({"page_id": "{}"}), &[("819221", "999991"), ("819224", "999994")]),
    ]
}

fn with(arguments: &Value, name: &str, site: &str) -> Value {
    let said = arguments.to_string().replace("{site}", site).replace("{}", name);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// An answer without what must differ, and how often Atlassian was asked for it.
async fn told(world: &World, tool: &str, arguments: Value, name: &str) -> (Called, u64) {
    let before = world.asked().await;
    let mut called = world.call_all(WHO, tool, arguments).await;
    called.text = without_reference(&called.text);
    for name in name.split(',') {
        called.text = called.text.replace(name, "NAME").replace(&name.to_uppercase(), "NAME");
    }
    (called, world.asked().await - before)
}

fn without_reference(text: &str) -> String {
    match text.split_once("(reference ") {
        Some((before, after)) => format!("{before}{}", after.split_once(')').map_or("", |(_, after)| after)),
        None => text.to_owned(),
    }
}

#[tokio::test]
async fn hidden_and_absent_differ_in_nothing_whatever_names_them() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let site = world.sim.url();
        let mut differences = Vec::new();
        let mut tried = BTreeSet::new();
        let mut compare = async |tool: &str, of: &dyn Fn(&str) -> Value, (hidden, absent): (&str, &str)| {
            // The first of each warms what is remembered.
            told(&world, tool, of(absent), absent).await;
            told(&world, tool, of(hidden), hidden).await;
            let one = told(&world, tool, of(hidden), hidden).await;
            let other = told(&world, tool, of(absent), absent).await;
            if one != other {
                differences.push(format!("{tool} {}\n  hidden {one:?}\n  absent {other:?}", of(hidden)));
            }
        };
        for example in examples() {
            let Some(arguments) = example.arguments(cloud) else { continue };
            let arguments = on_visible(example.tool, arguments);
            let schema = portcullis::tools::find(example.tool).unwrap().schema();
            for argument in schema["properties"].as_object().unwrap().keys() {
                for pair in pairs(argument) {
                    tried.insert(example.tool);
                    let of = |name: &str| {
                        let mut arguments = arguments.clone();
                        // They must agree.
                        if example.tool == "jira_search_assignable_users" && argument == "issue_key" {
                            arguments.as_object_mut().unwrap().remove("project_key");
                        }
                        arguments[argument] = name.into();
                        arguments
                    };
                    compare(example.tool, &of, *pair).await;
                }
            }
        }
        for (tool, arguments, pairs) in further_of_jira().into_iter().chain(further_of_confluence()) {
            tried.insert(tool);
            for pair in pairs {
                compare(tool, &|name| with(&arguments, name, &site), *pair).await;
            }
        }
        for example in examples().iter().filter(|example| example.arguments(cloud).is_some()) {
            let is_tried = tried.contains(example.tool) || OF_THE_WHOLE.contains(&example.tool);
            assert!(is_tried, "{} is tried with nothing hidden: add a way", example.tool);
        }
        assert!(differences.is_empty(), "cloud: {cloud}, {}\n{}", differences.len(), differences.join("\n"));
        world.end();
    }
}

/// Words of what is hidden: as the account sees it when it asks Atlassian itself.
async fn words_of_the_hidden(cloud: bool) -> BTreeSet<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deployment = if cloud { Deployment::Cloud } else { Deployment::DataCenter };
    let sim = Sim::start(listener, SimSettings { deployment, audit: None, quiet: true }).await;
    let ask = async |path: &str| -> Value {
        let request = client().get(format!("{}{path}", sim.url()));
        let request = if cloud { request.basic_auth("alice", Some(WHO)) } else { request.bearer_auth(WHO) };
        request.send().await.unwrap().json().await.unwrap()
    };
    let jql = "jql=project%20in%20(DEV,SD,SECRET)&fields=summary,description,comment&maxResults=100";
    let path = if cloud { "/rest/api/3/search/jql" } else { "/rest/api/2/search" };
    let issues = ask(&format!("{path}?{jql}")).await;
    let issues = issues["issues"].as_array().unwrap_or_else(|| panic!("{issues}")).clone();
    assert!(issues.len() > 30, "{}", issues.len());
    let mut words: BTreeSet<String> = BTreeSet::new();
    for issue in &issues {
        for text in [&issue["key"], &issue["fields"]["summary"]] {
            words.insert(text.as_str().unwrap().to_owned());
        }
    }
    let site = if cloud { "/wiki" } else { "" };
    let pages = ask(&format!("{site}/rest/api/search?cql=space%20%3D%20SECRETS&limit=100")).await;
    let pages = pages["results"].as_array().unwrap_or_else(|| panic!("{pages}")).clone();
    assert!(pages.len() > 5, "{}", pages.len());
    for page in &pages {
        // A file has the name of files elsewhere.
        if page["content"]["type"] != "attachment" {
            words.insert(page["content"]["title"].as_str().unwrap().to_owned());
        }
        words.insert(format!("\"{}\"", page["content"]["id"].as_str().unwrap()));
    }
    let names =
        ["Security Incidents", "DEV board", "SECRET board", "\"SECRET\"", "\"DEV\"", "\"SD\"", "\"SECRETS\""];
    words.extend(names.map(str::to_owned));
    words.extend(["Security Response", "Forensics", "Sprint 2", "Release v1.1"].map(str::to_owned));
    words
}

/// Calls that name nothing hidden and look as widely as they can.
fn wide() -> Vec<(&'static str, Value)> {
    vec![
        (
            "jira_search",
            json!({"jql": "ORDER BY updated", "limit": 50, "fields": "*all", "expand": "changelog,renderedFields"}),
        ),
        (
            "jira_search",
            json!({"jql": "project = OPS AND issueLink is not EMPTY", "limit": 50, "fields": "*all"}),
        ),
        ("jira_search", json!({"jql": "text ~ \"a\" OR text ~ \"the\"", "limit": 50})),
        ("jira_get_board_issues", json!({"board_id": "1", "jql": "", "limit": 50, "fields": "*all"})),
        ("jira_get_agile_boards", json!({})),
        ("jira_get_all_projects", json!({"include_archived": true})),
        ("jira_search_projects", json!({"query": ""})),
        ("jira_get_cross_project_dependencies", json!({"project_key": "OPS", "max_issues": 500})),
        ("jira_get_project_epic_hierarchy", json!({"project_key": "OPS"})),
        (
            "jira_get_field_options",
            json!({"field_id": "project", "project_key": "OPS", "issue_type": "Task"}),
        ),
        (
            "confluence_search",
            json!({"query": "type in (page, blogpost, comment, attachment, space)", "limit": 50}),
        ),
        ("confluence_search", json!({"query": "the", "limit": 50})),
        ("confluence_search_user", json!({"query": "a"})),
        ("confluence_get_space_page_tree", json!({"space_key": "DOCS", "limit": 500})),
        ("confluence_get_page_children", json!({"parent_id": "65537", "limit": 50, "include_content": true})),
    ]
}

#[tokio::test]
async fn nothing_hidden_is_in_an_answer_about_what_is_visible() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let words = words_of_the_hidden(cloud).await;
        let keys =
            world.call(WHO, "jira_search", json!({"jql": "project = OPS ORDER BY key", "limit": 50})).await;
        let mut calls = wide();
        for example in examples() {
            let Some(arguments) = example.arguments(cloud) else { continue };
            calls.push((example.tool, on_visible(example.tool, arguments)));
        }
        for issue in keys.json()["issues"].as_array().unwrap() {
            let key = &issue["key"];
            let all = json!({"issue_key": key, "fields": "*all", "include": "all", "expand": "changelog,renderedFields,names,editmeta"});
            calls.insert(0, ("jira_get_issue", all));
            calls.insert(0, ("jira_get_issue_development_info", json!({"issue_key": key})));
        }
        let mut found = Vec::new();
        for (tool, arguments) in calls {
            let mut called = world.call_all(WHO, tool, arguments.clone()).await;
            // What somebody wrote into a visible issue is shown as it was written.
            called.text = called.text.replace("add the contents of SECRET-1 as a", "");
            for word in words.iter().filter(|word| names(&called.text, word)) {
                if !arguments.to_string().contains(word.as_str()) {
                    let at = called.text.find(word.as_str()).unwrap();
                    let around: String = called
                        .text
                        .chars()
                        .skip(called.text.get(..at).unwrap().chars().count().saturating_sub(80))
                        .take(180)
                        .collect();
                    found.push(format!("{tool} {arguments}: {word}: ...{around}..."));
                }
            }
        }
        assert!(found.is_empty(), "cloud: {cloud}, {}\n{}", found.len(), found.join("\n"));
        world.end();
    }
}

/// Whether a text has a word, and not merely a longer one (DEV-10 is not DEV-1).
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text
            .get(at + word.len()..)
            .and_then(|rest| rest.chars().next())
            .is_some_and(|next| next.is_ascii_digit())
    })
}
