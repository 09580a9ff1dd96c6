//! What records hold: nothing that a caller wrote stands in clear, and all of it can be found by its hash.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures::StreamExt;
use portcullis::audit::HmacKey;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::examples::examples;

/// Every canary begins with it: letters alone, so that it stands in a percent-encoded or escaped text as it is.
const MARK: &str = "QzcAnaRyq";

/// How many calls are under way at once.
const AT_ONCE: usize = 24;

const ALL: &str = "@id(\"all\") permit (principal, action, resource);\n";
const VIEW: &str = r#"
@id("view")
permit (principal, action in [Mcp::Action::"jira:view_item", Mcp::Action::"confluence:view_item"], resource);
"#;

/// One call with a canary of its own.
struct Call {
    tool: &'static str,
    canary: String,
    arguments: Value,
}

/// Every call there is: the canary as each argument, in lists and objects, as a key, and as an argument nobody knows.
fn calls(cloud: bool) -> Vec<Call> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let mut calls = Vec::new();
    for example in examples() {
        let Some(arguments) = example.arguments(cloud) else { continue };
        let tool = portcullis::tools::find(example.tool).unwrap();
        let schema = tool.schema();
        let properties = schema["properties"].as_object().unwrap();
        let mut add = |change: &dyn Fn(&str, &mut Map<String, Value>)| {
            let canary = format!("{MARK}{}z", NUMBER.fetch_add(1, Ordering::Relaxed));
            let mut arguments = arguments.as_object().unwrap().clone();
            change(&canary, &mut arguments);
            calls.push(Call { tool: example.tool, canary, arguments: Value::Object(arguments) });
        };
        for name in properties.keys() {
            let set = |value: Value, arguments: &mut Map<String, Value>| {
                arguments.insert(name.clone(), value);
            };
            add(&|canary, arguments| set(json!(canary), arguments));
            add(&|canary, arguments| set(json!([canary, "other"]), arguments));
            add(&|canary, arguments| set(json!({"description": canary, "n": [1, {"k": canary}]}), arguments));
            add(&|canary, arguments| set(json!({canary: "value"}), arguments));
            add(&|canary, arguments| set(json!([{"summary": canary}]), arguments));
            add(&|canary, arguments| set(json!(format!("[\"{canary}\", {{\"k\": 1}}]")), arguments));
        }
        add(&|canary, arguments| drop(arguments.insert(canary.to_owned(), json!("value"))));
        add(&|canary, arguments| drop(arguments.insert("instance".to_owned(), json!(canary))));
    }
    calls
}

/// Records without what is an object's own key or id.
fn without_resources(record: &Value) -> Value {
    let mut record = record.clone();
    let fields = record.as_object_mut().unwrap();
    for name in ["resources", "actual", "actual_place", "attributes"] {
        fields.remove(name);
    }
    record
}

/// The canary in every form it may have taken.
fn forms() -> Vec<String> {
    let mut forms = vec![MARK.to_owned(), hex::encode(MARK)];
    // In base64 a text looks differently by where in the whole it begins; its ends hang on what is around it.
    for before in ["", "x", "xy"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{before}{MARK}"));
        forms.push(encoded[4..encoded.len() - 2].to_owned());
    }
    forms
}

fn assert_hidden(log: &str) {
    for form in forms() {
        let found = log.to_lowercase().find(&form.to_lowercase());
        let around = found.map(|at| &log[at.saturating_sub(300)..(at + 60).min(log.len())]);
        assert_eq!(around, None, "`{form}` stands in the log");
    }
}

async fn make_all(world: &World, calls: &[Call]) {
    let made = calls.iter().map(async |call| {
        let params = json!({"name": call.tool, "arguments": call.arguments});
        world.rpc("alice-token", "tools/call", params).await
    });
    let answers: Vec<Value> = futures::stream::iter(made).buffered(AT_ONCE).collect().await;
    assert!(answers.iter().all(|answer| answer["result"].is_object()), "each has a result");
}

