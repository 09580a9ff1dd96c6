//! Which names the server answers to, and which web pages may talk to it: the wall against DNS rebinding.

use http::HeaderMap;
use http::header::HOST;
use http::header::ORIGIN;
use http::uri::Authority;

use crate::audit::RefusalReason;

/// Allowed values of `Host` and `Origin`.
#[derive(Debug, Clone, Default)]
pub struct Allowlist {
    loopback: bool,
    hosts: Vec<String>,
    origins: Vec<String>,
}

/// Why a request was refused; the text names the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The `Host` is not one of ours.
    #[error(
        "this server does not answer to that Host; the administrator can add it to `server.allowed_hosts`"
    )]
    Host,
    /// The `Origin` is not allowed.
    #[error(
        "web pages of that Origin may not call this server; the administrator can add it to `server.allowed_origins`"
    )]
    Origin,
}

impl HostError {
    /// Why, in the word of records.
    pub(super) fn reason(self) -> RefusalReason {
        match self {
            Self::Host => RefusalReason::Host,
            Self::Origin => RefusalReason::Origin,
        }
    }
}

impl Allowlist {
    /// `loopback` allows the names of this machine to itself; use it only when bound to loopback.
    ///
    /// `hosts` are names, with a port or for any port; `origins` are `scheme://host[:port]`.
    pub fn new(loopback: bool, hosts: &[String], origins: &[String]) -> Self {
        let lower = |names: &[String]| {
            names.iter().map(|name| name.trim().trim_end_matches('/').to_ascii_lowercase()).collect()
        };
        Self { loopback, hosts: lower(hosts), origins: lower(origins) }
    }

    /// Checks the headers of a request; `authority` is the one of HTTP/2, where there is no `Host`.
    pub fn check(&self, headers: &HeaderMap, authority: Option<&Authority>) -> Result<(), HostError> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next(), authority) {
            (Some(host), None, _) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
            (None, None, Some(authority)) => Some(authority.clone()),
            _ => None,
        };
        if !host.is_some_and(|host| self.allows_host(&host)) {
            return Err(HostError::Host);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if origin.to_str().is_ok_and(|origin| self.allows_origin(origin)) => Ok(()),
            _ => Err(HostError::Origin),
        }
    }

    fn allows_host(&self, host: &Authority) -> bool {
        if host.as_str().contains('@') {
            return false;
        }
        let name = host.host().to_ascii_lowercase();
        let whole = host.as_str().to_ascii_lowercase();
        (self.loopback && is_loopback(&name))
            || self.hosts.iter().any(|allowed| *allowed == name || *allowed == whole)
    }

    fn allows_origin(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        if self.origins.contains(&origin) {
            return true;
        }
        let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let authority = rest.and_then(|rest| rest.parse::<Authority>().ok());
        self.loopback
            && authority
                .is_some_and(|authority| !authority.as_str().contains('@') && is_loopback(authority.host()))
    }
}

/// `localhost`, `127.0.0.0/8` and `::1`, as exact names: `127.0.0.1.example.com` is none.
fn is_loopback(name: &str) -> bool {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &Allowlist, host: &str, origin: Option<&str>) -> Result<(), HostError> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        list.check(&headers, None)
    }

    #[test]
    fn only_named_hosts_and_origins_pass() {
        let local = Allowlist::new(true, &[], &[]);
        let named = Allowlist::new(
            false,
            &["gate.example.com".into(), "b:8443".into()],
            &["https://app.example.com".into()],
        );
        let table = [
            (&local, "127.0.0.1:8000", None, Ok(())),
            (&local, "LOCALHOST:1", Some("http://localhost:5173"), Ok(())),
            (&local, "[::1]:8000", None, Ok(())),
            (&local, "127.0.0.1.evil.com", None, Err(HostError::Host)),
            (&local, "evil.com", None, Err(HostError::Host)),
            (&local, "a@127.0.0.1", None, Err(HostError::Host)),
            (&local, "127.0.0.1", Some("http://evil.com"), Err(HostError::Origin)),
            (&local, "127.0.0.1", Some("null"), Err(HostError::Origin)),
            (&local, "127.0.0.1", Some("http://localhost:1@evil.com"), Err(HostError::Origin)),
            (&named, "127.0.0.1", None, Err(HostError::Host)),
            (&named, "gate.example.com:8000", Some("https://app.example.com"), Ok(())),
            (&named, "b:8443", None, Ok(())),
            (&named, "b:1", None, Err(HostError::Host)),
            (&named, "gate.example.com", Some("http://app.example.com"), Err(HostError::Origin)),
        ];
        for (list, host, origin, wanted) in table {
            assert_eq!(check(list, host, origin), wanted, "{host} {origin:?}");
        }
    }
}
