//! Letters beyond ASCII that matter to whoever undoes disguises: brackets, look-alikes, what cannot be seen, what ends a word.

/// The length of an opening bracket, in ASCII or of East Asia.
pub(crate) fn opener(text: &[u8]) -> Option<usize> {
    match text {
        [b'[' | b'(' | b'{', ..] => Some(1),
        [0xe2 | 0xe3 | 0xef, ..] => [
            "【", "［", "（", "｛", "「", "『", "〔", "《", "〈", "⟦", "❨", "❲",
        ]
        .iter()
        .find(|bracket| text.starts_with(bracket.as_bytes()))
        .map(|bracket| bracket.len()),
        _ => None,
    }
}

/// The length of a closing bracket.
pub(crate) fn closer(text: &[u8]) -> Option<usize> {
    match text {
        [b']' | b')' | b'}', ..] => Some(1),
        [0xe2 | 0xe3 | 0xef, ..] => [
            "】", "］", "）", "｝", "」", "』", "〕", "》", "〉", "⟧", "❩", "❳",
        ]
        .iter()
        .find(|bracket| text.starts_with(bracket.as_bytes()))
        .map(|bracket| bracket.len()),
        _ => None,
    }
}

/// How many bytes the letter has that begins here.
pub(crate) fn length(text: &[u8]) -> usize {
    let len = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    len.min(text.len())
}

/// The ASCII letter that a letter of full width, a look-alike of the dot, the slash or the at-sign stands for.
pub(crate) fn folded(text: &[u8]) -> Option<(usize, u8)> {
    let [first @ (0xe2 | 0xe3 | 0xef), second, third, ..] = *text else {
        return None;
    };
    let code = u32::from(first & 15) << 12 | u32::from(second & 63) << 6 | u32::from(third & 63);
    let meant = match code {
        0x2010..=0x2013 | 0x2212 => b'-',
        0x2024 | 0x3002 | 0xfe52 | 0xff61 => b'.',
        0x2044 | 0x2215 | 0x29f8 => b'/',
        0xfe55 | 0x2236 | 0xa789 => b':',
        0xfe6b => b'@',
        0xff01..=0xff5e => u8::try_from(code - 0xff01 + 0x21).ok()?,
        _ => return None,
    };
    // Brackets and commas of full width are punctuation, not letters in disguise.
    let plain = meant.is_ascii_alphanumeric() || b".:/@-_%?=&#+".contains(&meant);
    plain.then_some((3, meant))
}

/// Letters of no width, put between others so that machines stumble.
pub(crate) fn is_unseen(text: &[u8]) -> bool {
    [
        "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}", "\u{ad}",
    ]
    .iter()
    .any(|letter| text.starts_with(letter.as_bytes()))
}

/// Blanks, quotes, dashes and other punctuation beyond ASCII: they end whatever stands before them.
pub(crate) fn is_punctuation(text: &[u8]) -> bool {
    match *text {
        [0xc2, second, ..] => {
            matches!(second, 0x80..=0xa9 | 0xab..=0xb4 | 0xb6..=0xb9 | 0xbb..=0xbf)
        }
        // General punctuation but U+2010 and U+2011, the hyphens.
        [0xe2, 0x80, third, ..] => !matches!(third, 0x90 | 0x91),
        [0xe2, 0x81..=0xb9, ..] | [0xe3, 0x80, 0x80..=0x84 | 0x87..=0xa0, ..] => true,
        [0xef, 0xbc, third, ..] => matches!(third, 0x80..=0x8f | 0x9a..=0xa0),
        [0xef, 0xbd, third, ..] => matches!(third, 0x9b..=0xa4),
        _ => false,
    }
}
