//! The life of what is lent: kept, renewed, replaced, given back.

use std::sync::Arc;
use std::time::Duration;

use super::played::CANARY;
use super::played::Fault;
use super::played::Played;
use super::played::after;
use super::played::caller_text;
use crate::secrets::Secret;
use crate::secrets::SecretRef;
use crate::secrets::VaultRef;
use crate::secrets::vault::First;
use crate::secrets::vault::Vault;
use crate::secrets::vault::VaultError;
use crate::secrets::vault::Watched;
use crate::secrets::vault::wire::Lost;

fn key(key: &str) -> VaultRef {
    match SecretRef::parse(&format!("vault://database/creds/jira#{key}")).unwrap() {
        SecretRef::Vault(reference) => reference,
        other => panic!("{other:?}"),
    }
}

async fn watch(vault: &Arc<Vault>, reference: VaultRef) -> Result<Arc<Watched<Vec<String>>>, VaultError> {
    let made = |values: &[Secret]| Ok(values.iter().map(|value| value.expose().to_owned()).collect());
    Watched::start(vault, "jira".to_owned(), reference, First::Needed, Box::new(made)).await
}

/// Both halves of what is lent, with a Vault in order.
async fn started(played: &Arc<Played>) -> (Arc<Vault>, Arc<Watched<Vec<String>>>) {
    played.set(|state| (state.ttl, state.max_ttl) = (36_000, 360_000));
    let vault = played.vault(|_| {});
    let watched = watch(&vault, key("username").with(&key("password")).unwrap()).await.unwrap();
    played.asked();
    played.told();
    (vault, watched)
}

/// Which pair is in use; its halves are of one lease.
fn pair(watched: &Watched<Vec<String>>) -> u64 {
    let version = watched.get().unwrap();
    let [user, password] = version.value.as_slice() else { panic!("not two") };
    let number = user.strip_prefix("user-").unwrap();
    assert_eq!(*password, format!("{CANARY}-{number}"), "halves of two leases");
    number.parse().unwrap()
}

fn count(asked: &[String], end: &str) -> usize {
    asked.iter().filter(|line| line.ends_with(end)).count()
}

fn set(played: &Played, change: impl FnOnce(&mut super::lending::Lending)) {
    played.set(|state| change(&mut state.lending));
}

