//! The shapes on the wire, as RFC 3161 and RFC 5652 declare them.
//!
//! They hold what was sent and judge nothing beyond DER. Depth is bounded by the types, since nothing here contains itself.

use der::asn1::{Any, BitString, Int, OctetString, SetOfVec};
use der::{Sequence, ValueOrd};

use crate::oid::Oid;
use crate::time::GenTime;

/// RFC 5280, 4.1.1.2.
#[derive(Debug, Clone, PartialEq, Eq, Sequence, ValueOrd)]
pub(crate) struct AlgorithmIdentifier {
    pub(crate) oid: Oid,
    pub(crate) parameters: Option<Any>,
}

/// RFC 3161, 2.4.1.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) hash_algorithm: AlgorithmIdentifier,
    pub(crate) hashed_message: OctetString,
}

/// RFC 3161, 2.4.1.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct TimeStampReq {
    pub(crate) version: Int,
    pub(crate) message_imprint: MessageImprint,
    pub(crate) req_policy: Option<Oid>,
    pub(crate) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(crate) cert_req: bool,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(crate) extensions: Option<Vec<Extension>>,
}

/// RFC 5280, 4.1.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct Extension {
    pub(crate) id: Oid,
    #[asn1(default = "Default::default")]
    pub(crate) critical: bool,
    pub(crate) value: OctetString,
}

/// RFC 3161, 2.4.2.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct TstInfo {
    pub(crate) version: u8,
    pub(crate) policy: Oid,
    pub(crate) message_imprint: MessageImprint,
    pub(crate) serial_number: u128,
    pub(crate) gen_time: GenTime,
    pub(crate) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(crate) ordering: bool,
    pub(crate) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) tsa: Option<Any>,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(crate) extensions: Option<Vec<Extension>>,
}

/// RFC 3161, 2.4.2. `millis` and `micros` are 1 to 999.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct Accuracy {
    pub(crate) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) micros: Option<u16>,
}

/// RFC 5652, 3, holding signed data.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct ContentInfo {
    pub(crate) content_type: Oid,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: SignedData,
}

/// RFC 5652, 5.1, without revocation lists.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct SignedData {
    pub(crate) version: u8,
    pub(crate) digest_algorithms: SetOfVec<AlgorithmIdentifier>,
    pub(crate) encap_content_info: EncapsulatedContentInfo,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(crate) certificates: Option<SetOfVec<Any>>,
    pub(crate) signer_infos: SetOfVec<SignerInfo>,
}

/// RFC 5652, 5.2.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct EncapsulatedContentInfo {
    pub(crate) content_type: Oid,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: OctetString,
}

/// RFC 5652, 5.3, with the signer named by issuer and serial number.
#[derive(Debug, Clone, Sequence, ValueOrd)]
pub(crate) struct SignerInfo {
    pub(crate) version: u8,
    pub(crate) sid: IssuerAndSerialNumber,
    pub(crate) digest_algorithm: AlgorithmIdentifier,
    #[asn1(
        context_specific = "0",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(crate) signed_attributes: Option<SetOfVec<Attribute>>,
    pub(crate) signature_algorithm: AlgorithmIdentifier,
    pub(crate) signature: OctetString,
    #[asn1(
        context_specific = "1",
        tag_mode = "IMPLICIT",
        constructed = "true",
        optional = "true"
    )]
    pub(crate) unsigned_attributes: Option<SetOfVec<Attribute>>,
}

/// RFC 5652, 10.2.4.
#[derive(Debug, Clone, Sequence, ValueOrd)]
pub(crate) struct IssuerAndSerialNumber {
    pub(crate) issuer: Any,
    pub(crate) serial_number: Int,
}

/// RFC 5652, 5.3.
#[derive(Debug, Clone, Sequence, ValueOrd)]
pub(crate) struct Attribute {
    pub(crate) id: Oid,
    pub(crate) values: SetOfVec<Any>,
}

/// RFC 5035, 3.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct SigningCertificateV2 {
    pub(crate) certs: Vec<EssCertIdV2>,
    pub(crate) policies: Option<Vec<Any>>,
}

/// RFC 5035, 4. An absent algorithm means SHA-256.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct EssCertIdV2 {
    pub(crate) hash_algorithm: Option<AlgorithmIdentifier>,
    pub(crate) cert_hash: OctetString,
    pub(crate) issuer_serial: Option<Any>,
}

/// RFC 3161, 2.4.2.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct TimeStampResp {
    pub(crate) status: PkiStatusInfo,
    pub(crate) token: Option<Any>,
}

/// RFC 3161, 2.4.2.
#[derive(Debug, Clone, Sequence)]
pub(crate) struct PkiStatusInfo {
    pub(crate) status: u8,
    pub(crate) status_string: Option<Vec<String>>,
    pub(crate) fail_info: Option<BitString>,
}

/// Tags of the values that [`value`] writes.
pub(crate) mod tag {
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// `[0]`, constructed.
    pub(crate) const CONTEXT_0: u8 = 0xa0;
}

/// One DER value around parts that are DER already.
///
/// Tokens are put together from parts that never change; writing them through the types above would sort and measure the same bytes again for each token.
pub(crate) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        out.push(0x80 | u8::try_from(bytes.len() - zeros).unwrap_or_default());
        out.extend_from_slice(&bytes[zeros..]);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode;

    #[test]
    fn values_are_those_of_the_library() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![0x5a; length];
            let expected = OctetString::new(content.clone()).unwrap().to_der().unwrap();
            assert_eq!(value(tag::OCTET_STRING, &[&content]), expected, "{length}");
        }
    }
}
