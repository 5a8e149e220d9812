//! What a byte may be part of. One table, read once for every byte of a text.

/// Ends a token: blanks, control characters, quotes, angle brackets, backticks.
pub(super) const GAP: u16 = 1;
/// A decimal digit.
pub(super) const DIGIT: u16 = 1 << 1;
/// A letter from a to f.
pub(super) const HEX: u16 = 1 << 2;
/// Any other letter of ASCII.
pub(super) const LETTER: u16 = 1 << 3;
/// `.`
pub(super) const DOT: u16 = 1 << 4;
/// `:`
pub(super) const COLON: u16 = 1 << 5;
/// `@`
pub(super) const AT: u16 = 1 << 6;
/// `/`
pub(super) const SLASH: u16 = 1 << 7;
/// `\`
pub(super) const BACKSLASH: u16 = 1 << 8;
/// `[`, `(`, `{` and those that close them.
pub(super) const BRACKET: u16 = 1 << 9;
/// A byte of a letter beyond ASCII.
pub(super) const FOREIGN: u16 = 1 << 10;
/// `%`
pub(super) const PERCENT: u16 = 1 << 11;
/// `_`
pub(super) const UNDERSCORE: u16 = 1 << 12;
/// `+`
pub(super) const PLUS: u16 = 1 << 13;
/// Any other sign.
pub(super) const SIGN: u16 = 1 << 14;
/// `-`
pub(super) const HYPHEN: u16 = 1 << 15;

/// Any letter or digit of ASCII.
pub(super) const WORD: u16 = DIGIT | HEX | LETTER;
/// What names of hosts and files are made of.
pub(super) const NAME: u16 = WORD | DOT | HYPHEN | UNDERSCORE | FOREIGN;

/// The class of every byte.
pub(super) static CLASS: [u16; 256] = {
    let mut table = [SIGN; 256];
    let mut byte = 0u8;
    loop {
        table[byte as usize] = match byte {
            0..=b' ' | 0x7f | b'"' | b'<' | b'>' | b'`' => GAP,
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX,
            b'g'..=b'z' | b'G'..=b'Z' => LETTER,
            b'.' => DOT,
            b':' => COLON,
            b'@' => AT,
            b'/' => SLASH,
            b'\\' => BACKSLASH,
            b'[' | b']' | b'(' | b')' | b'{' | b'}' => BRACKET,
            b'%' => PERCENT,
            b'_' => UNDERSCORE,
            b'+' => PLUS,
            b'-' => HYPHEN,
            0x80.. => FOREIGN,
            _ => SIGN,
        };
        if byte == 255 {
            break table;
        }
        byte += 1;
    }
};

/// The class of a byte.
pub(super) fn class(byte: u8) -> u16 {
    CLASS[usize::from(byte)]
}

/// Whether a byte is of one of the classes.
pub(super) fn is(byte: u8, classes: u16) -> bool {
    class(byte) & classes != 0
}

/// All classes of a text together.
pub(super) fn classes(text: &[u8]) -> u16 {
    text.iter().fold(0, |all, byte| all | class(*byte))
}
