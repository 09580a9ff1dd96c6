//! Each test is named after what it keeps out.

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use reqwest::dns::Name;
use reqwest::dns::Resolve;

use super::*;

fn any_host() -> Guard {
    Guard::new(Vec::new()).unwrap()
}

fn only(domains: &[&str]) -> Guard {
    Guard::new(domains.iter().map(|domain| (*domain).to_owned()).collect()).unwrap()
}

fn taken(guard: &Guard, text: &str) -> String {
    match guard.check(text) {
        Ok(url) => url.into_url().to_string(),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[test]
fn a_public_address_is_taken_in_one_spelling() {
    let table = [
        ("https://jira.example.com", "https://jira.example.com/"),
        ("HTTPS://JIRA.Example.COM/", "https://jira.example.com/"),
        ("https://jira.example.com./", "https://jira.example.com/"),
        ("https://jira.example.com/jira/", "https://jira.example.com/jira"),
        ("https://jira.example.com:8443/a/b", "https://jira.example.com:8443/a/b"),
        ("http://jira.example.com:8080", "http://jira.example.com:8080/"),
        ("https://x.atlassian.net/wiki", "https://x.atlassian.net/wiki"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700::1111]:8443", "https://[2606:4700::1111]:8443/"),
        ("https://xn--mnchen-3ya.example.com", "https://xn--mnchen-3ya.example.com/"),
    ];
    for (text, wanted) in table {
        assert_eq!(taken(&any_host(), text), wanted);
    }
}

#[test]
fn every_refusal_has_a_kind_of_its_own() {
    let name = |name: &str| GuardError::Name(name.to_owned());
    let table = [
        ("ftp://jira.example.com", GuardError::Scheme),
        ("file:///etc/passwd", GuardError::Scheme),
        ("gopher://jira.example.com", GuardError::Scheme),
        ("javascript:alert(1)", GuardError::Malformed),
        ("jira.example.com", GuardError::Malformed),
        ("//jira.example.com", GuardError::Malformed),
        ("https:jira.example.com", GuardError::Malformed),
        ("https:///jira.example.com", GuardError::Malformed),
        ("https://", GuardError::Malformed),
        ("", GuardError::Malformed),
        ("https://jira.example.com:99999", GuardError::Malformed),
        ("https://ann@jira.example.com", GuardError::UserInfo),
        ("https://jira.example.com:pass@169.254.169.254", GuardError::UserInfo),
        ("https://jira.example.com/?next=1", GuardError::Query),
        ("https://jira.example.com?next=1", GuardError::Query),
        ("https://jira.example.com#x", GuardError::Query),
        (" https://jira.example.com", GuardError::Character),
        ("https://jira.example.com/a b", GuardError::Character),
        ("https://jira.exa\tmple.com", GuardError::Character),
        ("https://jira.example.com/\r\nHost: x", GuardError::Character),
        ("https://jira.example.com\u{0}", GuardError::Character),
        ("https://jira。example.com", GuardError::Character),
        ("https://%6cocalhost", GuardError::Malformed),
        ("https://127.0.0.1%2f.example.com", GuardError::Malformed),
        ("http://127.0.0.1..", GuardError::Malformed),
        ("http://169.254.169.254../latest", GuardError::Malformed),
        ("http://jira..example.com", GuardError::Malformed),
        ("https://jira.example.com/%6Aira", GuardError::Path),
        ("https://jira.example.com/;a/jira", GuardError::Path),
        ("https://jira.example.com//jira", GuardError::Path),
        ("https://jira", name("jira")),
        ("https://jira.lan", name("jira.lan")),
        ("https://localhost", name("localhost")),
        ("https://LOCALHOST.:8080/jira", name("localhost")),
        ("https://a.localhost", name("a.localhost")),
        ("https://printer.local", name("printer.local")),
        ("https://jira.corp.internal", name("jira.corp.internal")),
        ("https://metadata.google.internal", name("metadata.google.internal")),
        ("https://metadata", name("metadata")),
        ("https://kubernetes.default.svc", name("kubernetes.default.svc")),
    ];
    for (text, wanted) in table {
        assert_eq!(any_host().check(text), Err(wanted), "{text:?}");
    }
    assert_eq!(any_host().https_only().check("http://jira.example.com"), Err(GuardError::Scheme));
    let long = format!("https://jira.example.com/{}", "a".repeat(2048));
    assert_eq!(any_host().check(&long), Err(GuardError::Malformed));
}

#[test]
fn cve_2026_27826_a_callers_url_cannot_reach_the_inside() {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "192.168.257",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "2852039166",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ];
    for host in hosts {
        for text in [format!("https://{host}"), format!("http://{host}:8080/jira")] {
            let refused = any_host().check(&text);
            assert!(matches!(refused, Err(GuardError::Address(_))), "{text}: {refused:?}");
            let refused = only(&["example.com"]).check(&text);
            assert!(matches!(refused, Err(GuardError::Address(_))), "{text}: {refused:?}");
        }
    }
    assert_eq!(any_host().check("https://[fe80::1%25eth0]"), Err(GuardError::Malformed));
}

#[test]
fn ghsa_hgcf_a_backslash_in_the_authority_is_refused() {
    for text in [
        r"https://jira.example.com\@169.254.169.254/",
        r"https://169.254.169.254\.example.com",
        r"https:\\jira.example.com",
        r"https://jira.example.com\jira",
        r"https://jira.example.com/a\b",
    ] {
        assert_eq!(any_host().check(text), Err(GuardError::Backslash), "{text}");
    }
}

#[test]
fn advisory_1087_evil_atlassian_net_is_not_cloud() {
    let guard = only(&[".Atlassian.NET", "jira.example.com", "intranet"]);
    for text in [
        "https://x.atlassian.net",
        "https://atlassian.net",
        "https://X.ATLASSIAN.NET.",
        "https://jira.example.com/jira",
        "https://a.jira.example.com",
        "http://intranet",
    ] {
        taken(&guard, text);
    }
    for host in [
        "x.atlassian.net.example.com",
        "evil-atlassian.net",
        "evilatlassian.net",
        "atlassian.net.evil.com",
        "example.com",
        "a.intranet",
        "1.1.1.1",
    ] {
        let refused = guard.check(&format!("https://{host}"));
        assert_eq!(refused, Err(GuardError::NotAllowed(host.to_owned())));
    }
    for (from, location) in [
        ("https://x.atlassian.net/a", "https://x.atlassian.net.evil.com/file"),
        ("https://x.atlassian.net/a", "https://evil-atl-paas.net/file"),
        ("https://x.atlassian.net/a", "https://api.media.atlassian.com.evil.com/file"),
        ("https://x.atlassian.net/a", "https://bucket.s3.amazonaws.com/file"),
        ("https://x.atlassian.net/a", "https://api.media.atlassian.com:8443/file"),
        ("https://x.atlassian.net/a", "https://1.1.1.1/file"),
    ] {
        let refused = download_target(&Url::parse(from).unwrap(), location);
        assert!(matches!(refused, Err(GuardError::Download(_))), "{location}: {refused:?}");
    }
}

#[test]
fn a_list_opens_inner_names_but_never_this_machine() {
    let guard = only(&["corp.internal", "printer.local", "google.internal"]);
    taken(&guard, "https://jira.corp.internal/jira");
    taken(&guard, "http://printer.local");
    for text in ["https://localhost", "https://a.localhost", "https://metadata.google.internal"] {
        assert!(matches!(guard.check(text), Err(GuardError::Name(_))), "{text}");
    }
    for entry in [
        "",
        " ",
        ".",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "metadata.google.internal",
        "a b",
        "*.example.com",
        "a..b",
    ] {
        let refused = Guard::new(vec!["example.com".to_owned(), entry.to_owned()]);
        assert_eq!(refused.err(), Some(GuardError::Domain(entry.to_owned())));
    }
}

/// A resolver whose name server gives these answers in turn, and how often it was asked.
fn answering(guard: Guard, answers: &[&[&str]]) -> (GuardedResolver, Arc<AtomicUsize>) {
    let parse = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
    let answers: Vec<Vec<SocketAddr>> =
        answers.iter().map(|answer| answer.iter().map(parse).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let resolver = GuardedResolver::asking(Arc::new(guard), move |_| {
        let answer = answers.get(count.fetch_add(1, Ordering::SeqCst)).cloned();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such host")) })
    });
    (resolver, asked)
}

#[tokio::test]
async fn ghsa_49xv_dns_rebinding_meets_a_check_at_every_connection() {
    let (resolver, asked) = answering(any_host(), &[&["1.1.1.1"], &["127.0.0.1"]]);
    let name = || Name::from_str("rebind.example.com").unwrap();
    let first: Vec<SocketAddr> = resolver.resolve(name()).await.unwrap().collect();
    assert_eq!(first, ["1.1.1.1:0".parse().unwrap()]);
    assert_eq!(asked.load(Ordering::SeqCst), 1, "what was checked is what is connected to");
    let Err(refused) = resolver.resolve(name()).await else { panic!("the second answer is inside") };
    let refused = refused.downcast_ref::<GuardError>();
    assert_eq!(refused, Some(&GuardError::NotPublic("rebind.example.com".to_owned())));
}

#[tokio::test]
async fn ghsa_489g_a_client_with_checks_off_connects_to_what_was_checked_or_to_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (resolver, asked) = answering(any_host(), &[&["127.0.0.1"]]);
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "a client of the test's own")]
    let builder = reqwest::Client::builder();
    let client = builder
        .tls_certs_only([])
        .tls_danger_accept_invalid_certs(true)
        .no_proxy()
        .dns_resolver(resolver)
        .build()
        .unwrap();
    let url = any_host().check(&format!("https://inside.example.com:{port}/jira")).unwrap().into_url();
    let error = client.get(url).send().await.unwrap_err();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(GuardError::behind(&error).is_some(), "{error:?}");
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody was connected to");
}

