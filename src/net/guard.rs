//! The guard for addresses that somebody else chose: a caller's header, or the target of a redirect.
//!
//! The operator's own addresses never pass here; they may be of any kind, loopback included. Everything else could be
//! meant to make this process speak to what only it can reach. So the text is taken only in the one spelling that
//! leaves nothing to interpret, the host must not be a machine or network of its own, and the name is resolved once,
//! by [`GuardedResolver`], whose answer is both what is checked and what is connected to.

mod addresses;
mod redirect;
mod resolver;

use std::net::IpAddr;

use url::Host;
use url::Url;

pub use redirect::download_target;
pub(super) use redirect::same_origin;
pub(super) use resolver::GuardedResolver;

/// Names that mean this machine, or the metadata service of a cloud, with everything below them: never asked.
const NEVER: [&str; 10] = [
    "localhost",
    "localhost6",
    "localdomain",
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.com",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Ends of names that only exist inside a network (RFC 6762, RFC 8375, ICANN's `internal`, Kubernetes): asked only
/// where the operator lists them.
const INSIDE: [&str; 8] =
    ["local", "internal", "home.arpa", "svc", "intranet", "lan", "in-addr.arpa", "ip6.arpa"];

/// Longer base addresses are nobody's.
const LONGEST: usize = 2048;

/// Which addresses callers may choose.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Lower case, without dots at the ends; empty: any public host.
    allowed: Vec<String>,
    https_only: bool,
}

/// An address that passed the guard. To be asked only through a client that was built with one.
#[derive(Clone, PartialEq, Eq)]
pub struct GuardedUrl(Url);

/// Why an address that a caller chose is not asked.
///
/// The texts are for the caller: none says what an inner name resolves to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// An entry of the operator's list is not a domain.
    #[error(
        "`{0}` in MCP_ALLOWED_URL_DOMAINS is not a domain that can be allowed; write for example `atlassian.net`"
    )]
    Domain(String),
    /// Neither https nor http, or http where only https will do.
    #[error("the scheme is not taken; write the address with https://")]
    Scheme,
    /// A backslash, which clients read as a slash or as part of a name.
    #[error("the address has a backslash; write it with slashes alone")]
    Backslash,
    /// A user name or a password in the address.
    #[error("the address has a user name or password in it; send the credential in a header of its own")]
    UserInfo,
    /// A character that has no place in an address.
    #[error("the address has a blank, a control character or one outside ASCII; write it without")]
    Character,
    /// A query or a fragment.
    #[error("the address has a query or a fragment; end it before `?` and `#`")]
    Query,
    /// Its path is one that servers read in different ways.
    #[error("the path has `%`, `;` or `//`; write the address as the browser shows it")]
    Path,
    /// No address at all.
    #[error("this is not an address; write for example https://jira.example.com/jira")]
    Malformed,
    /// An address in numbers that is not public.
    #[error("the address `{0}` is not public; only the operator can configure it")]
    Address(IpAddr),
    /// A name of a machine or network of its own, or of a metadata service.
    #[error("the host name `{0}` is not public; only the operator can configure it")]
    Name(String),
    /// Not in the operator's list.
    #[error(
        "the host `{0}` is not among the allowed domains; the administrator can add it to MCP_ALLOWED_URL_DOMAINS"
    )]
    NotAllowed(String),
    /// No address for the name.
    #[error("the host name `{0}` does not resolve; check its spelling")]
    Unresolved(String),
    /// At least one address of the name is not public.
    #[error(
        "the host name `{0}` resolves to an address that is not public; only the operator can configure it"
    )]
    NotPublic(String),
    /// A redirect to a host that does not belong to Atlassian's storage.
    #[error("the attachment is kept at `{0}`, which is not one of Atlassian's hosts for files")]
    Download(String),
}

/// What an address may have besides a host.
#[derive(Debug, Clone, Copy)]
struct Rules {
    https_only: bool,
    query: bool,
}

impl Guard {
    /// Takes the domains that callers may choose from, each an exact host or the end of one; a leading dot is
    /// tolerated. Empty: any public host. A name without a dot is taken as a host, never as the end of one.
    ///
    /// The operator vouches for what the list names, so those hosts may resolve to inner addresses.
    pub fn new(allowed_domains: Vec<String>) -> Result<Self, GuardError> {
        let allowed = allowed_domains.into_iter().map(domain).collect::<Result<_, _>>()?;
        Ok(Self { allowed, https_only: false })
    }

