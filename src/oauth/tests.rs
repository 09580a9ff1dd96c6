//! Stores, renewals and the wizard, in front of an authorization server on loopback.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use super::session::Clock;
use super::*;
use crate::net;
use crate::net::Authority;
use crate::net::ClientSettings;
use crate::net::CredentialSource as _;
use crate::secrets::Current;
use crate::secrets::Secret;
use crate::secrets::played::CANARY;
use crate::secrets::played::Fault;
use crate::secrets::played::Played;

const NOW: f64 = 1_760_000_000.0;

/// An authorization server: what it answers, and what it was sent.
struct Server {
    base: Url,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    forms: Vec<Vec<(String, String)>>,
    /// Answers that stand before the usual one.
    answers: VecDeque<(u16, String)>,
    sites: Value,
    /// Refresh tokens that were used up.
    used: Vec<String>,
    /// What happens while a token is being made.
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

impl Server {
    async fn start() -> Self {
        let state = Arc::new(Mutex::new(State { sites: json!([site("cid-1")]), ..State::default() }));
        let (forms, sites) = (Arc::clone(&state), Arc::clone(&state));
        let token =
            move |Form(form): Form<Vec<(String, String)>>| async move { forms.lock().unwrap().token(form) };
        let list = move || async move { sites.lock().unwrap().sites.to_string() };
        let router = Router::new().route("/token", post(token)).route("/sites", get(list));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, state }
    }

    fn endpoints(&self, cloud: bool) -> Endpoints {
        let at = |path: &str| self.base.join(path).unwrap();
        Endpoints { authorize: at("/authorize"), token: at("/token"), sites: cloud.then(|| at("/sites")) }
    }

    fn answer(&self, status: u16, body: &str) {
        self.state.lock().unwrap().answers.push_back((status, body.to_owned()));
    }

    fn requests(&self) -> usize {
        self.state.lock().unwrap().forms.len()
    }

    /// A field of the last form.
    fn sent(&self, name: &str) -> Option<String> {
        let state = self.state.lock().unwrap();
        state.forms.last()?.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

impl State {
    /// Each refresh token is good once, as with Atlassian.
    fn token(&mut self, form: Vec<(String, String)>) -> (StatusCode, String) {
        let refresh = form.iter().find(|(key, _)| key == "refresh_token").map(|(_, value)| value.clone());
        self.forms.push(form);
        if let Some(meanwhile) = self.meanwhile.take() {
            meanwhile();
        }
        if let Some((status, body)) = self.answers.pop_front() {
            return (StatusCode::from_u16(status).unwrap(), body);
        }
        if let Some(refresh) = refresh {
            if self.used.contains(&refresh) {
                return (StatusCode::FORBIDDEN, json!({"error": "invalid_grant"}).to_string());
            }
            self.used.push(refresh);
        }
        let number = self.forms.len();
        let tokens = json!({"access_token": format!("canary-access-{number}"), "expires_in": 3600,
            "refresh_token": format!("canary-refresh-{number}"), "scope": "x", "token_type": "Bearer"});
        (StatusCode::OK, tokens.to_string())
    }
}

fn site(id: &str) -> Value {
    json!({"id": id, "name": format!("Site {id}"), "url": format!("https://{id}.atlassian.net"), "scopes": []})
}

fn authority() -> Authority {
    Authority::new(net::build_client(&ClientSettings { plain: true, ..ClientSettings::default() }).unwrap())
}

fn store(directory: &Path) -> TokenStore {
    TokenStore::new(directory.join("tokens"), "app-1", false).unwrap()
}

fn stored(directory: &Path) -> Value {
    let text = std::fs::read_to_string(directory.join("tokens/oauth-app-1.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn keep(directory: &Path, tokens: &Value) {
    std::fs::create_dir_all(directory.join("tokens")).unwrap();
    std::fs::write(directory.join("tokens/oauth-app-1.json"), tokens.to_string()).unwrap();
}

fn tokens(expires_at: f64) -> Value {
    json!({"refresh_token": "canary-refresh-0", "access_token": "canary-access-0", "expires_at": expires_at,
        "cloud_id": "cid-1", "base_url": null})
}

/// A clock that is set by hand.
#[derive(Clone)]
struct Hands(Arc<Mutex<f64>>);

impl Hands {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(NOW)))
    }

    fn forward(&self, seconds: f64) {
        *self.0.lock().unwrap() += seconds;
    }

    fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.0);
        Arc::new(move || *hands.lock().unwrap())
    }
}

