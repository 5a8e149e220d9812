//! Addresses and networks.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Fault;

/// An IPv4 address in dotted decimals. Zeros in front are refused: half of the world reads them as octal.
pub(crate) fn ipv4(text: &str) -> Result<String, Fault> {
    let address: Ipv4Addr = text.parse().map_err(|_| {
        Fault::Form("an IPv4 address is four numbers up to 255, without zeros in front")
    })?;
    Ok(address.to_string())
}

/// An IPv6 address; brackets and a zone are taken off.
pub(crate) fn ipv6(text: &str) -> Result<String, Fault> {
    let inner = text
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'));
    let text = inner.unwrap_or(text);
    let text = text.split('%').next().unwrap_or(text);
    // std prints as RFC 5952 asks.
    let address: Ipv6Addr = text.parse().map_err(|_| {
        Fault::Form("an IPv6 address is eight groups of hexadecimal digits, :: standing for zeros")
    })?;
    Ok(address.to_string())
}

/// A network, its host bits cleared, and whether any was set.
pub(crate) fn cidr(text: &str) -> Result<(String, bool), Fault> {
    let net: IpNet = text.parse().map_err(|_| {
        Fault::Form("a network is an address, a slash and the length of its prefix")
    })?;
    Ok((net.trunc().to_string(), net.trunc() != net))
}

/// Six bytes, as `00:1a:2b:3c:4d:5e`; read with colons, hyphens, or in Cisco's three groups.
pub(crate) fn mac(text: &str) -> Result<String, Fault> {
    const FORM: Fault = Fault::Form("a MAC address is six bytes in hexadecimal");
    let bytes = text.as_bytes();
    let (group, separator) = match (bytes.len(), bytes.get(2), bytes.get(4)) {
        (17, Some(b':'), _) => (2, b':'),
        (17, Some(b'-'), _) => (2, b'-'),
        (14, _, Some(b'.')) => (4, b'.'),
        _ => return Err(FORM),
    };
    let mut mac = String::with_capacity(17);
    for (place, byte) in bytes.iter().enumerate() {
        if place % (group + 1) == group {
            if *byte != separator {
                return Err(FORM);
            }
        } else if byte.is_ascii_hexdigit() {
            if mac.len() % 3 == 2 {
                mac.push(':');
            }
            mac.push(char::from(byte.to_ascii_lowercase()));
        } else {
            return Err(FORM);
        }
    }
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        assert_eq!(ipv4("192.0.2.1").as_deref(), Ok("192.0.2.1"));
        for wrong in ["192.0.2", "192.0.2.256", "192.0.2.01", "1.2.3.4.5"] {
            assert!(ipv4(wrong).is_err(), "{wrong}");
        }
        let check = |text: &str, expected: &str| assert_eq!(ipv6(text).as_deref(), Ok(expected));
        // RFC 5952, §2 and §4: lower case, no zeros in front, the longest run of zeros shortened.
        check("2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
        check("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
        check("[fe80::1%eth0]", "fe80::1");
        check("::ffff:c000:0201", "::ffff:192.0.2.1");
        assert_eq!(cidr("10.1.2.3/8"), Ok(("10.0.0.0/8".into(), true)));
        assert_eq!(cidr("2001:db8::/32"), Ok(("2001:db8::/32".into(), false)));
        assert!(cidr("10.0.0.0/33").is_err());
        for written in ["00:1A:2b:3C:4d:5e", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"] {
            assert_eq!(
                mac(written).as_deref(),
                Ok("00:1a:2b:3c:4d:5e"),
                "{written}"
            );
        }
        assert!(mac("00:1a:2b-3c:4d:5e").is_err());
    }
}
