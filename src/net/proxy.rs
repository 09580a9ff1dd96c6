//! Which proxy a request goes through, and which hosts are reached without one.

use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;

use url::Host;
use url::Url;

use super::ClientError;
#[cfg(feature = "pac")]
use super::script::Script;

/// The proxies of a product. User names and passwords in them do not show.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<Url>,
    /// For `https` addresses.
    pub https: Option<Url>,
    /// For both; it wins over the other two.
    pub socks: Option<Url>,
    /// What is reached without a proxy.
    pub exempt: Vec<Exempt>,
    /// The script that is asked where none of the three is set: `http`, `https` or `file`. Needs the feature `pac`.
    pub script: Option<Url>,
}

/// Why a proxy cannot be used. Its text never holds the user name or the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// A scheme that no proxy of this kind speaks.
    #[error("the {0} proxy has a scheme that is not known; write http://, https://, socks5:// or socks5h://")]
    Scheme(&'static str),
    /// A SOCKS proxy that is none.
    #[error("the SOCKS proxy is not one; write socks5h://HOST:PORT, or set it as the HTTPS proxy")]
    NotSocks,
    /// Not an address.
    #[error(
        "the {0} proxy is not a usable address; write SCHEME://USER:PASSWORD@HOST:PORT, with %XX for special characters"
    )]
    Unusable(&'static str),
    /// A script, and nothing to run it.
    #[error("this program runs no proxy scripts; build it with `--features pac`")]
    NoScripts,
    /// The thread for the script.
    #[error("the thread that runs the proxy script cannot be started")]
    NoThread,
}

/// One entry of `NO_PROXY`: a host with its subdomains, an address, a network or everything; perhaps at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt(Rule);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Everything,
    Name { name: String, port: Option<u16> },
    Address { address: IpAddr, port: Option<u16> },
    Network { address: IpAddr, bits: u8 },
}

impl Proxies {
    /// The proxy that is set for an address, if it is not exempt.
    pub fn of(&self, url: &Url) -> Option<&Url> {
        let by_scheme = if url.scheme() == "http" { self.http.as_ref() } else { self.https.as_ref() };
        let proxy = self.socks.as_ref().or(by_scheme)?;
        (!self.exempts(url)).then_some(proxy)
    }

    fn exempts(&self, url: &Url) -> bool {
        self.exempt.iter().any(|exempt| exempt.covers(url))
    }

    /// The choice as the client makes it for every request; nothing if there is no proxy at all. The script is fetched
    /// by a client that knows of no proxy.
    pub(super) fn chooser(
        &self,
        fetch: impl FnOnce() -> Result<reqwest::Client, ClientError>,
    ) -> Result<Option<reqwest::Proxy>, ClientError> {
        let proxies = Self {
            http: usable("HTTP", self.http.as_ref())?,
            https: usable("HTTPS", self.https.as_ref())?,
            socks: usable("SOCKS", self.socks.as_ref())?,
            exempt: self.exempt.clone(),
            script: None,
        };
        if proxies.socks.as_ref().is_some_and(|proxy| !is_socks(proxy)) {
            return Err(ProxyError::NotSocks.into());
        }
        if let Some(script) = &self.script {
            return scripted(proxies, script, fetch).map(Some);
        }
        if proxies.http.is_none() && proxies.https.is_none() && proxies.socks.is_none() {
            return Ok(None);
        }
        Ok(Some(reqwest::Proxy::custom(move |url: &Url| proxies.of(url).cloned())))
    }
}

/// What is set wins over the script, and what is exempt does not come to it.
#[cfg(feature = "pac")]
fn scripted(
    proxies: Proxies,
    script: &Url,
    fetch: impl FnOnce() -> Result<reqwest::Client, ClientError>,
) -> Result<reqwest::Proxy, ClientError> {
    let script = Script::start(script.clone(), fetch()?).map_err(|_| ProxyError::NoThread)?;
    Ok(reqwest::Proxy::custom(move |url: &Url| match proxies.of(url) {
        Some(proxy) => Some(proxy.clone()),
        None if proxies.exempts(url) => None,
        None => script.choose(url),
    }))
}

#[cfg(not(feature = "pac"))]
fn scripted(
    _: Proxies,
    _: &Url,
    _: impl FnOnce() -> Result<reqwest::Client, ClientError>,
) -> Result<reqwest::Proxy, ClientError> {
    Err(ProxyError::NoScripts.into())
}

impl fmt::Debug for Proxies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |proxy: &Option<Url>| {
            proxy.as_ref().map(|proxy| {
                let port = proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}://{}{port}", proxy.scheme(), proxy.host_str().unwrap_or_default())
            })
        };
        formatter
            .debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("socks", &shown(&self.socks))
            .field("exempt", &self.exempt)
            .field("script", &shown(&self.script))
            .finish()
    }
}

