//! What one source held of an indicator over time: a line of dots, joined while the opinion lasted.
//!
//! Places are shares of the width, so that a lane fills any screen. Decorative: the table beside it
//! says the same.

use std::fmt::Write as _;

/// One opinion on the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Where on the line, from 0 to 1.
    pub at: f64,
    /// The class of the opinion: a verdict's.
    pub class: &'static str,
    /// Whether something changed here.
    pub changed: bool,
}

/// Draws a lane; `dots` are in the order of time.
pub fn lane(dots: &[Dot]) -> String {
    let mut svg = String::from(
        r#"<svg class="drawing lane" height="26" aria-hidden="true" focusable="false">"#,
    );
    let x = |at: f64| 1.5 + 97.0 * at.clamp(0.0, 1.0);
    svg.push_str(r#"<line class="grid" x1="0" x2="100%" y1="13" y2="13"/>"#);
    for pair in dots.windows(2) {
        let _ = write!(
            svg,
            r#"<line class="held {}" x1="{:.2}%" x2="{:.2}%" y1="13" y2="13"/>"#,
            pair[0].class,
            x(pair[0].at),
            x(pair[1].at)
        );
    }
    if let Some(last) = dots.last() {
        let _ = write!(
            svg,
            r#"<line class="held open {}" x1="{:.2}%" x2="100%" y1="13" y2="13"/>"#,
            last.class,
            x(last.at)
        );
    }
    for dot in dots {
        let _ = write!(
            svg,
            r#"<circle class="dot {}" cx="{:.2}%" cy="13" r="{}"/>"#,
            dot.class,
            x(dot.at),
            if dot.changed { 6 } else { 3 }
        );
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opinion_has_a_dot_within_the_picture() {
        let dot = |at| Dot {
            at,
            class: "clean",
            changed: true,
        };
        let svg = lane(&[dot(-1.0), dot(0.5), dot(2.0)]);
        assert_eq!(svg.matches("<circle").count(), 3);
        for place in ["1.50%", "50.00%", "98.50%"] {
            assert!(svg.contains(place), "{svg}");
        }
        assert!(lane(&[]).ends_with("</svg>"));
    }
}