fn session(server: &Server, directory: &Path, hands: &Hands) -> Arc<Session> {
    let client_secret = Current::fixed(Secret::new("canary-secret"));
    let app = App {
        client_id: "app-1".to_owned(),
        client_secret,
        token: server.endpoints(true).token,
        base_url: None,
    };
    Arc::new(Session::with_clock(app, authority(), store(directory), hands.clock()))
}

async fn access(session: &Arc<Session>) -> Result<String, String> {
    let credential = session.credential().await.map_err(|error| error.to_string())?;
    Ok(credential.token().unwrap().expose().to_owned())
}

#[tokio::test]
async fn ghsa_g5xv_stored_tokens_are_their_owners_alone_from_the_start() {
    let home = TempDir::new().unwrap();
    let store = store(home.path());
    assert!(store.load().await.unwrap().is_none());
    let mut first = Tokens::from_stored(&tokens(NOW).to_string()).unwrap();
    store.save(&first).await.unwrap();
    assert_eq!(stored(home.path()), tokens(NOW));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (directory, file) = (home.path().join("tokens"), home.path().join("tokens/oauth-app-1.json"));
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        store.load().await.unwrap();
        first.expires_at += 1.0;
        store.save(&first).await.unwrap();
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
    }
    let names: Vec<_> = std::fs::read_dir(home.path().join("tokens")).unwrap().flatten().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn what_the_reference_server_wrote_is_read_and_kept() {
    let home = TempDir::new().unwrap();
    let mut theirs = tokens(NOW);
    theirs["scope"] = "kept".into();
    keep(home.path(), &theirs);
    let store = store(home.path());
    let read = store.load().await.unwrap().unwrap();
    assert_eq!((read.cloud_id.as_deref(), read.expires_at), (Some("cid-1"), NOW));
    store.save(&read).await.unwrap();
    assert_eq!(stored(home.path()), theirs);
    assert!(!format!("{read:?} {store:?}").contains("canary"));
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let home = TempDir::new().unwrap();
    for id in ["", "../x", "a/b", ".hidden", "a b", &"x".repeat(129)] {
        assert_eq!(
            TokenStore::new(home.path().to_owned(), id, false).unwrap_err(),
            StoreError::ClientId,
            "{id}"
        );
    }
    for text in ["", "{", "[]", "{}", r#"{"access_token": 1}"#] {
        std::fs::create_dir_all(home.path().join("tokens")).unwrap();
        std::fs::write(home.path().join("tokens/oauth-app-1.json"), text).unwrap();
        let error = store(home.path()).load().await.unwrap_err();
        assert!(error.to_string().contains("run `portcullis oauth setup`"), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_token_is_renewed_in_time_and_once_for_all_who_ask() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW + 301.0));
    let session = session(&server, home.path(), &hands);
    assert_eq!(access(&session).await.as_deref(), Ok("canary-access-0"));
    hands.forward(1.0);
    let all = futures::future::join_all((0..50).map(|_| access(&session))).await;
    assert!(all.iter().all(|one| one.as_deref() == Ok("canary-access-1")), "{all:?}");
    assert_eq!(server.requests(), 1);
    assert_eq!(server.sent("grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(server.sent("refresh_token").as_deref(), Some("canary-refresh-0"));
    assert_eq!((server.sent("client_id").as_deref(), server.sent("scope")), (Some("app-1"), None));
    assert_eq!(stored(home.path())["refresh_token"], "canary-refresh-1");
    assert_eq!(stored(home.path())["expires_at"], json!(NOW + 1.0 + 3600.0));
}

#[tokio::test]
async fn two_processes_renew_once_a_round_and_lose_no_token() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let sessions = [session(&server, home.path(), &hands), session(&server, home.path(), &hands)];
    for round in 1..=5 {
        let asking = (0..50).map(|number| access(&sessions[number % 2]));
        let all = futures::future::join_all(asking).await;
        let wanted = format!("canary-access-{round}");
        assert!(all.iter().all(|one| one.as_ref() == Ok(&wanted)), "{all:?}");
        assert_eq!(server.requests(), round);
        assert_eq!(stored(home.path())["refresh_token"], json!(format!("canary-refresh-{round}")));
        hands.forward(3600.0);
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW + 3600.0));
    let session = session(&server, home.path(), &hands);
    let source = session.source();
    let refused = source.current().await.unwrap();
    let renewed = futures::future::join_all((0..10).map(|_| refused.renewed())).await;
    for one in renewed {
        assert_eq!(one.unwrap().token().unwrap().expose(), "canary-access-1");
    }
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_caller_who_leaves_takes_no_token_along() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let session = session(&server, home.path(), &hands);
    {
        let leaving = std::pin::pin!(session.credential());
        let sent = async {
            while server.requests() == 0 {
                tokio::task::yield_now().await;
            }
        };
        futures::future::select(leaving, std::pin::pin!(sent)).await;
    }
    assert_eq!(access(&session).await.as_deref(), Ok("canary-access-1"));
    assert_eq!((server.requests(), &stored(home.path())["refresh_token"]), (1, &json!("canary-refresh-1")));
}

