//! Parsers of `tlog`: none may panic, and what one accepts prints as it was read.

use tlog::{
    AddCheckpoint, Checkpoint, CosignerKey, Hash, ProofFile, Sha256, SignatureLine, SignedNote,
    TilePath, TileSet, TimestampProof, Trust, Verdict, VerifierKey, judge, parse_bundle,
    parse_conflict, parse_tile, push_entry, v1, verify_consistency, verify_inclusion,
};

/// A target and what it checks.
type Check = (&'static str, fn(&[u8]));

/// Every check by the name of its target: the folder below `testdata/fuzz`.
pub const CHECKS: &[Check] = &[
    ("bundle", bundle),
    ("checkpoint", checkpoint),
    ("cosignature", cosignature),
    ("note", note),
    ("proof", proof),
    ("proof_extra", proof_extra),
    ("proof_file", proof_file),
    ("tile_path", tile_path),
    ("v1_cbor", v1_cbor),
    ("v1_compact", v1_compact),
    ("v1_json", v1_json),
    ("v1_time", v1_time),
    ("vkey", vkey),
    ("witness", witness),
];

/// The log's key of protocol v1's test vectors (seed 00 to 1f), which signed the seeds.
fn log_keys() -> [VerifierKey; 1] {
    let key = "ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    [key.parse().expect("a good key")]
}

/// The witness that cosigned the seeds.
fn witness_keys() -> [CosignerKey; 1] {
    let key = "witness.example.org+20076f10+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    [key.parse().expect("a good key")]
}

/// Compact references.
pub fn v1_compact(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    // The scheme may be written, but never is.
    let plain = text.strip_prefix("https://").unwrap_or(text);
    if let Ok(head) = text.parse::<v1::CompactHead>() {
        assert_eq!(head.to_string(), plain);
    }
    if let Ok(timestamp) = text.parse::<v1::CompactTimestamp>() {
        assert_eq!(timestamp.to_string(), plain);
        let _ = timestamp.root(&[0; 32]);
    }
}

/// A message survives both encodings. CBOR has one form for each.
macro_rules! message {
    ($bytes:expr, $($message:ident),*) => {$(
        let (mut cbor, mut json) = (Vec::new(), Vec::new());
        if let Ok(message) = v1::$message::from_cbor($bytes) {
            message.to_cbor(&mut cbor);
            // A reference inside may have been read with its scheme.
            let https = $bytes.windows(8).any(|window| window == b"https://");
            assert!(https || cbor == $bytes, "{message:?} prints as {cbor:02x?}");
            message.to_json(&mut json);
            let again = v1::$message::from_json(&json).expect("our own JSON");
            assert_eq!(again, message);
        }
        if let Ok(message) = v1::$message::from_json($bytes) {
            (cbor, json) = (Vec::new(), Vec::new());
            message.to_json(&mut json);
            let again = v1::$message::from_json(&json).expect("our own JSON");
            assert_eq!(again, message);
            message.to_cbor(&mut cbor);
            assert_eq!(v1::$message::from_cbor(&cbor).as_ref(), Ok(&message));
        }
    )*};
}

/// Messages of protocol v1, and the nucleus of an interval, in CBOR.
pub fn v1_cbor(bytes: &[u8]) {
    message!(
        bytes,
        Timestamp,
        Proof,
        Interval,
        Head,
        Inclusion,
        Consistency
    );
    if let Ok(interval) = v1::parse_interval_nucleus(bytes) {
        let nucleus = v1::interval_nucleus(interval.index, &interval.time, &interval.ith);
        assert_eq!(nucleus, bytes);
    }
}

/// The same messages in JSON.
pub fn v1_json(bytes: &[u8]) {
    v1_cbor(bytes);
}

/// Times.
pub fn v1_time(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Some(us) = v1::parse_time(text) {
        assert_eq!(v1::TimeText::of_micros(us).as_str(), text);
    }
}

/// Signed notes, and the checkpoint that one may hold.
pub fn note(bytes: &[u8]) {
    let keys = log_keys();
    if let Ok(note) = SignedNote::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let signed = note.verify(&keys).is_ok();
        let opened = Checkpoint::open(&note, &keys);
        assert!(signed || opened.is_err(), "{opened:?} of an unsigned note");
    }
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(lines) = SignatureLine::parse_all(text)
    {
        let printed: String = lines.iter().map(ToString::to_string).collect();
        assert_eq!(printed, text);
    }
}

