//! The life of a token, the ways to log in, and the engines.

use std::time::Duration;

use super::played::Fault;
use super::played::Played;
use super::played::after;
use super::played::caller_text;
use super::played::reference;
use crate::secrets::Secret;
use crate::secrets::SecretRef;
use crate::secrets::VaultLogin;
use crate::secrets::vault::VaultError;
use crate::secrets::vault::wire::Lost;

fn count(asked: &[String], end: &str) -> usize {
    asked.iter().filter(|line| line.ends_with(end)).count()
}

fn secret(text: &str) -> SecretRef {
    SecretRef::Literal(Secret::new(text))
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_at_two_thirds_and_replaced_before_its_end() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    after(300).await;
    assert_eq!(count(&played.asked(), "renew-self"), 0);
    after(120).await;
    assert_eq!(count(&played.asked(), "renew-self"), 1);
    // Over two of its longest lives: every gap would be a 403, and every 403 a login more than these.
    for _ in 0..120 {
        after(60).await;
        assert!(watched.get().is_ok());
    }
    let asked = played.asked();
    let (logins, renewals) = (count(&asked, "/login"), count(&asked, "renew-self"));
    assert!((2..=3).contains(&logins), "{logins} logins, {renewals} renewals");
    assert!(renewals >= 14, "{renewals}");
    assert!(!played.told().contains(&"login false".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_is_replaced() {
    let played = Played::new();
    played.set(|state| state.renewable = false);
    let (_vault, watched) = played.started().await;
    after(420).await;
    let asked = played.asked();
    assert_eq!((count(&asked, "renew-self"), count(&asked, "/login")), (0, 1));
    assert!(watched.get().is_ok());
}

#[tokio::test(start_paused = true)]
async fn renewals_are_tried_again_until_they_succeed() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    after(300).await;
    played.fail(Fault::Lost(Lost::Broken("reset".to_owned())));
    after(200).await;
    let tries = count(&played.asked(), "renew-self");
    assert!((3..=14).contains(&tries), "longer each time: {tries}");
    played.heal();
    after(65).await;
    let asked = played.asked();
    assert_eq!((count(&asked, "renew-self"), count(&asked, "/login")), (1, 0), "{asked:?}");
    assert!(watched.get().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_token_is_given_back_unless_it_was_given() {
    let played = Played::new();
    let (vault, watched) = played.started().await;
    vault.end().await;
    assert_eq!(played.asked(), ["POST auth/token/revoke-self"]);
    drop(watched);

    played.set(|state| state.issue("given"));
    let vault = played.vault(|settings| settings.login = VaultLogin::Token(secret("given\n")));
    let watched = played.watch(&vault).await.unwrap();
    assert!(watched.get().is_ok());
    played.asked();
    vault.end().await;
    assert_eq!(played.asked(), Vec::<String>::new());

    // A Vault that does not answer holds nobody up.
    let (vault, _watched) = played.started().await;
    played.fail(Fault::Slow(Duration::from_mins(1)));
    let before = tokio::time::Instant::now();
    vault.end().await;
    assert!(before.elapsed() <= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn nobody_holds_on_to_what_nobody_uses() {
    let played = Played::new();
    let (vault, watched) = played.started().await;
    let weak = std::sync::Arc::downgrade(&vault);
    drop((vault, watched));
    after(10).await;
    assert!(weak.upgrade().is_none());
    played.asked();
    after(3600).await;
    assert_eq!(played.asked(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn every_login_sends_what_its_method_takes() {
    for (login, path) in [
        (
            VaultLogin::Kubernetes {
                mount: "kubernetes".to_owned(),
                role: "r".to_owned(),
                jwt: secret("jwt\n"),
            },
            "auth/kubernetes/login",
        ),
        (
            VaultLogin::Jwt { mount: "team/jwt".to_owned(), role: None, jwt: secret("jwt") },
            "auth/team/jwt/login",
        ),
        (VaultLogin::Certificate { mount: "cert".to_owned(), role: Some("r".to_owned()) }, "auth/cert/login"),
    ] {
        let played = Played::new();
        let vault = played.vault(|settings| settings.login = login.clone());
        let watched = played.watch(&vault).await.unwrap();
        assert_eq!(played.asked().first(), Some(&format!("POST {path}")), "{login:?}");
        assert!(watched.get().is_ok());
        assert!(!format!("{login:?} {vault:?}").contains("canary"));

        played.set(|state| state.allows_login = false);
        let vault = played.vault(|settings| settings.login = login);
        let error = played.watch(&vault).await.unwrap_err();
        assert!(matches!(&error, VaultError::LoginRefused { status: 400, .. }), "{error}");
        caller_text(&error);
    }
}

#[tokio::test(start_paused = true)]
async fn a_root_token_is_refused_whoever_brings_it() {
    let played = Played::new();
    played.set(|state| {
        state.policies = vec!["root"];
        state.issue("given");
    });
    for login in [
        VaultLogin::Token(secret("given")),
        VaultLogin::Kubernetes { mount: "kubernetes".to_owned(), role: "r".to_owned(), jwt: secret("jwt") },
    ] {
        let vault = played.vault(|settings| settings.login = login);
        assert_eq!(played.watch(&vault).await.unwrap_err(), VaultError::RootToken);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_file_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "one\n").unwrap();
    let played = Played::new();
    played.set(|state| state.issue("one"));
    let vault = played.vault(|settings| settings.login = VaultLogin::TokenFile(file.clone()));
    let watched = played.watch(&vault).await.unwrap();
    after(3).await;
    played.asked();
    // Whoever keeps the file writes another token; the old one is soon no good.
    played.set(|state| state.issue("another"));
    std::fs::write(&file, "another\n").unwrap();
    let mut looked = 0;
    while looked == 0 {
        // Files are read on other threads, which the clock does not wait for.
        after(1).await;
        std::thread::yield_now();
        looked = count(&played.asked(), "lookup-self");
    }
    played.set(|state| {
        let ttl = state.ttl;
        state.ttl = 0;
        state.issue("one");
        state.ttl = ttl;
    });
    after(75).await;
    assert!(watched.get().is_ok());
    assert_eq!(count(&played.asked(), "renew-self"), 0, "who keeps the file renews");
    // A file that vanishes is no new token.
    std::fs::remove_file(&file).unwrap();
    after(5).await;
    assert!(watched.get().is_ok());
}

fn wrapped() -> VaultLogin {
    VaultLogin::AppRole {
        mount: "approle".to_owned(),
        role_id: secret("role"),
        secret_id: secret("wrapping\n"),
        wrapped_for: Some("portcullis".to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrapped_secret_id_is_opened_once_and_only_if_it_is_ours() {
    let played = Played::new();
    played.set(|state| state.wrapped = Some(("wrapping", "auth/approle/role/portcullis/secret-id")));
    let vault = played.vault(|settings| settings.login = wrapped());
    let watched = played.watch(&vault).await.unwrap();
    assert!(watched.get().is_ok());
    // The next login uses what was in it.
    played.revoke_tokens();
    played.asked();
    after(75).await;
    let asked = played.asked();
    assert_eq!((count(&asked, "/login"), count(&asked, "unwrap")), (1, 0));

    // Somebody has opened it before, or made it elsewhere.
    for (wrapping, says) in [
        (None, "was opened before, has expired, or never was"),
        (Some(("wrapping", "auth/approle/role/other/secret-id")), "not wrapped where"),
        (Some(("wrapping", "cubbyhole/response")), "not wrapped where"),
    ] {
        let played = Played::new();
        played.set(|state| state.wrapped = wrapping);
        let vault = played.vault(|settings| settings.login = wrapped());
        let error = played.watch(&vault).await.unwrap_err();
        assert!(matches!(&error, VaultError::Intercepted { .. }) && !error.is_temporary(), "{error}");
        assert!(
            error.to_string().contains(says) && error.to_string().contains("possible interception"),
            "{error}"
        );
        let told = played.told();
        assert!(told.iter().any(|line| line.starts_with("suspicious: vault.secret_id")), "{told:?}");
        let asked = played.asked();
        assert_eq!(count(&asked, "/login"), 0);
        // A wrapping of somebody else is not opened.
        assert_eq!(count(&asked, "unwrap"), 0, "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_login_stands_for_those_who_waited() {
    let played = Played::new();
    let vault = played.vault(|_| {});
    played.set(|state| state.allows_login = false);
    let place = reference();
    let all = futures::future::join_all((0..32).map(|_| vault.read(&place))).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(count(&played.asked(), "/login"), 1);
}

#[tokio::test(start_paused = true)]
async fn version_one_is_found_and_watched_without_numbers() {
    let played = Played::new();
    played.set(|state| state.engine = 1);
    let (_vault, watched) = played.started().await;
    after(75).await;
    assert!(played.asked().iter().any(|line| line == "GET kv/atlassian/jira"));
    assert_eq!((played.told(), watched.get().unwrap().number), (Vec::new(), 1));
    played.rotate();
    after(75).await;
    assert!(watched.get().unwrap().value.ends_with("-2"));
    assert_eq!(played.told(), ["jira changed to 2"]);
}

#[tokio::test(start_paused = true)]
async fn no_secret_crosses_the_network_while_it_is_the_same() {
    let played = Played::new();
    let (_vault, _watched) = played.started().await;
    after(600).await;
    let asked = played.asked();
    assert_eq!(count(&asked, "kv/data/atlassian/jira"), 0);
    let looks = count(&asked, "kv/metadata/atlassian/jira");
    assert!((8..=13).contains(&looks), "{looks}");

    // A policy without metadata still sees what is new.
    let played = Played::new();
    played.set(|state| state.allows_metadata = false);
    let (_vault, watched) = played.started().await;
    after(75).await;
    played.rotate();
    played.asked();
    after(75).await;
    assert!(watched.get().unwrap().value.ends_with("-2"));
    let asked = played.asked();
    assert_eq!(count(&asked, "kv/metadata/atlassian/jira"), 0, "{asked:?}");
}
