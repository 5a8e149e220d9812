//! Patterns of STIX 2 (OASIS, *STIX Version 2.1*, §9): which property is compared with which constant. It does not evaluate them.

/// A property and a constant that it shall equal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Equal {
    /// The path as it was written: `file:hashes.'SHA-256'`.
    pub(super) path: String,
    /// The constant, its escapes undone.
    pub(super) value: String,
}

/// Most comparisons that are read of one pattern.
const EQUALS_MAX: usize = 100_000;

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Path(&'a str),
    Text(String),
    Word(&'a str),
    Sign(char),
}

/// All equalities of a pattern, those in sets too; negated ones and other comparisons are left out, as are parts that cannot be read.
pub(super) fn equals(pattern: &str) -> Vec<Equal> {
    let mut equals = Vec::new();
    // The path before the comparison, whether it is negated, and the operator.
    let (mut path, mut negated, mut compares) = (None, false, false);
    let mut rest = pattern;
    while let Some((token, after)) = token(rest) {
        rest = after;
        match token {
            Token::Path(it) => (path, negated, compares) = (Some(it), false, false),
            Token::Word(word) if word.eq_ignore_ascii_case("not") => negated = true,
            Token::Word(word) if word.eq_ignore_ascii_case("in") => compares = true,
            Token::Sign('=') => compares = true,
            // `!=`, `<`, `LIKE`, `MATCHES` say nothing about one value.
            Token::Sign('!' | '<' | '>') | Token::Word(_) => negated = true,
            Token::Text(value) => {
                if let Some(path) = path.filter(|_| compares && !negated)
                    && equals.len() < EQUALS_MAX
                {
                    equals.push(Equal {
                        path: path.to_owned(),
                        value,
                    });
                }
            }
            Token::Sign(_) => {}
        }
    }
    equals
}

/// The next token, and what follows it.
fn token(text: &str) -> Option<(Token<'_>, &str)> {
    let text = text.trim_start();
    let first = text.chars().next()?;
    if first == '\'' {
        let (value, after) = constant(&text[1..])?;
        return Some((Token::Text(value), after));
    }
    if !first.is_ascii_alphanumeric() {
        let after = &text[first.len_utf8()..];
        return Some((Token::Sign(first), after));
    }
    let end = word(text);
    let (found, after) = text.split_at(end);
    // h'…', b'…' and t'…' are constants of other kinds, which no indicator is.
    if found.len() == 1 && after.starts_with('\'') {
        let (_, after) = constant(&after[1..])?;
        return Some((Token::Sign(' '), after));
    }
    if found.contains(':') {
        return Some((Token::Path(found), after));
    }
    // A number: autonomous systems have them.
    if found.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((Token::Text(found.to_owned()), after));
    }
    Some((Token::Word(found), after))
}

/// Where a word or a path ends; quoted keys and `[*]` belong to it.
fn word(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut path = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b':' => path = true,
            b'.' | b'-' | b'_' => {}
            b'\'' if path && bytes[at - 1] == b'.' => {
                let Some(end) = memchr::memchr(b'\'', &bytes[at + 1..]) else {
                    return bytes.len();
                };
                at += end + 1;
            }
            b'[' if path => {
                let Some(end) = memchr::memchr(b']', &bytes[at..]) else {
                    return bytes.len();
                };
                at += end;
            }
            byte if byte.is_ascii_alphanumeric() => {}
            _ => break,
        }
        at += 1;
    }
    at
}

/// A constant behind its first quote, and what follows its last one.
fn constant(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equalities_are_read() {
        let check = |pattern: &str, expected: &[(&str, &str)]| {
            let found = equals(pattern);
            let told: Vec<_> = found
                .iter()
                .map(|equal| (equal.path.as_str(), equal.value.as_str()))
                .collect();
            assert_eq!(told, expected, "{pattern}");
        };
        check(
            "[ipv4-addr:value = '192.0.2.1/32']",
            &[("ipv4-addr:value", "192.0.2.1/32")],
        );
        check(
            "[file:hashes.'SHA-256' = 'ab' AND file:name='it\\'s \\\\x'] FOLLOWEDBY [url:value IN ('a','b')] WITHIN 5 SECONDS",
            &[
                ("file:hashes.'SHA-256'", "ab"),
                ("file:name", "it's \\x"),
                ("url:value", "a"),
                ("url:value", "b"),
            ],
        );
        check(
            "[a:b != 'x' OR c:d NOT = 'y' OR e:f LIKE 'z%' OR g:h[*].i MATCHES '^q' OR j:number = 64500]",
            &[("j:number", "64500")],
        );
        check("[a:b = 'never closed", &[]);
        check("[a:'", &[]);
        check("", &[]);
    }
}