/// A proxy as the client below can use it: one that it could not read, it would silently go around.
pub(super) fn usable(which: &'static str, proxy: Option<&Url>) -> Result<Option<Url>, ProxyError> {
    let Some(proxy) = proxy else { return Ok(None) };
    if !matches!(proxy.scheme(), "http" | "https") && !is_socks(proxy) {
        return Err(ProxyError::Scheme(which));
    }
    let mut proxy = proxy.clone();
    if is_socks(&proxy) && proxy.port().is_none() {
        // Left out, it would be the port of http.
        proxy.set_port(Some(1080)).map_err(|()| ProxyError::Unusable(which))?;
    }
    let uri = proxy.as_str().parse::<http::Uri>().map_err(|_| ProxyError::Unusable(which))?;
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    if has_host { Ok(Some(proxy)) } else { Err(ProxyError::Unusable(which)) }
}

fn is_socks(proxy: &Url) -> bool {
    matches!(proxy.scheme(), "socks4" | "socks4a" | "socks5" | "socks5h")
}

impl Exempt {
    /// Reads a list as `NO_PROXY` has it, separated by commas or blanks. What cannot be understood exempts nothing,
    /// and is logged.
    ///
    /// `example.com`, `.example.com` and `*.example.com` all mean the host and its subdomains, as in most programs.
    pub fn list(text: &str) -> Vec<Self> {
        let entries = text.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
        let rule = |entry: &str| {
            let rule = Rule::parse(entry);
            if rule.is_none() {
                tracing::warn!(%entry, "NO_PROXY names something that is neither a host nor an address");
            }
            rule.map(Self)
        };
        entries.filter_map(rule).collect()
    }

    fn covers(&self, url: &Url) -> bool {
        url.host().is_some_and(|host| self.0.matches(&host, url.port_or_known_default()))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let bits = bits.parse().ok().filter(|bits| *bits <= length(address))?;
            return Some(Self::Network { address, bits });
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Some(Self::Address { address: address.to_canonical(), port: None });
        }
        if let Ok(address) = entry.parse::<SocketAddr>() {
            return Some(Self::Address { address: address.ip().to_canonical(), port: Some(address.port()) });
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if !entry.ends_with(']') => (name, Some(port.parse().ok()?)),
            _ => (entry, None),
        };
        let name = name.strip_prefix('*').unwrap_or(name);
        let name = name.strip_prefix('.').unwrap_or(name).trim_end_matches('.');
        match Host::parse(name).ok()? {
            Host::Domain(name) => Some(Self::Name { name, port }),
            Host::Ipv4(address) => Some(Self::Address { address: address.into(), port }),
            Host::Ipv6(address) => {
                Some(Self::Address { address: IpAddr::from(address).to_canonical(), port })
            }
        }
    }

    fn matches(&self, host: &Host<&str>, used: Option<u16>) -> bool {
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::from(*address)),
            Host::Ipv6(address) => Some(IpAddr::from(*address).to_canonical()),
        };
        let fits = |port: Option<u16>| port.is_none() || port == used;
        match (self, host) {
            (Self::Everything, _) => true,
            (Self::Name { name, port }, Host::Domain(host)) => {
                let host = host.trim_end_matches('.');
                let below = host.strip_suffix(name.as_str());
                fits(*port) && below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Address { address: exempt, port }, _) => fits(*port) && address == Some(*exempt),
            (Self::Network { address: network, bits }, _) => {
                address.is_some_and(|address| within(address, *network, *bits))
            }
            (Self::Name { .. }, _) => false,
        }
    }
}

