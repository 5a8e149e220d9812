//! The words of the chrome that all pages share, in one place, so that another language can follow.
//!
//! A page's own prose lives in its template.

/// The product's name.
pub const NAME: &str = "Indelible";
/// Under the name, in the colophon and for search engines.
pub const MOTTO: &str = "A public ledger of moments. Stamp anything, verify it anywhere.";
/// The first thing a keyboard meets.
pub const SKIP: &str = "Skip to the page";
/// Name of the main navigation.
pub const ROOMS: &str = "Main";
/// Name of the button that switches between day and night.
pub const THEME: &str = "Switch between day and night";
/// What is kept, for the colophon.
pub const PRIVACY: &str = "Only fingerprints are kept, never what you stamped. No cookies, no third parties, nothing to sign up for.";

/// Rooms of the navigation, in order: address and name.
pub const NAV: [(super::shell::Room, &str, &str); 5] = [
    (super::shell::Room::Stamp, "/stamp", "Stamp"),
    (super::shell::Room::Verify, "/verify", "Verify"),
    (super::shell::Room::Log, "/log", "Log"),
    (super::shell::Room::How, "/how", "How it works"),
    (super::shell::Room::Api, "/api/v1/docs", "API"),
];

/// What the seal says, in words: `Sealed in interval 812`.
pub fn sealed_in(interval: u64) -> String {
    format!("Sealed in interval {}", group(interval))
}

/// `1 timestamp`, `2 timestamps`.
pub fn timestamps(count: u64) -> String {
    counted(count, "timestamp", "timestamps")
}

/// `1 interval`, `2 intervals`.
pub fn intervals(count: u64) -> String {
    counted(count, "interval", "intervals")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", group(count), if count == 1 { one } else { many })
}

/// A number in groups of three, parted by narrow no-break spaces (`48 213`).
pub fn group(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_from_the_end() {
        let check = |n, expected: &str| assert_eq!(group(n), expected);
        check(0, "0");
        check(999, "999");
        check(1000, "1\u{202f}000");
        check(1_234_567, "1\u{202f}234\u{202f}567");
    }
}
