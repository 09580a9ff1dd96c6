//! Proxies: real ones, as processes on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;

use portcullis::net;
use portcullis::net::ClientSettings;
use portcullis::net::Guard;
use portcullis::net::Proxies;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::authority::Authority;
use crate::authority::Front;
use crate::support::ATTEMPTS;
use crate::support::Nobody;
use crate::support::PAUSE;
use crate::support::Setup;
use crate::support::World;
use crate::support::free_address;
use crate::trust::confluence;
use crate::trust::jira;
use crate::trust::world;

const PASSWORD: &str = "canary:p@ss";
const ENCODED: &str = "canary%3Ap%40ss";

/// A proxy that takes one user; it is ended when dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    process: Child,
    log: PathBuf,
    _home: TempDir,
}

impl Proxy {
    /// HTTP, with CONNECT.
    async fn tinyproxy(password: &str) -> Self {
        Self::tinyproxy_with(&format!("BasicAuth portcullis {password}\n")).await
    }

    /// HTTP, with CONNECT, for everybody: no script can name a password.
    #[cfg(feature = "pac")]
    pub(crate) async fn open() -> Self {
        Self::tinyproxy_with("").await
    }

    async fn tinyproxy_with(more: &str) -> Self {
        Self::start(|address, home| {
            let file = home.path().join("tinyproxy.conf");
            let log = home.path().join("log");
            let text = format!(
                "Listen 127.0.0.1\nPort {}\nTimeout 60\nMaxClients 20\nLogFile \"{}\"\nLogLevel Connect\n{more}",
                address.port(),
                log.display()
            );
            std::fs::write(&file, text).unwrap();
            let mut command = Command::new("tinyproxy");
            command.arg("-d").arg("-c").arg(file);
            command
        })
        .await
    }

    /// SOCKS5.
    async fn microsocks() -> Self {
        Self::start(|address, home| {
            let port = address.port().to_string();
            let log = std::fs::File::create(home.path().join("log")).unwrap();
            let mut command = Command::new("microsocks");
            command.args(["-i", "127.0.0.1", "-p", &port, "-u", "portcullis", "-P", PASSWORD]).stderr(log);
            command
        })
        .await
    }

