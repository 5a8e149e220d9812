//! Undoing what was done to a text so that nobody follows its links. It knows no kinds; what the clean text means is asked elsewhere.
//!
//! One pass from left to right; every byte is looked at a bounded number of times. The map of what was changed leads back from the clean text to the raw one.

use std::ops::Range;

use crate::letter::{closer, folded, is_punctuation, is_unseen, length, opener};

/// A clean text and the way back to the raw one. Kept and used again, so that cleaning allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Clean {
    pub(crate) bytes: Vec<u8>,
    /// From this clean place on, raw places follow this one; ascending.
    anchors: Vec<(usize, usize)>,
    /// How many bytes were looked at, counted again each time.
    pub(crate) work: u64,
}

impl Clean {
    /// The raw range behind a clean one.
    pub(crate) fn raw(&self, clean: Range<usize>) -> Range<usize> {
        let start = self.raw_of(clean.start);
        let last = clean.end.saturating_sub(1).max(clean.start);
        start..self.raw_of(last) + 1
    }

    fn raw_of(&self, clean: usize) -> usize {
        let behind = self.anchors.partition_point(|(place, _)| *place <= clean);
        match behind
            .checked_sub(1)
            .and_then(|last| self.anchors.get(last))
        {
            Some((place, raw)) => raw + (clean - place),
            None => clean,
        }
    }

    /// Cleans `raw[range]`; what is before and behind the range is not looked at.
    pub(crate) fn clean(&mut self, raw: &[u8], range: Range<usize>) {
        self.bytes.clear();
        self.anchors.clear();
        self.anchors.push((0, range.start));
        let text = &raw[..range.end];
        let mut cleaner = Cleaner {
            text,
            at: range.start,
            out: self,
            open: false,
            path: looks_like_a_path(&text[range.start..]),
            mirrored: false,
        };
        while cleaner.at < text.len() {
            let before = cleaner.at;
            cleaner.step();
            cleaner.out.work += (cleaner.at - before) as u64;
        }
    }
}

/// Whether bytes are a path of Windows, whose backslashes mean what they are.
fn looks_like_a_path(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let inner = match text {
        [b'(' | b'[' | b'{' | b'\'', inner @ ..] => inner,
        _ => text,
    };
    matches!(inner, [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic())
        || inner.starts_with(b"\\\\")
        || inner.starts_with(b"%")
}

struct Cleaner<'a> {
    text: &'a [u8],
    at: usize,
    out: &'a mut Clean,
    /// A bracket was opened before a dot and not closed: `example[.com]`.
    open: bool,
    path: bool,
    /// A scheme was followed by backslashes: those behind it are slashes too.
    mirrored: bool,
}

/// What brackets hold instead of a letter that leads somewhere. Longer ones first.
const CORES: [(&[u8], &[u8]); 15] = [
    (b"://", b"://"),
    (b":\\\\", b"://"),
    (b":/", b":/"),
    (b"//", b"//"),
    (b"\\.", b"."),
    (b"dot", b"."),
    (b"d0t", b"."),
    (b"punkt", b"."),
    (b"point", b"."),
    (b"period", b"."),
    (b".", b"."),
    (b":", b":"),
    (b"/", b"/"),
    (b"@", b"@"),
    (b"at", b"@"),
];

