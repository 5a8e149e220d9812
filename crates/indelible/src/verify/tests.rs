//! Golden proofs against the verdicts that people get. If these broke, what was handed out by a
//! released version would verify no more, or a forgery would.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use super::{Options, check, pairs, run};
use crate::known_logs::KnownLogs;

const KEY: &str = "ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

fn golden(name: &str) -> String {
    format!("{}/../../testdata/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn options(args: &[&str]) -> Options {
    let command = <Options as clap::Args>::augment_args(clap::Command::new("verify"));
    let args = std::iter::once(&"verify").chain(args);
    let matches = command.try_get_matches_from(args).unwrap();
    Options::from_arg_matches(&matches).unwrap()
}

fn nobody() -> BTreeMap<String, OsString> {
    BTreeMap::new()
}

/// The verdict on the receipt of release 0.1: `Ok` with whether the key is known, else the reason.
fn verdict(args: &[&str]) -> Result<bool, String> {
    let receipt = golden("tlog/receipt-0.1.tlog-proof");
    let options = options(&[&["--proof", &receipt], args].concat());
    let pairs = pairs(&options).unwrap();
    let known = KnownLogs::of(&nobody()).unwrap();
    match check(&options, &known, &pairs[0]).unwrap() {
        Ok(accepted) => Ok(accepted.verified.trusted),
        Err(refused) => Err(refused.to_string()),
    }
}

#[test]
fn the_receipt_of_release_0_1_verifies() {
    assert_eq!(verdict(&["--text", "leaf-5"]), Ok(false));
    assert_eq!(verdict(&["--text", "leaf-5", "--key", KEY]), Ok(true));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "leaf-5").unwrap();
    assert_eq!(verdict(&[file.path().to_str().unwrap()]), Ok(false));
}

#[test]
fn refusals_give_their_reason() {
    let check = |args: &[&str], reason: &str| {
        let refused = verdict(args).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    };
    check(
        &["--text", "leaf-6"],
        "what you gave is \"leaf-6\", the proof speaks of \"leaf-5\"",
    );
    check(&["--text", "leaf-5", "--require-known-key"], "is not known");
    let other = tlog::SigningKey::from_seed("ts.example.org/log", &[9; 32]).unwrap();
    let other = other.public().to_string();
    check(
        &["--text", "leaf-5", "--key", &other],
        "is none of those you trust",
    );
    let witness = tlog::CosigningKey::from_seed("w.example", &[8; 32]).unwrap();
    let witness = witness.public().to_string();
    check(
        &["--text", "leaf-5", "--witness", &witness],
        "the witness w.example has not cosigned",
    );
}

#[test]
fn a_witness_that_did_cosign_counts() {
    let witness = tlog::CosigningKey::from_seed("w.example", &[7; 32]).unwrap();
    let witness = witness.public().to_string();
    assert_eq!(
        verdict(&["--text", "leaf-5", "--witness", &witness]),
        Ok(false)
    );
}

#[test]
fn tokens_of_release_0_1_verify() {
    let document = golden("tsa/document.txt");
    let ca = golden("tsa/ca-0.1.pem");
    let other = golden("tsa/README.md");
    let check = |token: &str, file: &str, code: ExitCode| {
        let token = golden(token);
        let options = options(&["--token", &token, "--ca", &ca, file]);
        // Exit codes cannot be compared but by what they print.
        let ended = run(&options, &nobody()).unwrap();
        assert_eq!(format!("{ended:?}"), format!("{code:?}"));
    };
    check("tsa/response-0.1.tsr", &document, ExitCode::SUCCESS);
    check(
        "tsa/response-0.1-with-proof.tsr",
        &document,
        ExitCode::SUCCESS,
    );
    check("tsa/response-0.1.tsr", &other, ExitCode::FAILURE);
}

#[test]
fn files_find_their_proofs() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for name in ["a", "a.tlog-proof", "b.tlog-proof", "c"] {
        std::fs::write(at(name), "").unwrap();
    }
    let check = |args: &[&str], expected: &[(&str, &str)]| {
        let found = pairs(&options(args)).unwrap();
        let found: Vec<(String, PathBuf)> = found
            .iter()
            .map(|pair| (pair.name(), pair.proof.clone()))
            .collect();
        let expected: Vec<(String, PathBuf)> = expected
            .iter()
            .map(|(file, proof)| (at(file), at(proof).into()))
            .collect();
        assert_eq!(found, expected, "{args:?}");
    };
    check(&[&at("a")], &[("a", "a.tlog-proof")]);
    check(&[&at("a.tlog-proof")], &[("a", "a.tlog-proof")]);
    check(&[&at("c"), &at("b.tlog-proof")], &[("c", "b.tlog-proof")]);
    check(
        &[&at("a"), &at("c")],
        &[("a", "a.tlog-proof"), ("c", "c.tlog-proof")],
    );
    let folder = dir.path().to_str().unwrap();
    check(&[folder], &[("a", "a.tlog-proof"), ("b", "b.tlog-proof")]);
    let refused = |args: &[&str]| assert!(pairs(&options(args)).is_err(), "{args:?}");
    refused(&["-"]);
    refused(&["--proof", &at("b.tlog-proof"), &at("a"), &at("c")]);
    refused(&["--text", "x"]);
}
