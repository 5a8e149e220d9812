//! Folders, file by file, in order. Symbolic links are not followed.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Deepest folder that is entered.
const DEPTH_MAX: usize = 128;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Regular files, sorted within each folder.
    pub(crate) files: Vec<PathBuf>,
    /// How many links, sockets and other strange things were left out.
    pub(crate) skipped: usize,
}

/// All regular files below `root`, without those whose name or path matches one of `exclude`.
pub(crate) fn walk(root: &Path, exclude: &[Pattern]) -> anyhow::Result<Walked> {
    let mut walked = Walked::default();
    enter(root, root, exclude, 0, &mut walked)?;
    Ok(walked)
}

fn enter(
    root: &Path,
    dir: &Path,
    exclude: &[Pattern],
    depth: usize,
    walked: &mut Walked,
) -> anyhow::Result<()> {
    if depth > DEPTH_MAX {
        anyhow::bail!("{} is deeper than {DEPTH_MAX} folders", dir.display());
    }
    let at = || dir.display().to_string();
    let mut entries = std::fs::read_dir(dir)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(at)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let within = path.strip_prefix(root).unwrap_or(&path);
        if exclude.iter().any(|pattern| pattern.matches(within)) {
            continue;
        }
        let kind = entry.file_type().with_context(at)?;
        if kind.is_dir() {
            enter(root, &path, exclude, depth + 1, walked)?;
        } else if kind.is_file() {
            walked.files.push(path);
        } else {
            walked.skipped += 1;
        }
    }
    Ok(())
}

/// A glob: `*` is anything within a name, `?` one character, `**` any folders. Without a slash it
/// is compared with the name alone.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(String);

impl std::str::FromStr for Pattern {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl Pattern {
    fn matches(&self, path: &Path) -> bool {
        if self.0.contains('/') {
            let path = path.to_string_lossy();
            return glob(self.0.trim_start_matches('/').as_bytes(), path.as_bytes());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        glob(self.0.as_bytes(), name.as_bytes())
    }
}

/// Whether `text` fits `pattern`. The newest star is where to go back to, so this is linear in
/// `text` for each star and never exponential.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // For `*` and for `**`: where the pattern goes on, and how much of the text it took.
    let mut back: [Option<(usize, usize)>; 2] = [None, None];
    loop {
        let deep = pattern[p..].starts_with(b"**");
        if deep || pattern.get(p) == Some(&b'*') {
            p += if deep { 2 } else { 1 };
            back[usize::from(deep)] = Some((p, t));
            if deep {
                back[0] = None;
            }
            continue;
        }
        let fits = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(b'?'), Some(byte)) => *byte != b'/',
            (Some(wanted), Some(byte)) => wanted == byte,
            _ => false,
        };
        if fits {
            (p, t) = (p + 1, t + 1);
            continue;
        }
        let shallow = back[0].filter(|(_, taken)| text.get(*taken).is_some_and(|b| *b != b'/'));
        let (which, (at, taken)) = match (shallow, back[1]) {
            (Some(back), _) => (0, back),
            (None, Some(back)) if back.1 < text.len() => (1, back),
            _ => return false,
        };
        back[which] = Some((at, taken + 1));
        if which == 1 {
            back[0] = None;
        }
        (p, t) = (at, taken + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let check = |pattern: &str, path: &str, expected: bool| {
            let pattern: Pattern = pattern.parse().unwrap();
            assert_eq!(
                pattern.matches(Path::new(path)),
                expected,
                "{pattern:?} {path}"
            );
        };
        check("*.o", "a.o", true);
        check("*.o", "deep/er/a.o", true);
        check("*.o", "a.old", false);
        check("target", "target", true);
        check("target/", "target", true);
        check("target", "my-target", false);
        check("a?c", "abc", true);
        check("src/*.rs", "src/main.rs", true);
        check("src/*.rs", "src/deep/main.rs", false);
        check("src/**/*.rs", "src/deep/er/main.rs", true);
        check("**/x", "a/b/x", true);
        check("*a*b*c", "xxaxxbxxc", true);
        check("*a*b*c", "xxaxxbxx", false);
        check("***", "anything", true);
    }

    #[test]
    fn links_are_not_followed_and_order_is_fixed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("b")).unwrap();
        for name in ["c", "a", "b/x", "b/y.tmp"] {
            std::fs::write(at(name), name).unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), at("loop")).unwrap();
        let walked = walk(dir.path(), &["*.tmp".parse().unwrap()]).unwrap();
        assert_eq!(walked.files, [at("a"), at("b/x"), at("c")]);
        assert_eq!(walked.skipped, 1);
    }
}
