//! Against a server that plays a script, with the runtime's clock stopped: no test waits.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::future::join_all;
use http::HeaderName;
use http::HeaderValue;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::*;
use crate::audit::ErrorClass;
use crate::net::Body;
use crate::net::Path;
use crate::net::Renew;
use crate::secrets::Current;
use crate::secrets::Secret;
use crate::secrets::played::Played;

/// What the server does with one request.
#[derive(Debug, Clone)]
enum Step {
    /// Answers with this status, these headers (each with its line end) and this body.
    Answer(u16, &'static str, &'static str),
    /// Closes the connection without an answer.
    Reset,
    /// Announces more than it sends.
    Cut,
    /// Closes the connection when the other side does.
    Hang,
    /// Answers once there were so many requests at once.
    Together(usize),
}

const OK: Step = Step::Answer(200, "", r#"{"ok":true}"#);

const fn status(status: u16) -> Step {
    Step::Answer(status, "", "{}")
}

/// A server on loopback; when its script is at the end, it answers 200.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    /// Requests at once, and the most there were.
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Server {
    async fn start(script: impl Into<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            now: Arc::default(),
            most: Arc::default(),
        };
        let (seen, now, most) = (server.seen.clone(), server.now.clone(), server.most.clone());
        let script: Vec<Step> = script.into();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, now, most, script) = (seen.clone(), now.clone(), most.clone(), script.clone());
                tokio::spawn(async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    serve(stream, &seen, &script, &most).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn url(&self) -> Url {
        Url::parse(&format!("http://{}/jira", self.address)).unwrap()
    }

    fn upstream(&self, patience: Patience) -> (Upstream, Metrics) {
        upstream(self.url(), patience, client(None))
    }
}

async fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, script: &[Step], most: &AtomicUsize) {
    let Some(request) = read(&mut stream).await else { return };
    let step = {
        let mut seen = seen.lock().unwrap();
        seen.push(request);
        script.get(seen.len() - 1).cloned().unwrap_or(OK)
    };
    if let Step::Together(count) = step {
        while most.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }
    let answer = match step {
        Step::Reset => return,
        Step::Hang => {
            let _ = stream.read(&mut [0; 1]).await;
            return;
        }
        Step::Cut => {
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{".to_owned()
        }
        Step::Answer(status, headers, body) => answer(status, headers, body),
        Step::Together(_) => answer(200, "", "{}"),
    };
    stream.write_all(answer.as_bytes()).await.unwrap();
    let _ = stream.shutdown().await;
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// A whole request: its head and as much as the head announces.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= announced.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A client without any timer of its own: the stopped clock jumps to the next one whenever nothing happens.
fn client(resolver: Option<Turns>) -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "a client of the test's own")]
    let mut builder = reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0);
    if let Some(resolver) = resolver {
        builder = builder.dns_resolver(resolver);
    }
    builder.build().unwrap()
}

fn upstream(base: Url, patience: Patience, client: reqwest::Client) -> (Upstream, Metrics) {
    let operator = Current::fixed(HeaderValue::from_static("operator"));
    upstream_with(operator, base, patience, client)
}

fn upstream_with(
    gateway: Current<HeaderValue>,
    base: Url,
    patience: Patience,
    client: reqwest::Client,
) -> (Upstream, Metrics) {
    let metrics = Metrics::new().unwrap();
    let mut headers = Headers::default();
    headers.add(HeaderName::from_static("x-gateway"), gateway);
    let settings = UpstreamSettings {
        product: Product::Jira,
        instance: InstanceName::default(),
        base,
        client,
        files: None,
        headers,
        read_only: false,
        answer_limit: 1000,
        patience,
    };
    (Upstream::new(settings, metrics.clone()), metrics)
}

/// Gives addresses in turn, one each time.
struct Turns(Mutex<Vec<&'static str>>);

impl reqwest::dns::Resolve for Turns {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let address = self.0.lock().unwrap().remove(0).parse().unwrap();
        let addresses: reqwest::dns::Addrs = Box::new(std::iter::once(SocketAddr::new(address, 0)));
        Box::pin(async move { Ok(addresses) })
    }
}

