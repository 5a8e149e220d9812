//! How values are shown so that nobody follows them by accident.

use std::borrow::Cow;

use crate::kind::Kind;

/// The form in which a normal value is shown and copied: `hxxps[://]evil[.]example/a.php`.
///
/// Only what leads somewhere is changed ([`Kind::is_live`]), and of a URL only scheme and host. [`crate::refang`] undoes it exactly.
pub fn defang(kind: Kind, value: &str) -> Cow<'_, str> {
    match kind {
        Kind::Domain | Kind::Onion | Kind::Ipv4 => Cow::Owned(value.replace('.', "[.]")),
        Kind::Ipv6 => Cow::Owned(dots_and_colons(value)),
        Kind::Cidr => {
            let (address, prefix) = value.split_once('/').unwrap_or((value, ""));
            Cow::Owned(format!("{}/{prefix}", dots_and_colons(address)))
        }
        Kind::Email => match value.rsplit_once('@') {
            Some((local, host)) => Cow::Owned(format!("{local}[@]{}", host.replace('.', "[.]"))),
            None => Cow::Borrowed(value),
        },
        Kind::Url => match value.split_once("://") {
            Some((scheme, rest)) => Cow::Owned(link(scheme, rest)),
            None => Cow::Borrowed(value),
        },
        _ => Cow::Borrowed(value),
    }
}

fn dots_and_colons(address: &str) -> String {
    address.replace('.', "[.]").replace(':', "[:]")
}

fn link(scheme: &str, rest: &str) -> String {
    let scheme = match scheme {
        "http" => "hxxp",
        "https" => "hxxps",
        "ftp" => "fxp",
        other => other,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, host) = authority.split_at(host);
    format!("{scheme}[://]{user}{}{path}", host.replace('.', "[.]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_somewhere_is_broken() {
        let check = |kind, value: &str, expected: &str| assert_eq!(defang(kind, value), expected);
        check(Kind::Domain, "a.example.com", "a[.]example[.]com");
        check(Kind::Ipv4, "192.0.2.1", "192[.]0[.]2[.]1");
        check(Kind::Ipv6, "2001:db8::1", "2001[:]db8[:][:]1");
        check(Kind::Cidr, "192.0.2.0/24", "192[.]0[.]2[.]0/24");
        check(Kind::Email, "a.b@example.com", "a.b[@]example[.]com");
        check(
            Kind::Url,
            "https://e.com:8/a.b?c=d.e",
            "hxxps[://]e[.]com:8/a.b?c=d.e",
        );
        check(Kind::Url, "ftp://u:p@e.com/", "fxp[://]u:p@e[.]com/");
        check(
            Kind::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
            "d41d8cd98f00b204e9800998ecf8427e",
        );
    }
}
