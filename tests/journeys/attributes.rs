//! Policies on attributes: what an issue or a page is labelled, its status, its level. What they hide is found nowhere.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// Everything, but issues of the level `Top`; and no comment on what is done.
const LEVELS: &str = r#"
@id("all") permit (principal, action, resource);
@id("top") @advice("too secret")
forbid (principal, action in Mcp::Action::"jira", resource)
when { resource has security_level && resource.security_level == "Top" };
@id("done") @advice("it is done: open it again first")
forbid (principal, action == Mcp::Action::"jira_add_comment", resource)
when { resource has status && resource.status == "Done" };
"#;

/// Only what is labelled.
const LABELLED: &str = r#"
@id("tools") permit (principal, action in Mcp::Action::"read", resource)
when { resource is Jira::Instance || resource is Jira::Project };
@id("labelled") permit (principal, action in Mcp::Action::"jira", resource)
when { resource has labels && resource.labels.contains("public") };
"#;

/// Everything, but what lies in a project of the category `Confidential`.
const BY_CATEGORY: &str = r#"
@id("all") permit (principal, action, resource);
@id("confidential") @advice("confidential")
forbid (principal, action in Mcp::Action::"jira", resource)
when {
    (resource is Jira::Project && resource has category && resource.category == "Confidential") ||
    (resource is Jira::Issue && resource.project has category && resource.project.category == "Confidential")
};
"#;

/// Everything, but what lies in a project with a key like that of DEV: no query can say so.
const BY_LIKENESS: &str = r#"
@id("all") permit (principal, action, resource);
@id("like") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource)
when {
    (resource is Jira::Project && resource.key like "DE*") ||
    (resource is Jira::Issue && resource.project.key like "DE*")
};
"#;

async fn world(policies: &'static str, cloud: bool) -> World {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    World::start(Setup { policies: Some(policies), cloud, variables, ..Setup::default() }).await
}

