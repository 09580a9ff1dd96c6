//! The failure matrix, row by row: what is held, what callers are told, what operators are.

use super::played::Fault;
use super::played::Played;
use super::played::after;
use super::played::caller_text;
use super::played::reference;
use crate::secrets::Secret;
use crate::secrets::vault::First;
use crate::secrets::vault::VaultError;
use crate::secrets::vault::Watched;
use crate::secrets::vault::wire::Lost;

type Change = fn(&Played);

const LATER: &str = "Jira credentials are temporarily unavailable; try again in 30 s";
const WITHDRAWN: &str = "access to the Jira credentials was withdrawn; contact your administrator";
const MISCONFIGURED: &str = "the Jira credentials are misconfigured; contact your administrator";

fn sealed() -> Fault {
    Fault::Status(503, None, "{\"errors\":[\"Vault is sealed\"]}")
}

fn refused() -> Fault {
    Fault::Lost(Lost::Refused("connection refused".to_owned()))
}

#[tokio::test(start_paused = true)]
async fn unreachable_at_the_start_is_waited_for() {
    for fault in [refused(), sealed(), Fault::Status(502, None, ""), Fault::Status(429, Some(3), "")] {
        let played = Played::new();
        played.fail(fault);
        let vault = played.vault(|_| {});
        let watched = played.watch(&vault).await.unwrap();
        let error = watched.get().unwrap_err();
        assert!(error.is_temporary() && watched.closed().is_some());
        assert_eq!(caller_text(&error), LATER);
        after(20).await;
        assert!(watched.get().is_err());
        played.heal();
        after(60).await;
        assert!(watched.get().unwrap().value.ends_with("-1"));

        // Unless the settings say that such a start is a failed one.
        played.fail(sealed());
        let strict = played.vault(|settings| settings.watch.must_start = true);
        assert!(played.watch(&strict).await.unwrap_err().is_temporary());
    }
}

/// What is read once cannot be had later, so the start waits with it.
#[tokio::test(start_paused = true)]
async fn a_start_waits_for_what_it_reads_once() {
    let played = Played::new();
    played.fail(sealed());
    let vault = played.vault(|_| {});
    let place = reference();
    let reading = tokio::spawn(async move { vault.read_at_start(&place).await });
    after(300).await;
    assert!(!reading.is_finished());
    assert!(played.asked().len() >= 5, "it is asked again");
    played.heal();
    assert!(reading.await.unwrap().unwrap().expose().ends_with("-1"));

    played.fail(sealed());
    let strict = played.vault(|settings| settings.watch.must_start = true);
    assert!(strict.read_at_start(&reference()).await.unwrap_err().is_temporary());
    // What no time helps against is no reason to wait.
    played.heal();
    played.set(|state| state.gone = Some("gone"));
    let missing = played.vault(|_| {}).read_at_start(&reference()).await.unwrap_err();
    assert!(matches!(missing, VaultError::Missing { .. }), "{missing}");
}

