//! stdio: every line has an answer, no line ends the server, and the end of the input loses nothing.

use serde_json::Value;
use serde_json::json;

use crate::support::line::Session;

fn call(id: u64, tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

#[tokio::test]
async fn a_broken_line_is_answered_and_the_server_lives_on() {
    let limits =
        [("PORTCULLIS_SERVER__BODY_LIMIT_BYTES", "4096"), ("PORTCULLIS_SERVER__NESTING_LIMIT", "16")];
    let mut session = Session::initialized(&limits).await;
    let long = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{{\"a\":\"{}\"}}}}",
        "x".repeat(1 << 20)
    );
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{{\"a\":{}{}}}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    for (name, line, code, id) in [
        ("no JSON", b"nonsense".as_slice(), -32700, Value::Null),
        ("half a message", br#"{"jsonrpc":"2.0","id":1,"#, -32700, Value::Null),
        ("not UTF-8", b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", -32700, Value::Null),
        ("a zero byte", b"\0", -32700, Value::Null),
        ("a line of LSP", b"Content-Length: 99\r", -32700, Value::Null),
        ("too long", long.as_bytes(), -32600, Value::Null),
        ("too deep", deep.as_bytes(), -32600, Value::Null),
        ("a batch", br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600, Value::Null),
        ("another version", br#"{"jsonrpc":"1.0","id":5,"method":"ping"}"#, -32600, json!(5)),
        ("no method", br#"{"jsonrpc":"2.0","id":"x"}"#, -32600, json!("x")),
        ("an unknown method", br#"{"jsonrpc":"2.0","id":6,"method":"tools/burn"}"#, -32601, json!(6)),
        (
            "parameters that are a list",
            br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}"#,
            -32602,
            json!(7),
        ),
        (
            "a call without a name",
            br#"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{}}"#,
            -32602,
            json!(8),
        ),
        (
            "an unknown tool",
            br#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"jira_nothing"}}"#,
            -32602,
            json!(9),
        ),
    ] {
        session.send_bytes(line).await;
        let answer = session.receive().await;
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{name}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{name}: {answer}");
    }
    // Blank lines, notifications nobody knows and stray answers are not answered.
    for line in [
        "",
        "  ",
        r#"{"jsonrpc":"2.0","method":"notifications/nothing"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        session.send_bytes(line.as_bytes()).await;
    }
    session.ask("ping", json!({})).await;
    let ended = session.end().await;
    assert_eq!((ended.code, ended.answers), (Some(0), Vec::new()), "{}", ended.stderr);
    let records = crate::support::audit(&ended.home);
    assert!(records.iter().any(|record| record["code"] == "PC2002"), "{records:#?}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_results_that_say_so() {
    let mut session = Session::initialized(&[]).await;
    for (tool, arguments, says) in [
        ("jira_get_issue", json!({}), "issue_key"),
        ("jira_get_issue", json!({"issue_kay": "OPS-1"}), "issue_kay"),
        ("jira_get_issue", json!({"issue_key": "OPS-1", "fieldz": "summary"}), "fieldz"),
        ("jira_get_issue", json!({"issue_key": 7}), "issue_key"),
        ("jira_get_issue", json!({"issue_key": "no key"}), "no key"),
        ("jira_get_issue", json!({"issue_key": "OPS-1/../../x"}), "issue_key"),
        ("jira_get_issue", json!({"issue_key": "OPS-1", "comment_limit": "many"}), "comment_limit"),
        ("jira_search", json!({"jql": "project = OPS", "limit": true}), "limit"),
        ("confluence_get_page", json!({}), "page_id"),
        ("confluence_get_page", json!({"page_id": "../x"}), "page_id"),
    ] {
        session.send(&call(1, tool, &arguments)).await;
        let answer = session.receive().await;
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(answer["result"]["isError"], true, "{arguments}: {answer}");
        assert!(text.contains(says), "{arguments}: {text}");
    }
    let ended = session.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let records = crate::support::audit(&ended.home);
    let refused = records.iter().filter(|record| record["outcome"] == "invalid_arguments");
    assert_eq!(refused.count(), 10, "{records:#?}");
    assert!(records.iter().all(|record| record["stage"] != "resolve"), "nothing was asked of Atlassian");
}

#[tokio::test]
async fn a_call_before_the_handshake_is_answered() {
    let mut session = Session::start(&[]).await;
    session.send(&call(1, "jira_get_issue", &json!({"issue_key": "OPS-1"}))).await;
    let answer = session.receive().await;
    assert_eq!(answer["id"], 1, "{answer}");
    assert!(answer["error"]["message"].is_string(), "{answer}");
    session.send(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping"})).await;
    assert_eq!(session.receive().await["id"], 2);
    session.initialize().await;
    session.send(&call(3, "jira_get_issue", &json!({"issue_key": "OPS-1"}))).await;
    let answer = session.receive().await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    assert_eq!(session.end().await.code, Some(0));
}

#[tokio::test]
async fn the_end_of_the_input_loses_no_answer() {
    let mut session = Session::initialized(&[]).await;
    session.faults(json!([{"path": "^/rest/api/2/search", "delay_ms": 300}])).await;
    for id in 1..=4 {
        session.send(&call(id, "jira_search", &json!({"jql": "project = OPS", "limit": 1}))).await;
    }
    session.send_bytes(br#"{"jsonrpc":"2.0","#).await;
    let ended = session.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut ids: Vec<String> = ended.answers.iter().map(|answer| answer["id"].to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["1", "2", "3", "4", "null"], "{:#?}", ended.answers);
    let results = ended.answers.iter().filter(|answer| answer["result"]["isError"] == json!(false));
    assert_eq!(results.count(), 4, "{:#?}", ended.answers);
}

#[tokio::test]
async fn an_id_is_that_of_one_open_request() {
    let mut session = Session::initialized(&[("READ_ONLY_MODE", "false")]).await;
    session.faults(json!([{"path": "/comment$", "delay_ms": 300}])).await;
    let comment = |body: &str| call(7, "jira_add_comment", &json!({"issue_key": "OPS-1", "body": body}));
    session.send(&comment("once")).await;
    session.send(&comment("twice")).await;
    let refused = session.receive().await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&Value::Null, &json!(-32600)), "{refused}");
    let answered = session.receive().await;
    assert!(answered["id"] == 7 && answered.to_string().contains("once"), "{answered}");
    session.send(&comment("again")).await;
    let answered = session.receive().await;
    assert!(answered["id"] == 7 && answered.to_string().contains("again"), "{answered}");
    assert_eq!(session.end().await.code, Some(0));
}

#[tokio::test]
async fn an_input_that_ends_at_once_is_a_quiet_end() {
    let ended = Session::start(&[]).await.end().await;
    assert_eq!((ended.code, ended.answers), (Some(0), Vec::new()), "{}", ended.stderr);
    let records = crate::support::audit(&ended.home);
    let stages: Vec<&str> = records.iter().filter_map(|record| record["stage"].as_str()).collect();
    assert_eq!(stages.last(), Some(&"stop"), "{stages:?}");
}

#[tokio::test]
async fn the_last_line_needs_no_line_end() {
    let mut session = Session::initialized(&[]).await;
    session.send_without_end(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    let ended = session.end().await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.answers.len(), 1, "{:?}", ended.answers);
}
