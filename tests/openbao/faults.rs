//! The failure matrix at a real server behind a proxy that spoils what it says.

use std::time::Duration;

use portcullis::secrets::UserName;
use portcullis::secrets::UserSettings;
use portcullis::secrets::UserTemplate;
use portcullis::secrets::VaultError;
use portcullis::secrets::VaultSettings;

use crate::bao::Bao;
use crate::bao::CANARY;
use crate::bao::Role;
use crate::proxy::Mode;
use crate::proxy::Proxy;
use crate::proxy::Shown;
use crate::told::observed;
use crate::told::until;
use crate::told::watch;

const LATER: &str = "Jira credentials are temporarily unavailable; try again in 30 s";
const MISCONFIGURED: &str = "the Jira credentials are misconfigured; contact your administrator";

fn settings(bao: &Bao, role: &Role, proxy: &Proxy) -> VaultSettings {
    let mut settings = bao.settings(role);
    settings.addresses = vec![proxy.address.parse().unwrap()];
    settings.ca_file = Some(proxy.authority());
    settings.timeout_seconds = 1;
    settings
}

/// Each fault comes while a secret is held: it is bridged, told once, and over when it is over; somebody new is told that it
/// is for now.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_spoils_is_bridged() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(&bao, directory.path()).await;
    let (secrets, told) = observed(settings(&bao, &role, &proxy));
    let watched = watch(&secrets).await.unwrap();
    let template = UserTemplate::parse("vault://kv/atlassian/{user}#token").unwrap();
    let users =
        secrets.of_users(template, UserSettings::default(), |secret| Ok(secret.expose().to_owned())).unwrap();
    let sealed = "{\"errors\":[\"Vault is sealed\"]}";
    let elsewhere = "location: https://127.0.0.1:9/v1/kv/data/atlassian/jira\r\n";
    for (number, (mode, says, caller)) in [
        (Mode::Latency(Duration::from_secs(3)), "stale: Vault at", LATER),
        (Mode::Answer(429, "retry-after: 1\r\n", ""), "too many requests", LATER),
        (Mode::Answer(412, "", ""), "status 412", LATER),
        (Mode::Answer(472, "", ""), "status 472", LATER),
        (Mode::Answer(473, "", ""), "status 473", LATER),
        (Mode::Answer(474, "", ""), "status 474", LATER),
        (Mode::Answer(503, "", sealed), "is sealed", LATER),
        (Mode::Answer(503, "", "canary-9b1d"), "status 503", LATER),
        (Mode::Answer(530, "", ""), "status 530", LATER),
        (Mode::Answer(307, elsewhere, ""), "not followed", LATER),
        (Mode::Answer(301, elsewhere, ""), "not followed", LATER),
        (Mode::Truncated, "stale: Vault at", LATER),
        (Mode::Reset, "stale: Vault at", LATER),
        (Mode::Huge, "longer than 1 MiB", MISCONFIGURED),
        (Mode::Answer(200, "", "canary-9b1d"), "not JSON", MISCONFIGURED),
        (Mode::Answer(200, "", "{\"data\":\"canary-9b1d\"}"), "another type", MISCONFIGURED),
    ]
    .into_iter()
    .enumerate()
    {
        told.clear();
        proxy.set(mode);
        until("a line about the fault", || told.count("stale") + told.count("refused") > 0).await;
        let line = told.lines().into_iter().find(|line| line.contains(says));
        assert!(line.is_some(), "{mode:?}: {:?}", told.lines());
        assert_eq!(told.count("suspicious"), usize::from(says == "not followed"), "{:?}", told.lines());
        assert_eq!(watched.get().unwrap().value, format!("{CANARY}-1"), "{mode:?}");
        // Somebody whose secret is not held yet.
        let somebody = UserName::parse(&format!("user-{number}")).unwrap();
        let error = users.of(&somebody).await.unwrap_err();
        assert_eq!(error.user_text("Jira", None), caller, "{mode:?}: {error}");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
        proxy.set(Mode::Pass);
        told.clear();
        told.until("confirmed").await;
    }
    // Nothing was ever sent to where the redirects pointed, and the token is still the first one.
    assert_eq!(told.count("login"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_never_trusted() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(&bao, directory.path()).await;
    let mut settings = settings(&bao, &role, &proxy);
    settings.watch.max_stale = Duration::from_secs(2);
    let (secrets, told) = observed(settings.clone());
    let watched = watch(&secrets).await.unwrap();
    for shown in [Shown::OtherAuthority, Shown::OtherName, Shown::Expired] {
        told.clear();
        proxy.show(shown);
        let stale = told.until("stale").await;
        assert!(stale.contains("is not trusted as Vault"), "{shown:?}: {stale}");
        assert_eq!(told.count("suspicious"), 1, "{shown:?}");
        assert!(watched.get().is_ok());
        // No request came through: what is not trusted is told nothing.
        proxy.asked.lock().unwrap().clear();
        told.until("closed").await;
        assert_eq!(watched.get().unwrap_err().caller_text("Jira"), LATER);
        assert!(proxy.asked.lock().unwrap().is_empty(), "{shown:?}");
        // At a start it is a wrong configuration.
        let error = watch(&observed(settings.clone()).0).await.unwrap_err();
        assert!(matches!(error, VaultError::Untrusted { .. }) && !error.is_temporary(), "{error}");
        proxy.show(Shown::Right);
        until("trust again", || watched.get().is_ok()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_address_is_asked_where_one_stands_by() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let first = Proxy::start(&bao, directory.path()).await;
    let own = tempfile::tempdir().unwrap();
    let second = Proxy::start(&bao, own.path()).await;
    // Both authorities are trusted.
    let both = directory.path().join("both.pem");
    let authorities =
        [first.authority(), second.authority()].map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&both, authorities.concat()).unwrap();
    for status in [412, 472, 473, 474] {
        first.set(Mode::Answer(status, "", ""));
        let mut settings = settings(&bao, &role, &first);
        settings.addresses.push(second.address.parse().unwrap());
        settings.ca_file = Some(both.clone());
        let (secrets, told) = observed(settings);
        let watched = watch(&secrets).await.unwrap();
        assert!(watched.get().is_ok(), "{status}");
        // Then the second one stands by, and the first is the active one.
        first.set(Mode::Pass);
        second.set(Mode::Answer(status, "", ""));
        told.clear();
        told.until("confirmed").await;
        assert_eq!(told.count("stale"), 0, "{status}");
        second.set(Mode::Pass);
    }
}