#[tokio::test]
async fn what_could_not_be_stored_is_newer_than_what_is() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let session = session(&server, home.path(), &hands);
    assert!(access(&session).await.is_ok());
    keep(home.path(), &tokens(NOW));
    hands.forward(3600.0);
    assert_eq!(access(&session).await.as_deref(), Ok("canary-access-2"));
    assert_eq!(server.sent("refresh_token").as_deref(), Some("canary-refresh-1"));
}

#[tokio::test]
async fn what_could_not_be_stored_is_stored_later() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let session = session(&server, home.path(), &hands);
    let file = home.path().join("tokens/oauth-app-1.json");
    let (blocked, free) = (file.clone(), file.clone());
    server.state.lock().unwrap().meanwhile = Some(Box::new(move || {
        std::fs::remove_file(&blocked).unwrap();
        std::fs::create_dir(&blocked).unwrap();
    }));
    assert_eq!(access(&session).await.as_deref(), Ok("canary-access-1"), "nobody else has it");
    std::fs::remove_dir(free).unwrap();
    assert_eq!(access(&session).await.as_deref(), Ok("canary-access-1"));
    assert!(!file.exists(), "not at every call");
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    tokio::time::resume();
    assert_eq!(access(&session).await.as_deref(), Ok("canary-access-1"));
    assert_eq!((&stored(home.path())["refresh_token"], server.requests()), (&json!("canary-refresh-1"), 1));
}

#[tokio::test]
async fn a_token_that_never_lives_five_minutes_is_not_renewed_at_every_call() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let session = session(&server, home.path(), &hands);
    let short = json!({"access_token": "canary-short", "expires_in": 200, "refresh_token": "canary-next"});
    server.answer(200, &short.to_string());
    for (forward, requests) in [(0.0, 1), (90.0, 1), (20.0, 2)] {
        hands.forward(forward);
        assert!(access(&session).await.is_ok());
        assert_eq!(server.requests(), requests, "{forward}");
    }
}