    async fn start(command: impl Fn(SocketAddr, &TempDir) -> Command) -> Self {
        // A port that was free a moment ago may be taken by then.
        for _ in 0..5 {
            let (home, address) = (tempfile::tempdir().unwrap(), free_address());
            let mut command = command(address, &home);
            let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
            let process =
                process.unwrap_or_else(|error| panic!("{command:?}: {error}; see scripts/lib/install"));
            let mut proxy = Self { address, process, log: home.path().join("log"), _home: home };
            for _ in 0..ATTEMPTS {
                if tokio::net::TcpStream::connect(address).await.is_ok() {
                    return proxy;
                }
                if proxy.process.try_wait().unwrap().is_some() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        panic!("the proxy did not start");
    }

    fn url(&self, scheme: &str, credential: &str) -> String {
        format!("{scheme}://{credential}@{}", self.address)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A world behind TLS whose authority is trusted.
async fn behind_tls(more: Vec<(&'static str, String)>) -> (World, Front) {
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let trusted = vec![("SSL_CERT_FILE", authority.write(home.path()))];
    world(authority.server("localhost"), [trusted, more].concat()).await
}

/// A world without TLS.
async fn plain(variables: Vec<(&'static str, String)>) -> World {
    World::start(Setup { variables, ..Setup::default() }).await
}

fn good(proxy: &Proxy, scheme: &str) -> String {
    proxy.url(scheme, &format!("portcullis:{ENCODED}"))
}

/// The passwords of proxies are nowhere, in no form.
fn assert_silent(world: &World) {
    let written = format!("{} {:?}", world.stderr(), world.audit());
    assert!(!written.contains("canary"), "{written}");
}

#[tokio::test]
async fn https_goes_through_an_http_proxy() {
    let proxy = Proxy::tinyproxy("plainpass").await;
    let url = proxy.url("http", "portcullis:plainpass");
    let (world, front) = behind_tls(vec![("JIRA_HTTPS_PROXY", url)]).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    let (log, tunnel) = (proxy.log(), format!("CONNECT localhost:{}", front.address.port()));
    assert_eq!(log.matches(&tunnel).count(), 1, "one connection serves all: {log}");
    assert!(!confluence(&world).await.is_error);
    assert_eq!(
        proxy.log().matches("CONNECT ").count(),
        log.matches("CONNECT ").count(),
        "Confluence has none"
    );
    world.end();
}

#[tokio::test]
async fn http_goes_through_an_http_proxy() {
    let proxy = Proxy::tinyproxy("plainpass").await;
    let url = proxy.url("http", "portcullis:plainpass");
    let world = plain(vec![("HTTP_PROXY", url)]).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    assert!(!confluence(&world).await.is_error);
    let log = proxy.log();
    assert!(log.contains("GET http://127.0.0.1:"), "{log}");
    world.end();
}

#[tokio::test]
async fn a_proxy_may_speak_tls_itself() {
    let proxy = Proxy::tinyproxy("plainpass").await;
    let (home, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let before_proxy = Front::start(authority.server("localhost")).await;
    before_proxy.pass_to(proxy.address);
    let variables = vec![
        ("SSL_CERT_FILE", authority.write(home.path())),
        ("JIRA_HTTPS_PROXY", before_proxy.url().replace("https://", "https://portcullis:plainpass@")),
    ];
    let (world, front) = world(authority.server("localhost"), variables).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    assert!(proxy.log().contains(&format!("CONNECT localhost:{}", front.address.port())), "{}", proxy.log());
    world.end();
}

#[tokio::test]
async fn an_address_that_callers_choose_is_reached_without_proxy_and_without_foreign_names() {
    let (nobody, world) = (Nobody::bind(), plain(Vec::new()).await);
    let settings = ClientSettings {
        plain: true,
        proxies: Proxies { http: Some(nobody.url().parse().unwrap()), ..Proxies::default() },
        ..ClientSettings::default()
    };
    let url = format!("{}/__sim/log", world.sim.url());
    let client = net::build_client(&settings).unwrap();
    assert!(client.get(&url).send().await.is_err(), "it goes through the proxy");
    let guarded =
        net::build_client(&ClientSettings { guard: Some(Arc::new(Guard::default())), ..settings }).unwrap();
    assert!(guarded.get(&url).send().await.unwrap().status().is_success());
    let by_name = url.replace("127.0.0.1", "localhost");
    assert!(guarded.get(by_name).send().await.unwrap_err().is_connect());
    world.end();
}

#[tokio::test]
async fn a_socks_proxy_wins_and_resolves_the_name() {
    let proxy = Proxy::microsocks().await;
    let nobody = Nobody::bind();
    let more = vec![("JIRA_SOCKS_PROXY", good(&proxy, "socks5h")), ("JIRA_HTTPS_PROXY", nobody.url())];
    let (world, front) = behind_tls(more).await;
    assert_eq!(jira(&world).await.json()["key"], "OPS-1");
    let log = proxy.log();
    assert!(log.contains(&format!("localhost:{}", front.address.port())), "{log}");
    assert_silent(&world);
    world.end();

    let (world, front) = behind_tls(vec![("JIRA_SOCKS_PROXY", good(&proxy, "socks5"))]).await;
    assert!(!jira(&world).await.is_error);
    let log = proxy.log();
    assert!(log.contains(&format!("127.0.0.1:{}", front.address.port())), "resolved here: {log}");
    world.end();

    let world = plain(vec![("JIRA_SOCKS_PROXY", good(&proxy, "socks5h"))]).await;
    assert!(!jira(&world).await.is_error, "without TLS");
    world.end();
}

/// A proxy that takes nobody, as most of them say it; it ends with the test.
async fn refusing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer =
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
                           Content-Length: 0\r\nConnection: close\r\n\r\n";
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

#[tokio::test]
async fn a_password_that_the_proxy_does_not_take_is_said() {
    let (http, socks, other) =
        (Proxy::tinyproxy("plainpass").await, Proxy::microsocks().await, refusing().await);
    let wrong = "portcullis:canary-wrong";
    let refused = "the proxy does not accept the user name and password";
    for (more, says) in [
        (("HTTPS_PROXY", format!("http://{wrong}@{other}")), refused),
        (("HTTPS_PROXY", format!("http://{}", http.address)), refused),
        (("SOCKS_PROXY", socks.url("socks5h", wrong)), refused),
        (("SOCKS_PROXY", format!("socks5h://{}", socks.address)), refused),
        // This one says 401 to a wrong password, as if it were the site.
        (("HTTPS_PROXY", http.url("http", wrong)), "the proxy refused"),
    ] {
        let (world, _front) = behind_tls(vec![more.clone()]).await;
        let called = jira(&world).await;
        assert!(called.is_error, "{called:?}");
        assert!(called.text.contains(&format!("Jira cannot be reached ({says})")), "{more:?}: {called:?}");
        for name in ["JIRA_HTTPS_PROXY", "JIRA_SOCKS_PROXY"] {
            assert!(world.stderr().contains(name), "{}", world.stderr());
        }
        assert_silent(&world);
        world.end();
    }
    for url in [format!("http://{wrong}@{other}"), format!("http://{}", http.address)] {
        let world = plain(vec![("HTTP_PROXY", url)]).await;
        let called = jira(&world).await;
        assert!(called.is_error && called.text.contains("answered 407. That is the proxy"), "{called:?}");
        assert!(world.stderr().contains("JIRA_HTTP_PROXY"), "{}", world.stderr());
        assert_silent(&world);
        world.end();
    }
}

#[tokio::test]
async fn a_proxy_that_is_down_is_named_and_never_gone_around() {
    let nobody = Nobody::bind();
    for (name, url) in
        [("HTTPS_PROXY", nobody.url()), ("SOCKS_PROXY", nobody.url().replace("http:", "socks5h:"))]
    {
        let (world, _front) = behind_tls(vec![(name, url)]).await;
        let called = jira(&world).await;
        assert!(called.text.contains("Jira cannot be reached (the proxy cannot be reached)"), "{called:?}");
        assert!(world.stderr().contains("JIRA_NO_PROXY"), "{}", world.stderr());
        assert!(world.requests().await.is_empty());
        world.end();
    }
    let world = plain(vec![("HTTP_PROXY", nobody.url())]).await;
    let called = jira(&world).await;
    assert!(called.is_error && world.requests().await.is_empty(), "{called:?}");
    assert!(world.stderr().contains("and the proxy"), "{}", world.stderr());
    world.end();
}

#[tokio::test]
async fn what_is_exempt_goes_directly() {
    let nobody = Nobody::bind();
    let proxy = || ("HTTPS_PROXY", nobody.url());
    for (list, exempt) in [
        ("localhost", true),
        (" example.com , .localhost", true),
        ("*", true),
        ("localhost:1", false),
        ("host,127.0.0.1", false),
    ] {
        let (world, _front) = behind_tls(vec![proxy(), ("NO_PROXY", list.to_owned())]).await;
        assert_eq!(!jira(&world).await.is_error, exempt, "{list}");
        world.end();
    }
    let own = vec![proxy(), ("NO_PROXY", "localhost".to_owned()), ("JIRA_NO_PROXY", "other".to_owned())];
    let (world, _front) = behind_tls(own).await;
    assert!(jira(&world).await.is_error, "its own list counts");
    assert!(!confluence(&world).await.is_error);
    world.end();

    let world = plain(vec![("HTTP_PROXY", nobody.url()), ("NO_PROXY", "127.0.0.0/8".to_owned())]).await;
    assert!(!jira(&world).await.is_error);
    world.end();
}
