//! The guard of addresses that callers choose: nobody reaches the inside of the network through this server.
//!
//! An address is checked as text first; its name is then resolved once, by the resolver here, every address that comes
//! back is checked, and the connection goes to exactly those (so a name cannot change its meaning in between, also when
//! certificates are not checked). The operator's own addresses are trusted and never come here.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use url::Host;
use url::Url;

use super::proxy::within;

/// Which hosts callers may choose.
#[derive(Debug, Default)]
pub struct Guard {
    domains: Vec<String>,
}

/// An address that passed the guard as text; its name is checked again when it is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedUrl(Url);

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It is no address.
    #[error("it is not an address such as https://jira.example.com")]
    Malformed,
    /// It has another scheme.
    #[error("only https and http addresses are reached, not `{0}`")]
    Scheme(String),
    /// It has a backslash, which programs read in different ways.
    #[error("it has a backslash")]
    Backslash,
    /// It has a blank or a control character.
    #[error("it has a blank or a control character")]
    Control,
    /// It has a user name or password.
    #[error("it has a user name or a password; send them as headers of their own")]
    UserInfo,
    /// It has more than a path.
    #[error("it has a query or a fragment; end it before `?` and `#`")]
    Query,
    /// It is an address of the inside.
    #[error("the address {0} is not a public one")]
    Address(IpAddr),
    /// It is a name of the inside.
    #[error("the host `{0}` is not a public one")]
    Host(String),
    /// Its path is one that servers read in different ways.
    #[error("its path has `%`, `;` or `//`; write the address as the browser shows it")]
    Path,
    /// It is longer than any address of a site.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    /// The operator did not list it.
    #[error("the host `{0}` is not one of those that may be chosen here; the administrator lists them")]
    Domain(String),
}

impl Guard {
    /// Takes the ends of the host names that may be chosen, in lower case; none is every public host.
    pub fn new(domains: Vec<String>) -> Self {
        Self { domains }
    }