#[tokio::test]
async fn the_secret_of_the_app_is_taken_anew_for_each_renewal() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let played = Played::new();
    let (_vault, client_secret) = played.current(|secret| Ok(secret.clone())).await;
    let (client_id, token) = ("app-1".to_owned(), server.endpoints(false).token);
    let app = App { client_id, client_secret, token, base_url: None };
    let session = Arc::new(Session::with_clock(app, authority(), store(home.path()), hands.clock()));
    let secret = |number: u64| Some(format!("{CANARY}-{number}"));
    assert!(access(&session).await.is_ok());
    assert_eq!(server.sent("client_secret"), secret(1));
    // The old one is refused: the new one is looked for at once, with the refresh token that is still good.
    played.rotate();
    server.answer(401, r#"{"error":"invalid_client"}"#);
    hands.forward(3600.0);
    assert_eq!(access(&session).await.unwrap(), "canary-access-3");
    assert_eq!((server.requests(), server.sent("client_secret")), (3, secret(2)));
    // Where there is none newer, the refusal stands.
    server.answer(401, r#"{"error":"invalid_client"}"#);
    hands.forward(3600.0);
    let error = access(&session).await.unwrap_err();
    assert!(error.contains("answered 401") && error.contains("invalid_client"), "{error}");
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn without_the_secret_of_the_app_nobody_is_asked() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let played = Played::new();
    played.fail(Fault::Status(503, None, "{\"errors\":[\"Vault is sealed\"]}"));
    let (_vault, client_secret) = played.current(|secret| Ok(secret.clone())).await;
    let (client_id, token) = ("app-1".to_owned(), server.endpoints(false).token);
    let app = App { client_id, client_secret, token, base_url: None };
    let session = Arc::new(Session::with_clock(app, authority(), store(home.path()), hands.clock()));
    let error = session.source().current().await.unwrap_err();
    assert_eq!(error.text, "OAuth credentials are temporarily unavailable; try again in 30 s");
    assert!(error.detail.contains("is sealed") && server.requests() == 0, "{}", error.detail);
}

#[tokio::test]
async fn tokens_of_another_server_are_not_shown_to_this_one() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    let mut theirs = tokens(NOW + 3600.0);
    theirs["base_url"] = "https://jira.example.com".into();
    keep(home.path(), &theirs);
    for (base_url, fine) in
        [(Some("https://jira.example.com/"), true), (Some("https://wiki.example.com"), false), (None, false)]
    {
        let (client_secret, token) =
            (Current::fixed(Secret::new("canary-secret")), server.endpoints(false).token);
        let base_url = base_url.map(str::to_owned);
        let app = App { client_id: "app-1".to_owned(), client_secret, token, base_url };
        let session = Arc::new(Session::with_clock(app, authority(), store(home.path()), hands.clock()));
        assert_eq!(access(&session).await.is_ok(), fine);
    }
}

#[tokio::test]
async fn what_fails_is_said_with_what_to_do() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    let error = access(&session(&server, home.path(), &hands)).await.unwrap_err();
    assert!(error.contains("run `portcullis oauth setup`"), "{error}");

    let mut alone = tokens(NOW + 10.0);
    alone["refresh_token"] = Value::Null;
    keep(home.path(), &alone);
    let lone = session(&server, home.path(), &hands);
    assert_eq!(access(&lone).await.as_deref(), Ok("canary-access-0"), "good to the end");
    hands.forward(10.0);
    assert!(access(&lone).await.unwrap_err().contains("`offline_access`"));

    keep(home.path(), &tokens(NOW + 110.0));
    let passing = session(&server, home.path(), &hands);
    server.answer(503, "<html>");
    assert_eq!(access(&passing).await.as_deref(), Ok("canary-access-0"), "good for 100 seconds yet");
    assert_eq!(access(&passing).await.as_deref(), Ok("canary-access-0"));
    assert_eq!(server.requests(), 1, "the fault stands for a moment");

    hands.forward(3600.0);
    for (status, body, says) in [
        (
            403,
            r#"{"error":"invalid_grant","error_description":"canary-refresh-0 is unknown"}"#,
            "no longer takes",
        ),
        (
            401,
            r#"{"error":"access_denied","error_description":"Unauthorized"}"#,
            "401: access_denied (Unauthorized)",
        ),
        (200, "<html>login</html>", "200 with something that is not the JSON"),
        (200, "{}", "sent no token"),
        (500, "", "answered 500"),
    ] {
        server.answer(status, body);
        let session = session(&server, home.path(), &hands);
        let error = access(&session).await.unwrap_err();
        assert!(error.contains(says) && !error.contains("canary"), "{error}");
        assert!(!format!("{session:?}").contains("canary"));
        let told = session.source().current().await.unwrap_err();
        assert!(!told.text.contains("http") && !told.text.contains("canary"), "{told:?}");
    }
    assert_eq!(stored(home.path())["refresh_token"], "canary-refresh-0", "nothing was lost");
}

