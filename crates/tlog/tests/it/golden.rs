//! The vectors of `testdata/tlog`; its README says where each comes from.

use tlog::v1::{self, CompactHead, CompactTimestamp, Data, Interval};
use tlog::{
    Checkpoint, CosigningKey, Hash, Levels, ProofFile, Sha3, Sha256, SignedNote, StampedData,
    TileId, TileSet, TimestampProof, TreeHash, Trust, VerifierKey, parse_bundle, push_entry,
    verify_consistency, verify_inclusion,
};

use crate::small_log::{
    bytes, file, hash, hashes, json, key, list, nuclei, number, text, time, timestamps,
};

#[test]
fn nuclei_of_timestamps() {
    for vector in list(&json("nucleus.json")) {
        let data = match (text(&vector["as"]), text(&vector["data"])) {
            ("text", data) => Data::Text(data),
            ("bytes", data) => Data::Bytes(data.as_bytes()),
            (other, _) => panic!("{other}"),
        };
        let (at, mut nucleus) = (time(&vector["timestamp"]), Vec::new());
        v1::timestamp_nucleus(data, &at, &mut nucleus);
        assert_eq!(nucleus, bytes(&vector["cbor"]));
        assert_eq!(v1::timestamp_hash(data, &at), hash(&vector["hash"]));
    }
}

#[test]
fn the_tree_of_an_interval() {
    let (vector, entries) = (json("interval-tree.json"), timestamps());
    for (index, expected) in vector["hashes"].as_object().unwrap() {
        assert_eq!(entries[index.parse::<usize>().unwrap()], hash(expected));
    }
    for (size, root) in vector["roots"].as_object().unwrap() {
        let tree = Levels::<Sha3>::of_entries(&entries[..size.parse::<usize>().unwrap()]);
        assert_eq!(tree.root(), hash(root), "size {size}");
    }
    for (size, expected) in vector["a"].as_object().unwrap() {
        let size: u64 = size.parse().unwrap();
        let found: Vec<u64> = (0..size).map(|index| v1::sides(index, size)).collect();
        let expected: Vec<u64> = list(expected).iter().map(number).collect();
        assert_eq!(found, expected, "size {size}");
    }
    for case in list(&vector["paths"]) {
        let (size, index) = (number(&case["size"]), number(&case["index"]));
        let entries = &entries[..usize::try_from(size).unwrap()];
        let tree = Levels::<Sha3>::of_entries(entries);
        let mut path = Vec::new();
        assert_eq!(tree.path(index, &mut path), number(&case["a"]));
        assert_eq!(path, hashes(&case["path"]), "{index} of {size}");
    }
    let compact = &vector["compact"];
    let reference: CompactTimestamp = text(&compact["text"]).parse().unwrap();
    let of_entry = entries[usize::try_from(number(&compact["index"])).unwrap()];
    assert_eq!(reference.index, number(&compact["interval"]));
    assert_eq!(reference.root(&of_entry), Some(hash(&vector["roots"]["7"])));
    assert_eq!(reference.to_string(), text(&compact["text"]));
}

#[test]
fn the_main_tree() {
    let (vector, nuclei) = (json("main-tree.json"), nuclei());
    assert_eq!(nuclei[0].len() as u64, number(&vector["nucleus0_bytes"]));
    let entries: Vec<Hash> = nuclei.iter().map(|nucleus| Sha3::digest(nucleus)).collect();
    assert_eq!(entries[0], hash(&vector["ihash0"]));
    let tree = |size: u64| Levels::<Sha3>::of_entries(&entries[..usize::try_from(size).unwrap()]);
    for (size, root) in vector["mth"].as_object().unwrap() {
        assert_eq!(
            tree(size.parse().unwrap()).root(),
            hash(root),
            "size {size}"
        );
    }
    let tiles = tiles::<Sha3>(&entries);
    for case in list(&vector["consistency"]) {
        let (old, new) = (number(&case["old"]), number(&case["new"]));
        let nodes = hashes(&case["nodes"]);
        assert_eq!(tiles.consistency(old, new).unwrap(), nodes);
        let (old_root, new_root) = (tree(old).root(), tree(new).root());
        verify_consistency::<Sha3>(old, &old_root, new, &new_root, &nodes).unwrap();
    }
    // The live message of interval 6 labels its consistency (5, 6) and its inclusion 6.
    assert_eq!(v1::live_consistency_sizes(6), Some((5, 7)));
    let case = &vector["inclusion"];
    let (index, size) = v1::live_inclusion(6);
    assert_eq!(
        (index, size),
        (number(&case["index"]), number(&case["size"]))
    );
    assert_eq!(v1::sides(index, size), number(&case["a"]));
    assert_eq!(tiles.inclusion(index, size).unwrap(), hashes(&case["path"]));

    let head: CompactHead = text(&vector["head"]["text"]).parse().unwrap();
    assert_eq!(head.index, number(&vector["head"]["interval"]));
    assert_eq!(head.mth, tree(7).root());
    assert_eq!(head.to_string(), text(&vector["head"]["text"]));
}

