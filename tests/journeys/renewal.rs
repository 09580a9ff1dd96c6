//! Credentials that change: OAuth tokens that are renewed, and secrets that were replaced where they come from.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::outside::Outside;
use crate::support::outside::Seen;

const CLOUD: [(&str, &str); 2] =
    [("JIRA_URL", "https://x.atlassian.net"), ("CONFLUENCE_URL", "https://x.atlassian.net/wiki")];

fn owned(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

async fn lent(world: &World, tool: &str, arguments: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    let answer = world.http.post(&world.endpoint).json(&message).send().await.unwrap();
    answer.json().await.unwrap()
}

fn renewals(seen: &[Seen]) -> Vec<&Seen> {
    seen.iter().filter(|seen| seen.url == "https://auth.atlassian.com/oauth/token").collect()
}

/// Two servers over the same tokens, which have expired, and 25 calls of each product at each.
#[tokio::test]
async fn two_servers_renew_an_apps_token_once() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let directory = home.path().join("tokens");
    std::fs::create_dir_all(&directory).unwrap();
    let stored = json!({"refresh_token": "canary-refresh-0", "access_token": "canary-access-0",
        "expires_at": 1.0, "cloud_id": "cid-1", "base_url": null});
    std::fs::write(directory.join("oauth-app-1.json"), stored.to_string()).unwrap();
    let mut variables = owned(&CLOUD);
    variables.extend(owned(&[
        ("ATLASSIAN_OAUTH_CLIENT_ID", "app-1"),
        ("ATLASSIAN_OAUTH_CLIENT_SECRET", "canary-secret"),
        ("ATLASSIAN_OAUTH_REDIRECT_URI", "http://localhost:8080/callback"),
        ("ATLASSIAN_OAUTH_SCOPE", "read:jira-work offline_access"),
        ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"),
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true"),
        ("PORTCULLIS_LOG__LEVEL", "debug"),
    ]));
    variables.push(("PORTCULLIS_OAUTH__TOKEN_DIRECTORY", directory.display().to_string()));
    variables.extend(outside.variables(home.path()));
    let setup = || Setup { variables: variables.clone(), ..Setup::default() };
    let worlds = [World::start(setup()).await, World::start(setup()).await];
    let calls = (0..100).map(|number| {
        let world = &worlds[number % 2];
        match number % 4 {
            0 | 1 => lent(world, "jira_get_issue", json!({"issue_key": "OPS-1"})),
            _ => lent(world, "confluence_get_page", json!({"page_id": "65537"})),
        }
    });
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    }
    let seen = outside.take();
    assert_eq!(renewals(&seen).len(), 1, "{:#?}", renewals(&seen));
    let form = &renewals(&seen)[0].body;
    for part in ["grant_type=refresh_token", "client_id=app-1", "refresh_token=canary-refresh-0"] {
        assert!(form.contains(part), "{form}");
    }
    for seen in seen.iter().filter(|seen| seen.url.starts_with("https://api.atlassian.com/")) {
        assert_eq!(seen.header("authorization"), Some("Bearer canary-access-1"));
    }
    let kept: Value =
        serde_json::from_str(&std::fs::read_to_string(directory.join("oauth-app-1.json")).unwrap()).unwrap();
    assert_eq!((&kept["refresh_token"], &kept["cloud_id"]), (&json!("canary-refresh-1"), &json!("cid-1")));

    // Atlassian refuses the token before its time: it is renewed once, and the call goes on.
    outside.refuse("Bearer canary-access-1");
    for world in &worlds {
        let answer = lent(world, "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
        assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    }
    assert_eq!(renewals(&outside.take()).len(), 1);
    for world in worlds {
        let output = format!("{} {:?}", world.stderr(), world.audit());
        assert!(!output.contains("canary"), "{output}");
        world.end();
    }
}

#[tokio::test]
async fn a_secret_that_was_replaced_is_read_again_after_a_401_also_for_a_write() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let file = home.path().join("token");
    std::fs::write(&file, "canary-old\n").unwrap();
    let mut variables = owned(&[
        ("JIRA_URL", "https://jira.example.com"),
        ("CONFLUENCE_URL", ""),
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true"),
        ("READ_ONLY_MODE", "false"),
    ]);
    variables.push(("JIRA_PERSONAL_TOKEN", format!("file://{}", file.display())));
    variables.extend(outside.variables(home.path()));
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let comment = json!({"issue_key": "OPS-1", "body": "x"});
    outside.refuse("Bearer canary-old");
    let refused = lent(&world, "jira_add_comment", comment.clone()).await;
    assert_eq!(refused["result"]["isError"], json!(true), "{refused}");
    assert!(refused.to_string().contains("did not accept the credential"), "{refused}");

    std::fs::write(&file, "canary-new\n").unwrap();
    outside.take();
    let written = lent(&world, "jira_add_comment", comment).await;
    assert_eq!(written["result"]["isError"], json!(false), "{written}");
    let posts: Vec<Seen> = outside.take().into_iter().filter(|seen| seen.method == "POST").collect();
    let shown: Vec<_> = posts.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(shown, ["Bearer canary-old", "Bearer canary-new"]);
    let rotated = world.until_audited(|record| record["code"] == "PC0020").await;
    assert_eq!((&rotated["product"], &rotated["method"]), (&json!("jira"), &json!("pat")), "{rotated}");
    assert!(!rotated.to_string().contains("canary"), "{rotated}");
    assert_eq!(world.metric("portcullis_upstream_retries_total{product=\"jira\",reason=\"401\"}").await, 1);
    world.end();
}

