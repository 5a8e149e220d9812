//! Messages in canonical CBOR. Keys are sorted by length, then bytewise.

use crate::v1::cbor::{MAP, NULL, Reader, UINT, hashes, head, optional_uint, text};
use crate::v1::message::{Consistency, Head, Inclusion, Interval, Proof, Timestamp};
use crate::v1::{CborError, interval_nucleus};

pub(super) trait Item: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(from: &mut Reader<'_>) -> Result<Self, CborError>;
}

pub(super) fn read<T: Item>(bytes: &[u8]) -> Result<T, CborError> {
    let mut reader = Reader::new(bytes);
    let item = T::read(&mut reader)?;
    reader.end()?;
    Ok(item)
}

fn optional<T: Item>(item: Option<&T>, out: &mut Vec<u8>) {
    match item {
        Some(item) => item.write(out),
        None => out.push(NULL),
    }
}

const VERSION: &[u8] = b"\x67version\x611";

impl Item for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\xa7\x62id\xd8\x25\x50");
        out.extend_from_slice(&self.id);
        out.extend_from_slice(b"\x63typ\x62ts\x64hash\x58\x20");
        out.extend_from_slice(&self.hash);
        out.extend_from_slice(b"\x65proof");
        optional(self.proof.as_ref(), out);
        out.extend_from_slice(VERSION);
        out.extend_from_slice(b"\x68interval");
        optional_uint(self.interval, out);
        out.extend_from_slice(b"\x69timestamp");
        text(self.time.as_str(), out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CborError> {
        from.map_of(7)?;
        let id = from.key("id")?.uuid()?;
        from.constant("typ", "ts")?;
        let hash = from.key("hash")?.hash()?;
        let proof = from.key("proof")?.optional(Proof::read)?;
        from.constant("version", "1")?;
        let interval = from.key("interval")?.optional(Reader::uint)?;
        let time = from.key("timestamp")?.time()?;
        Ok(Self {
            hash,
            time,
            proof,
            id,
            interval,
        })
    }
}

impl Item for Proof {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\xa4\x61a");
        head(UINT, self.a, out);
        out.extend_from_slice(b"\x63ith\x58\x20");
        out.extend_from_slice(&self.ith);
        out.extend_from_slice(b"\x63mth");
        head(crate::v1::cbor::TEXT, self.mth.text_bytes() as u64, out);
        self.mth.push_text(out);
        out.extend_from_slice(b"\x64path");
        hashes(&self.path, out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CborError> {
        from.map_of(4)?;
        let a = from.key("a")?.uint()?;
        let ith = from.key("ith")?.hash()?;
        let mth = from.key("mth")?.text()?.parse();
        let mth = mth.map_err(|_| from.bad_value())?;
        let path = from.key("path")?.hashes()?;
        Ok(Self { a, path, ith, mth })
    }
}

impl Item for Interval {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&interval_nucleus(self.index, &self.time, &self.ith));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CborError> {
        from.map_of(5)?;
        let ith = from.key("ith")?.hash()?;
        from.constant("typ", "it")?;
        let index = from.key("index")?.uint()?;
        from.constant("version", "1")?;
        let time = from.key("timestamp")?.time()?;
        Ok(Self { index, time, ith })
    }
}

impl Item for Head {
    fn write(&self, out: &mut Vec<u8>) {
        head(MAP, 6, out);
        out.extend_from_slice(b"\x63mth\x58\x20");
        out.extend_from_slice(&self.mth);
        out.extend_from_slice(VERSION);
        out.extend_from_slice(b"\x68interval");
        Item::write(&self.interval, out);
        out.extend_from_slice(b"\x69authority");
        text(&self.authority, out);
        out.extend_from_slice(b"\x69inclusion");
        optional(self.inclusion.as_ref(), out);
        out.extend_from_slice(b"\x6bconsistency");
        optional(self.consistency.as_ref(), out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CborError> {
        from.map_of(6)?;
        let mth = from.key("mth")?.hash()?;
        from.constant("version", "1")?;
        let interval = Interval::read(from.key("interval")?)?;
        let authority = from.key("authority")?.text()?.to_owned();
        let inclusion = from.key("inclusion")?.optional(Inclusion::read)?;
        let consistency = from.key("consistency")?.optional(Consistency::read)?;
        Ok(Self {
            authority,
            interval,
            mth,
            inclusion,
            consistency,
        })
    }
}

impl Item for Inclusion {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\xa5\x61a");
        head(UINT, self.a, out);
        out.extend_from_slice(b"\x64head");
        head(UINT, self.head, out);
        out.extend_from_slice(b"\x64leaf");
        optional_uint(self.leaf, out);
        out.extend_from_slice(b"\x65nodes");
        hashes(&self.nodes, out);
        out.extend_from_slice(VERSION);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CborError> {
        from.map_of(5)?;
        let a = from.key("a")?.uint()?;
        let head = from.key("head")?.uint()?;
        let leaf = from.key("leaf")?.optional(Reader::uint)?;
        let nodes = from.key("nodes")?.hashes()?;
        from.constant("version", "1")?;
        Ok(Self {
            head,
            leaf,
            a,
            nodes,
        })
    }
}

impl Item for Consistency {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\xa4\x65nodes");
        hashes(&self.nodes, out);
        out.extend_from_slice(VERSION);
        out.extend_from_slice(b"\x6cnew_interval");
        head(UINT, self.new_interval, out);
        out.extend_from_slice(b"\x6cold_interval");
        head(UINT, self.old_interval, out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, CborError> {
        from.map_of(4)?;
        let nodes = from.key("nodes")?.hashes()?;
        from.constant("version", "1")?;
        let new_interval = from.key("new_interval")?.uint()?;
        let old_interval = from.key("old_interval")?.uint()?;
        Ok(Self {
            old_interval,
            new_interval,
            nodes,
        })
    }
}