    /// Checks an address as text. Both http and https are taken, as by the reference server: the operator's list says
    /// which hosts are worth it, and the caller's own credential is all that is at stake.
    pub fn check(&self, text: &str) -> Result<GuardedUrl, GuardError> {
        if text.len() > LONGEST {
            return Err(GuardError::Long);
        }
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        if text.contains('\\') {
            return Err(GuardError::Backslash);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(GuardError::Control);
        }
        if authority.contains('@') {
            return Err(GuardError::UserInfo);
        }
        let mut url = Url::parse(text).map_err(|_| GuardError::Malformed)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(GuardError::Scheme(url.scheme().chars().take(20).collect()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(GuardError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(GuardError::Query);
        }
        match url.host().ok_or(GuardError::Malformed)? {
            Host::Ipv4(address) => self.check_literal(address.into())?,
            Host::Ipv6(address) => self.check_literal(address.into())?,
            Host::Domain(name) => {
                // One spelling: a dot at the end would be another host for certificates and caches.
                let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
                if name.split('.').any(str::is_empty) {
                    return Err(GuardError::Malformed);
                }
                self.check_name(&name)?;
                url.set_host(Some(&name)).map_err(|_| GuardError::Malformed)?;
                // What was a name must not have become an address by being written differently.
                if !matches!(url.host(), Some(Host::Domain(_))) {
                    return Err(GuardError::Malformed);
                }
            }
        }
        if url.path().contains(['%', ';']) || url.path().contains("//") {
            return Err(GuardError::Path);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(GuardedUrl(url))
    }

    /// An address in numbers is never on the operator's list, which has names.
    fn check_literal(&self, address: IpAddr) -> Result<(), GuardError> {
        if !is_global(address) {
            return Err(GuardError::Address(address));
        }
        if self.domains.is_empty() { Ok(()) } else { Err(GuardError::Domain(address.to_string())) }
    }

    fn check_name(&self, name: &str) -> Result<(), GuardError> {
        if is_inside(name) {
            return Err(GuardError::Host(name.to_owned()));
        }
        if self.domains.is_empty() || self.lists(name) {
            return Ok(());
        }
        Err(GuardError::Domain(name.to_owned()))
    }

    /// Whether the operator listed the host, who thereby vouches for where it is.
    fn lists(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.domains.iter().any(|domain| {
            name == *domain || name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
        })
    }

    /// Checks what a name resolved to. One address of the inside spoils all.
    fn check_resolved(&self, name: &str, addresses: &[IpAddr]) -> Result<(), GuardError> {
        let listed = self.lists(name);
        // No Jira is on the link of this machine, but the services of its cloud are.
        let refused = |address: &IpAddr| if listed { is_on_link(*address) } else { !is_global(*address) };
        addresses.iter().copied().find(refused).map_or(Ok(()), |address| Err(GuardError::Address(address)))
    }
}

impl GuardedUrl {
    /// The address, without a slash at its end.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// The longest address of a site, in bytes.
const LONGEST: usize = 2048;

/// How a name is looked up: all its addresses.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Resolves names for a client whose addresses callers choose. Such a client must take no proxy.
pub(super) struct GuardedResolver {
    guard: Arc<Guard>,
    lookup: Lookup,
}

impl GuardedResolver {
    pub(super) fn new(guard: Arc<Guard>) -> Self {
        let lookup: Lookup = Arc::new(|name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        });
        Self { guard, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let (guard, looking) = (Arc::clone(&self.guard), (self.lookup)(name.clone()));
        Box::pin(async move {
            let addresses = looking.await?;
            guard.check_name(&name)?;
            guard.check_resolved(&name, &addresses)?;
            let addresses: Vec<SocketAddr> =
                addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}

/// Names that mean this machine, its network or the services of its cloud.
fn is_inside(name: &str) -> bool {
    const ENDS: [&str; 9] = [
        "localhost",
        "local",
        "localdomain",
        "internal",
        "intranet",
        "lan",
        "home.arpa",
        "in-addr.arpa",
        "ip6.arpa",
    ];
    let ends_in = |end: &str| name == end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'));
    // A name without a dot is one of the own network's.
    name.is_empty() || !name.contains('.') || ENDS.into_iter().any(ends_in) || name == "metadata.goog"
}

/// Addresses that the special-purpose registries of IANA do not call globally reachable, and multicast.
///
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
const SPECIAL_V4: [(Ipv4Addr, u8); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Outside of `2000::/3` nothing is public; inside of it, these are not.
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
];

fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !SPECIAL_V4.iter().any(|(base, length)| within(address.into(), (*base).into(), *length))
        }
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_global(inner.into()),
            None => {
                let unicast = within(address.into(), Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0).into(), 3);
                let special =
                    |(base, length): &(Ipv6Addr, u8)| within(address.into(), (*base).into(), *length);
                unicast && !SPECIAL_V6.iter().any(special)
            }
        },
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (RFC 6052, also with a local prefix),
/// 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, third, fourth, fifth, sixth, ..] = address.segments();
    let [.., high, low] = address.segments();
    let last = || {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        Ipv4Addr::new(one, two, three, four)
    };
    match (first, second) {
        (0, 0) if (third, fourth) == (0, 0) && (fifth, sixth) == (0, 0xffff) => Some(last()),
        (0, 0) if (third, fourth) == (0, 0) && (fifth, sixth) == (0xffff, 0) => Some(last()),
        // `::` and `::1` are compatible with 0.0.0.0 and 0.0.0.1, which are special as well.
        (0, 0) if (third, fourth, fifth, sixth) == (0, 0, 0, 0) => Some(last()),
        (0x64, 0xff9b) if (third, fourth, fifth, sixth) == (0, 0, 0, 0) => Some(last()),
        (0x2002, high) => {
            let [one, two] = high.to_be_bytes();
            let [three, four] = third.to_be_bytes();
            Some(Ipv4Addr::new(one, two, three, four))
        }
        _ => None,
    }
}

/// The link of this machine, where clouds have their metadata services.
fn is_on_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_on_link(inner.into()),
            None => {
                within(address.into(), Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).into(), 10)
                    || within(address.into(), Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0).into(), 32)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use proptest::prelude::*;

    use super::*;

    fn open() -> Guard {
        Guard::default()
    }

    fn listed() -> Guard {
        Guard::new(vec!["example.com".to_owned()])
    }

    #[test]
    fn cve_2026_27826_a_callers_address_cannot_reach_the_inside() {
        for inside in [
            "http://127.0.0.1",
            "http://127.1",
            "http://2130706433",
            "http://0x7f000001",
            "http://0177.0.0.1",
            "http://0",
            "https://10.0.0.1",
            "https://172.31.255.255",
            "https://192.168.1.1:8443",
            "https://100.64.0.1",
            "http://169.254.169.254/latest",
            "http://168.63.129.16",
            "https://224.0.0.1",
            "https://255.255.255.255",
            "https://192.0.2.1",
            "http://[::1]",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "http://[::ffff:a9fe:a9fe]",
            "http://[::127.0.0.1]",
            "http://[64:ff9b::7f00:1]",
            "http://[2002:7f00:1::]",
            "http://[fe80::1]",
            "http://[fd00:ec2::254]",
            "http://[ff02::1]",
            "http://[2001:db8::1]",
            "http://[64:ff9b:1::1]",
        ] {
            for guard in [open(), listed()] {
                assert!(
                    matches!(guard.check(inside), Err(GuardError::Address(_))),
                    "{inside}: {:?}",
                    guard.check(inside)
                );
            }
        }
        for inside in [
            "https://localhost",
            "https://LOCALHOST.",
            "https://a.localhost",
            "https://jira",
            "https://printer.local",
            "http://metadata.google.internal",
            "http://metadata.goog",
            "https://x.home.arpa",
            "https://jira.lan",
        ] {
            assert!(
                matches!(open().check(inside), Err(GuardError::Host(_))),
                "{inside}: {:?}",
                open().check(inside)
            );
        }
        for public in [
            "https://8.8.8.8",
            "https://[2606:4700::1]",
            "https://[2002:808:808::]",
            "https://x.atlassian.net",
        ] {
            assert!(open().check(public).is_ok(), "{public}");
        }
    }

    #[test]
    fn ghsa_hgcf_a_backslash_in_the_authority_is_refused() {
        for text in [
            "https://evil.example\\@jira.example.com",
            "https:\\\\jira.example.com",
            "https://jira.example.com\\x",
        ] {
            assert_eq!(open().check(text), Err(GuardError::Backslash), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused() {
        let table = [
            ("ftp://jira.example.com", GuardError::Scheme("ftp".to_owned())),
            ("file:///etc/passwd", GuardError::Scheme("file".to_owned())),
            ("jira.example.com", GuardError::Malformed),
            ("https://", GuardError::Malformed),
            ("https://ann:pw@jira.example.com", GuardError::UserInfo),
            ("https://jira.example.com@evil.example", GuardError::UserInfo),
            ("https://@jira.example.com", GuardError::UserInfo),
            ("https://jira.example.com/?x=1", GuardError::Query),
            ("https://jira.example.com/#x", GuardError::Query),
            ("https://jira.example.com/\tx", GuardError::Control),
            ("https://jira.exam\nple.com", GuardError::Control),
            (" https://jira.example.com", GuardError::Control),
            ("http://127.0.0.1..", GuardError::Malformed),
            ("http://169.254.169.254../latest", GuardError::Malformed),
            ("http://0x7f.1..", GuardError::Malformed),
            ("http://jira..example.com", GuardError::Malformed),
            ("https://jira.example.com/%6Aira", GuardError::Path),
            ("https://jira.example.com/;a/jira", GuardError::Path),
            ("https://jira.example.com//jira", GuardError::Path),
        ];
        for (text, wanted) in table {
            assert_eq!(open().check(text), Err(wanted), "{text:?}");
        }
    }

    #[test]
    fn addresses_have_one_spelling_and_context_paths_stay() {
        let table = [
            ("https://JIRA.Example.com:443/jira/", "https://jira.example.com/jira"),
            ("https://jira.example.com.", "https://jira.example.com/"),
            ("https://jira.example.com:8443/a/../b", "https://jira.example.com:8443/b"),
            ("https://jira.ex%61mple.com", "https://jira.example.com/"),
        ];
        for (text, wanted) in table {
            assert_eq!(open().check(text).unwrap().url().as_str(), wanted, "{text}");
        }
    }

    #[test]
    fn a_list_of_domains_is_ends_of_names_and_not_parts() {
        let table = [
            ("https://example.com", true),
            ("https://jira.example.com", true),
            ("https://JIRA.EXAMPLE.COM.", true),
            ("https://notexample.com", false),
            ("https://example.com.evil.net", false),
            ("https://x.atlassian.net", false),
            ("https://8.8.8.8", false),
        ];
        for (text, fine) in table {
            assert_eq!(listed().check(text).is_ok(), fine, "{text}");
        }
        assert_eq!(listed().check("https://other.net"), Err(GuardError::Domain("other.net".to_owned())));
    }

    /// A resolver whose answers are these, one after the other.
    fn resolver(guard: Guard, answers: Vec<Vec<&'static str>>) -> GuardedResolver {
        let next = AtomicUsize::new(0);
        let lookup: Lookup = Arc::new(move |_| {
            let answer = &answers[next.fetch_add(1, Ordering::SeqCst)];
            let addresses: Vec<IpAddr> = answer.iter().map(|text| text.parse().unwrap()).collect();
            Box::pin(async move { Ok(addresses) })
        });
        GuardedResolver { guard: Arc::new(guard), lookup }
    }

    async fn resolved(resolver: &GuardedResolver, name: &str) -> Result<Vec<String>, String> {
        let found = resolver.resolve(Name::from_str(name).unwrap()).await;
        found
            .map(|found| found.map(|address| address.ip().to_string()).collect())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn ghsa_49xv_a_name_that_changes_its_meaning_is_refused_at_every_connection() {
        let resolver = resolver(
            open(),
            vec![vec!["8.8.8.8"], vec!["127.0.0.1"], vec!["8.8.8.8", "10.0.0.1"], vec!["::1"]],
        );
        assert_eq!(resolved(&resolver, "jira.example.com").await, Ok(vec!["8.8.8.8".to_owned()]));
        for inside in ["127.0.0.1", "10.0.0.1", "::1"] {
            let error = resolved(&resolver, "jira.example.com").await.unwrap_err();
            assert!(error.contains(inside), "{error}");
        }
    }

    #[tokio::test]
    async fn a_listed_host_may_be_on_the_inside_but_not_on_the_link() {
        let answers = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "fd00:ec2::254", "10.0.0.1"];
        let resolver = resolver(listed(), answers.map(|answer| vec![answer]).into());
        assert!(resolved(&resolver, "jira.example.com").await.is_ok(), "the operator vouches for it");
        assert!(resolved(&resolver, "jira.example.com").await.is_ok());
        assert!(resolved(&resolver, "jira.example.com").await.is_err());
        assert!(resolved(&resolver, "jira.example.com").await.is_err());
        assert!(resolved(&resolver, "other.net").await.is_err(), "not listed");
    }

    proptest! {
        #[test]
        fn no_way_of_writing_an_inner_address_passes(bits in any::<u32>(), form in 0..5_u8) {
            let inner = Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = inner.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let outer = match form {
                0 => Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
                1 => Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                2 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                3 => Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                _ => Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            };
            prop_assert_eq!(is_global(outer.into()), is_global(inner.into()));
            prop_assert_eq!(open().check(&format!("http://{bits}")).is_ok(), is_global(inner.into()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = open().check(&text);
            let _ = listed().check(&format!("https://{text}"));
        }
    }
}
