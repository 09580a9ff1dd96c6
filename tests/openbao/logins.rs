//! The ways to log in, at a real server.

use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use axum::Json;
use axum::Router;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::secrets::Secret;
use portcullis::secrets::SecretRef;
use portcullis::secrets::VaultCertificate;
use portcullis::secrets::VaultError;
use portcullis::secrets::VaultLogin;
use serde_json::Value;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::CANARY;
use crate::bao::Role;
use crate::told::observed;
use crate::told::watch;

fn literal(text: &str) -> SecretRef {
    SecretRef::Literal(Secret::new(text))
}

/// Logs in so and reads the token of Jira.
async fn read(bao: &Bao, role: &Role, login: VaultLogin) -> Result<String, VaultError> {
    let mut settings = bao.settings(role);
    settings.login = login;
    let watched = watch(&observed(settings).0).await?;
    Ok(watched.get()?.value.clone())
}

fn wrapped(role: &Role, token: &str) -> VaultLogin {
    VaultLogin::AppRole {
        mount: "approle".to_owned(),
        role_id: literal(&role.role_id),
        secret_id: literal(&format!("{token}\n")),
        wrapped_for: Some("portcullis".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapped_secret_id_opens_once() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let token = bao.wrapped("auth/approle/role/portcullis/secret-id", &json!({})).await;
    assert_eq!(read(&bao, &role, wrapped(&role, &token)).await.unwrap(), format!("{CANARY}-1"));

    let intercepted = |error: VaultError, says: &str| {
        assert!(matches!(&error, VaultError::Intercepted { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(says) && text.contains("possible interception"), "{text}");
    };
    // Somebody was faster.
    let error = read(&bao, &role, wrapped(&role, &token)).await.unwrap_err();
    intercepted(error, "opened before");
    // Somebody opened it and wrapped what was in it again, so that it looks unused.
    let again = bao.wrapped("sys/wrapping/wrap", &json!({"secret_id": role.secret_id})).await;
    intercepted(read(&bao, &role, wrapped(&role, &again)).await.unwrap_err(), "not wrapped where");
    // It is of another role.
    bao.write("auth/approle/role/other", &json!({"token_policies": "portcullis"})).await;
    let other = bao.wrapped("auth/approle/role/other/secret-id", &json!({})).await;
    intercepted(read(&bao, &role, wrapped(&role, &other)).await.unwrap_err(), "not wrapped where");
}

/// A signed token, as an issuer makes it.
fn jwt(key: &rcgen::KeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "ES256", "typ": "JWT"})), part(claims));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der()).unwrap();
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// Claims that are good for ten minutes. Without a beginning, OpenBao takes one that is not yet.
fn current(mut claims: Value) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (name, time) in [("iat", now), ("nbf", now), ("exp", now + 600)] {
        claims[name] = json!(time);
    }
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_token_logs_in() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let key = rcgen::KeyPair::generate().unwrap();
    bao.write("sys/auth/jwt", &json!({"type": "jwt"})).await;
    bao.write("auth/jwt/config", &json!({"jwt_validation_pubkeys": [key.public_key_pem()]})).await;
    let bound = json!({"role_type": "jwt", "bound_audiences": ["vault"], "user_claim": "sub",
        "token_policies": "portcullis"});
    bao.write("auth/jwt/role/portcullis", &bound).await;
    let login = |jwt: &str| VaultLogin::Jwt {
        mount: "jwt".to_owned(),
        role: Some("portcullis".to_owned()),
        jwt: literal(jwt),
    };
    let claims = current(json!({"sub": "portcullis", "aud": "vault"}));
    assert_eq!(read(&bao, &role, login(&jwt(&key, &claims))).await.unwrap(), format!("{CANARY}-1"));
    let forged = jwt(&rcgen::KeyPair::generate().unwrap(), &claims);
    let error = read(&bao, &role, login(&forged)).await.unwrap_err();
    assert!(matches!(error, VaultError::LoginRefused { method: "JWT", .. }), "{error}");
}

