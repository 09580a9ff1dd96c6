//! Every fault of the upstream ends in a clear answer, an outcome on record and a count: table by table.

use serde_json::Value;
use serde_json::json;

use crate::support::Nobody;
use crate::support::Setup;
use crate::support::World;

/// Names a project and a space, so that every call about an object has to be looked up first.
const BY_PLACE: &str = r#"
@id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
@id("docs") permit (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"DOCS");
@id("search") permit (principal, action in Mcp::Action::"read", resource);
"#;

/// What a fault looks like from this side.
struct Fault {
    name: &'static str,
    /// As the control plane of the sample takes it, without method and path.
    injected: Value,
    /// What the caller is told, besides the name of the product.
    says: &'static str,
    outcome: &'static str,
    status: Option<u16>,
    /// The class of status in the metrics.
    class: &'static str,
}

fn faults() -> Vec<Fault> {
    let status = |status: u16| json!({"status": status, "body": {"errorMessages": ["canned words"]}});
    let upstream_error = |name, status: u16, injected, says| {
        let class = if status == 200 {
            "2xx"
        } else if status < 500 {
            "4xx"
        } else {
            "5xx"
        };
        Fault { name, injected, says, outcome: "upstream_error", status: Some(status), class }
    };
    let mut wait = status(429);
    wait["headers"] = json!({"Retry-After": "40"});
    vec![
        upstream_error("401", 401, status(401), "answered 401: canned words"),
        upstream_error("403", 403, status(403), "does not let this account do that"),
        upstream_error("404", 404, status(404), "answered 404: canned words"),
        upstream_error("429", 429, wait, "Wait 40 seconds before the next call"),
        upstream_error("500", 500, status(500), "canned words. The fault is on the server's side"),
        upstream_error("503", 503, status(503), "The fault is on the server's side; try again later"),
        upstream_error("login page", 200, json!({"kind": "html"}), "probably a login page or a proxy"),
        Fault {
            name: "reset",
            injected: json!({"kind": "reset"}),
            says: "cannot be reached (the connection broke off); the administrator's log has the cause",
            outcome: "upstream_unreachable",
            status: None,
            class: "none",
        },
        Fault {
            name: "cut",
            injected: json!({"kind": "truncate"}),
            says: "answer (200) could not be read: the answer broke off",
            outcome: "upstream_error",
            status: Some(200),
            class: "2xx",
        },
        Fault {
            name: "not JSON",
            injected: json!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": "{\"a\":"}),
            says: "answer (200) could not be read: not JSON",
            outcome: "upstream_error",
            status: Some(200),
            class: "2xx",
        },
    ]
}

/// A call of a tool, and the request of it that fails.
struct Step {
    tool: &'static str,
    arguments: Value,
    access: &'static str,
    product: &'static str,
    title: &'static str,
    method: &'static str,
    path: &'static str,
}

fn search(product: &'static str) -> Step {
    let (tool, arguments, title, path) = match product {
        "jira" => ("jira_search", json!({"jql": "project = OPS"}), "Jira", "^/rest/api/2/search"),
        _ => ("confluence_search", json!({"query": "type = page"}), "Confluence", "^/rest/api/search"),
    };
    Step { tool, arguments, access: "read", product, title, method: "GET", path }
}

fn account(product: &'static str) -> Step {
    let path = if product == "jira" { "^/rest/api/2/myself" } else { "^/rest/api/user/current" };
    Step { path, ..search(product) }
}

fn place(product: &'static str) -> Step {
    let (tool, arguments, title, path) = match product {
        "jira" => (
            "jira_add_comment",
            json!({"issue_key": "OPS-1", "body": "x"}),
            "Jira",
            "^/rest/api/2/issue/OPS-1$",
        ),
        _ => ("confluence_get_page", json!({"page_id": "65537"}), "Confluence", "^/rest/api/content/65537$"),
    };
    let access = if product == "jira" { "write" } else { "read" };
    Step { tool, arguments, access, product, title, method: "GET", path }
}

