//! Every SQL statement in this crate's sources can be prepared against the migrated schema.

use std::path::Path;

const VERBS: [&str; 5] = ["select ", "insert ", "update ", "delete ", "with "];

/// String literals that begin like a statement. Ours contain no escapes and no quotation marks.
fn statements(source: &str) -> impl Iterator<Item = &str> {
    source
        .split('"')
        .filter(|text| VERBS.iter().any(|verb| text.starts_with(verb)))
}

#[test]
fn every_statement_fits_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    drop(store_sqlite::SqliteStore::open(folder.path()).unwrap());
    let database = rusqlite::Connection::open(folder.path().join("indelible.db")).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut prepared = 0;
    for file in std::fs::read_dir(sources).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for sql in statements(&source) {
            if let Err(error) = database.prepare(sql) {
                panic!("{sql}: {error}");
            }
            prepared += 1;
        }
    }
    assert!(prepared >= 40, "only {prepared} statements were found");
}
