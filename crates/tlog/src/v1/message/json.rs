//! Writing messages in JSON: bytes as standard base64 with padding, keys in the original's order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Hash;
use crate::v1::message::{Consistency, Head, Inclusion, Interval, Proof, Timestamp};

pub(super) trait Item: Sized {
    fn write(&self, out: &mut Vec<u8>);
}

impl Item for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        raw("{\"hash\":", out);
        hash(&self.hash, out);
        raw(",\"timestamp\":\"", out);
        raw(self.time.as_str(), out);
        raw("\",\"typ\":\"ts\",\"version\":\"1\",\"proof\":", out);
        optional(self.proof.as_ref(), out);
        raw(",\"id\":\"", out);
        push_uuid(&self.id, out);
        raw("\",\"interval\":", out);
        optional(self.interval.as_ref(), out);
        raw("}", out);
    }
}

impl Item for Proof {
    fn write(&self, out: &mut Vec<u8>) {
        raw("{\"a\":", out);
        uint(self.a, out);
        raw(",\"path\":", out);
        hashes(&self.path, out);
        raw(",\"ith\":", out);
        hash(&self.ith, out);
        raw(",\"mth\":", out);
        let at = out.len();
        raw("\"", out);
        self.mth.push_text(out);
        raw("\"", out);
        // The text of a reference needs no escape unless its authority is no authority.
        if out[at + 1..out.len() - 1]
            .iter()
            .any(|byte| needs_escape(*byte))
        {
            out.truncate(at);
            string(&self.mth.to_string(), out);
        }
        raw("}", out);
    }
}

impl Item for Interval {
    fn write(&self, out: &mut Vec<u8>) {
        raw("{\"index\":", out);
        uint(self.index, out);
        raw(",\"timestamp\":\"", out);
        raw(self.time.as_str(), out);
        raw("\",\"ith\":", out);
        hash(&self.ith, out);
        raw(",\"version\":\"1\",\"typ\":\"it\"}", out);
    }
}

impl Item for Head {
    fn write(&self, out: &mut Vec<u8>) {
        raw("{\"authority\":", out);
        string(&self.authority, out);
        raw(",\"interval\":", out);
        Item::write(&self.interval, out);
        raw(",\"mth\":", out);
        hash(&self.mth, out);
        raw(",\"version\":\"1\",\"inclusion\":", out);
        optional(self.inclusion.as_ref(), out);
        raw(",\"consistency\":", out);
        optional(self.consistency.as_ref(), out);
        raw("}", out);
    }
}

impl Item for Inclusion {
    fn write(&self, out: &mut Vec<u8>) {
        raw("{\"head\":", out);
        uint(self.head, out);
        raw(",\"leaf\":", out);
        optional(self.leaf.as_ref(), out);
        raw(",\"a\":", out);
        uint(self.a, out);
        raw(",\"nodes\":", out);
        hashes(&self.nodes, out);
        raw(",\"version\":\"1\"}", out);
    }
}

impl Item for Consistency {
    fn write(&self, out: &mut Vec<u8>) {
        raw("{\"old_interval\":", out);
        uint(self.old_interval, out);
        raw(",\"new_interval\":", out);
        uint(self.new_interval, out);
        raw(",\"nodes\":", out);
        hashes(&self.nodes, out);
        raw(",\"version\":\"1\"}", out);
    }
}

impl Item for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        uint(*self, out);
    }
}

fn raw(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

fn uint(value: u64, out: &mut Vec<u8>) {
    raw(itoa::Buffer::new().format(value), out);
}

fn hash(hash: &Hash, out: &mut Vec<u8>) {
    out.push(b'"');
    let at = out.len();
    out.resize(at + 44, 0);
    let written = STANDARD.encode_slice(hash, &mut out[at..]);
    debug_assert_eq!(written, Ok(44));
    out.push(b'"');
}

fn hashes(hashes: &[Hash], out: &mut Vec<u8>) {
    out.push(b'[');
    for (number, node) in hashes.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        hash(node, out);
    }
    out.push(b']');
}

fn optional<T: Item>(item: Option<&T>, out: &mut Vec<u8>) {
    match item {
        Some(item) => item.write(out),
        None => raw("null", out),
    }
}

fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..b' ')
}

fn string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..b' ' => {
                raw("\\u00", out);
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a UUID in its text form, lower case: RFC 9562 §4.
pub fn push_uuid(id: &[u8; 16], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (at, byte) in id.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}