fn write(product: &'static str) -> Step {
    let page = json!({"space_key": "DOCS", "title": "New", "content": "x"});
    match product {
        "jira" => Step { method: "POST", path: "^/rest/api/2/issue/OPS-1/comment", ..place("jira") },
        _ => Step {
            tool: "confluence_create_page",
            arguments: page,
            access: "write",
            method: "POST",
            path: "^/rest/api/content$",
            ..place("confluence")
        },
    }
}

/// What is left of a call.
struct Left {
    text: String,
    /// The outcome record.
    record: Value,
}

/// Makes one call fail, and checks what every failed call must leave behind.
async fn fail(world: &World, step: &Step, injected: &Value, outcome: &str, class: &str) -> Left {
    let mut fault = injected.clone();
    fault["method"] = step.method.into();
    fault["path"] = step.path.into();
    world.faults(json!([fault])).await;
    let requests = format!(
        "portcullis_upstream_requests_total{{class=\"{class}\",instance=\"default\",product=\"{}\"}}",
        step.product
    );
    let (ended, asked) = (world.ended(step.tool, step.access, outcome).await, world.metric(&requests).await);
    let known = outcomes(world, step.tool).len();

    let failed = world.call("alice-token", step.tool, step.arguments.clone()).await;
    let (tool, text) = (step.tool, failed.text);
    assert!(failed.is_error, "{tool}: {text}");
    for secret in ["alice-token", "Bearer", "127.0.0.1"] {
        assert!(!text.contains(secret), "{tool}: {text}");
    }
    let records = outcomes(world, tool);
    assert_eq!(records.len(), known + 1, "{tool}: {text}");
    let record = records.into_iter().next_back().unwrap();
    assert_eq!(record["outcome"], outcome, "{tool}: {text} {record}");
    assert_eq!(world.ended(tool, step.access, outcome).await, ended + 1, "{tool}: {text}");
    assert!(world.metric(&requests).await > asked, "{tool}: {class} is not counted");
    assert_eq!(world.metric("portcullis_tool_calls_in_flight").await, 0);
    world.faults(json!([])).await;
    Left { text, record }
}

fn outcomes(world: &World, tool: &str) -> Vec<Value> {
    let records = world.audit().into_iter();
    records.filter(|record| record["stage"] == "outcome" && record["tool"] == tool).collect()
}

/// The last request upstream that the record knows.
fn last_upstream(record: &Value) -> Value {
    record["upstream"]
        .as_array()
        .unwrap()
        .last()
        .unwrap_or_else(|| panic!("nothing was asked: {record}"))
        .clone()
}

#[tokio::test]
async fn a_fault_during_the_call_is_told_recorded_and_counted() {
    let world = World::start(Setup::default()).await;
    for step in ["jira", "confluence"].map(search) {
        assert!(!world.call("alice-token", step.tool, step.arguments.clone()).await.is_error);
        for Fault { name, injected, says, outcome, status, class } in faults() {
            let left = fail(&world, &step, &injected, outcome, class).await;
            assert!(left.text.contains(step.title) && left.text.contains(says), "{name}: {}", left.text);
            assert_eq!(left.record["status"], json!(status), "{name}");
            assert_eq!(last_upstream(&left.record)["status"], json!(status), "{name}");
            assert_eq!(left.record["principal"]["id"], "alice", "{name}");
        }
        let recovered = world.call("alice-token", step.tool, step.arguments.clone()).await;
        assert!(!recovered.is_error, "{recovered:?}");
    }
    let log = world.stderr();
    assert!(
        log.contains("jira_search") && log.contains("127.0.0.1") && !log.contains("alice-token"),
        "{log}"
    );
    world.end();
}

#[tokio::test]
async fn an_account_that_cannot_be_asked_for_denies_the_call() {
    let world = World::start(Setup::default()).await;
    for step in ["jira", "confluence"].map(account) {
        for Fault { name, injected, says, outcome, status, class } in faults() {
            // A credential that is not accepted is a 401 over HTTP: see the edges of HTTP.
            if status == Some(401) {
                continue;
            }
            let left = fail(&world, &step, &injected, outcome, class).await;
            assert!(left.text.contains(step.title) && left.text.contains(says), "{name}: {}", left.text);
            assert_eq!(left.record["status"], json!(status), "{name}");
            assert_eq!(left.record["principal"], Value::Null, "{name}");
        }
    }
    let asked = world.requests().await;
    assert!(asked.iter().all(|request| !request.contains("search")), "{asked:?}");
    assert_eq!(intents(&world), 0);
    world.end();
}

