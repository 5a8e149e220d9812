//! Every backend of this CPU gives the bytes of the `sha3` crate, and that gives those of NIST.
//!
//! If a lane were wrong for one length in a thousand, proofs would fail years later and nobody
//! could say which; so every length around the block's edge and every batch size is tried.

use keccak_lanes::{Backend, Digest, Lanes, sha3_256};
use proptest::collection::vec;
use proptest::prelude::*;
use sha3::{Digest as _, Sha3_256};

fn expected(message: &[u8]) -> Digest {
    Sha3_256::digest(message).into()
}

fn every_lanes() -> impl Iterator<Item = Lanes> {
    Backend::ALL.into_iter().filter_map(Lanes::with)
}

/// Bytes that differ from message to message and from place to place.
fn message(seed: usize, len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (i * 31 + seed * 101 + (seed >> 3)).to_le_bytes()[0])
        .collect()
}

fn digests(count: usize) -> Vec<Digest> {
    (0..count)
        .map(|i| message(i, 32).try_into().expect("32 bytes"))
        .collect()
}

/// Both ways in must give the expected digests of these messages, on every backend.
fn check(messages: &[Vec<u8>]) {
    let want: Vec<Digest> = messages.iter().map(|m| expected(m)).collect();
    let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let ends: Vec<u32> = messages
        .iter()
        .scan(0, |end, m| {
            *end += u32::try_from(m.len()).expect("short");
            Some(*end)
        })
        .collect();
    for lanes in every_lanes() {
        let mut got = vec![[0xee; 32]; messages.len()];
        lanes.sha3_256_many(&slices, &mut got);
        assert_eq!(got, want, "{}, many", lanes.backend());
        let mut got = vec![[0xee; 32]; messages.len()];
        lanes.sha3_256_packed(&messages.concat(), &ends, &mut got);
        assert_eq!(got, want, "{}, packed", lanes.backend());
    }
}

/// The scalar backend is everywhere, the best one is one of those tested here.
#[test]
fn the_chosen_backend_is_available() {
    assert!(Lanes::with(Backend::Scalar).is_some());
    assert!(every_lanes().any(|lanes| lanes.backend() == keccak_lanes::backend()));
    assert_eq!(
        every_lanes().next(),
        Some(Lanes::best()),
        "the fastest first"
    );
}

/// NIST's examples for FIPS 202 (the first six), then the block's edges as OpenSSL 3 has them.
#[test]
fn nist_vectors() {
    let check_vector = |message: &[u8], hex: &str| {
        assert_eq!(hex::encode(sha3_256(message)), hex);
        // In company too: eight different lanes, the same digest in each.
        check(&vec![message.to_vec(); 9]);
    };
    check_vector(
        b"",
        "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
    );
    check_vector(
        b"abc",
        "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    );
    check_vector(
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376",
    );
    check_vector(
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "916f6061fe879741ca6469b43971dfdb28b1a32dc36cb3254e812be27aad1d18",
    );
    check_vector(
        &[0xa3; 200],
        "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787",
    );
    check_vector(
        &vec![b'a'; 1_000_000],
        "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1",
    );
    check_vector(
        &[0xa3; 134],
        "dc08cf7a2561019dc6bea3e6a8321ffb1d94618234ef605407246ee2d98503dd",
    );
    check_vector(
        &[0xa3; 135],
        "d51927265ca4bf0cc8b4453387700918c03f8894e395ad437d4573f3be4d2c34",
    );
    check_vector(
        &[0xa3; 136],
        "0adf6bfb359ae40019b67d8c49c361574b70242a6b752de6f9e0d426ca177f7a",
    );
    check_vector(
        &[0xa3; 137],
        "e2fa06eaa22fe60106af67d5f6ea093fe58f07d2dcfb06d51057953f114849a7",
    );
    check_vector(
        &[0xa3; 271],
        "4a247a29191b7f1972cb50605c3e73ebc595d7a4744824bb635b32af7d273570",
    );
    check_vector(
        &[0xa3; 272],
        "c4742d97ad8ff950c0b5b078600ab1908c864c75b60f419e2d208dfc26a8ba11",
    );
    check_vector(
        &[0xa3; 273],
        "45e4a8772aa7f29907a00912f5eef4fb0bc19bd51b3d153c34216a4cdb099270",
    );
}

#[test]
fn every_length_up_to_five_blocks() {
    // All lengths in one batch, so that lanes of different lengths meet ...
    check(&(0..=600).map(|len| message(len, len)).collect::<Vec<_>>());
    // ... and each length among its own kind.
    for len in 0..=600 {
        check(&(0..9).map(|seed| message(seed, len)).collect::<Vec<_>>());
    }
}

#[test]
fn every_batch_size() {
    for count in 0..=40 {
        check(&(0..count).map(|i| message(i, 100)).collect::<Vec<_>>());
        check(&(0..count).map(|i| message(i, i * 37)).collect::<Vec<_>>());

        let input = digests(2 * count);
        let leaves: Vec<Digest> = input
            .iter()
            .map(|leaf| expected(&[&[0][..], leaf].concat()))
            .collect();
        let nodes: Vec<Digest> = input
            .chunks(2)
            .map(|pair| expected(&[&[1][..], &pair.concat()].concat()))
            .collect();
        for lanes in every_lanes() {
            let mut got = vec![[0xee; 32]; 2 * count];
            lanes.leaves(&input, &mut got);
            assert_eq!(got, leaves, "{} leaves, {}", 2 * count, lanes.backend());
            lanes.leaves(&input[count..], &mut got[count..]);
            assert_eq!(
                got[count..],
                leaves[count..],
                "{count} leaves, {}",
                lanes.backend()
            );
            let mut got = vec![[0xee; 32]; count];
            lanes.nodes(&input, &mut got);
            assert_eq!(got, nodes, "{count} nodes, {}", lanes.backend());
        }
    }
}

/// One long message must not hold up, nor be cut by, its short neighbours.
#[test]
fn a_long_message_among_short_ones() {
    let lens = [0, 9000, 3, 136, 135, 272, 1, 100_000, 137, 50];
    check(&lens.map(|len| message(len, len)));
}

#[test]
#[should_panic(expected = "one place for each digest")]
fn a_missing_place_is_our_bug() {
    keccak_lanes::sha3_256_many(&[b"a", b"b"], &mut [[0; 32]]);
}

#[test]
#[should_panic(expected = "one place for the digest of each pair")]
fn half_a_pair_is_our_bug() {
    keccak_lanes::nodes(&[[0; 32]; 3], &mut [[0; 32]]);
}

proptest! {
    #[test]
    fn random_batches(messages in vec(vec(any::<u8>(), 0..700), 0..40)) {
        check(&messages);
    }

    #[test]
    fn random_trees(input in vec(any::<[u8; 32]>(), 0..80)) {
        let even = &input[..input.len() / 2 * 2];
        for lanes in every_lanes() {
            let mut leaves = vec![[0; 32]; input.len()];
            lanes.leaves(&input, &mut leaves);
            for (leaf, got) in input.iter().zip(leaves) {
                prop_assert_eq!(got, expected(&[&[0][..], leaf].concat()));
            }
            let mut nodes = vec![[0; 32]; even.len() / 2];
            lanes.nodes(even, &mut nodes);
            for (pair, got) in even.chunks(2).zip(nodes) {
                prop_assert_eq!(got, expected(&[&[1][..], &pair.concat()].concat()));
            }
        }
    }
}