fn path() -> Path {
    Path::of(["rest", "api", "2", "issue"])
}

fn get() -> Request {
    Request::get(path())
}

fn post() -> Request {
    Request::post(path(), json!({"summary": "x"}))
}

fn token() -> Credential {
    Credential::personal_token(Secret::new("old-token"))
}

/// Asks, and says what is on the warrant: the statuses of the requests that were sent.
async fn ask_with(
    upstream: &Upstream,
    credential: &Credential,
    request: &Request,
) -> (Result<Reply, UpstreamError>, Vec<Option<u16>>) {
    let notes = Mutex::new(Vec::new());
    let note = |note: UpstreamNote| notes.lock().unwrap().push(note.status);
    let call = CallId::random();
    let asked = Asked { request, call: &call, note: &note };
    let result = upstream.carry_out(&asked, credential).await;
    (result, notes.into_inner().unwrap())
}

async fn ask(upstream: &Upstream, request: Request) -> (Result<Reply, UpstreamError>, Vec<Option<u16>>) {
    ask_with(upstream, &token(), &request).await
}

fn retried(metrics: &Metrics, reason: &str) -> Option<String> {
    let line = format!("portcullis_upstream_retries_total{{product=\"jira\",reason=\"{reason}\"}} ");
    metrics.text().lines().find_map(|text| text.strip_prefix(&line).map(str::to_owned))
}

