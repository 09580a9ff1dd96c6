//! Proxies that a script names: real ones, and a script from a file or a server on loopback.

use axum::Router;
use axum::routing::get;
use serde_json::json;
use tempfile::TempDir;

use crate::proxies::Proxy;
use crate::support::Called;
use crate::support::Nobody;
use crate::support::Setup;
use crate::support::World;

/// A server in front of which a script stands; the file goes with the directory.
async fn scripted(home: &TempDir, script: &str, more: Vec<(&'static str, String)>) -> World {
    let file = home.path().join("proxy.pac");
    std::fs::write(&file, script).unwrap();
    let url = format!("file://{}", file.display());
    let mut variables =
        vec![("ATLASSIAN_PROXY_WPAD_ENABLE", "true".to_owned()), ("ATLASSIAN_PROXY_WPAD_URL", url)];
    variables.extend(more);
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    // The script is read at the first request.
    let called = world.call("alice-token", "confluence_get_page", json!({"page_id": "65537"})).await;
    assert_eq!(called.is_error, script.contains("nobody gets"), "{}\n{}", called.text, world.stderr());
    world
}

async fn called(world: &World) -> Called {
    world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await
}

async fn is_there(world: &World) -> bool {
    !called(world).await.is_error
}

fn returning(ways: &str) -> String {
    format!("function FindProxyForURL(url, host) {{ return '{ways}'; }}")
}

#[tokio::test]
async fn requests_go_where_the_script_says() {
    let (proxy, nobody, home) = (Proxy::open().await, Nobody::bind(), tempfile::tempdir().unwrap());
    let dead = nobody.url().replace("http://", "");
    let world =
        scripted(&home, &returning(&format!("PROXY {dead}; PROXY {}; DIRECT", proxy.address)), Vec::new())
            .await;
    assert!(is_there(&world).await, "{}", world.stderr());
    assert!(proxy.log().contains("GET http://127.0.0.1:"), "the next one is taken: {}", proxy.log());
    assert!(world.stderr().contains("takes no connections"), "{}", world.stderr());
    world.end();

    let world = scripted(&home, &returning(&format!("PROXY {dead}; DIRECT")), Vec::new()).await;
    assert!(is_there(&world).await, "the script allows it");
    world.end();
}

#[tokio::test]
async fn a_script_from_a_server_sees_the_host_alone() {
    let (proxy, nobody) = (Proxy::open().await, Nobody::bind());
    let dead = nobody.url().replace("http://", "");
    let script = format!(
        "function FindProxyForURL(url, host) {{\n  if (/^http:\\/\\/127.0.0.1:\\d+\\/$/.test(url) && host === '127.0.0.1') {{\n    \
         return 'PROXY {}';\n  }}\n  return 'PROXY {dead}';\n}}",
        proxy.address
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/wpad.dat", listener.local_addr().unwrap());
    let router = Router::new().route("/wpad.dat", get(move || async move { script }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let variables = vec![("JIRA_PROXY_WPAD_ENABLE", "true".to_owned()), ("JIRA_PROXY_WPAD_URL", url)];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert!(is_there(&world).await, "{}", world.stderr());
    assert!(proxy.log().contains("GET http://127.0.0.1:"), "{}", proxy.log());
    world.end();
}

#[tokio::test]
async fn a_script_that_fails_is_no_reason_to_go_without_a_proxy() {
    let table = [
        ("function FindProxyForURL() { throw new Error('nobody gets through') }", "nobody gets through"),
        ("// nobody gets through", "it is no proxy script"),
        ("function FindProxyForURL() { return 'nobody gets through' }", "names no way that is known"),
        ("function FindProxyForURL( { nobody gets through", "proxy script failed"),
        // The client below would go around a proxy that it cannot read.
        (
            "function FindProxyForURL() { return 'SOCKS5 nobody{gets:1' } // nobody gets through",
            "way that is not known",
        ),
        (
            "function FindProxyForURL() { return 'PROXY nobody{gets:1' } // nobody gets through",
            "way that is not known",
        ),
    ];
    let home = tempfile::tempdir().unwrap();
    for (script, logged) in table {
        let world = scripted(&home, script, Vec::new()).await;
        let called = called(&world).await;
        assert!(called.text.contains("the proxy script gave no usable answer"), "{script}: {called:?}");
        assert_eq!(world.requests().await, Vec::<String>::new(), "{script}");
        assert!(world.stderr().contains(logged), "{script}: {}", world.stderr());
        world.end();
    }
    let variables = vec![
        ("JIRA_PROXY_WPAD_ENABLE", "true".to_owned()),
        ("JIRA_PROXY_WPAD_URL", "file:///nowhere/proxy.pac".to_owned()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert!(!is_there(&world).await);
    assert!(world.stderr().contains("the proxy script cannot be read"), "{}", world.stderr());
    world.end();
}

#[tokio::test]
async fn what_is_set_wins_over_the_script() {
    let (proxy, nobody, home) = (Proxy::open().await, Nobody::bind(), tempfile::tempdir().unwrap());
    let dead = returning(&format!("PROXY {}", nobody.url().replace("http://", "")));
    let set = format!("http://{}", proxy.address);
    for (name, value) in [("HTTP_PROXY", set), ("NO_PROXY", "127.0.0.1".to_owned())] {
        let world = scripted(&home, &dead, vec![(name, value)]).await;
        assert!(is_there(&world).await, "{name}");
        world.end();
    }
    assert!(proxy.log().contains("GET http://127.0.0.1:"), "{}", proxy.log());
}
