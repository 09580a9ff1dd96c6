//! `portcullis demo --tour`: a scripted client that shows each promise once, and fails when one does not hold.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::demo::Demo;
use super::output::say;
use crate::net;
use crate::net::ClientSettings;

/// One client: a URL and somebody's token.
struct Client<'a> {
    demo: &'a Demo,
    http: net::Client,
}

pub(super) async fn run(demo: &Demo) -> Result<(), Failure> {
    let http = net::build_client(&ClientSettings {
        plain: true,
        timeout: Duration::from_secs(10),
        ..ClientSettings::default()
    })
    .map_err(Failure::failed)?;
    let client = Client { demo, http };
    say(&format!("A tour of Portcullis on {}", demo.endpoint));
    tools(&client).await?;
    read(&client).await?;
    search(&client).await?;
    denied_write(&client).await?;
    allowed_write(&client).await?;
    hidden(&client).await?;
    no_token(&client).await?;
    audit(demo)?;
    metrics(&client).await?;
    let violations = demo.sim.violations();
    expect(violations.is_empty(), &format!("requests that no audit record names: {violations:?}"))?;
    say(
        "\nEvery request that reached Jira and Confluence was in the audit log before it arrived.\nAll went as it should.",
    );
    Ok(())
}

async fn tools(client: &Client<'_>) -> Result<(), Failure> {
    heading("1. The tools alice could ever be allowed");
    let listed = client.rpc("alice-token", "tools/list", json!({})).await?;
    let names: Vec<&str> = listed
        .pointer("/result/tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tool| tool.get("name")?.as_str())
        .collect();
    say(&format!("   {}", names.join(", ")));
    expect(names.contains(&"jira_get_issue"), "jira_get_issue is in the list")?;
    expect(
        names.contains(&"jira_add_comment"),
        "jira_add_comment is in the list, for alice may comment in OPS",
    )
}

async fn read(client: &Client<'_>) -> Result<(), Failure> {
    heading("2. alice reads an issue, by a lower-case key");
    let result = client.call("alice-token", "jira_get_issue", json!({"issue_key": "ops-1"})).await?;
    let issue: Value = serde_json::from_str(&result.text).map_err(Failure::failed)?;
    let text = |name: &str| issue.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    say(&format!("   {}  {}", text("key"), text("summary")));
    expect(!result.is_error && text("key") == "OPS-1", &format!("OPS-1 is read: {}", result.text))
}

async fn search(client: &Client<'_>) -> Result<(), Failure> {
    heading("3. alice searches all projects; SECRET is not even asked for");
    let arguments = json!({"jql": "ORDER BY key DESC", "limit": 50, "fields": "summary,status"});
    let result = client.call("alice-token", "jira_search", arguments).await?;
    let found: Value = serde_json::from_str(&result.text).map_err(Failure::failed)?;
    let issues = found.get("issues").and_then(Value::as_array).cloned().unwrap_or_default();
    let total = found.get("total").and_then(Value::as_i64);
    say(&format!("   {} issues of {}", issues.len(), total.unwrap_or(-1)));
    expect(!issues.is_empty(), "issues were found")?;
    expect(!result.text.contains("SECRET-"), "no issue of SECRET is in the result")?;
    expect(total > Some(0), "what alice may see is counted, and nothing else")
}

async fn denied_write(client: &Client<'_>) -> Result<(), Failure> {
    heading("4. bob tries to comment in OPS; the policy's advice says why not");
    let arguments = json!({"issue_key": "OPS-1", "body": "hello"});
    let result = client.call("bob-token", "jira_add_comment", arguments).await?;
    say(&format!("   {}", result.text));
    expect(result.is_error && result.text.contains("group ops"), "the write is denied with its advice")
}

async fn allowed_write(client: &Client<'_>) -> Result<(), Failure> {
    heading("5. alice may: her comment, written in Markdown, as Jira stored it");
    let arguments = json!({"issue_key": "OPS-1", "body": "**Rolled back** at 03:12, see `deploy.log`."});
    let result = client.call("alice-token", "jira_add_comment", arguments).await?;
    let comment: Value = serde_json::from_str(&result.text).unwrap_or_default();
    say(&format!("   {}", comment.get("body").and_then(Value::as_str).unwrap_or(&result.text)));
    expect(!result.is_error && comment.get("id").is_some(), "the comment is stored")
}

async fn hidden(client: &Client<'_>) -> Result<(), Failure> {
    heading("6. A hidden issue and one that does not exist look the same to alice");
    let hidden = client.call("alice-token", "jira_get_issue", json!({"issue_key": "SECRET-1"})).await?;
    let absent = client.call("alice-token", "jira_get_issue", json!({"issue_key": "SECRET-9"})).await?;
    say(&format!("   {}\n   {}", hidden.text, absent.text));
    let bare =
        |text: &str| text.split(" (reference").next().unwrap_or_default().replace("SECRET-9", "SECRET-1");
    expect(
        hidden.is_error && absent.is_error && bare(&hidden.text) == bare(&absent.text),
        "both answers are the same",
    )
}

async fn no_token(client: &Client<'_>) -> Result<(), Failure> {
    heading("7. Nobody calls without a credential, or with one that Jira does not know");
    let statuses = [client.status(None).await?, client.status(Some("stolen-token")).await?];
    say(&format!("   HTTP {} and {}", statuses[0], statuses[1]));
    expect(statuses == [401, 401], "both are refused with 401")
}

fn audit(demo: &Demo) -> Result<(), Failure> {
    heading("8. The audit trail of the denied write");
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(&demo.audit).map_err(Failure::failed)?.flatten() {
        // Beside the log is its checkpoint.
        if entry.path().extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        lines.extend(text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()));
    }
    let field = |line: &Value, pointer: &str| {
        line.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let denied = lines.iter().find(|line| {
        field(line, "/tool") == "jira_add_comment"
            && field(line, "/stage") == "outcome"
            && field(line, "/outcome") == "denied"
    });
    let Some(denied) = denied else {
        return Err(Failure::failed("the denied write is not in the audit log"));
    };
    say(&format!("   {denied}"));
    let stages = |stage: &str| lines.iter().filter(|line| field(line, "/stage") == stage).count();
    say(&format!(
        "   in all: {} resolve, {} intent, {} outcome records",
        stages("resolve"),
        stages("intent"),
        stages("outcome")
    ));
    expect(field(denied, "/principal/id") == "bob", "the record names bob")?;
    expect(stages("intent") >= 3 && stages("outcome") >= 5, "intents and outcomes are written down")
}

async fn metrics(client: &Client<'_>) -> Result<(), Failure> {
    heading("9. Metrics");
    let answer = client.http.get(&client.demo.metrics).send().await.map_err(Failure::failed)?;
    let text = answer.text().await.map_err(Failure::failed)?;
    let shown = text.lines().filter(|line| line.starts_with("portcullis_tool_calls_total"));
    shown.for_each(|line| say(&format!("   {line}")));
    expect(text.contains("portcullis_tool_calls_total"), "calls are counted")
}

/// A result of a tool: its text, and whether it failed.
struct Called {
    text: String,
    is_error: bool,
}

impl Client<'_> {
    async fn call(&self, token: &str, tool: &str, arguments: Value) -> Result<Called, Failure> {
        let answer = self.rpc(token, "tools/call", json!({"name": tool, "arguments": arguments})).await?;
        let text = answer.pointer("/result/content/0/text").and_then(Value::as_str);
        let Some(text) = text else {
            return Err(Failure::failed(format!("{tool} gave no result: {answer}")));
        };
        let is_error = answer.pointer("/result/isError").and_then(Value::as_bool).unwrap_or(false);
        Ok(Called { text: text.to_owned(), is_error })
    }

    async fn rpc(&self, token: &str, method: &str, params: Value) -> Result<Value, Failure> {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = self.http.post(&self.demo.endpoint).bearer_auth(token).json(&message);
        let answer = request.send().await.map_err(Failure::failed)?;
        answer.json().await.map_err(|error| Failure::failed(format!("{method}: {error}")))
    }

    async fn status(&self, token: Option<&str>) -> Result<u16, Failure> {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
        let mut request = self.http.post(&self.demo.endpoint).json(&message);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Ok(request.send().await.map_err(Failure::failed)?.status().as_u16())
    }
}

fn heading(text: &str) {
    say(&format!("\n{text}"));
}

fn expect(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::failed(format!("the tour failed: not so: {what}"))) }
}
