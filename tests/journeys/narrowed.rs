//! A search asks Atlassian for no more than the policies leave: pages come back full, and nothing tells what is hidden.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// Alice (`ops`) sees OPS but for one issue, bob (`dev`) DEV and SD, and SECRET where Jira lets him, which it does not;
/// carol sees nothing of Jira. Pages are for all but bob, SECRETS for carol.
const POLICIES: &str = r#"
@id("tools") permit (principal, action in Mcp::Action::"read", resource)
when { resource is Jira::Instance || resource is Confluence::Instance };
@id("ops") permit (principal in Id::Group::"jira:ops", action in Mcp::Action::"jira:read",
    resource in Jira::Project::"OPS");
@id("dev") permit (principal in Id::Group::"jira:dev", action in Mcp::Action::"jira:read", resource)
when { resource in [Jira::Project::"DEV", Jira::Project::"SD", Jira::Project::"SECRET"] };
@id("sd") @advice("SD is closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SD")
unless { context.session.method == "oauth" };
@id("pages") permit (principal, action in Mcp::Action::"confluence:read", resource is Confluence::Page)
unless { principal in Id::Group::"confluence:dev" };
@id("secrets") @advice("SECRETS is closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"SECRETS")
unless { principal in Id::Group::"confluence:security" };
"#;

async fn world(cloud: bool) -> World {
    let policies = Some(POLICIES);
    World::start(Setup { policies, cloud, ..Setup::default() }).await
}

fn keys(page: &Value) -> Vec<String> {
    let issues = page["issues"].as_array().unwrap_or_else(|| panic!("{page}"));
    issues.iter().map(|issue| issue["key"].as_str().unwrap().to_owned()).collect()
}

/// How many items the results of a tool lost.
async fn left_out(world: &World, tool: &str) -> u64 {
    world.metric(&format!("portcullis_results_filtered_total{{tool=\"{tool}\"}}")).await
}

/// How many searches for issues and pages reached the upstream.
async fn searches(world: &World) -> usize {
    let requests = world.requests().await;
    requests.iter().filter(|path| path.contains("/search") && !path.contains("/project/")).count()
}

#[tokio::test]
async fn pages_of_jira_come_back_full() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        for (token, project, all) in [("alice-token", "OPS-", 30), ("bob-token", "DEV-", 30)] {
            let mut found = Vec::new();
            let mut arguments = json!({"jql": "ORDER BY created DESC", "limit": 7});
            loop {
                let page = world.call(token, "jira_search", arguments.clone()).await.json();
                assert!(page.get("withheld").is_none(), "{cloud} {page}");
                // The condition is exact, so what is counted is the caller's own. Cloud does not count.
                assert_eq!(page["total"], if cloud { json!(-1) } else { json!(all) }, "{cloud} {token}");
                let here = keys(&page);
                found.extend(here.clone());
                if page["complete"] == true {
                    break;
                }
                assert_eq!(here.len(), 7, "{cloud} {page}");
                match page.get("next_page_token") {
                    Some(token) => arguments["page_token"] = token.clone(),
                    None => arguments["start_at"] = found.len().into(),
                }
            }
            assert_eq!(found.len(), all, "{cloud} {found:?}");
            assert!(found.iter().all(|key| key.starts_with(project)), "{cloud} {found:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn who_may_see_nothing_gets_an_empty_page_without_a_request() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let search = |jql: &str| json!({"jql": jql, "limit": 3});
        let nothing = world.call("carol-token", "jira_search", search("project = OPS")).await;
        assert_eq!(searches(&world).await, 0, "{cloud}");
        let empty = world.call("alice-token", "jira_search", search("project = OPS AND project = DEV")).await;
        assert_eq!(nothing, empty, "{cloud}");
        let pages = world.call("bob-token", "confluence_search", json!({"query": "runbook"})).await;
        assert_eq!(pages.json(), json!([]));
        assert_eq!(searches(&world).await, 1, "{cloud}");
        world.end();
    }
}

#[tokio::test]
async fn a_hidden_project_in_a_query_is_no_other_than_an_absent_one() {
    let pairs = [
        ("project = {}", "SECRET", "NOPE"),
        ("project = DEV OR project = {}", "SECRET", "NOPE"),
        ("project in (OPS, {}) ORDER BY key", "SECRET", "NOPE"),
        ("project = OPS AND project != {}", "SECRET", "NOPE"),
        ("NOT (project = {}) AND status = Done", "SECRET", "NOPE"),
        ("project != \"{}\"", "Security Incidents", "Nothing At All"),
        ("project != {}", "10002", "10999"),
        ("project != \"{}\"", "\\u0053ECRET", "\\u0053ECRUT"),
        ("key = {}", "SECRET-1", "SECRET-999"),
        ("key in (OPS-1, {})", "SECRET-1", "SECRET-999"),
        ("key != '{}'", "SECRET-1", "NOPE-1"),
        ("parent = {} OR project = OPS", "SECRET-1", "NOPE-1"),
        ("component = {}", "Forensics", "Astrology"),
        ("cf[10010] != {}", "SECRET-6", "SECRET-7"),
        ("customfield_10010 != {}", "SECRET-1", "SECRET-99"),
        ("'Epic Link' not in (OPS-1, {})", "SECRET-1", "SECRET-99"),
        ("id != {}", "1000201", "1000299"),
        ("issue not in (1000001, {})", "1000201", "1000299"),
        ("rank != {}", "1000201", "1000901"),
        ("sprint = {} OR project = OPS", "2", "9"),
        ("sprint not in (\"{}\") OR status = Done", "Sprint 2", "Sprint 9"),
        ("fixVersion != \"{}\"", "v2.0", "v9.9"),
        ("fixVersion = {} OR project = OPS", "1000150", "1999950"),
        ("component not in (\"{}\", Network)", "Backend", "Astrology"),
        ("fixVersion in releasedVersions({}) OR project = OPS", "DEV", "NOPE"),
        ("fixVersion in releasedVersions(\"{}\") OR project = OPS", "Development", "Nothing"),
        ("fixVersion in releasedVersions(\"{}\") OR project = OPS", "Security Incidents", "Nothing At All"),
    ];
    for cloud in [false, true] {
        let world = world(cloud).await;
        for board in [false, true] {
            for (query, hidden, absent) in pairs {
                let ask = async |named: &str| {
                    let before = world.requests().await.len();
                    let arguments = json!({"jql": query.replace("{}", named), "limit": 3, "board_id": "1"});
                    let mut arguments = arguments;
                    let tool = if board { "jira_get_board_issues" } else { "jira_search" };
                    if let (false, Value::Object(arguments)) = (board, &mut arguments) {
                        arguments.remove("board_id");
                    }
                    let answer = world.call("alice-token", tool, arguments).await;
                    (answer, world.requests().await.len() - before)
                };
                // Which projects the account sees is remembered once it was asked.
                let _ = (ask(hidden).await, ask(absent).await);
                let (one, other) = (ask(hidden).await, ask(absent).await);
                assert_eq!(one, other, "{cloud} {board} {query}");
                assert_eq!(keys(&one.0.json()), Vec::<String>::new(), "{cloud} {query}");
            }
        }
        let named = world.call("alice-token", "jira_search", json!({"jql": "project = Operations"})).await;
        assert_eq!(keys(&named.json()).len(), 10, "{cloud} by the name of a project that may be seen");
        for honest in [
            "component != Network",
            "fixVersion in unreleasedVersions(OPS)",
            "fixVersion not in (2026.3) AND component in (Network, Storage, Platform)",
            "labels != SECRET-1 AND labels != NOPE-1",
        ] {
            let found = world.call("alice-token", "jira_search", json!({"jql": honest})).await.json();
            assert!(!keys(&found).is_empty(), "{cloud} {honest}");
        }
        world.end();
    }
}

/// Mistakes are told whatever else is in the query, and Jira says all that is wrong with it at once.
#[tokio::test]
async fn a_mistake_beside_a_hidden_name_is_told_as_beside_an_absent_one() {
    const NAMED: [(&str, &str, &str); 12] = [
        ("project = {}", "DEV", "NOS"),
        ("project != {}", "SECRET", "NOPE"),
        ("project in (OPS, \"{}\")", "Security Incidents", "Nothing At All"),
        ("key = {}", "SECRET-1", "SECRET-999"),
        ("key != {}", "SECRET-1", "NOPE-1"),
        ("key = {}", "OPS-900", "OPS-901"),
        ("parent != {}", "OPS-900", "OPS-901"),
        ("id != {}", "1000201", "1000299"),
        ("sprint = {}", "2", "9"),
        ("fixVersion != \"{}\"", "v2.0", "v9.9"),
        ("fixVersion in releasedVersions({})", "DEV", "NOPE"),
        ("issue in linkedIssues({})", "DEV-30", "DEV-999"),
    ];
    const MISTAKES: [(&str, &str); 6] = [
        ("{} AND nope = 1", "Field 'nope' does not exist or you do not have permission to view it"),
        ("nope = 1 OR {} OR gone = 2", "permission to view it; Field 'gone' does not exist"),
        ("summary = x AND {}", "The operator '=' is not supported by the 'summary' field"),
        ("{} AND assignee = nobody()", "Unable to find JQL function 'nobody()'"),
        ("{} AND created > soon", "Date value 'soon'"),
        ("{} ORDER BY nope", "Field 'nope' does not exist"),
    ];
    for cloud in [false, true] {
        let world = world(cloud).await;
        let ask = async |board: bool, jql: String| {
            let before = world.asked().await;
            let answer = if board {
                let arguments = json!({"board_id": "1", "jql": jql});
                world.call("alice-token", "jira_get_board_issues", arguments).await
            } else {
                world.call("alice-token", "jira_search", json!({"jql": jql})).await
            };
            let text = answer.text.split(" (reference").next().unwrap().to_owned();
            (answer.is_error, text, world.asked().await - before)
        };
        // More names than there are messages in an answer.
        let many = |first: u32| {
            (first..first + 20).map(|number| format!("DEV-{number}")).collect::<Vec<_>>().join(", ")
        };
        let (hidden, absent) = (many(1), many(900));
        let many = ("key in ({})", hidden.as_str(), absent.as_str());
        for (query, hidden, absent) in NAMED.into_iter().chain([many]) {
            for (mistake, says) in MISTAKES {
                let of = |name: &str| mistake.replace("{}", &query.replace("{}", name));
                for board in [false, true] {
                    let _ = (ask(board, of(absent)).await, ask(board, of(hidden)).await);
                    let (one, other) = (ask(board, of(hidden)).await, ask(board, of(absent)).await);
                    assert_eq!(one, other, "{cloud} {board} {query} {mistake}");
                    assert!(one.0 && one.1.contains(says), "{cloud} {board} {query} {mistake}: {}", one.1);
                }
            }
        }
        world.end();
    }
}

#[tokio::test]
async fn mistakes_are_told_of_the_callers_own_query() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        for (jql, says) in [
            ("status === Done", "(line 1, character 9)"),
            ("nonsense = 1", "Field 'nonsense' does not exist"),
            ("nonsense = 1 AND project = SECRET", "Field 'nonsense' does not exist"),
            ("summary = x", "The operator '=' is not supported"),
            ("status = Done ORDER BY key -- project", "line 1"),
            ("status = Done /* x */", "line 1"),
            ("status = Done ORDER BY key) OR (project = SECRET", "`jql`: the query's brackets"),
            ("summary ~ \"a) OR (project = SECRET", "`jql`: the query has a quote"),
        ] {
            let refused = world.call("alice-token", "jira_search", json!({"jql": jql})).await;
            assert!(refused.is_error && refused.text.contains(says), "{cloud} {jql}: {}", refused.text);
            assert!(!refused.text.contains("OPS"), "{cloud} {jql}: {}", refused.text);
        }
        for jql in [
            "summary ~ \"order by ) OR (project = SECRET\" OR project = OPS ORDER BY key",
            "summary ~ 'order by' OR status = Done order  by created",
            "text ~ \"a\\\") OR (project = SECRET\" OR status = Done",
            "ORDER BY project DESC",
        ] {
            let found =
                world.call("alice-token", "jira_search", json!({"jql": jql, "limit": 50})).await.json();
            let keys = keys(&found);
            assert!(
                !keys.is_empty() && keys.iter().all(|key| key.starts_with("OPS-")),
                "{cloud} {jql}: {keys:?}"
            );
        }
        let cql = world.call("alice-token", "confluence_search", json!({"query": "type === page"})).await;
        assert!(cql.is_error && cql.text.contains("type === page"), "{}", cql.text);
        assert!(!cql.text.contains("SECRETS"), "{}", cql.text);
        world.end();
    }
}

