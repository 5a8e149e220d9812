//! The desk's catalogue: providers, sources and their versions, secrets, lists.
//!
//! A transaction that is refused writes nothing: every refusal is found before the first write.

mod ignoring;
mod providers;
mod rows;
mod secrets;
mod ship;
mod slots;
mod source;
mod store;
mod versions;
mod warning;

use intel::sources::{Revisions, SourceRows};
use rusqlite::Connection;

/// A part of the catalogue that is read as a whole.
#[derive(Clone, Copy)]
enum Part {
    Sources,
    IgnoreLists,
    WarningLists,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::IgnoreLists => "ignore_lists",
            Self::WarningLists => "warning_lists",
        }
    }
}

/// A part was written.
fn bump(tx: &Connection, part: Part) -> rusqlite::Result<()> {
    tx.prepare_cached("update catalogue_revision set revision = revision + 1 where part = ?1")?
        .execute([part.name()])?;
    Ok(())
}

fn revisions(db: &Connection) -> rusqlite::Result<Revisions> {
    let mut found = Revisions::default();
    let mut select = db.prepare_cached("select part, revision from catalogue_revision")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let revision = row.get(1)?;
        match row.get_ref(0)?.as_str()? {
            "sources" => found.sources = revision,
            "ignore_lists" => found.ignore_lists = revision,
            "warning_lists" => found.warning_lists = revision,
            _ => {}
        }
    }
    Ok(found)
}

fn source_rows(db: &Connection) -> rusqlite::Result<SourceRows> {
    Ok(SourceRows {
        providers: providers::list(db)?,
        sources: source::list(db)?,
        slots: slots::list(db)?,
        secrets: secrets::list(db)?,
    })
}
