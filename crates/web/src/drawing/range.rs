//! The main tree as a range of hills.
//!
//! A tree of n intervals is a row of full subtrees, one for each set bit of n, largest first. A full
//! subtree never changes again, so each is a finished hill; the newest, smallest ones stand at the
//! right, where the log grows. A hill's height is its level, its ridge is seeded by its place.

use std::fmt::Write as _;

use super::Grain;

/// A full subtree: `2^level` intervals from `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hill {
    /// Index of its first interval.
    pub start: u64,
    /// Levels above the leaves: it holds `2^level` intervals.
    pub level: u32,
}

impl Hill {
    /// How many intervals it holds.
    pub fn size(self) -> u64 {
        1 << self.level
    }

    /// Index of its last interval.
    pub fn last(self) -> u64 {
        self.start + (self.size() - 1)
    }
}

/// The full subtrees of a tree of `size` intervals, from the oldest and largest.
pub fn hills(size: u64) -> Vec<Hill> {
    let mut start = 0;
    (0..64)
        .rev()
        .filter(|level| size >> level & 1 == 1)
        .map(|level| {
            let hill = Hill { start, level };
            start += hill.size();
            hill
        })
        .collect()
}

/// How a range is framed.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Width of the picture's own units.
    pub width: f64,
    /// Height of the picture's own units.
    pub height: f64,
    /// The interval to mark with a vermilion dot, if any.
    pub marked: Option<u64>,
    /// Draw the lines that join the hills to the head.
    pub joined: bool,
}

