//! Counts over time as bars, each stacked of several parts.
//!
//! Widths are shares of the picture's, heights are pixels: text and strokes keep their size on every
//! screen. Decorative: a table with the same numbers stands behind each drawing.

use std::fmt::Write as _;

/// Height of the drawing, in pixels.
const HEIGHT: f64 = 190.0;
/// Where the bars stand, and where the tallest ends.
const FOOT: f64 = 166.0;
const TOP: f64 = 14.0;
/// What the numbers at the left take, in percent.
const LEFT: f64 = 6.0;

/// One bar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// What stands below it; empty for none. Digits, letters, blanks and `: . –` only.
    pub label: String,
    /// Its parts, from the foot up; as many in each bar.
    pub parts: Vec<u64>,
}

/// Draws the bars; part `n` has the class `classes[n]`.
pub fn bars(bars: &[Bar], classes: &[&str]) -> String {
    let tallest = bars.iter().map(|bar| bar.parts.iter().sum::<u64>()).max();
    let steps = steps(tallest.unwrap_or(0));
    let full = to_float(*steps.last().unwrap_or(&1)).max(1.0);
    let y = |count: f64| FOOT - (FOOT - TOP) * count / full;
    let mut svg = format!(
        r#"<svg class="drawing bars" height="{HEIGHT}" aria-hidden="true" focusable="false">"#
    );
    for step in &steps {
        let at = y(to_float(*step));
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{LEFT}%" x2="100%" y1="{at:.1}" y2="{at:.1}"/><text class="scale" x="{:.1}%" y="{:.1}">{step}</text>"#,
            LEFT - 1.2,
            at + 4.0
        );
    }
    let room = (100.0 - LEFT) / to_float(bars.len() as u64).max(1.0);
    for (at, bar) in (0_u32..).zip(bars) {
        let x = LEFT + room * f64::from(at);
        let mut below = 0;
        for (part, class) in bar.parts.iter().zip(classes) {
            if *part > 0 {
                let (foot, top) = (y(to_float(below)), y(to_float(below + part)));
                let _ = write!(
                    svg,
                    r#"<rect class="{class}" x="{:.2}%" y="{top:.1}" width="{:.2}%" height="{:.1}"/>"#,
                    x + room * 0.12,
                    room * 0.76,
                    (foot - top).max(1.0)
                );
            }
            below += part;
        }
        if !bar.label.is_empty() {
            let shown: String = bar
                .label
                .chars()
                .filter(|letter| is_harmless(*letter))
                .collect();
            let _ = write!(
                svg,
                r#"<text class="below" x="{:.2}%" y="{:.1}">{shown}</text>"#,
                x + room / 2.0,
                HEIGHT - 6.0
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

/// Nothing that means anything in markup.
fn is_harmless(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, ' ' | ':' | '.' | '–')
}

/// At most five round numbers from nothing to at least `tallest`.
fn steps(tallest: u64) -> Vec<u64> {
    let mut step = 1;
    for factor in [2, 5, 10].into_iter().cycle() {
        if tallest.div_ceil(step) <= 4 {
            break;
        }
        let decade = 10_u64.pow(step.ilog10());
        step = decade.saturating_mul(factor);
    }
    (0..=tallest.div_ceil(step).max(1))
        .map(|at| at * step)
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture needs three digits of a number"
)]
fn to_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_reach_the_top() {
        let check = |tallest, expected: &[u64]| assert_eq!(steps(tallest), expected, "{tallest}");
        check(0, &[0, 1]);
        check(1, &[0, 1]);
        check(4, &[0, 1, 2, 3, 4]);
        check(5, &[0, 2, 4, 6]);
        check(17, &[0, 5, 10, 15, 20]);
        check(99, &[0, 50, 100]);
        check(1_000, &[0, 500, 1000]);
        assert!(steps(u64::MAX / 20).len() <= 6);
    }

    #[test]
    fn every_part_is_drawn_and_no_label_is_markup() {
        let bars = [
            Bar {
                label: "<b>14:00".to_owned(),
                parts: vec![1, 0, 3],
            },
            Bar::default(),
        ];
        let svg = super::bars(&bars, &["malicious", "clean", "unknown"]);
        assert!(svg.contains(">b14:00<"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(!svg.contains("style="), "the policy forbids inline styles");
    }
}
