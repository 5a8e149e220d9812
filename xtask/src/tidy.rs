//! House rules that no compiler knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{output, root};

/// Longest source file.
const LINES_MAX: usize = 700;

/// Which technology which rooms may know: a dependency, and the crates that may name it.
const ROOMS: [(&str, &[&str]); 11] = [
    ("rusqlite", &["store-sqlite"]),
    ("sqlx", &["store-postgres", "testkit"]),
    ("axum", &["fakes", "web", "bench"]),
    ("askama", &["notify", "web"]),
    ("reqwest", &["egress", "bench"]),
    ("clap", &["indelible", "javascript", "bench"]),
    ("anyhow", &["indelible", "xtask", "bench"]),
    ("toml", &["indelible"]),
    ("tonic", &["runners"]),
    ("prost", &["runners"]),
    ("seccompiler", &["jail"]),
];

/// Beginnings of statements, as they stand in the code of the two stores.
const SQL: [&str; 6] = [
    "insert into ",
    "delete from ",
    "create table ",
    "\"select ",
    "\"update ",
    "begin immediate",
];

/// Files of a store that its twin has no use for: threads that SQLite needs, a bus that it has not.
const ONE_SIDED: [&str; 6] = [
    "bus.rs",
    "checkpointer.rs",
    "file.rs",
    "queue.rs",
    "read.rs",
    "writer.rs",
];

/// Checks every rule, and tells everything that breaks one.
pub(crate) fn tidy() -> Result<()> {
    let files = files()?;
    let mut faults = Vec::new();
    for file in &files {
        let Ok(text) = fs::read_to_string(root().join(file)) else {
            continue; // A picture, or deleted and not yet committed.
        };
        source(file, &text, &mut faults);
        if file.ends_with("Cargo.toml") {
            rooms(file, &text, &mut faults);
        }
    }
    twins(&files, &mut faults);
    if faults.is_empty() {
        println!("{} files are tidy", files.len());
        return Ok(());
    }
    for fault in &faults {
        println!("{fault}");
    }
    bail!("{} faults", faults.len())
}

/// All files that are, or would be, committed.
fn files() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let listed = output(git.current_dir(root())).context("tidy asks git which files are ours")?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn source(file: &str, text: &str, faults: &mut Vec<String>) {
    let extension = Path::new(file).extension().and_then(|it| it.to_str());
    let rust = extension == Some("rs");
    if !matches!(
        extension,
        Some("rs" | "ts" | "mjs" | "js" | "css" | "sql" | "py" | "go" | "html")
    ) {
        return;
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!("{file}: {lines} lines, at most {LINES_MAX}"));
    }
    // Written so that this line does not find itself.
    let left_over = [
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("to", "do!("),
        concat!("unimplemented", "!("),
    ];
    for (number, line) in (1u32..).zip(text.lines()) {
        for mark in left_over {
            if line.contains(mark) {
                faults.push(format!("{file}:{number}: a leftover {mark}"));
            }
        }
        if rust && !may_speak_sql(file) && SQL.iter().any(|sql| line.contains(sql)) {
            faults.push(format!("{file}:{number}: SQL outside the stores"));
        }
    }
    if !rust {
        return;
    }
    if !text.starts_with("//!") && !file.starts_with("fuzz/") {
        faults.push(format!("{file}: does not begin with what it is for (//!)"));
    }
    let ours = file.starts_with("crates/") || file.starts_with("runners/");
    let root_of_crate = ours && file.ends_with("src/lib.rs");
    let may_be_unsafe = [
        "crates/keccak/src/lib.rs",
        "runners/jail/src/lib.rs",
        // One line, which reads the interpreter's memory.
        "runners/javascript/src/lib.rs",
    ]
    .contains(&file);
    if root_of_crate && !may_be_unsafe && !text.contains("#![forbid(unsafe_code)]") {
        faults.push(format!("{file}: does not forbid unsafe code"));
    }
}

