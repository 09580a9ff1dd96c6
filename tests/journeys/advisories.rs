//! Faults that servers of this kind have had, each by the number of its advisory: none of them is here.
//!
//! More of them are beside the code they are about: addresses in `net::guard`, tokens and pages in `oauth::tests`,
//! bounds in `sites`, decompression in `tests/network`.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::outside::Outside;

const CENTER: [(&str, &str); 2] =
    [("JIRA_URL", "https://jira.example.com"), ("CONFLUENCE_URL", "https://wiki.example.com")];

async fn center(outside: &Outside, home: &std::path::Path, more: &[(&'static str, &str)]) -> World {
    let mut variables: Vec<(&'static str, String)> =
        CENTER.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.extend(outside.variables(home));
    World::start(Setup { variables, ..Setup::default() }).await
}

async fn issue(world: &World, headers: &[(&str, &str)]) -> (u16, Value) {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}}});
    let mut request = world.http.post(&world.endpoint).json(&message);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn cve_2026_27825_ghsa_wm45_no_file_of_the_server_is_read_for_a_caller() {
    let elsewhere = tempfile::tempdir().unwrap();
    let directory = elsewhere.path().join("attachments");
    std::fs::create_dir(&directory).unwrap();
    let secret = elsewhere.path().join("secret.md");
    std::fs::write(&secret, "canary-7f3a").unwrap();
    let offered = ("PORTCULLIS_TOOLS__ATTACHMENT_DIRECTORY", directory.display().to_string());
    for (offer, says) in [
        (None, "there is no directory for such files"),
        (Some(offered), "is not a file in the directory for attachments"),
    ] {
        let variables = [("READ_ONLY_MODE", "false".to_owned())].into_iter().chain(offer).collect();
        let world = World::start(Setup { variables, ..Setup::default() }).await;
        for path in [secret.display().to_string(), "/proc/self/environ".to_owned(), "../secret.md".to_owned()]
        {
            let page = json!({"space_key": "DOCS", "title": "T", "content_file": path});
            let called = world.call("alice-token", "confluence_create_page", page).await;
            assert!(called.is_error && called.text.contains(says), "{}", called.text);
        }
        assert!(world.requests().await.iter().all(|request| !request.starts_with("POST")));
        world.end();
    }
}

#[tokio::test]
async fn ghsa_wrhw_nobody_uses_the_operators_credential_without_being_lent_it() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let world = center(&outside, home.path(), &[("JIRA_PERSONAL_TOKEN", "canary-operator")]).await;
    for headers in [
        &[][..],
        &[("Authorization", " ")],
        &[("X-Atlassian-Confluence-Personal-Token", "x")],
        &[("X-Atlassian-Cloud-Id", "cid-1")],
        &[("X-Forwarded-User", "admin")],
    ] {
        let (status, answer) = issue(&world, headers).await;
        assert_eq!(status, 401, "{headers:?}: {answer}");
    }
    assert!(outside.take().is_empty());
    world.end();
}

#[tokio::test]
async fn ghsa_6529_a_redirect_takes_no_credential_anywhere() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let variables = [("JIRA_CUSTOM_HEADERS", "X-Gateway=canary-gateway")];
    let world = center(&outside, home.path(), &variables).await;
    let own = |url: &str| url.starts_with("https://jira.example.com/");
    for target in [
        "https://evil.example.net/rest/api/2/myself",
        "http://jira.example.com/rest/api/2/myself",
        "http://169.254.169.254/latest/meta-data",
        "//evil.example.net/",
        "/login.jsp",
    ] {
        for status in [301, 302, 303, 307, 308] {
            outside.answer(("/rest/api/2/myself", status, json!({"location": target})));
            // One that was not accepted is not shown again so soon.
            let token = format!("Bearer canary-caller-{status}");
            let (_, answer) = issue(&world, &[("Authorization", &token)]).await;
            let failed = answer["error"].is_object() || answer["result"]["isError"] == true;
            assert!(failed, "{status} {target}: {answer}");
            let seen = outside.take();
            assert!(
                !seen.is_empty() && seen.iter().all(|seen| own(&seen.url)),
                "{target}: {answer} {seen:#?}"
            );
            // The same origin has seen the credential already.
            let followed = seen.iter().any(|seen| seen.url == "https://jira.example.com/login.jsp");
            assert_eq!(followed, target == "/login.jsp", "{status} {target}: {seen:#?}");
        }
    }
    world.end();
}

#[tokio::test]
async fn advisory_951_a_netrc_file_wins_over_nothing() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let netrc = home.path().join(".netrc");
    std::fs::write(&netrc, "machine jira.example.com login netrc password canary-netrc\n").unwrap();
    let (path, directory) = (netrc.display().to_string(), home.path().display().to_string());
    let world = center(&outside, home.path(), &[("NETRC", &path), ("HOME", &directory)]).await;
    let (status, answer) = issue(&world, &[("Authorization", "Bearer mine")]).await;
    assert_eq!((status, &answer["result"]["isError"]), (200, &json!(false)), "{answer}");
    for seen in outside.take() {
        assert_eq!(seen.header("authorization"), Some("Bearer mine"));
    }
    world.end();
}

#[tokio::test]
async fn advisory_1405_what_one_caller_was_vouched_for_is_no_others() {
    let (outside, home) = (Outside::start().await, tempfile::tempdir().unwrap());
    let world = center(&outside, home.path(), &[("JIRA_PASSTHROUGH_HEADERS", "Cookie")]).await;
    let known = [("Authorization", "Bearer a"), ("Cookie", "session=a")];
    assert_eq!(issue(&world, &known).await.0, 200);
    outside.answer(("/rest/api/2/myself", 401, json!({})));
    assert_eq!(issue(&world, &known).await.0, 200, "the account is known");
    for other in [
        &[("Authorization", "Bearer a"), ("Cookie", "session=b")][..],
        &[("Authorization", "Bearer a")],
        &[("Authorization", "Bearer b"), ("Cookie", "session=a")],
        &[("Authorization", "Basic YTph"), ("Cookie", "session=a")],
    ] {
        assert_eq!(issue(&world, other).await.0, 401, "{other:?}");
    }
    world.end();
}

#[tokio::test]
async fn advisory_1544_a_nonsensical_retry_after_keeps_nobody_waiting() {
    let world = World::start(Setup::default()).await;
    for value in ["-1", "soon", "99999999999999999999", "86400", "Mon, 01 Jan 2999 00:00:00 GMT", "\u{7f}"] {
        let fault = json!({"path": "^/rest/api/2/myself", "status": 429, "headers": {"Retry-After": value}});
        world.faults(json!([fault])).await;
        let called = world.call("alice-token", "jira_search", json!({"jql": "project = OPS"})).await;
        assert!(called.is_error && called.text.contains("429"), "{value}: {}", called.text);
    }
    world.end();
}
