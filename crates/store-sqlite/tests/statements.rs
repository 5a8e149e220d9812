//! Every SQL statement in this crate's sources can be prepared against the migrated schema.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

const VERBS: [&str; 5] = ["select ", "insert ", "update ", "delete ", "with "];

/// String literals that begin like a statement. Ours contain no escapes and no quotation marks.
fn statements(source: &str) -> impl Iterator<Item = &str> {
    source
        .split('"')
        .filter(|text| VERBS.iter().any(|verb| text.starts_with(verb)))
}

/// All sources below `folder`.
fn sources(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// Statements about records that expire live in `src/temporary`, all others beside it.
#[test]
fn every_statement_fits_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_sqlite::SqliteStore::open(folder.path()).unwrap());
    let open = |name| Connection::open(folder.path().join(name)).unwrap();
    let (lasting, temporary) = (open("indelible.db"), open("ttl.db"));
    let mut prepared = 0;
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let expires = path
            .components()
            .any(|part| part.as_os_str() == "temporary");
        let database = if expires { &temporary } else { &lasting };
        for sql in statements(&std::fs::read_to_string(&path).unwrap()) {
            if let Err(error) = database.prepare(sql) {
                panic!("{}: {sql}: {error}", path.display());
            }
            prepared += 1;
        }
    }
    assert!(prepared >= 40, "only {prepared} statements were found");
}