#[tokio::test]
async fn one_inner_address_among_public_ones_is_enough() {
    type Row = (Guard, &'static [&'static [&'static str]], Result<usize, GuardError>);
    let name = "jira.example.com";
    let not_public = Err(GuardError::NotPublic(name.to_owned()));
    let unresolved = Err(GuardError::Unresolved(name.to_owned()));
    let table: [Row; 7] = [
        (any_host(), &[&["1.1.1.1", "2606:4700::1111"]], Ok(2)),
        (any_host(), &[&["1.1.1.1", "10.0.0.1"]], not_public.clone()),
        (any_host(), &[&["1.1.1.1", "::ffff:10.0.0.1"]], not_public),
        (any_host(), &[&[]], unresolved.clone()),
        (any_host(), &[], unresolved),
        (only(&["example.com"]), &[&["10.0.0.1"]], Ok(1)),
        (only(&["example.org"]), &[&["1.1.1.1"]], Err(GuardError::NotAllowed(name.to_owned()))),
    ];
    for (guard, answers, wanted) in table {
        let found = answering(guard, answers).0.addresses(name).await.map(|found| found.len());
        assert_eq!(found, wanted, "{answers:?}");
    }
    let (resolver, asked) = answering(any_host(), &[&["1.1.1.1"]]);
    assert_eq!(resolver.addresses("LOCALHOST.").await, Err(GuardError::Name("localhost".to_owned())));
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a name that is refused is not asked for");
}

#[test]
fn ghsa_6529_a_download_is_sent_on_to_atlassians_hosts_for_files_alone() {
    let from = Url::parse("https://x.atlassian.net/rest/api/3/attachment/content/1").unwrap();
    let signed = "https://api.media.atlassian.com/file/a/binary?token=x&client=y";
    let table = [
        (signed, signed),
        ("HTTPS://API.MEDIA.ATLASSIAN.COM./f", "https://api.media.atlassian.com/f"),
        ("/secure/attachment/1/a.png#x", "https://x.atlassian.net/secure/attachment/1/a.png"),
        ("//y.prod.public.atl-paas.net/f", "https://y.prod.public.atl-paas.net/f"),
    ];
    for (location, wanted) in table {
        assert_eq!(download_target(&from, location).unwrap().url().as_str(), wanted);
    }
    let shown = format!("{:?}", download_target(&from, signed).unwrap());
    assert_eq!(shown, "GuardedUrl(https://api.media.atlassian.com)");
    let refused = [
        ("http://api.media.atlassian.com/f", GuardError::Scheme),
        ("https://a:b@api.media.atlassian.com/f", GuardError::UserInfo),
        (r"https://api.media.atlassian.com\@127.0.0.1/f", GuardError::Backslash),
        (r"/\127.0.0.1/f", GuardError::Backslash),
        ("https://localhost/f", GuardError::Name("localhost".to_owned())),
        ("https://169.254.169.254/f", GuardError::Address([169, 254, 169, 254].into())),
        ("//[::ffff:10.0.0.1]/f", GuardError::Address("::ffff:10.0.0.1".parse().unwrap())),
        ("/a b", GuardError::Character),
        ("", GuardError::Malformed),
    ];
    for (location, wanted) in refused {
        assert_eq!(download_target(&from, location), Err(wanted), "{location}");
    }
}

#[test]
fn ghsa_v9m3_only_the_same_origin_is_followed_with_a_credential() {
    let from = Url::parse("https://jira.example.com/jira/rest/api/2/myself").unwrap();
    let table = [
        ("/jira/login", Some("https://jira.example.com/jira/login")),
        ("../serverInfo?x=1#y", Some("https://jira.example.com/jira/rest/api/serverInfo?x=1")),
        ("https://jira.example.com:443/x", Some("https://jira.example.com/x")),
        ("http://jira.example.com/x", None),
        ("https://jira.example.com:8443/x", None),
        ("https://jira.example.com.evil.com/x", None),
        ("https://a@jira.example.com/x", None),
        ("//evil.com/x", None),
        (r"/\evil.com/x", None),
        ("data:text/plain,x", None),
        ("", None),
    ];
    for (location, wanted) in table {
        let followed = same_origin(&from, location);
        assert_eq!(followed.as_ref().map(Url::as_str), wanted, "{location}");
    }
}

proptest! {
    /// Whatever is written, what comes through is http or https to a host that is not inside.
    #[test]
    fn nothing_comes_through_that_is_inside(text in r"(https?://)?[a-z0-9.:@\\/\[\]%#?x -]{0,40}") {
        if let Ok(url) = any_host().check(&text) {
            let url = url.into_url();
            prop_assert!(matches!(url.scheme(), "http" | "https"));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none());
            let inside = match url.host().unwrap() {
                Host::Domain(name) => is_one_of(name, &NEVER) || name.ends_with('.'),
                Host::Ipv4(address) => !addresses::is_global(address.into()),
                Host::Ipv6(address) => !addresses::is_global(address.into()),
            };
            prop_assert!(!inside, "{text} -> {url}");
        }
    }
}
