//! `indelible extract` as people and programs use it: the real program, files on a real disk.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use testkit::program_path;

/// A folder with something to read.
struct Desk(TempDir);

/// Exit code, standard output, standard error.
type Said = (i32, String, String);

impl Desk {
    fn with(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    /// Runs `indelible extract`, `input` being on standard input.
    fn run(&self, args: &[&str], input: &str) -> Said {
        let mut child = Command::new(program_path())
            .arg("extract")
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!err.contains("panicked"), "{err}");
        let out = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), out, err)
    }
}

const REPORT: &str = "C2 is evil[.]example[.]com (192[.]0[.]2[.]7), again evil[.]example[.]com.\n\
    Load: hxxps://evil[.]example[.]com/a.php, md5 D41D8CD98F00B204E9800998ECF8427E\n";

#[test]
fn a_pipe_gets_a_value_a_line_defanged() {
    let desk = Desk::with(&[("report.txt", REPORT)]);
    let check = |args: &[&str], expected: &[&str]| {
        let (code, out, _) = desk.run(args, REPORT);
        assert_eq!(
            (code, out.lines().collect::<Vec<_>>()),
            (0, expected.to_vec()),
            "{args:?}"
        );
    };
    let all = [
        "evil[.]example[.]com",
        "192[.]0[.]2[.]7",
        "evil[.]example[.]com",
        "hxxps[://]evil[.]example[.]com/a.php",
        "d41d8cd98f00b204e9800998ecf8427e",
    ];
    check(&["report.txt"], &all);
    check(&["-"], &all);
    check(&[], &all);
    check(&["--unique", "--defang"], &[all[0], all[1], all[3], all[4]]);
    check(
        &["--kind", "ipv4,url", "--refang"],
        &["192.0.2.7", "https://evil.example.com/a.php"],
    );
    // Who asks for domains wants those of URLs too.
    check(&["--kind", "DOMAIN"], &[all[0]; 3]);
}

#[test]
fn a_program_gets_places_that_point_at_the_text() {
    let desk = Desk::with(&[("a.txt", REPORT), ("b.txt", "evil.example.com\n")]);
    let (code, out, _) = desk.run(&["--json", "--unique", "a.txt", "b.txt"], "");
    assert_eq!(code, 0, "{out}");
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let domain = &told[0];
    assert_eq!(
        (&domain["kind"], &domain["value"]),
        (&"DOMAIN".into(), &"evil.example.com".into())
    );
    assert_eq!(
        (&domain["count"], &domain["defanged"]),
        (&3.into(), &true.into())
    );
    for place in domain["places"].as_array().unwrap() {
        let text = if place["file"] == "a.txt" {
            REPORT
        } else {
            "evil.example.com\n"
        };
        let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
        let raw = &text[at("start")..at("end")];
        assert!(
            matches!(raw, "evil[.]example[.]com" | "evil.example.com"),
            "{raw}"
        );
    }
}

#[test]
fn documents_are_read_by_their_form() {
    let mail = "From: a@evil-sender.com\r\nSubject: x\r\n\r\nsee http://evil-body.com/\r\n";
    let stix = r#"{"type":"bundle","objects":[{"type":"domain-name","id":"d--1","value":"evil-stix.com"}]}"#;
    let misp = r#"{"Event":{"Attribute":[{"uuid":"7","type":"domain","value":"evil-misp.com","to_ids":true},{"uuid":"8","type":"md5","value":"x"}]}}"#;
    let desk = Desk::with(&[]);
    let check = |args: &[&str], input: &str, expected: &str, place: (&str, Value)| {
        let (code, out, err) = desk.run(args, input);
        assert_eq!(code, 0, "{out}{err}");
        let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        assert_eq!(first["value"], expected, "{args:?}");
        assert_eq!(first["place"][place.0], place.1, "{args:?}");
        err
    };
    check(
        &["--json"],
        mail,
        "a@evil-sender.com",
        ("header", "From".into()),
    );
    check(
        &["--json", "--mail"],
        mail,
        "a@evil-sender.com",
        ("header", "From".into()),
    );
    check(
        &["--json"],
        stix,
        "evil-stix.com",
        ("object", "d--1".into()),
    );
    let err = check(
        &["--json", "--misp"],
        misp,
        "evil-misp.com",
        ("to_ids", true.into()),
    );
    assert!(
        err.contains("warning: standard input: md5 8: this is no MD5"),
        "{err}"
    );
    check(
        &["--json", "--csv"],
        "note,mutex\nx,Evil Run\n",
        "Evil Run",
        ("column", 2.into()),
    );
    check(
        &["--json", "--form", "text"],
        stix,
        "evil-stix.com",
        ("start", stix.find("evil").unwrap().into()),
    );
}

#[test]
fn failures_say_what_and_have_their_codes() {
    let desk = Desk::with(&[]);
    let check = |args: &[&str], input: &str, code: i32, words: &str| {
        let (ended, out, err) = desk.run(args, input);
        assert_eq!(ended, code, "{args:?}: {out}{err}");
        assert!(err.contains(words), "no {words:?} in {err}");
    };
    check(&[], "nothing here\n", 1, "");
    check(&["--kind", "doman"], "", 2, "did you mean domain?");
    check(
        &["missing.txt"],
        "",
        2,
        "missing.txt cannot be read: No such file or directory",
    );
    check(
        &["--stix"],
        "{",
        2,
        "standard input cannot be read: this is no JSON",
    );
    check(&["--csv", "--mail"], "", 2, "cannot be used with");
}

/// A log is longer than what is read at once; no line falls between two pieces.
#[test]
fn a_long_text_is_read_in_pieces() {
    let line = "2026-11-21 blocked 192.0.2.7 for evil-line.com\n";
    let text = line.repeat(200_000);
    let desk = Desk::with(&[("long.log", &text)]);
    let (code, out, _) = desk.run(&["--unique", "--json", "long.log"], "");
    assert_eq!(code, 0);
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let counts: Vec<_> = told
        .iter()
        .map(|one| one["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [200_000, 200_000]);
}
