//! Ways in which a service can let its callers down.

use std::str::FromStr;

/// How a service behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As its contract says.
    #[default]
    Normal,
    /// It answers after so many milliseconds.
    Slow(u64),
    /// It takes the request and never answers.
    Hang,
    /// Status 500.
    Error,
    /// Its quota is used up, in its own words.
    Limit,
    /// The key is refused, in its own words.
    Unauthorized,
    /// Status 200 and bytes that are neither JSON nor UTF-8.
    Garbage,
    /// Status 200 and an answer that does not end.
    Long,
    /// A redirect to where clouds keep their metadata.
    Inwards,
    /// The connection breaks off in the middle of the answer.
    Cut,
}

/// How long a slow service takes when nobody says otherwise.
const SLOW_MS: u64 = 300;

/// The words of modes, the names and the addresses that stand for them.
const WORDS: [(&str, Mode, &str); 9] = [
    ("error", Mode::Error, "203.0.113.100"),
    ("slow", Mode::Slow(SLOW_MS), "203.0.113.101"),
    ("limit", Mode::Limit, "203.0.113.102"),
    ("garbage", Mode::Garbage, "203.0.113.103"),
    ("hang", Mode::Hang, "203.0.113.104"),
    ("long", Mode::Long, "203.0.113.105"),
    ("inwards", Mode::Inwards, "203.0.113.106"),
    ("cut", Mode::Cut, "203.0.113.107"),
    ("unauthorized", Mode::Unauthorized, "203.0.113.108"),
];

impl Mode {
    /// How every service behaves about this value: `hang.example.com` and all that contains it hangs.
    pub fn of(value: &str) -> Self {
        let names = |word: &str, address: &str| {
            value
                .split_once(word)
                .is_some_and(|(_, after)| after.starts_with(".example.com"))
                || value.contains(address)
        };
        let found = WORDS.iter().find(|(word, _, address)| names(word, address));
        found.map_or(Self::Normal, |(_, mode, _)| *mode)
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        if text == "normal" {
            return Ok(Self::Normal);
        }
        let found = WORDS.iter().find(|(word, ..)| *word == text);
        found.map(|(_, mode, _)| *mode).ok_or(UnknownMode)
    }
}

/// No word for a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMode;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_stand_for_modes() {
        assert_eq!(Mode::of("http://hang.example.com/a"), Mode::Hang);
        assert_eq!(Mode::of("page.ip:\"203.0.113.102\""), Mode::Limit);
        assert_eq!(Mode::of("evil.example.com"), Mode::Normal);
        assert_eq!(Mode::of("error.example.org"), Mode::Normal);
        assert_eq!("cut".parse(), Ok(Mode::Cut));
        assert_eq!("kind".parse::<Mode>(), Err(UnknownMode));
    }
}
