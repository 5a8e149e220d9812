//! Networks of a feed: which is the narrowest around an address. Networks lie in one another or apart, so that all of them cut the addresses into ranges, each of which belongs to one network or to none.

use std::net::IpAddr;

use ipnet::IpNet;

/// No network.
const NONE: u64 = u64::MAX;

/// Ranges of both families.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    v4: Family,
    v6: Family,
}

/// Ranges of one family.
#[derive(Debug, Default)]
struct Family {
    /// First addresses, ascending; a range goes up to the next.
    starts: Vec<u128>,
    /// The place of each range's network, or [`NONE`].
    places: Vec<u64>,
}

impl Ranges {
    /// Cuts the addresses at the ends of networks, each of which has a place.
    pub(super) fn of(networks: Vec<(IpNet, u64)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (network, place) in networks {
            match network {
                IpNet::V4(net) => {
                    let ends = (u32::from(net.network()), u32::from(net.broadcast()));
                    v4.push((ends.0.into(), ends.1.into(), place));
                }
                IpNet::V6(net) => v6.push((net.network().into(), net.broadcast().into(), place)),
            }
        }
        Self {
            v4: Family::of(v4),
            v6: Family::of(v6),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.v4.starts.is_empty() && self.v6.starts.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.v4.starts.len() + self.v6.starts.len()) * size_of::<(u128, u64)>()
    }

    /// The place of the narrowest network around an address.
    pub(super) fn around(&self, address: IpAddr) -> Option<u64> {
        let (family, number) = match address {
            IpAddr::V4(address) => (&self.v4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (&self.v6, u128::from(address)),
        };
        let behind = family.starts.partition_point(|start| *start <= number);
        let place = family.places[behind.checked_sub(1)?];
        (place != NONE).then_some(place)
    }
}

impl Family {
    fn of(mut networks: Vec<(u128, u128, u64)>) -> Self {
        // The wider first: what is open then always contains what comes.
        networks.sort_unstable_by_key(|(first, last, _)| (*first, u128::MAX - last));
        let mut family = Self::default();
        // Networks around the place where we are; the narrowest is last.
        let mut open: Vec<(u128, u64)> = Vec::new();
        for (first, last, place) in networks {
            family.close(&mut open, Some(first));
            open.push((last, place));
            family.mark(first, place);
        }
        family.close(&mut open, None);
        family
    }

    /// Leaves every network that ends before an address, or all.
    fn close(&mut self, open: &mut Vec<(u128, u64)>, before: Option<u128>) {
        while let Some((last, _)) = open.last().copied() {
            if before.is_some_and(|before| last >= before) {
                return;
            }
            open.pop();
            if let Some(next) = last.checked_add(1) {
                self.mark(next, open.last().map_or(NONE, |(_, place)| *place));
            }
        }
    }

    /// From here on addresses belong to this network.
    fn mark(&mut self, at: u128, place: u64) {
        if self.starts.last() == Some(&at) {
            self.starts.pop();
            self.places.pop();
        }
        self.starts.push(at);
        self.places.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_network_is_found() {
        let networks = [
            "10.0.0.0/8",
            "10.0.0.0/16",
            "10.0.255.0/24",
            "255.255.255.255/32",
            "2001:db8::/32",
            "192.0.2.0/25",
            "192.0.2.128/25",
        ];
        let places = (0..)
            .zip(networks)
            .map(|(place, net)| (net.parse().unwrap(), place));
        let ranges = Ranges::of(places.collect());
        let check = |address: &str, expected: Option<&str>| {
            let found = ranges.around(address.parse().unwrap());
            let found = found.map(|place| networks[usize::try_from(place).unwrap()]);
            assert_eq!(found, expected, "{address}");
        };
        check("9.255.255.255", None);
        check("10.0.0.0", Some("10.0.0.0/16"));
        check("10.0.255.255", Some("10.0.255.0/24"));
        check("10.1.0.0", Some("10.0.0.0/8"));
        check("11.0.0.0", None);
        check("255.255.255.255", Some("255.255.255.255/32"));
        check("192.0.2.127", Some("192.0.2.0/25"));
        check("192.0.2.128", Some("192.0.2.128/25"));
        check("192.0.3.0", None);
        check("2001:db8:ffff::1", Some("2001:db8::/32"));
        check("2001:db9::", None);
        check("::1", None);
    }
}
