//! Several sites: each has its own address, credential, objects and policies, whoever names it and however.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::outside::Outside;

/// What may be read at the default site alone, and by one account at the lab.
const LAB: &str = r#"
@id("default") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"OPS");
@id("lab") permit (principal == Id::User::"lab/ann", action in Mcp::Action::"read", resource in Jira::Instance::"lab");
"#;

/// What may be read at the default site alone, and at one site of Cloud that callers may choose.
const CHOSEN: &str = r#"
@id("default") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"OPS");
@id("chosen") permit (principal, action in Mcp::Action::"read", resource in Jira::Instance::"cloud:cid-2");
"#;

async fn world(
    outside: &Outside,
    home: &std::path::Path,
    more: &[(&'static str, &str)],
    policies: Option<&'static str>,
) -> World {
    let mut variables: Vec<(&'static str, String)> =
        more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.extend(outside.variables(home));
    World::start(Setup { variables, policies, ..Setup::default() }).await
}

async fn send(world: &World, headers: &[(&str, &str)], method: &str, params: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut request = world.http.post(&world.endpoint).json(&message);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().json().await.unwrap()
}

/// What reading OPS-1 gives: the issue, or what is said instead.
async fn read(world: &World, headers: &[(&str, &str)], instance: Option<&str>) -> Result<Value, String> {
    let mut arguments = json!({"issue_key": "ops-1"});
    if let Some(instance) = instance {
        arguments["instance"] = instance.into();
    }
    let answer =
        send(world, headers, "tools/call", json!({"name": "jira_get_issue", "arguments": arguments})).await;
    let text = answer.pointer("/result/content/0/text").or(answer.pointer("/error/message"));
    let text = text.and_then(Value::as_str).unwrap_or_else(|| panic!("{answer}")).to_owned();
    serde_json::from_str(&text).map_err(|_| text)
}

const TWO: [(&str, &str); 4] = [
    ("JIRA_URL", "https://jira.example.com"),
    ("CONFLUENCE_URL", ""),
    ("PORTCULLIS_JIRA__LAB__URL", "https://lab.example.com/jira"),
    ("PORTCULLIS_JIRA__LAB__CUSTOM_HEADERS", "X-Lab=yes"),
];

#[tokio::test]
async fn each_site_has_its_own_objects_and_policies() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let world = world(&outside, home.path(), &TWO, Some(LAB)).await;
    let ann = [("Authorization", "Bearer ann")];
    assert_eq!(
        read(&world, &ann, None).await.unwrap()["browse_url"],
        "https://jira.example.com/browse/OPS-1"
    );
    assert_eq!(read(&world, &ann, Some("default")).await.unwrap()["key"], "OPS-1");
    outside.take();
    let lab = read(&world, &ann, Some("lab")).await.unwrap();
    assert_eq!(lab["browse_url"], "https://lab.example.com/jira/browse/OPS-1");
    for seen in outside.take() {
        assert!(seen.url.starts_with("https://lab.example.com/jira/rest/api/2/"), "{seen:?}");
        assert_eq!(seen.header("x-lab"), Some("yes"));
    }
    let record = world.audit().into_iter().rfind(|record| record["stage"] == "intent").unwrap();
    assert_eq!((&record["at"], &record["principal"]["id"]), (&json!("lab"), &json!("lab/ann")));
    assert_eq!(record["resources"], json!(["Jira::Issue::\"lab/OPS-1\"", "Jira::Project::\"lab/OPS\""]));
    assert_eq!(record["decision"]["policies"], json!(["lab"]), "{record}");

    // Another account at the lab is not ann, and the policy for OPS is not one for the lab's OPS.
    outside.answer(("lab.example.com/jira/rest/api/2/myself", 200, json!({"name": "Bob"})));
    let bob = [("Authorization", "Bearer bob")];
    assert!(read(&world, &bob, Some("lab")).await.unwrap_err().contains("not visible to you"));
    assert!(read(&world, &bob, None).await.is_ok());
    for wrong in ["nowhere", "Lab", "cloud:cid-2"] {
        let error = read(&world, &ann, Some(wrong)).await.unwrap_err();
        assert!(
            error.contains("`instance`") && error.contains("default, lab")
                || error.contains("is not the name"),
            "{error}"
        );
    }
    let tools = send(&world, &ann, "tools/list", json!({})).await;
    let schema = &tools["result"]["tools"][0]["inputSchema"]["properties"]["instance"];
    assert_eq!(schema["enum"], json!(["default", "lab"]), "{tools}");
    assert_eq!(world.metric("portcullis_upstream_breaker_open{instance=\"lab\",product=\"jira\"}").await, 0);
    world.end();
}

#[tokio::test]
async fn a_site_that_a_caller_chose_is_not_the_configured_one_under_another_name() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let any =
        [("JIRA_URL", "https://x.atlassian.net"), ("CONFLUENCE_URL", ""), ("ATLASSIAN_OAUTH_ENABLE", "true")];
    let world = world(&outside, home.path(), &any, Some(CHOSEN)).await;
    let at = |id: &'static str| [("Authorization", "Bearer ann"), ("X-Atlassian-Cloud-Id", id)];
    // The configured site says that it is cid-1, so a caller who names that is bound by its policies.
    assert_eq!(
        read(&world, &at("cid-1"), None).await.unwrap()["browse_url"],
        "https://x.atlassian.net/browse/OPS-1"
    );
    let record = world.audit().into_iter().rfind(|record| record["stage"] == "intent").unwrap();
    assert_eq!((&record["at"], &record["decision"]["policies"]), (&Value::Null, &json!(["default"])));
    assert!(read(&world, &at("CID-1"), None).await.is_ok(), "in any case of letters");
    let record = world.audit().into_iter().rfind(|record| record["stage"] == "intent").unwrap();
    assert_eq!(record["at"], Value::Null);
    assert!(read(&world, &at("cid-2"), None).await.is_ok());
    let record = world.audit().into_iter().rfind(|record| record["stage"] == "intent").unwrap();
    assert_eq!(record["at"], "cloud:cid-2");
    assert_eq!(record["resources"][1], "Jira::Project::\"cloud:cid-2/OPS\"");
    assert!(read(&world, &at("cid-3"), None).await.unwrap_err().contains("not visible to you"));
    assert_eq!(outside.take().iter().filter(|seen| seen.url.ends_with("tenant_info")).count(), 1);
    world.end();

    // Where the site does not say which it is, nobody can tell, and nothing is sent.
    let second = world_without_id(&outside, home.path(), &any).await;
    let error = read(&second, &at("cid-1"), None).await.unwrap_err();
    assert!(error.contains("ATLASSIAN_OAUTH_CLOUD_ID"), "{error}");
    assert!(outside.take().iter().all(|seen| seen.header("authorization").is_none()));
    second.end();
}

async fn world_without_id(outside: &Outside, home: &std::path::Path, more: &[(&'static str, &str)]) -> World {
    outside.answer(("tenant_info", 404, json!({})));
    world(outside, home, more, Some(CHOSEN)).await
}

#[tokio::test]
async fn ghsa_w66g_a_boundary_holds_at_every_site() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let mut bounded = TWO.to_vec();
    bounded.extend([("JIRA_PROJECTS_FILTER", "DEV"), ("PORTCULLIS_JIRA__LAB__PROJECTS_FILTER", "OPS")]);
    let world = world(&outside, home.path(), &bounded, None).await;
    let ann = [("Authorization", "Bearer ann")];
    assert!(read(&world, &ann, None).await.unwrap_err().contains("not visible to you"));
    assert!(read(&world, &ann, Some("lab")).await.is_ok());
    world.end();
}
