//! Our notes, checkpoints, tiles and proofs, judged by implementations that are not ours:
//! `signed_note` and `tlog_tiles` (Cloudflare, ported from Go) for C2SP, `ct-merkle` for trees of
//! SHA3-256. And theirs judged by us.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use signed_note::{Note, Signer as _, StandardSigner, StandardVerifier, VerifierList};
use tlog::{
    Checkpoint, CompactRange, Hash, Levels, NoteError, Sha3, Sha256, SignedNote, TileEdge, TileId,
    TilePath, TileResource, TileSet, TreeHash, VerifierKey, verify_consistency, verify_inclusion,
};
use tlog_tiles::tile::{Tile, TileHashReader, TileReader};
use tlog_tiles::tlog::{self as theirs, Error};

use crate::small_log::{file, key};

fn verifiers(vkey: &str) -> VerifierList {
    VerifierList::new(vec![Box::new(StandardVerifier::new(vkey).unwrap())])
}

#[test]
fn their_note_accepts_our_signature() {
    let (key, vkey) = (key(), key().public().to_string());
    let note = Checkpoint::new(key.name(), 9, [5; 32])
        .sign(&key)
        .to_string();
    let theirs = Note::from_bytes(note.as_bytes()).unwrap();
    assert_eq!(theirs.verify(&verifiers(&vkey)).unwrap().0.len(), 1);
    let read = tlog_tiles::checkpoint::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!(
        (read.origin(), read.size(), read.hash().0),
        (key.name(), 9, [5; 32])
    );
    let changed = note.replace("\n9\n", "\n8\n");
    let changed = Note::from_bytes(changed.as_bytes()).unwrap();
    assert!(changed.verify(&verifiers(&vkey)).is_err());
}

#[test]
fn our_note_accepts_their_signature() {
    let vkey = key().public().to_string();
    // Their secret key: the vkey's name and id, and the seed 00..1f in place of the public key.
    let (name_and_id, _) = vkey.rsplit_once("+AQ").unwrap();
    let skey = format!("PRIVATE+KEY+{name_and_id}+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f");
    let signer = StandardSigner::new(&skey).unwrap();
    assert_eq!(signer.name(), key().name());
    let mut theirs = Note::new(b"any\n\ntext\n", &[]).unwrap();
    theirs.add_sigs(&[&signer]).unwrap();
    let ours = SignedNote::parse(&theirs.to_bytes()).unwrap();
    let trusted: [VerifierKey; 1] = [vkey.parse().unwrap()];
    assert_eq!(ours.verify(&trusted).unwrap(), [&trusted[0]]);
    assert_eq!(ours.verify(&[]), Err(NoteError::NoKnownSigner));
}

/// Serves our tiles as a log does: by path, as bytes.
struct Server(TileSet<Sha256>, u64);

impl Server {
    fn get(&self, path: &str) -> Option<Vec<u8>> {
        let path: TilePath = path.parse().ok()?;
        let TileResource::Hashes(id) = path.resource else {
            return None;
        };
        let width = usize::from(path.width);
        let tile = self
            .0
            .tile(id)
            .filter(|_| id.width_at(self.1) >= width as u64)?;
        Some(tile.get(..width)?.concat())
    }
}