/// Asks the sample upstream itself.
pub(crate) async fn upstream(
    world: &World,
    cloud: bool,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Value {
    let url = format!("{}{path}", world.sim.url());
    let request = if method == "GET" {
        world.http.get(url)
    } else if method == "PUT" {
        world.http.put(url)
    } else {
        world.http.post(url)
    };
    let request = if cloud {
        request.basic_auth("alice", Some("alice-token"))
    } else {
        request.bearer_auth("alice-token")
    };
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
}

/// Ends it as [`World::end`] does, but for the requests of [`upstream`], which no server wrote down.
pub(crate) fn end(world: &World) {
    let mut violations = world.sim.violations();
    violations.retain(|violation| !violation.ends_with("came without an X-Request-Id"));
    assert!(violations.is_empty(), "{violations:#?}");
}

async fn set(world: &World, cloud: bool, key: &str, fields: Value) {
    let path = format!("/rest/api/2/issue/{key}");
    upstream(world, cloud, "PUT", &path, Some(json!({"fields": fields}))).await;
}

/// A refusal with one name instead of another, and how many requests it took.
async fn refused(world: &World, tool: &str, arguments: Value, named: (&str, &str)) -> (String, u64) {
    let before = world.asked().await;
    let answer = world.call("alice-token", tool, arguments).await;
    assert!(answer.is_error, "{tool}: {}", answer.text);
    (without_reference(&answer.text).replace(named.0, named.1), world.asked().await - before)
}

/// The same for a key that nobody has.
async fn absent(world: &World, tool: &str, arguments: &Value, key: &str) -> (String, u64) {
    let mut arguments = arguments.clone();
    arguments["issue_key"] = "OPS-9999".into();
    refused(world, tool, arguments, ("OPS-9999", key)).await
}

fn without_reference(text: &str) -> String {
    text.split("(reference ").next().unwrap().to_owned()
}

/// Alice's answers to all the ways to come upon an issue of OPS.
async fn every_way(world: &World) -> Vec<(String, String)> {
    let search = |jql: &str| json!({"jql": jql, "limit": 50});
    let ways = [
        ("jira_search", search("project = OPS ORDER BY key")),
        ("jira_search", search("key in (OPS-1, OPS-2, OPS-3)")),
        (
            "jira_search",
            json!({"jql": "project = OPS", "fields": "summary,issuelinks,subtasks,parent", "limit": 50}),
        ),
        ("jira_get_project_issues", json!({"project_key": "OPS", "limit": 50})),
        ("jira_get_board_issues", json!({"board_id": "1", "jql": "", "limit": 50})),
        ("jira_get_issue", json!({"issue_key": "OPS-3", "fields": "*all"})),
        ("jira_get_issue", json!({"issue_key": "OPS-3", "fields": "issuelinks", "expand": "changelog"})),
        ("jira_get_project_epic_hierarchy", json!({"project_key": "OPS"})),
        ("jira_get_cross_project_dependencies", json!({"project_key": "OPS"})),
        ("jira_get_issues_development_info", json!({"issue_keys": ["OPS-1", "OPS-3"]})),
    ];
    let mut answers = Vec::new();
    for (tool, arguments) in ways {
        let answer = world.call_all("alice-token", tool, arguments.clone()).await;
        answers.push((format!("{tool} {arguments}"), answer.text));
    }
    for start in [0, 50] {
        let page = json!({"jql": "ORDER BY key", "limit": 50, "start_at": start});
        answers.push(("everything".to_owned(), world.call("alice-token", "jira_search", page).await.text));
    }
    answers
}

/// Whether an answer has the issue in it. People may write of it in the text of another.
fn is_named(text: &str, key: &str) -> bool {
    text.contains(&format!("\"{key}\"")) || text.contains(&format!("/browse/{key}\""))
}

#[tokio::test]
async fn an_issue_of_a_forbidden_level_is_found_nowhere() {
    for cloud in [false, true] {
        let world = world(LEVELS, cloud).await;
        let link = json!({"type": {"name": "Blocks"}, "inwardIssue": {"key": "OPS-3"}, "outwardIssue": {"key": "OPS-1"}});
        upstream(&world, cloud, "POST", "/rest/api/2/issueLink", Some(link)).await;
        let seen = every_way(&world).await;
        assert!(seen.iter().filter(|(_, text)| is_named(text, "OPS-1")).count() > 5, "{cloud} {seen:#?}");

        set(&world, cloud, "OPS-1", json!({"security": {"name": "Top"}})).await;
        set(&world, cloud, "OPS-2", json!({"security": {"name": "Low"}})).await;
        for (way, text) in every_way(&world).await {
            // Those name what they were asked about.
            assert!(way.contains("development_info") || !is_named(&text, "OPS-1"), "{cloud} {way}: {text}");
        }
        for (tool, arguments) in [
            ("jira_get_issue", json!({"issue_key": "OPS-1"})),
            ("jira_get_issue", json!({"issue_key": "OPS-1", "fields": "summary,Story Points"})),
            ("jira_get_transitions", json!({"issue_key": "OPS-1"})),
            ("jira_get_worklog", json!({"issue_key": "OPS-1"})),
            ("jira_add_comment", json!({"issue_key": "OPS-1", "body": "hello"})),
            ("jira_delete_issue", json!({"issue_key": "OPS-1"})),
        ] {
            let hidden = refused(&world, tool, arguments.clone(), ("OPS-1", "OPS-1")).await;
            assert_eq!(hidden, absent(&world, tool, &arguments, "OPS-1").await, "{cloud} {tool} {arguments}");
        }
        let low = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-2"})).await.json();
        assert_eq!(low["key"], "OPS-2");
        assert!(low.get("security").is_none() && low.get("security_level").is_none(), "{low}");
        end(&world);
    }
}

#[tokio::test]
async fn a_query_that_names_a_hidden_issue_is_no_other_than_one_that_names_an_absent_one() {
    let queries = [
        "key = {}",
        "key != {}",
        "issuekey in (OPS-2, {}) OR project = DEV",
        "parent = {} OR project = OPS ORDER BY key",
        "cf[10010] != {}",
        "'Epic Link' not in ({})",
    ];
    for cloud in [false, true] {
        let world = world(LEVELS, cloud).await;
        set(&world, cloud, "OPS-1", json!({"security": {"name": "Top"}})).await;
        let issue = upstream(&world, cloud, "GET", "/rest/api/2/issue/OPS-1?fields=status", None).await;
        let number = issue["id"].as_str().unwrap();
        let ask = async |board: bool, query: &str, named: &str| {
            let before = world.asked().await;
            let jql = query.replace("{}", named);
            let answer = if board {
                let board = json!({"jql": jql, "board_id": "1"});
                world.call("alice-token", "jira_get_board_issues", board).await
            } else {
                world.call("alice-token", "jira_search", json!({"jql": jql, "limit": 5})).await
            };
            (answer, world.asked().await - before)
        };
        for board in [false, true] {
            for query in queries {
                let _ = (ask(board, query, "OPS-1").await, ask(board, query, "OPS-9999").await);
                let absent = ask(board, query, "OPS-9999").await;
                assert_eq!(absent.0.json()["issues"], json!([]), "{cloud} {query}");
                assert_eq!(ask(board, query, "OPS-1").await, absent, "{cloud} {board} {query}");
            }
            assert_eq!(
                ask(board, "id != {}", number).await,
                ask(board, "id != {}", "1999999").await,
                "{cloud}"
            );
        }
        for (honest, count) in [("key in (OPS-2, OPS-3)", 2), ("key != OPS-2 AND project = OPS", 5)] {
            let found = ask(false, honest, "").await.0.json();
            assert_eq!(found["issues"].as_array().unwrap().len(), count, "{cloud} {honest}: {found}");
        }
        let mistake = ask(false, "nonsense = 1 AND key = {}", "OPS-1").await.0;
        assert!(mistake.is_error && mistake.text.contains("'nonsense' does not exist"), "{}", mistake.text);
        end(&world);
    }
}

#[tokio::test]
async fn only_what_is_labelled_is_found() {
    for cloud in [false, true] {
        let world = world(LABELLED, cloud).await;
        for key in ["OPS-5", "OPS-6"] {
            set(&world, cloud, key, json!({"labels": ["public"]})).await;
        }
        let all = json!({"jql": "project = OPS ORDER BY key", "fields": "summary", "limit": 50});
        let page = world.call("alice-token", "jira_search", all).await.json();
        let issues = page["issues"].as_array().unwrap();
        let keys: Vec<&str> = issues.iter().map(|issue| issue["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["OPS-5", "OPS-6"], "{cloud} {page}");
        assert!(issues.iter().all(|issue| issue.get("labels").is_none()), "{cloud} {page}");
        let one = json!({"issue_key": "OPS-5", "fields": "summary,labels"});
        let one = world.call("alice-token", "jira_get_issue", one).await.json();
        assert_eq!(one["labels"], json!(["public"]), "what was asked for is shown");
        assert!(world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-7"})).await.is_error);
        end(&world);
    }
}

#[tokio::test]
async fn a_write_is_decided_on_what_the_issue_is_now() {
    for cloud in [false, true] {
        let world = world(LEVELS, cloud).await;
        let found = upstream(&world, cloud, "GET", "/rest/api/2/issue/OPS-4?fields=status", None).await;
        let status = found.pointer("/fields/status/name").unwrap().clone();
        let comment = json!({"issue_key": "OPS-4", "body": "hello"});
        let answer = world.call("alice-token", "jira_add_comment", comment.clone()).await;
        assert_eq!(answer.is_error, status == "Done", "{}", answer.text);
        let attributes = json!({"Jira::Issue::\"OPS-4\"": {"status": status, "security_level": null}});
        world
            .until_audited(|record| {
                record["tool"] == "jira_add_comment" && record["attributes"] == attributes
            })
            .await;
        end(&world);
    }
}

/// Between the look-up and the read somebody gave it the level.
#[tokio::test]
async fn a_read_is_decided_on_what_came_back() {
    for cloud in [false, true] {
        let world = world(LEVELS, cloud).await;
        set(&world, cloud, "OPS-1", json!({"security": {"name": "Top"}})).await;
        let before = json!({"id": "1000001", "key": "OPS-1", "fields": {"project": {"key": "OPS"}, "security": null,
            "status": {"name": "To Do"}}});
        // A name of a field is found out after the decision, so that the issue is asked for twice.
        let read = json!({"issue_key": "OPS-1", "fields": "summary,Story Points"});
        let looked_up = json!([{"path": "/issue/OPS-1$", "times": 1, "status": 200, "body": before}]);
        world.faults(looked_up.clone()).await;
        let (text, _) = refused(&world, "jira_get_issue", read.clone(), ("", "")).await;
        assert_eq!(text, absent(&world, "jira_get_issue", &read, "OPS-1").await.0, "{cloud}");
        set(&world, cloud, "OPS-1", json!({"security": null})).await;
        world.faults(looked_up).await;
        let shown = world.call("alice-token", "jira_get_issue", read).await.json();
        assert_eq!(shown["key"], "OPS-1", "{cloud}");
        end(&world);
    }
}

#[tokio::test]
async fn nothing_more_is_asked_where_no_policy_names_an_attribute() {
    for (policies, named) in [(LEVELS, true), ("@id(\"all\") permit (principal, action, resource);", false)] {
        let world = world(policies, false).await;
        for _ in 0..2 {
            world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-3"})).await.json();
        }
        world.call("alice-token", "jira_search", json!({"jql": "project = OPS"})).await.json();
        let log = world.log().await;
        let asks = log.iter().filter(|entry| entry.to_string().contains("security")).count();
        // A search is gone through first, and then the issues of the page are read.
        assert_eq!(asks, if named { 4 } else { 0 }, "{log:#?}");
        end(&world);
    }
}

/// No restricted pages, nothing below the page 65539, and nothing labelled `internal`.
const PAGES: &str = r#"
@id("all") permit (principal, action, resource);
@id("restricted") @advice("it is for some only")
forbid (principal, action in Mcp::Action::"confluence", resource)
when { resource has restricted && resource.restricted };
@id("labelled") @advice("it is internal")
forbid (principal, action in Mcp::Action::"confluence", resource)
when { resource has labels && resource.labels.contains("internal") };
"#;

/// The id of a page of DOCS that has one above it, and that one's.
async fn a_child(world: &World, cloud: bool) -> (String, String) {
    let base = if cloud { "/wiki" } else { "" };
    let path = format!(
        "{base}/rest/api/search?cql=space%3DDOCS%20and%20type%3Dpage&expand=content.ancestors&limit=50"
    );
    let found = upstream(world, cloud, "GET", &path, None).await;
    let hits = found["results"].as_array().unwrap().iter();
    let child =
        hits.filter(|hit| hit["content"]["ancestors"].as_array().is_some_and(|above| above.len() > 1));
    let child = child.map(|hit| &hit["content"]).next().unwrap();
    let above = child["ancestors"].as_array().unwrap().last().unwrap();
    (child["id"].as_str().unwrap().to_owned(), above["id"].as_str().unwrap().to_owned())
}

/// Alice's answers to the ways to come upon a page of DOCS.
async fn every_way_to_pages(world: &World, parent: &str) -> Vec<(String, String)> {
    let ways = [
        ("confluence_search", json!({"query": "space = DOCS and type = page", "limit": 50})),
        ("confluence_get_page_children", json!({"parent_id": parent, "limit": 50})),
        ("confluence_get_space_page_tree", json!({"space_key": "DOCS", "limit": 200})),
    ];
    let mut answers = Vec::new();
    for (tool, arguments) in ways {
        let answer = world.call_all("alice-token", tool, arguments.clone()).await;
        answers.push((format!("{tool} {arguments}"), answer.text));
    }
    answers
}

/// Hides a page in one way, and asserts that it was seen before and is found nowhere after.
async fn hidden_pages(cloud: bool, policies: &'static str, hide: impl AsyncFnOnce(&World, &str, &str)) {
    let world = world(policies, cloud).await;
    let (child, parent) = a_child(&world, cloud).await;
    let named = format!("\"{child}\"");
    let seen = every_way_to_pages(&world, &parent).await;
    assert!(seen.iter().all(|(_, text)| text.contains(&named)), "{cloud} {seen:#?}");
    let read = world.call("alice-token", "confluence_get_page", json!({"page_id": child})).await.json();
    assert!(read.to_string().contains(&named), "{read}");

    hide(&world, &child, &parent).await;
    for (way, text) in every_way_to_pages(&world, &parent).await {
        assert!(!text.contains(&named), "{cloud} {way}: {text}");
    }
    for (tool, more) in [
        ("confluence_get_page", json!({})),
        ("confluence_get_comments", json!({})),
        ("confluence_get_labels", json!({})),
        ("confluence_delete_page", json!({})),
        ("confluence_add_comment", json!({"body": "hello"})),
    ] {
        let ask = async |id: &str| {
            let mut arguments = more.clone();
            arguments["page_id"] = id.into();
            refused(&world, tool, arguments, (id, "PAGE")).await
        };
        assert_eq!(ask(&child).await, ask("99999999").await, "{cloud} {tool}");
    }
    end(&world);
}

#[tokio::test]
async fn a_labelled_page_is_found_nowhere() {
    for cloud in [false, true] {
        hidden_pages(cloud, PAGES, async |world, child, _| {
            let base = if cloud { "/wiki" } else { "" };
            let path = format!("{base}/rest/api/content/{child}/label");
            let label = json!([{"prefix": "global", "name": "internal"}]);
            upstream(world, cloud, "POST", &path, Some(label)).await;
        })
        .await;
    }
}

/// A blog post of DOCS with comments, files and two versions.
const POST: &str = "65643";

#[tokio::test]
async fn a_labelled_blog_post_is_found_nowhere() {
    for cloud in [false, true] {
        let world = world(PAGES, cloud).await;
        let posts = json!({"query": "space = DOCS and type = blogpost", "limit": 50});
        let named = format!("\"{POST}\"");
        let seen = world.call_all("alice-token", "confluence_search", posts.clone()).await;
        assert!(seen.text.contains(&named), "{cloud} {}", seen.text);
        world.call("alice-token", "confluence_get_page", json!({"page_id": POST})).await.json();

        let base = if cloud { "/wiki" } else { "" };
        let label = json!([{"prefix": "global", "name": "internal"}]);
        upstream(&world, cloud, "POST", &format!("{base}/rest/api/content/{POST}/label"), Some(label)).await;
        let found = world.call_all("alice-token", "confluence_search", posts).await;
        assert!(!found.text.contains(&named) && found.text.contains("\"id\""), "{cloud} {}", found.text);
        for (tool, more) in [
            ("confluence_get_page", json!({})),
            ("confluence_get_comments", json!({})),
            ("confluence_get_page_history", json!({"version": 1})),
            ("confluence_delete_page", json!({})),
            ("confluence_add_comment", json!({"body": "hello"})),
        ] {
            let ask = async |id: &str| {
                let mut arguments = more.clone();
                arguments["page_id"] = id.into();
                refused(&world, tool, arguments, (id, "POST")).await
            };
            assert_eq!(ask(POST).await, ask("99999999").await, "{cloud} {tool}");
        }
        end(&world);
    }
}

#[tokio::test]
async fn a_page_below_a_restricted_one_is_found_nowhere() {
    for cloud in [false, true] {
        hidden_pages(cloud, PAGES, async |world, _, parent| {
            let base = if cloud { "/wiki" } else { "" };
            let path = format!("{base}/rest/api/content/{parent}/restriction");
            let who = if cloud { "accountId" } else { "username" };
            let me = upstream(world, cloud, "GET", &format!("{base}/rest/api/user/current"), None).await;
            let user = json!({"type": "known", who: me[who]});
            let restrictions = json!([{"operation": "read", "restrictions": {"user": [user], "group": []}}]);
            upstream(world, cloud, "PUT", &path, Some(restrictions)).await;
        })
        .await;
    }
}

/// Nothing below one page: where a policy is to name it, the sample has to be asked first.
fn below(page: &str) -> &'static str {
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("below") @advice("it is below what is closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Page::"PARENT");
"#;
    policies.replace("PARENT", page).leak()
}

#[tokio::test]
async fn what_lies_below_a_page_is_found_nowhere() {
    for cloud in [false, true] {
        let plain = world("@id(\"all\") permit (principal, action, resource);", cloud).await;
        let (child, parent) = a_child(&plain, cloud).await;
        let seen = every_way_to_pages(&plain, &parent).await;
        end(&plain);
        let world = world(below(&parent), cloud).await;
        let named = format!("\"{child}\"");
        for ((way, text), (_, before)) in every_way_to_pages(&world, &parent).await.into_iter().zip(seen) {
            assert!(before.contains(&named), "{cloud} {way}: {before}");
            assert!(!text.contains(&named), "{cloud} {way}: {text}");
            let others = way.contains("children") || text.len() > 500;
            assert!(others, "{cloud} {way}: other pages are shown: {text}");
        }
        for page in [&child, &parent] {
            let answer = world.call("alice-token", "confluence_get_page", json!({"page_id": page})).await;
            assert!(answer.is_error && answer.text.contains("not visible"), "{cloud} {}", answer.text);
        }
        end(&world);
    }
}

#[tokio::test]
async fn what_lies_in_a_project_of_a_forbidden_category_is_found_nowhere() {
    let world = World::start(Setup { policies: Some(BY_CATEGORY), ..Setup::default() }).await;
    let read = async |key: &str| {
        let before = world.asked().await;
        let read = world.call("alice-token", "jira_get_issue", json!({"issue_key": key})).await;
        (read, world.asked().await - before)
    };
    let found = async || {
        let search = json!({"jql": "project in (OPS, DEV) ORDER BY key", "limit": 50});
        world.call("alice-token", "jira_search", search).await.text
    };
    assert!(!read("OPS-1").await.0.is_error, "it has none, as Jira says");
    assert!(is_named(&found().await, "OPS-1"));

    let confidential = json!({"key": "OPS", "projectCategory": {"name": "Confidential"}});
    let unknown = json!({"status": 500, "path": "/rest/api/2/project/OPS$"});
    for fault in [json!({"status": 200, "path": "/rest/api/2/project/OPS$", "body": confidential}), unknown] {
        world.faults(json!([fault])).await;
        let (hidden, asked) = read("OPS-1").await;
        let (absent, asked_in_vain) = read("OPS-9999").await;
        let absent = without_reference(&absent.text).replace("OPS-9999", "OPS-1");
        assert_eq!(without_reference(&hidden.text), absent, "{fault}");
        assert_eq!(asked, asked_in_vain, "hidden and absent take as many requests: {fault}");
        let some = found().await;
        assert!(is_named(&some, "DEV-1") && !some.contains("\"OPS-"), "{fault}: {some}");
        let listed = world.call("alice-token", "jira_get_all_projects", json!({})).await.text;
        assert!(is_named(&listed, "DEV") && !is_named(&listed, "OPS"), "{fault}: {listed}");
    }
    world.faults(json!([])).await;
    assert!(!read("OPS-1").await.0.is_error, "it is asked anew in every call");
    world.end();
}

/// Lets Jira say that DEV is of the category `Confidential`.
async fn make_confidential(world: &World, cloud: bool) {
    let mark = |project: &mut Value| {
        if project["key"] == "DEV" {
            project["projectCategory"] = json!({"name": "Confidential"});
        }
    };
    let list = if cloud { "/rest/api/3/project/search" } else { "/rest/api/2/project" };
    let (mut all, mut one) = (
        upstream(world, cloud, "GET", list, None).await,
        upstream(world, cloud, "GET", "/rest/api/2/project/DEV", None).await,
    );
    let listed = if cloud { &mut all["values"] } else { &mut all };
    listed.as_array_mut().unwrap().iter_mut().for_each(mark);
    mark(&mut one);
    world
        .faults(json!([
            {"path": format!("{list}$"), "status": 200, "body": all},
            {"path": "/rest/api/[23]/project/DEV$", "status": 200, "body": one},
        ]))
        .await;
}

#[tokio::test]
async fn a_query_that_names_what_no_condition_hides_is_no_other_than_one_that_names_what_is_absent() {
    let ways: [(&str, &str, &str); 11] = [
        ("project in (OPS, {})", "DEV", "NOS"),
        ("project != \"{}\"", "Development", "Nothing"),
        ("project in (OPS, {})", "10001", "10999"),
        ("key != {}", "DEV-1", "NOS-1"),
        ("key in (OPS-1, {})", "DEV-1", "OPS-9999"),
        ("parent = {} OR project = OPS", "DEV-1", "NOS-1"),
        ("fixVersion != \"{}\"", "v1.1", "v9.9"),
        ("component not in (\"{}\", Network)", "Backend", "Astrology"),
        ("sprint = {} OR project = OPS", "2", "9"),
        ("fixVersion in releasedVersions({}) OR project = OPS", "DEV", "NOS"),
        ("project = {} AND fixVersion = 2026.3", "DEV", "NOS"),
    ];
    for (cloud, policies) in
        [(false, BY_CATEGORY), (true, BY_CATEGORY), (false, BY_LIKENESS), (true, BY_LIKENESS)]
    {
        let world = world(policies, cloud).await;
        make_confidential(&world, cloud).await;
        let ask = async |jql: &str| {
            let before = world.asked().await;
            let found = world.call("alice-token", "jira_search", json!({"jql": jql, "limit": 3})).await;
            (found, world.asked().await - before)
        };
        for (query, hidden, absent) in ways {
            let (hidden, absent) = (query.replace("{}", hidden), query.replace("{}", absent));
            let _ = (ask(&hidden).await, ask(&absent).await);
            let nothing = ask(&absent).await;
            assert_eq!(ask(&hidden).await, nothing, "{cloud} {hidden}");
            assert_eq!(nothing.0.json()["issues"], json!([]), "{cloud} {absent}");
        }
        for honest in [
            "project = OPS",
            "project = Operations AND key != OPS-2",
            "fixVersion = 2026.3 AND project in (OPS, SD)",
            "component in (Network, Storage) ORDER BY key",
        ] {
            let found = ask(honest).await.0.json();
            assert!(!found["issues"].as_array().unwrap().is_empty(), "{cloud} {honest}: {found}");
        }
        end(&world);
    }
}
