//! Where an answer may send on to.

use std::net::IpAddr;

use url::Host;
use url::Url;

use super::Guard;
use super::GuardError;
use super::GuardedUrl;
use super::Rules;
use super::is_one_of;
use super::read;

/// Where Atlassian keeps the files of its Cloud, each host with everything below it.
///
/// A download of Jira answers 303 and one of Confluence 302 to `api.media.atlassian.com`, with a signed query in the
/// place of a credential (Jira Cloud REST API, "Get attachment content"). The other two are the ends that Atlassian
/// asks to open a firewall for ("IP addresses and domains for Atlassian cloud products"): sites of their own, and
/// static content. Its storage below `amazonaws.com` is shared with everybody else and is left out.
const FILE_HOSTS: [&str; 4] =
    ["api.media.atlassian.com", "media-cdn.atlassian.com", "atlassian.net", "atl-paas.net"];

/// Longer targets are nobody's; signed queries are long.
const LONGEST: usize = 16 * 1024;

/// The target of the one redirect that a download from the Cloud may make, relative ones resolved.
///
/// It is asked once, through a client with a guard, without any credential, without any header of the operator's or of
/// the caller's, and without following a further redirect.
pub fn download_target(from: &Url, location: &str) -> Result<GuardedUrl, GuardError> {
    let mut url = join(from, location)?;
    let rules = Rules { https_only: true, query: true };
    // Read again as text: what was joined must be as plain as what a caller writes.
    read(url.as_str(), rules)?;
    Guard::default().admit(&mut url)?;
    match url.host().ok_or(GuardError::Malformed)? {
        Host::Domain(name) if is_one_of(name, &FILE_HOSTS) => {}
        Host::Domain(name) => return Err(GuardError::Download(name.to_owned())),
        Host::Ipv4(address) => return Err(GuardError::Download(IpAddr::V4(address).to_string())),
        Host::Ipv6(address) => return Err(GuardError::Download(IpAddr::V6(address).to_string())),
    }
    // A port of its own could be anything but Atlassian's.
    if url.port().is_some() {
        return Err(GuardError::Download(url.authority().to_owned()));
    }
    Ok(GuardedUrl(url))
}

/// The target of a redirect that stays with scheme, host and port, relative ones resolved: the only kind that may
/// carry the credential on.
pub(in crate::net) fn same_origin(from: &Url, location: &str) -> Option<Url> {
    let url = join(from, location).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (plain && from.has_host() && url.origin() == from.origin()).then_some(url)
}

fn join(from: &Url, location: &str) -> Result<Url, GuardError> {
    if location.contains('\\') {
        return Err(GuardError::Backslash);
    }
    if location.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(GuardError::Character);
    }
    if location.is_empty() || location.len() > LONGEST {
        return Err(GuardError::Malformed);
    }
    let mut url = from.join(location).map_err(|_| GuardError::Malformed)?;
    url.set_fragment(None);
    Ok(url)
}