fn length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether the first `bits` of two addresses of one family agree.
pub fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let shift = u32::from(length(network).saturating_sub(bits));
    let prefix = |number: u128| number.checked_shr(shift).unwrap_or(0);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            prefix(address.to_bits().into()) == prefix(network.to_bits().into())
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => prefix(address.to_bits()) == prefix(network.to_bits()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_usual_rules_of_no_proxy() {
        let table = [
            ("jira.example.com", "https://jira.example.com/x", true),
            ("JIRA.example.COM", "https://jira.Example.com", true),
            ("jira.example.com", "https://jira.example.com.", true),
            ("jira.example.com.", "https://jira.example.com", true),
            ("example.com", "https://jira.example.com", true),
            (".example.com", "https://jira.example.com", true),
            (".example.com", "https://example.com", true),
            ("*.example.com", "https://jira.example.com", true),
            ("example.com", "https://notexample.com", false),
            ("example.com", "https://example.com.evil.org", false),
            ("jira.example.com", "https://example.com", false),
            ("*", "https://anything", true),
            ("other, jira.example.com", "https://jira.example.com", true),
            (" other\tjira.example.com ", "https://jira.example.com", true),
            ("", "https://jira.example.com", false),
            (",,", "https://jira.example.com", false),
            ("jira:8443", "https://jira:8443", true),
            ("jira:8443", "https://jira", false),
            ("jira:443", "https://jira", true),
            ("jira:80", "http://jira", true),
            (".example.com:8443", "https://jira.example.com:8443", true),
            ("10.1.2.3", "http://10.1.2.3:8080", true),
            ("10.1.2.3:8080", "http://10.1.2.3:8080", true),
            ("10.1.2.3:8080", "http://10.1.2.3", false),
            ("10.0.0.0/8", "http://10.255.0.1", true),
            ("10.0.0.0/8", "http://11.0.0.1", false),
            ("10.0.0.0/8", "http://10.example.com", false),
            ("0.0.0.0/0", "http://11.0.0.1", true),
            ("0.0.0.0/0", "http://[2001:db8::1]", false),
            ("10.0.0.1/32", "http://10.0.0.1", true),
            ("10.0.0.1/33", "http://10.0.0.1", false),
            ("::1", "http://[::1]:8080", true),
            ("[::1]", "http://[::1]:8080", true),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("[::1]:8081", "http://[::1]:8080", false),
            ("fd00::/8", "http://[fd12::1]", true),
            ("::/0", "http://[fd12::1]", true),
            ("fd00::/8", "http://[fe80::1]", false),
            ("10.1.2.3", "http://[::ffff:10.1.2.3]", true),
            ("bücher.example", "https://xn--bcher-kva.example", true),
            ("example.com:port", "https://example.com", false),
            // Loopback is not special: who wants it exempt says so.
            ("example.com", "http://localhost", false),
            ("example.com", "http://127.0.0.1", false),
            ("localhost", "http://localhost:8080", true),
        ];
        for (list, address, exempt) in table {
            let found = Exempt::list(list).iter().any(|entry| entry.covers(&url(address)));
            assert_eq!(found, exempt, "{list} {address}");
        }
    }

    #[test]
    fn the_scheme_chooses_the_proxy_and_socks_wins() {
        let both = Proxies {
            http: Some(url("http://a:1")),
            https: Some(url("http://b:2")),
            socks: None,
            exempt: Exempt::list("exempt"),
            script: None,
        };
        let socks = Proxies { socks: Some(url("socks5h://c:3")), ..both.clone() };
        let one = Proxies { https: None, ..both.clone() };
        for (proxies, address, wanted) in [
            (&both, "http://jira", Some("http://a:1/")),
            (&both, "https://jira", Some("http://b:2/")),
            (&both, "https://exempt", None),
            (&one, "https://jira", None),
            (&socks, "http://jira", Some("socks5h://c:3")),
            (&socks, "https://jira", Some("socks5h://c:3")),
            (&socks, "https://exempt", None),
            (&Proxies::default(), "https://jira", None),
        ] {
            assert_eq!(proxies.of(&url(address)).map(Url::as_str), wanted, "{address}");
        }
    }

    #[test]
    fn what_the_client_would_go_around_is_refused_without_the_password() {
        for (which, proxy, wanted) in [
            ("https", "http://user:canary%40@proxy:3128", None),
            ("https", "https://proxy", None),
            ("https", "socks5://proxy", None),
            ("http", "socks4a://proxy", None),
            ("socks", "socks5h://user:canary@[::1]:1080", None),
            ("socks", "http://user:canary@proxy", Some(ProxyError::NotSocks)),
            ("https", "ftp://user:canary@proxy", Some(ProxyError::Scheme("HTTPS"))),
            ("http", "data:canary", Some(ProxyError::Scheme("HTTP"))),
            ("socks", "socks5:canary", Some(ProxyError::Unusable("SOCKS"))),
        ] {
            let proxy = Some(url(proxy));
            let proxies = match which {
                "http" => Proxies { http: proxy, ..Proxies::default() },
                "https" => Proxies { https: proxy, ..Proxies::default() },
                _ => Proxies { socks: proxy, ..Proxies::default() },
            };
            assert!(!format!("{proxies:?}").contains("canary"), "{proxies:?}");
            let refused = proxies.chooser(|| unreachable!("no script")).err().map(|error| match error {
                ClientError::Proxy(error) => error,
                other => panic!("{other}"),
            });
            assert_eq!(refused, wanted, "{proxies:?}");
            assert!(!refused.is_some_and(|error| error.to_string().contains("canary")));
        }
        assert!(
            Proxies { exempt: Exempt::list("*"), ..Proxies::default() }
                .chooser(|| unreachable!("no script"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_socks_proxy_without_a_port_has_its_own() {
        let proxy = usable("SOCKS", Some(&url("socks5h://proxy"))).unwrap().unwrap();
        assert_eq!(proxy.as_str(), "socks5h://proxy:1080");
    }

    proptest! {
        #[test]
        fn a_list_exempts_only_what_it_names(list in "[a-z0-9.:/\\[\\], -]{0,40}") {
            let list = list.as_str();
            let exempt = |address: &str| Exempt::list(list).iter().any(|entry| entry.covers(&url(address)));
            prop_assert!(!exempt("https://JIRA.example") || list.contains("example"));
            prop_assert!(!exempt("https://192.0.2.1") || list.contains("192.") || list.contains('/'));
        }
    }
}