/// Draws the range of a tree of `size` intervals. Decorative: a table or a sentence stands beside it.
pub fn range(size: u64, frame: Frame) -> String {
    let hills = hills(size);
    let (w, h) = (frame.width, frame.height);
    let mut svg = format!(
        r#"<svg class="drawing range" viewBox="0 0 {w} {h}" preserveAspectRatio="none" aria-hidden="true" focusable="false"><linearGradient id="wash" x2="0" y2="1"><stop class="deep"/><stop class="mist" offset="1"/></linearGradient>"#
    );
    let ground = h - 6.0;
    let sky = if frame.joined { 58.0 } else { 14.0 };
    let tallest = f64::from(hills.first().map_or(0, |hill| hill.level));
    // Halving the intervals takes a fifth of the width: enough to see which is larger, and the newest still show.
    let weight = |hill: &Hill| 1.26_f64.powf(f64::from(hill.level) - tallest);
    let total: f64 = hills.iter().map(weight).sum();
    // Neighbours overlap at the foot, as hills do; the outer feet end inside the picture.
    let unit = (w - 16.0) / total.max(f64::MIN_POSITIVE);
    let mut x = 8.0;
    let mut tops = Vec::with_capacity(hills.len());
    for hill in &hills {
        let wide = weight(hill) * unit;
        let lap = if hills.len() > 1 { wide * 0.22 } else { 0.0 };
        let (left, right) = ((x - lap).max(2.0), (x + wide + lap).min(w - 2.0));
        let top =
            ground - (ground - sky) * ((f64::from(hill.level) + 1.5) / (tallest + 1.5)).powf(1.15);
        draw_hill(&mut svg, *hill, (left, right), (top, ground));
        tops.push((left, right, top));
        x += wide;
    }
    let _ = write!(svg, r#"<path class="ground" d="M0 {ground}H{w}"/>"#);
    if frame.joined {
        join(&mut svg, &tops, w);
    }
    if let Some((hill, (left, right, _))) = frame.marked.and_then(|m| {
        hills
            .iter()
            .zip(&tops)
            .find(|(hill, _)| (hill.start..=hill.last()).contains(&m))
    }) {
        let index = frame.marked.unwrap_or_default();
        let at = left + (right - left) * (0.06 + 0.88 * share(index - hill.start, hill.size()));
        let _ = write!(
            svg,
            r#"<path class="stem" d="M{at:.1} {ground}V{:.1}"/><circle class="here" cx="{at:.1}" cy="{:.1}" r="7"/>"#,
            ground - 26.0,
            ground - 30.0
        );
    }
    svg.push_str("</svg>");
    svg
}

/// One hill: a rough ridge, and faint strokes where the subtree splits in two, and two again.
fn draw_hill(svg: &mut String, hill: Hill, (left, right): (f64, f64), (top, ground): (f64, f64)) {
    let mut grain = Grain::new(hill.start ^ (u64::from(hill.level) << 56));
    let (wide, tall) = (right - left, ground - top);
    let peak = left + wide * (0.5 + grain.swing() * 0.09);
    let steps = 9 + hill.level.min(14) * 2;
    let mut ridge = format!("M{left:.1} {ground:.1}");
    for i in 1..steps {
        let t = f64::from(i) / f64::from(steps);
        let px = left + wide * t;
        // Two slopes that steepen towards the top, roughened in the middle of each.
        let (far, from) = if px < peak {
            (peak - left, peak - px)
        } else {
            (right - peak, px - peak)
        };
        let fall = (from / far.max(1.0)).clamp(0.0, 1.0);
        let rise = (1.0 - fall).powf(1.02 + 0.3 * fall);
        let rough = grain.swing() * 0.035 * (fall * (1.0 - fall) * 4.0);
        let _ = write!(
            ridge,
            "L{px:.1} {:.1}",
            ground - tall * (rise + rough).clamp(0.0, 1.0)
        );
        let next = left + wide * (f64::from(i) + 1.0) / f64::from(steps);
        if px < peak && next >= peak {
            let _ = write!(ridge, "L{peak:.1} {top:.1}");
        }
    }
    let _ = write!(ridge, "L{right:.1} {ground:.1}Z");
    let _ = write!(svg, r#"<path class="hill" d="{ridge}"/>"#);
    let mut strokes = String::new();
    fold(
        &mut strokes,
        (peak, top),
        (left + wide * 0.09, right - wide * 0.09),
        ground,
        hill.level.min(5),
    );
    if !strokes.is_empty() {
        let _ = write!(svg, r#"<path class="fold" d="{strokes}"/>"#);
    }
}

/// The subtree's own branches, down to `depth`.
fn fold(line: &mut String, (x, y): (f64, f64), (left, right): (f64, f64), ground: f64, depth: u32) {
    if depth == 0 {
        return;
    }
    let middle = f64::midpoint(left, right);
    for (from, to) in [(left, middle), (middle, right)] {
        let (cx, cy) = (f64::midpoint(from, to), y + (ground - y) * 0.5);
        let _ = write!(line, "M{x:.1} {y:.1}L{cx:.1} {cy:.1}");
        fold(line, (cx, cy), (from, to), ground, depth - 1);
    }
}

/// Joins the tops from the right, the way the head is computed.
fn join(svg: &mut String, tops: &[(f64, f64, f64)], w: f64) {
    let peak = |(left, right, top): &(f64, f64, f64)| (f64::midpoint(*left, *right), *top);
    let mut line = String::new();
    let Some(last) = tops.last() else { return };
    let (mut x, mut y) = peak(last);
    for (i, hill) in tops.iter().rev().skip(1).enumerate() {
        let (px, py) = peak(hill);
        let (nx, ny) = (
            f64::midpoint(px, x).min(w - 20.0),
            py.min(y) - 14.0 - if i == 0 { 0.0 } else { 2.0 },
        );
        let _ = write!(
            line,
            "M{x:.1} {y:.1}L{nx:.1} {:.1}L{px:.1} {py:.1}",
            ny.max(10.0)
        );
        (x, y) = (nx, ny.max(10.0));
    }
    let _ = write!(
        svg,
        r#"<path class="join" d="{line}"/><circle class="root" cx="{x:.1}" cy="{y:.1}" r="6"/>"#
    );
}

/// Where number `i` of `n` stands, between 0 and 1.
#[allow(
    clippy::cast_precision_loss,
    reason = "a place in a picture needs no more than a few digits"
)]
fn share(i: u64, n: u64) -> f64 {
    (i as f64 + 0.5) / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_the_set_bits_of_its_size() {
        let check = |size, expected: &[(u64, u32)]| {
            let found: Vec<_> = hills(size).iter().map(|h| (h.start, h.level)).collect();
            assert_eq!(found, expected, "size {size}");
        };
        check(0, &[]);
        check(1, &[(0, 0)]);
        check(7, &[(0, 2), (4, 1), (6, 0)]);
        check(8, &[(0, 3)]);
        check(1 << 63, &[(0, 63)]);
    }

    #[test]
    fn every_size_can_be_drawn() {
        for size in [0, 1, 2, 3, 7, 813, u64::MAX] {
            for marked in [None, Some(0), size.checked_sub(1)] {
                let svg = range(
                    size,
                    Frame {
                        width: 640.0,
                        height: 260.0,
                        marked,
                        joined: true,
                    },
                );
                assert!(
                    svg.ends_with("</svg>") && !svg.contains("NaN") && !svg.contains("inf"),
                    "size {size}: {svg}"
                );
            }
        }
    }
}
