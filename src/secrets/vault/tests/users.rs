//! Secrets of callers.

use std::sync::Arc;
use std::time::Duration;

use super::played::Fault;
use super::played::Played;
use super::played::after;
use crate::secrets::Secret;
use crate::secrets::UserName;
use crate::secrets::UserTemplate;
use crate::secrets::vault::UserSecrets;
use crate::secrets::vault::UserSettings;
use crate::secrets::vault::wire::Lost;

fn users(played: &Arc<Played>, settings: UserSettings) -> UserSecrets<String> {
    let vault = played.vault(|_| {});
    let template = UserTemplate::parse("vault://kv/users/{user}/jira#token").unwrap();
    UserSecrets::new(
        &vault,
        template,
        settings,
        Arc::new(|values: &[Secret]| Ok(values[0].expose().to_owned())),
    )
}

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_caller_is_asked_for_once_and_looked_at_when_used() {
    let played = Played::new();
    let users = users(&played, UserSettings::default());
    let (ann, bob) = (name("ann"), name("bob"));
    let all =
        futures::future::join_all((0..64).map(|number| users.of(if number % 2 == 0 { &ann } else { &bob })));
    assert!(all.await.iter().all(Result::is_ok));
    let asked = played.asked();
    for path in ["GET kv/data/users/ann/jira", "GET kv/data/users/bob/jira"] {
        assert_eq!(asked.iter().filter(|line| *line == path).count(), 1, "{asked:?}");
    }
    assert_eq!(asked.iter().filter(|line| line.ends_with("/login")).count(), 1);

    after(30).await;
    assert!(users.of(&ann).await.is_ok());
    assert_eq!(played.asked(), Vec::<String>::new());
    // Nobody looks at what nobody uses.
    after(300).await;
    assert_eq!(played.asked(), Vec::<String>::new());
    played.rotate();
    assert!(users.of(&ann).await.unwrap().value.ends_with("-2"));
    assert_eq!(played.asked(), ["GET kv/metadata/users/ann/jira", "GET kv/data/users/ann/jira"]);
    // A refusal looks at once, but not all the time.
    played.rotate();
    assert!(users.rejected(&ann, 2).await.is_none());
    after(2).await;
    assert_eq!(users.rejected(&ann, 2).await.unwrap().number, 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_secret_is_told_and_not_asked_for_all_the_time() {
    let played = Played::new();
    played.set(|state| state.gone = Some("gone"));
    let users = users(&played, UserSettings::default());
    for _ in 0..10 {
        let error = users.of(&name("ann")).await.unwrap_err();
        assert_eq!(
            error.user_text("Jira", None),
            "no Jira token is stored for you; ask your administrator how to add one"
        );
    }
    let help = "https://wiki.example.com/token".parse().unwrap();
    let told = users.of(&name("ann")).await.unwrap_err().user_text("Jira", Some(&help));
    assert_eq!(told, "no Jira token is stored for you; how to add one: https://wiki.example.com/token");
    assert_eq!(played.asked().iter().filter(|line| line.contains("users/ann")).count(), 1);
    played.set(|state| state.gone = None);
    after(25).await;
    assert!(users.of(&name("ann")).await.is_err());
    after(6).await;
    assert!(users.of(&name("ann")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn silence_is_bridged_for_those_who_have_one() {
    let played = Played::new();
    let users = users(&played, UserSettings { idle: Duration::from_hours(2), ..UserSettings::default() });
    assert!(users.of(&name("ann")).await.is_ok());
    played.fail(Fault::Lost(Lost::Refused("refused".to_owned())));
    after(120).await;
    assert!(users.of(&name("ann")).await.is_ok());
    let error = users.of(&name("bob")).await.unwrap_err();
    assert_eq!(
        error.user_text("Jira", None),
        "Jira credentials are temporarily unavailable; try again in 30 s"
    );
    after(3700).await;
    assert!(users.of(&name("ann")).await.is_err());
    played.heal();
    after(2).await;
    assert!(users.of(&name("ann")).await.is_ok() && users.of(&name("bob")).await.is_ok());
    // An explicit no is none to bridge.
    played.set(|state| state.allows_read = false);
    after(61).await;
    assert!(users.of(&name("ann")).await.is_err());
}

#[tokio::test]
async fn no_more_are_held_than_there_may_be() {
    let played = Played::new();
    let users = users(&played, UserSettings { most: 100, ..UserSettings::default() });
    for number in 0..300 {
        users.of(&name(&format!("user-{number}"))).await.unwrap();
    }
    assert!(users.count().await <= 100);
}
