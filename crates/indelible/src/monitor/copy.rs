//! Our own copy of a log: its entries in one append-only file, and the checkpoint they led to.
//!
//! The checkpoint is written after the entries are durable, so entries beyond it are what a crash
//! left behind and are cut off.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tlog::{Checkpoint, CompactRange, Hash, Sha3, Sha256, SignedNote, TILE_WIDTH, TreeHash as _};

/// The two trees over the entries: protocol v1's, and C2SP's.
#[derive(Clone, Default)]
pub(super) struct Trees {
    pub(super) sha3: CompactRange<Sha3>,
    pub(super) sha256: CompactRange<Sha256>,
}

impl Trees {
    pub(super) fn push(&mut self, entry: &[u8]) {
        self.sha3.push(Sha3::leaf(&Sha3::digest(entry)));
        self.sha256.push(Sha256::leaf(entry));
    }

    pub(super) fn size(&self) -> u64 {
        self.sha256.size()
    }
}

/// The copy, locked against a second monitor.
pub(super) struct Copy {
    dir: PathBuf,
    entries: BufWriter<File>,
    /// Over everything written, durable or not.
    trees: Trees,
    /// Where in the file each bundle of 256 entries begins.
    bundles: Vec<u64>,
    bytes: u64,
    /// What was last made durable: the note, its checkpoint, the trees, and the file's length.
    kept: Option<Kept>,
    _lock: File,
}

/// The newest checkpoint that our copy bears out.
pub(super) struct Kept {
    pub(super) note: SignedNote,
    pub(super) checkpoint: Checkpoint,
    trees: Trees,
    bytes: u64,
}

