//! Moments as letters have them.

use base::UnixMicros;

/// `21 November 2026, 14:05 UTC`.
pub(super) fn utc(at: UnixMicros) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let s = at.0.div_euclid(1_000_000);
    let (day, second) = (s.div_euclid(86_400), s.rem_euclid(86_400));
    let (year, month, day) = civil(day);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let month = usize::try_from(month - 1).map_or("", |month| MONTHS[month]);
    format!("{day} {month} {year}, {hour:02}:{minute:02} UTC")
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Counts from the
/// first of March of the year 0, so that the leap day is the last of its year; 146,097 days are 400
/// years.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let check = |s: i64, expected: &str| assert_eq!(utc(UnixMicros(s * 1_000_000)), expected);
        check(0, "1 January 1970, 00:00 UTC");
        check(-1, "31 December 1969, 23:59 UTC");
        check(951_782_400, "29 February 2000, 00:00 UTC");
        check(951_868_800, "1 March 2000, 00:00 UTC");
        check(4_107_542_399, "28 February 2100, 23:59 UTC");
        check(4_107_542_400, "1 March 2100, 00:00 UTC");
        check(1_795_270_059, "21 November 2026, 14:07 UTC");
    }
}
