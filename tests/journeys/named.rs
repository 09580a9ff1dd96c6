//! Users who are named by a client certificate, or by a proxy, and the secrets that are stored for them: a real OpenBao, and
//! real TLS.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portcullis::net;
use portcullis::net::Client;
use portcullis::net::ClientCertificate;
use portcullis::net::ClientSettings;
use portcullis::net::Trust;
use rcgen::CertificateParams;
use rcgen::CertificateRevocationListParams;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyPair;
use rcgen::RevokedCertParams;
use rcgen::SerialNumber;
use rcgen::date_time_ymd;
use serde_json::Value;
use serde_json::json;

use crate::bao::Bao;
use crate::bao::Role;
use crate::support::Setup;
use crate::support::World;
use crate::support::line::run;
use crate::support::outside::authority;
use crate::support::usual;

/// Where the tokens of users are.
const PLACE: &str = "vault://kv/atlassian/users/{user}/jira#token";

/// Where users find out how to store one.
const HELP: &str = "https://wiki.example.com/tokens";

/// A refused credential is looked for in Vault again after this long.
const LOOK: Duration = Duration::from_millis(2100);

/// The authority of clients, and the certificates of a listener.
struct Certificates {
    place: tempfile::TempDir,
    issuer: Arc<Issuer<'static, KeyPair>>,
}

/// What a certificate of a client says.
#[derive(Default)]
struct Says<'a> {
    common: &'a [&'a str],
    serial: u64,
    ended: bool,
}

impl Certificates {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let (root, issuer) = authority();
        std::fs::write(place.path().join("root.pem"), root).unwrap();
        let names = vec!["127.0.0.1".to_owned()];
        write(place.path(), "server", &CertificateParams::new(names).unwrap(), &issuer);
        Self { place, issuer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Somebody with a certificate of this authority.
    fn client(&self, says: &Says<'_>) -> Client {
        self.client_of(&self.issuer, says)
    }

    fn client_of(&self, issuer: &Issuer<'_, KeyPair>, says: &Says<'_>) -> Client {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        // Under another type with the same number, or the second would take the place of the first.
        let types = [DnType::CommonName, DnType::CustomDnType(vec![2, 5, 4, 3])];
        for (kind, name) in types.into_iter().zip(says.common) {
            params.distinguished_name.push(kind, *name);
        }
        params.serial_number = Some(SerialNumber::from(says.serial + 1));
        params.not_after = date_time_ymd(if says.ended { 2020 } else { 2099 }, 1, 1);
        write(self.place.path(), "client", &params, issuer);
        self.connecting(Some(ClientCertificate {
            certificate: self.path("client.pem"),
            key: Some(self.path("client.key")),
            password: None,
        }))
    }

    /// Somebody with this certificate.
    fn connecting(&self, client_certificate: Option<ClientCertificate>) -> Client {
        let settings = ClientSettings {
            trust: Trust::Bundled,
            ca_file: Some(self.path("root.pem")),
            client_certificate,
            ..ClientSettings::default()
        };
        net::build_client(&settings).unwrap()
    }

    fn named(&self, name: &str) -> Client {
        self.client(&Says { common: &[name], ..Says::default() })
    }

    /// Revokes these, from now on.
    fn revoke(&self, serials: &[u64]) {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial + 1),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2099, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        std::fs::write(self.path("draft"), list.signed_by(&*self.issuer).unwrap().pem().unwrap()).unwrap();
        std::fs::rename(self.path("draft"), self.path("revoked.pem")).unwrap();
    }

