//! Each promise of the README as a journey through the real binary, in front of the sample upstream.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::reading_tools;

/// Everybody reads, nobody but the group security sees SECRET; OPS is closed to bob; alice may comment in OPS.
const POLICIES: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("secret") @advice("SECRET is closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET")
unless { principal in Id::Group::"jira:security" };
@id("secrets") @advice("SECRETS is closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"SECRETS")
unless { principal in Id::Group::"confluence:security" };
@id("ops") @advice("bob is kept out of OPS")
forbid (principal == Id::User::"bob", action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
@id("comment") permit (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"OPS");
@id("dev") @advice("DEV takes comments by request only")
forbid (principal, action in Mcp::Action::"jira:write", resource in Jira::Project::"DEV");
"#;

async fn world() -> World {
    World::start(Setup { policies: Some(POLICIES), ..Setup::default() }).await
}

/// An answer without what may differ: the reference and the caller's own words.
fn bare(answer: &Value, named: &str) -> String {
    let text = answer.to_string();
    let (before, after) = text.split_once("(reference ").unwrap_or_else(|| panic!("no reference: {text}"));
    let (reference, rest) = after.split_once(')').unwrap();
    assert_eq!(reference.len(), 32, "{text}");
    format!("{before}{rest}").replace(named, "*")
}

#[tokio::test]
async fn hidden_and_absent_differ_in_no_byte_but_the_reference() {
    let world = world().await;
    let pairs = [
        (
            "jira_get_issue",
            json!({"issue_key": "SECRET-1"}),
            "SECRET-1",
            json!({"issue_key": "SECRET-999"}),
            "SECRET-999",
        ),
        (
            "jira_get_issue",
            json!({"issue_key": "secret-1"}),
            "SECRET-1",
            json!({"issue_key": "NOPE-1"}),
            "NOPE-1",
        ),
        ("confluence_get_page", json!({"page_id": "81921"}), "81921", json!({"page_id": "999999"}), "999999"),
        (
            "confluence_get_page",
            json!({"title": "Nothing of this name", "space_key": "SECRETS"}),
            "SECRETS",
            json!({"title": "Nothing of this name", "space_key": "DOCS"}),
            "DOCS",
        ),
        (
            "jira_add_comment",
            json!({"issue_key": "SECRET-1", "body": "x"}),
            "SECRET-1",
            json!({"issue_key": "OPS-999", "body": "x"}),
            "OPS-999",
        ),
    ];
    for (tool, hidden, hidden_name, absent, absent_name) in pairs {
        let ask = async |arguments: &Value| {
            world.rpc("alice-token", "tools/call", json!({"name": tool, "arguments": arguments})).await
        };
        let (hidden, absent) = (ask(&hidden).await, ask(&absent).await);
        assert_eq!(bare(&hidden, hidden_name), bare(&absent, absent_name), "{tool}");
        assert!(hidden.to_string().contains("does not exist or is not visible to you"), "{hidden}");
    }
    world.end();
}

#[tokio::test]
async fn a_lower_case_key_is_the_same_issue_for_policies() {
    let world = world().await;
    for key in ["OPS-1", "ops-1", " Ops-1 "] {
        let read = world.call("alice-token", "jira_get_issue", json!({"issue_key": key})).await.json();
        assert_eq!(read["key"], "OPS-1", "{key:?}");
        let denied = world.call("bob-token", "jira_get_issue", json!({"issue_key": key})).await;
        assert!(
            denied.is_error && denied.text.starts_with("issue OPS-1 does not exist or is not visible"),
            "{denied:?}"
        );
    }
    world.end();
}

#[tokio::test]
async fn a_denied_write_reaches_nobody_and_says_why() {
    let world = world().await;
    let denied =
        world.call("alice-token", "jira_add_comment", json!({"issue_key": "DEV-1", "body": "x"})).await;
    assert!(denied.is_error && denied.text.contains("DEV takes comments by request only"), "{denied:?}");
    let requests = world.requests().await;
    assert!(requests.iter().all(|request| request.starts_with("GET ")), "{requests:?}");
    let record = world.until_audited(|record| record["outcome"] == "denied").await;
    assert_eq!(record["decision"]["policies"], json!(["dev"]));
    assert_eq!(record["principal"], json!({"kind": "user", "id": "alice"}));
    let written =
        world.call("alice-token", "jira_add_comment", json!({"issue_key": "ops-1", "body": "**x**"})).await;
    assert_eq!(written.json()["body"], "**x**");
    assert!(
        world
            .metrics()
            .await
            .contains("portcullis_authz_decisions_total{decision=\"deny\",reason=\"policy\"} 1")
    );
    world.end();
}

#[tokio::test]
async fn search_results_hold_only_what_the_caller_may_view() {
    let world = world().await;
    let found =
        world.call("alice-token", "jira_search", json!({"jql": "ORDER BY project DESC", "limit": 50})).await;
    let page = found.json();
    // OPS-25 is an issue that names SECRET-1 in its own text; what may not be there is an object of SECRET.
    assert!(!found.text.contains("\"SECRET"), "{}", found.text);
    // Nothing of SECRET was asked for, so nothing had to be withheld, and what was counted is what alice may see.
    assert!(page.get("withheld").is_none() && page["total"] == 66, "{} {}", page["withheld"], page["total"]);
    let all = world
        .call("carol-token", "jira_search", json!({"jql": "project = SECRET", "limit": 50}))
        .await
        .json();
    assert!(!all["issues"].as_array().unwrap().is_empty());
    let pages =
        world.call("alice-token", "confluence_search", json!({"query": "type = page", "limit": 50})).await;
    assert!(
        !pages.text.contains("\"SECRETS\"") && !pages.json().as_array().unwrap().is_empty(),
        "{}",
        pages.text
    );
    world.end();
}

#[tokio::test]
async fn an_old_key_of_a_moved_issue_is_decided_on_where_it_lies_now() {
    let world = world().await;
    let read = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-900"})).await.json();
    assert_eq!(read["key"], "DEV-30", "alice sees where it was and where it is");
    let denied =
        world.call("alice-token", "jira_add_comment", json!({"issue_key": "OPS-900", "body": "x"})).await;
    assert!(denied.text.contains("DEV takes comments by request only"), "{denied:?}");
    world.end();
}

#[tokio::test]
async fn an_old_key_of_a_hidden_project_leads_nowhere() {
    let world = world().await;
    // bob sees DEV, where the issue lies by now, and nothing of OPS, where it was.
    world.call("bob-token", "jira_get_issue", json!({"issue_key": "DEV-30"})).await.json();
    let fields = |text: &str| json!({"issue_key": "DEV-2", "fields": text});
    for (tool, arguments) in [
        ("jira_get_issue", json!({"issue_key": "{}"})),
        ("jira_get_issue", json!({"issue_key": "{}", "fields": "Story Points"})),
        ("jira_add_comment", json!({"issue_key": "{}", "body": "x"})),
        ("jira_delete_issue", json!({"issue_key": "{}"})),
        ("jira_get_issues_development_info", json!({"issue_keys": "DEV-2,{}"})),
        ("jira_update_issue", fields(r#"{"parent": "{}"}"#)),
        ("jira_update_issue", fields(r#"{"customfield_10010": "{}"}"#)),
    ] {
        let ask = async |key: &str| {
            let arguments = arguments.to_string().replace("{}", key);
            let before = world.asked().await;
            let answer = world.call("bob-token", tool, serde_json::from_str(&arguments).unwrap()).await;
            let (text, _) = answer.text.split_once(" (reference").unwrap_or((&answer.text, ""));
            (text.replace(key, "KEY"), world.asked().await - before)
        };
        let _ = ask("OPS-9999").await;
        assert_eq!(ask("OPS-900").await, ask("OPS-9999").await, "{tool} {arguments}");
    }
    world.end();
}

#[tokio::test]
async fn read_only_is_the_default_and_says_how_to_change_it() {
    let world = World::start(Setup::default()).await;
    assert_eq!(world.tools("alice-token").await, reading_tools());
    for (tool, arguments) in [
        ("jira_add_comment", json!({"issue_key": "OPS-1", "body": "x"})),
        ("confluence_create_page", json!({"space_key": "DOCS", "title": "x", "content": "x"})),
    ] {
        let denied = world.call("alice-token", tool, arguments).await;
        assert!(
            denied.is_error && denied.text.contains("writes are off; set READ_ONLY_MODE=false"),
            "{denied:?}"
        );
    }
    let read = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    assert!(!read.is_error);
    let log = world.log().await;
    assert!(log.iter().all(|entry| entry["method"] == "GET"), "{log:#?}");
    assert!(
        !serde_json::to_string(&log).unwrap().contains("\"updateHistory\",\"true\""),
        "no visit is noted"
    );
    world.end();
}

#[tokio::test]
async fn ghsa_3r68_read_only_beats_policies_that_permit_writes() {
    let variables = vec![("READ_ONLY_MODE", "true".to_owned())];
    let policies = Some("@id(\"all\") permit (principal, action, resource);");
    let world = World::start(Setup { variables, policies, ..Setup::default() }).await;
    let denied =
        world.call("alice-token", "jira_add_comment", json!({"issue_key": "OPS-1", "body": "x"})).await;
    assert!(denied.is_error && denied.text.contains("writes are off"), "{denied:?}");
    world.end();
}

#[tokio::test]
async fn a_tool_that_is_off_looks_like_one_that_does_not_exist() {
    let variables = vec![("ENABLED_TOOLS", "jira_get_issue,confluence_search".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert_eq!(world.tools("alice-token").await, ["confluence_search", "jira_get_issue"]);
    let ask = async |tool: &str| {
        let answer = world.rpc("alice-token", "tools/call", json!({"name": tool, "arguments": {}})).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        answer.to_string().replace(tool, "*")
    };
    assert_eq!(ask("jira_search").await, ask("jira_nothing").await);
    world.until_audited(|record| record["code"] == "PC2002" && record["tool"] == "jira_search").await;
    world.end();
}

#[tokio::test]
async fn a_search_that_all_may_do_shows_only_what_each_may_view() {
    let listed = r#"
        @id("search") permit (principal, action in [Mcp::Action::"jira_search", Mcp::Action::"confluence_search"], resource);
        @id("ops") permit (principal, action in Mcp::Action::"jira:read", resource in Jira::Project::"OPS");
        @id("docs") permit (principal, action in Mcp::Action::"confluence:read", resource in Confluence::Space::"DOCS");
    "#;
    let excepted = r#"
        @id("read") permit (principal, action in Mcp::Action::"read", resource);
        @id("issue") @advice("no") forbid (principal, action == Mcp::Action::"jira:view_item", resource in Jira::Project::"SECRET");
        @id("page") @advice("no") forbid (principal, action == Mcp::Action::"confluence:view_item", resource in Confluence::Space::"SECRETS");
    "#;
    for policies in [listed, excepted] {
        let world = World::start(Setup { policies: Some(policies), ..Setup::default() }).await;
        let search = async |jql: &str| {
            let arguments = json!({"jql": jql, "fields": "summary"});
            let found = world.call("alice-token", "jira_search", arguments).await.json();
            let keys =
                found["issues"].as_array().unwrap().iter().map(|i| i["key"].as_str().unwrap().to_owned());
            keys.collect::<Vec<String>>()
        };
        let keys = search("key >= OPS-1 AND key <= OPS-99 OR summary ~ incident ORDER BY key DESC").await;
        assert!(keys.iter().all(|key| !key.starts_with("SECRET-")), "{keys:?}");
        // What names a hidden project finds as little as what names none.
        assert_eq!(search("project in (OPS, SECRET)").await, search("project in (OPS, NOPE)").await);
        assert!(!search("project = OPS").await.is_empty());
        let cql = json!({"query": "space in (DOCS, SECRETS)", "limit": 50});
        let found = world.call("alice-token", "confluence_search", cql).await.text;
        assert!(found.contains("\"DOCS\"") && !found.contains("\"SECRETS\""), "{found}");
        world.end();
    }
}

#[tokio::test]
async fn hidden_and_absent_cost_the_same_and_a_write_is_decided_on_the_place_of_now() {
    let policies = r#"
        @id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
    "#;
    let world = World::start(Setup { policies: Some(policies), ..Setup::default() }).await;
    let asked = async |key: &str| {
        let requests = world.requests().await;
        requests.iter().filter(|request| request.contains(&format!("/issue/{key}"))).count()
    };
    for key in ["SECRET-1", "SECRET-999"] {
        for _ in 0..3 {
            assert!(world.call("alice-token", "jira_get_issue", json!({"issue_key": key})).await.is_error);
        }
        assert_eq!(asked(key).await, 3, "{key}");
    }
    for _ in 0..2 {
        let comment = json!({"issue_key": "OPS-2", "body": "x"});
        assert!(!world.call("alice-token", "jira_add_comment", comment).await.is_error);
    }
    assert_eq!(asked("OPS-2").await, 4, "each comment is looked up for, and sent");
    world.end();
}

#[tokio::test]
async fn a_log_that_is_removed_admits_nothing_more() {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let comment = json!({"issue_key": "OPS-1", "body": "x"});
    assert!(!world.call("alice-token", "jira_add_comment", comment.clone()).await.is_error);
    let sent = async || world.requests().await.iter().filter(|request| request.starts_with("POST")).count();
    let before = sent().await;
    let directory = world.home.path().join("audit");
    let logs = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    logs.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .for_each(|path| std::fs::remove_file(path).unwrap());
    let refused = world.call("alice-token", "jira_add_comment", comment.clone()).await;
    assert!(refused.is_error && refused.text.contains("the log file was removed"), "{refused:?}");
    std::fs::remove_dir_all(&directory).unwrap();
    let refused = world.call("alice-token", "jira_add_comment", comment).await;
    assert!(refused.is_error && refused.text.contains("the audit log cannot be written"), "{refused:?}");
    assert_eq!(sent().await, before, "nothing is changed that nobody wrote down");
}

#[tokio::test]
async fn no_record_holds_the_value_of_an_argument() {
    let world = World::start(Setup::default()).await;
    for (tool, arguments) in [
        ("confluence_get_page", json!({"page_id": "canary-7f"})),
        ("jira_get_issue", json!({"issue_key": "OPS-1", "canary-7f": "canary-7f"})),
        ("jira_get_issue", json!({"issue_key": "OPS-1", "comment_limit": "canary-7f"})),
        ("jira_search", json!({"jql": "(canary-7f"})),
        ("jira_search", json!({"jql": "canary-7f = canary-7f"})),
    ] {
        assert!(world.call("alice-token", tool, arguments).await.is_error, "{tool}");
    }
    world.until_audited(|record| record["refused_arguments"] == json!(["page_id"])).await;
    let text = format!("{:?}", world.audit());
    assert!(!text.contains("canary-7f"), "{text}");
    world.end();
}

#[tokio::test]
async fn the_list_of_tools_is_the_callers_from_the_first_time() {
    let policies = r#"
        @id("read") permit (principal, action in Mcp::Action::"read", resource);
        @id("carol") permit (principal == Id::User::"carol", action == Mcp::Action::"confluence_create_page", resource);
    "#;
    let world = World::start(Setup { policies: Some(policies), ..Setup::default() }).await;
    let reads = reading_tools();
    assert_eq!(world.tools("alice-token").await, reads);
    assert!(!world.call("alice-token", "confluence_get_page", json!({"page_id": "65537"})).await.is_error);
    assert_eq!(world.tools("alice-token").await, reads);
    assert!(world.tools("carol-token").await.contains(&"confluence_create_page".to_owned()));
    world.end();
}

#[tokio::test]
async fn a_tool_that_policy_denies_can_look_like_one_that_does_not_exist() {
    let variables = vec![("PORTCULLIS_POLICY__DENIED_TOOLS", "hide".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let ask = async |tool: &str, arguments: Value| {
        let params = json!({"name": tool, "arguments": arguments});
        world.rpc("alice-token", "tools/call", params).await.to_string().replace(tool, "*")
    };
    let unknown = ask("jira_nothing", json!({})).await;
    assert_eq!(ask("jira_add_comment", json!({"issue_key": "OPS-1", "body": "x"})).await, unknown);
    assert_eq!(ask("jira_add_comment", json!({"wrong": 1})).await, unknown, "arguments tell nothing either");
    let record = world.until_audited(|record| record["code"] == "PC1004").await;
    assert_eq!((&record["tool"], &record["principal"]["id"]), (&json!("jira_add_comment"), &json!("alice")));
    assert!(!world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await.is_error);
    world.end();
}

#[tokio::test]
async fn the_operators_filters_are_a_boundary_for_every_tool() {
    let variables = vec![
        ("JIRA_PROJECTS_FILTER", "ops".to_owned()),
        ("CONFLUENCE_SPACES_FILTER", "DOCS".to_owned()),
        ("READ_ONLY_MODE", "false".to_owned()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let outside = [
        ("jira_get_issue", json!({"issue_key": "DEV-1"})),
        ("jira_add_comment", json!({"issue_key": "DEV-1", "body": "x"})),
        ("confluence_get_page", json!({"page_id": "81921"})),
        ("confluence_create_page", json!({"space_key": "SECRETS", "title": "x", "content": "x"})),
    ];
    for (tool, arguments) in outside {
        let refused = world.call("alice-token", tool, arguments).await;
        assert!(
            refused.is_error && refused.text.contains("does not exist or is not visible"),
            "{tool}: {refused:?}"
        );
    }
    let around = json!({"jql": "project = DEV) OR (project = DEV", "limit": 5});
    assert!(world.call("alice-token", "jira_search", around).await.is_error);
    let found =
        world.call("alice-token", "jira_search", json!({"jql": "project = DEV OR project = OPS"})).await;
    assert!(
        found.json()["issues"]
            .as_array()
            .unwrap()
            .iter()
            .all(|issue| issue["key"].as_str().unwrap().starts_with("OPS-"))
    );
    let written =
        world.call("alice-token", "jira_add_comment", json!({"issue_key": "OPS-1", "body": "x"})).await;
    assert!(!written.is_error, "{written:?}");
    world.end();
}

#[tokio::test]
async fn the_six_tools_work_on_cloud() {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup { variables, cloud: true, ..Setup::default() }).await;
    let call = async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();
    assert_eq!(call("jira_get_issue", json!({"issue_key": "OPS-1"})).await["key"], "OPS-1");
    let first = call("jira_search", json!({"jql": "project = OPS", "limit": 2})).await;
    assert_eq!((first["issues"].as_array().unwrap().len(), &first["complete"]), (2, &json!(false)));
    let next = json!({"jql": "project = OPS", "limit": 2, "page_token": first["next_page_token"]});
    assert_ne!(call("jira_search", next).await["issues"][0]["key"], first["issues"][0]["key"]);
    assert_eq!(
        call("jira_add_comment", json!({"issue_key": "OPS-1", "body": "**x**"})).await["body"],
        "**x**"
    );
    assert_eq!(call("confluence_get_page", json!({"page_id": "65537"})).await["metadata"]["id"], "65537");
    assert!(!call("confluence_search", json!({"query": "runbook"})).await.as_array().unwrap().is_empty());
    let page = json!({"space_key": "DOCS", "title": "New", "content": "# Hi", "parent_id": "65537"});
    assert_eq!(call("confluence_create_page", page).await["page"]["title"], "New");
    let live = json!({"space_key": "DOCS", "title": "Live", "content": "x", "subtype": "live"});
    assert_eq!(call("confluence_create_page", live).await["page"]["title"], "Live");
    world.end();
}

#[tokio::test]
async fn a_lent_credential_is_a_service_that_policies_can_name() {
    let variables = vec![
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true".to_owned()),
        ("PORTCULLIS_SERVER__SERVICE_NAME", "nightly".to_owned()),
        ("JIRA_PERSONAL_TOKEN", "svc-token".to_owned()),
        ("CONFLUENCE_PERSONAL_TOKEN", "svc-token".to_owned()),
    ];
    let policies = Some(
        "@id(\"nightly\") permit (principal == Id::Service::\"nightly\", action in Mcp::Action::\"read\", resource in Jira::Project::\"OPS\");",
    );
    let world = World::start(Setup { variables, policies, ..Setup::default() }).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}}});
    let answer: Value =
        world.http.post(&world.endpoint).json(&message).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    let own = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    assert!(own.is_error, "alice is not the service");
    let record = world.until_audited(|record| record["stage"] == "intent").await;
    assert_eq!(record["principal"], json!({"kind": "service", "id": "nightly"}));
    world.end();
}

#[tokio::test]
async fn raw_passes_raw() {
    let variables =
        vec![("READ_ONLY_MODE", "false".to_owned()), ("DISABLE_JIRA_MARKUP_TRANSLATION", "true".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let text = "h1. Title\n**not Markdown** {color:red}x{color}\r\n  # _a_ \u{202E}b ";
    let arguments = json!({"issue_key": "OPS-1", "body": text});
    let added = world.call("alice-token", "jira_add_comment", arguments).await.json();
    assert_eq!(added["body"], text, "{added}");
    let issue = json!({"issue_key": "OPS-1", "include": "comments", "comment_limit": 1});
    let shown = world.call("alice-token", "jira_get_issue", issue).await.json();
    assert_eq!(shown["comments"][0]["body"], text, "{shown}");
    world.end();
}
