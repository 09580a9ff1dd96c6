//! Who calls through a proxy, as trusted proxies tell it: `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! Each proxy adds on the right whom it serves. From the right, the first address that is no trusted proxy's is the
//! client's; what stands left of it the client may have written itself, and is not looked at. For the same reason nothing
//! on the left may change how the right is read: lists are cut at every comma, whether in quotes or not.

use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use http::HeaderMap;
use http::HeaderName;
use http::header::FORWARDED;

use crate::net::within;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed when they say who calls.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<(IpAddr, u8)>);

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whence {
    /// The client's address.
    pub(super) address: IpAddr,
    /// The trusted proxy that said so, if it was not the client itself that connected.
    pub(super) proxy: Option<IpAddr>,
}

/// Both headers came, and do not name the same client: one of them is not the proxy's own.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`Forwarded` and `X-Forwarded-For` name different clients: the proxy must set or remove both, or a client could write \
     the other itself"
)]
pub(super) struct Contradiction;

impl TrustedProxies {
    /// Takes networks: an address, and how many of its bits count.
    pub fn new(networks: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Whether an address is that of a trusted proxy.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| within(address, *network, *bits))
    }

    /// Who calls, over a connection from a peer.
    pub(super) fn whence(&self, peer: IpAddr, headers: &HeaderMap) -> Result<Whence, Contradiction> {
        if !self.trusts(peer) {
            return Ok(Whence::direct(peer));
        }
        let forwarded =
            self.client(peer, elements(headers, &FORWARDED).map(|element| forwarded_for(element?)));
        let listed = self.client(peer, elements(headers, &X_FORWARDED_FOR).map(|element| address(element?)));
        match (forwarded, listed) {
            (Some(one), Some(other)) if one != other => Err(Contradiction),
            (Some(address), _) | (None, Some(address)) if address != peer => {
                Ok(Whence { address, proxy: Some(peer) })
            }
            _ => Ok(Whence::direct(peer)),
        }
    }

    /// The client of a chain, read from the right; where it cannot be read, the peer itself. None without a chain.
    fn client(&self, peer: IpAddr, chain: impl Iterator<Item = Option<IpAddr>>) -> Option<IpAddr> {
        let mut furthest = None;
        for address in chain {
            let Some(address) = address else { return Some(peer) };
            furthest = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        furthest
    }
}

impl Whence {
    /// The peer itself calls.
    pub(super) fn direct(peer: IpAddr) -> Self {
        Self { address: peer, proxy: None }
    }
}

/// The elements of a list that may stand in several headers, from the right; nothing for what is no text.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    let elements = lines.into_iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let elements = elements.map(|element| std::str::from_utf8(element).ok().map(str::trim));
    elements.filter(|element| *element != Some(""))
}

/// The address of `for=` in one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut clients = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (Some((_, client)), None) = (clients.next(), clients.next()) else { return None };
    let client = client.trim();
    let bare = client.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    address(bare.unwrap_or(client))
}