fn held(played: &Played) -> (Vec<String>, Vec<String>) {
    let mut found = (Vec::new(), Vec::new());
    set(played, |lending| found = (lending.good(), lending.returned.clone()));
    found
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_at_two_thirds_and_replaced_before_its_end() {
    let played = Played::new();
    let (_vault, watched) = started(&played).await;
    after(300).await;
    assert_eq!(count(&played.asked(), "leases/renew"), 0);
    after(120).await;
    assert_eq!((count(&played.asked(), "leases/renew"), pair(&watched)), (1, 1));
    // Over two of its longest lives there is always a pair that is good, and each is given back.
    for _ in 0..120 {
        after(60).await;
        let good = held(&played).0;
        assert!(good.contains(&format!("database/creds/jira/{}", pair(&watched))), "{good:?}");
    }
    let asked = played.asked();
    assert!((2..=4).contains(&count(&asked, "creds/jira")), "{asked:?}");
    assert!(count(&asked, "leases/renew") >= 14);
    let (good, returned) = held(&played);
    assert!(good.len() <= 2 && returned.len() >= 2, "{good:?} {returned:?}");
    assert!(played.told().iter().all(|line| line.starts_with("jira changed to")));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_renewed_is_replaced() {
    for change in [
        (|lending| lending.renewable = false) as fn(&mut super::lending::Lending),
        |lending| lending.allows_renewal = false,
        |lending| lending.max_ttl = 620,
    ] {
        let played = Played::new();
        set(&played, change);
        let (_vault, watched) = started(&played).await;
        let in_flight = watched.get().unwrap();
        after(410).await;
        assert_eq!(pair(&watched), 2);
        // The old one is good for as long as a request may last, and not longer.
        assert_eq!(held(&played).0.len(), 2);
        assert!(in_flight.value[1].ends_with("-1"));
        after(130).await;
        assert_eq!(
            held(&played),
            (vec!["database/creds/jira/2".to_owned()], vec!["database/creds/jira/1".to_owned()])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn two_references_to_one_path_are_one_lease() {
    let played = Played::new();
    let vault = played.vault(|_| {});
    let user = watch(&vault, key("username")).await.unwrap();
    let password = watch(&vault, key("password")).await.unwrap();
    let both = || (user.get().unwrap().value[0].clone(), password.get().unwrap().value[0].clone());
    assert_eq!(both(), ("user-1".to_owned(), format!("{CANARY}-1")));
    assert_eq!(held(&played).0.len(), 1);
    set(&played, super::lending::Lending::revoke);
    after(75).await;
    assert_eq!(both(), ("user-2".to_owned(), format!("{CANARY}-2")));
    assert_eq!(held(&played).0.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_is_taken_anew_or_closed() {
    let played = Played::new();
    let (_vault, watched) = started(&played).await;
    set(&played, super::lending::Lending::revoke);
    after(75).await;
    assert_eq!(pair(&watched), 2);
    // No other is to be had, whatever the reason: what was revoked is of no use.
    for refuses in [403, 404, 400, 500] {
        set(&played, |lending| {
            lending.revoke();
            lending.refuses = Some(refuses);
        });
        after(75).await;
        // What is said of it is the reason of the latest look.
        caller_text(&watched.get().unwrap_err());
        let closed = played.told().into_iter().find(|line| line.starts_with("jira closed: "));
        assert!(closed.unwrap().contains("its lease was revoked, and Vault gives no other"), "{refuses}");
        set(&played, |lending| lending.refuses = None);
        after(75).await;
        pair(&watched);
    }
    // While the lease is good, nobody needs another.
    set(&played, |lending| lending.refuses = Some(403));
    after(75).await;
    pair(&watched);
}

#[tokio::test(start_paused = true)]
async fn a_lease_ends_with_the_token_it_was_lent_to() {
    let played = Played::new();
    let (_vault, watched) = started(&played).await;
    played.revoke_tokens();
    after(75).await;
    assert_eq!(pair(&watched), 2);
    assert_eq!(held(&played).0, ["database/creds/jira/2"]);

    // Where the token is replaced in time, so is the lease: there is no moment without.
    let played = Played::new();
    played.set(|state| (state.ttl, state.max_ttl) = (600, 700));
    let vault = played.vault(|settings| settings.watch.interval = Duration::from_hours(1));
    set(&played, |lending| (lending.ttl, lending.max_ttl) = (36_000, 36_000));
    let watched = watch(&vault, key("username").with(&key("password")).unwrap()).await.unwrap();
    for _ in 0..200 {
        after(10).await;
        played.end_what_ended();
        let good = held(&played).0;
        assert!(good.contains(&format!("database/creds/jira/{}", pair(&watched))), "{good:?}");
    }
    assert!(pair(&watched) >= 3);
}

#[tokio::test(start_paused = true)]
async fn silence_is_bridged_until_the_lease_ends() {
    let played = Played::new();
    let (_vault, watched) = started(&played).await;
    played.fail(Fault::Lost(Lost::Refused("refused".to_owned())));
    after(590).await;
    assert_eq!(pair(&watched), 1);
    // Longer than `max_stale` would not help either: it is no longer good where it is shown.
    after(80).await;
    let error = watched.get().unwrap_err();
    assert!(error.is_temporary(), "{error}");
    played.heal();
    after(75).await;
    assert_eq!(pair(&watched), 2);
}

#[tokio::test(start_paused = true)]
async fn all_of_them_are_given_back_at_the_end() {
    let played = Played::new();
    set(&played, |lending| lending.renewable = false);
    let (vault, watched) = started(&played).await;
    after(410).await;
    assert_eq!((pair(&watched), held(&played).0.len()), (2, 2));
    played.asked();
    vault.end().await;
    let (good, mut returned) = held(&played);
    returned.sort();
    assert_eq!((good, returned.len()), (Vec::new(), 2));
    assert_eq!(played.asked().last().unwrap(), "POST auth/token/revoke-self", "the token goes last");

    // A Vault that does not answer holds nobody up, nor does a policy that does not let us.
    for fault in [Some(Fault::Slow(Duration::from_mins(1))), None] {
        let played = Played::new();
        let (vault, _watched) = started(&played).await;
        set(&played, |lending| lending.allows_return = false);
        played.set(|state| state.fault = fault);
        let before = tokio::time::Instant::now();
        vault.end().await;
        assert!(before.elapsed() <= Duration::from_secs(4));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_lent_is_not_read_once_and_what_is_not_lent_is_read_as_it_is() {
    let played = Played::new();
    let vault = played.vault(|_| {});
    let error = vault.read_at_start(&key("password")).await.unwrap_err();
    assert!(error.to_string().contains("it is lent for a time"), "{error}");
    vault.end().await;
    assert_eq!(held(&played).0, Vec::<String>::new());

    let played = Played::new();
    let vault = played.vault(|_| {});
    let reference =
        VaultRef::of_checked("database".to_owned(), "static-creds/jira".to_owned(), "password".to_owned());
    let watched = watch(&vault, reference).await.unwrap();
    assert_eq!(watched.get().unwrap().value, [format!("{CANARY}-1")]);
    played.rotate();
    after(75).await;
    assert_eq!(watched.get().unwrap().value, [format!("{CANARY}-2")]);
}

/// A key that is not there must not make the engine make more and more of them.
#[tokio::test(start_paused = true)]
async fn a_wrong_key_takes_one_lease_and_no_more() {
    let played = Played::new();
    let vault = played.vault(|_| {});
    for _ in 0..5 {
        let error = watch(&vault, key("tokem")).await.unwrap_err();
        assert!(matches!(error, VaultError::Unusable { .. }), "{error}");
    }
    assert_eq!(held(&played).0.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_doctor_says_what_the_policy_lacks_for_leases() {
    let played = Played::new();
    let vault = played.vault(|_| {});
    let found = vault.diagnose(&[key("password")]).await;
    let text = format!("{found:?}");
    assert!(text.contains("can be read (it is lent)") && !text.contains(CANARY), "{text}");
    assert!(text.contains("add `update` on sys/leases/revoke"), "{text}");
}