/// Certificates are not checked for Jira: the authorization server of Cloud is another host, and is checked.
#[tokio::test]
async fn a_check_that_is_off_for_a_product_is_not_off_for_who_gets_the_client_secret() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let directory = home.path().join("tokens");
    std::fs::create_dir_all(&directory).unwrap();
    let variables = |expires_at: f64| {
        let stored = json!({"refresh_token": "canary-refresh", "access_token": "canary-access",
            "expires_at": expires_at, "cloud_id": "cid-1", "base_url": null});
        std::fs::write(directory.join("oauth-app-1.json"), stored.to_string()).unwrap();
        let mut variables = outside.variables(home.path());
        variables.extend(owned(&CLOUD));
        variables.extend(owned(&[
            ("SSL_CERT_FILE", ""),
            ("JIRA_SSL_VERIFY", "false"),
            ("ATLASSIAN_OAUTH_CLIENT_ID", "app-1"),
            ("ATLASSIAN_OAUTH_CLIENT_SECRET", "canary-secret"),
            ("ATLASSIAN_OAUTH_REDIRECT_URI", "http://localhost:8080/callback"),
            ("ATLASSIAN_OAUTH_SCOPE", "read:jira-work offline_access"),
            ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"),
            ("ALLOW_GLOBAL_CRED_FALLBACK", "true"),
        ]));
        variables.push(("PORTCULLIS_OAUTH__TOKEN_DIRECTORY", directory.display().to_string()));
        variables
    };
    let issue = json!({"issue_key": "OPS-1"});
    let good = World::start(Setup { variables: variables(9e9), ..Setup::default() }).await;
    let answer = lent(&good, "jira_get_issue", issue.clone()).await;
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    good.end();
    outside.take();
    let expired = World::start(Setup { variables: variables(1.0), ..Setup::default() }).await;
    let answer = lent(&expired, "jira_get_issue", issue).await;
    assert!(answer.to_string().contains("could not be renewed"), "{answer}");
    assert!(outside.take().is_empty(), "the secret was not sent");
    assert!(expired.stderr().contains("auth.atlassian.com"), "{}", expired.stderr());
    expired.end();
}

/// What the operator's app may do is what policies know as the scopes of its callers; those with a token of their own have
/// none that are known.
#[tokio::test]
async fn the_scopes_of_an_app_are_known_to_policies() {
    let policies = r#"
@id("reads") permit (principal, action in Mcp::Action::"jira:read", resource)
when { context.session.scopes.contains("read:jira-work") };
@id("comments") permit (principal, action == Mcp::Action::"jira_add_comment", resource)
when { context.session.scopes.containsAll(["read:jira-work", "write:jira-work"]) };
"#;
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let directory = home.path().join("tokens");
    std::fs::create_dir_all(&directory).unwrap();
    let stored = json!({"refresh_token": "canary-refresh", "access_token": "canary-access", "expires_at": 9e9,
        "cloud_id": "cid-1", "base_url": null});
    std::fs::write(directory.join("oauth-app-1.json"), stored.to_string()).unwrap();
    let mut variables = owned(&CLOUD);
    variables.extend(owned(&[
        ("READ_ONLY_MODE", "false"),
        ("ATLASSIAN_OAUTH_CLIENT_ID", "app-1"),
        ("ATLASSIAN_OAUTH_CLIENT_SECRET", "canary-secret"),
        ("ATLASSIAN_OAUTH_REDIRECT_URI", "http://localhost:8080/callback"),
        ("ATLASSIAN_OAUTH_SCOPE", "read:jira-work offline_access"),
        ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"),
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true"),
    ]));
    variables.push(("PORTCULLIS_OAUTH__TOKEN_DIRECTORY", directory.display().to_string()));
    variables.extend(outside.variables(home.path()));
    let world = World::start(Setup { variables, policies: Some(policies), ..Setup::default() }).await;
    let issue = json!({"issue_key": "OPS-1"});
    let read = lent(&world, "jira_get_issue", issue.clone()).await;
    assert_eq!(read["result"]["isError"], json!(false), "{read}");
    let comment = lent(&world, "jira_add_comment", json!({"issue_key": "OPS-1", "body": "x"})).await;
    assert!(comment.to_string().contains("no policy permits jira_add_comment"), "{comment}");
    // The token is no app of the operator's: nobody says what it is limited to.
    let own = world.call("a-token-of-ones-own", "jira_get_issue", issue).await;
    assert!(own.is_error && own.text.contains("not visible"), "{own:?}");
    world.end();
}
