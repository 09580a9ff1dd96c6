//! Addresses as settings: of services, of proxies, and to listen on.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use url::Host;
use url::Url;

use super::Deployment;
use super::ProxyUrl;
use crate::ids::is_cloud_host;

/// Which kind of installation an address is of.
pub(super) fn deployment(url: &Url) -> Deployment {
    let Some(Host::Domain(name)) = url.host() else {
        return Deployment::DataCenter;
    };
    if is_cloud_host(name) { Deployment::Cloud } else { Deployment::DataCenter }
}

/// Reads the address of a service.
pub(super) fn base_url(text: &str) -> Result<Url, String> {
    // What stands before `@` may be a password, and what follows `?` a token.
    let shown = text.split(['?', '#']).next().unwrap_or_default().escape_debug();
    if text.contains('@') {
        return Err(
            "has a user name or password in the address; set them as settings of their own".to_owned()
        );
    }
    if !text.contains("://") {
        return Err(format!("`{shown}` has no scheme; write https://{shown}"));
    }
    let url = Url::parse(text).map_err(|error| format!("`{shown}` is not an address: {error}"))?;
    let problem = if !matches!(url.scheme(), "https" | "http") {
        "is neither https nor http"
    } else if url.query().is_some() {
        "has a query; end the address before `?`"
    } else if url.fragment().is_some() {
        "has a fragment; end the address before `#`"
    } else if text.contains('\\') || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "has a backslash, a blank or a control character; remove it"
    } else {
        return Ok(without_trailing_slashes(url));
    };
    Err(format!("`{shown}` {problem}"))
}

/// One spelling per address.
fn without_trailing_slashes(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

/// An address, or a network as the first so many bits of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AddressBlock {
    /// The address.
    pub address: IpAddr,
    /// How many of its bits count.
    pub bits: u8,
}

impl AddressBlock {
    /// Reads `10.0.0.5` or `10.1.0.0/16`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "`{}` is no address and no network; write for example `10.0.0.5` or `10.1.0.0/16`",
                text.escape_debug()
            )
        };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| refused())?)),
            None => (text, None),
        };
        // As addresses of peers are compared: one of IPv4 in the clothes of IPv6 would fit none.
        let address = address.parse::<IpAddr>().map_err(|_| refused())?;
        if address != address.to_canonical() {
            return Err(format!("`{text}` is an address of IPv4; write it as one"));
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        match bits {
            0 => Err(format!("`{text}` is everybody; name the network of the proxies")),
            1.. if bits > most => Err(refused()),
            _ => Ok(Self { address, bits }),
        }
    }
}

impl TryFrom<String> for AddressBlock {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// Where a syslog server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogAddress {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A host, in the clear.
    Tcp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
    },
    /// A host, over TLS.
    Tls {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
    },
}

/// The port of syslog over TLS (RFC 5425), and the one that is usual without.
const SYSLOG_PORTS: (u16, u16) = (6514, 601);

impl SyslogAddress {
    /// Reads `unix:/path`, `tcp://host:port` or `tcp+tls://host:port`. The network is in the clear only on loopback.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shown = text.escape_debug();
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            let problem = || format!("`{shown}` names no absolute path; write for example `unix:/dev/log`");
            return Some(path).filter(|path| path.is_absolute()).map(Self::Unix).ok_or_else(problem);
        }
        let refused = || {
            format!(
                "`{shown}` is no syslog server; write `unix:/dev/log`, `tcp+tls://host:6514`, or `tcp://` for a host on \
                 loopback"
            )
        };
        let url = Url::parse(text).map_err(|_| refused())?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let Some(host) = url.host_str().filter(|_| bare && anonymous) else { return Err(refused()) };
        let host = host.trim_matches(['[', ']']).to_owned();
        let address: Option<IpAddr> = host.parse().ok();
        let local = address.map_or_else(|| host == "localhost", |address| address.is_loopback());
        match url.scheme() {
            "tcp+tls" => Ok(Self::Tls { host, port: url.port().unwrap_or(SYSLOG_PORTS.0) }),
            "tcp" if local => Ok(Self::Tcp { host, port: url.port().unwrap_or(SYSLOG_PORTS.1) }),
            "tcp" => Err(format!("`{shown}` is in the clear; write tcp+tls://")),
            _ => Err(refused()),
        }
    }
}

pub(super) fn proxy(text: &str) -> Result<String, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    // The value may hold a password, so it is not shown.
    let refused =
        "is not the address of a proxy; write for example `http://proxy.example.com:3128`, or `socks5h://`";
    ProxyUrl::parse(&full).map(|url| url.expose().to_string()).map_err(|_| refused.to_owned())
}

pub(super) fn host(text: &str) -> Result<&str, String> {
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip = text.parse::<std::net::IpAddr>().is_ok();
    let name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    if ip || (name && !text.is_empty()) {
        return Ok(text);
    }
    Err(format!("`{}` is not an address or a host name, for example `127.0.0.1`", text.escape_debug()))
}

/// The end of a host name, for a list of those that callers may choose.
pub(super) fn domain(text: &str) -> Result<String, String> {
    let name = text.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let address = name.parse::<std::net::IpAddr>().is_ok();
    if name.split('.').all(label) && !address {
        return Ok(name);
    }
    Err(format!(
        "`{}` is not a host name; write for example `example.com`, which takes its subdomains with it",
        text.escape_debug()
    ))
}

pub(super) fn url_path(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = text.trim_end_matches('/');
    if !text.starts_with('/') || path.is_empty() || path.contains("//") || !text.bytes().all(allowed) {
        return Err(format!(
            "`{}` is not the path of an endpoint; write for example `/mcp`",
            text.escape_debug()
        ));
    }
    Ok(path.to_owned())
}

pub(super) fn listener(text: &str) -> Result<String, String> {
    if super::kinds::truth(text) == Some(false) {
        return Ok("off".to_owned());
    }
    let refused = || {
        format!(
            "`{}` is not an address with a port; write for example `127.0.0.1:9464`, or `off`",
            text.escape_debug()
        )
    };
    text.parse::<SocketAddr>().map(|address| address.to_string()).map_err(|_| refused())
}
