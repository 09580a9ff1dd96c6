//! What a real engine lends: users of a message broker that is played, so that each that is made and taken back is seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::any;
use axum::routing::put;
use portcullis::secrets::SecretRef;
use portcullis::secrets::Secrets;
use portcullis::secrets::VaultSettings;
use portcullis::secrets::Watched;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::Role;
use crate::told::observed;
use crate::told::reference;
use crate::told::until;

/// What docs/VAULT.md says for leases.
const POLICY: &str = "path \"rabbitmq/creds/jira\" { capabilities = [\"read\"] }
path \"sys/leases/renew\" { capabilities = [\"update\"] }
path \"sys/leases/lookup\" { capabilities = [\"update\"] }
path \"sys/leases/revoke\" { capabilities = [\"update\"] }";

/// The users that the broker knows.
#[derive(Clone, Default)]
struct Users(Arc<Mutex<BTreeSet<String>>>);

impl Users {
    fn know(&self, user: &str) -> bool {
        self.0.lock().unwrap().contains(user)
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// Starts a broker and an engine that makes users there.
async fn lending(bao: &Bao, ttl: u64, max_ttl: u64) -> (Users, Role) {
    let users = Users::default();
    let (made, gone) = (users.clone(), users.clone());
    let make = move |Path(user): Path<String>| async move {
        made.0.lock().unwrap().insert(user);
        StatusCode::NO_CONTENT
    };
    let remove = move |Path(user): Path<String>| async move {
        gone.0.lock().unwrap().remove(&user);
        StatusCode::NO_CONTENT
    };
    let allow = any(|| async { StatusCode::NO_CONTENT });
    let router = Router::new()
        .route("/api/users/{user}", put(make).delete(remove))
        .route("/api/permissions/{host}/{user}", allow);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let role = bao.set_up().await;
    bao.write("sys/policies/acl/portcullis", &json!({"policy": POLICY})).await;
    bao.write("sys/mounts/rabbitmq", &json!({"type": "rabbitmq"})).await;
    let connection =
        json!({"connection_uri": address, "username": "admin", "password": "x", "verify_connection": false});
    bao.write("rabbitmq/config/connection", &connection).await;
    bao.write("rabbitmq/config/lease", &json!({"ttl": ttl, "max_ttl": max_ttl})).await;
    add_role(bao).await;
    (users, role)
}

async fn add_role(bao: &Bao) {
    let hosts = json!({"/": {"configure": ".*", "write": ".*", "read": ".*"}}).to_string();
    bao.write("rabbitmq/roles/jira", &json!({"vhosts": hosts})).await;
}

fn settings(bao: &Bao, role: &Role) -> VaultSettings {
    let mut settings = bao.settings(role);
    settings.watch.grace = Duration::from_secs(1);
    settings
}

/// Watches both halves: the user, and whether there is a password.
async fn both(secrets: &Secrets) -> Arc<Watched<(String, bool)>> {
    let name = reference("rabbitmq/creds/jira#username");
    let both = SecretRef::Vault(name.with(&reference("rabbitmq/creds/jira#password")).unwrap());
    let made = |user: &portcullis::secrets::Secret, password: &portcullis::secrets::Secret| {
        Ok((user.expose().to_owned(), password.expose().len() > 20))
    };
    secrets.watch_both("jira", &both, made).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_replaced_and_given_back_without_a_gap() {
    let bao = Bao::start();
    let (users, role) = lending(&bao, 3, 7).await;
    let (secrets, told) = observed(settings(&bao, &role));
    let watched = both(&secrets).await;
    until("three leases", || {
        let version = watched.get().unwrap();
        assert!(version.value.1 && users.know(&version.value.0), "{:?}: {:?}", version.value, told.lines());
        version.number >= 3
    })
    .await;
    assert_eq!(
        (told.count("stale"), told.count("closed"), told.count("login")),
        (0, 0, 1),
        "{:?}",
        told.lines()
    );
    // Those that were replaced are taken back when nobody can still be using them.
    until("the last one alone", || users.count() == 1).await;
    secrets.end().await;
    until("the end of all", || users.count() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_taken_anew_or_closed() {
    let bao = Bao::start();
    let (users, role) = lending(&bao, 600, 3600).await;
    let (secrets, told) = observed(settings(&bao, &role));
    let watched = both(&secrets).await;
    let first = watched.get().unwrap();
    let revoke = async || {
        drop(bao.write("sys/leases/revoke-prefix/rabbitmq/creds/jira", &json!({"sync": true})).await);
    };
    revoke().await;
    told.until("changed to 2").await;
    assert!(users.know(&watched.get().unwrap().value.0) && !users.know(&first.value.0));

    bao.send(bao.http.delete(bao.url("rabbitmq/roles/jira"))).await;
    revoke().await;
    told.until("closed").await;
    assert!(!watched.get().unwrap_err().is_temporary());
    add_role(&bao).await;
    until("service again", || watched.get().is_ok_and(|version| users.know(&version.value.0))).await;

    // The login takes with it what was lent to it.
    told.clear();
    bao.revoke_logins().await;
    told.until("changed to").await;
    assert!(users.know(&watched.get().unwrap().value.0));
    assert_eq!(users.count(), 1);
}

/// A token that is replaced in time takes nothing along that is still in use.
#[tokio::test(flavor = "multi_thread")]
async fn another_token_means_another_lease_before_the_old_one_ends() {
    let bao = Bao::start();
    let (users, role) = lending(&bao, 600, 3600).await;
    let short = json!({"token_policies": "portcullis", "token_ttl": "6s", "token_max_ttl": "14s"});
    bao.write("auth/approle/role/portcullis", &short).await;
    let (secrets, told) = observed(settings(&bao, &role));
    let watched = both(&secrets).await;
    until("another login", || {
        let version = watched.get().unwrap();
        assert!(users.know(&version.value.0), "{:?}", told.lines());
        told.count("login true") >= 2 && version.number >= 2
    })
    .await;
}