/// Who has no secret yet is told so, and has it as soon as somebody writes it.
#[tokio::test(start_paused = true)]
async fn somebodys_own_secret_may_be_missing_at_the_start() {
    let start = async |played: &std::sync::Arc<Played>| {
        let vault = played.vault(|_| {});
        let own = Box::new(|values: &[Secret]| Ok(values[0].expose().to_owned()));
        Watched::start(&vault, "jira".to_owned(), reference(), First::MayBeMissing, own).await
    };
    let played = Played::new();
    played.set(|state| state.gone = Some("gone"));
    let watched = start(&played).await.unwrap();
    let text = watched.get().unwrap_err().user_text("Jira", None);
    assert_eq!(text, "no Jira token is stored for you; ask your administrator how to add one");
    played.set(|state| state.gone = None);
    after(75).await;
    assert!(watched.get().unwrap().value.ends_with("-1"));
    // What the operator has to put right is refused as ever.
    played.set(|state| state.allows_read = false);
    assert!(matches!(start(&played).await, Err(VaultError::Forbidden { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_at_the_start_is_refused() {
    let wrong = |change: Change| {
        let played = Played::new();
        change(&played);
        played
    };
    for (played, says) in [
        (wrong(|played| played.set(|state| state.allows_login = false)), "vault.secret_id"),
        (wrong(|played| played.set(|state| state.policies = vec!["root"])), "root token, which is refused"),
        (
            wrong(|played| played.fail(Fault::Lost(Lost::Untrusted("unknown issuer".to_owned())))),
            "vault.ca_file",
        ),
        (wrong(|played| played.fail(Fault::Status(307, None, ""))), "not followed"),
        (wrong(|played| played.set(|state| state.allows_read = false)), "add a policy with `read`"),
        (wrong(|played| played.set(|state| state.gone = Some("gone"))), "no such secret"),
    ] {
        let vault = played.vault(|_| {});
        let error = played.watch(&vault).await.unwrap_err();
        assert!(!error.is_temporary() && error.to_string().contains(says), "{error}");
        caller_text(&error);
    }
}

/// Rows "sealed", "slow", "refused or reset", "TLS", "3xx", "429" and the one past `max_stale`: silence is bridged, and then not.
#[tokio::test(start_paused = true)]
async fn silence_is_bridged_until_max_stale_and_no_longer() {
    for (fault, suspicious) in [
        (sealed(), false),
        (Fault::Slow(std::time::Duration::from_secs(10)), false),
        (refused(), false),
        (Fault::Lost(Lost::Broken("connection reset".to_owned())), false),
        (Fault::Lost(Lost::Untrusted("certificate expired".to_owned())), true),
        (Fault::Status(302, None, ""), true),
        (Fault::Status(429, Some(7), ""), false),
        (Fault::Status(500, None, "oops"), false),
        (Fault::Status(472, None, ""), false),
    ] {
        let played = Played::new();
        let (_vault, watched) = played.started().await;
        played.fail(fault.clone());
        after(80).await;
        assert!(watched.get().is_ok(), "{fault:?}");
        let told = played.told();
        let stale = told.iter().filter(|line| line.starts_with("jira stale: ")).count();
        assert_eq!(stale, 1, "{fault:?}: {told:?}");
        let alarms = told.iter().filter(|line| line.starts_with("suspicious")).count();
        assert_eq!(alarms, usize::from(suspicious), "once, not with each look: {told:?}");
        after(3500).await;
        assert!(watched.get().is_ok(), "{fault:?}");
        after(200).await;
        let error = watched.get().unwrap_err();
        assert_eq!(caller_text(&error), LATER, "{fault:?}");
        let told = played.told();
        assert_eq!(told.iter().filter(|line| line.starts_with("jira closed: ")).count(), 1, "{told:?}");
        // And by itself back again.
        played.heal();
        after(75).await;
        assert!(watched.get().unwrap().value.ends_with("-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_given_without_vaults_word_is_counted() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    for _ in 0..5 {
        watched.get().unwrap();
    }
    assert_eq!(watched.take_stale(), 0);
    played.fail(sealed());
    after(80).await;
    for _ in 0..5 {
        watched.get().unwrap();
        assert!(watched.closed().is_none(), "who only looks does not count");
    }
    assert_eq!((watched.take_stale(), watched.take_stale()), (5, 0));
    played.heal();
    after(75).await;
    watched.get().unwrap();
    assert_eq!(watched.take_stale(), 0);
}

#[tokio::test(start_paused = true)]
async fn strict_means_not_at_all_and_a_dead_watch_closes_too() {
    let played = Played::new();
    let vault = played.vault(|settings| settings.watch.max_stale = std::time::Duration::ZERO);
    let watched = played.watch(&vault).await.unwrap();
    after(300).await;
    assert!(watched.get().is_ok());
    played.fail(sealed());
    after(75).await;
    assert_eq!(caller_text(&watched.get().unwrap_err()), LATER);
    played.heal();
    after(75).await;
    assert!(watched.get().is_ok());
    // Nobody looks any more: what is held is not good for ever.
    watched.stop_looking();
    assert!(watched.get().is_ok());
    after(95).await;
    assert!(watched.get().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_busy_vault_is_left_alone_for_as_long_as_it_asks() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    played.fail(Fault::Status(429, Some(200), ""));
    after(75).await;
    let asked = played.asked().len();
    assert!((1..=2).contains(&asked), "{asked}");
    after(120).await;
    assert_eq!(played.asked().len(), 0);
    assert!(watched.get().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_standby_node_means_the_next_one() {
    let two = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
    for fault in [
        Fault::Status(412, None, ""),
        Fault::Status(472, None, ""),
        Fault::Status(473, None, ""),
        Fault::Status(474, None, ""),
        sealed(),
        refused(),
    ] {
        let played = Played::new();
        played.set(|state| drop(state.faults.insert(two[0].to_owned(), fault.clone())));
        let vault =
            played.vault(|settings| settings.addresses = two.map(|text| text.parse().unwrap()).to_vec());
        let watched = played.watch(&vault).await.unwrap();
        assert!(watched.get().is_ok(), "{fault:?}");
        // Once it is known which one answers, the others are not asked.
        let asked = played.addresses();
        assert_eq!(asked.iter().filter(|address| *address == two[0]).count(), 1, "{asked:?}");
        assert!(asked.len() > 3, "{asked:?}");
    }
    // A single node that is just becoming the active one is asked once more.
    for (status, times) in [(412, 2), (473, 2), (472, 1), (503, 1)] {
        let played = Played::new();
        let (_vault, watched) = played.started().await;
        played.fail(Fault::Status(status, None, ""));
        assert!(watched.rejected(1).await.is_none());
        assert_eq!(played.asked().len(), times, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_never_wait_for_a_slow_vault() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    played.fail(Fault::Slow(std::time::Duration::from_secs(10)));
    let before = tokio::time::Instant::now();
    for _ in 0..1000 {
        watched.get().unwrap();
    }
    assert_eq!(before.elapsed(), std::time::Duration::ZERO);
    // Who looks at once, after a refusal, waits for one request and no longer.
    assert!(watched.rejected(1).await.is_none());
    assert_eq!(before.elapsed(), std::time::Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_means_one_login_that_nobody_notices() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    played.revoke_tokens();
    after(75).await;
    let logins = played.asked().iter().filter(|line| line.ends_with("/login")).count();
    assert_eq!((logins, watched.get().is_ok()), (1, true));
    assert_eq!(played.told(), ["login true"]);
}

/// Row "403 after a fresh login", and the three ways to be gone.
#[tokio::test(start_paused = true)]
async fn an_explicit_no_closes_at_once() {
    let changes: [(&str, Change); 4] = [
        ("policy", |played| played.set(|state| state.allows_read = false)),
        ("deleted", |played| played.set(|state| state.gone = Some("deleted"))),
        ("destroyed", |played| played.set(|state| state.gone = Some("destroyed"))),
        ("gone", |played| played.set(|state| state.gone = Some("gone"))),
    ];
    for (name, change) in changes {
        let played = Played::new();
        let (_vault, watched) = played.started().await;
        let in_flight = watched.get().unwrap();
        change(&played);
        after(75).await;
        let error = watched.get().unwrap_err();
        assert_eq!(caller_text(&error), WITHDRAWN, "{name}: {error}");
        assert!(!error.is_temporary());
        assert!(played.told().iter().any(|line| line.starts_with("jira closed: ")), "{name}");
        // Who began with it ends with it; nobody else keeps it.
        assert_eq!(std::sync::Arc::strong_count(&in_flight), 1, "{name}");
        played.set(|state| (state.allows_read, state.gone) = (true, None));
        after(75).await;
        assert!(watched.get().is_ok(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_leaves_requests_in_flight_alone() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    let in_flight = watched.get().unwrap();
    played.rotate();
    // Nobody has looked yet; the refusal by Jira looks at once.
    assert_eq!(watched.get().unwrap().number, 1);
    let newer = watched.rejected(in_flight.number).await.unwrap();
    assert!(in_flight.value.ends_with("-1") && newer.value.ends_with("-2"));
    assert_eq!(played.told(), ["jira changed to 2"]);
    // Those that were refused with the old one find the new one without a look.
    played.asked();
    for _ in 0..64 {
        assert_eq!(watched.rejected(1).await.unwrap().number, 2);
    }
    assert!(played.asked().is_empty());
    // The next rotation is not held up by the one before.
    played.rotate();
    assert_eq!(watched.rejected(2).await.unwrap().number, 3);
    // If there is nothing newer, it is not looked at for every refusal.
    played.asked();
    for _ in 0..64 {
        assert!(watched.rejected(3).await.is_none());
    }
    assert_eq!(played.asked(), ["GET kv/metadata/atlassian/jira"]);
    after(2).await;
    played.rotate();
    assert_eq!(watched.rejected(3).await.unwrap().number, 4);
}

#[tokio::test(start_paused = true)]
async fn many_refusals_at_once_look_once() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    played.rotate();
    let all = futures::future::join_all((0..64).map(|_| watched.rejected(1))).await;
    assert!(all.iter().all(|newer| newer.as_ref().is_some_and(|newer| newer.number == 2)));
    assert_eq!(played.asked(), ["GET kv/metadata/atlassian/jira", "GET kv/data/atlassian/jira"]);
}

/// Rows "malformed version" and "missing key".
#[tokio::test(start_paused = true)]
async fn a_version_of_no_use_is_refused_and_the_old_one_kept() {
    for (value, says) in [
        (serde_json::json!({"tokem": "canary-7f20"}), "no such key"),
        (serde_json::json!({"token": ["canary-7f20"]}), "no string"),
        (serde_json::json!({"token": " "}), "empty"),
        (serde_json::json!({"token": "canary-7f20\nx"}), "line break"),
    ] {
        let played = Played::new();
        let (_vault, watched) = played.started().await;
        played.set(|state| (state.version, state.value) = (2, value.clone()));
        after(75).await;
        assert!(watched.get().unwrap().value.ends_with("-1"), "{says}");
        let told = played.told();
        assert!(
            told.iter().any(|line| line.starts_with("jira refused: ") && line.contains(says)),
            "{told:?}"
        );
        after(3600).await;
        assert_eq!(caller_text(&watched.get().unwrap_err()), MISCONFIGURED, "{says}");
        played.rotate();
        after(75).await;
        assert!(watched.get().unwrap().value.ends_with("-3"));

        // At the first load there is nothing to keep.
        let played = Played::new();
        played.set(|state| state.value = value);
        let vault = played.vault(|_| {});
        let error = played.watch(&vault).await.unwrap_err();
        assert!(matches!(&error, VaultError::Unusable { .. }) && error.to_string().contains(says), "{error}");
    }
}

/// Row "max TTL reached, and no login possible any more": the token is at its end, and what logs in is gone.
#[tokio::test(start_paused = true)]
async fn without_a_way_to_log_in_the_last_good_one_goes_on_for_a_while() {
    let played = Played::new();
    let (_vault, watched) = played.started().await;
    played.set(|state| (state.allows_login, state.max_ttl) = (false, 600));
    // The alarm is early: long before the token ends.
    after(420).await;
    assert!(played.told().contains(&"login false".to_owned()));
    assert!(watched.get().is_ok());
    after(3600).await;
    assert!(watched.get().is_ok());
    after(400).await;
    assert_eq!(caller_text(&watched.get().unwrap_err()), MISCONFIGURED);
    played.set(|state| state.allows_login = true);
    after(75).await;
    assert!(watched.get().is_ok());
}
