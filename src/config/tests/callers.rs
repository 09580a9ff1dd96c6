//! Client certificates, and who names users.

use std::path::Path;

use super::VAULT;
use super::given;
use super::*;

const OWN: &str = "vault://kv/users/{user}/jira#token";

/// A server over HTTP with the token of each user in Vault.
fn with(settings: &str) -> Given {
    let variables = [
        ("JIRA_URL", "https://j.example.com"),
        ("JIRA_PERSONAL_TOKEN", OWN),
        ("TRANSPORT", "streamable-http"),
    ];
    given(&variables).file(&format!("{VAULT}\n[server]\n{settings}"))
}

const TLS: &str = "tls.certificate = \"/tls.pem\"\ntls.key = \"file:///tls.key\"\n";
const CA: &str = "tls.client_ca = \"/ca.pem\"\n";

#[test]
fn certificates_name_users_as_it_is_set() {
    let server = |settings: &str| with(settings).load().settings.server;
    let named = server(&format!("{TLS}{CA}tls.client_name = \"cn\""));
    let clients = named.clients().unwrap();
    assert_eq!((clients.authorities.as_path(), clients.required), (Path::new("/ca.pem"), true));
    let plain = CallerNames { part: CallerNamePart::Cn, prefix: String::new(), suffix: String::new() };
    assert_eq!((&clients.names, &clients.revoked), (&Some(plain), &None));
    let all = format!(
        "{TLS}tls.client_ca = \"file:///ca.pem\"\ntls.client_certificate = \"optional\"\ntls.client_name = \"email\"\n\
         tls.client_name_prefix = \"p-\"\ntls.client_name_suffix = \"@example.com\"\ntls.client_crl = \"crl.pem\"\n"
    );
    let loaded = with(&all).load();
    let clients = loaded.settings.server.clients().unwrap().clone();
    assert_eq!((clients.authorities.as_path(), clients.required), (Path::new("/ca.pem"), false));
    assert!(clients.revoked.unwrap().ends_with("crl.pem"));
    let names = clients.names.unwrap();
    assert_eq!((names.prefix.as_str(), names.suffix.as_str()), ("p-", "@example.com"));
    let says = "clients     may show a certificate of /ca.pem, unless it is in";
    assert!(loaded.summary().contains(says), "{}", loaded.summary());
    assert!(loaded.summary().contains("whose email names the user: p-USER@example.com"));
}

#[test]
fn a_proxy_names_users_if_it_is_pinned() {
    let digits = "AB:".repeat(31) + "AB";
    let text = format!(
        "{TLS}{CA}tls.client_name = \"dns\"\nuser_header = \"X-Forwarded-User\"\nuser_header_from = [\"{digits}\", \"proxy-1\"]"
    );
    let header = with(&text).load().settings.server.user_header.unwrap();
    assert_eq!(header.name, "x-forwarded-user");
    let pins = [CallerPin::Fingerprint("ab".repeat(32)), CallerPin::Name("proxy-1".to_owned())];
    assert_eq!(header.from, pins);
    // By a fingerprint alone, certificates need name nobody.
    let text = format!("{TLS}{CA}user_header = \"x-user\"\nuser_header_from = [\"{digits}\"]");
    assert!(with(&text).load().settings.server.names_users());
}

#[test]
fn what_names_nobody_for_certain_is_refused() {
    let tls = |more: &str| format!("{TLS}{CA}{more}");
    let header = |from: &str| tls(&format!("user_header = \"x-user\"\nuser_header_from = [\"{from}\"]"));
    for (settings, says) in [
        (String::new(), "over HTTP nothing says for certain who that is"),
        (TLS.to_owned(), "set server.tls.client_ca and server.tls.client_name"),
        (tls(""), "set server.tls.client_ca and server.tls.client_name"),
        (CA.to_owned(), "which is a part of TLS; set server.tls.certificate"),
        (format!("{TLS}tls.client_name = \"cn\""), "server.tls.client_name is about client certificates"),
        (format!("{TLS}tls.client_crl = \"a\""), "server.tls.client_crl is about client certificates"),
        (
            format!("{TLS}tls.client_certificate = \"optional\""),
            "client_certificate is about client certificates",
        ),
        (tls("tls.client_name = \"upn\""), "`upn` is not one of `cn`, `email`, `dns`, `uri`"),
        (tls("tls.client_certificate = \"yes\""), "`yes` is not one of `required`, `optional`"),
        (tls("tls.client_name_suffix = \"@example.com\""), "are parts of a name; set server.tls.client_name"),
        (tls("user_header = \"x-user\""), "server.user_header: nobody may send it"),
        (tls("user_header_from = [\"a\"]"), "set server.user_header, by which they do"),
        (header("10.0.0.1"), "`10.0.0.1` is an address, which proves nothing"),
        (header("10.0.0.0/8"), "`10.0.0.0/8` is an address, which proves nothing"),
        (header("proxy-1"), "is no SHA-256"),
        (
            format!("{TLS}user_header = \"x-user\"\nuser_header_from = [\"{}\"]", "ab".repeat(32)),
            "set server.tls.client_ca, so that one is asked for",
        ),
        (tls("user_header = \"Authorization\"\nuser_header_from = [\"a\"]"), "has a meaning of its own"),
        (tls("user_header = \"x-forwarded-for\"\nuser_header_from = [\"a\"]"), "has a meaning of its own"),
        (tls("user_header = \"X-Atlassian-User\"\nuser_header_from = [\"a\"]"), "has a meaning of its own"),
        (tls("user_header = \"Host\"\nuser_header_from = [\"a\"]"), "belongs to the connection"),
        (tls("user_header = \"a b\"\nuser_header_from = [\"a\"]"), "`a b` is not a header name"),
    ] {
        let message = with(&settings).refused();
        assert!(message.contains(says), "{settings}\n{message}");
    }
}