/// A terminal that answers from a list.
struct Script {
    answers: VecDeque<&'static str>,
    said: Vec<String>,
    /// What is done once the address is shown: it may come back by the browser, or be pasted.
    browser: Box<dyn Fn(Url) -> Option<String> + Send>,
    pasted: VecDeque<String>,
}

impl Terminal for Script {
    fn say(&mut self, line: &str) {
        self.said.push(line.to_owned());
    }

    async fn ask(&mut self, question: &str) -> std::io::Result<String> {
        self.said.push(question.to_owned());
        Ok(self.answers.pop_front().unwrap_or_default().to_owned())
    }

    async fn ask_secret(&mut self, question: &str) -> std::io::Result<String> {
        self.ask(question).await
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        match self.pasted.pop_front() {
            Some(line) => Ok(Some(line)),
            None => std::future::pending().await,
        }
    }

    fn open(&mut self, address: &str) {
        self.pasted.extend((self.browser)(address.parse().unwrap()));
    }
}

fn query(address: &Url, name: &str) -> String {
    address.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Comes back by paste, with this query and the state.
fn pasting(query_text: &'static str) -> Box<dyn Fn(Url) -> Option<String> + Send> {
    Box::new(move |address| {
        Some(format!("{}?{query_text}&state={}", query(&address, "redirect_uri"), query(&address, "state")))
    })
}

struct Walk {
    said: String,
    result: Result<(), String>,
}

async fn walk(
    server: &Server,
    home: &Path,
    defaults: &Defaults,
    answers: &[&'static str],
    browser: Box<dyn Fn(Url) -> Option<String> + Send>,
) -> Walk {
    let mut script = Script {
        answers: answers.iter().copied().collect(),
        said: Vec::new(),
        browser,
        pasted: VecDeque::new(),
    };
    let endpoints = server.endpoints(defaults.data_center.is_none());
    let directory = home.join("tokens");
    let store = |id: &str| TokenStore::new(directory.clone(), id, false);
    let result = setup(&mut script, defaults, &endpoints, &authority(), store).await;
    let result = result.map_err(|error| error.to_string());
    let said = script.said.join("\n");
    assert!(!said.contains("canary"), "{said}");
    Walk { said, result }
}

/// The answers: client id, secret, redirect, scope.
const ANSWERS: [&str; 4] = ["app-1", "canary-secret", "https://elsewhere.example/callback", ""];

#[tokio::test]
async fn the_wizard_ends_with_stored_tokens_and_the_variables() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    let walked =
        walk(&server, home.path(), &Defaults::default(), &ANSWERS, pasting("code=canary-code")).await;
    assert_eq!(walked.result, Ok(()));
    for line in [
        "JIRA_URL=https://cid-1.atlassian.net",
        "CONFLUENCE_URL=https://cid-1.atlassian.net/wiki",
        "ATLASSIAN_OAUTH_CLOUD_ID=cid-1",
        "ATLASSIAN_OAUTH_CLIENT_ID=app-1",
        "ATLASSIAN_OAUTH_CLIENT_SECRET=<the secret you entered>",
        "ATLASSIAN_OAUTH_REDIRECT_URI=https://elsewhere.example/callback",
        "ATLASSIAN_OAUTH_SCOPE=read:jira-work write:jira-work read:confluence-content.all write:confluence-content offline_access",
    ] {
        assert!(walked.said.lines().any(|said| said == line), "{line}\n{}", walked.said);
    }
    assert!(
        walked.said.contains("scope=read%3Ajira-work%20write")
            && walked.said.contains("audience=api.atlassian.com")
            && walked.said.contains("prompt=consent")
    );
    assert!(walked.said.contains("code_challenge_method=S256"));
    assert_eq!(server.sent("grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(server.sent("code").as_deref(), Some("canary-code"));
    assert_eq!(server.sent("client_secret").as_deref(), Some("canary-secret"));
    let challenge = walked.said.split("code_challenge=").nth(1).unwrap().split('&').next().unwrap();
    assert_ne!(server.sent("code_verifier").as_deref(), Some(challenge), "it is not plain");
    assert_eq!(stored(home.path())["cloud_id"], "cid-1");
    assert_eq!(stored(home.path())["access_token"], "canary-access-1");
}

#[tokio::test]
async fn the_browser_comes_back_to_a_page_that_shows_nothing_as_markup() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let redirect: &'static str = format!("http://localhost:{port}/callback").leak();
    let answers = ["app-1", "canary-secret", redirect, "read:jira-work"];
    let (sender, pages) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let browser: Box<dyn Fn(Url) -> Option<String> + Send> = Box::new(move |address| {
        let state = query(&address, "state");
        let sender = sender.lock().unwrap().take().unwrap();
        tokio::spawn(async move {
            let http =
                net::build_client(&ClientSettings { plain: true, ..ClientSettings::default() }).unwrap();
            let mut pages = Vec::new();
            for query in [
                "code=x&state=another".to_owned(),
                "code=x".to_owned(),
                format!("state={state}"),
                format!("code=canary-code&state={state}"),
            ] {
                let page =
                    http.get(format!("http://127.0.0.1:{port}/callback?{query}")).send().await.unwrap();
                let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
                pages.push((page.status().as_u16(), policy, page.text().await.unwrap()));
            }
            let _ = sender.send(pages);
        });
        None
    });
    let walked = walk(&server, home.path(), &Defaults::default(), &answers, browser).await;
    assert_eq!(walked.result, Ok(()));
    assert!(walked.said.contains("without `offline_access` in the scope"), "{}", walked.said);
    let pages = pages.await.unwrap();
    let statuses: Vec<u16> = pages.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [400, 400, 400, 200]);
    assert!(pages.iter().all(|(_, policy, _)| policy.starts_with("default-src 'none'")));
}

#[tokio::test]
async fn ghsa_g2r2_what_atlassian_says_is_text_on_the_page() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let redirect: &'static str = format!("http://127.0.0.1:{port}/cb").leak();
    let answers = ["app-1", "canary-secret", redirect, ""];
    let (sender, page) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let browser: Box<dyn Fn(Url) -> Option<String> + Send> = Box::new(move |address| {
        let state = query(&address, "state");
        let sender = sender.lock().unwrap().take().unwrap();
        tokio::spawn(async move {
            let http =
                net::build_client(&ClientSettings { plain: true, ..ClientSettings::default() }).unwrap();
            let said = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27";
            let address = format!(
                "http://127.0.0.1:{port}/cb?error=access_denied&error_description={said}&state={state}"
            );
            let _ = sender.send(http.get(address).send().await.unwrap().text().await.unwrap());
        });
        None
    });
    let walked = walk(&server, home.path(), &Defaults::default(), &answers, browser).await;
    assert!(walked.result.unwrap_err().contains("did not log you in: access_denied"));
    let page = page.await.unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
}

