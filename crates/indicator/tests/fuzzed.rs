//! What the fuzz targets check, over their seeds and everything that they once found: `fuzz/`.
//! A parser that panics on foreign bytes is an outage that anybody can cause.

use std::fs;
use std::path::Path;

#[allow(
    unreachable_pub,
    reason = "the fuzz targets reach it in their own crate"
)]
#[path = "../../../fuzz/src/indicator.rs"]
mod checks;

#[test]
fn seeds_and_findings() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/fuzz");
    for (name, check) in checks::CHECKS {
        let files: Vec<_> = fs::read_dir(testdata.join(name)).unwrap().collect();
        assert!(!files.is_empty(), "{name} has no seeds");
        for file in files {
            check(&fs::read(file.unwrap().path()).unwrap());
        }
    }
}
