//! Which addresses are public.
//!
//! After the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), read strictly: what
//! they call globally reachable but serves no web site (anycast for protocols, deprecated relays) is refused too.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// Blocks of IPv4 that are not public, with the length of their prefix.
const V4: [(Ipv4Addr, u8); 18] = [
    // This network.
    (Ipv4Addr::UNSPECIFIED, 8),
    // Private use.
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // Shared between a carrier and its customers; Alibaba's metadata lives there.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback.
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; the metadata of most clouds lives there.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Assignments of protocols.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation.
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Relays of 6to4, deprecated, and the sink of AS112.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast, and reserved with the broadcast address.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // Not in the registry: what Azure answers to its own machines from.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Not in the registry: what Oracle's cloud answers to its own machines from, besides 169.254.0.0/16.
    (Ipv4Addr::new(192, 0, 0, 192), 32),
];

/// The one block of IPv6 that holds public hosts; loopback, link-local, unique local, site-local, multicast, mapped,
/// compatible and translated addresses are all outside.
const V6_PUBLIC: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Blocks inside [`V6_PUBLIC`] that are not public after all.
const V6: [(Ipv6Addr, u8); 4] = [
    // The sink of AS112.
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    // Assignments of protocols, Teredo among them.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Blocks of IPv6 that stand for the IPv4 address they hold, which starts at this bit.
const EMBEDDING: [(Ipv6Addr, u8, u8); 3] = [
    // Mapped.
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 96),
    // NAT64.
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, 96),
    // 6to4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 16),
];

/// Whether anybody on the Internet could be asked at this address, and nobody inside.
pub(super) fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    !V4.iter().any(|(block, length)| shares(address.to_bits().into(), block.to_bits().into(), 32, *length))
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let inside = |block: &Ipv6Addr, length: u8| shares(address.to_bits(), block.to_bits(), 128, length);
    let embedded = EMBEDDING.iter().find(|(block, length, _)| inside(block, *length));
    if let Some((_, _, start)) = embedded {
        return is_global_v4(held(address, *start));
    }
    let (public, length) = V6_PUBLIC;
    inside(&public, length)
        && !V6.iter().any(|(block, length)| inside(block, *length))
        && (!is_isatap(address) || is_global_v4(held(address, 96)))
}

/// Where no Jira is, not even inside: the link of this machine, and what clouds answer to their machines from.
const ON_LINK_V4: [(Ipv4Addr, u8); 5] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Azure, Alibaba, Oracle.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(100, 100, 100, 200), 32),
    (Ipv4Addr::new(192, 0, 0, 192), 32),
];

/// The same for IPv6: link-local addresses, and Amazon's.
const ON_LINK_V6: [(Ipv6Addr, u8); 2] =
    [(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10), (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32)];

/// Whether a host that the operator vouches for cannot be meant.
pub(super) fn is_on_link(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => {
            let inside =
                |block: &Ipv6Addr, length: u8| shares(address.to_bits(), block.to_bits(), 128, length);
            match EMBEDDING.iter().find(|(block, length, _)| inside(block, *length)) {
                Some((_, _, start)) => held(address, *start),
                None => return ON_LINK_V6.iter().any(|(block, length)| inside(block, *length)),
            }
        }
    };
    let inside = |(block, length): &(Ipv4Addr, u8)| {
        shares(address.to_bits().into(), block.to_bits().into(), 32, *length)
    };
    ON_LINK_V4.iter().any(inside)
}

/// The interface of an ISATAP address is an IPv4 address after `0:5efe` or `200:5efe` (RFC 5214).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, high, low, _, _] = address.segments();
    matches!(high, 0 | 0x200) && low == 0x5efe
}

/// The IPv4 address in the 32 bits from `start` on.
fn held(address: Ipv6Addr, start: u8) -> Ipv4Addr {
    let shifted = address.to_bits() << start;
    let [a, b, c, d, ..] = shifted.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

/// Whether two addresses of so many bits agree in their first ones.
fn shares(address: u128, block: u128, bits: u8, length: u8) -> bool {
    let rest = u32::from(bits - length);
    address >> rest == block >> rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_public_is_known() {
        let table = [
            ("0.0.0.0", false),
            ("10.1.2.3", false),
            ("100.64.0.1", false),
            ("100.100.100.200", false),
            ("100.128.0.1", true),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("168.63.129.16", false),
            ("169.254.169.254", false),
            ("172.15.0.1", true),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.0.0.192", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.17.255.255", true),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("1.1.1.1", true),
            ("104.192.142.1", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("::1.1.1.1", false),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b::1.1.1.1", true),
            ("64:ff9b:1::1.1.1.1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("2002:0101:0101::", true),
            ("2401:1d80::1", true),
            ("2606:4700:4700::1111", true),
            ("2606:4700::5efe:10.0.0.1", false),
            ("2606:4700::200:5efe:169.254.169.254", false),
            ("3fff::1", false),
            ("5f00::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ];
        for (text, wanted) in table {
            assert_eq!(is_global(text.parse().unwrap()), wanted, "{text}");
        }
    }

    /// Any address of a block that is not public.
    fn inner() -> impl Strategy<Value = Ipv4Addr> {
        (prop::sample::select(V4.to_vec()), any::<u32>()).prop_map(|((block, length), host)| {
            let mask = u32::MAX.checked_shr(length.into()).unwrap_or(0);
            Ipv4Addr::from_bits(block.to_bits() | (host & mask))
        })
    }

    proptest! {
        #[test]
        fn an_inner_address_is_inner_in_every_wrapping(address in inner(), low in any::<u32>()) {
            prop_assert!(!is_global_v4(address), "{address}");
            let bits = u128::from(address.to_bits());
            let wrappings = [
                bits,
                (0xffff << 32) | bits,
                (0xffff << 48) | bits,
                (0x0064_ff9b << 96) | bits,
                (0x0064_ff9b_0001 << 80) | bits,
                (0x2002 << 112) | (bits << 80) | u128::from(low),
                (0x2001 << 112) | (u128::from(low) << 64) | (!bits & 0xffff_ffff),
                (0x2606_4700 << 96) | (0x5efe << 32) | bits,
                (0x2606_4700 << 96) | (0x0200_5efe << 32) | bits,
            ];
            for wrapped in wrappings.map(Ipv6Addr::from_bits) {
                prop_assert!(!is_global_v6(wrapped), "{wrapped}");
            }
        }
    }
}
