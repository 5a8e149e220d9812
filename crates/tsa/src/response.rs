//! Answers on the wire: a token granted, or a refusal with its reason (RFC 3161, 2.4.2).

use std::fmt;

use crate::asn1::{tag, value};
use crate::token::Token;

/// Media type of requests.
pub const QUERY_MEDIA_TYPE: &str = "application/timestamp-query";

/// Media type of responses.
pub const REPLY_MEDIA_TYPE: &str = "application/timestamp-reply";

/// `PKIFailureInfo`: what a refused client is told. The numbers are bit positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Failure {
    /// A hash that is unknown or unsafe.
    BadAlg = 0,
    /// The transaction is not permitted or supported.
    BadRequest = 2,
    /// The request has the wrong format.
    BadDataFormat = 5,
    /// The clock cannot be trusted right now.
    TimeNotAvailable = 14,
    /// The policy asked for is not ours.
    UnacceptedPolicy = 15,
    /// An extension that is not supported.
    UnacceptedExtension = 16,
    /// Information that was asked for is not at hand.
    AddInfoNotAvailable = 17,
    /// Our fault.
    SystemFailure = 25,
}

impl Failure {
    /// The name in RFC 3161, such as `badAlg`.
    pub fn name(self) -> &'static str {
        match self {
            Failure::BadAlg => "badAlg",
            Failure::BadRequest => "badRequest",
            Failure::BadDataFormat => "badDataFormat",
            Failure::TimeNotAvailable => "timeNotAvailable",
            Failure::UnacceptedPolicy => "unacceptedPolicy",
            Failure::UnacceptedExtension => "unacceptedExtension",
            Failure::AddInfoNotAvailable => "addInfoNotAvailable",
            Failure::SystemFailure => "systemFailure",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `PKIStatus` granted, with nothing to add.
const GRANTED: &[u8] = &[tag::SEQUENCE, 3, tag::INTEGER, 1, 0];

/// A `TimeStampResp` that carries `token`.
pub fn granted(token: &Token) -> Vec<u8> {
    value(tag::SEQUENCE, &[GRANTED, token.as_der()])
}

/// A `TimeStampResp` that refuses, with `text` for people to read.
pub fn rejected(failure: Failure, text: &str) -> Vec<u8> {
    const REJECTION: &[u8] = &[tag::INTEGER, 1, 2];
    const UTF8_STRING: u8 = 0x0c;
    const BIT_STRING: u8 = 0x03;
    let free_text = value(tag::SEQUENCE, &[&value(UTF8_STRING, &[text.as_bytes()])]);
    // A named bit list ends with its last set bit (X.690, 11.2.2).
    let position = failure as u8;
    let mut bits = vec![7 - position % 8];
    bits.resize(1 + usize::from(position / 8), 0);
    bits.push(0x80 >> (position % 8));
    let fail_info = value(BIT_STRING, &[&bits]);
    let status = value(tag::SEQUENCE, &[REJECTION, &free_text, &fail_info]);
    value(tag::SEQUENCE, &[&status])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::TimeStampResp;
    use der::{Decode, Encode};

    #[test]
    fn refusals_name_their_bit() {
        let check = |failure: Failure, bits: &str| {
            let response = rejected(failure, "no: ß");
            let read = TimeStampResp::from_der(&response).unwrap();
            assert_eq!(read.to_der().unwrap(), response);
            assert_eq!(read.status.status, 2);
            assert_eq!(read.status.status_string.unwrap(), ["no: ß"]);
            assert_eq!(
                hex::encode(read.status.fail_info.unwrap().to_der().unwrap()),
                bits
            );
            assert!(read.token.is_none());
        };
        check(Failure::BadAlg, "03020780");
        check(Failure::BadRequest, "03020520");
        check(Failure::BadDataFormat, "03020204");
        check(Failure::TimeNotAvailable, "0303010002");
        check(Failure::UnacceptedPolicy, "0303000001");
        check(Failure::UnacceptedExtension, "030407000080");
        check(Failure::AddInfoNotAvailable, "030406000040");
        check(Failure::SystemFailure, "03050600000040");
    }
}
