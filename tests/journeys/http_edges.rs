//! What the HTTP endpoint refuses before dispatch: the status, the words, and the record of each.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::reading_tools;
use crate::support::wire::Answer;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const JSON: &str = "Content-Type: application/json\r\n";
const ALICE: &str = "Authorization: Bearer alice-token\r\n";
const HOST: &str = "Host: localhost\r\n";
const LIMIT: usize = 4096;

async fn world() -> World {
    let variables = vec![
        ("PORTCULLIS_SERVER__BODY_LIMIT_BYTES", LIMIT.to_string()),
        ("PORTCULLIS_SERVER__NESTING_LIMIT", "16".to_owned()),
    ];
    World::start(Setup { variables, ..Setup::default() }).await
}

fn refusals(world: &World) -> Vec<Value> {
    world.audit().into_iter().filter(|record| record["stage"] == "refusal").collect()
}

/// Checks what every refusal has: its status, a JSON-RPC error, one record, one count.
async fn refused(world: &World, name: &str, status: u16, answer: impl Future<Output = Answer>) -> Answer {
    let series = format!("portcullis_requests_refused_total{{status=\"{status}\"}}");
    let (records, counted) = (refusals(world).len(), world.metric(&series).await);
    let answer = answer.await;
    assert_eq!(answer.status, status, "{name}: {answer:?}");
    let message = answer.json();
    assert_eq!(message["jsonrpc"], "2.0", "{name}: {message}");
    assert!(message["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{name}: {message}");
    // The first of its reason has a record, the others are counted.
    let all = refusals(world);
    let of_status = all.iter().filter(|record| record["status"] == status);
    assert!(of_status.clone().count() > 0 && all.len() <= records + 1, "{name}: {all:?}");
    for record in of_status {
        assert_eq!((&record["code"], &record["address"]), (&json!("PC2001"), &json!("127.0.0.1")), "{name}");
    }
    assert_eq!(world.metric(&series).await, counted + 1, "{name}");
    answer
}

#[tokio::test]
async fn foreign_names_are_refused() {
    let world = world().await;
    let many_hosts = format!("{HOST}Host: 127.0.0.1\r\n");
    for (name, headers, says) in [
        ("foreign host", "Host: evil.example.com\r\n", "allowed_hosts"),
        ("a host that begins like ours", "Host: 127.0.0.1.evil.example.com\r\n", "allowed_hosts"),
        ("a host with a user name", "Host: a@127.0.0.1\r\n", "allowed_hosts"),
        ("no host", "", "allowed_hosts"),
        ("two hosts", many_hosts.as_str(), "allowed_hosts"),
        ("foreign origin", "Host: localhost\r\nOrigin: https://evil.example.com\r\n", "allowed_origins"),
        ("the origin of a file", "Host: localhost\r\nOrigin: null\r\n", "allowed_origins"),
        (
            "two origins",
            "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://localhost\r\n",
            "allowed_origins",
        ),
    ] {
        let headers = format!("{headers}{JSON}{ALICE}");
        let answer = refused(&world, name, 403, world.post_to("/mcp", &headers, PING.as_bytes())).await;
        assert!(answer.body.contains(says), "{name}: {answer:?}");
    }
    for headers in [
        "Host: 127.0.0.1:1\r\n",
        "Host: LOCALHOST\r\nOrigin: http://localhost:5173\r\n",
        "Host: [::1]:80\r\n",
    ] {
        let answer = world.post_to("/mcp", &format!("{headers}{JSON}{ALICE}"), PING.as_bytes()).await;
        assert_eq!(answer.status, 200, "{headers}: {answer:?}");
    }
    world.end();
}

#[tokio::test]
async fn what_is_no_proper_message_is_refused_with_its_code() {
    let world = world().await;
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{{\"a\":{}{}}}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    let large = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{{\"a\":\"{}\"}}}}",
        "x".repeat(LIMIT)
    );
    for (name, body, status, code) in [
        ("no JSON", "nonsense".as_bytes(), 400, -32700),
        ("half a message", br#"{"jsonrpc":"2.0","id":1,"meth"#, 400, -32700),
        ("nothing", b"", 400, -32700),
        ("not UTF-8", b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", 400, -32700),
        ("two messages", br#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}"#, 400, -32700),
        ("a batch", br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32600),
        ("an empty batch", b"[]", 400, -32600),
        ("a number", b"1", 400, -32600),
        ("too deep", deep.as_bytes(), 400, -32600),
        ("another version", br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, -32600),
        ("an id that is none", br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, 400, -32600),
        ("no method", br#"{"jsonrpc":"2.0","id":1}"#, 400, -32600),
        ("a method twice", br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#, 400, -32600),
        ("parameters that are a list", br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, 400, -32602),
        ("a call of nothing", br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, 400, -32602),
        ("arguments that are a text", br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"jira_search","arguments":"x"}}"#, 400, -32602),
        ("too large", large.as_bytes(), 413, -32001),
    ] {
        let answer = refused(&world, name, status, world.post(&format!("{JSON}{ALICE}"), body)).await;
        assert_eq!(answer.json()["error"]["code"], code, "{name}: {answer:?}");
    }
    world.end();
}

#[tokio::test]
async fn what_is_no_proper_request_is_refused() {
    let world = world().await;
    for kind in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/jsonp\r\n",
    ] {
        let answer = refused(&world, kind, 415, world.post(&format!("{kind}{ALICE}"), PING.as_bytes())).await;
        assert!(answer.body.contains("application/json"), "{answer:?}");
    }
    let records = refusals(&world).len();
    let methods = ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"];
    for method in methods {
        let request = format!("{method} /mcp HTTP/1.1\r\nConnection: close\r\n{HOST}{ALICE}\r\n");
        let answer = world.raw(request.as_bytes()).await;
        assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "POST"), "{method}");
    }
    assert_eq!(
        refusals(&world).len(),
        records,
        "ordinary clients ask for streams: no refusal worth a record"
    );
    let counted = world.metric("portcullis_requests_refused_total{status=\"405\"}").await;
    assert_eq!(counted, methods.len() as u64);
    for kind in ["Content-Type: application/json; charset=utf-8\r\n", "Content-Type: Application/JSON\r\n"] {
        assert_eq!(world.post(&format!("{kind}{ALICE}"), PING.as_bytes()).await.status, 200, "{kind}");
    }
    world.end();
}

#[tokio::test]
async fn a_caller_without_a_good_credential_is_refused() {
    let world = world().await;
    let call = json!({"jsonrpc": "2.0", "id": "c", "method": "tools/call",
        "params": {"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}}});
    let call = call.to_string();
    for (name, header, says) in [
        ("none", "", "send `Authorization: Bearer"),
        ("blank", "Authorization: \r\n", "send `Authorization: Bearer"),
        ("another scheme", "Authorization: Digest canary-token\r\n", "Bearer <token>"),
        ("no token", "Authorization: Bearer\r\n", "Bearer <token>"),
        (
            "two",
            "Authorization: Bearer alice-token\r\nAuthorization: Bearer canary-token\r\n",
            "one header `Authorization`",
        ),
        ("bad base64", "Authorization: Basic canary-token\r\n", "not base64"),
        ("a wrong token", "Authorization: Bearer canary-token\r\n", "does not accept the credential"),
        (
            "a wrong password",
            "Authorization: Basic YWxpY2U6Y2FuYXJ5LXRva2Vu\r\n",
            "does not accept the credential",
        ),
        ("a token that cannot be sent", "Authorization: Bearer canary-token\u{e9}\r\n", "plain ASCII"),
    ] {
        let answer =
            refused(&world, name, 401, world.post(&format!("{JSON}{header}"), call.as_bytes())).await;
        assert!(answer.body.contains(says), "{name}: {answer:?}");
        assert!(answer.headers["www-authenticate"].starts_with("Bearer realm="), "{name}: {answer:?}");
        assert!(!answer.body.contains("canary"), "{name}: {answer:?}");
    }
    let bad = format!("{JSON}Authorization: Bearer canary-token\r\n");
    let unknown = call.replace("jira_get_issue", "jira_nothing");
    let answers = [world.post(&bad, call.as_bytes()).await, world.post(&bad, unknown.as_bytes()).await];
    assert_eq!(answers[0].body, answers[1].body, "nobody learns which tools exist");
    let answer = world
        .post(&format!("{JSON}Authorization: Basic YWxpY2U6YWxpY2UtdG9rZW4=\r\n"), call.as_bytes())
        .await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("c")), "{answer:?}");
    let written = std::fs::read_dir(world.home.path().join("audit")).unwrap();
    for file in written {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("canary") && !text.contains("alice-token"), "{text}");
    }
    assert!(!world.stderr().contains("canary"), "{}", world.stderr());
    world.end();
}

#[tokio::test]
async fn headers_that_say_little_are_tolerated_and_wrong_versions_refused() {
    let world = world().await;
    let list = |meta: Value| {
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}).to_string()
    };
    // A client that says less than the protocol asks for is served: the answer is JSON in any case.
    for headers in [
        "",
        "Accept: application/json\r\n",
        "Accept: */*\r\n",
        "Accept: text/html\r\n",
        "MCP-Protocol-Version: 2025-11-25\r\n",
        "MCP-Protocol-Version: 2025-06-18\r\n",
        "Mcp-Session-Id: made-up\r\n",
        "Expect: 100-continue\r\n",
    ] {
        let answer = world.post(&format!("{JSON}{ALICE}{headers}"), list(json!({})).as_bytes()).await;
        assert_eq!(answer.status, 200, "{headers}: {answer:?}");
        assert_eq!(
            answer.json()["result"]["tools"].as_array().map(Vec::len),
            Some(reading_tools().len()),
            "{headers}: {answer:?}"
        );
    }
    let new = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    let newer = json!({"io.modelcontextprotocol/protocolVersion": "2099-01-01", "io.modelcontextprotocol/clientCapabilities": {}});
    let both = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\n";
    let answer = world.post(&format!("{JSON}{ALICE}{both}"), list(new.clone()).as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for (name, headers, meta, code) in [
        ("a version that never was", "MCP-Protocol-Version: 1999-01-01\r\n", json!({}), -32600),
        ("a version that is no text", "MCP-Protocol-Version: \u{e9}\r\n", json!({}), -32600),
        (
            "a version to come",
            "MCP-Protocol-Version: 2099-01-01\r\nMcp-Method: tools/list\r\n",
            newer,
            -32022,
        ),
        ("the new version without its data", both, json!({}), -32602),
        ("one version outside, another inside", "MCP-Protocol-Version: 2025-11-25\r\n", new.clone(), -32020),
        (
            "one method outside, another inside",
            "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: ping\r\n",
            new,
            -32020,
        ),
    ] {
        let headers = format!("{JSON}{ALICE}{headers}");
        let body = list(meta);
        let answer = refused(&world, name, 400, world.post(&headers, body.as_bytes())).await;
        println!("{name} {answer:?}");
        assert_eq!(answer.json()["error"]["code"], code, "{name}: {answer:?}");
    }
    world.end();
}

#[tokio::test]
async fn broken_http_is_refused_and_the_server_lives_on() {
    let world = world().await;
    let head = format!("POST /mcp HTTP/1.1\r\nConnection: close\r\n{HOST}{JSON}{ALICE}");
    for (name, request, status) in [
        ("two lengths", format!("{head}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{PING}"), 400),
        ("a length that is none", format!("{head}Content-Length: x\r\n\r\n{PING}"), 400),
        (
            "length and chunks",
            format!("{head}Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400,
        ),
        ("a chunk that is none", format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400),
        ("no HTTP", "nonsense\r\n\r\n".to_owned(), 400),
        ("a header without a name", format!("{head}: x\r\n\r\n"), 400),
        ("headers without end", format!("{head}X-Long: {}\r\n\r\n", "x".repeat(1 << 20)), 431),
    ] {
        let answer = world.raw(request.as_bytes()).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
    for (path, status) in
        [("/", 404), ("/mcp/", 404), ("/mcp/x", 404), ("/metrics", 404), ("/healthz", 405), ("/../mcp", 404)]
    {
        let answer = world.post_to(path, &format!("{HOST}{JSON}{ALICE}"), PING.as_bytes()).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(status != 404 || answer.body.contains("the MCP endpoint is /mcp"), "{path}: {answer:?}");
    }
    let answer = world.post(&format!("{JSON}{ALICE}"), PING.as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.end();
}

#[tokio::test]
async fn a_body_that_never_ends_does_not_keep_its_place() {
    let variables = vec![("PORTCULLIS_SERVER__DEADLINE_SECONDS", "1".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let head = format!(
        "POST /mcp HTTP/1.1\r\nConnection: close\r\n{HOST}{JSON}{ALICE}Content-Length: 99\r\n\r\n{PING}"
    );
    refused(&world, "half a body", 408, world.raw(head.as_bytes())).await;
    world.end();
}

#[tokio::test]
async fn a_head_that_never_ends_does_not_keep_its_connection() {
    let variables = vec![("PORTCULLIS_SERVER__DEADLINE_SECONDS", "1".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    for head in ["", "POST /mcp HT", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        let answer = world.sent(head.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{head:?}: {answer}");
    }
    assert_eq!(world.post(&format!("{JSON}{ALICE}"), PING.as_bytes()).await.status, 200);
    world.end();
}

#[tokio::test]
async fn more_calls_than_there_are_places_are_refused() {
    let variables = vec![("PORTCULLIS_SERVER__MAX_CONCURRENT_CALLS", "1".to_owned())];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let search = json!({"jql": "project = OPS", "limit": 1});
    world.faults(json!([{"kind": "hang", "path": "^/rest/api/2/search"}])).await;
    {
        let hanging = world.call("alice-token", "jira_search", search.clone());
        let second = async {
            let asked = async || world.requests().await.iter().any(|request| request.contains("search"));
            world.until("the first call upstream", asked).await;
            refused(&world, "a second call", 429, world.post(&format!("{JSON}{ALICE}"), PING.as_bytes()))
                .await
        };
        tokio::select! {
            answer = hanging => panic!("{answer:?}"),
            answer = second => assert_eq!(answer.headers["retry-after"], "1", "{answer:?}"),
        }
    }
    world.faults(json!([])).await;
    // The client of the first call has left, and so its place is free again.
    let free = async || world.post(&format!("{JSON}{ALICE}"), PING.as_bytes()).await.status == 200;
    world.until("a free place", free).await;
    assert!(!world.call("alice-token", "jira_search", search).await.is_error);
    world.end();
}