/// An address, perhaps with a port; one of IPv6 may stand in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let address = text.parse::<IpAddr>().ok().or_else(bracketed);
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The peer, its headers, and who calls.
    type Told = (&'static str, &'static [(&'static str, &'static str)], &'static str);

    fn proxies() -> TrustedProxies {
        TrustedProxies::new([("10.0.0.5".parse().unwrap(), 32), ("10.1.0.0".parse().unwrap(), 16)])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn told(peer: &str, pairs: &[(&'static str, &str)]) -> String {
        match proxies().whence(peer.parse().unwrap(), &headers(pairs)) {
            Ok(Whence { address, proxy: None }) => address.to_string(),
            Ok(Whence { address, proxy: Some(proxy) }) => format!("{address} by {proxy}"),
            Err(Contradiction) => "contradiction".to_owned(),
        }
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        const LIST: &str = "x-forwarded-for";
        const STANDARD: &str = "forwarded";
        let table: &[Told] = &[
            ("10.0.0.5", &[(LIST, "192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            ("::ffff:10.0.0.5", &[(LIST, "192.0.2.7")], "192.0.2.7 by ::ffff:10.0.0.5"),
            ("10.0.0.5", &[], "10.0.0.5"),
            ("10.0.0.5", &[(LIST, "")], "10.0.0.5"),
            // From anybody else it is a claim.
            ("10.0.0.6", &[(LIST, "192.0.2.7")], "10.0.0.6"),
            ("192.0.2.1", &[(STANDARD, "for=192.0.2.7")], "192.0.2.1"),
            // What the client wrote stands on the left.
            ("10.0.0.5", &[(LIST, "127.0.0.1, 192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "127.0.0.1"), (LIST, "192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "for=\"127.0.0.1, for=192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "?!, 192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            // Further proxies.
            ("10.0.0.5", &[(LIST, "1.1.1.1, 192.0.2.7, 10.1.2.3")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "10.1.9.9, 10.1.2.3")], "10.1.9.9 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "192.0.2.7,, 10.1.2.3 ,")], "192.0.2.7 by 10.0.0.5"),
            // Spellings.
            ("10.0.0.5", &[(LIST, "192.0.2.7:4711")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "2001:db8::7")], "2001:db8::7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "[2001:db8::7]")], "2001:db8::7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "::ffff:192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "FOR=192.0.2.7;proto=https;by=10.0.0.5")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "proto=https; for = \"[2001:db8::7]:80\"")], "2001:db8::7 by 10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "for=192.0.2.7, for=10.1.2.3")], "192.0.2.7 by 10.0.0.5"),
            // What cannot be read is the peer's own.
            ("10.0.0.5", &[(LIST, "unknown")], "10.0.0.5"),
            ("10.0.0.5", &[(LIST, "192.0.2.7, unknown")], "10.0.0.5"),
            ("10.0.0.5", &[(LIST, "192.0.2.7, unknown, 10.1.2.3")], "10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "for=_hidden")], "10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "proto=https")], "10.0.0.5"),
            ("10.0.0.5", &[(STANDARD, "for=192.0.2.7;for=192.0.2.8")], "10.0.0.5"),
            // One of two may be the client's own.
            ("10.0.0.5", &[(LIST, "192.0.2.7"), (STANDARD, "for=192.0.2.7")], "192.0.2.7 by 10.0.0.5"),
            ("10.0.0.5", &[(LIST, "192.0.2.7"), (STANDARD, "for=127.0.0.1")], "contradiction"),
            ("10.0.0.5", &[(LIST, "192.0.2.7"), (STANDARD, "x")], "contradiction"),
        ];
        for (peer, pairs, wanted) in table {
            assert_eq!(told(peer, pairs), *wanted, "{peer}: {pairs:?}");
        }
    }

    proptest! {
        /// Whatever the client writes, it is who the proxy says it is.
        #[test]
        fn nothing_the_client_writes_changes_who_it_is(
            written in "[ -~]{0,60}",
            client in any::<[u8; 4]>(),
            apart in any::<bool>(),
        ) {
            let client = IpAddr::from(client);
            prop_assume!(!proxies().trusts(client));
            for (name, own) in [("x-forwarded-for", client.to_string()), ("forwarded", format!("for={client}"))] {
                let (joined, own) = (format!("{written}, {own}"), own);
                let pairs = [(name, written.as_str()), (name, own.as_str())];
                let pairs: &[(&'static str, &str)] = if apart { &pairs } else { &[(name, joined.as_str())] };
                let whence = proxies().whence([10, 0, 0, 5].into(), &headers(pairs)).unwrap();
                prop_assert_eq!(whence, Whence { address: client, proxy: Some([10, 0, 0, 5].into()) });
            }
        }

        /// Nobody but a trusted proxy is listened to.
        #[test]
        fn headers_of_others_change_nothing(peer in any::<[u8; 4]>(), list in "[ -~]{0,60}", standard in "[ -~]{0,60}") {
            let peer = IpAddr::from(peer);
            prop_assume!(!proxies().trusts(peer));
            let pairs = [("x-forwarded-for", list.as_str()), ("forwarded", standard.as_str())];
            prop_assert_eq!(proxies().whence(peer, &headers(&pairs)), Ok(Whence::direct(peer)));
        }

        /// Every address that is written in a usual way is read as what it is.
        #[test]
        fn addresses_are_read_as_they_are_written(bits in any::<u128>(), small in any::<[u8; 4]>(), port in any::<u16>()) {
            for known in [IpAddr::from(small), Ipv6Addr::from_bits(bits).into()] {
                let wanted = Some(known.to_canonical());
                prop_assert_eq!(address(&known.to_string()), wanted);
                prop_assert_eq!(address(&SocketAddr::new(known, port).to_string()), wanted);
                prop_assert_eq!(forwarded_for(&format!("for=\"{}\"", SocketAddr::new(known, port))), wanted);
            }
        }
    }
}