#[tokio::test]
async fn pages_of_confluence_come_back_full() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let call = async |query: &str, limit: u64| {
            let arguments = json!({"query": query, "limit": limit});
            world.call_all("alice-token", "confluence_search", arguments).await
        };
        let all = call("type = page", 50).await;
        assert!(!all.text.contains("withheld") && !all.text.contains("\"SECRETS\""), "{cloud} {}", all.text);
        assert_eq!(all.json().as_array().unwrap().len(), 28, "{cloud}");
        // The home page of SECRETS is younger than most.
        let some = call("type = page ORDER BY created DESC", 5).await;
        let (pages, note) = some.text.split_once('\n').unwrap();
        assert_eq!(serde_json::from_str::<Value>(pages).unwrap().as_array().unwrap().len(), 5);
        let note: Value = serde_json::from_str(note).unwrap();
        assert_eq!((&note["complete"], &note["total"]), (&json!(false), &json!(28)), "{cloud} {note}");
        assert!(note.get("withheld").is_none(), "{cloud} {note}");
        for (hidden, absent) in [
            ("space = SECRETS", "space = NOPE"),
            ("space in (DOCS, SECRETS)", "space in (DOCS, NOPE)"),
            ("type = page AND space != SECRETS", "type = page AND space != NOPE"),
            ("id = 81921", "id = 81999"),
            ("ancestor = 81921 OR title ~ backup", "ancestor = 81999 OR title ~ backup"),
            ("title ~ \"Emergency access\"", "title ~ \"Emergency nothing\""),
        ] {
            assert_eq!(call(hidden, 50).await, call(absent, 50).await, "{cloud} {hidden}");
        }
        world.end();
    }
}