#[tokio::test]
async fn an_object_that_cannot_be_looked_up_denies_the_call() {
    let world = World::start(Setup { policies: Some(BY_PLACE), ..Setup::default() }).await;
    for step in ["jira", "confluence"].map(place) {
        for Fault { name, injected, says, outcome, status, class } in faults() {
            let hidden = matches!(status, Some(403 | 404));
            let (says, outcome) = if hidden {
                ("does not exist or is not visible to you", "not_visible")
            } else {
                (says, outcome)
            };
            let left = fail(&world, &step, &injected, outcome, class).await;
            assert!(left.text.contains(says), "{name}: {}", left.text);
            assert!(hidden || left.text.contains(step.title), "{name}: {}", left.text);
            assert_eq!(last_upstream(&left.record)["status"], json!(status), "{name}");
        }
    }
    let asked = world.requests().await;
    assert!(asked.iter().all(|request| request.starts_with("GET ")), "{asked:?}");
    assert_eq!(intents(&world), 0);
    for step in ["jira", "confluence"].map(place) {
        let recovered = world.call("alice-token", step.tool, step.arguments).await;
        assert!(!recovered.is_error, "a failed look-up is not remembered: {recovered:?}");
    }
    world.end();
}

#[tokio::test]
async fn a_change_that_may_have_been_made_is_said_to_be_in_doubt() {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    for step in ["jira", "confluence"].map(write) {
        for Fault { name, injected, says, outcome, status, class } in faults() {
            let hidden = status == Some(404);
            let (says, outcome) = if hidden {
                ("does not exist or is not visible to you", "not_visible")
            } else {
                (says, outcome)
            };
            // What stands in front of Jira says 503 also after it has passed a request on.
            let in_doubt = matches!(status, None | Some(200 | 500 | 503));
            let says = if status == Some(503) { "The fault is on the server's side" } else { says };
            let left = fail(&world, &step, &injected, outcome, class).await;
            assert!(left.text.contains(says), "{name}: {}", left.text);
            let said = left.text.contains("look before you ask for it again");
            assert_eq!(said, in_doubt, "{name}: {}", left.text);
            let recorded = if in_doubt { json!(true) } else { Value::Null };
            assert_eq!(left.record["in_doubt"], recorded, "{name}: {}", left.record);
            assert!(!(in_doubt && left.text.contains("try again later")), "{name}: {}", left.text);
            let sent = last_upstream(&left.record);
            assert_eq!((&sent["method"], &sent["status"]), (&json!("POST"), &json!(status)), "{name}");
        }
        let recovered = world.call("alice-token", step.tool, step.arguments.clone()).await;
        assert!(!recovered.is_error, "{recovered:?}");
    }
    world.end();
}

