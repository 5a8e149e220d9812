//! The kinds of indicators, and what others call them. It knows no value.

use std::fmt;
use std::str::FromStr;

/// What an indicator is.
///
/// The order is that of the third seed's list, then ours. The number of a kind is its place in [`Kind::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A name below a public suffix, in the ASCII form of IDNA.
    Domain,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address, as RFC 5952 writes it.
    Ipv6,
    /// An absolute URL with a host.
    Url,
    /// An address of mail.
    Email,
    /// SHA-1, 40 hexadecimal digits.
    Sha1,
    /// SHA-256, 64 hexadecimal digits.
    Sha256,
    /// SHA-512, 128 hexadecimal digits.
    Sha512,
    /// MD5, 32 hexadecimal digits.
    Md5,
    /// TLSH, a locality-sensitive hash.
    Tlsh,
    /// ssdeep, a context-triggered piecewise hash.
    Ssdeep,
    /// A network: address and prefix length.
    Cidr,
    /// The number of an autonomous system.
    Asn,
    /// An entry of the Common Vulnerabilities and Exposures.
    Cve,
    /// A name of a Tor onion service.
    Onion,
    /// A MAC address (EUI-48).
    Mac,
    /// The name of a file, without its folder.
    Filename,
    /// A key of the Windows registry.
    RegistryKey,
    /// A named mutex of Windows.
    Mutex,
    /// What a client calls itself in HTTP.
    UserAgent,
    /// JA3 or JA3S: MD5 of a TLS hello.
    Ja3,
    /// JARM: 62 hexadecimal digits about a TLS server.
    Jarm,
    /// MD5 of a PE file's imports.
    Imphash,
    /// A Bitcoin address.
    Bitcoin,
    /// An Ethereum address.
    Ethereum,
    /// A telephone number (E.164).
    Phone,
    /// The id of an extension of Chrome.
    ChromeExtension,
    /// A technique of MITRE ATT&CK.
    AttackTechnique,
}

/// A kind, its wire name and what people call it.
type Names = (Kind, &'static str, &'static str);

/// In the order of the enum.
const NAMES: [Names; 28] = [
    (Kind::Domain, "DOMAIN", "domain"),
    (Kind::Ipv4, "IPV4", "IPv4 address"),
    (Kind::Ipv6, "IPV6", "IPv6 address"),
    (Kind::Url, "URL", "URL"),
    (Kind::Email, "EMAIL", "e-mail address"),
    (Kind::Sha1, "SHA1", "SHA-1"),
    (Kind::Sha256, "SHA256", "SHA-256"),
    (Kind::Sha512, "SHA512", "SHA-512"),
    (Kind::Md5, "MD5", "MD5"),
    (Kind::Tlsh, "TLSH", "TLSH"),
    (Kind::Ssdeep, "SSDEEP", "ssdeep"),
    (Kind::Cidr, "CIDR", "network"),
    (Kind::Asn, "ASN", "autonomous system"),
    (Kind::Cve, "CVE", "vulnerability"),
    (Kind::Onion, "ONION", "onion service"),
    (Kind::Mac, "MAC", "MAC address"),
    (Kind::Filename, "FILENAME", "file name"),
    (Kind::RegistryKey, "REGISTRY_KEY", "registry key"),
    (Kind::Mutex, "MUTEX", "mutex"),
    (Kind::UserAgent, "USER_AGENT", "user agent"),
    (Kind::Ja3, "JA3", "JA3"),
    (Kind::Jarm, "JARM", "JARM"),
    (Kind::Imphash, "IMPHASH", "imphash"),
    (Kind::Bitcoin, "BTC", "Bitcoin address"),
    (Kind::Ethereum, "ETH", "Ethereum address"),
    (Kind::Phone, "PHONE", "telephone number"),
    (
        Kind::ChromeExtension,
        "CHROME_EXTENSION",
        "Chrome extension",
    ),
    (
        Kind::AttackTechnique,
        "ATTACK_TECHNIQUE",
        "ATT&CK technique",
    ),
];

impl Kind {
    /// Every kind, in a fixed order.
    pub const ALL: [Self; 28] = {
        let mut all = [Self::Domain; 28];
        let mut place = 0;
        while place < all.len() {
            all[place] = NAMES[place].0;
            place += 1;
        }
        all
    };

    /// The name on the wire, as the third seed's protocol spells it: `DOMAIN`, `IPV4`, `SHA256`.
    pub fn wire(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The name for people: `domain`, `IPv4 address`, `SHA-256`.
    pub fn title(self) -> &'static str {
        NAMES[self as usize].2
    }

    /// Whether the value may lead somebody to where the harm is, so that it is shown defanged.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Domain
                | Self::Onion
                | Self::Ipv4
                | Self::Ipv6
                | Self::Cidr
                | Self::Url
                | Self::Email
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wire())
    }
}

/// A word that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no kind of indicator is called {0:?}")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    /// Reads a wire name, in any case; `-` and `_` are alike, so that `registry-key` works on a command line.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let named = |name: &str| {
            name.len() == text.len()
                && name.bytes().zip(text.bytes()).all(|(ours, theirs)| {
                    ours == theirs.to_ascii_uppercase() || (ours == b'_' && theirs == b'-')
                })
        };
        let found = NAMES.iter().find(|(_, wire, _)| named(wire));
        found.map_or_else(|| Err(UnknownKind(text.into())), |(kind, ..)| Ok(*kind))
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u32);

impl KindSet {
    /// Every kind.
    pub const ALL: Self = Self((1 << Kind::ALL.len()) - 1);
    /// No kind.
    pub const NONE: Self = Self(0);

    /// This set and one more kind.
    #[must_use]
    pub const fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u32)
    }

    /// Whether the kind is in the set.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// The kinds of the set, in the order of [`Kind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_number_and_is_read_by_its_name() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(kind.wire().parse(), Ok(kind));
            assert_eq!(
                kind.wire().to_lowercase().replace('_', "-").parse(),
                Ok(kind)
            );
        }
        assert!("DOMAINS".parse::<Kind>().is_err());
        assert!("".parse::<Kind>().is_err());
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: KindSet = [Kind::Url, Kind::AttackTechnique].into_iter().collect();
        assert!(set.has(Kind::Url) && set.has(Kind::AttackTechnique) && !set.has(Kind::Domain));
        assert_eq!(set.iter().count(), 2);
        assert_eq!(KindSet::ALL.iter().count(), Kind::ALL.len());
    }
}