#[tokio::test]
async fn what_no_query_can_say_is_decided_item_by_item() {
    let policies = r#"
        @id("tools") permit (principal, action in Mcp::Action::"read", resource is Jira::Instance);
        @id("ops") permit (principal, action in Mcp::Action::"jira:read", resource in Jira::Project::"OPS");
        @id("teens") @advice("no") forbid (principal, action in Mcp::Action::"jira:read", resource is Jira::Issue)
        when { resource.key like "OPS-1*" };
        @id("gone") permit (principal, action in Mcp::Action::"jira:read", resource == Jira::Issue::"DEV-999");
    "#;
    for cloud in [false, true] {
        let world = World::start(Setup { policies: Some(policies), cloud, ..Setup::default() }).await;
        let jql = json!({"jql": "issuetype != Epic ORDER BY key", "limit": 50});
        let found = world.call("alice-token", "jira_search", jql).await.json();
        // DEV-999 is not there, so Jira refuses the condition, and the caller's own query is asked.
        let keys = keys(&found);
        assert!(
            !keys.is_empty() && keys.iter().all(|key| key.starts_with("OPS-") && !key.starts_with("OPS-1"))
        );
        // How many were left out is in the metrics, and not told to who chose the words.
        assert!(found.get("withheld").is_none() && found["total"] == -1, "{cloud} {found}");
        assert!(left_out(&world, "jira_search").await > 0, "{cloud}");
        let record = world.until_audited(|record| record["search"]["narrowing"] == "unknown").await;
        assert_eq!((&record["search"]["exact"], &record["outcome"]), (&json!(false), &json!("ok")));
        world.end();
    }
}