/// Cosignatures under a note, and lines of them as witnesses answer.
pub fn cosignature(bytes: &[u8]) {
    let keys = witness_keys();
    if let Ok(note) = SignedNote::parse(bytes)
        && let Ok(cosignatures) = note.cosignatures(&keys)
    {
        let named = note
            .signatures
            .iter()
            .filter(|line| keys[0].is_named_by(line))
            .count();
        assert_eq!(cosignatures.len(), named);
        // A line put again takes the place of the old one.
        let mut again = note.clone();
        note.signatures
            .iter()
            .for_each(|line| again.put(line.clone()));
        assert!(again.signatures.len() <= note.signatures.len());
    }
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(lines) = SignatureLine::parse_all(text)
    {
        for line in lines {
            assert!(keys[0].verify(&line, "another text\n").is_err());
        }
    }
}

/// Requests to a witness and its answers.
pub fn witness(bytes: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
        let keys = log_keys();
        for remembered in [None, Some((request.old_size, [0; 32]))] {
            let verdict = judge(&request, &keys, remembered);
            let _ = (verdict.status(), verdict.to_string());
            if let Verdict::Cosign(checkpoint) = verdict {
                assert_eq!(checkpoint.to_string(), request.note.text);
                assert!(request.note.verify(&keys).is_ok() && request.old_size <= checkpoint.size);
            }
        }
    }
    if let Some(size) = parse_conflict(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
}

/// Proof files, as `indelible verify` reads them.
pub fn proof_file(bytes: &[u8]) {
    let Ok(file) = ProofFile::parse(bytes) else {
        return;
    };
    assert_eq!(file.to_string().as_bytes(), bytes);
    if let Some(extra) = &file.extra {
        proof_extra(extra);
    }
    let (logs, witnesses) = (log_keys(), witness_keys());
    let strict = Trust {
        logs: Some(&logs),
        witnesses: &witnesses,
    };
    let believed = file.verify(None, Trust::default());
    match file.verify(None, strict) {
        Ok(verified) => {
            assert!(verified.trusted);
            assert_eq!(believed.map(|believed| believed.hash), Ok(verified.hash));
        }
        Err(error) => drop(error.to_string()),
    }
    let _ = file.verify(Some(v1::Data::Text("other data")), strict);
}

/// What our proof files carry beside C2SP's lines.
pub fn proof_extra(bytes: &[u8]) {
    if let Ok(proof) = TimestampProof::from_cbor(bytes) {
        assert_eq!(proof.to_cbor(), bytes);
    }
}

/// The text of a checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(checkpoint) = Checkpoint::parse(text)
    {
        assert_eq!(checkpoint.to_string(), text);
    }
}

/// Verifier keys of logs and of witnesses.
pub fn vkey(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<CosignerKey>() {
        assert_eq!(key.to_string(), text);
    }
}

/// Paths of tiles and bundles.
pub fn tile_path(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(path) = text.parse::<TilePath>()
    {
        assert_eq!(path.to_string(), text);
    }
}

/// Tiles and bundles of entries.
pub fn bundle(bytes: &[u8]) {
    if let Ok(entries) = parse_bundle(bytes) {
        let mut printed = Vec::new();
        for entry in entries {
            push_entry(entry, &mut printed);
        }
        assert_eq!(printed, bytes);
    }
    if let Ok(hashes) = parse_tile(bytes) {
        assert_eq!(hashes.as_flattened(), bytes);
    }
}

/// Inclusion and consistency proofs: two numbers of 64 bits, two hashes, and the path.
pub fn proof(bytes: &[u8]) {
    let Some((numbers, rest)) = bytes.split_first_chunk::<16>() else {
        return;
    };
    let [low, high] = [&numbers[..8], &numbers[8..]].map(|number| {
        number
            .iter()
            .fold(0, |value, &byte| value << 8 | u64::from(byte))
    });
    let (hashes, _) = rest.as_chunks::<32>();
    let [first, second, path @ ..] = hashes else {
        return;
    };
    let _ = verify_inclusion::<Sha256>(first, low, high, path, second);
    let _ = verify_consistency::<Sha256>(low, first, high, second, path);
    // A path that leads somewhere has its index and size to itself.
    if let Some(root) = v1::root_of_path(first, low, path) {
        let longer: Vec<Hash> = path.iter().copied().chain([root]).collect();
        assert_ne!(v1::root_of_path(first, low, &longer), Some(root));
    }
    if low < high {
        let path = TileSet::<Sha256>::tiles_for_inclusion(low, high);
        let consistency = TileSet::<Sha256>::tiles_for_consistency(low + 1, high);
        assert!(path.len() <= 64 * 8 && consistency.len() <= 64 * 8);
    }
}
