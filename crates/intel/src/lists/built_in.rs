//! Warning lists that the product ships: what the internet's own documents reserve, and a few services
//! that nobody means when they say malicious. Short on purpose: MISP's own lists can be handed in.

use indicator::lists::List;

macro_rules! lists {
    ($($slug:literal),* $(,)?) => {
        [$(($slug, include_str!(concat!("../../lists/", $slug, ".json")))),*]
    };
}

/// In the order in which they are shown.
const LISTS: [(&str, &str); 6] = lists![
    "private-networks",
    "documentation-networks",
    "special-networks",
    "reserved-names",
    "public-resolvers",
    "empty-files",
];

/// A warning list as it comes with the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltInList {
    /// Its name in addresses and rows: for ever.
    pub slug: &'static str,
    /// What it says.
    pub list: List,
}

/// Every warning list that comes with the product.
///
/// # Panics
/// When one of our own files is wrong, which a test would have said.
pub fn built_in_lists() -> Vec<BuiltInList> {
    let read = |(slug, json): (&'static str, &str)| BuiltInList {
        slug,
        list: List::from_json(json.as_bytes()).expect("our own files are right"),
    };
    LISTS.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use indicator::lists::Lists;
    use indicator::{Kind, parse};

    use super::*;

    // An analyst who blocks a resolver of half the internet has a bad day.
    #[test]
    fn what_is_harmless_is_known_and_what_is_not_is_not() {
        let lists = built_in_lists();
        let words: Vec<List> = lists.iter().map(|list| list.list.clone()).collect();
        let compiled = Lists::compile(&words).unwrap();
        assert_eq!(compiled.bad_entries(), []);
        let check = |kind, value: &str, expected: &[&str]| {
            let indicator = parse(kind, value).unwrap();
            let on = compiled.check_indicator(&indicator);
            let on: Vec<_> = on.into_iter().map(|place| lists[place].slug).collect();
            assert_eq!(on, expected, "{value}");
        };
        check(Kind::Ipv4, "10.1.2.3", &["private-networks"]);
        check(Kind::Ipv4, "172.32.0.1", &[]);
        check(Kind::Ipv6, "fd00::1", &["private-networks"]);
        check(Kind::Ipv4, "198.51.100.7", &["documentation-networks"]);
        check(Kind::Ipv6, "2001:db8::1", &["documentation-networks"]);
        check(Kind::Ipv4, "127.0.0.1", &["special-networks"]);
        check(Kind::Ipv4, "100.64.0.1", &["special-networks"]);
        check(Kind::Ipv6, "fe80::1", &["special-networks"]);
        check(Kind::Ipv4, "8.8.8.8", &["public-resolvers"]);
        check(Kind::Ipv6, "2620:fe::fe", &["public-resolvers"]);
        check(Kind::Domain, "www.example.com", &["reserved-names"]);
        check(Kind::Domain, "notexample.com", &[]);
        check(Kind::Domain, "dns.google", &["public-resolvers"]);
        check(
            Kind::Url,
            "https://dns.quad9.net/dns-query",
            &["public-resolvers"],
        );
        check(
            Kind::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
            &["empty-files"],
        );
        check(Kind::Ipv4, "203.0.114.1", &[]);
    }
}
