//! Whose request it is: the peer's address, or what a trusted proxy says it is.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Most hops that are read; a longer chain ends at the last one read.
const HOPS_MAX: usize = 32;

/// The client's address. Hops are read from the right, because only the rightmost were written by
/// proxies that we trust; the first that is not such a proxy is the client. `X-Forwarded-For` is
/// read if it is there, else `Forwarded` (RFC 7239).
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = plain(peer);
    if !is_in(peer, trusted) {
        return peer;
    }
    if headers.contains_key(&X_FORWARDED_FOR) {
        walk(peer, hops(headers, &X_FORWARDED_FOR).map(address), trusted)
    } else if headers.contains_key(header::FORWARDED) {
        walk(
            peer,
            hops(headers, &header::FORWARDED).map(forwarded_for),
            trusted,
        )
    } else {
        peer
    }
}

/// Whether `address` lies in one of `nets`.
pub(crate) fn is_in(address: IpAddr, nets: &[IpNet]) -> bool {
    nets.iter().any(|net| net.contains(&address))
}

/// The unit that limits count: an IPv4 address, or the /64 that one IPv6 customer has whole.
pub(crate) fn limited_unit(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// IPv4 that arrived on an IPv6 socket is IPv4.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn walk(peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>, trusted: &[IpNet]) -> IpAddr {
    let mut last = peer;
    for hop in hops.take(HOPS_MAX) {
        // An unreadable hop was not written by a proxy of ours: stop at the one that passed it on.
        let Some(hop) = hop else { return last };
        last = hop;
        if !is_in(hop, trusted) {
            break;
        }
    }
    last
}

/// The elements of all lines of a list header, last first.
fn hops<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .map(|line| line.to_str().unwrap_or("?"))
        .collect();
    lines
        .into_iter()
        .rev()
        .flat_map(|line| line.rsplit(',').map(str::trim))
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches('"');
    let parsed = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| bare.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| {
            let inner = bare.strip_prefix('[')?.strip_suffix(']')?;
            inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        });
    parsed.map(plain)
}

/// The `for=` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address(value.trim()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, headers: &[(&'static str, &'static str)], expected: &str) {
        let trusted: Vec<IpNet> = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"]
            .map(|net| net.parse().unwrap())
            .to_vec();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let client = client_address(peer.parse().unwrap(), &map, &trusted);
        assert_eq!(
            client,
            expected.parse::<IpAddr>().unwrap(),
            "{peer} {headers:?}"
        );
    }

    // If the left end were believed, anybody could spend another's allowance.
    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        check("127.0.0.1", &[], "127.0.0.1");
        check("::ffff:127.0.0.1", &[], "127.0.0.1");
        check(
            "203.0.113.5",
            &[("x-forwarded-for", "1.1.1.1")],
            "203.0.113.5",
        );
        check(
            "127.0.0.1",
            &[("x-forwarded-for", "6.6.6.6, 203.0.113.9")],
            "203.0.113.9",
        );
        check(
            "127.0.0.1",
            &[("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.1.2.3")],
            "203.0.113.9",
        );
        check(
            "127.0.0.1",
            &[
                ("x-forwarded-for", "6.6.6.6"),
                ("x-forwarded-for", "203.0.113.9"),
            ],
            "203.0.113.9",
        );
        check(
            "127.0.0.1",
            &[("x-forwarded-for", "1.2.3.4, unknown")],
            "127.0.0.1",
        );
        check("127.0.0.1", &[("x-forwarded-for", "")], "127.0.0.1");
        check(
            "127.0.0.1",
            &[("x-forwarded-for", "203.0.113.9:4711")],
            "203.0.113.9",
        );
        check(
            "::1",
            &[(
                "forwarded",
                "for=6.6.6.6, for=\"[2001:db8::17]:4711\";proto=https",
            )],
            "2001:db8::17",
        );
        check(
            "127.0.0.1",
            &[("forwarded", "proto=https;FOR=192.0.2.60")],
            "192.0.2.60",
        );
        check(
            "127.0.0.1",
            &[
                ("forwarded", "for=1.2.3.4"),
                ("x-forwarded-for", "203.0.113.9"),
            ],
            "203.0.113.9",
        );
        check(
            "127.0.0.1",
            &[("x-forwarded-for", "10.0.0.1, 10.0.0.2")],
            "10.0.0.1",
        );
    }

    #[test]
    fn one_ipv6_customer_is_one_unit() {
        let unit = |text: &str| limited_unit(text.parse().unwrap()).to_string();
        assert_eq!(unit("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(unit("192.0.2.60"), "192.0.2.60");
    }
}