    /// A listener that asks for certificates and takes the user from the common name.
    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PORTCULLIS_SERVER__TLS__CERTIFICATE", self.text("server.pem")),
            ("PORTCULLIS_SERVER__TLS__KEY", format!("file://{}", self.text("server.key"))),
            ("PORTCULLIS_SERVER__TLS__CLIENT_CA", format!("file://{}", self.text("root.pem"))),
            ("PORTCULLIS_SERVER__TLS__CLIENT_NAME", "cn".to_owned()),
        ]
    }

    /// The same with the tokens of users in Vault.
    fn with_vault(&self, bao: &Bao, role: &Role) -> Vec<(&'static str, String)> {
        let mut variables = self.variables();
        variables.extend([
            ("JIRA_PERSONAL_TOKEN", PLACE.to_owned()),
            ("CONFLUENCE_URL", String::new()),
            ("PORTCULLIS_VAULT__ADDRESS", bao.address.clone()),
            ("PORTCULLIS_VAULT__ROLE_ID", role.role_id.clone()),
            ("PORTCULLIS_VAULT__SECRET_ID", role.secret_id.clone()),
            ("PORTCULLIS_VAULT__POLL_SECONDS", "1".to_owned()),
            ("PORTCULLIS_VAULT__HELP_URL", HELP.to_owned()),
        ]);
        variables
    }
}

