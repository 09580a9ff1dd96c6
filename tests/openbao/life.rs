//! The life of tokens and secrets at a real server.

use std::sync::Arc;
use std::time::Duration;

use portcullis::secrets::Secret;
use portcullis::secrets::SecretRef;
use portcullis::secrets::UserName;
use portcullis::secrets::UserSettings;
use portcullis::secrets::UserTemplate;
use portcullis::secrets::VaultError;
use portcullis::secrets::VaultLogin;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::CANARY;
use crate::bao::ROOT_TOKEN;
use crate::bao::Role;
use crate::told::observed;
use crate::told::until;
use crate::told::watch;
use crate::told::watch_at;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_renewed_and_replaced_without_a_gap() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let short = json!({"token_policies": "portcullis", "token_ttl": "3s", "token_max_ttl": "7s"});
    bao.write("auth/approle/role/portcullis", &short).await;
    let (secrets, told) = observed(bao.settings(&role));
    let watched = watch(&secrets).await.unwrap();
    until("three logins and three renewals", || {
        assert!(watched.get().is_ok(), "{:?}", told.lines());
        told.count("login true") >= 3 && told.count("renewal true") >= 3
    })
    .await;
    assert_eq!((told.count("login false"), told.count("stale"), told.count("closed")), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_seen_by_looking_and_at_once_after_a_refusal() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let (secrets, told) = observed(bao.settings(&role));
    let watched = watch(&secrets).await.unwrap();
    assert_eq!(watched.get().unwrap().value, format!("{CANARY}-1"));
    bao.rotate(&format!("{CANARY}-2")).await;
    told.until("changed to 2").await;
    assert_eq!(watched.get().unwrap().value, format!("{CANARY}-2"));

    let mut slow = bao.settings(&role);
    slow.watch.interval = Duration::from_hours(1);
    let (secrets, told) = observed(slow);
    let watched = watch(&secrets).await.unwrap();
    bao.rotate(&format!("{CANARY}-3")).await;
    let all = futures::future::join_all((0..64).map(|_| watched.rejected(1))).await;
    assert!(all.into_iter().all(|newer| newer.unwrap().value == format!("{CANARY}-3")));
    assert_eq!(told.count("changed to"), 2);

    // A version of no use is refused, and the next good one taken.
    bao.write("kv/data/atlassian/jira", &json!({"data": {"tokem": CANARY}})).await;
    assert!(watched.rejected(2).await.is_none());
    assert!(told.until("refused").await.contains("no such key"));
    assert_eq!(watched.get().unwrap().number, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_closed_and_what_is_back_is_used() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let (secrets, told) = observed(bao.settings(&role));
    let watched = watch(&secrets).await.unwrap();
    for way in ["delete", "destroy", "metadata", "policy"] {
        told.clear();
        match way {
            "delete" => drop(bao.send(bao.http.delete(bao.url("kv/data/atlassian/jira"))).await),
            "destroy" => {
                let metadata = bao.send(bao.http.get(bao.url("kv/metadata/atlassian/jira"))).await;
                let current = &metadata["data"]["current_version"];
                bao.write("kv/destroy/atlassian/jira", &json!({"versions": [current]})).await;
            }
            "metadata" => drop(bao.send(bao.http.delete(bao.url("kv/metadata/atlassian/jira"))).await),
            _ => {
                let other = "path \"kv/data/others\" { capabilities = [\"read\"] }";
                bao.write("sys/policies/acl/portcullis", &json!({"policy": other})).await;
            }
        }
        told.until("closed").await;
        let error = watched.get().unwrap_err();
        let wanted = matches!(error, VaultError::Missing { .. } | VaultError::Forbidden { .. });
        assert!(wanted && !error.is_temporary(), "{way}: {error}");
        assert_eq!(secrets.closed().len(), 1);
        bao.rotate(&format!("{CANARY}-after-{way}")).await;
        bao.write("sys/policies/acl/portcullis", &json!({"policy": crate::bao::POLICY})).await;
        until(way, || watched.get().is_ok()).await;
        assert_eq!(watched.get().unwrap().value, format!("{CANARY}-after-{way}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn version_one_is_found_by_itself() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    bao.write("sys/mounts/old", &json!({"type": "kv", "options": {"version": "1"}})).await;
    let policy = "path \"old/jira\" { capabilities = [\"read\"] }";
    bao.write("sys/policies/acl/portcullis", &json!({"policy": policy})).await;
    bao.write("old/jira", &json!({"token": format!("{CANARY}-old")})).await;
    let (secrets, told) = observed(bao.settings(&role));
    let watched = watch_at(&secrets, "old/jira#token").await.unwrap();
    assert_eq!(watched.get().unwrap().value, format!("{CANARY}-old"));
    told.until("confirmed").await;
    bao.write("old/jira", &json!({"token": format!("{CANARY}-new")})).await;
    told.until("changed to 2").await;
    bao.send(bao.http.delete(bao.url("old/jira"))).await;
    told.until("closed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_bridged_for_max_stale_also_when_the_server_is_gone() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let mut settings = bao.settings(&role);
    settings.watch.max_stale = Duration::from_secs(2);
    let (secrets, told) = observed(settings);
    let watched = watch(&secrets).await.unwrap();
    bao.seal().await;
    assert!(told.until("stale").await.contains("is sealed"));
    assert!(watched.get().is_ok());
    told.until("closed").await;
    assert!(watched.get().unwrap_err().is_temporary());
    bao.unseal().await;
    until("service again", || watched.get().is_ok()).await;
    told.clear();
    bao.kill();
    assert!(told.until("stale").await.contains("refused"));
    told.until("closed").await;
    assert!(watched.get().unwrap_err().is_temporary());
}

/// The last token is at its end, and the secret id is no good any more.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_login_the_last_good_one_goes_on_for_max_stale() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let short = json!({"token_policies": "portcullis", "token_ttl": "2s", "token_max_ttl": "4s"});
    bao.write("auth/approle/role/portcullis", &short).await;
    let mut settings = bao.settings(&role);
    settings.watch.max_stale = Duration::from_secs(2);
    let (secrets, told) = observed(settings);
    let watched = watch(&secrets).await.unwrap();
    let destroy = json!({"secret_id": role.secret_id});
    bao.write("auth/approle/role/portcullis/secret-id/destroy", &destroy).await;
    told.until("login false").await;
    assert!(watched.get().is_ok(), "the alarm comes before the end");
    let closed = told.until("closed").await;
    assert!(closed.contains("vault.secret_id (it may have expired)"), "{closed}");
    let text = watched.get().unwrap_err().caller_text("Jira");
    assert_eq!(text, "the Jira credentials are misconfigured; contact your administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_token_is_revoked_at_the_end_and_a_given_one_is_not() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let before = bao.logins().await;
    let (secrets, _) = observed(bao.settings(&role));
    let watched = watch(&secrets).await.unwrap();
    assert_eq!(bao.logins().await, before + 1);
    secrets.end().await;
    assert_eq!(bao.logins().await, before);
    drop(watched);

    let given = bao.token(&["portcullis"]).await;
    let mut settings = bao.settings(&role);
    settings.login = VaultLogin::Token(SecretRef::Literal(Secret::new(given)));
    let (secrets, _) = observed(settings);
    let watched = watch(&secrets).await.unwrap();
    secrets.end().await;
    assert_eq!(bao.logins().await, before + 1);
    assert!(watched.get().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_token_is_refused_from_wherever_it_comes() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, format!("{ROOT_TOKEN}\n")).unwrap();
    for login in [VaultLogin::Token(SecretRef::Literal(Secret::new(ROOT_TOKEN))), VaultLogin::TokenFile(file)]
    {
        let mut settings = bao.settings(&role);
        settings.login = login;
        let error = watch(&observed(settings).0).await.unwrap_err();
        assert_eq!(error, VaultError::RootToken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_followed() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let first = bao.token(&["portcullis"]).await;
    std::fs::write(&file, format!("{first}\n")).unwrap();
    let mut settings = bao.settings(&role);
    settings.login = VaultLogin::TokenFile(file.clone());
    let (secrets, told) = observed(settings);
    let watched = watch(&secrets).await.unwrap();
    told.clear();
    // As Vault Agent does it: a new file in the place of the old one.
    let second = bao.token(&["portcullis"]).await;
    let beside = directory.path().join("beside");
    std::fs::write(&beside, format!("{second}\n")).unwrap();
    std::fs::rename(&beside, &file).unwrap();
    told.until("login true").await;
    bao.write("auth/token/revoke", &json!({"token": first})).await;
    bao.rotate(&format!("{CANARY}-2")).await;
    told.until("changed to 2").await;
    assert_eq!((told.count("login"), told.count("renewal")), (1, 0), "{:?}", told.lines());
    assert!(watched.get().is_ok());
}

fn template() -> UserTemplate {
    UserTemplate::parse("vault://kv/users/{user}/jira#token").unwrap()
}

async fn user_policy(bao: &Bao) {
    let policy = "path \"kv/data/users/*\" { capabilities = [\"read\"] }
        path \"kv/metadata/users/*\" { capabilities = [\"read\"] }";
    bao.write("sys/policies/acl/portcullis", &json!({"policy": policy})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_has_a_place_and_none_reaches_anothers() {
    let bao = Bao::start();
    let role: Role = bao.set_up().await;
    user_policy(&bao).await;
    for user in ["ann", "bob@example.com"] {
        let data = json!({"data": {"token": format!("{CANARY}-of-{user}")}});
        bao.write(&format!("kv/data/users/{user}/jira"), &data).await;
    }
    let (secrets, _) = observed(bao.settings(&role));
    let users = secrets.of_users(template(), UserSettings::default(), |s| Ok(s.expose().to_owned())).unwrap();
    let users = Arc::new(users);
    for user in ["ann", "bob@example.com"] {
        let name = UserName::parse(user).unwrap();
        assert_eq!(users.of(&name).await.unwrap().value, format!("{CANARY}-of-{user}"));
    }
    let error = users.of(&UserName::parse("carol").unwrap()).await.unwrap_err();
    assert!(matches!(error, VaultError::Missing { .. }));
    assert!(error.user_text("Jira", None).starts_with("no Jira token is stored for you"));
    for name in ["../ann", "./ann", "ann/", "ann%2f", "bob/../ann", ""] {
        assert!(UserName::parse(name).is_err(), "{name}");
    }
}
