//! The seal: a square chop pressed in vermilion, its interval's number carved into it.
//!
//! The number seeds the grain of the edge, so an interval's seal looks the same wherever it appears.

use std::fmt::Write as _;

use super::Grain;

/// What the seal says about the thing it stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealState {
    /// Accepted and durable, its interval not closed yet: a dashed outline, no ink.
    Waiting,
    /// In a sealed interval.
    Sealed,
    /// Sealed, and the head was cosigned by at least one witness: a second frame round the seal.
    Witnessed,
    /// A check failed: the outline struck through, in ink rather than vermilion.
    Refused,
}

impl SealState {
    /// The class that the style sheet knows.
    pub fn class(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sealed => "sealed",
            Self::Witnessed => "witnessed",
            Self::Refused => "refused",
        }
    }
}

/// The whole seal with `number` carved, in one to three rows as the digits need.
///
/// Decorative: the words beside it say the same, so readers of a screen are spared it.
pub fn seal(number: u64, state: SealState) -> String {
    let mut svg = open(number, state, "", 44);
    let digits = number.to_string();
    let rows = rows(&digits);
    let size = match (rows.len(), rows[0].len()) {
        (1, 1) => 54.0,
        (1, 2) => 44.0,
        (1, _) | (2, 2) => 33.0,
        (2, _) => 29.0,
        _ => 22.0,
    };
    // The second frame of a witnessed seal leaves less room.
    let size = if state == SealState::Witnessed {
        size * 0.88
    } else {
        size
    };
    let step = size * 0.86;
    let first = 50.0 + size * 0.355 - step * (as_f64(rows.len()) - 1.0) / 2.0;
    for (i, row) in rows.iter().enumerate() {
        let _ = write!(
            svg,
            r#"<text class="carved" x="50" y="{:.1}" font-size="{size:.1}">{row}</text>"#,
            first + step * as_f64(i)
        );
    }
    strike(&mut svg, state);
    svg.push_str("</svg>");
    svg
}

