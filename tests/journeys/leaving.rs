//! A client that goes away takes its call with it: the request upstream is dropped, the record says `abandoned`.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::line::Session;

const SEARCH: &str = "^/rest/api/2/search";

fn hang(path: &str) -> Value {
    json!([{"kind": "hang", "path": path}])
}

fn is_abandoned(record: &Value, tool: &str) -> bool {
    record["stage"] == "outcome" && record["tool"] == tool && record["outcome"] == "abandoned"
}

/// The requests upstream that have no answer yet, and whether their client has gone.
async fn unanswered(world: &World) -> Vec<bool> {
    let log = world.log().await;
    let open = log.iter().filter(|entry| entry["status"].is_null());
    open.map(|entry| entry["client_gone"] == json!(true)).collect()
}

#[tokio::test]
async fn a_dropped_connection_abandons_the_call() {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    for (tool, access, arguments, path, audited) in [
        ("jira_search", "read", json!({"jql": "project = OPS"}), "^/rest/api/2/myself", "identify"),
        ("jira_search", "read", json!({"jql": "project = OPS"}), SEARCH, "jira_search"),
        (
            "confluence_get_page",
            "read",
            json!({"page_id": "65537"}),
            "^/rest/api/content",
            "confluence_get_page",
        ),
        (
            "jira_add_comment",
            "write",
            json!({"issue_key": "OPS-1", "body": "x"}),
            "/comment$",
            "jira_add_comment",
        ),
    ] {
        world.faults(hang(path)).await;
        let before = unanswered(&world).await.len();
        {
            let call = world.call("alice-token", tool, arguments);
            let reached =
                world.until("the request upstream", async || unanswered(&world).await.len() > before);
            tokio::select! {
                answer = call => panic!("{tool}: {answer:?}"),
                () = reached => {}
            }
            // Leaving this block drops the call, and with it the connection.
        }
        let all_gone = async || unanswered(&world).await.iter().all(|gone| *gone);
        world.until("the end of the request upstream", all_gone).await;
        let record = world.until_audited(|record| is_abandoned(record, audited)).await;
        assert_eq!(record["code"], "PC1006");
        assert!(record["duration_ms"].as_f64().unwrap() > 0.0, "{record}");
        let access = if audited == "identify" { "read" } else { access };
        world.until("the count", async || world.ended(audited, access, "abandoned").await == 1).await;
        assert_eq!(world.metric("portcullis_tool_calls_in_flight").await, 0);
    }
    world.faults(json!([])).await;
    assert!(!world.call("alice-token", "jira_search", json!({"jql": "project = OPS"})).await.is_error);
    world.end();
}

#[tokio::test]
async fn a_cancelled_request_abandons_the_call() {
    let mut session = Session::initialized(&[]).await;
    session.faults(hang(SEARCH)).await;
    let arguments = json!({"name": "jira_search", "arguments": {"jql": "project = OPS"}});
    session.send(&json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": arguments})).await;
    session.until("the request upstream", |log| log.iter().any(|entry| entry["status"].is_null())).await;
    let params = json!({"requestId": 7, "reason": "the user pressed stop"});
    session.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    let gone = |log: &[Value]| log.iter().any(|entry| entry["client_gone"] == json!(true));
    session.until("the end of the request upstream", gone).await;

    let answer = session.ask("ping", json!({})).await;
    assert!(answer.get("error").is_none(), "the server lives on: {answer}");
    let ended = session.end().await;
    assert_eq!((ended.code, ended.answers), (Some(0), Vec::new()), "a cancelled request has no answer");
    let records = crate::support::audit(&ended.home);
    assert!(records.iter().any(|record| is_abandoned(record, "jira_search")), "{records:#?}");
}

#[tokio::test]
async fn a_client_that_hangs_up_during_a_call_leaves_a_record() {
    let mut session = Session::initialized(&[("PORTCULLIS_SERVER__DEADLINE_SECONDS", "1")]).await;
    session.faults(hang(SEARCH)).await;
    let arguments = json!({"name": "jira_search", "arguments": {"jql": "project = OPS"}});
    session.send(&json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": arguments})).await;
    session.until("the request upstream", |log| log.iter().any(|entry| entry["status"].is_null())).await;
    let ended = session.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let records = crate::support::audit(&ended.home);
    let outcomes: Vec<&Value> = records.iter().filter(|record| record["stage"] == "outcome").collect();
    assert_eq!(outcomes.len(), 1, "{records:#?}");
    assert!(matches!(outcomes[0]["outcome"].as_str(), Some("abandoned" | "deadline")), "{outcomes:#?}");
    assert_eq!(records.last().map(|record| &record["stage"]), Some(&json!("stop")), "{records:#?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_is_asked_to_stop_finishes_its_calls() {
    let mut world = World::start(Setup::default()).await;
    let (search, late) = (json!({"jql": "project = OPS", "limit": 1}), json!({"jql": "project = DEV"}));
    assert!(!world.call("alice-token", "jira_search", search.clone()).await.is_error);
    world.faults(json!([{"path": SEARCH, "delay_ms": 500}])).await;
    let stop = async {
        let under_way = async || !unanswered(&world).await.is_empty();
        world.until("the request upstream", under_way).await;
        world.terminate();
    };
    let (answer, ()) = tokio::join!(world.call("alice-token", "jira_search", search), stop);
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(world.ended_by_itself().await, Some(0), "{}", world.stderr());
    let late = world.http.post(&world.endpoint).json(&late).send().await;
    assert!(late.is_err(), "nobody listens any more: {late:?}");
    let records = world.audit();
    assert_eq!(records.last().map(|record| &record["stage"]), Some(&json!("stop")), "{records:#?}");
    let outcomes =
        records.iter().filter(|record| record["stage"] == "outcome" && record["tool"] == "jira_search");
    assert!(outcomes.map(|record| &record["outcome"]).eq([&json!("ok"), &json!("ok")]), "{records:#?}");
    world.end();
}
