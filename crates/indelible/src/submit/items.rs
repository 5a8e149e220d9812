//! What is to be stamped, and where its proof goes.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};

use super::Options;
use crate::verify::{PROOF_SUFFIX, proof_path};
use crate::walk::walk;

/// Where the bytes come from.
pub(super) enum Source {
    File(PathBuf),
    Stdin,
    /// A digest that was made elsewhere.
    Data(String),
}

/// One thing to be stamped.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) proof: PathBuf,
    /// How much is to be hashed, as far as it is known.
    pub(super) bytes: u64,
}

/// Everything found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    /// Links and special files.
    pub(super) skipped: usize,
}

/// Everything that was asked for, each once.
pub(super) fn items(options: &Options) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    let here = options.out.clone().unwrap_or_default();
    for path in &options.paths {
        if path.as_os_str() == "-" {
            let proof = here.join(format!("stdin{PROOF_SUFFIX}"));
            push(&mut found, "standard input".into(), Source::Stdin, proof, 0);
            continue;
        }
        let meta = std::fs::metadata(path).with_context(|| path.display().to_string())?;
        let files = if meta.is_dir() {
            let walked = walk(path, &options.exclude)?;
            found.skipped += walked.skipped;
            walked.files
        } else {
            vec![path.clone()]
        };
        let is_proof = |file: &Path| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.contains(PROOF_SUFFIX)
        };
        for file in files {
            // Proofs of proofs would never end.
            if (meta.is_dir() && is_proof(&file)) || !seen.insert(file.clone()) {
                continue;
            }
            let bytes = std::fs::metadata(&file).map_or(0, |meta| meta.len());
            let proof = match &options.out {
                None => proof_path(&file),
                Some(out) => proof_path(&out.join(mirrored(path, &file))),
            };
            push(
                &mut found,
                file.display().to_string(),
                Source::File(file),
                proof,
                bytes,
            );
        }
    }
    for data in &options.digest {
        let (algorithm, digest) = data.split_once(':').unwrap_or(("", data));
        let name = format!(
            "{algorithm}-{}{PROOF_SUFFIX}",
            &digest[..16.min(digest.len())]
        );
        push(
            &mut found,
            data.clone(),
            Source::Data(data.clone()),
            here.join(name),
            0,
        );
    }
    if options
        .paths
        .iter()
        .filter(|path| path.as_os_str() == "-")
        .count()
        > 1
    {
        bail!("standard input can be read once");
    }
    Ok(found)
}

fn push(found: &mut Found, name: String, source: Source, proof: PathBuf, bytes: u64) {
    found.items.push(Item {
        name,
        source,
        proof,
        bytes,
    });
}

/// Where a file stands below `--out`: from the last name of what was asked for on.
fn mirrored(asked: &Path, file: &Path) -> PathBuf {
    let above = match asked.components().next_back() {
        Some(Component::Normal(_)) => asked.parent().unwrap_or(Path::new("")),
        _ => asked,
    };
    file.strip_prefix(above).unwrap_or(file).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_mirrored_from_the_last_name_on() {
        let check = |asked: &str, file: &str, expected: &str| {
            assert_eq!(
                mirrored(Path::new(asked), Path::new(file)),
                Path::new(expected)
            );
        };
        check("photos", "photos/a/b.jpg", "photos/a/b.jpg");
        check("/home/me/photos", "/home/me/photos/a.jpg", "photos/a.jpg");
        check("report.pdf", "report.pdf", "report.pdf");
        check("../report.pdf", "../report.pdf", "report.pdf");
        check(".", "./a/b", "a/b");
        check("..", "../a", "a");
    }
}
