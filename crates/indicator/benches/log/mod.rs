//! A busy log, made from a fixed seed: an indicator on every second line, half of them defanged.

use std::fmt::Write as _;

/// A generator of small numbers (splitmix64), so that the text is the same everywhere.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    /// One of several.
    pub(crate) fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let place = self.below(choices.len() as u64);
        choices[usize::try_from(place).unwrap_or(0)]
    }

    /// So many hexadecimal digits.
    pub(crate) fn hexadecimals(&mut self, digits: usize) -> String {
        let digit = |chance: &mut Self| {
            char::from(b"0123456789abcdef"[usize::try_from(chance.below(16)).unwrap_or(0)])
        };
        (0..digits).map(|_| digit(self)).collect()
    }

    /// The name of a host.
    pub(crate) fn host(&mut self) -> String {
        let len = 4 + self.below(9);
        let mut name: String = (0..len)
            .map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap_or(0)))
            .collect();
        name.push('.');
        name.push_str(self.of(&[
            "com", "net", "org", "info", "ru", "de", "io", "co.uk", "xyz", "top",
        ]));
        name
    }

    /// An indicator, often defanged.
    pub(crate) fn indicator(&mut self) -> String {
        let dot = self.of(&[".", ".", ".", "[.]", "(.)", "[dot]"]);
        match self.below(12) {
            0..3 => self.host().replace('.', dot),
            3..5 => format!(
                "{}.{}.{}.{}",
                self.below(255),
                self.below(255),
                self.below(255),
                self.below(255)
            )
            .replace('.', dot),
            5..8 => {
                let scheme = self.of(&["http://", "hxxp://", "hxxps[:]//", "https://"]);
                let (host, one, two) = (
                    self.host().replace('.', dot),
                    self.hexadecimals(6),
                    self.hexadecimals(4),
                );
                format!("{scheme}{host}/{one}/{two}.php?id=7")
            }
            8 => self.hexadecimals(32),
            9 => self.hexadecimals(64),
            10 => format!("CVE-2021-{}", 1000 + self.below(90_000)),
            _ => format!(
                "user{}[@]{}",
                self.below(999),
                self.host().replace('.', dot)
            ),
        }
    }
}

/// A busy log of about so many bytes.
pub(crate) fn log(bytes: usize) -> String {
    let words = [
        "connection",
        "accepted",
        "from",
        "user",
        "session",
        "closed",
        "request",
        "served",
        "status",
        "error",
        "timeout",
        "retry",
        "worker",
        "thread",
        "handled",
        "cache",
        "miss",
        "upstream",
        "response",
        "queue",
    ];
    let (mut text, mut chance, mut line) = (String::new(), Chance(7), 0u64);
    while text.len() < bytes {
        line += 1;
        let _ = write!(
            text,
            "2026-11-21T{:02}:{:02}:{:02}.{:03}Z nginx[{}]:",
            chance.below(24),
            chance.below(60),
            chance.below(60),
            chance.below(1000),
            chance.below(99_999)
        );
        let count = 5 + chance.below(8);
        for word in 0..count {
            text.push(' ');
            text.push_str(chance.of(&words));
            if line % 2 == 0 && word == count / 2 {
                text.push(' ');
                text.push_str(&chance.indicator());
            }
        }
        text.push('\n');
    }
    text
}
