//! The work is linear in the text, whatever the text is: bytes that were looked at are counted, not time.

use indicator::extract::{Extractor, Options};

/// How many bytes were looked at for a text.
fn work(text: &str) -> u64 {
    let mut extractor = Extractor::new(Options::default());
    extractor.run(text.as_bytes(), &mut |_| ());
    extractor.work()
}

/// What made other tools stop, and what would make a careless scanner of this form stop.
const HOSTILE: [&str; 52] = [
    ".",
    "..a",
    "a.",
    "1.",
    "-",
    "_",
    "@",
    "a@",
    "@a.",
    "a@b.c@",
    "/",
    "\\",
    ":",
    "::",
    "1:",
    "a:",
    "f:",
    "[",
    "]",
    "[.]",
    "[[.",
    ".]",
    "(",
    "()",
    "{",
    "[.",
    "a[.]",
    "a [.] ",
    "a dot ",
    "a at b dot ",
    "a( .",
    "%",
    "%3A%2F%2F",
    "http%3A%2F%2F",
    "hxxp",
    "http://",
    "http://a.com",
    "http://a/",
    "http://a.com/(",
    "a.com/,",
    "a.com:99999/,",
    "hxxp__ ",
    "http:// a .com /",
    "68747470",
    "aHR0c",
    "deadbeef01",
    "HKLM\\a ",
    "HKLM\\A B ",
    "mutex: ",
    "Mozilla/5.0 (",
    "+1 ",
    "例a",
];

#[test]
fn twice_the_text_is_twice_the_work() {
    for pattern in HOSTILE {
        let text = |bytes: usize| pattern.repeat(bytes / pattern.len());
        let (once, twice) = (work(&text(100_000)), work(&text(200_000)));
        assert!(10 * twice <= 22 * once, "{pattern:?}: {once} → {twice}");
        // Every byte is looked at by each recogniser once or twice, and by few a bounded time more.
        assert!(twice <= 60 * 200_000, "{pattern:?}: {twice}");
    }
}

/// The same with something that ends the row, so that what was scanned turns out to be nothing.
#[test]
fn rows_that_end_badly_are_no_worse() {
    for pattern in HOSTILE {
        for end in ["", "\u{80}", " ", "]", "@", ".exe", "://", "!\n"] {
            let text = |bytes: usize| format!("x{}{end}", pattern.repeat(bytes / pattern.len()));
            let (once, twice) = (work(&text(50_000)), work(&text(100_000)));
            assert!(
                10 * twice <= 22 * once,
                "{pattern:?} {end:?}: {once} → {twice}"
            );
        }
    }
}