/// The stores speak SQL; the test kit makes databases; benchmarks have bare ones to compare with;
/// this file names the words.
fn may_speak_sql(file: &str) -> bool {
    ["crates/store-", "crates/testkit/", "bench/", "xtask/"]
        .iter()
        .any(|room| file.starts_with(room))
}

/// Rooms keep their knowledge: what a crate may not name, it cannot use.
fn rooms(manifest: &str, text: &str, faults: &mut Vec<String>) {
    let Some(room) = manifest.strip_suffix("/Cargo.toml") else {
        return; // The workspace's own, which names all of them.
    };
    let room = room.rsplit('/').next().unwrap_or(room);
    // Tests may use what they need to look from outside.
    let own = text.split("[dev-dependencies]").next().unwrap_or(text);
    let named: BTreeSet<&str> = own
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .collect();
    for (dependency, allowed) in ROOMS {
        if named.contains(dependency) && !allowed.contains(&room) && room != "fuzz" {
            faults.push(format!(
                "{manifest}: {dependency} is known to {allowed:?} only"
            ));
        }
    }
}

/// The two dialects have the same files, so that a change is made side by side.
fn twins(files: &[String], faults: &mut Vec<String>) {
    let names = |room: &str| -> BTreeSet<String> {
        files
            .iter()
            .filter_map(|file| file.strip_prefix(&format!("crates/{room}/src/")))
            .filter(|file| !ONE_SIDED.contains(file))
            .map(str::to_owned)
            .collect()
    };
    let (sqlite, postgres) = (names("store-sqlite"), names("store-postgres"));
    for file in sqlite.symmetric_difference(&postgres) {
        let has = if sqlite.contains(file) {
            "store-sqlite"
        } else {
            "store-postgres"
        };
        faults.push(format!(
            "crates/{has}/src/{file}: its twin has no such file"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_found_where_it_is_broken() {
        let check = |file: &str, text: &str, expected: &str| {
            let mut faults = Vec::new();
            source(file, text, &mut faults);
            rooms(file, text, &mut faults);
            assert_eq!(faults.join("; "), expected, "{file}");
        };
        check("crates/web/src/page.rs", "//! A page.\n", "");
        check(
            "crates/web/src/page.rs",
            "fn page() {}\n",
            "crates/web/src/page.rs: does not begin with what it is for (//!)",
        );
        check(
            "crates/web/src/page.rs",
            concat!("//! A page.\n// FIX", "ME later\n"),
            concat!("crates/web/src/page.rs:2: a leftover FIX", "ME"),
        );
        let sql = "//! A page.\nconst Q: &str = \"select 1\";\n";
        check(
            "crates/web/src/page.rs",
            sql,
            "crates/web/src/page.rs:2: SQL outside the stores",
        );
        check("crates/store-sqlite/src/pool.rs", sql, "");
        check(
            "crates/tlog/src/lib.rs",
            "//! Trees.\n",
            "crates/tlog/src/lib.rs: does not forbid unsafe code",
        );
        check(
            "frontend/src/long.ts",
            &"x\n".repeat(701),
            "frontend/src/long.ts: 701 lines, at most 700",
        );
        check(
            "crates/stamp/Cargo.toml",
            "[dependencies]\nsqlx.workspace = true\n",
            "crates/stamp/Cargo.toml: sqlx is known to [\"store-postgres\", \"testkit\"] only",
        );
        check(
            "crates/stamp/Cargo.toml",
            "[dev-dependencies]\nsqlx.workspace = true\n",
            "",
        );
    }

    #[test]
    fn twins_that_differ_are_told() {
        let check = |files: &[&str], expected: &str| {
            let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
            let mut faults = Vec::new();
            twins(&files, &mut faults);
            assert_eq!(faults.join("; "), expected);
        };
        let both = [
            "crates/store-sqlite/src/pool.rs",
            "crates/store-postgres/src/pool.rs",
        ];
        check(&both, "");
        check(&[both[0], both[1], "crates/store-sqlite/src/writer.rs"], "");
        check(
            &[both[0]],
            "crates/store-sqlite/src/pool.rs: its twin has no such file",
        );
    }
}
