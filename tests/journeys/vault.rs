//! A credential that lies in Vault, from the reference in the settings to the call that uses it. The protocol itself
//! is tested against a real server in `tests/openbao.rs`; here it is enough to play the two answers.

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::Nobody;
use crate::support::line::Session;
use crate::support::line::run;
use crate::support::usual;

const REFERENCE: &str = "vault://kv/atlassian/jira#token";
const VAULT_TOKEN: &str = "canary-vault-token";
const SECRET_ID: &str = "canary-secret-id";

/// What a Vault answers to a login and to a read.
#[derive(Clone)]
struct Answers {
    login: (StatusCode, Value),
    read: (StatusCode, Value),
}

fn good() -> Answers {
    Answers {
        login: (StatusCode::OK, json!({"auth": {"client_token": VAULT_TOKEN, "lease_duration": 600}})),
        read: (
            StatusCode::OK,
            json!({"data": {"data": {"token": "alice-token"}, "metadata": {"version": 1}}}),
        ),
    }
}

/// Starts one and gives its address; it ends with the test.
async fn start(answers: Answers) -> String {
    let (login, read) = (answers.login, answers.read);
    let login = move |Json(body): Json<Value>| async move {
        let known = body["role_id"] == "portcullis" && body["secret_id"] == SECRET_ID;
        if known {
            (login.0, Json(login.1))
        } else {
            (StatusCode::BAD_REQUEST, Json(json!({"errors": ["x"]})))
        }
    };
    let read = move |headers: HeaderMap| async move {
        let known = headers.get("x-vault-token").is_some_and(|token| token == VAULT_TOKEN);
        if known { (read.0, Json(read.1)) } else { (StatusCode::FORBIDDEN, Json(json!({"errors": []}))) }
    };
    let router = Router::new()
        .route("/v1/auth/approle/login", post(login))
        .route("/v1/kv/data/atlassian/jira", get(read));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn variables(home: &TempDir, address: &str) -> Vec<(&'static str, String)> {
    let file = home.path().join("secret-id");
    std::fs::write(&file, format!("{SECRET_ID}\n")).unwrap();
    vec![
        ("PORTCULLIS_VAULT__ADDRESS", address.to_owned()),
        ("PORTCULLIS_VAULT__ROLE_ID", "portcullis".to_owned()),
        ("PORTCULLIS_VAULT__SECRET_ID", format!("file://{}", file.display())),
        ("JIRA_PERSONAL_TOKEN", REFERENCE.to_owned()),
        ("CONFLUENCE_PERSONAL_TOKEN", REFERENCE.to_owned()),
    ]
}

#[tokio::test]
async fn a_credential_from_vault_is_used_and_shown_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let variables = variables(&home, &start(good()).await);
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut session =
        Session::initialized(&[variables, vec![("PORTCULLIS_LOG__LEVEL", "trace")]].concat()).await;
    for (tool, arguments) in [
        ("jira_get_issue", json!({"issue_key": "OPS-1"})),
        ("confluence_get_page", json!({"page_id": "65537"})),
    ] {
        let answer = session.ask("tools/call", json!({"name": tool, "arguments": arguments})).await;
        assert_eq!(answer["result"]["isError"], false, "{answer}");
    }
    let ended = session.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let records = crate::support::audit(&ended.home);
    let caller = records.iter().find(|record| record["stage"] == "intent").unwrap();
    assert_eq!(caller["principal"]["id"], "alice");
    let written = format!("{records:?} {}", ended.stderr);
    for secret in ["alice-token", VAULT_TOKEN, SECRET_ID] {
        assert!(!written.contains(secret), "{secret} in {written}");
    }
}

#[tokio::test]
async fn a_vault_that_gives_nothing_is_named_with_what_to_do() {
    let sealed = (StatusCode::SERVICE_UNAVAILABLE, json!({"errors": ["Vault is sealed"]}));
    let none = (StatusCode::NOT_FOUND, json!({"errors": []}));
    let no_key = (StatusCode::OK, json!({"data": {"data": {"tokem": "canary"}, "metadata": {}}}));
    for (name, answers, code, says) in [
        ("sealed", Answers { login: sealed, ..good() }, 75, "is sealed; unseal it"),
        ("busy", Answers { login: (StatusCode::BAD_GATEWAY, json!({})), ..good() }, 75, "status 502"),
        (
            "a role that is not known",
            Answers { login: (StatusCode::BAD_REQUEST, json!({})), ..good() },
            78,
            "AppRole login at auth/approle (status 400)",
        ),
        (
            "no permission",
            Answers { read: (StatusCode::FORBIDDEN, json!({})), ..good() },
            78,
            "add a policy with `read`",
        ),
        ("no such secret", Answers { read: none, ..good() }, 78, "there is no such secret; write it there"),
        ("no such key", Answers { read: no_key, ..good() }, 78, "the secret has no such key"),
        ("no JSON", Answers { read: (StatusCode::OK, json!("canary")), ..good() }, 78, "cannot be used"),
    ] {
        assert_refused(name, &start(answers).await, code, says).await;
    }
    let nobody = Nobody::bind();
    assert_refused("down", &nobody.url(), 75, "refused").await;
    assert_refused("no TLS", "http://vault.example.com", 78, "vault.example.com/` is not https").await;
}

async fn assert_refused(name: &str, address: &str, code: i32, says: &str) {
    let home = tempfile::tempdir().unwrap();
    let mut all: BTreeMap<&'static str, String> = usual("http://127.0.0.1:9", &home, false);
    all.extend(variables(&home, address));
    all.insert("PORTCULLIS_VAULT__STARTUP", "fail".to_owned());
    let ended = run(&all, &[]).await;
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(code), "{name}: {text}");
    assert!(text.contains(says), "{name}: {text}");
    assert!(!text.contains("canary") && ended.stdout.is_empty(), "{name}: {text}");
}