/// Answers, what comes back, what the token endpoint says if not the usual, and what the wizard says then.
type Wrong = (&'static [&'static str], &'static str, Option<(u16, &'static str)>, &'static str);

#[tokio::test]
async fn the_wizard_says_what_is_wrong() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    let cloud = Defaults::default();
    let table: [Wrong; 7] = [
        (&["", "s"], "code=c", None, "Client ID: nothing that could be used was given"),
        (&["app-1", ""], "code=c", None, "Client secret: nothing was given"),
        (&["app-1", "s", "nonsense"], "code=c", None, "`nonsense` is not an address"),
        (
            &["../app", "s", "https://e.example/cb", ""],
            "code=c",
            None,
            "characters that no file name may have",
        ),
        (&ANSWERS, "error=access_denied", None, "did not log you in: access_denied"),
        (&ANSWERS, "code=c", Some((400, r#"{"error":"invalid_request"}"#)), "answered 400: invalid_request"),
        (&ANSWERS, "code=c", Some((200, "{}")), "sent no token"),
    ];
    for (answers, back, injected, says) in table {
        if let Some((status, body)) = injected {
            server.answer(status, body);
        }
        let error = walk(&server, home.path(), &cloud, answers, pasting(back)).await.result.unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    server.state.lock().unwrap().sites = json!([]);
    let none = walk(&server, home.path(), &cloud, &ANSWERS, pasting("code=c")).await;
    assert!(none.result.unwrap_err().contains("access to no site"));
    assert!(!home.path().join("tokens").exists(), "nothing was stored");
}

#[tokio::test]
async fn a_site_is_chosen_where_there_are_several_and_data_center_has_none() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    server.state.lock().unwrap().sites = json!([site("cid-1"), site("cid-2")]);
    let answers = [&ANSWERS[..], &["2"]].concat();
    let walked = walk(&server, home.path(), &Defaults::default(), &answers, pasting("code=c")).await;
    assert!(walked.said.contains("2  Site cid-2") && walked.said.contains("ATLASSIAN_OAUTH_CLOUD_ID=cid-2"));
    let known = Defaults { cloud_id: Some("cid-1".to_owned()), ..Defaults::default() };
    let walked = walk(&server, home.path(), &known, &ANSWERS, pasting("code=c")).await;
    assert!(walked.said.contains("ATLASSIAN_OAUTH_CLOUD_ID=cid-1") && !walked.said.contains("several sites"));

    let base: Url = "https://jira.example.com/base".parse().unwrap();
    let endpoints = Endpoints::data_center(&base);
    assert_eq!(endpoints.token.as_str(), "https://jira.example.com/base/rest/oauth2/latest/token");
    let center = Defaults { data_center: Some(base), ..Defaults::default() };
    server.answer(200, r#"{"access_token": "canary-access", "expires_in": "7200"}"#);
    let walked = walk(&server, home.path(), &center, &ANSWERS, pasting("code=c")).await;
    assert_eq!(walked.result, Ok(()));
    assert!(walked.said.contains("scope=WRITE") && !walked.said.contains("audience="), "{}", walked.said);
    assert!(walked.said.contains("warning: no refresh token came"), "{}", walked.said);
    assert_eq!(stored(home.path())["base_url"], "https://jira.example.com/base");
}

/// Atlassian lists a site once for each product, and a slip must not cost the consent that was just given.
#[tokio::test]
async fn a_site_is_listed_once_and_a_wrong_number_is_asked_again() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    let sites = json!([site("cid-1"), site("cid-2"), site("../x"), site("cid-1"), site("cid-2")]);
    server.state.lock().unwrap().sites = sites;
    let answers = [&ANSWERS[..], &["0", "two", "2"]].concat();
    let unknown = Defaults { cloud_id: Some("cid-9".to_owned()), ..Defaults::default() };
    let walked = walk(&server, home.path(), &unknown, &answers, pasting("code=c")).await;
    assert_eq!(walked.result, Ok(()), "{}", walked.said);
    assert!(walked.said.contains("`two` is not one of the numbers"), "{}", walked.said);
    assert!(walked.said.contains("`cid-9`"), "what is configured is another site: {}", walked.said);
    assert!(!walked.said.contains("  3  ") && !walked.said.contains("../x"), "{}", walked.said);
    assert_eq!(stored(home.path())["cloud_id"], "cid-2");

    let answers = [&ANSWERS[..], &["7"; 9]].concat();
    let walked = walk(&server, home.path(), &Defaults::default(), &answers, pasting("code=c")).await;
    assert!(walked.result.unwrap_err().contains("`7` is not one of the numbers"), "not for ever");
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_refused_before_anything_is_asked() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    for (base, says) in [
        ("http://jira.example.com", "is not https"),
        ("https://ann:canary@jira.example.com", "without a user name"),
        ("https://jira.example.com/?os_authType=canary", "without a user name"),
    ] {
        let center = Defaults { data_center: Some(base.parse().unwrap()), ..Defaults::default() };
        let endpoints = Endpoints::data_center(center.data_center.as_ref().unwrap());
        let mut script = Script {
            answers: VecDeque::new(),
            said: Vec::new(),
            browser: Box::new(|_| None),
            pasted: VecDeque::new(),
        };
        let kept = |id: &str| TokenStore::new(home.path().to_owned(), id, false);
        let result = setup(&mut script, &center, &endpoints, &authority(), kept).await;
        let error = result.unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("canary"), "{base}: {error}");
        assert!(script.said.is_empty(), "{:?}", script.said);
    }
    assert_eq!(server.requests(), 0);
}

/// What an authorization server says in its error may be what it was sent.
#[tokio::test]
async fn an_authority_that_repeats_a_secret_does_not_bring_it_into_an_error() {
    let (server, home, hands) = (Server::start().await, TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let long = format!("{}canary-refresh-0", "x".repeat(193));
    for said in ["canary-secret, canary-refresh-0", long.as_str(), "canary-refresh-0\u{202e}\u{200b}\n"] {
        let body = json!({"error": "invalid_request", "error_description": said}).to_string();
        server.answer(400, &body);
        let error = access(&session(&server, home.path(), &hands)).await.unwrap_err();
        assert!(error.contains("400: invalid_request"), "{error}");
        assert!(
            !error.contains("canary") && error.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '…'),
            "{error}"
        );
    }
    let said = r#"{"error":"invalid_grant","error_description":"canary-code and canary-secret"}"#;
    server.answer(400, said);
    let walked =
        walk(&server, home.path(), &Defaults::default(), &ANSWERS, pasting("code=canary-code")).await;
    let error = walked.result.unwrap_err();
    assert!(error.contains("400: invalid_grant") && !error.contains("canary"), "{error}");
}

#[tokio::test]
async fn any_path_and_any_tokens_come_back_without_a_panic_or_a_leak() {
    let (server, home) = (Server::start().await, TempDir::new().unwrap());
    for path in ["/:cb", "/*cb", "/{cb}", "/"] {
        let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let redirect: &'static str = format!("http://127.0.0.1:{port}{path}").leak();
        let answers = ["app-1", "canary-secret", redirect, ""];
        let walked =
            walk(&server, home.path(), &Defaults::default(), &answers, pasting("code=canary-code")).await;
        assert_eq!(walked.result, Ok(()), "{path}");
    }
    let text = json!({"access_token": "canary-a", "id_token": "canary-b", "expires_at": 1.0}).to_string();
    let debug = format!("{:?}", Tokens::from_stored(&text).unwrap());
    assert!(!debug.contains("canary"), "{debug}");
}

#[tokio::test]
async fn a_file_that_is_no_text_or_too_long_holds_no_tokens() {
    let home = TempDir::new().unwrap();
    let store = store(home.path());
    std::fs::create_dir_all(home.path().join("tokens")).unwrap();
    let large = " ".repeat(2 << 20);
    for content in [&b"\xff\xfe{}"[..], large.as_bytes()] {
        std::fs::write(home.path().join("tokens/oauth-app-1.json"), content).unwrap();
        let error = store.load().await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    }
}

/// `/tmp`, for example: making it this user's alone would break it for the others, and what lies in it may be theirs.
#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_all_share_is_left_as_it_is_and_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = TempDir::new().unwrap();
    let shared = home.path().join("tokens");
    keep(home.path(), &tokens(NOW));
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
    let store = store(home.path());
    let tokens = Tokens::from_stored(&tokens(NOW).to_string()).unwrap();
    for error in [store.load().await.unwrap_err(), store.save(&tokens).await.unwrap_err()] {
        assert!(error.to_string().contains("others may write"), "{error}");
    }
    assert_eq!(std::fs::metadata(&shared).unwrap().permissions().mode() & 0o7777, 0o1777);
}

#[tokio::test(start_paused = true)]
async fn advisory_755_an_authority_that_never_answers_keeps_nobody() {
    let (home, hands) = (TempDir::new().unwrap(), Hands::new());
    keep(home.path(), &tokens(NOW));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let token = format!("http://{}/token", silent.local_addr().unwrap()).parse().unwrap();
    let app = App {
        client_id: "app-1".to_owned(),
        client_secret: Current::fixed(Secret::new("canary-secret")),
        token,
        base_url: None,
    };
    let session = Arc::new(Session::with_clock(app, authority(), store(home.path()), hands.clock()));
    let began = tokio::time::Instant::now();
    assert!(access(&session).await.unwrap_err().contains("cannot be reached"));
    assert!(began.elapsed() <= std::time::Duration::from_secs(21));
}