/// Writes a certificate and its key.
fn write(place: &Path, name: &str, params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    std::fs::write(place.join(format!("{name}.pem")), params.signed_by(&key, issuer).unwrap().pem()).unwrap();
    std::fs::write(place.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

/// Stores a token for somebody.
async fn store(bao: &Bao, user: &str, token: &str) {
    bao.write(&format!("kv/data/atlassian/users/{user}/jira"), &json!({"data": {"token": token}})).await;
}

/// Reads an issue as whoever the client is, with more headers: the status and the text. No connection is status 0.
async fn read(world: &World, client: &Client, headers: &[(&'static str, &str)]) -> (u16, String) {
    read_from(world, client, "jira_get_issue", headers).await
}

async fn read_from(
    world: &World,
    client: &Client,
    tool: &str,
    headers: &[(&'static str, &str)],
) -> (u16, String) {
    let arguments = match tool {
        "jira_get_issue" => json!({"issue_key": "OPS-1"}),
        _ => json!({"page_id": "65537"}),
    };
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    let mut request = client.post(&world.endpoint).json(&message);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Ok(answer) = request.send().await else { return (0, String::new()) };
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let text = body.pointer("/result/content/0/text").or_else(|| body.pointer("/error/message"));
    let text = text.and_then(Value::as_str).unwrap_or_else(|| panic!("{body}")).to_owned();
    assert!(status != 200 || body["result"]["isError"] == json!(text.starts_with("no ")), "{body}");
    (status, text)
}

/// The accounts that calls were made as, by the names of who made them.
fn accounts(world: &World, name: &str) -> Vec<(String, String)> {
    let records = world.audit();
    let intents =
        records.iter().filter(|record| record["stage"] == "intent" && record["named"]["name"] == name);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> =
        intents.map(|record| (text(&record["principal"]["id"]), text(&record["method"]))).collect();
    found.dedup();
    found
}

fn pair(account: &str, method: &str) -> (String, String) {
    (account.to_owned(), method.to_owned())
}

/// Nothing of where secrets are reaches a caller.
fn shows_no_place(text: &str, bao: &Bao) {
    for word in ["kv/", "users/", "vault://", "#token", bao.address.trim_start_matches("http://")] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_calls_with_the_token_that_is_stored_for_them() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    store(&bao, "ann", "alice-token~1").await;
    store(&bao, "ben", "bob-token").await;
    let certificates = Certificates::new();
    let mut variables = certificates.with_vault(&bao, &role);
    // What comes sooner comes from a refusal.
    variables.push(("PORTCULLIS_VAULT__POLL_SECONDS", "3600".to_owned()));
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let (ann, ben, cleo) = (certificates.named("ann"), certificates.named("ben"), certificates.named("cleo"));
    for client in [&ann, &ben, &ann] {
        assert_eq!(read(&world, client, &[]).await.0, 200);
    }
    assert_eq!(accounts(&world, "ann"), [pair("alice", "certificate")]);
    assert_eq!(accounts(&world, "ben"), [pair("bob", "certificate")]);

    // Who has none is told so, and where to find out.
    let (status, text) = read(&world, &cleo, &[]).await;
    assert_eq!(
        (status, text.as_str()),
        (401, format!("no Jira token is stored for you; how to add one: {HELP}").as_str())
    );
    shows_no_place(&text, &bao);
    let told =
        world.until_audited(|record| record["named"]["name"] == "cleo" && record["stage"] == "outcome").await;
    assert_eq!((&told["error"], &told["principal"]), (&json!("no_credential"), &Value::Null), "{told}");

    // Who brings a credential of their own is let in by the certificate, and no more.
    assert_eq!(read(&world, &cleo, &[("authorization", "Bearer carol-token")]).await.0, 200);
    assert_eq!(accounts(&world, "cleo"), [pair("carol", "pat")]);

    // A newer token is taken when the one before is refused, within the call. Vault was not looked at in between.
    tokio::time::sleep(LOOK).await;
    store(&bao, "ann", "alice-token~2").await;
    world.more_faults(json!([{"status": 401, "mark": "1"}])).await;
    let (status, text) = read(&world, &ann, &[]).await;
    assert_eq!(status, 200, "{text}");
    let retries = "portcullis_upstream_retries_total{product=\"jira\",reason=\"401\"}";
    assert_eq!(world.metric(retries).await, 1);

    // One that is refused with nothing newer is said to be no good, and not shown again; a newer one is taken.
    world.more_faults(json!([{"status": 401, "mark": "2"}])).await;
    let (status, text) = read(&world, &ann, &[]).await;
    assert!(status == 401 && text.contains("that is stored for you (401); store a new one"), "{text}");
    let cold = certificates.named("ann");
    tokio::time::sleep(LOOK).await;
    store(&bao, "ann", "alice-token~3").await;
    world.until("the newest token", async || read(&world, &cold, &[]).await.0 == 200).await;
    let shown = format!("{} {:?} {}", world.stderr(), world.audit(), world.metrics().await);
    for secret in ["alice-token", "bob-token", role.secret_id.as_str()] {
        assert!(!shown.contains(secret), "{secret}");
    }
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_lets_in_and_names_or_says_why_not() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    store(&bao, "ann", "alice-token").await;
    let certificates = Certificates::new();
    let mut variables = certificates.with_vault(&bao, &role);
    certificates.revoke(&[7]);
    variables.push(("PORTCULLIS_SERVER__TLS__CLIENT_CRL", certificates.text("revoked.pem")));
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let (_, other) = authority();
    let ann = Says { common: &["ann"], ..Says::default() };
    let says = |common| Says { common, ..Says::default() };
    let own = [("authorization", "Bearer carol-token")];
    let table = [
        ("good", certificates.client(&ann), 200, "OPS-1"),
        ("another authority", certificates.client_of(&other, &ann), 0, ""),
        ("ended", certificates.client(&Says { ended: true, ..says(&["ann"]) }), 0, ""),
        ("revoked", certificates.client(&Says { serial: 7, ..says(&["ann"]) }), 0, ""),
        ("none", certificates.connecting(None), 0, ""),
        ("no name", certificates.client(&says(&[])), 401, "has no common name (CN)"),
        ("two names", certificates.client(&says(&["ann", "ben"])), 401, "more than one common name (CN)"),
        ("up", certificates.client(&says(&[".."])), 401, "is not taken: this name cannot have a secret"),
        ("elsewhere", certificates.client(&says(&["../ann"])), 401, "cannot have a secret"),
        ("below", certificates.client(&says(&["ann/jira"])), 401, "cannot have a secret"),
    ];
    for (name, client, status, text) in table {
        let found = read(&world, &client, &[]).await;
        assert!(found.0 == status && found.1.contains(text), "{name}: {found:?}");
        // A credential of their own does not open the door, but needs no name.
        let found = read(&world, &client, &own).await;
        assert_eq!(found.0, if status == 0 { 0 } else { 200 }, "{name}: {found:?}");
    }
    let refused = world.until_audited(|record| record["reason"] == "certificate").await;
    assert_eq!(
        (&refused["stage"], &refused["address"]),
        (&json!("refusal"), &json!("127.0.0.1")),
        "{refused}"
    );

    // Also on a connection that is there.
    let client = certificates.client(&ann);
    assert_eq!(read(&world, &client, &[]).await.0, 200);
    certificates.revoke(&[0, 7]);
    world
        .until("the end of the certificate", async || {
            let (status, text) = read(&world, &client, &[]).await;
            status == 401 && text.contains("it has ended or was revoked")
        })
        .await;
    assert_eq!(read(&world, &certificates.client(&ann), &[]).await.0, 0, "nor is it let in again");
    let told: Vec<_> = world.audit().into_iter().filter(|record| record["code"] == "PC0046").collect();
    assert!(told.len() == 2 && told[0]["revokes"] == true && told[0]["required"] == true, "{told:?}");
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_names_users_if_its_certificate_is_known_and_nobody_else_does() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    store(&bao, "ann", "alice-token").await;
    store(&bao, "ben", "bob-token").await;
    let certificates = Certificates::new();
    let mut variables = certificates.with_vault(&bao, &role);
    variables.extend([
        ("PORTCULLIS_SERVER__USER_HEADER", "X-Forwarded-User".to_owned()),
        ("PORTCULLIS_SERVER__USER_HEADER_FROM", "proxy-1".to_owned()),
    ]);
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let (proxy, ann) = (certificates.named("proxy-1"), certificates.named("ann"));
    let user = |name: &'static str| [("x-forwarded-user", name)];
    for (who, client, headers, status, text) in [
        ("the proxy, for ben", &proxy, &user("ben")[..], 200, "OPS-1"),
        ("the proxy, for nobody", &proxy, &[], 401, "did not say who you are"),
        ("the proxy, for two", &proxy, &[user("ben"), user("ann")].concat(), 400, "send one header"),
        ("the proxy, for a path", &proxy, &user("../ann"), 400, "cannot have a secret"),
        ("the proxy, for who has none", &proxy, &user("cleo"), 401, "no Jira token is stored for you"),
        ("ann, for herself", &ann, &[], 200, "OPS-1"),
        ("ann, for ben", &ann, &user("ben"), 400, "may not name users here"),
        ("ann, for herself by a header", &ann, &user("ann"), 400, "may not name users here"),
    ] {
        let found = read(&world, client, headers).await;
        assert!(found.0 == status && found.1.contains(text), "{who}: {found:?}");
    }
    assert_eq!(accounts(&world, "ben"), [pair("bob", "header")]);
    assert_eq!(accounts(&world, "ann"), [pair("alice", "certificate")]);
    // What is deleted is used no more.
    bao.send(bao.http.delete(bao.url("kv/data/atlassian/users/ben/jira"))).await;
    world
        .until("the end of ben's token", async || {
            let (status, text) = read(&world, &proxy, &user("ben")).await;
            shows_no_place(&text, &bao);
            status == 401 && text.contains("no Jira token is stored for you")
        })
        .await;
    let refused = world.until_audited(|record| record["reason"] == "user_header").await;
    assert_eq!(refused["status"], 400, "{refused}");
    world.end();
}

/// Where a certificate is not demanded, and one product has a credential that is lent.
#[tokio::test(flavor = "multi_thread")]
async fn who_shows_no_certificate_is_nobody_and_a_name_opens_no_more_than_what_is_lent() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    store(&bao, "ann", "alice-token").await;
    let certificates = Certificates::new();
    let mut variables = certificates.with_vault(&bao, &role);
    variables.retain(|(name, _)| *name != "CONFLUENCE_URL");
    variables.extend([
        ("PORTCULLIS_SERVER__TLS__CLIENT_CERTIFICATE", "optional".to_owned()),
        ("CONFLUENCE_PERSONAL_TOKEN", "bob-token".to_owned()),
        ("ALLOW_GLOBAL_CRED_FALLBACK", "true".to_owned()),
    ]);
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let (ann, nobody) = (certificates.named("ann"), certificates.connecting(None));
    let (jira, confluence) = ("jira_get_issue", "confluence_get_page");
    for (who, client, tool, status, text) in [
        ("ann at Jira", &ann, jira, 200, "OPS-1"),
        ("ann at Confluence", &ann, confluence, 200, "65537"),
        ("nobody at Jira", &nobody, jira, 401, "nobody says who you are"),
        ("nobody at Confluence", &nobody, confluence, 200, "65537"),
    ] {
        let found = read_from(&world, client, tool, &[]).await;
        assert!(found.0 == status && found.1.contains(text), "{who}: {found:?}");
    }
    assert_eq!(accounts(&world, "ann"), [pair("alice", "certificate"), pair("portcullis", "lent")]);
    world.end();
}

/// Behind one proxy or one address are many: who has no token, and has shown who they are, does not keep the others out.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_nothing_stored_does_not_keep_others_out() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    store(&bao, "ann", "alice-token").await;
    store(&bao, "ben", "bob-token").await;
    let certificates = Certificates::new();
    let variables = certificates.with_vault(&bao, &role);
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let (ann, ben, cleo) = (certificates.named("ann"), certificates.named("ben"), certificates.named("cleo"));
    for _ in 0..50 {
        assert_eq!(read(&world, &cleo, &[]).await.0, 401);
    }
    assert_eq!(read(&world, &ann, &[]).await.0, 200, "she was not known before");
    for _ in 50..200 {
        assert_eq!(read(&world, &cleo, &[]).await.0, 401);
    }
    assert_eq!(read(&world, &cleo, &[]).await.0, 401);
    assert_eq!(read(&world, &ben, &[]).await.0, 200, "he was not known either");
    assert_eq!(read(&world, &ann, &[]).await.0, 200, "who is known goes on");
    world.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tries_the_secret_of_a_user_who_is_named() {
    let bao = Bao::start();
    let role = bao.set_up().await;
    store(&bao, "ann", "alice-token").await;
    let certificates = Certificates::new();
    let home = tempfile::tempdir().unwrap();
    let mut all = usual("http://127.0.0.1:9", &home, false);
    all.extend(certificates.with_vault(&bao, &role));
    all.extend([("TRANSPORT", "streamable-http".to_owned())]);
    for (arguments, code, says) in [
        (&["doctor"][..], 0, "[!] vault: `vault://kv/atlassian/users/{user}/jira#token` was not tried"),
        (
            &["doctor", "--user", "ann"],
            0,
            "[+] vault: `vault://kv/atlassian/users/ann/jira#token` can be read (version 1)",
        ),
        (
            &["doctor", "--user", "cleo"],
            1,
            "[-] vault: `vault://kv/atlassian/users/cleo/jira#token`: there is no such secret",
        ),
        (&["doctor", "--user", "../ann"], 64, "--user: this name cannot have a secret"),
        (&["check"], 0, "must show a certificate of"),
    ] {
        let ended = run(&all, arguments).await;
        let said =
            format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.code() == Some(code) && said.contains(says), "{arguments:?}: {said}");
    }
    // What lets nobody in is told before anything listens; so is a login that Vault refuses.
    std::fs::write(certificates.path("empty.pem"), "").unwrap();
    for (name, value, command, says) in [
        (
            "PORTCULLIS_SERVER__TLS__CLIENT_CA",
            certificates.text("empty.pem"),
            &["check"][..],
            "no certificate of an authority",
        ),
        (
            "PORTCULLIS_SERVER__TLS__CLIENT_CRL",
            certificates.text("empty.pem"),
            &[],
            "revocation list is not there",
        ),
        ("PORTCULLIS_VAULT__SECRET_ID", "wrong".to_owned(), &[], "Vault refused the AppRole login"),
    ] {
        let mut all = all.clone();
        all.extend([
            (name, value),
            ("PORT", "0".to_owned()),
            ("PORTCULLIS_METRICS__ADDRESS", "off".to_owned()),
        ]);
        let ended = run(&all, command).await;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code() == Some(78) && said.contains(says), "{name}: {said}");
    }
}
