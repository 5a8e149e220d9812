//! Networks: which of them contain an address. Networks lie in one another or apart, so that all of them cut the addresses into ranges; each range knows its lists, and an address is found by one binary search.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Ranges of one family of addresses.
#[derive(Debug, Default)]
struct Ranges {
    /// First addresses, ascending; a range goes up to the next.
    starts: Vec<u128>,
    /// For each range, its set of lists.
    sets: Vec<u32>,
}

/// All networks.
#[derive(Debug, Default)]
pub(super) struct Networks {
    v4: Ranges,
    v6: Ranges,
    sets: Vec<Box<[u16]>>,
}

/// Collects networks.
#[derive(Debug, Default)]
pub(super) struct Builder {
    /// First and last address, and list.
    v4: Vec<(u128, u128, u16)>,
    v6: Vec<(u128, u128, u16)>,
}

impl Builder {
    /// Takes up a network; answers whether it was one. Bits of hosts make it none.
    pub(super) fn add(&mut self, text: &str, list: u16) -> bool {
        match network(text) {
            Some(IpNet::V4(net)) => {
                let (first, end) = (u32::from(net.network()), u32::from(net.broadcast()));
                self.v4.push((first.into(), end.into(), list));
            }
            Some(IpNet::V6(net)) => {
                self.v6
                    .push((net.network().into(), net.broadcast().into(), list));
            }
            None => return false,
        }
        true
    }

    /// Cuts the addresses into ranges.
    pub(super) fn build(self) -> Networks {
        let mut sets = Vec::new();
        let mut known = HashMap::new();
        let mut intern = |lists: Vec<u16>| {
            *known.entry(lists).or_insert_with_key(|lists: &Vec<u16>| {
                sets.push(lists.clone().into_boxed_slice());
                u32::try_from(sets.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let v4 = ranges(self.v4, &mut intern);
        let v6 = ranges(self.v6, &mut intern);
        Networks { v4, v6, sets }
    }
}

/// Cuts the addresses of one family at the ends of its networks.
fn ranges(mut nets: Vec<(u128, u128, u16)>, intern: &mut dyn FnMut(Vec<u16>) -> u32) -> Ranges {
    // The wider first: what is open then always contains what comes.
    nets.sort_unstable_by_key(|(first, last, list)| (*first, u128::MAX - last, *list));
    let mut sweep = Sweep {
        out: Ranges::default(),
        open: Vec::new(),
        intern,
    };
    let mut nets = nets.into_iter().peekable();
    while let Some((first, last, list)) = nets.next() {
        sweep.close(Some(first));
        sweep.open.push((last, list));
        // All that begin at one address begin one range.
        if nets.peek().is_none_or(|(next, ..)| *next != first) {
            sweep.mark(first);
        }
    }
    sweep.close(None);
    sweep.out
}

/// Goes over the addresses from the first to the last.
struct Sweep<'a> {
    out: Ranges,
    /// Networks that contain the place: their last address, and their list. The innermost is last.
    open: Vec<(u128, u16)>,
    intern: &'a mut dyn FnMut(Vec<u16>) -> u32,
}

impl Sweep<'_> {
    /// Leaves every network that ends before an address, or all.
    fn close(&mut self, before: Option<u128>) {
        while let Some((last, _)) = self.open.last().copied() {
            if before.is_some_and(|before| last >= before) {
                return;
            }
            while self.open.last().is_some_and(|(other, _)| *other == last) {
                self.open.pop();
            }
            if let Some(next) = last.checked_add(1) {
                self.mark(next);
            }
        }
    }

    /// A range begins here, and the one before ends.
    fn mark(&mut self, at: u128) {
        let mut lists: Vec<u16> = self.open.iter().map(|(_, list)| *list).collect();
        lists.sort_unstable();
        lists.dedup();
        let set = (self.intern)(lists);
        if self.out.starts.last() == Some(&at) {
            self.out.starts.pop();
            self.out.sets.pop();
        }
        if self.out.sets.last() != Some(&set) {
            self.out.starts.push(at);
            self.out.sets.push(set);
        }
    }
}

impl Networks {
    /// Adds the lists of all networks that contain an address.
    pub(super) fn containing(&self, address: IpAddr, on: &mut Vec<u16>) {
        let (ranges, number) = match address {
            IpAddr::V4(address) => (&self.v4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (&self.v6, u128::from(address)),
        };
        let behind = ranges.starts.partition_point(|start| *start <= number);
        let set = behind
            .checked_sub(1)
            .and_then(|place| ranges.sets.get(place));
        let lists = set.and_then(|set| self.sets.get(*set as usize));
        on.extend(lists.into_iter().flatten());
    }
}

/// An address as it is compared; a zone is taken off.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() && !zone.contains('%') => {
            address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// A network without bits of hosts; an address is a network of one. The length may be written as a mask.
fn network(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return text.parse::<IpAddr>().ok().map(IpNet::from);
    };
    let net = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let length = number(length).or_else(|| mask(length.parse().ok()?))?;
            IpNet::V4(Ipv4Net::new(address, length).ok()?)
        }
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new(address, number(length)?).ok()?),
    };
    (net.trunc() == net).then_some(net)
}

fn number(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// How long the prefix is that a mask of networks, or else one of hosts, says.
fn mask(mask: Ipv4Addr) -> Option<u8> {
    let bits = u32::from(mask);
    let length = if bits.leading_ones() + bits.trailing_zeros().min(32) >= 32 {
        bits.leading_ones()
    } else if bits.leading_zeros() + bits.trailing_ones() >= 32 {
        bits.leading_zeros()
    } else {
        return None;
    };
    u8::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(nets: &[(&str, u16)], address: &str) -> Vec<u16> {
        let mut builder = Builder::default();
        for (net, list) in nets {
            assert!(builder.add(net, *list), "{net}");
        }
        let mut on = Vec::new();
        let address = super::address(address).unwrap();
        builder.build().containing(address, &mut on);
        on
    }

    #[test]
    fn nested_networks_are_all_found() {
        let nets = [
            ("0.0.0.0/0", 9),
            ("10.0.0.0/8", 0),
            ("10.0.0.0/16", 1),
            ("10.0.255.0/24", 2),
            ("10.0.0.0/16", 3),
            ("255.255.255.255", 4),
            ("2001:db8::/32", 5),
            ("10.1.0.0/255.255.0.0", 6),
        ];
        let check = |address: &str, expected: &[u16]| {
            assert_eq!(found(&nets, address), expected, "{address}");
        };
        check("9.255.255.255", &[9]);
        check("10.0.0.0", &[0, 1, 3, 9]);
        check("10.0.255.7", &[0, 1, 2, 3, 9]);
        check("10.1.0.0", &[0, 6, 9]);
        check("10.255.255.255", &[0, 9]);
        check("255.255.255.255", &[4, 9]);
        check("2001:db8:ffff::1%eth0", &[5]);
        check("2001:db9::", &[]);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "x",
            "10.0.0.0/255.0.255.0",
            "::1/+8",
        ] {
            assert!(network(wrong).is_none(), "{wrong}");
        }
    }
}
