//! Which addresses lie in the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Ranges that are not the public internet, and what they are: IANA's special-purpose registries
/// (RFC 6890 and its updates), multicast, and what is reserved.
const V4: [(&str, &str); 16] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a carrier's shared network"),
    ("127.0.0.0/8", "loopback"),
    (
        "169.254.0.0/16",
        "link-local, where clouds keep their metadata",
    ),
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "for documentation"),
    ("192.31.196.0/24", "reserved for AS112"),
    ("192.52.193.0/24", "reserved for AMT"),
    ("192.88.99.0/24", "a former relay"),
    ("192.168.0.0/16", "a private network"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/3", "multicast or reserved"),
];

const V6: [(&str, &str); 12] = [
    ("::/128", "no address"),
    ("::1/128", "loopback"),
    ("64:ff9b:1::/48", "a local translator"),
    ("100::/64", "a sink"),
    ("2001::/23", "reserved for protocols"),
    ("2001:db8::/32", "for documentation"),
    ("3fff::/20", "for documentation"),
    ("5f00::/16", "reserved for segment routing"),
    ("fc00::/7", "a private network"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "a former private network"),
    ("ff00::/8", "multicast"),
];

/// Why an address is not one of the public internet; `None` when it is. An IPv6 address that
/// carries an IPv4 address stands for that one too.
pub(crate) fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => {
            let special = V6.iter().find(|(net, _)| within_v6(net, address));
            special
                .map(|(_, what)| *what)
                .or_else(|| embedded(address).and_then(not_public_v4))
        }
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |net: &str| {
        net.parse::<Ipv4Net>()
            .is_ok_and(|net| net.contains(&address))
    };
    V4.iter()
        .find(|(net, _)| within(net))
        .map(|(_, what)| *what)
}

fn within_v6(net: &str, address: Ipv6Addr) -> bool {
    net.parse::<Ipv6Net>()
        .is_ok_and(|net| net.contains(&address))
}

/// The IPv4 address that translators and tunnels would take out of an IPv6 address: mapped and
/// compatible (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let four =
        |at: usize| Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]);
    if within_v6("::ffff:0:0/96", address)
        || within_v6("::/96", address)
        || within_v6("::ffff:0:0:0/96", address)
        || within_v6("64:ff9b::/96", address)
    {
        return Some(four(12));
    }
    within_v6("2002::/16", address).then(|| four(2))
}

/// Whether an address lies in one of some networks, however it is written.
pub(crate) fn is_in(address: IpAddr, networks: &[IpNet]) -> bool {
    let canonical = address.to_canonical();
    networks
        .iter()
        .any(|net| net.contains(&address) || net.contains(&canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    // An address that slips through here lets a stranger's source read the cloud's metadata.
    #[test]
    fn only_the_public_internet_is_public() {
        let check = |address: &str, public: bool| {
            let parsed = address.parse().unwrap();
            assert_eq!(not_public(parsed).is_none(), public, "{address}");
        };
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00::1",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            check(address, true);
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, false);
        }
    }

    #[test]
    fn every_range_is_one() {
        assert!(V4.iter().all(|(net, _)| net.parse::<Ipv4Net>().is_ok()));
        assert!(V6.iter().all(|(net, _)| net.parse::<Ipv6Net>().is_ok()));
    }
}