impl TileReader for Server {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = tiles.iter().map(|tile| {
            // Their paths name the height, as Go's checksum database does; C2SP fixes it at 8.
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            self.get(&path).ok_or(Error::InvalidTile)
        });
        read.collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn their_client_reads_our_tiles_and_agrees_on_every_proof() {
    const SIZE: u64 = 66_000;
    let (mut edge, mut range) = (
        TileEdge::<Sha256>::default(),
        CompactRange::<Sha256>::default(),
    );
    let (mut server, mut roots) = (Server(TileSet::default(), SIZE), vec![range.root()]);
    let leaf = |number: u64| Sha256::leaf(&number.to_be_bytes());
    for number in 0..SIZE {
        for (id, hashes) in edge.push(leaf(number)) {
            server.0.insert(id, hashes);
        }
        range.push(leaf(number));
        roots.push(range.root());
    }
    let root_at = |size: u64| roots[usize::try_from(size).unwrap()];
    for size in [1, 2, 3, 255, 256, 257, 65_535, 65_536, 65_537, SIZE] {
        server.1 = size;
        let root = theirs::Hash(root_at(size));
        let reader = TileHashReader::new(size, root, &server);
        for index in [0, 1, size / 3, size / 2, size - 1] {
            let index = index.min(size - 1);
            let proof = theirs::prove_record(size, index, &reader).unwrap();
            let ours = server.0.inclusion(index, size).unwrap();
            assert_eq!(proof.iter().map(|node| node.0).collect::<Vec<_>>(), ours);
            let record = theirs::record_hash(&index.to_be_bytes());
            theirs::check_record(&proof, size, root, index, record).unwrap();

            let old = index + 1;
            let proof = theirs::prove_tree(size, old, &reader).unwrap();
            let ours = server.0.consistency(old, size).unwrap();
            assert_eq!(proof.iter().map(|node| node.0).collect::<Vec<_>>(), ours);
            let old_root = theirs::Hash(root_at(old));
            theirs::check_tree(&proof, size, root, old, old_root).unwrap();
        }
    }
    // One flipped bit in one tile, and no proof from it holds. (Their reader would rather refuse
    // the tile, but leaves some unchecked when several roots of the tree stand in one tile.)
    let id = TileId { level: 0, index: 3 };
    let mut tile = server.0.tile(id).unwrap().to_vec();
    tile[17][5] ^= 1;
    server.0.insert(id, tile);
    let reader = TileHashReader::new(SIZE, theirs::Hash(root_at(SIZE)), &server);
    let (index, root) = (3 * 256u64, theirs::Hash(root_at(SIZE)));
    let record = theirs::record_hash(&index.to_be_bytes());
    let checked = theirs::prove_record(SIZE, index, &reader)
        .and_then(|proof| theirs::check_record(&proof, SIZE, root, index, record));
    assert!(checked.is_err());
}

#[test]
fn the_stored_checkpoint_is_accepted_by_their_note() {
    let note = Note::from_bytes(&file("checkpoint")).unwrap();
    note.verify(&verifiers(&key().public().to_string()))
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn trees_of_sha3_are_those_of_ct_merkle(
        entries in proptest::collection::vec(any::<Hash>(), 1..200), pick: prop::sample::Index,
    ) {
        let mut theirs = MemoryBackedTree::<sha3::Sha3_256, Hash>::new();
        let mut old = theirs.root();
        let index = pick.index(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            theirs.push(*entry);
            if number == index {
                old = theirs.root();
            }
        }
        let ours = Levels::<Sha3>::of_entries(&entries);
        let (root, size) = (ours.root(), ours.size());
        let their_root: Hash = theirs.root().as_bytes()[..].try_into().unwrap();
        prop_assert_eq!(root, their_root);

        let proof = theirs.prove_inclusion(index);
        let mut path = Vec::new();
        ours.path(index as u64, &mut path);
        prop_assert_eq!(proof.as_bytes(), path.as_flattened());
        let leaf = Sha3::leaf(&entries[index]);
        prop_assert_eq!(verify_inclusion::<Sha3>(&leaf, index as u64, size, &path, &root), Ok(()));

        let additions = entries.len() - index - 1;
        let proof = theirs.prove_consistency(additions);
        let (nodes, rest) = proof.as_bytes().as_chunks::<32>();
        prop_assert!(rest.is_empty());
        let old_root: Hash = old.as_bytes()[..].try_into().unwrap();
        let old = index as u64 + 1;
        prop_assert_eq!(verify_consistency::<Sha3>(old, &old_root, size, &root, nodes), Ok(()));
    }
}