impl Copy {
    /// Opens the copy in `dir`, making it if there is none, and recomputes its roots.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        let open = |name: &str| {
            let path = dir.join(name);
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .with_context(|| format!("{} cannot be opened", path.display()))
        };
        std::fs::create_dir_all(dir)
            .with_context(|| format!("{} cannot be made", dir.display()))?;
        let lock = open("lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another monitor works in {}", dir.display())
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut copy = Self {
            dir: dir.to_owned(),
            entries: BufWriter::new(open("entries")?),
            trees: Trees::default(),
            bundles: Vec::new(),
            bytes: 0,
            kept: None,
            _lock: lock,
        };
        let path = dir.join("checkpoint");
        let Ok(note) = std::fs::read(&path) else {
            copy.entries.get_ref().set_len(0)?;
            return Ok(copy);
        };
        let note =
            SignedNote::parse(&note).with_context(|| format!("{} is damaged", path.display()))?;
        let checkpoint = Checkpoint::parse(&note.text)
            .with_context(|| format!("{} is damaged", path.display()))?;
        copy.read_up_to(checkpoint.size)?;
        if copy.trees.sha256.root() != checkpoint.root {
            bail!(
                "the copy in {} is damaged: its {} entries do not lead to the checkpoint beside \
                 them. Keep it if it may be evidence, and begin again in another folder",
                dir.display(),
                checkpoint.size
            );
        }
        copy.entries.get_ref().set_len(copy.bytes)?;
        copy.entries.seek(SeekFrom::Start(copy.bytes))?;
        copy.keep_in_memory(note, checkpoint);
        Ok(copy)
    }

    fn read_up_to(&mut self, size: u64) -> anyhow::Result<()> {
        let mut file = BufReader::new(self.entries.get_ref().try_clone()?);
        while self.trees.size() < size {
            let entry = read_entry(&mut file).with_context(|| {
                format!(
                    "the copy in {} is damaged: it ends after {} of {size} entries",
                    self.dir.display(),
                    self.trees.size()
                )
            })?;
            self.count(&entry);
        }
        Ok(())
    }

    fn count(&mut self, entry: &[u8]) {
        if self.trees.size().is_multiple_of(TILE_WIDTH) {
            self.bundles.push(self.bytes);
        }
        self.trees.push(entry);
        self.bytes += 2 + entry.len() as u64;
    }

    fn keep_in_memory(&mut self, note: SignedNote, checkpoint: Checkpoint) {
        self.kept = Some(Kept {
            note,
            checkpoint,
            trees: self.trees.clone(),
            bytes: self.bytes,
        });
    }

    /// What was last kept; `None` for a new copy.
    pub(super) fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// How many entries were kept.
    pub(super) fn kept_size(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.checkpoint.size)
    }

    /// The trees over everything appended so far.
    pub(super) fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Appends an entry; it is not kept before [`Copy::keep`].
    pub(super) fn append(&mut self, entry: &[u8]) -> anyhow::Result<()> {
        let mut framed = Vec::with_capacity(2 + entry.len());
        tlog::push_entry(entry, &mut framed);
        self.entries.write_all(&framed)?;
        self.count(entry);
        Ok(())
    }

    /// Makes everything appended durable, then the checkpoint that it bears out.
    pub(super) fn keep(&mut self, note: SignedNote, checkpoint: Checkpoint) -> anyhow::Result<()> {
        self.entries.flush()?;
        self.entries.get_ref().sync_all()?;
        replace(&self.dir.join("checkpoint"), note.to_string().as_bytes())?;
        self.keep_in_memory(note, checkpoint);
        Ok(())
    }

    /// Forgets what was appended since the last [`Copy::keep`].
    pub(super) fn roll_back(&mut self) -> anyhow::Result<()> {
        let (trees, bytes) = match &self.kept {
            Some(kept) => (kept.trees.clone(), kept.bytes),
            None => (Trees::default(), 0),
        };
        self.entries.flush()?;
        self.entries.get_ref().set_len(bytes)?;
        self.entries.seek(SeekFrom::Start(bytes))?;
        let bundles = trees.size().div_ceil(TILE_WIDTH);
        self.bundles.truncate(usize::try_from(bundles)?);
        (self.trees, self.bytes) = (trees, bytes);
        Ok(())
    }

    /// The kept entries of one bundle, in order; fewer than 256 at the end.
    pub(super) fn bundle(&self, index: u64) -> anyhow::Result<Vec<Vec<u8>>> {
        let first = index * TILE_WIDTH;
        let count = self.kept_size().saturating_sub(first).min(TILE_WIDTH);
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut file = File::open(self.dir.join("entries"))?;
        file.seek(SeekFrom::Start(self.bundles[usize::try_from(index)?]))?;
        let mut file = BufReader::new(file);
        (0..count).map(|_| read_entry(&mut file)).collect()
    }

    /// The root (SHA-256) over the first `size` kept entries.
    pub(super) fn root_at(&self, size: u64) -> anyhow::Result<Hash> {
        let mut tree = CompactRange::<Sha256>::default();
        for index in 0..size.div_ceil(TILE_WIDTH) {
            for entry in self.bundle(index)? {
                if tree.size() < size {
                    tree.push(Sha256::leaf(&entry));
                }
            }
        }
        Ok(tree.root())
    }

    /// When the kept checkpoint was written, in microseconds since 1970.
    pub(super) fn kept_at_us(&self) -> Option<i64> {
        let modified = std::fs::metadata(self.dir.join("checkpoint"))
            .ok()?
            .modified()
            .ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok()
    }
}

fn read_entry(file: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let mut length = [0; 2];
    file.read_exact(&mut length)?;
    let mut entry = vec![0; usize::from(u16::from_be_bytes(length))];
    file.read_exact(&mut entry)?;
    Ok(entry)
}

/// Writes a file so that a crash leaves the old or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh).with_context(|| fresh.display().to_string())?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Reads one kept entry of the copy in `dir`, which a monitor may be extending meanwhile; also the
/// log's origin. Everything before it is hashed again, so a damaged copy is not believed.
pub(crate) fn copied_entry(dir: &Path, index: u64) -> anyhow::Result<(String, Vec<u8>)> {
    let path = dir.join("checkpoint");
    let note = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let checkpoint = Checkpoint::parse(&SignedNote::parse(&note)?.text)?;
    if index >= checkpoint.size {
        bail!(
            "the copy in {} ends before interval {index}: it has {} entries",
            dir.display(),
            checkpoint.size
        );
    }
    let path = dir.join("entries");
    let file = File::open(&path).with_context(|| path.display().to_string())?;
    let mut file = BufReader::new(file);
    let mut trees = Trees::default();
    let mut wanted = Vec::new();
    while trees.size() < checkpoint.size {
        let entry =
            read_entry(&mut file).with_context(|| format!("{} ends early", path.display()))?;
        trees.push(&entry);
        if trees.size() == index + 1 {
            wanted = entry;
        }
    }
    if trees.sha256.root() != checkpoint.root {
        bail!("the copy in {} is damaged", dir.display());
    }
    Ok((checkpoint.origin, wanted))
}