    /// Takes https alone.
    ///
    /// Not the default: the reference server takes http as well, Data Center inside a network is often without TLS,
    /// and it is the caller's own credential that the caller's own choice would expose.
    #[must_use]
    pub fn https_only(mut self) -> Self {
        self.https_only = true;
        self
    }

    /// Whether the operator named the domains that may be asked.
    pub fn is_listed(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// Checks the text of a base address. Its name is resolved and checked when it is connected to.
    pub fn check(&self, text: &str) -> Result<GuardedUrl, GuardError> {
        if text.len() > LONGEST {
            return Err(GuardError::Malformed);
        }
        let mut url = read(text, Rules { https_only: self.https_only, query: false })?;
        self.admit(&mut url)?;
        if url.path().contains(['%', ';']) || url.path().contains("//") {
            return Err(GuardError::Path);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(GuardedUrl(url))
    }

    /// Whether the host may be asked as far as its name says; strips the root's dot off it.
    fn admit(&self, url: &mut Url) -> Result<(), GuardError> {
        let address = match url.host().ok_or(GuardError::Malformed)? {
            Host::Domain(name) => {
                // One spelling: a dot at the end would be another host for certificates and caches.
                let name = name.strip_suffix('.').unwrap_or(name).to_owned();
                url.set_host(Some(&name)).map_err(|_| GuardError::Malformed)?;
                // What was a name must not have become an address by losing its dot.
                let is_name = matches!(url.host(), Some(Host::Domain(_)));
                if !is_name || name.split('.').any(str::is_empty) {
                    return Err(GuardError::Malformed);
                }
                return self.admit_name(&name);
            }
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        if !addresses::is_global(address) {
            return Err(GuardError::Address(address));
        }
        if self.is_listed() { Err(GuardError::NotAllowed(address.to_string())) } else { Ok(()) }
    }

    fn admit_name(&self, name: &str) -> Result<(), GuardError> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if is_one_of(&name, &NEVER) || name.is_empty() {
            return Err(GuardError::Name(name));
        }
        match self.is_listed() {
            // A name without a dot is one of the own network's.
            false if is_one_of(&name, &INSIDE) || !name.contains('.') => Err(GuardError::Name(name)),
            true if !self.lists(&name) => Err(GuardError::NotAllowed(name)),
            _ => Ok(()),
        }
    }

    fn lists(&self, name: &str) -> bool {
        self.allowed.iter().any(|domain| name == domain || (domain.contains('.') && is_below(name, domain)))
    }
}

impl GuardError {
    /// The refusal of a [`GuardedResolver`] that a failed request was caused by.
    pub(super) fn behind<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        std::iter::successors(Some(error), |error| error.source())
            .find_map(<dyn std::error::Error>::downcast_ref)
    }
}

impl GuardedUrl {
    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The address.
    pub fn into_url(self) -> Url {
        self.0
    }
}

/// Shows the origin alone: the query of a download is a key.
impl std::fmt::Debug for GuardedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardedUrl({})", self.0.origin().ascii_serialization())
    }
}

/// Reads an address in the one spelling that all readers understand alike.
fn read(text: &str, rules: Rules) -> Result<Url, GuardError> {
    if text.contains('\\') {
        return Err(GuardError::Backslash);
    }
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(GuardError::Character);
    }
    let (scheme, rest) = text.split_once("://").ok_or(GuardError::Malformed)?;
    let is = |wanted: &str| scheme.eq_ignore_ascii_case(wanted);
    if !is("https") && (rules.https_only || !is("http")) {
        return Err(GuardError::Scheme);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(GuardError::UserInfo);
    }
    if authority.is_empty() || authority.contains('%') {
        return Err(GuardError::Malformed);
    }
    if text.contains('#') || (!rules.query && text.contains('?')) {
        return Err(GuardError::Query);
    }
    Url::parse(text).map_err(|_| GuardError::Malformed)
}

fn is_one_of(name: &str, domains: &[&str]) -> bool {
    domains.iter().any(|domain| name == *domain || is_below(name, domain))
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// Reads an entry of the operator's list.
fn domain(entry: String) -> Result<String, GuardError> {
    let bare = entry.trim();
    let bare = bare.strip_prefix('.').unwrap_or(bare);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if let Ok(Host::Domain(name)) = Host::parse(bare) {
        let name = name.trim_end_matches('.');
        let whole = name.bytes().all(plain) && name.split('.').all(|label| !label.is_empty());
        if whole && !is_one_of(name, &NEVER) {
            return Ok(name.to_owned());
        }
    }
    Err(GuardError::Domain(entry))
}

#[cfg(test)]
mod tests;
