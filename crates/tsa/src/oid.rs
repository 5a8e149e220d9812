//! Object identifiers, and the ones that RFC 3161 needs.
//!
//! `der` limits each arc to 32 bits; identifiers made from a UUID (ITU-T X.667, arc `2.25`) need 128, and both our own and clients' policies may be such.

use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;
use der::{DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Tag, ValueOrd, Writer};

/// An object identifier of any length up to [`Oid::BYTES_MAX`], with arcs of up to 128 bits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Oid(Vec<u8>);

/// Why text or bytes are not an object identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidError {
    /// More content octets than [`Oid::BYTES_MAX`].
    #[error("object identifier longer than {} bytes", Oid::BYTES_MAX)]
    TooLong,
    /// Empty, cut off, padded, or an arc over 128 bits.
    #[error("object identifier is malformed")]
    Malformed,
}

impl Oid {
    /// The policy under which Indelible stamps unless configured otherwise: `2.25.70927660243521644255709052272197960176.1`.
    ///
    /// The long arc is the UUID `355c2ba4-3d15-4302-a71a-82f093a701f0`, ours, drawn at random; X.667 lets anybody use such an arc without registration.
    pub fn default_policy() -> Oid {
        Oid([UUID_ARC, &[1]].concat())
    }

    /// The unsigned attribute that holds the inclusion proof of a token: `2.25.70927660243521644255709052272197960176.2`.
    pub fn inclusion_proof() -> Oid {
        Oid([UUID_ARC, &[2]].concat())
    }

    /// The most content octets that are accepted.
    pub const BYTES_MAX: usize = 64;

    /// Reads the content octets of a DER `OBJECT IDENTIFIER`, without tag and length.
    pub fn from_content(content: &[u8]) -> Result<Oid, OidError> {
        if content.len() > Oid::BYTES_MAX {
            return Err(OidError::TooLong);
        }
        let whole = content.last().is_some_and(|last| last & 0x80 == 0);
        if !whole || arcs(content).any(|arc| arc.is_none()) {
            return Err(OidError::Malformed);
        }
        Ok(Oid(content.to_vec()))
    }

