//! One read at a time: what comes, and every way to say no.

use std::collections::BTreeMap;

use portcullis::secrets::Secret;
use portcullis::secrets::SecretError;
use portcullis::secrets::SecretRef;
use portcullis::secrets::Secrets;
use portcullis::secrets::VaultError;
use portcullis::secrets::VaultLogin;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::CANARY;
use crate::bao::ROOT_TOKEN;
use crate::bao::Role;

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_openbao() {
    let bao = Bao::start();
    let role = bao.set_up().await;

    reads_and_follows_rotation(&bao, &role).await;
    says_what_is_missing_or_forbidden(&bao, &role).await;
    logs_in_again_when_the_token_is_gone(&bao, &role).await;
    refuses_a_wrong_secret_id(&bao, &role).await;
    is_bound_to_its_namespace(&bao, &role).await;

    bao.write("sys/seal", &json!({})).await;
    let sealed = refusal(&bao.secrets(&role).resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(sealed, VaultError::Sealed { .. }), "{sealed}");

    let secrets = bao.secrets(&role);
    drop(bao);
    let down = refusal(&secrets.resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(&down, VaultError::Unreachable { reason, .. } if reason.contains("refused")), "{down}");
    assert!(SecretError::from(down).is_temporary());
}

async fn reads_and_follows_rotation(bao: &Bao, role: &Role) {
    let secrets = bao.secrets(role);
    let place = reference("kv/atlassian/jira#token");
    assert_eq!(secrets.resolve(&place).await.unwrap().expose(), format!("{CANARY}-1"));
    bao.write("kv/data/atlassian/jira", &json!({"data": {"token": format!("{CANARY}-2"), "count": 2}})).await;
    assert_eq!(secrets.resolve(&place).await.unwrap().expose(), format!("{CANARY}-2"));
    assert!(!format!("{secrets:?}").contains(CANARY));

    let many = (0..16).map(|_| secrets.resolve(&place));
    for secret in futures::future::join_all(many).await {
        assert_eq!(secret.unwrap().expose(), format!("{CANARY}-2"));
    }
}

async fn says_what_is_missing_or_forbidden(bao: &Bao, role: &Role) {
    let secrets = bao.secrets(role);
    for (place, says) in
        [("kv/atlassian/nothing#token", "no such secret"), ("kv/atlassian/deleted#token", "deleted")]
    {
        let error = refusal(&secrets.resolve(&reference(place)).await);
        assert!(matches!(error, VaultError::Missing { .. }) && error.to_string().contains(says), "{error}");
    }
    for place in ["kv/others/jira#token", "nomount/atlassian/jira#token"] {
        let error = refusal(&secrets.resolve(&reference(place)).await);
        assert!(matches!(error, VaultError::Forbidden { .. }), "{error}");
    }
    for (place, problem) in [
        ("kv/atlassian/jira#tokem", "no such key"),
        ("kv/atlassian/jira#count", "no string"),
        ("kv/atlassian/empty#token", "empty"),
    ] {
        let error = refusal(&secrets.resolve(&reference(place)).await);
        assert!(
            matches!(error, VaultError::Unusable { .. }) && error.to_string().contains(problem),
            "{error}"
        );
    }
}

async fn logs_in_again_when_the_token_is_gone(bao: &Bao, role: &Role) {
    let secrets = bao.secrets(role);
    let place = reference("kv/atlassian/jira#token");
    secrets.resolve(&place).await.unwrap();
    bao.revoke_logins().await;
    let before = bao.logins().await;
    let both = futures::future::join_all((0..8).map(|_| secrets.resolve(&place))).await;
    assert!(both.iter().all(Result::is_ok), "{both:?}");
    assert_eq!(bao.logins().await - before, 1, "many readers make one login between them");
}

async fn refuses_a_wrong_secret_id(bao: &Bao, role: &Role) {
    for (role_id, secret_id) in [(role.role_id.as_str(), CANARY), (CANARY, role.secret_id.as_str())] {
        let wrong = Role { role_id: role_id.to_owned(), secret_id: secret_id.to_owned() };
        let error = refusal(&bao.secrets(&wrong).resolve(&reference("kv/atlassian/jira#token")).await);
        assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
    }
    let mut settings = bao.settings(role);
    if let VaultLogin::AppRole { mount, .. } = &mut settings.login {
        *mount = "elsewhere".to_owned();
    }
    let secrets = Secrets::new(BTreeMap::new(), None, Some(settings)).unwrap();
    let error = refusal(&secrets.resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
}

async fn is_bound_to_its_namespace(bao: &Bao, role: &Role) {
    let mut settings = bao.settings(role);
    settings.namespace = Some("elsewhere".to_owned());
    let secrets = Secrets::new(BTreeMap::new(), None, Some(settings)).unwrap();
    let error = refusal(&secrets.resolve(&reference("kv/atlassian/jira#token")).await);
    assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
}

fn reference(place: &str) -> SecretRef {
    SecretRef::parse(&format!("vault://{place}")).unwrap()
}

/// What Vault said; and no text of it may show a secret, nor the caller's text a place.
fn refusal(resolved: &Result<Secret, SecretError>) -> VaultError {
    let Err(SecretError::Vault(error)) = resolved else {
        panic!("not a refusal by Vault: {resolved:?}");
    };
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(CANARY) && !shown.contains(ROOT_TOKEN), "{shown}");
    let caller = error.caller_text("Jira");
    assert!(
        !caller.contains("kv") && !caller.contains("127.0.0.1") && !caller.contains("approle"),
        "{caller}"
    );
    error.clone()
}