/// What a cluster says of a token when it is asked.
async fn token_review() -> String {
    let review = |Json(body): Json<Value>| async move {
        let known = body["spec"]["token"].as_str().is_some_and(|token| token.matches('.').count() == 2);
        let user = json!({"username": "system:serviceaccount:default:portcullis", "uid": "u-1"});
        (
            axum::http::StatusCode::CREATED,
            Json(json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                "status": {"authenticated": known, "user": user}})),
        )
    };
    let router = Router::new().route("/apis/authentication.k8s.io/v1/tokenreviews", post(review));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_logs_in() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let account = |name: &str| {
        current(json!({"sub": format!("system:serviceaccount:default:{name}"), "iss": "kubernetes",
            "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": name, "uid": "u-1"}}}))
    };
    bao.write("sys/auth/kubernetes", &json!({"type": "kubernetes"})).await;
    let config = json!({"kubernetes_host": token_review().await, "disable_local_ca_jwt": true,
        "kubernetes_ca_cert": rcgen::generate_simple_self_signed(vec!["c".to_owned()]).unwrap().cert.pem(),
        "token_reviewer_jwt": jwt(&key, &account("reviewer"))});
    bao.write("auth/kubernetes/config", &config).await;
    let bound = json!({"bound_service_account_names": "portcullis",
        "bound_service_account_namespaces": "default", "token_policies": "portcullis"});
    bao.write("auth/kubernetes/role/portcullis", &bound).await;
    // The pod's token is a file, which is read at each login.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, jwt(&key, &account("portcullis"))).unwrap();
    let login = || VaultLogin::Kubernetes {
        mount: "kubernetes".to_owned(),
        role: "portcullis".to_owned(),
        jwt: SecretRef::File(file.clone()),
    };
    assert_eq!(read(&bao, &role, login()).await.unwrap(), format!("{CANARY}-1"));
    std::fs::write(&file, jwt(&key, &account("somebody"))).unwrap();
    let error = read(&bao, &role, login()).await.unwrap_err();
    assert!(matches!(error, VaultError::LoginRefused { method: "Kubernetes", .. }), "{error}");
}

/// A certificate and its key as files.
fn certificate(directory: &std::path::Path, name: &str) -> (PathBuf, PathBuf, String) {
    let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = parameters.self_signed(&key).unwrap().pem();
    let (certificate, file) = (directory.join(format!("{name}.pem")), directory.join(format!("{name}.key")));
    std::fs::write(&certificate, &pem).unwrap();
    std::fs::write(&file, key.serialize_pem()).unwrap();
    (certificate, file, pem)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_logs_in() {
    let bao = Bao::with_tls();
    let role = bao.set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let (known, key, pem) = certificate(directory.path(), "portcullis");
    let (unknown, its_key, _) = certificate(directory.path(), "somebody");
    bao.write("sys/auth/cert", &json!({"type": "cert"})).await;
    bao.write("auth/cert/certs/portcullis", &json!({"certificate": pem, "token_policies": "portcullis"}))
        .await;
    for (certificate, key, expected) in [(known, key, true), (unknown, its_key, false)] {
        for named in [Some("portcullis".to_owned()), None] {
            let mut settings = bao.settings(&role);
            settings.client_certificate =
                Some(VaultCertificate { certificate: certificate.clone(), key: Some(key.clone()) });
            settings.login = VaultLogin::Certificate { mount: "cert".to_owned(), role: named };
            match (watch(&observed(settings).0).await, expected) {
                (Ok(watched), true) => assert_eq!(watched.get().unwrap().value, format!("{CANARY}-1")),
                (Err(VaultError::LoginRefused { method: "certificate", .. }), false) => {}
                (other, _) => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_keeps_to_itself() {
    let bao = Bao::start();
    let outside = bao.set_up().await;
    bao.write("sys/namespaces/team", &json!({})).await;
    let inside = bao.within("team");
    let role = inside.set_up().await;
    inside.rotate(&format!("{CANARY}-inside")).await;
    let mut settings = inside.settings(&role);
    settings.namespace = Some("team".to_owned());
    let watched = watch(&observed(settings.clone()).0).await.unwrap();
    assert_eq!(watched.get().unwrap().value, format!("{CANARY}-inside"));
    settings.login = bao.settings(&outside).login;
    let error = watch(&observed(settings).0).await.unwrap_err();
    assert!(matches!(error, VaultError::LoginRefused { .. }), "{error}");
}
