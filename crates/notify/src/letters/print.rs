//! From parts to plain text and HTML.

use askama::Template;

use super::{House, Part, Words};

/// Longest line of plain text, in characters: what terminals and old mail programs show.
const LINE_CHARS_MAX: usize = 72;

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    house: &'a House,
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct Text<'a> {
    house: &'a House,
    words: &'a Words,
}

pub(super) fn html(house: &House, words: &Words) -> String {
    let page = Html { house, words };
    page.render().expect("writing to a string does not fail")
}

pub(super) fn text(house: &House, words: &Words) -> String {
    let page = Text { house, words };
    page.render().expect("writing to a string does not fail")
}

/// Breaks a paragraph into lines between words; a word longer than a line, such as an address, stays
/// whole.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut length = 0;
    for word in text.split_whitespace() {
        let chars = word.chars().count();
        if length > 0 && length + 1 + chars > LINE_CHARS_MAX {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += chars;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_only() {
        let link = format!("https://example.org/{}", "x".repeat(80));
        let broken = wrapped(&format!("{} {link} end", "word ".repeat(20)));
        let lines: Vec<&str> = broken.lines().collect();
        assert_eq!(lines.len(), 4, "{broken}");
        assert_eq!(lines[2], link);
        assert!(lines[0].len() <= LINE_CHARS_MAX && lines[0].ends_with("word"));
    }
}