#[tokio::test(start_paused = true)]
async fn a_read_survives_a_fault_or_two() {
    let table = [
        (vec![status(429)], vec![Some(429), Some(200)], "429"),
        (vec![status(502), status(502)], vec![Some(502), Some(502), Some(200)], "502"),
        (vec![status(503)], vec![Some(503), Some(200)], "503"),
        (vec![status(504)], vec![Some(504), Some(200)], "504"),
        (vec![Step::Reset], vec![None, Some(200)], "broken"),
        (vec![Step::Cut], vec![Some(200), Some(200)], "broken"),
    ];
    let search = Request::post(Path::of(["rest", "api", "3", "search", "jql"]), json!({"jql": "x"}));
    for request in [get(), get().with("updateHistory", "true"), search] {
        for (script, wanted, reason) in table.clone() {
            let server = Server::start(script.clone()).await;
            let (upstream, metrics) = server.upstream(Patience::default());
            let (result, noted) = ask(&upstream, request.clone()).await;
            assert_eq!(result.unwrap().body, json!({"ok": true}), "{script:?}");
            assert_eq!(noted, wanted, "{script:?}: every request is on the warrant");
            assert_eq!(retried(&metrics, reason), Some((noted.len() - 1).to_string()), "{script:?}");
            let seen = server.seen();
            assert_eq!(seen.len(), wanted.len());
            assert!(seen.iter().all(|request| *request == seen[0]), "the same each time: {seen:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_stays_is_told_after_three_requests() {
    let table = [
        (status(503), Some(503), "Jira answered 503. The fault is on the server's side; try again later"),
        (status(429), Some(429), "Jira answered 429. Wait before the next call"),
        (Step::Reset, None, "Jira cannot be reached (the connection broke off)"),
        (Step::Cut, Some(200), "Jira's answer (200) could not be read: the answer broke off"),
    ];
    for (step, status, says) in table {
        let server = Server::start(vec![step.clone(); 9]).await;
        let (result, noted) = ask(&server.upstream(Patience::default()).0, get()).await;
        assert!(result.unwrap_err().to_string().starts_with(says), "{step:?}");
        assert_eq!(noted, [status; 3], "{step:?}");
    }
    for told in [400, 403, 404, 409, 500, 501] {
        let server = Server::start([status(told)]).await;
        let (result, noted) = ask(&server.upstream(Patience::default()).0, get()).await;
        assert_eq!((result.unwrap_err().status(), noted), (Some(told), vec![Some(told)]));
    }
}

#[tokio::test(start_paused = true)]
async fn atlassians_word_on_the_wait_is_kept_up_to_the_longest() {
    let table = [
        ("Retry-After: 7\r\n", 7, 8),
        ("Retry-After: 30\r\n", 30, 31),
        ("Date: Mon, 23 Nov 2026 10:00:00 GMT\r\nRetry-After: Mon, 23 Nov 2026 10:00:20 GMT\r\n", 20, 21),
        ("Retry-After: soon\r\n", 0, 1),
        ("Retry-After: -5\r\n", 0, 1),
    ];
    for (headers, least, most) in table {
        let server = Server::start([Step::Answer(429, headers, "{}")]).await;
        let started = Instant::now();
        let (result, noted) = ask(&server.upstream(Patience::default()).0, get()).await;
        assert!(result.is_ok() && noted.len() == 2, "{headers}");
        let took = started.elapsed().as_secs_f64();
        assert!((f64::from(least)..f64::from(most) + 0.1).contains(&took), "{headers}: {took}");
    }
    let server = Server::start([Step::Answer(429, "Retry-After: 86400\r\n", "{}")]).await;
    let (result, noted) = ask(&server.upstream(Patience::default()).0, get()).await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "Jira answered 429. Wait 86400 seconds before the next call");
    assert_eq!((error.retry_after(), noted.len()), (Some(86400), 1));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_been_carried_out_is_not_repeated() {
    let table = [
        (Step::Reset, true),
        (Step::Cut, true),
        (status(502), true),
        (status(504), true),
        (status(503), true),
        (Step::Answer(503, "Retry-After: 1\r\n", "{}"), false),
        (status(429), false),
    ];
    for (step, in_doubt) in table {
        let server = Server::start([step.clone()]).await;
        let (result, noted) = ask(&server.upstream(Patience::default()).0, post()).await;
        let text = result.unwrap_err().to_string();
        assert_eq!(text.contains("look before you ask for it again"), in_doubt, "{step:?}: {text}");
        assert_eq!((noted.len(), server.seen().len()), (1, 1), "{step:?}");
    }
    let server = Server::start([Step::Reset, status(503)]).await;
    let patience = Patience { include_writes: true, ..Patience::default() };
    let (result, noted) = ask(&server.upstream(patience).0, post()).await;
    assert_eq!((result.is_ok(), noted), (true, vec![None, Some(503), Some(200)]));
    let seen = server.seen();
    assert!(seen.iter().all(|request| request.ends_with(r#"{"summary":"x"}"#)), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_left_is_repeated() {
    let server = Server::start([]).await;
    // Nobody listens on the other loopback.
    let turns = || Some(Turns(Mutex::new(vec!["::1", "127.0.0.1"])));
    let base = Url::parse(&format!("http://jira.example.com:{}/jira", server.address.port())).unwrap();
    let (asked, metrics) = upstream(base.clone(), Patience::default(), client(turns()));
    let (result, noted) = ask(&asked, post()).await;
    assert_eq!((result.is_ok(), noted, server.seen().len()), (true, vec![None, Some(200)], 1));
    assert_eq!(retried(&metrics, "connect").as_deref(), Some("1"));

    let (asked, _) = upstream(base, Patience { retries: 0, ..Patience::default() }, client(turns()));
    let (result, noted) = ask(&asked, post()).await;
    let text = result.unwrap_err().to_string();
    assert!(text.contains("cannot be reached") && !text.contains("not known"), "{text}");
    assert_eq!(noted, [None]);
}

/// Gives newer tokens in turn, and the last of them again and again; counts how often it was asked.
struct Newer(&'static [&'static str], AtomicUsize);

impl Renew for Newer {
    fn renew<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Option<Credential>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        Box::pin(async move { Some(Credential::personal_token(Secret::new(self.0[turn]))) })
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_401_a_newer_credential_is_tried() {
    let refused = |times| vec![status(401); times];
    let all_refused = |times| vec![Some(401); times];
    let table: [(&'static [&'static str], _, _, usize); 6] = [
        (&["new-token"], refused(1), vec![Some(401), Some(200)], 1),
        (&["new-token"], refused(2), all_refused(2), 2),
        (&["new-token"], vec![status(503), status(401)], vec![Some(503), Some(401), Some(200)], 1),
        (&["old-token"], refused(1), all_refused(1), 1),
        // Replaced twice while one request was under way; and without end.
        (&["1", "2"], refused(2), vec![Some(401), Some(401), Some(200)], 2),
        (&["1", "2", "3", "4", "5"], refused(9), all_refused(4), 3),
    ];
    for request in [get(), post()] {
        for (newer, script, wanted, asked) in table.clone() {
            let write = !matches!(request.body, Body::None);
            if write && wanted[0] == Some(503) {
                continue;
            }
            let server = Server::start(script).await;
            let (upstream, metrics) = server.upstream(Patience::default());
            let renewal = Arc::new(Newer(newer, AtomicUsize::new(0)));
            let credential = token().renewed_by(renewal.clone());
            let (result, noted) = ask_with(&upstream, &credential, &request).await;
            assert_eq!(noted, wanted, "{newer:?}");
            assert_eq!(result.is_ok(), wanted.ends_with(&[Some(200)]), "{newer:?}");
            assert_eq!(renewal.1.load(Ordering::SeqCst), asked, "{newer:?}");
            let shown = |request: &String, token: &str| request.contains(&format!("Bearer {token}\r\n"));
            let seen = server.seen();
            assert!(shown(&seen[0], "old-token"), "{seen:?}");
            if result.is_ok() {
                assert!(shown(seen.last().unwrap(), newer.last().unwrap()), "{seen:?}");
                assert_eq!(retried(&metrics, "401"), Some(newer.len().to_string()));
            }
        }
        let server = Server::start([status(401)]).await;
        let (result, noted) = ask(&server.upstream(Patience::default()).0, request).await;
        assert_eq!((result.unwrap_err().status(), noted.len()), (Some(401), 1), "nothing newer");
    }
}

#[tokio::test]
async fn a_header_in_vault_is_taken_anew_for_each_request() {
    let shown = |server: &Server| {
        let value = |request: &String| {
            let value = request.lines().find_map(|line| line.strip_prefix("x-gateway: canary-7f20-"));
            value.unwrap().to_owned()
        };
        server.seen().iter().map(value).collect::<Vec<String>>()
    };
    let played = Played::new();
    let (vault, gateway) = played.current(Headers::value).await;
    let refusal = r#"{"errorMessages":["not canary-7f20-1"]}"#;
    let script = [OK, Step::Answer(401, "", refusal), OK, Step::Answer(401, "", refusal)];
    let server = Server::start(script).await;
    let (upstream, metrics) = upstream_with(gateway.clone(), server.url(), Patience::default(), client(None));
    assert!(ask(&upstream, get()).await.0.is_ok());
    // Whoever refuses the old one gets the new one at once, also with a write.
    played.rotate();
    let (result, noted) = ask(&upstream, post()).await;
    assert_eq!((result.is_ok(), noted), (true, vec![Some(401), Some(200)]));
    assert_eq!(retried(&metrics, "401"), Some("1".to_owned()));
    assert_eq!(shown(&server), ["1", "1", "2"]);
    // Where there is none newer, a refusal is one; its words show no header.
    let (result, noted) = ask(&upstream, get()).await;
    let text = result.unwrap_err().to_string();
    assert!(noted == [Some(401)] && !text.contains("canary-7f20-2"), "{text}");

    // An explicit no closes at once, before anything is sent.
    played.set(|state| state.gone = Some("gone"));
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(75)).await;
    tokio::time::resume();
    let (result, noted) = ask(&upstream, get()).await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "access to the Jira credentials was withdrawn; contact your administrator");
    assert!(error.operator().contains("there is no such secret"), "{}", error.operator());
    assert_eq!((error.class(), noted.len(), server.seen().len()), (ErrorClass::CredentialUnavailable, 0, 4));
    drop(vault);
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_lets_one_through_and_closes() {
    let server = Server::start(vec![status(503); 7]).await;
    let (upstream, metrics) = server.upstream(Patience { breaker_threshold: 2, ..Patience::default() });
    let open = |metrics: &Metrics| {
        metrics.text().contains("portcullis_upstream_breaker_open{instance=\"default\",product=\"jira\"} 1")
    };
    assert_eq!(ask(&upstream, get()).await.1.len(), 3);
    assert!(!open(&metrics), "a request with its repetitions is one failure");
    assert_eq!(ask(&upstream, get()).await.1.len(), 3);
    assert!(open(&metrics));

    let (result, noted) = ask(&upstream, post()).await;
    let error = result.unwrap_err();
    assert!(matches!(error, UpstreamError::LeftAlone { failures: 2, seconds: 29..=30, .. }), "{error:?}");
    assert!(noted.is_empty() && server.seen().len() == 6, "nothing was sent");
    let elsewhere = Server::start([]).await;
    assert!(
        ask(&upstream.at(elsewhere.url(), InstanceName::default()), get()).await.0.is_ok(),
        "another origin has its own"
    );
    let same = upstream.at(server.url(), InstanceName::default());
    assert!(matches!(ask(&same, get()).await.0, Err(UpstreamError::LeftAlone { .. })));

    tokio::time::advance(Duration::from_secs(30)).await;
    let (_, noted) = ask(&upstream, get()).await;
    assert_eq!(noted, [Some(503)], "one through, and no more");
    tokio::time::advance(Duration::from_secs(30)).await;
    let both = join_all([ask(&upstream, get()), ask(&upstream, get())]).await;
    let answered = both.iter().filter(|(result, _)| result.is_ok()).count();
    let refused =
        both.iter().filter(|(result, _)| matches!(result, Err(UpstreamError::LeftAlone { .. }))).count();
    assert_eq!((answered, refused), (1, 1));
    assert!(!open(&metrics) && ask(&upstream, get()).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_failure_of_the_server_keeps_the_breaker_closed() {
    for step in [status(404), status(401), status(500)] {
        let server = Server::start(vec![step.clone(); 20]).await;
        let patience = Patience { breaker_threshold: 1, ..Patience::default() };
        let (upstream, _) = server.upstream(patience);
        for _ in 0..3 {
            assert_eq!(ask(&upstream, get()).await.1.len(), 1, "{step:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_is_one_at_a_time() {
    for (limit, most) in [(Some(1), 1), (Some(3), 3), (None, 8)] {
        let server = Server::start(vec![Step::Together(most); most]).await;
        let (upstream, _) = server.upstream(Patience { max_concurrent: limit, ..Patience::default() });
        let all = join_all((0..8).map(|_| ask(&upstream, get()))).await;
        assert!(all.iter().all(|(result, _)| result.is_ok()));
        assert_eq!(server.most.load(Ordering::SeqCst), most, "{limit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_gives_its_place_back() {
    let server = Server::start([Step::Hang]).await;
    let (upstream, _) = server.upstream(Patience { max_concurrent: Some(1), ..Patience::default() });
    let upstream = Arc::new(upstream);
    let hanging = tokio::spawn({
        let upstream = Arc::clone(&upstream);
        async move { ask(&upstream, get()).await.1 }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    assert!(ask(&upstream, get()).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_are_spread_over_time() {
    let server = Server::start([]).await;
    let (upstream, _) = server.upstream(Patience { per_second: Some(2.0), ..Patience::default() });
    let started = Instant::now();
    for _ in 0..6 {
        assert!(ask(&upstream, get()).await.0.is_ok());
    }
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(1990) && took < Duration::from_millis(2100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn ghsa_6529_a_redirect_is_followed_on_the_same_origin_alone() {
    let other = Server::start([]).await;
    let elsewhere: &'static str = format!("Location: {}/steal\r\n", other.url()).leak();
    let moved = |location| Step::Answer(302, location, "{}");
    let server = Server::start([moved("Location: /new?x=1\r\n"), OK]).await;
    let (result, noted) = ask(&server.upstream(Patience::default()).0, get()).await;
    assert_eq!((result.is_ok(), noted), (true, vec![Some(302), Some(200)]));
    assert!(server.seen()[1].starts_with("GET /new?x=1 HTTP/1.1\r\n"), "{:?}", server.seen());

    let table = [
        (get(), vec![moved(elsewhere)], 1),
        (get(), vec![moved("Location: //127.0.0.1:1/x\r\n")], 1),
        (get(), vec![moved("Location: /\\127.0.0.1/x\r\n")], 1),
        (get(), vec![moved("Location: /again\r\n"); 9], 4),
        (get(), vec![moved("")], 1),
        (post(), vec![moved("Location: /new\r\n")], 1),
    ];
    for (request, script, requests) in table {
        let server = Server::start(script.clone()).await;
        let (result, noted) = ask(&server.upstream(Patience::default()).0, request).await;
        assert_eq!((result.unwrap_err().status(), noted.len()), (Some(302), requests), "{script:?}");
    }
    assert!(other.seen().is_empty(), "no credential goes to another origin: {:?}", other.seen());
}

#[tokio::test(start_paused = true)]
async fn an_address_the_guard_refuses_is_asked_once_and_never_connected_to() {
    let server = Server::start([]).await;
    let guard = Arc::new(crate::net::Guard::new(Vec::new()).unwrap());
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "a client of the test's own")]
    let builder = reqwest::Client::builder();
    let resolver = crate::net::guard::GuardedResolver::new(guard);
    let client = builder.tls_certs_only([]).no_proxy().dns_resolver(resolver).build().unwrap();
    let base = Url::parse(&format!("http://localhost:{}", server.address.port())).unwrap();
    let (result, noted) = ask(&upstream(base, Patience::default(), client).0, get()).await;
    let error = result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Jira cannot be reached (its name has no public address); the administrator's log has the cause"
    );
    assert!(error.operator().contains("MCP_ALLOWED_URL_DOMAINS"), "{}", error.operator());
    assert_eq!((noted, server.seen().len()), (vec![None], 0));
}

#[tokio::test(start_paused = true)]
async fn a_file_is_fetched_from_atlassians_storage_without_the_credential() {
    let signed = "Location: https://api.media.atlassian.com/file/1/binary?token=x\r\n";
    let inner = "Location: https://127.0.0.1/file\r\n";
    let foreign = "Location: https://media.example.com/file\r\n";
    let table = [
        (signed, true, true, "cannot be reached"),
        (signed, false, true, "answered 302"),
        (foreign, true, false, "`media.example.com`, which is not one of Atlassian's hosts"),
        (inner, true, false, "is not public"),
    ];
    for (location, follows, on_the_way, wanted) in table {
        // Stands for the proxy on the way to the storage: what is asked of it is what would leave.
        let proxy = Server::start([Step::Answer(502, "", "")]).await;
        let server = Server::start([Step::Answer(302, location, "")]).await;
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "a client of the test's own")]
        let builder = reqwest::Client::builder();
        let way = reqwest::Proxy::all(format!("http://{}", proxy.address)).unwrap();
        let files = builder.tls_certs_only([]).no_proxy().proxy(way).build().unwrap();
        let (mut upstream, _) = server.upstream(Patience::default());
        Arc::get_mut(&mut upstream.shared).unwrap().settings.files = follows.then_some(files);
        let (call, note) = (CallId::random(), |_: UpstreamNote| {});
        let asked = Asked { request: &get(), call: &call, note: &note };
        let result: Result<Reply<Content>, _> = upstream.carry_out(&asked, &token()).await;
        let error = result.unwrap_err().to_string();
        assert!(error.contains(wanted) && !error.contains("token=x"), "{location}: {error}");
        let left = proxy.seen();
        assert_eq!(left.len(), usize::from(follows && on_the_way), "{location}: {left:?}");
        for request in left {
            assert!(request.starts_with("CONNECT api.media.atlassian.com:443 "), "{request}");
            assert!(!request.contains("old-token") && !request.contains("operator"), "{request}");
        }
    }
}

#[test]
fn a_call_asks_for_no_more_than_its_budget() {
    let table = [(0, 0, true), (999, MOST_BYTES - 1, true), (1_000, 0, false), (1, MOST_BYTES, false)];
    for (requests, bytes, fine) in table {
        let said = within_budget(Product::Jira, Spent { requests, bytes });
        assert_eq!(said.is_ok(), fine, "{requests} {bytes}");
        if let Err(error) = said {
            assert!(error.to_string().ends_with("ask for less at once"), "{error}");
        }
    }
}