/// The one tile of a tree of at most 256 entries of 32 bytes.
fn tiles<H: TreeHash>(entries: &[Hash]) -> TileSet<H> {
    let mut tiles = TileSet::default();
    let leaves = entries.iter().map(|entry| H::leaf(entry)).collect();
    tiles.insert(TileId { level: 0, index: 0 }, leaves);
    tiles
}

#[test]
fn the_c2sp_log() {
    let (log, nuclei) = (json("log.json"), nuclei());
    let leaves: Vec<Hash> = nuclei.iter().map(|nucleus| Sha256::leaf(nucleus)).collect();
    assert_eq!(leaves[0], hash(&log["leaf0"]));

    let mut bundle = Vec::new();
    for nucleus in &nuclei {
        push_entry(nucleus, &mut bundle);
    }
    assert_eq!(bundle.len() as u64, number(&log["bundle"]["bytes"]));
    assert_eq!(Sha256::digest(&bundle), hash(&log["bundle"]["sha256"]));
    assert_eq!(parse_bundle(&bundle).unwrap(), nuclei);

    let key = key();
    assert_eq!(key.public().to_string(), text(&log["vkey"]));
    let root = Levels::<Sha256>::of_leaf_hashes(leaves).root();
    let checkpoint = Checkpoint::new(text(&log["origin"]), 7, root);
    let signed = file("checkpoint");
    // Ed25519 signatures are deterministic: ours is the same to the byte.
    assert_eq!(checkpoint.sign(&key).to_string().as_bytes(), signed);
    let trusted: VerifierKey = text(&log["vkey"]).parse().unwrap();
    let note = SignedNote::parse(&signed).unwrap();
    assert_eq!(Checkpoint::open(&note, &[trusted]), Ok(checkpoint));
}

#[test]
fn trees_of_certificate_transparency() {
    let vector = json("rfc6962.json");
    let leaves = list(&vector["leaves"]).iter().map(bytes);
    let leaves: Vec<Hash> = leaves.map(|entry| Sha256::leaf(&entry)).collect();
    let roots = hashes(&vector["roots"]);
    for (size, root) in roots.iter().enumerate() {
        let tree = Levels::<Sha256>::of_leaf_hashes(leaves[..size].to_vec());
        assert_eq!(tree.root(), *root, "size {size}");
        for index in 0..tree.size() {
            let mut path = Vec::new();
            tree.path(index, &mut path);
            let leaf = &leaves[usize::try_from(index).unwrap()];
            verify_inclusion::<Sha256>(leaf, index, tree.size(), &path, root).unwrap();
        }
    }
}

/// What `receipt-0.1.tlog-proof` holds.
fn receipt() -> (ProofFile, CosigningKey) {
    let (entries, nuclei, key) = (timestamps(), nuclei(), key());
    let interval = Interval::from_cbor(&nuclei[0]).unwrap();
    let tree = Levels::<Sha3>::of_entries(&entries);
    assert_eq!(tree.root(), interval.ith);
    let (mut path, mut main_path) = (Vec::new(), Vec::new());
    let a = tree.path(5, &mut path);
    let leaves = nuclei.iter().map(|nucleus| Sha256::leaf(nucleus));
    Levels::<Sha256>::of_leaf_hashes(leaves.collect()).path(0, &mut main_path);
    let mut checkpoint = SignedNote::parse(&file("checkpoint")).unwrap();
    let witness = CosigningKey::from_seed("w.example", &[7; 32]).unwrap();
    checkpoint.put(witness.cosign(&checkpoint.text, 1_767_225_602));
    let extra = TimestampProof {
        a,
        key: key.public().clone(),
        data: Some(StampedData::Text("leaf-5".into())),
        path,
        nucleus: nuclei[0].clone(),
        time: time(&json("interval-tree.json")["timestamps"][5]),
    };
    let file = ProofFile {
        extra: Some(extra.to_cbor()),
        index: 0,
        path: main_path,
        checkpoint,
    };
    (file, witness)
}

// People keep these files for ever: every later version must read them, to the byte.
#[test]
fn a_receipt_of_version_0_1() {
    let stored = file("receipt-0.1.tlog-proof");
    let (made, witness) = receipt();
    assert_eq!(made.to_string().as_bytes(), stored);
    let trust = Trust {
        logs: Some(&[key().public().clone()]),
        witnesses: &[witness.public().clone()],
    };
    let file = ProofFile::parse(&stored).unwrap();
    let verified = file.verify(None, trust).unwrap();
    assert!(verified.trusted);
    assert_eq!(verified.time.as_str(), "2026-01-01T00:00:00.000005Z");
    assert_eq!(verified.cosignatures[0].unix_s, 1_767_225_602);
    assert!(file.verify(Some(Data::Text("leaf-6")), trust).is_err());
}
