//! Credentials in a real OpenBao under real calls: rotated, sealed, withdrawn.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::CANARY;
use crate::bao::ROOT_TOKEN;
use crate::bao::Role;
use crate::support::ATTEMPTS;
use crate::support::PAUSE;
use crate::support::Setup;
use crate::support::World;
use crate::support::audit;
use crate::support::line::Session;
use crate::support::line::run;
use crate::support::usual;

const CLIENTS: usize = 64;
const ROTATIONS: u64 = 10;

/// A token of the sample upstream; the mark makes another one of the same account.
fn token(number: u64) -> String {
    format!("alice-token~{CANARY}-{number}")
}

async fn world(bao: &Bao, role: &Role, more: &[(&'static str, &str)]) -> World {
    let reference = || "vault://kv/atlassian/jira#token".to_owned();
    let mut variables = vec![
        ("JIRA_PERSONAL_TOKEN", reference()),
        ("CONFLUENCE_PERSONAL_TOKEN", reference()),
        ("PORTCULLIS_VAULT__ADDRESS", bao.address.clone()),
        ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.clone()),
        ("PORTCULLIS_VAULT__SECRET_ID", role.secret_id.clone()),
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true".to_owned()),
        ("READ_ONLY_MODE", "false".to_owned()),
        ("PORTCULLIS_LOG__LEVEL", "debug".to_owned()),
    ];
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    World::start(Setup { variables, ..Setup::default() }).await
}

async fn called(world: &World, tool: &str, arguments: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    world.http.post(&world.endpoint).json(&message).send().await.unwrap().json().await.unwrap()
}

fn failed(answer: &Value) -> bool {
    answer["result"]["isError"] != json!(false)
}

fn text(answer: &Value) -> &str {
    answer.pointer("/result/content/0/text").and_then(Value::as_str).unwrap_or_default()
}

/// Calls without pause until told to stop; every one must succeed.
async fn client(number: usize, world: &World, done: &AtomicU64, stop: &AtomicBool) -> Vec<Value> {
    let mut failures = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let answer = match number % 4 {
            0 | 1 => called(world, "jira_get_issue", json!({"issue_key": "OPS-1"})).await,
            2 => called(world, "confluence_get_page", json!({"page_id": "65537"})).await,
            // To another issue: that with all the comments would be read ever more slowly.
            _ => called(world, "jira_add_comment", json!({"issue_key": "OPS-2", "body": "x"})).await,
        };
        if failed(&answer) {
            failures.push(answer);
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    failures
}

/// Each rotation: a new version in Vault, the old token revoked upstream, and calls go on.
async fn rotate_often(bao: &Bao, world: &World, done: &AtomicU64) {
    for number in 1..=ROTATIONS {
        bao.rotate(&token(number)).await;
        let revoked = json!([{"status": 401, "mark": format!("{CANARY}-{}", number - 1)}]);
        world.more_faults(revoked).await;
        // Until every client has been through, on average twice.
        let enough = done.load(Ordering::Relaxed) + 2 * CLIENTS as u64;
        world.until("more calls", async || done.load(Ordering::Relaxed) >= enough).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_the_token_is_rotated_ten_times() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.rotate(&token(0)).await;
    let world = world(&bao, &role, &[]).await;
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let clients = (0..CLIENTS).map(|number| client(number, &world, &done, &stop));
    let rotating = async {
        rotate_often(&bao, &world, &done).await;
        stop.store(true, Ordering::Relaxed);
    };
    let started = Instant::now();
    let (failures, ()) = futures::join!(futures::future::join_all(clients), rotating);
    let failures: Vec<Value> = failures.into_iter().flatten().collect();
    let calls = done.load(Ordering::Relaxed);
    println!("{calls} calls by {CLIENTS} clients, {ROTATIONS} rotations, {:?}", started.elapsed());
    if let Some(failure) = failures.first() {
        println!("{failure:#}\n{}", world.stderr());
    }
    assert!(failures.is_empty(), "{} of {calls} failed", failures.len());
    assert!(calls >= 2 * ROTATIONS * CLIENTS as u64);

    let refused = world.metric("portcullis_upstream_retries_total{product=\"jira\",reason=\"401\"}").await;
    assert!(refused >= ROTATIONS, "{refused} requests were refused and sent again");

    // What was seen of it, and that nothing shows what was rotated.
    for product in ["jira", "confluence"] {
        let labels = format!("{{secret=\"{product}\"}}");
        assert_eq!(world.metric(&format!("portcullis_vault_secret_version{labels}")).await, 1 + ROTATIONS);
        assert_eq!(
            world.metric(&format!("portcullis_vault_secret_rotations_total{labels}")).await,
            ROTATIONS
        );
    }
    let changes = |record: &&Value| record["code"] == "PC0040" && record["secret"] == "jira";
    assert_eq!(world.audit().iter().filter(changes).count() as u64, 1 + ROTATIONS);
    shows_no_secret(&world, &role).await;
    leaves_no_dump(&world);
    world.end();
}

/// A core dump would hold every secret in memory.
fn leaves_no_dump(world: &World) {
    #[cfg(target_os = "linux")]
    {
        let limits =
            std::fs::read_to_string(format!("/proc/{}/limits", world.process().as_raw_nonzero())).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = world;
}

/// Neither logs nor records nor metrics show what was in Vault, nor what logs in there.
async fn shows_no_secret(world: &World, role: &Role) {
    let shown = format!("{} {:?} {}", world.stderr(), world.audit(), world.metrics().await);
    for secret in [CANARY, ROOT_TOKEN, role.secret_id.as_str(), "alice-token", "hvs.", "s."] {
        let found = shown.match_indices(secret).find(|(place, _)| {
            // A token of OpenBao begins with `s.` and goes on with 24 characters.
            secret != "s." || shown[*place + 2..].chars().take(24).all(|c| c.is_ascii_alphanumeric())
        });
        assert!(
            found.is_none(),
            "`{secret}` at {:?}",
            found.map(|(place, _)| &shown[place.saturating_sub(80)..place + 40])
        );
    }
}

const LATER: &str = "credentials are temporarily unavailable; try again in 30 s";
const WITHDRAWN: &str = "credentials was withdrawn; contact your administrator";

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_vault_is_bridged_for_max_stale_and_comes_back_by_itself() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.rotate(&token(0)).await;
    let short = [("PORTCULLIS_VAULT__POLL_SECONDS", "1"), ("PORTCULLIS_VAULT__MAX_STALE_SECONDS", "2")];
    let world = world(&bao, &role, &short).await;
    let get = async || called(&world, "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    assert!(!failed(&get().await));
    assert_eq!(world.ready().await, (200, "ok\n".to_owned()));

    bao.seal().await;
    let sealed = Instant::now();
    let mut calls = 0;
    let refused = loop {
        let before = sealed.elapsed();
        let answer = get().await;
        if failed(&answer) {
            assert!(before >= Duration::from_secs(2), "failed after {before:?}: {answer}");
            break answer;
        }
        calls += 1;
        assert!(before < Duration::from_secs(20), "still served after {before:?}");
    };
    let stale = world.metric("portcullis_vault_served_stale_total{secret=\"jira\"}").await;
    assert!(stale >= 1, "{calls} calls, {stale} with what is stale");
    println!("{calls} calls were answered in {:?} of being sealed", sealed.elapsed());
    for _ in 0..20 {
        let answer = get().await;
        assert!(failed(&answer) && text(&answer).contains(LATER), "{answer}");
    }
    for place in ["kv", "atlassian/jira", &bao.address, "approle", "sealed"] {
        assert!(!text(&refused).contains(place), "{refused}");
    }
    assert!(text(&refused).contains("reference "), "{refused}");
    let (status, told) = world.ready().await;
    assert!(status == 503 && told.contains("jira: ") && told.contains("is sealed"), "{told}");
    world.until_audited(|record| record["code"] == "PC0041" && record["secret"] == "jira").await;
    world.until_audited(|record| record["code"] == "PC0043" && record["secret"] == "jira").await;

    bao.unseal().await;
    world.until("service again", async || !failed(&get().await)).await;
    for _ in 0..20 {
        assert!(!failed(&get().await));
    }
    world.until("readiness", async || world.ready().await.0 == 200).await;
    shows_no_secret(&world, &role).await;
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_closed_and_what_comes_late_is_waited_for() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.seal().await;
    let world = world(&bao, &role, &[("PORTCULLIS_VAULT__POLL_SECONDS", "1")]).await;
    let get = async || called(&world, "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    // It serves, is alive, not ready, and says so.
    let answer = get().await;
    assert!(failed(&answer) && text(&answer).contains(LATER), "{answer}");
    assert!(world.lives().await);
    assert_eq!(world.ready().await.0, 503);
    bao.unseal().await;
    bao.write_until_ready("kv/data/atlassian/jira", &json!({"data": {"token": token(0)}})).await;
    world.until("the first token", async || !failed(&get().await)).await;

    // A deleted secret is an explicit no.
    bao.send(bao.http.delete(bao.url("kv/data/atlassian/jira"))).await;
    world.until("the end of it", async || failed(&get().await)).await;
    let answer = get().await;
    assert!(text(&answer).contains(WITHDRAWN), "{answer}");
    bao.rotate(&token(1)).await;
    world.until("the next token", async || !failed(&get().await)).await;

    // So is a policy without it.
    let nothing = json!({"policy": "path \"kv/data/others\" { capabilities = [\"read\"] }"});
    bao.write("sys/policies/acl/portcullis", &nothing).await;
    world.until("the end of it", async || failed(&get().await)).await;
    let answer = get().await;
    assert!(text(&answer).contains(WITHDRAWN), "{answer}");
    shows_no_secret(&world, &role).await;
    world.end();
}

/// What is added to requests is as much a secret as the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_in_vault_is_waited_for_watched_and_withdrawn() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.rotate("alice-token").await;
    bao.seal().await;
    let header = ("JIRA_CUSTOM_HEADERS", "X-Gateway=vault://kv/atlassian/gateway#key");
    let world = world(&bao, &role, &[("PORTCULLIS_VAULT__POLL_SECONDS", "1"), header]).await;
    let get = async || called(&world, "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    let (status, told) = world.ready().await;
    assert!(status == 503 && told.contains("jira header x-gateway: "), "{told}");
    bao.unseal().await;
    let key = |number: u64| json!({"data": {"key": format!("{CANARY}-key-{number}")}});
    bao.write_until_ready("kv/data/atlassian/gateway", &key(1)).await;
    world.until("the first header", async || !failed(&get().await)).await;
    bao.write("kv/data/atlassian/gateway", &key(2)).await;
    let version = "portcullis_vault_secret_version{secret=\"jira header x-gateway\"}";
    world.until("the next header", async || world.metric(version).await == 2).await;
    assert!(!failed(&get().await));

    bao.send(bao.http.delete(bao.url("kv/data/atlassian/gateway"))).await;
    world.until("the end of it", async || failed(&get().await)).await;
    let answer = get().await;
    assert!(text(&answer).contains(WITHDRAWN), "{answer}");
    let (status, told) = world.ready().await;
    assert!(status == 503 && told.contains("jira header x-gateway: "), "{told}");
    let closed = |record: &Value| record["code"] == "PC0043" && record["secret"] == "jira header x-gateway";
    world.until_audited(closed).await;
    shows_no_secret(&world, &role).await;
    world.end();
}

/// One configuration for all engineers: each is served with the token that lies under their own name.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn over_stdio_each_has_the_token_under_their_name() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let more = [
        ("JIRA_PERSONAL_TOKEN", "vault://kv/atlassian/users/{user}/jira#token"),
        ("CONFLUENCE_URL", ""),
        ("PORTCULLIS_VAULT__ADDRESS", bao.address.as_str()),
        ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.as_str()),
        ("PORTCULLIS_VAULT__SECRET_ID", role.secret_id.as_str()),
        ("PORTCULLIS_VAULT__POLL_SECONDS", "1"),
        ("PORTCULLIS_VAULT__HELP_URL", "https://wiki.example.com/tokens"),
    ];
    let mut session = Session::initialized(&more).await;
    let call = json!({"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}});
    let answer = session.ask("tools/call", call.clone()).await;
    let missing = "no Jira token is stored for you; how to add one: https://wiki.example.com/tokens";
    assert!(failed(&answer) && text(&answer).contains(missing), "{answer}");
    assert!(!text(&answer).contains(&format!("users/{user}")), "{answer}");

    bao.write("kv/data/atlassian/users/somebody/jira", &json!({"data": {"token": "bob-token"}})).await;
    let own = json!({"data": {"token": "alice-token"}});
    bao.write(&format!("kv/data/atlassian/users/{user}/jira"), &own).await;
    let mut answer = session.ask("tools/call", call.clone()).await;
    for _ in 0..ATTEMPTS {
        if !failed(&answer) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answer = session.ask("tools/call", call.clone()).await;
    }
    assert!(!failed(&answer), "{answer}");
    let ended = session.end().await;
    let records = audit(&ended.home);
    assert!(records.iter().any(|record| record["principal"]["id"] == "alice"), "{records:?}");
    assert!(!format!("{records:?} {}", ended.stderr).contains("alice-token"));
}

/// Wrong at the start: one line for the operator, exit code 78, and what may be an attack in the audit log.
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_not_to_be_trusted_ends_the_start() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let opened = bao.wrapped("auth/approle/role/portcullis/secret-id", &json!({})).await;
    bao.write("sys/wrapping/unwrap", &json!({"token": opened})).await;
    for (variables, says, suspicious) in [
        (
            vec![("SECRET_ID", opened.as_str()), ("SECRET_ID_WRAPPED", "true"), ("ROLE", "portcullis")],
            "possible interception",
            true,
        ),
        (vec![("SECRET_ID", "canary")], "vault.secret_id (it may have expired)", false),
        (vec![("LOGIN", "token"), ("TOKEN", ROOT_TOKEN)], "a root token, which is refused", false),
    ] {
        let home = tempfile::tempdir().unwrap();
        let mut all = usual("http://127.0.0.1:9", &home, false);
        let names = variables.iter().map(|(name, value)| match *name {
            "SECRET_ID" => ("PORTCULLIS_VAULT__SECRET_ID", *value),
            "SECRET_ID_WRAPPED" => ("PORTCULLIS_VAULT__SECRET_ID_WRAPPED", *value),
            "ROLE" => ("PORTCULLIS_VAULT__ROLE", *value),
            "LOGIN" => ("PORTCULLIS_VAULT__LOGIN", *value),
            _ => ("PORTCULLIS_VAULT__TOKEN", *value),
        });
        all.extend([
            ("JIRA_PERSONAL_TOKEN", "vault://kv/atlassian/jira#token".to_owned()),
            ("CONFLUENCE_URL", String::new()),
            ("PORTCULLIS_VAULT__ADDRESS", bao.address.clone()),
            ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.clone()),
        ]);
        all.extend(names.map(|(name, value)| (name, value.to_owned())));
        let ended = run(&all, &[]).await;
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(78), "{stderr}");
        assert!(stderr.contains(says) && !stderr.contains("panicked"), "{stderr}");
        let records = audit(&home);
        assert_eq!(records.iter().any(|record| record["code"] == "PC0044"), suspicious, "{records:?}");
        for secret in [opened.as_str(), ROOT_TOKEN, CANARY, role.secret_id.as_str()] {
            assert!(!format!("{stderr} {records:?}").contains(secret), "{stderr} {records:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_right_and_what_is_not() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let home = tempfile::tempdir().unwrap();
    let mut all = usual("http://127.0.0.1:9", &home, false);
    all.extend([
        ("JIRA_PERSONAL_TOKEN", "vault://kv/atlassian/jira#token".to_owned()),
        ("CONFLUENCE_PERSONAL_TOKEN", "vault://kv/atlassian/nothing#token".to_owned()),
        ("PORTCULLIS_VAULT__ADDRESS", bao.address.clone()),
        ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.clone()),
        ("PORTCULLIS_VAULT__SECRET_ID", role.secret_id.clone()),
    ]);
    let before = bao.logins().await;
    let ended = run(&all, &["doctor"]).await;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    for line in [
        "[+] vault: logged in (AppRole); the token is good for 600 s, renewable",
        "[+] vault: `vault://kv/atlassian/jira#token` can be read (version 1)",
        "[-] vault: `vault://kv/atlassian/nothing#token`: there is no such secret",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!((ended.status.code(), text.contains("[!]"), text.contains(CANARY)), (Some(1), false, false));
    assert_eq!(bao.logins().await, before, "its token is given back");
    // A policy that allows more than is needed, and less.
    let policy = "path \"kv/data/atlassian/*\" { capabilities = [\"read\", \"update\"] }";
    bao.write("sys/policies/acl/portcullis", &json!({"policy": policy})).await;
    all.insert("CONFLUENCE_URL", String::new());
    all.remove("CONFLUENCE_PERSONAL_TOKEN");
    let ended = run(&all, &["doctor"]).await;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{text}");
    for line in
        ["add `read` on kv/metadata/atlassian/jira", "the policy also allows update; `read` is enough"]
    {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_given_back_at_the_end() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let before = bao.logins().await;
    let mut world = world(&bao, &role, &[]).await;
    assert_eq!(bao.logins().await, before + 1);
    world.terminate();
    assert_eq!(world.ended_by_itself().await, Some(0));
    for _ in 0..ATTEMPTS {
        if bao.logins().await == before {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("the token is still good");
}