impl Cleaner<'_> {
    fn step(&mut self) {
        let byte = self.text[self.at];
        match byte {
            b'[' | b'(' | b'{' => self.bracket(),
            b']' | b')' | b'}' => self.closing(1),
            b'\\' => self.backslash(),
            b' ' | b'\t' => self.blank(),
            b'_' if self.peek(1) == Some(b'_') => self.underscores(),
            0x80.. => self.foreign(),
            _ => self.keep(1),
        }
        if self.open && !is_name_byte(byte) && !matches!(byte, b'[' | b'(' | b'{') {
            self.open = false;
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<u8> {
        self.out.bytes.last().copied()
    }

    fn keep(&mut self, len: usize) {
        let end = (self.at + len).min(self.text.len());
        self.out.bytes.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    /// Writes `clean` for the next `len` raw bytes.
    fn replace(&mut self, len: usize, clean: &[u8]) {
        self.out.anchors.push((self.out.bytes.len(), self.at));
        self.out.bytes.extend_from_slice(clean);
        self.at += len;
        self.out.anchors.push((self.out.bytes.len(), self.at));
    }

    /// One or more opening brackets: a mark as `[.]`, half of one as `[.com`, or brackets.
    fn bracket(&mut self) {
        let mut inner = self.at;
        let mut openers = 0;
        while let Some(len) = opener(&self.text[inner..]) {
            inner += len;
            openers += 1;
        }
        let run = inner - self.at;
        let core_at = skip_blanks(self.text, inner);
        self.out.work += (core_at - self.at) as u64;
        if let Some((len, clean)) = self.core(core_at) {
            let closes = skip_blanks(self.text, core_at + len);
            let end = self.closers(closes, openers);
            self.out.work += (end.unwrap_or(closes) - core_at) as u64;
            if let Some(end) = end {
                self.replace(end - self.at, clean);
                return;
            }
            let next = self.text.get(core_at + len);
            let half = matches!(clean, b"." | b"@") && len == 1;
            let behind = self.before().is_some_and(is_name_byte);
            if half && behind && next.is_some_and(u8::is_ascii_alphanumeric) {
                self.replace(core_at - self.at, b"");
                self.open = true;
                return;
            }
        }
        // `http[s]://`: the letter between brackets.
        let letter = self.text.get(inner).copied();
        let spelled = matches!(letter, Some(b's' | b'S'))
            && self
                .before()
                .is_some_and(|byte| byte.eq_ignore_ascii_case(&b'p'));
        if spelled
            && let Some(end) = self.closers(inner + 1, openers)
            && matches!(self.text.get(end), Some(b':' | b'[' | b'(' | b'{'))
        {
            self.replace(end - self.at, b"s");
            return;
        }
        if run > 0 {
            self.keep(run);
        }
    }

    /// Which core stands there, how long it is, and what it means.
    fn core(&self, at: usize) -> Option<(usize, &'static [u8])> {
        let rest = self.text.get(at..)?;
        if let Some((len, meant)) = folded(rest) {
            let core = CORES.iter().find(|(core, _)| *core == [meant])?;
            return Some((len, core.1));
        }
        CORES
            .iter()
            .find(|(core, _)| {
                rest.len() >= core.len() && rest[..core.len()].eq_ignore_ascii_case(core)
            })
            .map(|(core, clean)| (core.len(), *clean))
    }

    /// Where up to `most` closing brackets end, if there is one at least.
    fn closers(&self, at: usize, most: usize) -> Option<usize> {
        let mut end = at;
        for _ in 0..most {
            let rest = self.text.get(end..)?;
            let escaped = usize::from(rest.first() == Some(&b'\\'));
            match closer(&rest[escaped..]) {
                Some(len) => end += escaped + len,
                None => break,
            }
        }
        (end > at).then_some(end)
    }

    /// A closing bracket: the second half of a mark, or a bracket.
    fn closing(&mut self, len: usize) {
        let next = skip_blanks(self.text, self.at + len);
        self.out.work += (next - self.at) as u64;
        let follows = self
            .text
            .get(next)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        let half = match self.out.bytes.as_slice() {
            [.., before, b'.' | b'@'] => is_name_byte(*before) && follows,
            _ => false,
        };
        if self.open || half {
            self.replace(len, b"");
            self.open = false;
        } else {
            self.keep(len);
        }
    }

    fn backslash(&mut self) {
        let scheme = self.out.bytes.as_slice();
        match self.peek(1) {
            // Markdown's `\[.\]`.
            Some(b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'_') => self.replace(1, b""),
            Some(b'/') => self.replace(2, b"/"),
            Some(b'\\') if ends_with_scheme(scheme.strip_suffix(b":").unwrap_or(b"")) => {
                self.replace(2, b"//");
                self.mirrored = true;
            }
            Some(_) if self.mirrored => self.replace(1, b"/"),
            Some(b'.') => {
                let inside = self
                    .before()
                    .is_some_and(|byte| byte.is_ascii_alphanumeric())
                    && self
                        .peek(2)
                        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b")]}".contains(&byte));
                if inside && !self.path {
                    self.replace(2, b".");
                } else {
                    self.keep(2);
                }
            }
            _ => self.keep(1),
        }
    }

    /// Blanks: the word `dot` or `at` between two of them, or nothing beside a dot, or a blank.
    fn blank(&mut self) {
        let word = skip_blanks(self.text, self.at);
        self.out.work += (word - self.at) as u64;
        for (name, clean) in [(&b"dot"[..], &b"."[..]), (b"at", b"@")] {
            let end = word + name.len();
            let spelled = self
                .text
                .get(word..end)
                .is_some_and(|it| it.eq_ignore_ascii_case(name));
            if spelled && matches!(self.text.get(end), Some(b' ' | b'\t')) {
                self.replace(skip_blanks(self.text, end) - self.at, clean);
                return;
            }
        }
        let joins = |byte: u8| matches!(byte, b'.' | b'@' | b':' | b'/');
        let next = self.text.get(word).copied();
        let marked = opener(&self.text[word..]).is_some() && self.mark_begins(word);
        if marked || self.before().is_some_and(joins) || next.is_some_and(joins) {
            self.replace(word - self.at, b"");
        } else {
            self.keep(word - self.at);
        }
    }

    fn mark_begins(&self, at: usize) -> bool {
        let inner = skip_blanks(self.text, at + opener(&self.text[at..]).unwrap_or(1));
        self.core(inner).is_some()
    }

    /// `hxxp__example.com`, `http:__example.com`.
    fn underscores(&mut self) {
        let bytes = self.out.bytes.as_slice();
        match bytes.strip_suffix(b":") {
            Some(before) if ends_with_scheme(before) => self.replace(2, b"//"),
            None if ends_with_scheme(bytes) => self.replace(2, b"://"),
            _ => self.keep(2),
        }
    }

    /// What is no ASCII: look-alikes of dots and brackets, letters of full width, what cannot be seen.
    fn foreign(&mut self) {
        let rest = &self.text[self.at..];
        if opener(rest).is_some() {
            return self.foreign_bracket();
        }
        if let Some(len) = closer(rest) {
            let before = self.out.bytes.len();
            self.closing(len);
            // What was kept is a bracket, and ends whatever stood before it.
            if self.out.bytes.len() > before {
                self.out.bytes.truncate(before);
                self.at -= len;
                self.replace(len, b"\"");
            }
            return;
        }
        if let Some((len, meant)) = folded(rest) {
            // The full stop of Chinese ends sentences too.
            let stop = rest.starts_with("\u{3002}".as_bytes());
            let inside = self
                .before()
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
                && self
                    .peek(len)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric());
            let meant = if stop && !inside { b'"' } else { meant };
            return self.replace(len, &[meant]);
        }
        match length(rest) {
            len if is_unseen(rest) => self.replace(len, b""),
            len if is_punctuation(rest) => self.replace(len, b"\""),
            len => self.keep(len),
        }
    }

    fn foreign_bracket(&mut self) {
        let (at, kept) = (self.at, self.out.bytes.len());
        self.bracket();
        let untouched = self.out.bytes.len() - kept == self.at - at;
        if untouched && self.at > at {
            let len = self.at - at;
            self.out.bytes.truncate(kept);
            self.at = at;
            self.replace(len, b"\"");
        }
    }
}

