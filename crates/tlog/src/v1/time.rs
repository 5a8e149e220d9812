//! The one text form of a moment: `YYYY-MM-DDTHH:MM:SS.ffffffZ`, always 27 characters.

use std::fmt;

/// Length of the text form.
pub const TIME_TEXT_BYTES: usize = 27;

/// A moment in protocol v1's text form, in UTC, with six digits of fraction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimeText([u8; TIME_TEXT_BYTES]);

const DAY_US: i64 = 86_400_000_000;

impl TimeText {
    /// The text of a moment given in microseconds since 1970. Moments outside the years 0 to 9999
    /// have no such text and are held at the nearest end.
    pub fn of_micros(us: i64) -> Self {
        let us = us.clamp(-62_167_219_200_000_000, 253_402_300_799_999_999);
        let (days, in_day) = (us.div_euclid(DAY_US), us.rem_euclid(DAY_US));
        let (year, month, day) = civil_of_days(days);
        let seconds = in_day / 1_000_000;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], seconds / 3600);
        put(&mut text[14..16], seconds / 60 % 60);
        put(&mut text[17..19], seconds % 60);
        put(&mut text[20..26], in_day % 1_000_000);
        Self(text)
    }

    /// The text, if it is one: see [`parse_time`].
    pub fn parse(text: &str) -> Option<Self> {
        parse_time(text).map(Self::of_micros)
    }

    /// Microseconds since 1970.
    pub fn micros(&self) -> i64 {
        parse_time(self.as_str()).expect("only texts of moments are made")
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII was written")
    }

    /// The bytes of the text.
    pub fn as_bytes(&self) -> &[u8; TIME_TEXT_BYTES] {
        &self.0
    }
}

impl fmt::Display for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Microseconds since 1970 of a text in exactly this form; `None` for any other text or for a
/// date that is in no calendar.
pub fn parse_time(text: &str) -> Option<i64> {
    let bytes: &[u8; TIME_TEXT_BYTES] = text.as_bytes().try_into().ok()?;
    let separators = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (26, b'Z'),
    ];
    if separators.iter().any(|(at, byte)| bytes[*at] != *byte) {
        return None;
    }
    let (year, month, day) = (get(&bytes[0..4])?, get(&bytes[5..7])?, get(&bytes[8..10])?);
    let (hour, minute) = (get(&bytes[11..13])?, get(&bytes[14..16])?);
    let (second, fraction) = (get(&bytes[17..19])?, get(&bytes[20..26])?);
    let us = (days_of_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
        * 1_000_000
        + fraction;
    // Printing it again refuses hour 24, February 30th and their kin without a table of their own.
    (TimeText::of_micros(us).as_str() == text).then_some(us)
}

fn put(digits: &mut [u8], mut value: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).expect("a digit");
        value /= 10;
    }
}

fn get(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i64::from(digit - b'0'))
    })
}

/// Days since 1970 to year, month, day in the proleptic Gregorian calendar. Years are counted from
/// March, so that the leap day is the last of its year.
fn civil_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// The inverse of [`civil_of_days`].
fn days_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9).rem_euclid(12);
    let in_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        let check = |text: &str, us: i64| {
            assert_eq!(TimeText::of_micros(us).as_str(), text);
            assert_eq!(parse_time(text), Some(us));
        };
        check("1970-01-01T00:00:00.000000Z", 0);
        check("2021-04-05T23:39:42.944682Z", 1_617_665_982_944_682);
        check("2024-02-29T12:00:00.000001Z", 1_709_208_000_000_001);
        check("1969-12-31T23:59:59.999999Z", -1);
        check("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999);
    }

    #[test]
    fn no_other_text_is_a_time() {
        for text in [
            "",
            "2021-02-29T00:00:00.000000Z",
            "2021-04-05T24:00:00.000000Z",
            "2021-04-05T23:59:60.000000Z",
            "2021-13-05T00:00:00.000000Z",
            "2021-00-05T00:00:00.000000Z",
            "2021-04-05 23:39:42.944682Z",
            "2021-04-05T23:39:42.94468Z",
            "2021-04-05T23:39:42.944682+",
            "+021-04-05T23:39:42.944682Z",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(us in -62_167_219_200_000_000i64..=253_402_300_799_999_999) {
            prop_assert_eq!(parse_time(TimeText::of_micros(us).as_str()), Some(us));
        }
    }
}
