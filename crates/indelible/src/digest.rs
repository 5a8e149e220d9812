//! Files as what is stamped of them: the name of a hash, a colon, and the digest in hex.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_384, Sha3_512};

/// A hash under which files are stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

/// Every hash: its prefix, the length of its digest in bytes, its name for people.
const ALGORITHMS: [(Algorithm, &str, usize, &str); 6] = [
    (Algorithm::Sha512, "sha512", 64, "SHA-512"),
    (Algorithm::Sha256, "sha256", 32, "SHA-256"),
    (Algorithm::Sha384, "sha384", 48, "SHA-384"),
    (Algorithm::Sha3_512, "sha3-512", 64, "SHA3-512"),
    (Algorithm::Sha3_256, "sha3-256", 32, "SHA3-256"),
    (Algorithm::Sha3_384, "sha3-384", 48, "SHA3-384"),
];

/// How much of a file is in memory at once.
const CHUNK_BYTES: usize = 256 * 1024;

impl Algorithm {
    /// The hash that `data` names, if `data` is a digest such as `sha512:cf83…`.
    pub(crate) fn of_data(data: &str) -> Option<Self> {
        let (name, digest) = data.split_once(':')?;
        let (algorithm, _, bytes, _) = ALGORITHMS.iter().find(|(_, known, ..)| *known == name)?;
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (digest.len() == bytes * 2 && digest.bytes().all(hex)).then_some(*algorithm)
    }

    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        let known = ALGORITHMS.iter().find(|(known, ..)| *known == self);
        known.map_or("", |(.., name)| name)
    }

    fn prefix(self) -> &'static str {
        let known = ALGORITHMS.iter().find(|(known, ..)| *known == self);
        known.map_or("", |(_, prefix, ..)| prefix)
    }

    /// The digest of everything that `source` gives; `progress` hears of every piece's length.
    pub(crate) fn digest(
        self,
        source: &mut dyn Read,
        progress: &mut dyn FnMut(u64),
    ) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Sha256 => drain::<Sha256>(source, progress),
            Self::Sha384 => drain::<Sha384>(source, progress),
            Self::Sha512 => drain::<Sha512>(source, progress),
            Self::Sha3_256 => drain::<Sha3_256>(source, progress),
            Self::Sha3_384 => drain::<Sha3_384>(source, progress),
            Self::Sha3_512 => drain::<Sha3_512>(source, progress),
        }
    }

    /// What is stamped of `source`.
    pub(crate) fn data(
        self,
        source: &mut dyn Read,
        progress: &mut dyn FnMut(u64),
    ) -> std::io::Result<String> {
        let mut data = format!("{}:", self.prefix());
        for byte in self.digest(source, progress)? {
            let _ = write!(data, "{byte:02x}");
        }
        Ok(data)
    }

    /// What is stamped of a file.
    pub(crate) fn data_of_file(
        self,
        path: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> std::io::Result<String> {
        self.data(&mut File::open(path)?, progress)
    }
}

fn drain<D: sha2::Digest>(
    source: &mut dyn Read,
    progress: &mut dyn FnMut(u64),
) -> std::io::Result<Vec<u8>> {
    let mut hasher = D::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(hasher.finalize().to_vec()),
            Ok(length) => {
                hasher.update(&chunk[..length]);
                progress(length as u64);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A digest as a user gives it: hex of a length that SHA-512 has, or with the name of its hash.
pub(crate) fn data_of_argument(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let data = if lower.contains(':') {
        lower
    } else {
        format!("sha512:{lower}")
    };
    if Algorithm::of_data(&data).is_some() {
        return Ok(data);
    }
    let names: Vec<&str> = ALGORITHMS.iter().map(|(_, name, ..)| *name).collect();
    Err(format!(
        "write 128 hex digits of SHA-512, or the name of a hash, a colon and its digest in hex; \
         hashes: {}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_nothing_is_the_protocols_example() {
        let data = Algorithm::Sha512.data(&mut &b""[..], &mut |_| {}).unwrap();
        assert_eq!(
            data,
            "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        );
        assert_eq!(Algorithm::of_data(&data), Some(Algorithm::Sha512));
    }

    #[test]
    fn every_algorithm_recognises_its_own_data() {
        for (algorithm, ..) in ALGORITHMS {
            let data = algorithm.data(&mut &b"x"[..], &mut |_| {}).unwrap();
            assert_eq!(Algorithm::of_data(&data), Some(algorithm));
            assert!(data.len() <= tlog::v1::DATA_BYTES_MAX);
            assert_eq!(data_of_argument(&data.to_uppercase()), Ok(data));
        }
    }

    #[test]
    fn other_text_is_no_digest() {
        for text in [
            "",
            "hello",
            "sha512:",
            "sha512:zz",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
        ] {
            assert_eq!(Algorithm::of_data(text), None, "{text}");
            assert!(data_of_argument(text).is_err(), "{text}");
        }
    }
}