#[tokio::test]
async fn a_product_that_nobody_serves_does_not_take_the_other_with_it() {
    let nobody = Nobody::bind();
    for (down, up, variable) in [("jira", "confluence", "JIRA_URL"), ("confluence", "jira", "CONFLUENCE_URL")]
    {
        let variables = vec![(variable, nobody.url())];
        let world = World::start(Setup { variables, ..Setup::default() }).await;
        let (step, well) = (search(down), search(up));
        let left = fail(&world, &step, &json!({}), "upstream_unreachable", "none").await;
        let says = "cannot be reached (connection refused); the administrator's log has the cause";
        assert!(left.text.contains(step.title) && left.text.contains(says), "{}", left.text);
        let log = world.stderr();
        assert!(log.contains(&nobody.url()) && log.contains(step.tool) && log.contains("refused"), "{log}");
        let answered = world.call("alice-token", well.tool, well.arguments).await;
        assert!(!answered.is_error, "{answered:?}");
        world.end();
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_ends_at_the_deadline() {
    let variables =
        vec![("PORTCULLIS_SERVER__DEADLINE_SECONDS", "1".to_owned()), ("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup { variables, policies: Some(BY_PLACE), ..Setup::default() }).await;
    let both = ["jira", "confluence"];
    let rounds = [
        both.map(account).into(),
        both.map(place).into_iter().chain(both.map(search)).collect(),
        Vec::from(both.map(write)),
    ];
    for round in &rounds {
        world.faults(round.iter().map(hanging).collect()).await;
        futures::future::join_all(round.iter().map(|step| end_late(&world, step))).await;
    }
    let given_up = async || {
        let unanswered: Vec<Value> =
            world.log().await.into_iter().filter(|entry| entry["status"].is_null()).collect();
        unanswered.len() >= 8 && unanswered.iter().all(|entry| entry["client_gone"] == json!(true))
    };
    world.until("the end of every hanging request", given_up).await;
    assert_eq!(world.metric("portcullis_tool_calls_in_flight").await, 0);
    world.end();
}

fn hanging(step: &Step) -> Value {
    json!({"kind": "hang", "method": step.method, "path": step.path})
}

async fn end_late(world: &World, step: &Step) {
    let ended = world.ended(step.tool, step.access, "deadline").await;
    let failed = world.call("alice-token", step.tool, step.arguments.clone()).await;
    assert!(failed.is_error && failed.text.contains("took longer than 1 s and was ended"), "{failed:?}");
    assert_eq!(world.ended(step.tool, step.access, "deadline").await, ended + 1, "{}", step.tool);
    let records = outcomes(world, step.tool);
    let last = records.last().unwrap();
    assert_eq!(last["outcome"], "deadline", "{}", step.tool);
    let in_doubt = if step.method == "POST" { json!(true) } else { Value::Null };
    assert_eq!(last["in_doubt"], in_doubt, "{last}");
}

fn intents(world: &World) -> usize {
    world.audit().iter().filter(|record| record["stage"] == "intent").count()
}

#[tokio::test]
async fn a_list_without_end_is_cut_and_says_so() {
    // Data Center answers with all there is at once: there is no page to ask for after the first.
    for (cloud, asked) in [(false, 1), (true, 50)] {
        let world = World::start(Setup { cloud, ..Setup::default() }).await;
        let page = json!({"total": 7000, "worklogs": [{"id": "1"}]});
        world.faults(json!([{"path": "/worklog$", "status": 200, "body": page}])).await;
        let arguments = json!({"issue_key": "OPS-1", "include": "worklogs"});
        let shown = world.call("alice-token", "jira_get_issue", arguments).await.json();
        assert_eq!(shown["not_included"]["worklogs"], format!("only the first {asked} of 7000"), "{shown}");
        assert_eq!(shown["worklogs"].as_array().map(Vec::len), Some(asked), "{shown}");
        world.end();
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_and_a_broken_one_is_not_remembered() {
    let world = World::start(Setup::default()).await;
    world.faults(json!([{"path": "/issue/OPS-1$|/content/", "kind": "endless"}])).await;
    for (tool, arguments, product) in [
        ("jira_get_issue", json!({"issue_key": "OPS-1"}), "Jira"),
        ("confluence_get_page", json!({"page_id": "98306"}), "Confluence"),
    ] {
        let called = world.call("alice-token", tool, arguments).await;
        assert!(called.is_error && called.text.contains("is larger than"), "{called:?}");
        assert!(called.text.starts_with(product), "{called:?}");
    }
    world.faults(json!([{"path": "/issueLinkType$", "status": 200, "body": {"odd": []}, "times": 1}])).await;
    let refused = world.call("alice-token", "jira_get_link_types", json!({})).await;
    assert!(refused.is_error && refused.text.contains("no types of links"), "{refused:?}");
    let called = world.call("alice-token", "jira_get_link_types", json!({})).await;
    assert!(!called.is_error, "{called:?}");
    world.end();
}