/// With what narrows it, a query may be more than Jira takes. The page of the caller's own would end where it tells of
/// what is hidden.
#[tokio::test]
async fn a_query_that_is_too_deep_with_the_condition_is_refused() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let deep = |inner: &str, depth| format!("{}{inner}{}", "(".repeat(depth), ")".repeat(depth));
        let ask = async |text: &str, depth| {
            let jql = deep(&format!("summary ~ \"{text}\" OR key = OPS-1"), depth);
            world.call("alice-token", "jira_search", json!({"jql": jql, "limit": 1})).await
        };
        let flat = ask("undo a deletion", 1).await.json();
        assert_eq!(
            (keys(&flat), &flat["complete"]),
            (vec!["OPS-1".to_owned()], &json!(true)),
            "{cloud} {flat}"
        );
        let [hidden, absent] = [ask("undo a deletion", 64).await, ask("undo a deletzzz", 64).await];
        assert!(hidden.is_error && absent.is_error, "{cloud} {hidden:?} {absent:?}");
        let named = |text: &str| text.split(" (reference").next().unwrap().to_owned();
        assert_eq!(named(&hidden.text), named(&absent.text), "{cloud}");
        world.end();
    }
}

#[tokio::test]
async fn the_record_says_how_a_search_was_narrowed() {
    let world = world(false).await;
    world.call("alice-token", "jira_search", json!({"jql": "status = Done"})).await.json();
    world.call("carol-token", "jira_search", json!({"jql": "status = Done"})).await.json();
    world.call("alice-token", "jira_get_project_issues", json!({"project_key": "OPS"})).await.json();
    world.call("alice-token", "confluence_search", json!({"query": "runbook"})).await.json();
    let outcomes: Vec<Value> =
        world.audit().into_iter().filter_map(|record| record.get("search").cloned()).collect();
    let narrowing: Vec<&Value> = outcomes.iter().map(|search| &search["narrowing"]).collect();
    assert_eq!(narrowing, ["condition", "nothing", "everything", "condition"]);
    // `printf 'project = OPS' | sha256sum`
    let hash = "c7ec8aabad85744b773af3fe12c7a65dc63ff9704222bcc03fab642f70c31834";
    assert_eq!(outcomes[0]["condition"], hash);
    assert_eq!(outcomes[1]["condition"], Value::Null);
    assert!(outcomes.iter().all(|search| search["exact"] == true), "{outcomes:?}");
    world.end();
}