    /// The content octets, without tag and length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// `2.25.<UUID>` as content octets; the test of `Display` ties it to the number in the docs.
const UUID_ARC: &[u8] = &[
    0x69, 0xea, 0xdc, 0x95, 0xe9, 0x87, 0xd1, 0xaa, 0x8c, 0x85, 0xa7, 0x8d, 0xa0, 0xde, 0x89, 0x9d,
    0x9c, 0x83, 0x70,
];

/// The sub-identifiers in order; `None` for one that is padded or over 128 bits.
fn arcs(content: &[u8]) -> impl Iterator<Item = Option<u128>> {
    content
        .split_inclusive(|byte| byte & 0x80 == 0)
        .map(|group| {
            if group[0] == 0x80 {
                return None; // X.690 8.19.2: the fewest octets possible.
            }
            group.iter().try_fold(0_u128, |value, byte| {
                let high = value.checked_mul(128)?;
                Some(high | u128::from(byte & 0x7f))
            })
        })
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, arc) in arcs(&self.0).flatten().enumerate() {
            match (position, arc) {
                (0, 0..40) => write!(f, "0.{arc}")?,
                (0, 40..80) => write!(f, "1.{}", arc - 40)?,
                (0, _) => write!(f, "2.{}", arc - 80)?,
                _ => write!(f, ".{arc}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

impl FromStr for Oid {
    type Err = OidError;

    /// Reads the dotted form, such as `1.3.6.1.4.1.99999.1`.
    fn from_str(dotted: &str) -> Result<Oid, OidError> {
        let mut numbers = dotted.split('.').map(|text| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let arc = plain.then(|| text.parse::<u128>().ok()).flatten();
            arc.ok_or(OidError::Malformed)
        });
        let first = numbers.next().ok_or(OidError::Malformed)??;
        let second = numbers.next().ok_or(OidError::Malformed)??;
        if first > 2 || (first < 2 && second > 39) {
            return Err(OidError::Malformed);
        }
        let joined = second.checked_add(first * 40).ok_or(OidError::Malformed)?;
        let mut content = Vec::new();
        push_arc(&mut content, joined);
        for arc in numbers {
            push_arc(&mut content, arc?);
        }
        Oid::from_content(&content)
    }
}

/// Appends one sub-identifier, base 128, most significant group first.
fn push_arc(content: &mut Vec<u8>, arc: u128) {
    let groups = (128 - arc.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let bits = (arc >> (7 * group)) & 0x7f;
        let more = if group == 0 { 0 } else { 0x80 };
        content.push(u8::try_from(bits).unwrap_or_default() | more);
    }
}

impl From<ObjectIdentifier> for Oid {
    fn from(known: ObjectIdentifier) -> Oid {
        Oid(known.as_bytes().to_vec())
    }
}

impl PartialEq<ObjectIdentifier> for Oid {
    fn eq(&self, other: &ObjectIdentifier) -> bool {
        self.0 == other.as_bytes()
    }
}

impl FixedTag for Oid {
    const TAG: Tag = Tag::ObjectIdentifier;
}

impl EncodeValue for Oid {
    fn value_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(&self.0)
    }
}

impl<'a> DecodeValue<'a> for Oid {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Oid> {
        let content = reader.read_slice(header.length())?;
        Oid::from_content(content).map_err(|_| reader.error(Self::TAG.value_error()))
    }
}

impl ValueOrd for Oid {
    fn value_cmp(&self, other: &Oid) -> der::Result<std::cmp::Ordering> {
        Ok(self.0.cmp(&other.0))
    }
}

macro_rules! known {
    ($($(#[doc = $doc:literal])* $name:ident = $dotted:literal;)*) => {
        $($(#[doc = $doc])* pub(crate) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($dotted);)*
    };
}

known! {
    /// RFC 5754.
    SHA_256 = "2.16.840.1.101.3.4.2.1";
    SHA_384 = "2.16.840.1.101.3.4.2.2";
    SHA_512 = "2.16.840.1.101.3.4.2.3";
    /// NIST Computer Security Objects Register; RFC 8702 uses the same arcs.
    SHA3_256 = "2.16.840.1.101.3.4.2.8";
    SHA3_384 = "2.16.840.1.101.3.4.2.9";
    SHA3_512 = "2.16.840.1.101.3.4.2.10";
    /// RFC 5652, 5.1.
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    /// RFC 3161, 2.4.2.
    TST_INFO = "1.2.840.113549.1.9.16.1.4";
    /// RFC 5035, 3.
    SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
    /// RFC 5758, 3.2.
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    /// RFC 5480, 2.1.
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    PRIME_256 = "1.2.840.10045.3.1.7";
    COMMON_NAME = "2.5.4.3";
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_one_to_one() {
        let check = |dotted: &str, content: &str| {
            let oid: Oid = dotted.parse().unwrap();
            assert_eq!(hex::encode(oid.as_bytes()), content);
            assert_eq!(
                Oid::from_content(oid.as_bytes()).unwrap().to_string(),
                dotted
            );
        };
        check("0.0", "00");
        check("1.39.0.127.128", "4f007f8100");
        check("2.100.3", "813403"); // X.690 8.19.5, its own example.
        check("2.999", "8837");
        // The highest UUID arc, and an arc of exactly 128 bits.
        check(
            "2.25.340282366920938463463374607431768211455",
            "6983ffffffffffffffffffffffffffffffffff7f",
        );
    }

    /// The number is in our documents and in every token: it may never change.
    #[test]
    fn our_identifiers_are_those_of_the_documents() {
        let arc = "2.25.70927660243521644255709052272197960176";
        assert_eq!(Oid::default_policy().to_string(), format!("{arc}.1"));
        assert_eq!(Oid::inclusion_proof().to_string(), format!("{arc}.2"));
        for oid in [Oid::default_policy(), Oid::inclusion_proof()] {
            assert_eq!(Oid::from_content(oid.as_bytes()), Ok(oid.clone()));
            assert_eq!(oid.to_string().parse(), Ok(oid));
        }
    }

    #[test]
    fn refuses_what_is_not_one() {
        let bytes = |content: &[u8], error| assert_eq!(Oid::from_content(content), Err(error));
        bytes(&[], OidError::Malformed);
        bytes(&[0x2a, 0x86], OidError::Malformed);
        bytes(&[0x2a, 0x80, 0x01], OidError::Malformed);
        bytes(&[0x01; 65], OidError::TooLong);
        bytes(
            &[&[0x69, 0x84][..], &[0x80; 17], &[0]].concat(),
            OidError::Malformed,
        );
        for text in [
            "", "1", "3.1", "1.40", "1..2", "1.2.", "1.+2", "1.2.x", "2.-1",
        ] {
            assert_eq!(text.parse::<Oid>(), Err(OidError::Malformed), "{text:?}");
        }
        let long = format!("1.2{}", ".1".repeat(64));
        assert_eq!(long.parse::<Oid>(), Err(OidError::TooLong));
    }
}