fn strike(svg: &mut String, state: SealState) {
    if state == SealState::Refused {
        svg.push_str(r#"<path class="cut" d="M-2 82L102 18"/>"#);
    }
}

/// The seal without a number and without finery, for the word mark and the lines of the ledger.
pub fn mark(seed: u64, state: SealState) -> String {
    letter(
        open(seed, state, " plain", 20),
        state,
        r#"d="M31 24H69V34H57V66H69V76H31V66H43V34H31Z""#,
    )
}

/// The seal without a number, where it stands large.
pub fn blank(seed: u64, state: SealState) -> String {
    letter(
        open(seed, state, "", 44),
        state,
        r#"d="M35 30H65V38H55V62H65V70H35V62H45V38H35Z""#,
    )
}

/// Carves a capital I: the mark must not depend on a font.
fn letter(mut svg: String, state: SealState, outline: &str) -> String {
    svg.push_str("<path class=\"carved\" ");
    svg.push_str(outline);
    svg.push_str("/>");
    strike(&mut svg, state);
    svg.push_str("</svg>");
    svg
}

fn open(seed: u64, state: SealState, extra: &str, points: u32) -> String {
    let mut grain = Grain::new(seed);
    let tilt = grain.swing() * 2.2;
    let mut svg = format!(
        r#"<svg class="seal {}{extra}" viewBox="0 0 100 100" aria-hidden="true" focusable="false"><g transform="rotate({tilt:.1} 50 50)">"#,
        state.class()
    );
    if state == SealState::Witnessed {
        let _ = write!(
            svg,
            r#"<path class="ring" d="{}"/>"#,
            square(&mut grain, 1.0, points, 0.7)
        );
    }
    let inset = if state == SealState::Witnessed {
        8.0
    } else {
        4.0
    };
    let _ = write!(
        svg,
        r#"<path class="body" d="{}"/>"#,
        square(&mut grain, inset, points, 1.3)
    );
    if extra.is_empty() {
        if state != SealState::Refused {
            let _ = write!(
                svg,
                r#"<path class="cut" d="{}"/>"#,
                square(&mut grain, inset + 7.5, points / 2, 0.7)
            );
        }
        // Where the paper did not take the ink.
        for _ in 0..9 {
            let along = 50.0 + grain.swing() * 44.0;
            let across = if grain.swing() > 0.0 {
                95.0 - inset
            } else {
                5.0 + inset
            } + grain.swing() * 3.0;
            let (x, y) = if grain.swing() > 0.0 {
                (along, across)
            } else {
                (across, along)
            };
            let (rx, ry) = (1.3 + grain.swing(), 1.0 + grain.swing() * 0.7);
            let _ = write!(
                svg,
                r#"<ellipse class="gap" cx="{x:.1}" cy="{y:.1}" rx="{rx:.1}" ry="{ry:.1}"/>"#
            );
        }
    }
    svg.push_str("</g>");
    svg
}

/// A closed line round a square `inset` from the edge, each of `points` steps off by up to `rough`.
fn square(grain: &mut Grain, inset: f64, points: u32, rough: f64) -> String {
    let side = 100.0 - 2.0 * inset;
    let corner = 5.0;
    let mut line = String::with_capacity(points as usize * 12);
    for i in 0..points {
        let at = f64::from(i) / f64::from(points) * 4.0;
        let (edge, along) = (at.floor(), at.fract());
        // Corners are worn: points next to them are drawn in.
        let wear = (1.0 - (along.min(1.0 - along) * side / corner).min(1.0)) * 2.4;
        let (u, v) = (along * side, grain.swing() * rough + wear);
        let (x, y) = match edge {
            0.0 => (u, v),
            1.0 => (side - v, u),
            2.0 => (side - u, side - v),
            _ => (v, side - u),
        };
        let _ = write!(
            line,
            "{}{:.1} {:.1}",
            if i == 0 { 'M' } else { 'L' },
            x + inset,
            y + inset
        );
    }
    line.push('Z');
    line
}

/// Splits digits into rows as a carver would: one row up to three, then two, then three rows.
fn rows(digits: &str) -> Vec<&str> {
    let rows = match digits.len() {
        0..=3 => 1,
        4..=8 => 2,
        _ => 3,
    };
    let per_row = digits.len().div_ceil(rows);
    let mut rest = digits;
    let mut out = Vec::with_capacity(rows);
    // The last rows are the full ones, so that numbers align as they grow.
    let first = digits.len() - per_row * (rows - 1);
    for i in 0..rows {
        let (row, after) = rest.split_at(if i == 0 { first } else { per_row });
        out.push(row);
        rest = after;
    }
    out
}

#[allow(clippy::cast_precision_loss, reason = "row numbers below four")]
fn as_f64(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_fill_rows_from_the_end() {
        let check =
            |number: &str, expected: &[&str]| assert_eq!(rows(number), expected, "{number}");
        check("7", &["7"]);
        check("812", &["812"]);
        check("4812", &["48", "12"]);
        check("48213", &["48", "213"]);
        check("1000000", &["100", "0000"]);
        check("123456789", &["123", "456", "789"]);
        check("18446744073709551615", &["184467", "4407370", "9551615"]);
    }

    #[test]
    fn one_interval_has_one_seal() {
        assert_eq!(seal(812, SealState::Sealed), seal(812, SealState::Sealed));
        assert_ne!(seal(812, SealState::Sealed), seal(813, SealState::Sealed));
        for state in [
            SealState::Waiting,
            SealState::Sealed,
            SealState::Witnessed,
            SealState::Refused,
        ] {
            let svg = seal(u64::MAX, state);
            assert!(
                svg.contains(state.class()) && !svg.contains("style="),
                "the policy forbids inline styles"
            );
        }
    }
}
