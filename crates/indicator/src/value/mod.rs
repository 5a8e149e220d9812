//! One text, one kind, one normal form. It knows neither documents nor defanging.
//!
//! Each function takes the text of one value, already refanged and trimmed, and answers with the normal form or why there is none. Normal forms are their own normal form.

mod address;
mod agent;
mod coin;
mod file;
mod hash;
mod link;
mod mail;
mod name;
mod number;
pub(crate) mod percent;
mod windows;

use crate::kind::Kind;

pub(crate) use self::address::{cidr, ipv4, ipv6, mac};
pub(crate) use self::agent::AGENT_BYTES_MAX;
pub(crate) use self::coin::{bitcoin, ethereum};
pub(crate) use self::file::{FileEnding, filename, is_ending, is_product};
pub(crate) use self::hash::{ssdeep, tlsh};
pub(crate) use self::link::{Scheme, UrlHost, link};
pub(crate) use self::mail::{LOCAL_BYTES_MAX, mail};
pub(crate) use self::name::{Named, is_top, name, onion};
pub(crate) use self::number::{asn, cve, phone, technique};
pub(crate) use self::windows::{HIVES, KEY_BYTES_MAX, MUTEX_BYTES_MAX, mutex, registry_key};

/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 8192;
/// Longest domain name, in bytes without the final dot (RFC 1035, §2.3.4).
pub const DOMAIN_BYTES_MAX: usize = 253;

/// Why a text is no value of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// More than the kind allows.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
    /// The form is another.
    #[error("{0}")]
    Form(&'static str),
}

/// The normal form of `text` as a value of `kind`.
pub(crate) fn normal(kind: Kind, text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    match kind {
        Kind::Domain => match name(text)? {
            Named::Domain(domain) => Ok(domain),
            Named::Onion(_) => Err(Fault::Form("it is the name of an onion service")),
        },
        Kind::Onion => onion(text),
        Kind::Ipv4 => ipv4(text),
        Kind::Ipv6 => ipv6(text),
        Kind::Cidr => cidr(text).map(|(network, _)| network),
        Kind::Url => link(text).map(|url| url.text),
        Kind::Email => mail(text),
        Kind::Md5 | Kind::Ja3 | Kind::Imphash => hash::hex(text, 32),
        Kind::Sha1 => hash::hex(text, 40),
        Kind::Sha256 => hash::hex(text, 64),
        Kind::Sha512 => hash::hex(text, 128),
        Kind::Jarm => hash::hex(text, 62),
        Kind::Tlsh => tlsh(text),
        Kind::Ssdeep => ssdeep(text),
        Kind::Asn => asn(text),
        Kind::Cve => cve(text),
        Kind::Mac => mac(text),
        Kind::Filename => filename(text),
        Kind::RegistryKey => registry_key(text),
        Kind::Mutex => mutex(text),
        Kind::UserAgent => agent::agent(text),
        Kind::Bitcoin => bitcoin(text),
        Kind::Ethereum => ethereum(text),
        Kind::Phone => phone(text),
        Kind::ChromeExtension => hash::chrome_extension(text),
        Kind::AttackTechnique => technique(text),
    }
}