/// Makes the calls, and looks for their canaries.
async fn table(cloud: bool, policies: &'static str, faults: Value) {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    let world = World::start(Setup {
        variables,
        policies: Some(policies),
        cloud,
        gateway: cloud,
        ..Setup::default()
    })
    .await;
    world.faults(faults).await;
    let calls = calls(cloud);
    make_all(&world, &calls).await;
    let records = world.audit();
    let shown: Vec<Value> = records.iter().map(without_resources).collect();
    assert_hidden(&serde_json::to_string(&shown).unwrap());

    let key = HmacKey::read(&HmacKey::path(&world.home.path().join("state"))).unwrap();
    let log = serde_json::to_string(&records).unwrap();
    // Keys are in the one form that they have, and stand in clear where they are what was decided on.
    let is_found = |call: &&Call| {
        let upper = call.canary.to_uppercase();
        log.contains(&key.digest(&call.canary)) || log.contains(&key.digest(&upper)) || log.contains(&upper)
    };
    let lost: Vec<String> = calls
        .iter()
        .filter(|call| !is_found(call))
        .map(|call| format!("{} {}", call.tool, call.arguments))
        .collect();
    assert!(lost.is_empty(), "{} of {} are in no record:\n{}", lost.len(), calls.len(), lost.join("\n"));
    let ends = |word: &str| records.iter().filter(|record| record["outcome"] == word).count();
    println!(
        "cloud {cloud}: {} calls, {} ok, {} denied, {} with invalid arguments, {} that Atlassian failed",
        calls.len(),
        ends("ok"),
        ends("denied"),
        ends("invalid_arguments"),
        ends("upstream_error")
    );
    world.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_of_an_allowed_call_stands_in_the_log() {
    table(false, ALL, json!([])).await;
    table(true, ALL, json!([])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_of_a_denied_call_stands_in_the_log() {
    table(false, VIEW, json!([])).await;
    table(true, VIEW, json!([])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_of_a_call_that_atlassian_fails_stands_in_the_log() {
    let fails = |path: &str| json!({"path": path, "status": 400, "body": {"errorMessages": [MARK]}});
    let faults = || {
        json!([fails("issue|search|project|field|agile|servicedesk"), fails("content|pages|spaces|space")])
    };
    table(false, ALL, faults()).await;
    table(true, ALL, faults()).await;
}

/// What an outcome says of the requests and of the result.
#[tokio::test]
async fn an_outcome_has_paths_as_the_code_has_them_and_what_the_result_is_like() {
    let world = World::start(Setup::default()).await;
    world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    world.call("alice-token", "jira_search", json!({"jql": "project = OPS", "limit": 2})).await;
    let read = world
        .until_audited(|record| record["stage"] == "outcome" && record["tool"] == "jira_get_issue")
        .await;
    assert_eq!(read["upstream"][0]["path"], "/rest/api/2/issue/{key}", "{read}");
    let search =
        world.until_audited(|record| record["stage"] == "outcome" && record["tool"] == "jira_search").await;
    assert_eq!(search["upstream"][0]["path"], "/rest/api/2/search", "{search}");
    let result = &search["result"];
    assert_eq!(
        (&result["items"], &result["withheld"], &result["cut"]),
        (&json!(2), &json!(0), &json!(true)),
        "{search}"
    );
    assert!(search["account"].is_null() && result["bytes"].as_u64() > Some(0), "{search}");
    world.end();
}

/// A caller without a credential uses the operator's: the record says so.
#[tokio::test]
async fn an_outcome_names_the_account_that_was_lent() {
    let variables = vec![
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true".to_owned()),
        ("JIRA_PERSONAL_TOKEN", "alice-token".to_owned()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let params = json!({"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let answer = world.http.post(&world.endpoint).json(&message).send().await.unwrap();
    assert!(answer.status().is_success());
    let outcome = world
        .until_audited(|record| record["stage"] == "outcome" && record["tool"] == "jira_get_issue")
        .await;
    assert_eq!(outcome["principal"]["kind"], "service", "{outcome}");
    assert_eq!(outcome["account"], json!({"of": "operator", "method": "pat", "name": null}), "{outcome}");
    world.end();
}

/// Thousands of anonymous requests are a handful of records, all of them are told, and nobody waits for it.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_bad_requests_is_counted_and_stops_nobody() {
    const FLOOD: u64 = 3_000;
    let mut world = World::start(Setup::default()).await;
    let (http, endpoint) = (world.http.clone(), world.endpoint.clone());
    let flood = tokio::spawn(async move {
        let bad = (0..FLOOD).map(async |number| {
            let request = http.post(&endpoint);
            let request = if number % 2 == 0 { request.body("{}") } else { request.body("nonsense") };
            let answer = request.header("content-type", "application/json").send().await.unwrap();
            assert!([400, 401].contains(&answer.status().as_u16()), "{}", answer.status());
        });
        futures::stream::iter(bad).buffer_unordered(32).count().await
    });
    for _ in 0..20 {
        let read = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
        assert!(!read.is_error, "{}", read.text);
    }
    flood.await.unwrap();
    world.terminate();
    assert_eq!(world.ended_by_itself().await, Some(0));
    let records = world.audit();
    let refusals: Vec<&Value> = records.iter().filter(|record| record["stage"] == "refusal").collect();
    let told: u64 = refusals.iter().map(|record| record["count"].as_u64().unwrap_or(1)).sum();
    assert_eq!(told, FLOOD, "{refusals:#?}");
    let bytes: usize = refusals.iter().map(|record| record.to_string().len()).sum();
    assert!(bytes < 10_000, "{bytes}");
    println!("{FLOOD} bad requests: {} records, {bytes} bytes", refusals.len());
    let counts = refusals.iter().filter(|record| record["code"] == "PC2003");
    for record in counts {
        assert_eq!(record["address"], "127.0.0.1", "{record}");
        assert!(record["first"].as_str() <= record["last"].as_str(), "{record}");
    }
}
