//! Which proxy a request takes, if any.

use std::net::IpAddr;

use url::Host;
use url::Url;

/// The proxies of a product. A user name and password may stand in each address; nothing here shows them.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<Url>,
    /// For `https` addresses.
    pub https: Option<Url>,
    /// For all; it wins over the others.
    pub socks: Option<Url>,
    /// Hosts that are reached directly, separated by commas.
    pub exempt: Vec<Exempt>,
}

/// One entry of `NO_PROXY`: a host name with its subdomains, an address, a network or everything; perhaps at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    Name(String),
    Network(IpAddr, u8),
}

impl Proxies {
    /// The proxy for an address; none if it is reached directly.
    pub(super) fn of(&self, url: &Url) -> Option<&Url> {
        let by_scheme = if url.scheme() == "http" { self.http.as_ref() } else { self.https.as_ref() };
        let proxy = self.socks.as_ref().or(by_scheme)?;
        let exempt = self.exempt.iter().any(|exempt| exempt.covers(url));
        (!exempt).then_some(proxy)
    }

    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none() && self.socks.is_none()
    }
}

impl Exempt {
    /// Reads a `NO_PROXY` list: entries are separated by commas; blanks and empty ones count for nothing.
    ///
    /// `example.com`, `.example.com` and `*.example.com` all mean the host and its subdomains, as in most programs.
    pub fn list(text: &str) -> Vec<Self> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.filter_map(Self::parse).collect()
    }

    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self { hosts: Hosts::All, port: None });
        }
        if let Some(network) = network(entry) {
            return Some(Self { hosts: network, port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let hosts = match host.parse::<IpAddr>() {
            Ok(address) => Hosts::Network(address, bits(address)),
            Err(_) => {
                let name = host.strip_prefix('*').unwrap_or(host).trim_matches('.').to_ascii_lowercase();
                if name.is_empty() {
                    return None;
                }
                Hosts::Name(name)
            }
        };
        Some(Self { hosts, port })
    }

    fn covers(&self, url: &Url) -> bool {
        let at_port = self.port.is_none_or(|port| url.port_or_known_default() == Some(port));
        let is_it = match (&self.hosts, url.host()) {
            (Hosts::All, _) => true,
            (Hosts::Name(name), Some(Host::Domain(host))) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                host == *name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
            }
            (Hosts::Network(base, length), Some(Host::Ipv4(host))) => within(host.into(), *base, *length),
            (Hosts::Network(base, length), Some(Host::Ipv6(host))) => within(host.into(), *base, *length),
            _ => false,
        };
        at_port && is_it
    }
}

/// `10.0.0.0/8`, or a bare address.
fn network(entry: &str) -> Option<Hosts> {
    let (address, length) = match entry.split_once('/') {
        Some((address, length)) => (address.parse().ok()?, length.parse().ok()?),
        None => {
            let address: IpAddr = entry.parse().ok()?;
            (address, bits(address))
        }
    };
    (length <= bits(address)).then_some(Hosts::Network(address, length))
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether the first `length` bits of two addresses of one family agree.
pub(super) fn within(address: IpAddr, base: IpAddr, length: u8) -> bool {
    let (address, base) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            (u128::from(address.to_bits()) << 96, u128::from(base.to_bits()) << 96)
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => (address.to_bits(), base.to_bits()),
        _ => return false,
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
    address & mask == base & mask
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = |url: &Option<Url>| url.as_ref().and_then(|url| url.host_str().map(str::to_owned));
        formatter
            .debug_struct("Proxies")
            .field("http", &host(&self.http))
            .field("https", &host(&self.https))
            .field("socks", &host(&self.socks))
            .field("exempt", &self.exempt)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_usual_rules_of_no_proxy() {
        let table = [
            ("example.com", "https://example.com", true),
            ("example.com", "https://jira.example.com", true),
            ("example.com", "https://notexample.com", false),
            (".example.com", "https://example.com", true),
            ("*.example.com", "https://a.b.example.com", true),
            ("EXAMPLE.com", "https://Jira.Example.COM.", true),
            ("example.com:8443", "https://example.com:8443", true),
            ("example.com:8443", "https://example.com", false),
            ("example.com:443", "https://example.com", true),
            (" a , jira.local ,,", "http://jira.local", true),
            ("*", "https://anything", true),
            ("10.0.0.0/8", "http://10.9.8.7", true),
            ("10.0.0.0/8", "http://11.0.0.1", false),
            ("10.1.2.3", "http://10.1.2.3:8080", true),
            ("10.1.2.3:8080", "http://10.1.2.3:8080", true),
            ("10.1.2.3:8080", "http://10.1.2.3", false),
            ("0.0.0.0/0", "http://192.0.2.1", true),
            ("fd00::/8", "http://[fd12::1]", true),
            ("::1", "http://[::1]:9", true),
            ("[::1]:9", "http://[::1]:9", true),
            ("10.0.0.0/33", "http://10.0.0.1", false),
            ("", "https://example.com", false),
        ];
        for (list, address, wanted) in table {
            let proxies = Proxies {
                https: Some(url("http://p")),
                http: Some(url("http://p")),
                socks: None,
                exempt: Exempt::list(list),
            };
            assert_eq!(proxies.of(&url(address)).is_none(), wanted, "{list:?} {address}");
        }
    }

    #[test]
    fn socks_wins_and_each_scheme_has_its_own() {
        let mut proxies = Proxies { https: Some(url("http://ann:canary@s")), ..Proxies::default() };
        assert!(proxies.of(&url("http://jira")).is_none() && proxies.of(&url("https://jira")).is_some());
        proxies.socks = Some(url("socks5h://p"));
        assert_eq!(proxies.of(&url("http://jira")).unwrap().scheme(), "socks5h");
        assert!(!format!("{proxies:?}").contains("canary"));
    }
}
