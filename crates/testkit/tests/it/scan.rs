//! `indelible scan` as people and programs use it: the real program, files on a real disk.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::program_path;

const FEED: &str = "# Terms: https://feeds.example.org/terms\n\
    0.0.0.0 evil.example.com\n\
    hxxp://drop[.]example[.]net/a.php\n\
    192.0.2.0/24 # example.org said so\n";

const LOG: &str = "GET /terms from 198.51.100.1, referer https://feeds.example.org/terms\n\
    listening on 0.0.0.0:80\n\
    192.0.2.77 asked for www.evil.example.com\n\
    POST http://drop.example.net/a.php to evil.example.com\n\
    http://drop.example.net/ is another page\n";

/// Exit code, standard output, standard error of `indelible scan` in a folder with these files.
fn scan(files: &[(&str, &str)], args: &[&str], input: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut child = Command::new(program_path())
        .arg("scan")
        .args(args)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().unwrap(), out, err)
}

// A false hit costs an hour, a missed one the house.
#[test]
fn a_log_is_told_by_line_what_the_feed_knows_and_nothing_else() {
    let files = [("feed.txt", FEED), ("a.log", LOG)];
    let check = |args: &[&str], input: &str, expected: &[&str]| {
        let (code, out, err) = scan(&files, args, input);
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines, expected, "{args:?} {err}");
        assert_eq!(code, i32::from(expected.is_empty()));
    };
    let found = [
        "a.log:3: 192[.]0[.]2[.]77 (192[.]0[.]2[.]0/24)\tfeed.txt",
        "a.log:4: hxxp[://]drop[.]example[.]net/a.php\tfeed.txt",
        "a.log:4: evil[.]example[.]com\tfeed.txt",
    ];
    check(&["a.log", "--feed", "feed.txt"], "", &found);
    check(
        &["a.log", "--feed", "feed.txt", "--threads", "3"],
        "",
        &found,
    );
    check(
        &[
            "a.log", "--feed", "feed.txt", "--below", "--refang", "--kind", "domain",
        ],
        "",
        &[
            "a.log:3: www.evil.example.com (evil.example.com)\tfeed.txt",
            "a.log:4: evil.example.com\tfeed.txt",
        ],
    );
    check(&["--feed", "feed.txt"], "nothing here, nothing there", &[]);
    check(
        &["--feed", "feed.txt", "-"],
        "evil.example.com",
        &["standard input:1: evil[.]example[.]com\tfeed.txt"],
    );
}

#[test]
fn a_program_gets_places_that_point_at_the_log() {
    let table = "# id,url,link\n1,http://drop.example.net/a.php,https://feeds.example.org/1\n";
    let files = [("a.log", LOG), ("feed.csv", table)];
    let args = [
        "a.log", "--feed", "feed.csv", "--form", "csv", "--column", "url", "--json",
    ];
    let (code, out, err) = scan(&files, &args, "");
    assert_eq!(code, 0, "{err}");
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), 1, "{out}");
    let (offset, raw) = (
        told[0]["offset"].as_u64().unwrap(),
        told[0]["raw"].as_str().unwrap(),
    );
    assert!(LOG[usize::try_from(offset).unwrap()..].starts_with(raw));
    assert_eq!(told[0]["line"], 4);
    assert_eq!(told[0]["known"]["value"], "http://drop.example.net/a.php");
}

#[test]
fn what_cannot_be_scanned_is_said() {
    let check = |args: &[&str], words: &str| {
        let files = [
            ("empty", "# nothing\n"),
            ("a.zip", "PK\x03\x04"),
            ("a.log", LOG),
        ];
        let (code, _, err) = scan(&files, args, "");
        assert_eq!(code, 2, "{args:?} {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    };
    check(&["a.log"], "--feed");
    check(&["a.log", "--feed", "empty"], "the feeds hold no indicator");
    check(
        &["a.log", "--feed", "a.zip"],
        "it is a zip archive; unpack it first",
    );
    check(&["no.log", "--feed", "a.log"], "no.log cannot be read");
    check(
        &["a.log", "--feed", "a.log", "--column", "1"],
        "--column needs --form csv",
    );
    check(
        &["a.log", "--feed", "http://127.0.0.1:9/feed"],
        "cannot be read",
    );
}