/// Whether a byte may stand in a name of a host.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') || byte >= 0x80
}

fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// Whether a text ends with a scheme that may be followed by slashes in disguise.
fn ends_with_scheme(text: &[u8]) -> bool {
    ["http", "https", "hxxp", "hxxps", "ftp", "fxp"]
        .iter()
        .any(|scheme| {
            text.len() >= scheme.len() && {
                let (before, word) = text.split_at(text.len() - scheme.len());
                word.eq_ignore_ascii_case(scheme.as_bytes())
                    && !before.last().is_some_and(u8::is_ascii_alphanumeric)
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let mut clean = Clean::default();
        clean.clean(text.as_bytes(), 0..text.len());
        String::from_utf8(clean.bytes).unwrap()
    }

    #[test]
    fn every_disguise_is_undone() {
        for (raw, expected) in [
            ("1[.]1(.)1{.}1", "1.1.1.1"),
            ("1[.1[.1.]1", "1.1.1.1"),
            ("1\\.)1[.1.)1", "1.1.1.1"),
            ("1\\.1\\.1\\.1", "1.1.1.1"),
            ("example[dot]com(DOT)org", "example.com.org"),
            ("example [.] com", "example.com"),
            ("example dot com", "example.com"),
            ("me at example dot com", "me@example.com"),
            ("me[at]example[.)com", "me@example.com"),
            ("me@} example[.com", "me@example.com"),
            ("me{@}example.com", "me@example.com"),
            ("hxxp[:]//example[.com]/path", "hxxp://example.com/path"),
            ("hxxp[://]example[.]com[/]path", "hxxp://example.com/path"),
            ("http[s]://example.com", "https://example.com"),
            ("hxxp__ example( .com[/]path", "hxxp://example.com/path"),
            ("http:// example .com /path", "http://example.com/path"),
            ("http:\\\\example.com\\/path", "http://example.com/path"),
            ("http:\\\\example.com\\a\\b", "http://example.com/a/b"),
            ("http:__example.com", "http://example.com"),
            ("evil[[.]]com", "evil.com"),
            ("evil[[[[[[.]]]]]]com", "evil.com"),
            ("evil\\[.\\]com", "evil.com"),
            ("evil【.】com［．］org", "evil.com.org"),
            ("ｅｖｉｌ．ｃｏｍ", "evil.com"),
            ("evil\u{200b}.com", "evil.com"),
            ("evil。com", "evil.com"),
            ("2001[:]db8[:][:]1", "2001:db8::1"),
            // And what is none stays.
            ("C:\\Users\\me\\.ssh", "C:\\Users\\me\\.ssh"),
            ("(see [1])", "(see [1])"),
            ("f(x) [a]", "f(x) [a]"),
            ("foo__bar", "foo__bar"),
            ("http://e.com/a_(b)", "http://e.com/a_(b)"),
        ] {
            assert_eq!(cleaned(raw), expected, "{raw}");
        }
    }

    #[test]
    fn the_way_back_is_kept() {
        let raw = "xx hxxp[:]//a[.]example[.com]/p yy";
        let mut clean = Clean::default();
        clean.clean(raw.as_bytes(), 3..31);
        assert_eq!(clean.bytes, b"hxxp://a.example.com/p");
        assert_eq!(clean.raw(0..22), 3..31);
        assert_eq!(&raw[clean.raw(7..20)], "a[.]example[.com");
        assert_eq!(&raw[clean.raw(20..22)], "/p");
        assert_eq!(&raw[clean.raw(9..20)], "example[.com");
    }
}
