//! `GeneralizedTime` with a fraction, as RFC 3161 wants it in `genTime`.
//!
//! The type of `der` follows RFC 5280, where fractions are forbidden. Here they are wanted, written the one way DER allows: no trailing zeros, no point without digits (RFC 3161, 2.4.2).

use std::time::Duration;

use der::{
    DateTime, DecodeValue, EncodeValue, ErrorKind, FixedTag, Header, Length, Reader, Tag, Writer,
};

/// The last microsecond that `GeneralizedTime` can write: `99991231235959.999999Z`.
pub const TIME_US_MAX: i64 = 253_402_300_799_999_999;

/// A time before 1970 or after 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time {time_us} us is outside the years 1970 to 9999")]
pub struct TimeOutOfRange {
    /// Microseconds since 1970-01-01 UTC, as given.
    pub time_us: i64,
}

/// Microseconds since 1970-01-01 UTC, within what can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GenTime(i64);

impl GenTime {
    pub(crate) fn new(time_us: i64) -> Result<GenTime, TimeOutOfRange> {
        if (0..=TIME_US_MAX).contains(&time_us) {
            Ok(GenTime(time_us))
        } else {
            Err(TimeOutOfRange { time_us })
        }
    }

    pub(crate) fn as_us(self) -> i64 {
        self.0
    }

    /// `YYYYMMDDhhmmss[.f…]Z`.
    fn print(self) -> der::Result<String> {
        let since = Duration::from_micros(self.0.unsigned_abs());
        let day = DateTime::from_unix_duration(Duration::from_secs(since.as_secs()))?;
        let (month, hour) = (day.month(), day.hour());
        let (minute, second) = (day.minutes(), day.seconds());
        let whole = format!(
            "{:04}{month:02}{:02}{hour:02}{minute:02}{second:02}",
            day.year(),
            day.day()
        );
        let fraction = format!(".{:06}", since.subsec_micros());
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        Ok(format!("{whole}{fraction}Z"))
    }

    fn parse(text: &[u8]) -> Option<GenTime> {
        let text = text.strip_suffix(b"Z")?;
        let (whole, fraction) = text.split_at_checked(14)?;
        let number = |range: std::ops::Range<usize>| digits(&whole[range]);
        let day = DateTime::new(
            u16::try_from(number(0..4)?).ok()?,
            u8::try_from(number(4..6)?).ok()?,
            u8::try_from(number(6..8)?).ok()?,
            u8::try_from(number(8..10)?).ok()?,
            u8::try_from(number(10..12)?).ok()?,
            u8::try_from(number(12..14)?).ok()?,
        )
        .ok()?;
        let micros = match fraction {
            [] => 0,
            [b'.', shown @ ..] if (1..=6).contains(&shown.len()) && !shown.ends_with(b"0") => {
                let places = u32::try_from(shown.len()).ok()?;
                digits(shown)? * 10_u32.pow(6 - places)
            }
            _ => return None,
        };
        let seconds = i64::try_from(day.unix_duration().as_secs()).ok()?;
        GenTime::new(seconds * 1_000_000 + i64::from(micros)).ok()
    }
}

/// A decimal number of at most nine digits.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0_u32, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        Some(value * 10 + digit)
    })
}

impl FixedTag for GenTime {
    const TAG: Tag = Tag::GeneralizedTime;
}

impl EncodeValue for GenTime {
    fn value_len(&self) -> der::Result<Length> {
        self.print()?.len().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.print()?.as_bytes())
    }
}

impl<'a> DecodeValue<'a> for GenTime {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<GenTime> {
        let text = reader.read_slice(header.length())?;
        GenTime::parse(text).ok_or_else(|| reader.error(ErrorKind::DateTime))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_one_form_that_der_allows() {
        let check = |time_us: i64, text: &str| {
            let time = GenTime::new(time_us).unwrap();
            assert_eq!(time.print().unwrap(), text);
            assert_eq!(GenTime::parse(text.as_bytes()), Some(time));
        };
        check(0, "19700101000000Z");
        check(1, "19700101000000.000001Z");
        check(1_763_712_345_678_900, "20251121080545.6789Z");
        check(951_782_400_100_000, "20000229000000.1Z");
        check(4_102_444_800_000_010, "21000101000000.00001Z");
        check(TIME_US_MAX, "99991231235959.999999Z");
        assert!(GenTime::new(-1).is_err());
        assert!(GenTime::new(TIME_US_MAX + 1).is_err());
    }

    #[test]
    fn refuses_every_other_form() {
        for text in [
            "",
            "Z",
            "20251121080545",
            "202511210805Z",
            "20251121080545.Z",
            "20251121080545.10Z",
            "20251121080545.1234567Z",
            "20251121080545,5Z",
            "20251121080545.5+0100",
            "20251321080545Z",
            "20250229080545Z",
            "20251121240000Z",
            "2025112108054aZ",
            "19691231235959Z",
            "+0251121080545Z",
        ] {
            assert_eq!(GenTime::parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
